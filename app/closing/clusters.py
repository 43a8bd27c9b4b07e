"""Clusters of a closing wave: each gets a number drawn anew, which leads to no batch of codes."""

from collections import Counter
from collections.abc import Sequence
from secrets import SystemRandom
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.closing.mixing import RESPONSE
from app.closing.withhold import LEAST
from instrument import WITHHELD


def number_clusters(db: Connection, wave: str) -> None:
    """Put a number in the place of every batch; the rows are mixed in the same transaction, afterwards."""
    of_wave = RESPONSE.c.wave == wave
    batches = select(RESPONSE.c.cluster).where(of_wave, RESPONSE.c.cluster.is_not(None)).distinct()
    known = sorted(db.execute(batches).scalars())
    numbers = list(range(1, len(known) + 1))
    SystemRandom().shuffle(numbers)
    for batch, number in zip(known, numbers, strict=True):
        db.execute(update(RESPONSE).where(of_wave, RESPONSE.c.cluster == batch).values(cluster=str(number)))


def large_enough(rows: Sequence[Row[Any]]) -> list[int]:
    """The cluster that is shown of each row: its number, or that it is withheld where few rows have it."""
    sizes = Counter(row.cluster for row in rows if row.cluster is not None)
    return [int(row.cluster) if sizes[row.cluster] >= LEAST else WITHHELD for row in rows]
