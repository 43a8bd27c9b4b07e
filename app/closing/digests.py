"""A keyed digest of the rows of each closed wave, by which a changed bit of an answer is found.

It is the sum of a keyed hash of each response, and of each answer that is kept apart. The order of the rows
plays no part, and an erasure subtracts the hashes of its rows without reading the others. It does not cover
the ids, which mixing renews, or the pair_id, which is set later.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Cast, Column, Connection, LargeBinary, Text, cast, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.runtime import Service
from app.tables import Digest, table
from app.vault import Vault

DIGEST: Final = table(Digest)
BYTES: Final = 32
NOT_IN_IT: Final = frozenset({"id", "pair_id", "elements"})
LATER: Final = ("block_order", "cluster")
"""Columns that came after the first digests: in a row without them they play no part."""


def _as_kept(column: Column[Any]) -> Cast[Any]:
    """Return a column as the database holds it, not as it is read: JSON as its letters."""
    return cast(column, LargeBinary if isinstance(column.type, LargeBinary) else Text)


ROW: Final = [
    _as_kept(column)
    for column in (
        *(each for each in RESPONSE.c if each.name not in {*NOT_IN_IT, *LATER}),
        *(RESPONSE.c[name] for name in LATER),
    )
]
SPECIAL_ROW: Final = [_as_kept(column) for column in SPECIAL_ANSWER.c if column.name not in NOT_IN_IT]


def keep_digest(service: Service, db: Connection, wave: str) -> None:
    """Keep the digest of a wave once withholding is decided; an existing one stays as it is."""
    if db.execute(select(DIGEST.c.wave).where(DIGEST.c.wave == wave)).first() is None:
        made = _sum(service.vault, db, wave).to_bytes(BYTES, "big")
        db.execute(insert(DIGEST).values(wave=wave, sum=made))


def take_away(
    service: Service, db: Connection, wave: str, row: Sequence[Any], special: Sequence[Any] | None
) -> None:
    """Subtract what was erased from the digest of its wave, if there is one.

    `row` is given as `ROW` has it, and `special` as `SPECIAL_ROW`, where something was kept apart.
    """
    kept = db.execute(select(DIGEST.c.sum).where(DIGEST.c.wave == wave).with_for_update()).scalar()
    if kept is not None:
        erased = _mac(service.vault, row) + (_mac_apart(service.vault, special) if special else 0)
        left = (int.from_bytes(kept, "big") - erased) % (1 << 8 * BYTES)
        db.execute(update(DIGEST).where(DIGEST.c.wave == wave).values(sum=left.to_bytes(BYTES, "big")))


def end_digest(db: Connection, wave: str) -> None:
    """Delete the digest of a wave, whose rows are being deleted."""
    db.execute(delete(DIGEST).where(DIGEST.c.wave == wave))


def changed(service: Service, db: Connection) -> list[str]:
    """The waves whose rows differ from their digest, or cannot be read."""
    found = []
    for wave, kept in db.execute(select(DIGEST.c.wave, DIGEST.c.sum).order_by(DIGEST.c.wave)).all():
        try:
            holds = _sum(service.vault, db, wave) == int.from_bytes(kept, "big")
        except (DBAPIError, ValueError):
            holds = False
        if not holds:
            found.append(str(wave))
    return found


def _sum(vault: Vault, db: Connection, wave: str) -> int:
    rows = db.execute(select(*ROW).where(RESPONSE.c.wave == wave))
    apart = db.execute(select(*SPECIAL_ROW).where(SPECIAL_ANSWER.c.wave == wave))
    whole = sum(_mac(vault, row) for row in rows) + sum(_mac_apart(vault, row) for row in apart)
    return whole % (1 << 8 * BYTES)


def _mac(vault: Vault, row: Sequence[Any]) -> int:
    first, later = tuple(row)[: -len(LATER)], tuple(row)[-len(LATER) :]
    kept = (*first, *((name, each) for name, each in zip(LATER, later, strict=True) if each is not None))
    return int.from_bytes(vault.row_mac(repr(kept).encode()), "big")


def _mac_apart(vault: Vault, row: Sequence[Any]) -> int:
    """The name of the table keeps such a row from having the hash of a response."""
    return int.from_bytes(vault.row_mac(repr((SPECIAL_ANSWER.name, *row)).encode()), "big")
