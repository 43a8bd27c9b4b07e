"""Which rows of a closed wave are given out, by what its study declared and what was settled at the close."""

from typing import Final

from sqlalchemy import Connection, select

from analysis.disclosure.base_table import Pair, table_from_json
from analysis.disclosure.leaving import Leaving, rows_leave
from app.tables import Snapshot, Wave, table

SNAPSHOT: Final = table(Snapshot)
WAVE: Final = table(Wave)


def rows_that_leave(db: Connection, study: str, declared: Leaving) -> frozenset[Pair]:
    """The (wave, unit) pairs of a study whose rows are given out; none of a wave that has not closed."""
    if not declared.rows:
        return frozenset()
    tables = select(SNAPSHOT.c.base_table).join(WAVE, WAVE.c.id == SNAPSHOT.c.wave)
    settled = db.execute(tables.where(WAVE.c.study == study)).scalars()
    return frozenset[Pair]().union(*(rows_leave(table_from_json(each), declared) for each in settled))
