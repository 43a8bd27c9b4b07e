"""A readable preregistration from PLAN.yaml: what was decided before anybody answered, and what is open."""

from typing import Any, Final

from analysis.report.document import Document, Section, Table, Value, sections_json
from analysis.validation.plan import Plan, ReadPlan
from analysis.validation.thresholds import THRESHOLDS
from instrument import Instrument

OPEN: Final = "[To be written by whoever is responsible for the study]"
HOW: Final = (
    "This document is made from the plan and holds what the plan says, word for word. Its hash is the "
    "plan's: a plan that is changed afterwards has another one. What stands in square brackets was not "
    "decided in the plan. Whatever is done otherwise is reported as a deviation, with its reason."
)


def preregistration(found: ReadPlan, instrument: Instrument) -> Document:
    """Return the preregistration of a plan."""
    plan = found.plan
    claims = instrument.claims
    sections = (
        _study(plan, instrument),
        _hypotheses(plan),
        _models(plan),
        _bounds(plan),
        _people(plan),
        _size(plan),
    )
    return Document(
        title=f"Preregistration: {plan.title}",
        lead="What was decided before anybody answered.",
        labels=(claims.label,) if claims else (),
        provenance=f"Plan {plan.plan}, sha256 {found.sha256}, seed {plan.seed}.",
        sections=sections,
        how=HOW,
        tree={"plan": plan.plan, "plan_sha256": found.sha256, "sections": sections_json(sections)},
    )


def _study(plan: Plan, instrument: Instrument) -> Section:
    form = instrument.forms[plan.form]
    rows: tuple[tuple[Value, ...], ...] = (
        ("responsible", plan.responsible),
        ("ethics approval", plan.ethics or OPEN),
        ("registered at", plan.preregistration or OPEN),
        ("questionnaire", f"{instrument.title}, form {plan.form}"),
        ("hash of the form", form.hash),
        ("key revision", str(instrument.key.revision)),
        ("language", plan.language),
        ("items", str(len(form.items))),
        ("people", plan.population),
        ("how they are asked", plan.recruitment or OPEN),
        ("phases of the programme", ", ".join(map(str, plan.phases))),
    )
    return _section("study", "The study", "", _table("The study", ("what", "decided"), rows))


def _hypotheses(plan: Plan) -> Section:
    rows = tuple(
        (
            name,
            each.score + (f" without {', '.join(each.without)}" if each.without else ""),
            plan.criteria[each.criterion].words
            if each.criterion
            else f"{each.higher} above {each.than} ({each.group})",
            f"r {each.expect}" if each.criterion else f"d {each.expect}",
            each.source,
        )
        for name, each in plan.hypotheses.items()
    )
    reading = (
        "Each is met where the figure lies in the range that was expected; the sign and the size were fixed "
        "in advance."
        if rows
        else f"No hypothesis was fixed. {OPEN}"
    )
    headers = ("hypothesis", "score", "with", "expected", "source")
    tables = (_table("Hypotheses", headers, rows),) if rows else ()
    return _section("hypotheses", "Hypotheses", reading, *tables)


def _models(plan: Plan) -> Section:
    reading = (
        f"Primary model: {plan.primary or 'the one that the key implies'}. Rivals: "
        f"{', '.join(plan.rivals) or 'all that the key implies'}. Models that fit worse are reported beside "
        "it; modification indices are listed and change nothing."
    )
    return _section("models", "Models", reading)


def _bounds(plan: Plan) -> Section:
    rows = tuple(
        (
            each.words,
            each.phase,
            f"{each.way} {plan.thresholds[name].value if name in plan.thresholds else each.value:g}",
            plan.thresholds[name].why if name in plan.thresholds else each.source,
        )
        for name, each in THRESHOLDS.items()
        if each.phase in plan.phases
    )
    headers = ("figure", "phase", "bound", "source, or why stricter")
    return _section("bounds", "Bounds", "Fixed before there are answers.", _table("Bounds", headers, rows))


def _people(plan: Plan) -> Section:
    rows = tuple((each.column, ", ".join(each.values), each.why) for each in plan.exclusions)
    groups = tuple((name, each.words, each.reference or "none named") for name, each in plan.groups.items())
    tables = []
    if rows:
        tables.append(_table("Rows left out of every analysis", ("column", "values", "why"), rows))
    if groups:
        tables.append(_table("Groups compared for fairness", ("group", "in words", "reference"), groups))
    said = [] if rows else ["No row is left out by a rule."]
    if plan.retest:
        said.append(
            f"Second occasion: {plan.retest.days[0]} to {plan.retest.days[1]} days after the first; "
            f"unchanged is who answers {', '.join(plan.retest.stable)} to {plan.retest.anchor}."
            if plan.retest.anchor
            else f"Second occasion: {plan.retest.days[0]} to {plan.retest.days[1]} days after the first."
        )
    if plan.cluster:
        said.append(f"Rows that belong together are told by {plan.cluster}, and errors allow for it.")
    return _section("people", "Who counts", " ".join(said), *tables)


def _size(plan: Plan) -> Section:
    asked = plan.planning
    if asked is None:
        return _section("size", "How many people", OPEN)
    rows: list[tuple[Value, ...]] = [
        (name, _words(value)) for name, value in asked.model_dump().items() if value not in (None, False)
    ]
    reading = (
        "Planned by simulation; `python -m analysis plan` on the same file prints what each size bears. The "
        f"size that was chosen, and why: {OPEN}"
    )
    return _section("size", "How many people", reading, _table("Planning", ("what", "supposed"), tuple(rows)))


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each:g}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(f"{each:g}" for each in value)
    return "yes" if value is True else f"{value:g}"


def _table(title: str, headers: tuple[str, ...], rows: tuple[tuple[Value, ...], ...]) -> Table:
    return Table(title=title, headers=headers, rows=rows)


def _section(name: str, title: str, reading: str, *tables: Table) -> Section:
    return Section(id=name, title=title, reading=reading, tables=tables)
