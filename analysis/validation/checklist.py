"""The 21 lines that a reviewer of a validation study looks for, each answered from the dossier.

After the reporting guideline of COSMIN (2021), APA's JARS-Quant, and the Standards of 2014.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.estimate import Unavailable, cell
from analysis.report.document import Section, Table
from analysis.validation.study import Study
from analysis.validation.verdicts import Phase

Phases = Mapping[int, Phase]
HIGHEST: Final = 100


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: what is asked, what the dossier says, and in which parts."""

    number: int
    asked: str
    said: str
    where: str


def _version(study: Study, _: Phases) -> str:
    form, instrument = study.main.form, study.instrument
    words = instrument.words[form.id, study.plan.language]
    turned = instrument.key.reversed_items(form.id)
    labels = "; ".join(
        f"{code} {words.label(scale.id, code)}" for scale in form.scales.values() for code in scale.codes
    )
    return (
        f"{instrument.title}, form {form.id}, hash {form.hash[:16]}, words in {study.plan.language} "
        f"{words.hash[:16]} ({words.status}), key revision {instrument.key.revision}; "
        f"{len(form.items)} items, {len(turned)} reversed; {labels}; window: {form.window}; "
        f"licence: {instrument.licence}."
    )


def _flow(study: Study, _: Phases) -> str:
    record, plan = study.record, study.plan
    flow = record.flow if record else None
    before = (
        f"invited {flow.invited}, started {flow.started}, finished {flow.finished}, erased {flow.erased}, "
        if flow
        else "invited, started and finished are not recorded (RECORD.yaml, flow), "
    )
    out = "; ".join(
        f"{count} excluded by {rule.column} ({rule.why})"
        for rule, count in zip(plan.exclusions, study.excluded["main"], strict=True)
    )
    dates = f"{record.dates}. Setting: {record.setting or 'not said'}. " if record else "dates not recorded. "
    return (
        f"{before}rows given {study.given['main']}, {out or 'no exclusion planned'}, "
        f"analysed {study.main.n}. "
        f"Recruitment: {plan.recruitment or 'not said'}; {dates}"
        f"Incentives: {(record.incentives if record else None) or 'not said'}. "
        f"Clusters: {plan.cluster or 'none named'}."
    )


def _sample(study: Study, _: Phases) -> str:
    said = ", ".join(study.plan.sample) or "the plan names no columns (`sample`)"
    return f"{study.main.n} relationships, one row each; one person may not answer twice. By: {said}."


def _missing(study: Study, _: Phases) -> str:
    items = [item.id for item in study.main.items]
    kinds: dict[str, int] = {}
    for item in items:
        for kind, count in study.main.missing(item).items():
            kinds[kind] = kinds.get(kind, 0) + count
    cells = study.main.n * len(items)
    told = ", ".join(f"{kind.lower()} {count / cells:.2%}" for kind, count in kinds.items()) or "none"
    complete = study.answers.total.n
    return (
        f"{told} of {cells} answers; {complete} of {study.main.n} rows complete. A score needs the answers "
        "that the key says; correlations are of pairs, reliability of complete rows. Nothing is imputed."
    )


def _of(*numbers: int) -> Callable[[Study, Phases], str]:
    def said(_: Study, phases: Phases) -> str:
        return " ".join(_summary(phases[number]) for number in numbers)

    return said


def _summary(found: Phase) -> str:
    if not found.checks:
        return f"Phase {found.number}: {found.verdict}. {found.why}"
    figures = "; ".join(
        f"{check.words} {check.found.why if isinstance(check.found, Unavailable) else cell(check.found)} "
        f"({check.asked})"
        for check in found.checks
    )
    return f"Phase {found.number}, {found.verdict}: {figures}."


def _scores(study: Study, _: Phases) -> str:
    told = []
    for name, scored in study.scores.items():
        subscale = study.instrument.key.subscales(study.plan.form)[name]
        values = scored.values[np.isfinite(scored.values)]
        if subscale.shown and len(values) > 1:
            full = scored.answered.max()
            short = int((scored.answered[np.isfinite(scored.values)] < full).sum())
            told.append(
                f"{study.named(name)} mean {values.mean():.1f}, SD {values.std(ddof=1):.1f}, lowest "
                f"{(values == 0).mean():.1%}, highest {(values == HIGHEST).mean():.1%}, from fewer {short}"
            )
    return "; ".join(told) + "."


def _dyads(_: Study, phases: Phases) -> str:
    return phases[13].why


def _change(study: Study, phases: Phases) -> str:
    return (
        "Reliable change and the smallest detectable change are in phase 8, in units of each score. "
        + _of(12)(study, phases)
    )


def _reproducible(study: Study, _: Phases) -> str:
    mark = "SIMULATED. " if study.simulated else ""
    return (
        f"{mark}Seed {study.plan.seed}; plan {study.read.sha256[:16]}; main table "
        f"{study.sha256['main'][:16]}; form {study.main.form.hash[:16]}. The commands, versions and whole "
        "hashes are under `How this was made`; what may be said is under `What may be said`."
    )


LINES: Final[tuple[tuple[str, Callable[[Study, Phases], str], str], ...]] = (
    ("Instrument: version, language, form, hashes, keying, labels, window, licence", _version, "protocol"),
    ("Flow, recruitment, dates, setting, incentives, clustering", _flow, "flow"),
    ("Sample table; relationships and persons", _sample, "sample"),
    ("Missing answers: share, kinds, pattern, rule, complete cases", _missing, "phase 4, missing"),
    (
        "Data quality: flags, cut-offs, numbers, results with and without",
        _of(11),
        "phases 4 and 11, careless",
    ),
    ("Items: n, mean, SD, skew, options, ends, item-rest r, alpha without", _of(4), "phase 4"),
    ("Scores: distribution, SD, share at the ends, prorated", _scores, "phase 11, reference sample"),
    ("Content validity: panel, I-CVI, S-CVI, kappa, CVR; interviews", _of(2, 3), "phases 2 and 3"),
    ("Correlations: polychoric and Pearson, eigenvalue, empty cells", _of(5), "phase 5, correlations"),
    ("Dimensionality: KMO, Bartlett, parallel analysis, MAP", _of(5), "phase 5, dimensions"),
    ("Exploratory factors: pattern, structure, communalities, cross-loadings", _of(5), "phase 5, factors"),
    ("Confirmatory: test, RMSEA with interval, CFI, TLI, SRMR, loadings, rivals", _of(6), "phase 6"),
    ("Reliability: omega, omega h, alpha, CR, AVE, HTMT, ECV, PRMSE", _of(7), "phases 6 and 7"),
    ("Test-retest: interval, anchor, ICC, SEM, SDC, limits, weighted kappa", _of(8), "phase 8"),
    ("Invariance and DIF: groups, steps, freed parameters, effect on scores", _of(10), "phase 10"),
    ("Response models: parameters, fit, Q3, information, person fit", _of(11), "phase 11"),
    ("Validity: hypotheses with figure, interval and verdict; known groups; Holm", _of(9), "phase 9"),
    ("Change: reliable change, SDC, anchor, MIC, responsiveness", _change, "phases 8 and 12"),
    ("Dyads", _dyads, "phase 13"),
    ("Fairness, consequences, adverse events, accessibility", _of(10, 14), "phases 10 and 14"),
    ("Reproducibility: seed, code, hashes; SIMULATED; permitted claims", _reproducible, "how this was made"),
)


def lines(study: Study, phases: Phases) -> tuple[Line, ...]:
    """Answer every line."""
    return tuple(
        Line(number=number, asked=asked, said=answer(study, phases), where=where)
        for number, (asked, answer, where) in enumerate(LINES, start=1)
    )


def checklist(found: tuple[Line, ...]) -> Section:
    """Return the lines as a section."""
    rows = tuple((f"{line.number}. {line.asked}", line.said, line.where) for line in found)
    return Section(
        id="checklist",
        title="What a reviewer asks for",
        reading="After COSMIN's reporting guideline (2021), APA's JARS-Quant and the Standards of 2014.",
        tables=(Table(title="Checklist", headers=("line", "what this dossier says", "where"), rows=rows),),
    )
