"""The pages of a host: what is on each, ready to print. No page has a field for a count of answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from sqlalchemy import Row

from app.form_data import NO_ATTEMPT, Attempt
from app.hosting.designs import (
    CHOICES,
    KINDS,
    Choice,
    LeavingChoice,
    Link,
    Spent,
    form_title,
    leaving_choices,
    question_choices,
    special_choices,
    spent,
    typed_budget,
    typed_questions,
    typed_special,
)
from app.languages import _, english_day
from app.runtime import Service
from app.studies.anonymity import LIMIT, budget_of
from app.studies.information import lacking
from app.studies.release import what_is_confirmed
from app.studies.study import LEVELS
from app.tables import CLOSED, CLOSING, COHORT, OPEN, PAUSED, PREPARED, RESEARCH, RETIRED
from app.templating import Page
from instrument import Form, Instrument

STATES: Final = {
    PREPARED: _("prepared"),
    OPEN: _("open"),
    PAUSED: _("paused"),
    CLOSING: _("closing"),
    CLOSED: _("closed"),
    RETIRED: _("closed, and its answers are deleted"),
}


@dataclass(frozen=True, kw_only=True)
class StudiesPage(Page):
    template: ClassVar[str] = "hosting/studies.html"
    studies: tuple[Link, ...]
    may_make: bool


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
    is_asker: bool
    """It is whoever reads the page, so somebody else confirms it."""
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
    closed: bool
    """Whether there is anything to read or to take out."""
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
    attempt: Attempt = NO_ATTEMPT


def looked_over(page: StudyPage, instrument: Instrument, form: Form, fields: Mapping[str, str]) -> StudyPage:
    """Return the page of a study with a design that was typed and is not saved, and what it gives away."""
    return replace(
        page,
        values={
            **page.values,
            **{name: fields[name] for name in page.values if name in fields},
            "clusters": fields.get("clusters", ""),
        },
        leaving=leaving_choices(fields.get("leaving", "")),
        questions=question_choices(instrument, form, typed_questions(form, fields)),
        special=special_choices(typed_special(fields)),
        typed=typed_budget(
            instrument, form, fields if page.release is None else {**fields, "kind": RESEARCH}
        ),
        is_looked_over=True,
    )


def study_page(
    service: Service,
    study: Row[Any],
    units: Sequence[Row[Any]],
    waves: Sequence[Row[Any]],
    *,
    readers: tuple[tuple[str, str], ...],
    may_copy: bool,
    viewer: str,
    attempt: Attempt = NO_ATTEMPT,
) -> StudyPage:
    """Lay out a study: its design, its units, and its waves with their states."""
    instrument = service.instruments[study.instrument]
    form = instrument.forms[study.form]
    asked = form.context if study.context is None else tuple(study.context)
    words = question_choices(instrument, form, asked)
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
            (_("Questionnaire"), form_title(instrument, form)),
            (_("Kind of study"), KINDS[study.kind][0]),
            (_("Who answers"), form.about),
            (
                _("Asked of the person"),
                "; ".join(each.words for each in words if each.chosen) or _("nothing"),
            ),
            (_("Smallest group of which anything is shown"), str(study.k)),
            (_("What leaves this study"), CHOICES[study.leaving][0]),
            *(((_("Population"), study.population),) if study.population else ()),
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
            study.release_asked_by == viewer,
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
                f"{STATES[each.state]}{_(', imported from a file') if each.imported else ''}"
                f"{_(', its early deletion waits for a second person') if _waits(each) else ''}",
            )
            for each in waves
        ),
        closed=any(each.state == CLOSED for each in waves),
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
            "population": study.population or "",
        },
        leaving=leaving_choices(study.leaving),
        questions=words,
        special=special_choices(special),
        typed=typed_budget(
            instrument,
            form,
            {f"ask_{each}": "yes" for each in asked}
            | {f"special_{each}": "yes" for each in special}
            | {"people": str(study.people or ""), "kind": study.kind},
        ),
        crowding=_crowding(study, units),
        attempt=attempt,
    )


def _waits(wave: Row[Any]) -> bool:
    return wave.state == CLOSED and wave.deletion_asked_by is not None


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


def _tree(units: Sequence[Row[Any]], above: str | None = None, depth: int = 0) -> Iterable[UnitRow]:
    for each in sorted(units, key=lambda unit: unit.title):
        if each.parent == above:
            yield UnitRow(each.id, each.title, each.level, depth)
            yield from _tree(units, each.id, depth + 1)
