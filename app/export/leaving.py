"""Which rows of a closed wave leave: by what its study declared, and by what was settled at the close."""

from typing import Final

from sqlalchemy import Connection, select

from analysis.disclosure.base_table import Pair, table_from_json
from analysis.disclosure.leaving import Leaving, rows_leave
from app.errors import AppError, Refused
from app.tables import Snapshot, Wave, table

SNAPSHOT: Final = table(Snapshot)
WAVE: Final = table(Wave)


class NoRows(AppError):
    """The study gives out reports."""

    status = 403
    title = "This study gives out reports, not answers"
    message = (
        "No row of it leaves, nor any figure of rows, such as reliability: beside its reports they would "
        "tell who is in which unit. This was declared before the study opened, people were told before they "
        "agreed, and it cannot be changed. The trainers of this study read its reports. Where you need rows, "
        "ask the host for another study that gives out rows, and no reports."
    )


def check_rows_leave(declared: Leaving, *, with_unit: bool) -> None:
    """Refuse what a study has not declared that it gives out.

    Raises
    ------
    NoRows
        If it gives out reports.
    Refused
        If it gives out rows without their unit, and the unit is asked for.
    """
    if not declared.rows:
        raise NoRows
    if with_unit and not declared.units:
        raise Refused(
            "this study gives out rows without their unit: take them without; for rows with units make "
            "another study that declares them"
        )


def rows_that_leave(db: Connection, study: str, declared: Leaving) -> frozenset[Pair]:
    """The (wave, unit) pairs of a study whose rows leave; of a wave that has not closed none do."""
    tables = select(SNAPSHOT.c.base_table).join(WAVE, WAVE.c.id == SNAPSHOT.c.wave)
    settled = db.execute(tables.where(WAVE.c.study == study)).scalars()
    return frozenset[Pair]().union(*(rows_leave(table_from_json(each), declared) for each in settled))
