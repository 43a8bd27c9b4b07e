"""Clusters of a closing wave: each gets a number drawn anew, which leads to no batch of codes."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    counted = select(RESPONSE.c.unit, RESPONSE.c.cluster, func.count())
    sizes: dict[str, dict[str, int]] = {}
    for unit, batch, size in db.execute(
        counted.where(of_wave, RESPONSE.c.cluster.is_not(None)).group_by(RESPONSE.c.unit, RESPONSE.c.cluster)
    ):
        sizes.setdefault(unit, {})[batch] = size
    small = {batch for of_unit in sizes.values() for batch in too_small(of_unit)}
    large = sorted({batch for of_unit in sizes.values() for batch in of_unit} - small)
    numbers = list(range(1, len(large) + 1))
    SystemRandom().shuffle(numbers)
    told = {**dict.fromkeys(small, SMALL), **dict(zip(large, numbers, strict=True))}
    for batch, number in told.items():
        db.execute(update(RESPONSE).where(of_wave, RESPONSE.c.cluster == batch).values(cluster=str(number)))


def too_small(sizes: Mapping[str, int]) -> set[str]:
    """Return the batches of a unit that are not told apart: those of fewer than five rows.

    Where these have fewer than five rows together, the next smallest goes with them, so that whoever knows
    the only small batch does not know its rows.
    """
    ordered = sorted(sizes, key=lambda batch: (sizes[batch], batch))
    small = {batch for batch in ordered if sizes[batch] < LEAST}
    for batch in ordered[len(small) :]:
        if not 0 < sum(sizes[each] for each in small) < LEAST:
            break
        small.add(batch)
    return small


def large_enough(rows: Sequence[Row[Any]]) -> list[int]:
    """The cluster that is shown of each row: its number, or that it is withheld where few rows have it."""
    sizes = Counter(row.cluster for row in rows if row.cluster is not None)
    shown = {cluster for cluster, size in sizes.items() if size >= LEAST and cluster != str(SMALL)}
    return [int(row.cluster) if row.cluster in shown else WITHHELD for row in rows]
