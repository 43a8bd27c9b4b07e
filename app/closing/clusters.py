"""Clusters of a closing wave: each gets a number drawn anew, which leads to no batch of codes."""

from collections import Counter
from collections.abc import Sequence
from secrets import SystemRandom
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, update

from app.closing.digests import DIGEST
from app.closing.mixing import RESPONSE
from app.closing.withhold import LEAST
from instrument import WITHHELD

SMALL: Final = 0
"""In the place of every batch that fewer than five rows have: one of its own would lead from a batch of one
code, which the host knows, to its row."""


def number_clusters(db: Connection, wave: str) -> None:
    """Put a number in the place of every batch; the rows are mixed in the same transaction, afterwards.

    A wave that has a digest was numbered by an earlier attempt to close it; the digest is of these numbers.
    """
    if db.execute(select(DIGEST.c.wave).where(DIGEST.c.wave == wave)).first() is not None:
        return
    of_wave = RESPONSE.c.wave == wave
    counted = select(RESPONSE.c.cluster, func.count()).where(of_wave, RESPONSE.c.cluster.is_not(None))
    sizes = {each[0]: each[1] for each in db.execute(counted.group_by(RESPONSE.c.cluster))}
    large = sorted(batch for batch, size in sizes.items() if size >= LEAST)
    numbers = list(range(1, len(large) + 1))
    SystemRandom().shuffle(numbers)
    for batch in sizes:
        number = numbers[large.index(batch)] if batch in large else SMALL
        db.execute(update(RESPONSE).where(of_wave, RESPONSE.c.cluster == batch).values(cluster=str(number)))


def large_enough(rows: Sequence[Row[Any]]) -> list[int]:
    """The cluster that is shown of each row: its number, or that it is withheld where few rows have it."""
    sizes = Counter(row.cluster for row in rows if row.cluster is not None)
    shown = {cluster for cluster, size in sizes.items() if size >= LEAST and cluster != str(SMALL)}
    return [int(row.cluster) if row.cluster in shown else WITHHELD for row in rows]
