"""The report of `plan`: what each size of sample would bear, by simulation of the structure."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from analysis.estimate import Estimate, Unavailable
from analysis.graphics.charts import Figure, intervals
from analysis.planning.aims import AIMS, Case
from analysis.planning.population import population
from analysis.planning.running import Planned, planned
from analysis.planning.settings import Planning
from analysis.report.document import Document, Section, Table, Value, sections_json
from analysis.validation.plan import Plan, PlanError, ReadPlan
from analysis.validation.thresholds import THRESHOLDS
from instrument import Instrument

LABEL: Final = "SIMULATED: every figure here rests on people that a program made up; none is of real answers."
FIT: Final = ("cfi", "rmsea", "srmr")
HOW: Final = (
    "Each sample is drawn anew: facets under one general factor, answers cut at thresholds, with the "
    "loadings and shares that the plan supposes, and analysed as real answers would be. Intervals of shares "
    "are Wilson's at 95 % and say how exact the simulation is, not the study: more replications narrow them. "
    "What is not available in a sample counts as not reached. Real people leave answers out, answer alike "
    "within a team, and fit no model; a study plans for more than the smallest size that does here."
)


def planning(
    found: ReadPlan, instrument: Instrument, *, progress: Callable[[str, int, int], None]
) -> Document:
    """Simulate the aims of a plan and report what each size would bear."""
    plan, asked = found.plan, found.plan.planning
    if asked is None:
        raise PlanError(
            f"{found.file.name} has no `planning:`; name the sizes (sizes: [200, 400]) and an aim, as "
            'precision: {width: "0.10"}'
        )
    case = case_of(plan, asked, instrument)
    results = planned(case, plan.seed, progress=progress)
    if not results:
        raise PlanError(f"{found.file.name}, planning: name an aim: {', '.join(AIMS)}")
    sections = (_supposed(plan, asked, case), _sizes(results, asked), *map(_aim, results.values()))
    return Document(
        title=f"Planning: {plan.title}",
        lead="How many people the study needs, by simulation.",
        labels=(LABEL,),
        provenance=(
            f"Plan {plan.plan} (sha256 {found.sha256}), form {plan.form} (hash "
            f"{instrument.forms[plan.form].hash}), seed {plan.seed}, {asked.replications} replications of "
            "each size."
        ),
        sections=sections,
        how=HOW,
        tree={
            "simulated": True,
            "plan": plan.plan,
            "plan_sha256": found.sha256,
            "seed": plan.seed,
            "replications": asked.replications,
            "aims": {name: _tree(each) for name, each in results.items()},
            "sections": sections_json(sections),
        },
    )


def case_of(plan: Plan, asked: Planning, instrument: Instrument) -> Case:
    """Return what a plan supposes of a form's scales; PlanError where the form cannot bear it."""
    form = instrument.forms[plan.form]
    scales: dict[str, list[str]] = {}
    for each in instrument.key.subscales(plan.form).values():
        taken = {item for items in scales.values() for item in items}
        items = [item.id for item in each.items]
        if items and not taken & {*items}:
            scales[each.id] = items
    if not scales:
        raise PlanError(f"form {plan.form} has no scale of items, so that nothing can be planned for it")
    answers = {len(form.scale_of(item).codes) for items in scales.values() for item in items}
    if answers != {len(asked.shares)}:
        raise PlanError(
            f"planning, shares: form {plan.form} has {', '.join(map(str, sorted(answers)))} answers, and "
            f"there are {len(asked.shares)} shares"
        )
    bounds = {
        name: plan.thresholds[name].value if name in plan.thresholds else THRESHOLDS[name].value
        for name in FIT
    }
    case = Case(
        people=population(scales, asked),
        planning=asked,
        primary=plan.primary or "correlated factors",
        rivals=tuple(plan.rivals) or ("one factor",),
        bounds=bounds,
    )
    if asked.fit or asked.invariance:
        try:
            for name in (case.primary, *(case.rivals if asked.fit else ())):
                case.model(name)
        except ValueError as error:
            raise PlanError(f"primary and rivals: {error}") from error
    return case


def _supposed(plan: Plan, asked: Planning, case: Case) -> Section:
    rows: list[tuple[Value, ...]] = [
        ("scales", ", ".join(case.people.scales)),
        ("items", len(case.people.items)),
        ("loading of an item on its scale", asked.loading),
        (
            "loading of a scale on the general factor",
            asked.general if len(case.people.scales) > 1 else "none",
        ),
        ("shares of the answers", ", ".join(f"{share:g}" for share in asked.shares)),
        ("sizes", ", ".join(map(str, sorted(asked.sizes)))),
        ("power asked", asked.power),
        ("primary model", case.primary),
        ("rivals", ", ".join(case.rivals)),
        ("bounds of fit", ", ".join(f"{name} {value:g}" for name, value in case.bounds.items())),
    ]
    for name in AIMS:
        said = getattr(asked, name)
        if said and said is not True:
            rows.append(
                (f"{name}", ", ".join(f"{key} {value:g}" for key, value in said.model_dump().items()))
            )
    return Section(
        id="supposed",
        title="What is supposed",
        reading=f"{plan.population} These figures are suppositions; nobody has answered yet.",
        tables=(Table(title="Suppositions", headers=("what", "value"), rows=tuple(rows)),),
    )


def _sizes(results: Mapping[str, Planned], asked: Planning) -> Section:
    none = Unavailable(reason="not defined", detail=f"no size tried reaches {asked.power:g}")
    rows = tuple(
        (AIMS[name].words, AIMS[name].deciding, none if each.enough is None else each.enough)
        for name, each in results.items()
    )
    return Section(
        id="sizes",
        title="The smallest size tried that does",
        reading=(
            f"For each aim the smallest size at which what decides came about in {asked.power:.0%} of the "
            "samples or more."
        ),
        tables=(Table(title="Sizes", headers=("aim", "what decides", "people"), rows=rows),),
    )


def _aim(found: Planned) -> Section:
    aim = AIMS[found.aim]
    names = [*next(iter(found.figures.values()))]
    tables = [
        Table(
            title=name[0].upper() + name[1:],
            headers=("people", "value", "low", "high", "samples"),
            rows=tuple((str(n), *_limited(each[name])) for n, each in found.figures.items()),
            figure=_drawn(found, name) if name == aim.deciding else None,
        )
        for name in names
    ]
    return Section(
        id=found.aim,
        title=aim.words,
        reading=f"What decides: {aim.deciding}.",
        tables=tuple(sorted(tables, key=lambda table: table.figure is None)),
    )


def _limited(figure: Estimate) -> tuple[Value, ...]:
    if not np.isfinite(figure.value):
        why = Unavailable(reason="not defined", detail="no sample has this figure")
        return (why, why, why, figure.n)
    return (figure.value, *figure.limits, figure.n)


def _drawn(found: Planned, name: str) -> Figure:
    figures = [each[name] for each in found.figures.values()]
    return intervals(
        [f"n = {n}" for n in found.figures],
        [each.value for each in figures],
        [each.low for each in figures],
        [each.high for each in figures],
        axis=(0, 1),
        ends=("never", "always"),
        reading="Share of samples in which this came about; the line is its Monte-Carlo interval.",
        title=name,
        write="{:.2f}".format,
    )


def _tree(found: Planned) -> dict[str, Any]:
    return {
        "enough": found.enough,
        "n": {
            str(n): {
                name: {"value": each.value, "low": each.low, "high": each.high, "samples": each.n}
                if np.isfinite(each.value)
                else Unavailable(reason="not defined", detail="no sample has this figure")
                for name, each in figures.items()
            }
            for n, figures in found.figures.items()
        },
    }
