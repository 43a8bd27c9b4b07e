"""Phases that rest on what people wrote down: the protocol, the concept, pairs, consequences."""

from analysis.report.document import Section, Table
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, not_asked, phase, stated

NO_RECORD = "write it into RECORD.yaml and give that with --record"


def protocol(study: Study) -> Phase:
    """Phase 0: whether everything was decided before anybody answered."""
    plan = study.plan
    checks = [
        stated(
            "preregistration", "address of the preregistration", plan.preregistration, "name it in PLAN.yaml"
        ),
        stated("ethics", "reference of the ethics committee", plan.ethics, "name it in PLAN.yaml"),
        stated(
            "hypotheses",
            "hypotheses with sign, size and source",
            f"{len(plan.hypotheses)}" if plan.hypotheses else None,
            "write them into PLAN.yaml",
        ),
    ]
    rows = tuple((bound.words, str(bound), bound.source) for bound in map(study.bound, plan.thresholds))
    own = Table(title="Bounds that this plan names", headers=("bound", "value", "why"), rows=rows)
    excluded = Table(
        title="Exclusions decided beforehand",
        headers=("column", "values", "why"),
        rows=tuple((rule.column, ", ".join(rule.values), rule.why) for rule in plan.exclusions),
    )
    section = Section(
        id="protocol",
        title="What was decided before",
        reading=(
            f"Population: {plan.population}. Models: {', '.join(plan.rivals) or 'all that the key implies'}. "
            f"Seed of every draw: {plan.seed}."
        ),
        tables=tuple(table for table in (own, excluded) if table.rows),
    )
    return phase(0, "Protocol", checks, [section])


def concept(study: Study) -> Phase:
    """Phase 1: how the concept was found."""
    found = study.record.elicitation if study.record else None
    if found is None:
        missing = stated("elicited", "interviews in each population", None, NO_RECORD)
        return phase(1, "Concept elicitation", [missing])
    fewest = min(found.populations, key=lambda name: found.populations[name])
    checks = [
        counted(study.bound("elicited"), found.populations[fewest]),
        counted(study.bound("coders"), found.coders),
    ]
    rows = tuple(found.populations.items())
    table = Table(title="People interviewed", headers=("population", "people"), rows=rows)
    section = Section(id="concept", title="Interviews on the concept", reading="", tables=(table,))
    return phase(1, "Concept elicitation", checks, [section])


def pairs(study: Study) -> Phase:  # noqa: ARG001 - as every phase
    """Phase 13: the two people of a relationship, which is not built."""
    return not_asked(
        13, "Dyads", "Pairs of people are not built: nothing here links the two of a relationship."
    )


def consequences(study: Study) -> Phase:
    """Phase 14: what came of it, and what translations are."""
    record = study.record
    events = record.adverse_events if record else None
    checks: list[Check] = [
        stated(
            "adverse_events", "adverse events", None if events is None else f"{events} recorded", NO_RECORD
        ),
        stated("consequences", "use and misuse", record.consequences if record else None, NO_RECORD),
        stated("accessibility", "accessibility", record.accessibility if record else None, NO_RECORD),
    ]
    words = study.instrument.words
    form = study.plan.form
    status = tuple((lang, words[f, lang].status) for f, lang in words if f == form)
    table = Table(title="Words of this form by language", headers=("language", "status"), rows=status)
    section = Section(
        id="translation",
        title="Translations",
        reading="Evidence in one language says nothing of another.",
        tables=(table,),
    )
    return phase(14, "Consequences and translation", checks, [section])
