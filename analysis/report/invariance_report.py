"""The report of `invariance`: the steps of measurement invariance, and which items differ."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.graphics.charts import intervals
from analysis.invariance.difference_tests import Difference
from analysis.invariance.multigroup import Ladder, Step, measurement_invariance, preferred
from analysis.invariance.partial import Proposal, propose_partial
from analysis.report.document import Document, Section, Table, Value, sections_json
from analysis.report.model_answers import ModelAnswers
from analysis.report.model_tables import told

FIRST: Final = "first step"
HOW: Final = (
    "Each step holds more parameters equal in all groups and is tested against the step before. Ordered "
    "answers: the models of Wu and Estabrook (2016), WLSMV, scaled and shifted difference tests (Satorra "
    "2000); continuous: robust maximum likelihood of complete rows and Satorra-Bentler (2001) tests. Limits "
    "of the changes are those of Chen (2007), made for maximum likelihood; a test finds the smallest "
    "difference in a large sample, so that both are shown. What is freed is a proposal and is not used."
)


def invariance(
    answers: ModelAnswers, *, ordered: bool = True, progress: Callable[[str, int, int], None]
) -> Document:
    """Fit the ladder of the primary model to the groups and report it, with a proposal where a step fails."""
    if answers.groups is None:
        raise ValueError("name the column that holds the groups with --group")
    rival = next(
        (r for r in answers.models if r.name == "correlated factors"), answers.models[answers.primary]
    )
    progress("the ladder", 0, 2)
    holes = bool(np.isnan(answers.X).any())
    ladder = measurement_invariance(
        answers.X,
        rival.model,
        answers.groups,
        names=answers.names,
        estimator="WLSMV" if ordered else "MLR",
        ordered=ordered,
        missing="pairwise" if ordered and holes else "complete",
        clusters=answers.clusters,
        unit_variance=rival.unit_variance,
        orthogonal=rival.orthogonal,
    )
    progress("what differs", 1, 2)
    proposal = ladder if isinstance(ladder, Unavailable) else propose_partial(ladder)
    sections = (_ladder(ladder, rival.words), _partial(ladder, proposal))
    return Document(
        title=f"Invariance of {answers.title}",
        lead="Whether the questionnaire means the same in every group, step by step.",
        labels=answers.labels,
        provenance=f"n = {len(answers.X)} rows. {answers.about}",
        sections=sections,
        how=HOW,
        tree=_tree(answers, ladder, proposal, sections),
    )


def _ladder(ladder: Ladder | Unavailable, words: str) -> Section:
    title = "The ladder"
    if isinstance(ladder, Unavailable):
        return Section(id="ladder", title=title, reading=f"There is no ladder because {ladder.why}.")
    reading = f"Model: {words}. {'. '.join(ladder.notes)}."
    headers = ("step", "chi-square", "df", "difference", "df", "p")
    changes = ("step", "CFI", "change", "RMSEA", "change", "SRMR", "change", "within the limits")
    return Section(
        id="ladder",
        title=title,
        reading=reading,
        tables=(
            Table(title="Tests", headers=headers, rows=tuple(map(_test_row, ladder.steps))),
            Table(
                title="Changes of fit",
                headers=changes,
                rows=tuple(map(_change_row, ladder.steps)),
            ),
            *_picture(ladder),
        ),
    )


def _test_row(step: Step) -> tuple[Value, ...]:
    if isinstance(step.fit, Unavailable):
        return (step.name, *[step.fit] * 5)
    test = step.fit.test
    value = test.value if test.scaled is None else test.scaled
    if isinstance(step.difference, Difference):
        change: tuple[Value, ...] = (step.difference.value, step.difference.df, step.difference.p)
    else:
        change = (FIRST,) * 3 if step.difference is None else (step.difference,) * 3
    return (step.name, value, test.df, *change)


def _change_row(step: Step) -> tuple[Value, ...]:
    if isinstance(step.fit, Unavailable):
        return (step.name, *[step.fit] * 7)
    fit, ordered = step.fit.fit, step.fit.table.ordered
    kept = FIRST if step.kept is None else "yes" if step.kept else "no"
    return (
        step.name,
        preferred(fit, "cfi", ordered=ordered),
        told(step.cfi, FIRST),
        preferred(fit, "rmsea", ordered=ordered),
        told(step.rmsea, FIRST),
        fit["srmr"],
        told(step.srmr, FIRST),
        kept,
    )


def _picture(ladder: Ladder) -> tuple[Table, ...]:
    fits = [(step.name, step.fit) for step in ladder.steps if isinstance(step.fit, FittedModel)]
    if not fits:
        return ()
    names = [name for name, _ in fits]
    values, lows, highs = (
        [preferred(fit.fit, measure, ordered=fit.table.ordered) for _, fit in fits]
        for measure in ("rmsea", "rmsea.ci.lower", "rmsea.ci.upper")
    )
    figure = intervals(
        names,
        values,
        lows,
        highs,
        axis=(0.0, float(max(0.1, np.ceil(max(highs) * 20) / 20))),
        reading="RMSEA of each step with its 90 % interval: further to the right is a worse fit.",
        title="The ladder of invariance",
        words=("RMSEA", "low", "high"),
        write="{:.3f}".format,
    )
    rows = tuple(zip(names, values, lows, highs, strict=True))
    title = "RMSEA with its 90 % interval"
    return (Table(title=title, headers=("step", "RMSEA", "low", "high"), rows=rows, figure=figure),)


def _partial(ladder: Ladder | Unavailable, proposal: Proposal | Unavailable) -> Section:
    title = "What differs between the groups"
    if isinstance(ladder, Unavailable) or isinstance(proposal, Unavailable):
        why = proposal.detail if isinstance(proposal, Unavailable) else ""
        return Section(id="partial", title=title, reading=f"No item is proposed to be freed: {why}.")
    totals = "; ".join(f"in {group} {value:+.2f}" for group, value in proposal.total)
    beyond = (
        "the changes are within the limits"
        if not proposal.beyond
        else f"the changes stay beyond the limits at {', '.join(proposal.beyond)}"
    )
    reading = (
        "A proposal that waits for a reader, found by a search in these answers. With the parameters of "
        f"these items free in every group {beyond}. For the same standing on the factors the sum of answers "
        f"is expected to differ from the first group by: {totals}."
    )
    freed = Table(
        title="Items proposed to be free",
        headers=("item", "step", "expected fall in chi-square", "CFI then"),
        rows=tuple((item.item, item.step, item.index, item.cfi) for item in proposal.freed),
    )
    effects = Table(
        title="Effect on answers, against the first group",
        headers=("item", "group", "dMACS", "expected difference"),
        rows=tuple(
            (effect.item, effect.group, effect.dmacs, effect.difference) for effect in proposal.effects
        ),
    )
    return Section(id="partial", title=title, reading=reading, tables=(freed, effects))


def _tree(
    answers: ModelAnswers,
    ladder: Ladder | Unavailable,
    proposal: Proposal | Unavailable,
    sections: tuple[Section, ...],
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "simulated": any("SIMULATED" in label for label in answers.labels),
        "n": len(answers.X),
        "items": answers.names,
    }
    if isinstance(ladder, Unavailable):
        return tree | {"unavailable": ladder.why, "sections": sections_json(sections)}
    steps: dict[str, Any] = {}
    for step in ladder.steps:
        if isinstance(step.fit, Unavailable):
            steps[step.name] = {"unavailable": step.fit.why}
            continue
        steps[step.name] = {
            "equal": step.equal,
            "fit": {name: value for name, value in step.fit.fit.items() if np.isfinite(value)},
            "within_limits": step.kept,
        }
    free = [] if isinstance(proposal, Unavailable) else [list(key) for key in proposal.free]
    return tree | {
        "groups": dict(zip(ladder.groups, ladder.used, strict=True)),
        "steps": steps,
        "proposed_free": free,
        "sections": sections_json(sections),
    }
