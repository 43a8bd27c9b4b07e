"""Answers from elsewhere as a wave: all rows of a file or none, in one transaction.

Only the command line does this: whoever imports holds the file, which says more than any page may. From then
on the wave is mixed, closed and given out like any other, and says everywhere that it was imported.
"""

from pathlib import Path
from secrets import SystemRandom
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from app.audit import audit
from app.closing.withholding import context_of
from app.db import read, write
from app.errors import Refused
from app.operations.imported_rows import Person, Target, read_people
from app.questionnaire.consent import STUDY as FOR_THE_STUDY
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.anonymity import budget_of, check_budget
from app.studies.installed import as_it_was_asked
from app.studies.linking.pairs import codes_of, unmatched
from app.studies.study import STUDY, units
from app.studies.waves import WAVE, expect, open_wave, the_wave
from app.survey.sending import response_row
from app.tables import OPEN, PREPARED, RESEARCH, Response, table
from app.vault import new_token

RESPONSE: Final = table(Response)
IMPORTED: Final = "imported"
"""In place of the words, the layout and the consent, of which nothing is known."""


def import_wave(
    service: Service, wave: str, file: Path, map_file: Path | None = None
) -> tuple[int, tuple[str, ...]]:
    """Take a file's answers into a prepared wave and open it; return how many, and notes on the file.

    The file is read before anything is locked, so that people who answer in other waves need not wait.

    Raises
    ------
    Refused
        The wave cannot take a file, or the file not be taken whole; nothing has been written.
    """
    with read(service.engine) as db:
        target = _target(service, db, wave)
    people, notes = read_people(file, map_file, target)
    if not (target.simulated or target.told):
        check_budget(budget_of(target.instrument, target.form.id, target.context, len(people)))
    SystemRandom().shuffle(people)  # the place of a row in the file would tell whose it is
    rows = [_row(service, wave, each) for each in people]
    with write(service.engine) as db:
        expect(db, wave, (PREPARED,), OPEN)
        if _target(service, db, wave) != target:
            raise Refused(f"{wave!r} was changed while {file} was read: try again")
        open_wave(service, db, wave, elsewhere=True)
        db.execute(update(WAVE).where(WAVE.c.id == wave).values(imported=True))
        db.execute(insert(RESPONSE), rows)
        audit(service.vault, db, {"action": "answers imported", "wave": wave})
    return len(rows), notes


def _target(service: Service, db: Connection, wave: str) -> Target:
    """What the wave asks; refused where it is not prepared, or people may answer in it."""
    state = the_wave(db, wave).state
    if state != PREPARED:
        raise Refused(f"collection {wave!r} is {state}; answers from a file go into one that is prepared")
    if codes_of(db, wave):
        raise Refused(f"codes were made for {wave!r}, so people may answer in it: prepare another collection")
    if unmatched(db, wave) is not None:
        raise Refused(
            f"{wave!r} is one of a pair, whose answers people link themselves: prepare another collection"
        )
    if db.execute(select(RESPONSE.c.id).where(RESPONSE.c.wave == wave).limit(1)).first():
        raise Refused(f"{wave!r} holds answers already: prepare another collection")
    columns = [STUDY.c[each] for each in ("instrument", "form", "context", "simulated", "kind")]
    asked = select(WAVE, *columns).join(STUDY, STUDY.c.id == WAVE.c.study).where(WAVE.c.id == wave)
    found = db.execute(asked).one()
    instrument = as_it_was_asked(service, found)
    form = instrument.forms[found.form]
    of_study = tuple((each.id, each.title) for each in units(db, found.study) if each.level == "unit")
    if not of_study:
        raise Refused(f"{found.study!r} has no unit yet: counterpoise study unit {found.study} UNIT TITLE")
    return Target(
        wave=wave,
        study=found.study,
        simulated=found.simulated,
        told=found.kind == RESEARCH,
        instrument=instrument,
        form=form,
        context=tuple(context_of(form, found.context)),
        units=of_study,
    )


def _row(service: Service, wave: str, person: Person) -> dict[str, Any]:
    """A response as a sheet that was sent leaves it, with a receipt that nobody has seen."""
    sheet = Sheet(
        wave=wave,
        key=new_token(),
        language=person.language,
        consent=IMPORTED,
        purposes=(FOR_THE_STUDY,),
        answers=person.answers,
    )
    receipt = service.vault.receipt_hmac(service.vault.receipt(sheet.key))
    return response_row(sheet, unit=person.unit, words_hash=IMPORTED, layout=IMPORTED, receipt_hmac=receipt)
