"""The answers of a closed wave as rows for research: shuffled, under fresh random ids, by the codebook.

Purposes and the hash of the consent are left out: research does not need them, and a rare value would mark a
person. The rows of the archive are those of people who agreed to it.
"""

from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from importlib.metadata import version
from secrets import token_bytes
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, func, select

from analysis.disclosure.base_table import Pair
from analysis.disclosure.leaving import LEAVING
from app.closing.leaving import rows_that_leave
from app.closing.withholding import CLUSTER, FEWEST, PROVENANCE_THAT_TELLS, UNIT, context_of
from app.csv_cells import Cell
from app.evidence.claims import with_evidence
from app.export.closed_wave import TooFew, check_rows_leave, closed
from app.export.linked import Pairing, pairing
from app.export.progress import Tell, quiet
from app.export.rows import PAIR_ID, ROW_ID, Cells, DoesNotFit, Microdata, by_column
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from app.studies.linking.pairs import outcome_of
from app.studies.special import SPECIAL, SpecialQuestion
from app.tables import Response, SpecialAnswer, table
from app.work_queue import BoundedQueue
from instrument import (
    BLOCK_ORDER,
    LEFT_BLANK,
    MISSING_LABELS,
    RATHER_NOT_SAY,
    WITHHELD,
    Column,
    Form,
    Instrument,
    codebook,
    keyed,
    score,
)

RESPONSE: Final = table(Response)
SPECIAL_ANSWER: Final = table(SpecialAnswer)
LEAST_ID: Final = 10**9
MOST_ID: Final = 10**10
READ_AT_ONCE: Final = 2000
"""A stored row takes some kilobytes until it is held by column."""
OF_CLUSTER: Final = Column(
    name=CLUSTER,
    label="Number of the cluster that the code was made for, such as a supervisor or a site, drawn anew for "
    "this collection; withheld where fewer than five rows have it",
    kind="provenance",
    measure="nominal",
    missing={WITHHELD: MISSING_LABELS[WITHHELD]},
)
QUEUE: Final = BoundedQueue(at_once=1, waiting=3)
"""For work on all rows of a wave, which takes seconds of a processor that respondents need."""


def microdata(
    service: Service,
    db: Connection,
    wave: str,
    *,
    with_unit: bool = False,
    archive: bool = False,
    tell: Tell = quiet,
) -> Microdata:
    """Read the rows that leave a closed wave; refused where none do, or too few to be given out."""
    about = closed(db, wave)
    declared = LEAVING[about.leaving]
    check_rows_leave(declared, with_unit=with_unit)
    instrument = with_evidence(db, as_it_was_asked(service, about), about.form)
    form = instrument.forms[about.form]
    leaving = rows_that_leave(db, about.study, declared)
    asked = context_of(form, about.context)
    pair = pairing(db, wave, leaving, archive=archive)
    columns = tuple(
        _columns(instrument, form, asked, wave, pair, with_unit=with_unit, with_cluster=about.clusters)
    )
    special = () if archive else tuple(SPECIAL[each] for each in about.special or ())
    reading = _Reading(instrument, form, columns, pair.ids if pair else frozenset(), special)
    total = db.execute(select(func.count()).select_from(RESPONSE).where(RESPONSE.c.wave == wave)).scalar_one()
    found = reading.all(_blocks(db, wave, leaving, total, archive=archive, tell=tell), total)
    apart = tuple((_special_column(each), found.pop(each.column)) for each in special)
    count = len(next(iter(found.values())))
    found[ROW_ID] = Cells(_ids(count))
    for name, cell in _provenance(about, instrument).items():
        found[name] = Cells((cell,), np.zeros(count, np.uint8))
    return Microdata(
        wave=wave,
        title=about.title,
        simulated=about.simulated,
        imported=about.imported,
        instrument=instrument,
        form=form,
        columns=columns,
        cells=tuple(found[column.name] for column in columns),
        n=about.figures["n"],
        digest_key=service.vault.key_for_digest(wave),
        linked=pair.note if pair else "",
        withheld=declared.withheld,
        flow=about.flow,
        special=apart,
    )


def linked_microdata(
    service: Service,
    db: Connection,
    wave: str,
    *,
    with_unit: bool = False,
    archive: bool = False,
    tell: Tell = quiet,
) -> tuple[Microdata, Microdata]:
    """Read both waves of a pair, at the same moment."""
    pair = outcome_of(db, wave)
    if pair is None:
        raise DoesNotFit(f"{wave!r} is in no pair of collections that are linked")
    how = {"with_unit": with_unit, "archive": archive}
    earlier, later = (microdata(service, db, each, **how, tell=tell) for each in (pair.earlier, pair.later))
    return earlier, later


def _blocks(
    db: Connection, wave: str, leaving: Container[Pair], total: int, *, archive: bool, tell: Tell
) -> Iterator[list[Row[Any]]]:
    """The rows that leave, some at a time; refused in the end where they were too few."""
    names = ("wave", "unit", "answers", "told", "archived", "pair_id")
    asked: Select[Any] = (
        select(*(RESPONSE.c[name] for name in names), SPECIAL_ANSWER.c.told.label("special"))
        .outerjoin(SPECIAL_ANSWER, SPECIAL_ANSWER.c.receipt_hmac == RESPONSE.c.receipt_hmac)
        .where(RESPONSE.c.wave == wave)
    )
    answers = db.execute(asked, execution_options={"yield_per": READ_AT_ONCE})
    seen = kept = inside = 0
    for some in answers.partitions():
        rows = [row for row in some if (row.wave, row.unit) in leaving]
        kept += len(rows)
        if archive:
            rows = [row for row in rows if row.archived]
        inside += len(rows)
        yield rows
        tell(f"reading {wave}", seen := seen + len(some), total)
    _enough(wave, kept)
    _enough(wave, inside)


def _columns(
    instrument: Instrument,
    form: Form,
    asked: Sequence[str],
    wave: str,
    pair: Pairing | None,
    *,
    with_unit: bool,
    with_cluster: bool,
) -> Iterator[Column]:
    left_out = {*form.context} - {*asked} | (set() if with_unit else {UNIT})
    for column in codebook(instrument, form.id, instrument.words_for_staff(form.id).language):
        if column.name not in left_out:
            yield column
        if column.name == ROW_ID and pair and pair.linked:
            yield pair.column(wave)
        if column.name == ROW_ID and with_cluster:
            yield OF_CLUSTER


class _Reading:
    """Makes of a stored row the cells that are read off it, in the order of `names`."""

    def __init__(
        self,
        instrument: Instrument,
        form: Form,
        columns: Sequence[Column],
        pair_ids: Container[UUID],
        special: Sequence[SpecialQuestion],
    ) -> None:
        self.instrument, self.form, self.pair_ids, self.special = instrument, form, pair_ids, special
        kinds = {column.name: column.kind for column in columns}
        telling = {UNIT, BLOCK_ORDER, CLUSTER, *PROVENANCE_THAT_TELLS}
        self.told = [name for name, kind in kinds.items() if kind == "context" or name in telling]
        self.items = [item.id for item in form.items]
        self.scores = [name for name, kind in kinds.items() if kind == "score"]
        self.names = [
            *([PAIR_ID] if PAIR_ID in kinds else []),
            *self.told,
            *(f"raw_{item}" for item in self.items),
            *self.scores,
            *(f"{name}_answered" for name in self.scores),
            *(each.column for each in special),
        ]

    def all(self, blocks: Iterable[list[Row[Any]]], most: int) -> dict[str, Cells]:
        """Read all rows, so many at the most, and shuffle them: by name, with what follows from them."""
        cells = by_column(([self._row(row) for row in rows] for rows in blocks), len(self.names), most)
        order = _order(len(cells[0]))
        found = {name: cells.pop(0)[order] for name in self.names}
        return found | {item: self._keyed(item, found[f"raw_{item}"]) for item in self.items}

    def _row(self, row: Row[Any]) -> tuple[Cell, ...]:
        scores = score(self.instrument, self.form.id, row.answers)
        shown = [scores[name] for name in self.scores]
        return (
            *([str(row.pair_id) if row.pair_id in self.pair_ids else None] if PAIR_ID in self.names else []),
            *map(row.told.get, self.told),
            *map(row.answers.get, self.items),
            *(each.value for each in shown),
            *(each.answered for each in shown),
            *((row.special or {}).get(each.id) for each in self.special),
        )

    def _keyed(self, item: str, raw: Cells) -> Cells:
        return Cells([self._turned(item, code) for code in raw.values], raw.places)

    def _turned(self, item: str, code: Cell) -> Cell:
        if not isinstance(code, int):
            return None
        value = keyed(self.instrument, self.form.id, item, code)
        return None if value is None else int(value)


def _special_column(question: SpecialQuestion) -> Column:
    codes = (LEFT_BLANK, RATHER_NOT_SAY, WITHHELD)
    return Column(
        name=question.column,
        label=question.text,
        kind="context",
        measure="nominal",
        values=question.options,
        missing={code: MISSING_LABELS[code] for code in codes},
    )


def _order(count: int) -> NDArray[np.integer]:
    """Every place once, in an order that is drawn anew each time."""
    return np.argsort(_chance(count), kind="stable")


def _ids(count: int) -> Sequence[int]:
    """As many different numbers of ten digits, by chance."""
    drawn = np.sort(LEAST_ID + _chance(count + count // 100 + 100) % (MOST_ID - LEAST_ID))
    different = drawn[1:][drawn[1:] != drawn[:-1]]
    return array("q", different[_order(len(different))[:count]].tobytes())


def _chance(count: int) -> NDArray[np.uint64]:
    return np.frombuffer(token_bytes(8 * count), np.uint64)


def _enough(wave: str, rows: int) -> None:
    if rows < FEWEST:
        raise TooFew(f"{wave!r} has fewer than {FEWEST} such rows; fewer are given to nobody")


def _provenance(about: Row[Any], instrument: Instrument) -> dict[str, Cell]:
    return {
        "simulated": int(about.simulated),
        "wave": about.id,
        "form_hash": about.form_hash,
        "key_revision": instrument.key.revision,
        "code_version": version("counterpoise"),
    }
