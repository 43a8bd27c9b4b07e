"""Phase 9: hypotheses that were written down with their sign and size, one by one."""

from dataclasses import dataclass
from typing import Final

from analysis.estimate import Estimate, Unavailable
from analysis.group_comparison.criterion_correlations import criterion_correlations
from analysis.group_comparison.known_groups import known_groups
from analysis.inference.significance import holm
from analysis.report.document import Section, Table, Value
from analysis.validation.plan import Hypothesis
from analysis.validation.study import Study
from analysis.validation.verdicts import Phase, counted, judged, not_asked, phase

TITLE: Final = "Construct validity"
RESAMPLES: Final = 200
"""Of the intervals of correlations corrected for error, which decide nothing."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A hypothesis beside what was found: r or Cohen's d, and its p."""

    id: str
    words: str
    hypothesis: Hypothesis
    found: Estimate | Unavailable
    p: float | None
    kind: str

    @property
    def holds(self) -> bool:
        """Whether the figure lies where the plan said."""
        return not isinstance(self.found, Unavailable) and self.found.value in self.hypothesis.expect


def hypotheses(study: Study) -> Phase:
    """Phase 9: the share of hypotheses that hold."""
    if not study.plan.hypotheses:
        return not_asked(9, TITLE, "The plan has no hypotheses.")
    enough = counted(study.bound("hypotheses_n"), study.main.n)
    if enough.verdict != "met":
        return phase(9, TITLE, [enough])
    tried = [_tried(study, name, each) for name, each in study.plan.hypotheses.items()]
    lacking = next((each.found for each in tried if isinstance(each.found, Unavailable)), None)
    failed = [each.id for each in tried if not each.holds]
    share = sum(each.holds for each in tried) / len(tried)
    checks = [enough, judged(study.bound("confirmed"), share if lacking is None else lacking, failed)]
    return phase(9, TITLE, checks, [_table(tried, share), *_corrected(study)])


def _tried(study: Study, name: str, asked: Hypothesis) -> Tried:
    values = study.score_without(asked.score, asked.without)
    less = f" without {', '.join(asked.without)}" if asked.without else ""
    score = f"{study.named(asked.score)}{less}"
    if asked.criterion is not None:
        criterion = study.plan.criteria[asked.criterion]
        found = criterion_correlations(values, {name: study.numbers(criterion.column)}, resamples=RESAMPLES)[
            name
        ]
        if isinstance(found, Unavailable):
            return Tried(
                id=name,
                words=f"{score} with {criterion.words}",
                hypothesis=asked,
                found=found,
                p=None,
                kind="r",
            )
        return Tried(
            id=name,
            words=f"{score} with {criterion.words}",
            hypothesis=asked,
            found=found.pearson,
            p=float(found.p),
            kind="r",
        )
    groups = [each if each in (asked.higher, asked.than) else None for each in study.column(str(asked.group))]
    words = f"{score}: {asked.group} {asked.higher} above {asked.than}"
    compared = known_groups(values, groups)
    if isinstance(compared, Unavailable):
        return Tried(id=name, words=words, hypothesis=asked, found=compared, p=None, kind="d")
    pair = compared.pairs[0]
    d = pair.cohens_d if pair.first == asked.higher else turned(pair.cohens_d)
    p = None if isinstance(pair.welch, Unavailable) else float(pair.welch.p)
    return Tried(id=name, words=words, hypothesis=asked, found=d, p=p, kind="d")


def turned(found: Estimate | Unavailable) -> Estimate | Unavailable:
    """Return a difference the other way round."""
    if isinstance(found, Unavailable):
        return found
    low = None if found.high is None else -found.high
    high = None if found.low is None else -found.low
    return Estimate(
        value=-found.value, low=low, high=high, level=found.level, n=found.n, k=found.k, method=found.method
    )


def _table(tried: list[Tried], share: float) -> Section:
    ps = iter(holm([each.p for each in tried if each.p is not None]))
    rows: list[tuple[Value, ...]] = []
    for each in tried:
        p: Value = Unavailable(reason="not defined") if each.p is None else float(next(ps))
        figures: tuple[Value, ...] = (
            (each.found,) * 3
            if isinstance(each.found, Unavailable)
            else (each.found.value, *each.found.limits)
        )
        held = "yes" if each.holds else "no"
        expected = f"{each.kind} {each.hypothesis.expect}"
        rows.append((each.id, each.words, expected, *figures, p, held, each.hypothesis.source))
    headers = ("id", "hypothesis", "expected", "found", "low", "high", "p (Holm)", "holds", "source")
    return Section(
        id="hypotheses",
        title="Hypotheses fixed in advance",
        reading=(
            f"{sum(each.holds for each in tried)} of {len(tried)} hold ({share:.0%}). One holds where the "
            "figure itself lies in the range that the plan gave; a difference is Cohen's d."
        ),
        tables=(Table(title="Hypotheses", headers=headers, rows=tuple(rows)),),
    )


def _corrected(study: Study) -> list[Section]:
    """Return correlations corrected for the error of the scale, by the items of the main scales."""
    if not study.plan.criteria:
        return []
    criteria = {c.words: study.numbers(c.column) for c in study.plan.criteria.values()}
    rows: list[tuple[Value, ...]] = []
    for name, items in study.answers.scales.items():
        X = study.answers.columns(items)
        for words, found in criterion_correlations(X, criteria, resamples=RESAMPLES).items():
            if isinstance(found, Unavailable):
                rows.append((study.named(name), words, *[found] * 3))
                continue
            corrected = found.disattenuated
            value: Value = corrected if isinstance(corrected, Unavailable) else corrected.value
            rows.append((study.named(name), words, found.pearson.value, found.spearman.value, value))
    headers = ("scale", "criterion", "r", "rho", "corrected for the scale's error")
    table = Table(title="Scales and criteria", headers=headers, rows=tuple(rows))
    return [
        Section(
            id="criteria",
            title="Every scale with every criterion",
            reading="Correlations corrected for error are told and confirm no hypothesis.",
            tables=(table,),
        )
    ]
