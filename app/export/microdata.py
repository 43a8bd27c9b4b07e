"""The answers of a closed wave as rows for research: shuffled, under fresh random ids, by the codebook.

Purposes and the hash of the consent are left out: research does not need them, and a rare value would mark a
person. The rows of the archive are those of people who agreed to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from secrets import SystemRandom
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, select

from analysis.disclosure.leaving import LEAVING
from app.closing.leaving import rows_that_leave
from app.closing.withholding import FEWEST, UNIT, context_of
from app.csv_cells import Cell
from app.export.closed_wave import TooFew, check_rows_leave, closed
from app.export.linked import Pairing, pairing
from app.export.rows import PAIR_ID, ROW_ID, Microdata
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from app.tables import Response, table
from app.work_queue import BoundedQueue
from instrument import LEFT_BLANK, Column, Form, Instrument, allowed, codebook, keyed, score

RESPONSE: Final = table(Response)
QUEUE: Final = BoundedQueue(at_once=1, waiting=3)
"""For work on all rows of a wave, which takes seconds of a processor that respondents need."""


def microdata(
    service: Service, db: Connection, wave: str, *, with_unit: bool = False, archive: bool = False
) -> Microdata:
    """Read the rows that leave a closed wave; refused where none do, or too few to be given out."""
    about = closed(db, wave)
    declared = LEAVING[about.leaving]
    check_rows_leave(declared, with_unit=with_unit)
    instrument = as_it_was_asked(service, about)
    form = instrument.forms[about.form]
    leaving = rows_that_leave(db, about.study, declared)
    answers = db.execute(select(RESPONSE).where(RESPONSE.c.wave == wave))
    kept = [row for row in answers if (row.wave, row.unit) in leaving]
    _enough(wave, kept)
    if archive:
        kept = [row for row in kept if row.archived]
        _enough(wave, kept)
    asked = context_of(form, about.context)
    pair = pairing(db, wave, leaving, archive=archive)
    columns = tuple(_columns(instrument, form, asked, wave, pair, with_unit=with_unit))
    provenance = _provenance(about, instrument)
    ids = pair.ids if pair else frozenset()
    rows = list(_rows(columns, kept, instrument=instrument, form=form, provenance=provenance, pair_ids=ids))
    SystemRandom().shuffle(rows)
    return Microdata(
        wave=wave,
        title=about.title,
        simulated=about.simulated,
        imported=about.imported,
        instrument=instrument,
        form=form,
        columns=columns,
        rows=tuple(rows),
        n=about.figures["n"],
        digest_key=service.vault.key_for_digest(wave),
        linked=pair.note if pair else "",
    )


def _columns(
    instrument: Instrument,
    form: Form,
    asked: Sequence[str],
    wave: str,
    pair: Pairing | None,
    *,
    with_unit: bool,
) -> Iterator[Column]:
    left_out = {*form.context} - {*asked} | (set() if with_unit else {UNIT})
    for column in codebook(instrument, form.id, "en"):
        if column.name not in left_out:
            yield column
        if column.name == ROW_ID and pair and pair.linked:
            yield pair.column(wave)


def _rows(
    columns: Sequence[Column],
    kept: Sequence[Row[Any]],
    *,
    instrument: Instrument,
    form: Form,
    provenance: Mapping[str, Cell],
    pair_ids: frozenset[UUID],
) -> Iterator[tuple[Cell, ...]]:
    ids = SystemRandom().sample(range(10**9, 10**10), len(kept))
    turned = _turned(instrument, form)
    for row_id, given in zip(ids, kept, strict=True):
        cells = {
            ROW_ID: row_id,
            PAIR_ID: str(given.pair_id) if given.pair_id in pair_ids else None,
            **provenance,
            **given.told,
            **_answers(form, given.answers, turned),
            **_scores(instrument, form, given.answers),
        }
        yield tuple(cells.get(column.name) for column in columns)


def _enough(wave: str, rows: Sequence[object]) -> None:
    if len(rows) < FEWEST:
        raise TooFew(f"{wave!r} has fewer than {FEWEST} such rows; fewer are given to nobody")


def _provenance(about: Row[Any], instrument: Instrument) -> dict[str, Cell]:
    return {
        "simulated": int(about.simulated),
        "wave": about.id,
        "form_hash": about.form_hash,
        "key_revision": instrument.key.revision,
        "code_version": version("counterpoise"),
    }


def _turned(instrument: Instrument, form: Form) -> dict[tuple[str, int], Cell]:
    """Map every answer that can be stored to its scored value."""
    return {
        (item.id, code): None if (value := keyed(instrument, form.id, item.id, code)) is None else int(value)
        for item in form.items
        for code in (*allowed(form, item), LEFT_BLANK)
    }


def _answers(
    form: Form, answers: Mapping[str, int], turned: Mapping[tuple[str, int], Cell]
) -> dict[str, Cell]:
    given = {item.id: answers[item.id] for item in form.items if item.id in answers}
    raw: dict[str, Cell] = {f"raw_{name}": code for name, code in given.items()}
    return raw | {name: turned[name, code] for name, code in given.items()}


def _scores(instrument: Instrument, form: Form, answers: Mapping[str, int]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name, figure in score(instrument, form.id, answers).items():
        cells[name] = figure.value
        cells[f"{name}_answered"] = figure.answered
    return cells
