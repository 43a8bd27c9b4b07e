"""The pages of a host: what is on each, ready to print. No page has a field for a count of answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Final

from sqlalchemy import Row

from app.languages import LANGUAGES, _, english_day
from app.runtime import Service
from app.studies.anonymity import CLUSTER, LIMIT, AnonymityBudget, budget_of
from app.studies.information import lacking
from app.studies.release import what_is_confirmed
from app.studies.special import SPECIAL
from app.studies.study import LEVELS, Design
from app.tables import CLOSED, CLOSING, COHORT, OPEN, PAUSED, PREPARED, RESEARCH, RETIRED
from app.templating import Page
from instrument import Form, Instrument

STATES: Final = {
    PREPARED: _("prepared"),
    OPEN: _("open"),
    PAUSED: _("paused"),
    CLOSING: _("closing"),
    CLOSED: _("closed"),
    RETIRED: _("retired: its answers are deleted"),
}


PEOPLE, TRAINERS, RESEARCHERS = _("People"), _("Trainers"), _("Researchers")
CHOICES: Final = {
    "reports": (
        _("Reports of groups"),
        (
            (PEOPLE, _("Nobody receives their single answers.")),
            (TRAINERS, _("A report of each unit, department and organisation with enough answers.")),
            (RESEARCHERS, _("Those reports and nothing else: no rows, no reliability, no waves linked.")),
        ),
    ),
    "rows": (
        _("Single sets of answers, without the unit"),
        (
            (PEOPLE, _("Researchers may receive what each answered. Too small a group is given to nobody.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (RESEARCHERS, _("A row for each person, reliability, waves that are linked.")),
        ),
    ),
    "rows with units": (
        _("Single sets of answers, with the unit"),
        (
            (PEOPLE, _("As above, and who knows their unit finds them more easily.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (
                RESEARCHERS,
                _("As above; the operator's command adds the unit where five rows or more look alike."),
            ),
        ),
    ),
    "rows unwithheld": (
        _("Single sets of answers, with nothing withheld (a research study alone)"),
        (
            (PEOPLE, _("What they say of themselves stays with their answers, however rare it is.")),
            (TRAINERS, _("No report, not even of everybody.")),
            (
                RESEARCHERS,
                _("A row for each person, without the unit; people are told how many may be alone."),
            ),
        ),
    ),
}
"""What a study may give out, as a host reads it: the name, and what it means."""
KINDS: Final = {
    COHORT: (
        _("Cohort study"),
        _("It gives out reports of groups, or single sets of answers, within the anonymity budget."),
    ),
    RESEARCH: (
        _("Research study"),
        _(
            "It gives out single sets of answers and never a report. It needs an ethics approval, which a "
            "second person confirms; people are told how many may be alone in the data."
        ),
    ),
}
"""The kinds of study, as a host reads them."""


@dataclass(frozen=True)
class Link:
    address: str
    words: str
    beside: str = ""


@dataclass(frozen=True)
class Choice:
    value: str
    words: str
    beside: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class LeavingChoice:
    value: str
    words: str
    means: tuple[tuple[str, str], ...]
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class StudiesPage(Page):
    template: ClassVar[str] = "hosting/studies.html"
    studies: tuple[Link, ...]
    may_make: bool


@dataclass(frozen=True, kw_only=True)
class FormsPage(Page):
    """Which form to ask: the first step of making a study."""

    template: ClassVar[str] = "hosting/forms.html"
    forms: tuple[Link, ...]


@dataclass(frozen=True)
class Spent:
    """What the anonymity budget says of a design."""

    verdict: str
    is_kept: bool
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class DesignPage(Page):
    template: ClassVar[str] = "hosting/design.html"
    form: str
    about: str
    values: Mapping[str, str]
    kinds: tuple[Choice, ...]
    leaving: tuple[LeavingChoice, ...]
    questions: tuple[Choice, ...]
    special: tuple[Choice, ...]
    spent: Spent
    problem: str = ""
    limit: str = f"{LIMIT:.0%}"


@dataclass(frozen=True)
class UnitRow:
    id: str
    title: str
    level: str
    depth: int


@dataclass(frozen=True)
class Release:
    """Under which ethics approval a research study gives out rows, who has said so and who confirmed it."""

    ethics: str
    asked_by: str
    confirmed_by: str
    may_change: bool
    seen: str
    """A digest of what the second person reads on this page and confirms."""


@dataclass(frozen=True, kw_only=True)
class StudyPage(Page):
    template: ClassVar[str] = "hosting/study.html"
    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    spent: Spent | None
    units: tuple[UnitRow, ...]
    levels: tuple[str, ...] = LEVELS
    waves: tuple[Link, ...]
    units_locked: bool
    design_locked: bool
    may_prepare: bool
    readers: tuple[tuple[str, str], ...]
    """Who reads the study, each with the role."""
    may_copy: bool
    may_delete: bool
    unsaid: tuple[str, ...]
    """What people will read of the study, and is not written yet."""
    values: Mapping[str, str]
    leaving: tuple[LeavingChoice, ...]
    questions: tuple[Choice, ...]
    typed: Spent
    """What the questions give away that are ticked in the form."""
    is_looked_over: bool = False
    """Whether the form holds what was typed, which is not saved."""
    crowding: str
    """How many people there are for each unit, against the smallest group."""
    special: tuple[Choice, ...]
    """What the law protects, which a research study may ask under a purpose of its own."""
    kinds: tuple[Choice, ...] = ()
    """None: the kind of a study never changes."""
    release: Release | None = None
    """What a research study needs before it opens; None of another."""
    limit: str = f"{LIMIT:.0%}"
    problem: str = ""


def _number_of_questions(form: Form) -> str:
    count = len(form.items)
    return "1 question" if count == 1 else f"{count} questions"


def forms_page(instruments: Iterable[Instrument]) -> FormsPage:
    """List the forms of which a study can be made, a later edition before the one that it replaces."""
    return FormsPage(
        forms=tuple(
            Link(
                f"/host/studies?form={each.id}/{form.id}",
                _title(each, form),
                f"{form.about}. {_number_of_questions(form)}, in {_languages(each, form)}."
                f"{_replaced(each, form)}",
            )
            for each in instruments
            for form in sorted(
                each.forms.values(), key=lambda form: (form.replaces or form.id, -form.edition)
            )
        )
    )


def design_page(
    service: Service, instrument: Instrument, form: Form, fields: Mapping[str, str], problem: str = ""
) -> DesignPage:
    """Make the page with what was typed so far, and what it would give away once that can be computed."""
    return DesignPage(
        simulated=service.settings.demo,
        form=f"{instrument.id}/{form.id}",
        about=_title(instrument, form),
        values={
            name: fields.get(name, "") for name in ("id", "title", "k", "people", "retire_on", "clusters")
        },
        kinds=_kinds(fields.get("kind", COHORT)),
        leaving=_leaving(fields.get("leaving", "")),
        questions=_questions(instrument, form, _typed_questions(form, fields)),
        special=_special(_typed_special(fields)),
        spent=typed_budget(instrument, form, fields),
        problem=problem,
    )


def typed_budget(instrument: Instrument, form: Form, fields: Mapping[str, str]) -> Spent:
    """Say what the questions that are ticked give away; without a number of people, how many they need."""
    asked, people = _typed_questions(form, fields), fields.get("people", "").strip()
    special, is_limited = _typed_special(fields), fields.get("kind") != RESEARCH
    if people.isascii() and people.isdigit() and int(people[:9]) > 0:
        budget = budget_of(
            instrument, form.id, asked, int(people[:9]), special, clusters="clusters" in fields
        )
        return spent(instrument, form, budget, is_limited=is_limited)
    budget = budget_of(instrument, form.id, asked, 1, special)
    alone = spent(instrument, form, budget, is_limited=is_limited)
    if not budget.asked:
        return alone
    if not is_limited:
        return replace(alone, verdict="Say how many people you expect.")
    said = f"These questions need at least {budget.fewest_people:,} people. Say how many you expect."
    return replace(alone, verdict=said, is_kept=True)


def looked_over(page: StudyPage, instrument: Instrument, form: Form, fields: Mapping[str, str]) -> StudyPage:
    """Return the page of a study with a design that was typed and is not saved, and what it gives away."""
    return replace(
        page,
        values={
            **page.values,
            **{name: fields[name] for name in page.values if name in fields},
            "clusters": fields.get("clusters", ""),
        },
        leaving=_leaving(fields.get("leaving", "")),
        questions=_questions(instrument, form, _typed_questions(form, fields)),
        special=_special(_typed_special(fields)),
        typed=typed_budget(
            instrument, form, fields if page.release is None else {**fields, "kind": RESEARCH}
        ),
        is_looked_over=True,
    )


def _typed_special(fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each for each in SPECIAL if f"special_{each}" in fields)


def _typed_questions(form: Form, fields: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(each for each in form.context if f"ask_{each}" in fields)


def study_page(
    service: Service,
    study: Row[Any],
    units: Sequence[Row[Any]],
    waves: Sequence[Row[Any]],
    *,
    readers: tuple[tuple[str, str], ...],
    may_copy: bool,
    problem: str = "",
) -> StudyPage:
    """Lay out a study: its design, its units, and its waves with their states."""
    instrument = service.instruments[study.instrument]
    form = instrument.forms[study.form]
    asked = form.context if study.context is None else tuple(study.context)
    words = _questions(instrument, form, asked)
    special = study.special or ()
    budget = (
        budget_of(instrument, form.id, asked, study.people, special, clusters=study.clusters)
        if study.people
        else None
    )
    return StudyPage(
        simulated=study.simulated,
        id=study.id,
        title=study.title,
        facts=(
            (_("Questionnaire"), _title(instrument, form)),
            (_("Kind of study"), KINDS[study.kind][0]),
            (_("Who answers"), form.about),
            (
                _("Asked of the person"),
                "; ".join(each.words for each in words if each.chosen) or _("nothing"),
            ),
            (_("Smallest group of which anything is shown"), str(study.k)),
            (_("What leaves this study"), CHOICES[study.leaving][0]),
            *(((_("Clusters"), _("codes that are made at once are of one")),) if study.clusters else ()),
            (_("People expected"), str(study.people) if study.people else _("not said")),
            (
                _("Answers are deleted on"),
                english_day(study.retire_on) if study.retire_on else _("no day declared"),
            ),
        ),
        spent=spent(instrument, form, budget, is_limited=study.kind == COHORT) if budget else None,
        release=Release(
            study.ethics or "",
            study.release_asked_by or "",
            study.release_confirmed_by or "",
            all(each.state == PREPARED for each in waves),
            what_is_confirmed(study),
        )
        if study.kind == RESEARCH
        else None,
        units=tuple(_tree(units)),
        waves=tuple(
            Link(
                f"/host/waves/{each.id}",
                f"Collection {each.ordinal}",
                f"{STATES[each.state]}{_(', imported from a file') if each.imported else ''}",
            )
            for each in waves
        ),
        units_locked=study.partition_hash is not None,
        design_locked=bool(waves),
        may_prepare=any(each.level == "unit" for each in units),
        readers=readers,
        may_copy=may_copy,
        may_delete=all(each.state == RETIRED for each in waves),
        unsaid=lacking(form, study.information),
        values={
            "id": study.id,
            "title": study.title,
            "k": str(study.k),
            "people": str(study.people or ""),
            "retire_on": str(study.retire_on or ""),
            "clusters": "yes" if study.clusters else "",
        },
        leaving=_leaving(study.leaving),
        questions=words,
        special=_special(special),
        typed=typed_budget(
            instrument,
            form,
            {f"ask_{each}": "yes" for each in asked}
            | {f"special_{each}": "yes" for each in special}
            | {"people": str(study.people or ""), "kind": study.kind},
        ),
        crowding=_crowding(study, units),
        problem=problem,
    )


def _crowding(study: Row[Any], units: Sequence[Row[Any]]) -> str:
    """Say whether the people are enough for the units, or how many it takes and how many units to drop."""
    count = sum(each.level == "unit" for each in units)
    if not count or not study.people:
        return ""
    each = study.people // count
    spread = f"{study.people:,} people over {count:,} {'unit' if count == 1 else 'units'} are {each:,} each"
    if each >= study.k:
        return f"{spread}: enough, if they spread evenly and all of them answer."
    fits = study.people // study.k
    fewer = f", or no more than {fits:,} {'unit' if fits == 1 else 'units'}" if fits else ""
    return f"{spread}, fewer than {study.k}. It takes at least {count * study.k:,} people{fewer}."


def spent(instrument: Instrument, form: Form, budget: AnonymityBudget, *, is_limited: bool) -> Spent:
    """Say how many people the questions of a design may leave alone, question by question."""
    words = {each.value: each.words for each in (*_questions(instrument, form, ()), *_special(()))}
    words[CLUSTER] = _("Clusters of five people")
    verdict = budget.verdict.replace(budget.ways_on(), budget.ways_on(words)) if is_limited else budget.told
    needs = is_limited and budget.asked and budget.is_kept
    enough = f" They need at least {budget.fewest_people:,} people." if needs else ""
    return Spent(
        f"{verdict[0].upper()}{verdict[1:]}.{enough}",
        budget.is_kept or not is_limited,
        tuple((words[each.question], each.answers) for each in budget.asked),
    )


def read_design(fields: Mapping[str, str], instrument: Instrument, form: Form, *, simulated: bool) -> Design:
    """Read the design as it was typed; ValueError where a number or a day cannot be read."""
    return Design(
        id=fields.get("id", "").strip(),
        title=fields.get("title", "").strip(),
        kind=fields.get("kind", COHORT),
        instrument=instrument.id,
        form=form.id,
        k=int(fields.get("k", "")),
        simulated=simulated,
        leaving=fields.get("leaving", ""),
        clusters="clusters" in fields,
        special=_typed_special(fields),
        context=tuple(each for each in form.context if f"ask_{each}" in fields),
        people=int(fields.get("people", "")),
        retire_on=date.fromisoformat(on) if (on := fields.get("retire_on", "")) else None,
    )


def _special(chosen: Iterable[str]) -> tuple[Choice, ...]:
    asked = {*chosen}
    return tuple(Choice(each.id, each.text, chosen=each.id in asked) for each in SPECIAL.values())


def _kinds(chosen: str) -> tuple[Choice, ...]:
    return tuple(Choice(each, words, means, each == chosen) for each, (words, means) in KINDS.items())


def _leaving(chosen: str) -> tuple[LeavingChoice, ...]:
    return tuple(
        LeavingChoice(each, words, means, each == chosen) for each, (words, means) in CHOICES.items()
    )


def _questions(instrument: Instrument, form: Form, asked: Iterable[str]) -> tuple[Choice, ...]:
    words = instrument.words_for_staff(form.id)
    chosen = set(asked)
    return tuple(
        Choice(
            each,
            words.question(each),
            f"{len(instrument.context[each].options)} answers to choose from; asked alone it needs at least "
            f"{budget_of(instrument, form.id, (each,), 1).fewest_people:,} people",
            each in chosen,
        )
        for each in form.context
    )


def _title(instrument: Instrument, form: Form) -> str:
    """Return the title of the questionnaire and, where it has several forms, which of them this is."""
    if len(instrument.forms) == 1:
        return instrument.title
    first = form.replaces or form.id
    name = first.upper() if len(first) == 1 else first.replace("_", " ")
    return f"{instrument.title}, form {name}" + (f", edition {form.edition}" if form.edition > 1 else "")


def _languages(instrument: Instrument, form: Form) -> str:
    spoken = [language for language in LANGUAGES if (form.id, language) in instrument.words]
    return ", ".join(LANGUAGES[language].name for language in spoken) or "no language of these pages"


def _replaced(instrument: Instrument, form: Form) -> str:
    """Say that there is a later edition of a form, and what this one is still for."""
    if all(other.replaces != form.id for other in instrument.forms.values()):
        return ""
    return " There is a later edition. Take this one only to go on with a study."


def _tree(units: Sequence[Row[Any]], above: str | None = None, depth: int = 0) -> Iterable[UnitRow]:
    for each in sorted(units, key=lambda unit: unit.title):
        if each.parent == above:
            yield UnitRow(each.id, each.title, each.level, depth)
            yield from _tree(units, each.id, depth + 1)
