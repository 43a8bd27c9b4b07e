"""What is published of a closed wave: computed once, when it closes, and never again.

In a study that gives out rows these are no figures, but only which answers count, and so which rows leave.
The snapshot is not computed again after an erasure, for a late correction or when the key changes: the
difference between two reports of almost the same people would reveal what the few between them answered. For
the same reason each (wave, unit) pair of answers is used by one snapshot only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Row, false, insert, or_, select

from analysis.disclosure.base_table import (
    About,
    BaseTable,
    Group,
    Pair,
    Unit,
    base_table,
    rules,
    table_as_json,
    table_from_json,
)
from analysis.disclosure.basis import Basis, Lacking
from analysis.disclosure.change import with_change
from analysis.disclosure.leaving import LEAVING, settle
from analysis.disclosure.release import NoChange, release, report_as_json
from app.evidence.basis import basis_of
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from app.studies.study import STUDY, units
from app.studies.waves import PAPER, WAVE
from app.tables import CLOSED, RETIRED, Response, Snapshot, table
from instrument import Instrument

RESPONSE: Final = table(Response)
SNAPSHOT: Final = table(Snapshot)


def compute_snapshot(service: Service, db: Connection, wave: str) -> None:
    """Write the snapshot of a wave that is being closed; an existing one stays as it is."""
    if db.execute(select(SNAPSHOT.c.wave).where(SNAPSHOT.c.wave == wave)).first():
        return
    of_study = ("title", "instrument", "form", "k", "simulated", "leaving", "population")
    asked = select(WAVE, *(STUDY.c[each] for each in of_study)).join(STUDY, STUDY.c.id == WAVE.c.study)
    found = db.execute(asked.where(WAVE.c.id == wave)).one()
    instrument = as_it_was_asked(service, found)
    tree = (
        Unit(id=unit.id, title=unit.title, level=unit.level, parent=unit.parent)
        for unit in units(db, found.study)
    )
    declared = LEAVING[found.leaving]
    basis = basis_of(db, instrument, found) if declared.reports else "evidence"
    everything = base_table(
        _about(found, instrument, basis), instrument, _groups(db, found), tree, rules(found.k)
    )
    made = settle(everything, declared)
    report = release(made)
    if made.about.basis:
        report = with_change(report, made, _earlier(db, made.about, found))
    db.execute(
        insert(SNAPSHOT).values(wave=wave, base_table=table_as_json(made), report=report_as_json(report))
    )


def _earlier(db: Connection, about: About, wave: Row[Any]) -> BaseTable | NoChange:
    """Return the base table of the collection before, from which a change is read now or never.

    It is the one before by its number, so that nobody chooses with what a report is compared. The words have
    to be the same, and scored by the same key; answers from files are compared with none. One that cannot be
    read stops no close.
    """
    before = select(WAVE, SNAPSHOT.c.base_table).outerjoin(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)
    of_study = (WAVE.c.study == wave.study) & (WAVE.c.ordinal < wave.ordinal)
    found = db.execute(before.where(of_study).order_by(WAVE.c.ordinal.desc()).limit(1)).first()
    if found is None:
        return NoChange(reason="first")
    if found.state not in (CLOSED, RETIRED):
        return NoChange(reason="not closed")
    if found.base_table is None:
        return NoChange(reason="no report")
    asked = ("form_hash", "words_hashes", "imported")
    if any(getattr(found, name) != getattr(wave, name) for name in asked):
        return NoChange(reason="other words")
    try:
        earlier = table_from_json(found.base_table)
    except ValidationError:
        return NoChange(reason="no report")
    return earlier if earlier.about.key_revision == about.key_revision else NoChange(reason="other words")


def _about(wave: Row[Any], instrument: Instrument, basis: Basis | Lacking) -> About:
    return About(
        study=wave.study,
        title=wave.title,
        wave=wave.id,
        ordinal=wave.ordinal,
        closed_on=wave.closes_at.date().isoformat(),
        simulated=wave.simulated,
        instrument=wave.instrument,
        instrument_title=instrument.title,
        form=wave.form,
        form_hash=wave.form_hash,
        key_revision=instrument.key.revision,
        respondents=instrument.forms[wave.form].about,
        window=instrument.forms[wave.form].window,
        k=wave.k,
        leaving=wave.leaving,
        imported=wave.imported,
        basis=basis if isinstance(basis, Basis) else None,
        lacking="evidence" if isinstance(basis, Basis) else basis,
    )


def _groups(db: Connection, wave: Row[Any]) -> Iterator[Group]:
    """Read the answers of this wave and, for reports, those of earlier waves that are in no snapshot yet.

    Earlier waves are closed ones of the same form and of the same origin: answers from files and those that
    people gave here are never taken together, since a report says which it rests on. Where rows leave,
    answers held out of an earlier wave stay held out.

    A unit that answered partly on paper is held out unless K of it answered on a screen: whoever typed the
    papers knows those answers, and would subtract them from what is published.
    """
    used = used_pairs(db, wave.study)
    alike = (WAVE.c.state == CLOSED) & (WAVE.c.imported == wave.imported)
    pooled = alike if LEAVING[wave.leaving].reports else false()
    answers = (
        select(RESPONSE.c.wave, RESPONSE.c.unit, RESPONSE.c.answers, RESPONSE.c.layout)
        .join(WAVE, WAVE.c.id == RESPONSE.c.wave)
        .where(WAVE.c.study == wave.study, WAVE.c.form_hash == wave.form_hash)
        .where(or_(WAVE.c.id == wave.id, pooled))
    )
    by_unit: dict[str, dict[Pair, list[Mapping[str, Any]]]] = {}
    on_screen: Counter[str] = Counter()
    for source, unit, given, layout in db.execute(answers):
        if (source, unit) not in used:
            by_unit.setdefault(unit, {}).setdefault((source, unit), []).append(given)
            on_screen[unit] += layout != PAPER
    for unit, pairs in by_unit.items():
        people = [person for group in pairs.values() for person in group]
        if 0 < on_screen[unit] < min(wave.k, len(people)):
            continue
        yield Group(unit=unit, pairs=tuple(sorted(pairs)), people=people)


def used_pairs(db: Connection, study: str) -> set[Pair]:
    """The (wave, unit) pairs of a study whose answers a report has used."""
    earlier = (
        select(SNAPSHOT.c.base_table).join(WAVE, WAVE.c.id == SNAPSHOT.c.wave).where(WAVE.c.study == study)
    )
    return {(wave, unit) for kept in db.execute(earlier).scalars() for wave, unit in kept["used"]}
