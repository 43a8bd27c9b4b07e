"""A keyed digest of the rows of each closed wave, by which a changed bit of an answer is found.

It is the sum of a keyed hash of each response, and of each answer that is kept apart. The order of the rows
plays no part, and an erasure subtracts the hashes of its rows without reading the others. It does not cover
the ids, which mixing renews, or the pair_id, which is set later.

Digests were once of responses alone. `make_whole` replaces each of these once, and until it has done so they
count as what they were.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Cast, Column, Connection, LargeBinary, Text, cast, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.runtime import Service
from app.tables import Digest, Setting, table
from app.vault import Vault

DIGEST: Final = table(Digest)
SETTING: Final = table(Setting)
WHOLE: Final = "digests hold what is kept apart"
"""The setting that says that no digest of responses alone is left."""
BYTES: Final = 32
MODULUS: Final = 1 << 8 * BYTES
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
    kept = _locked(db, wave)
    if kept is not None:
        erased = _mac(service.vault, row)
        if special and (_is_whole(db) or not _is_of_responses(service.vault, db, wave, kept - erased)):
            erased += _mac_apart(service.vault, special)
        _replace(db, wave, (kept - erased) % MODULUS)


def make_whole(service: Service, db: Connection) -> None:
    """Add what is kept apart to digests of responses alone, once; one that does not hold stays as it is."""
    if _is_whole(db):
        return
    apart = select(SPECIAL_ANSWER.c.wave)
    for wave in db.execute(select(DIGEST.c.wave).where(DIGEST.c.wave.in_(apart))).scalars().all():
        kept = _locked(db, wave)
        try:
            with db.begin_nested():
                whole = _sum(service.vault, db, wave)
                old = kept is not None and _is_of_responses(service.vault, db, wave, kept)
        except (DBAPIError, ValueError):
            continue
        if old:
            _replace(db, wave, whole)
    db.execute(insert(SETTING).values(name=WHOLE, value=""))


def end_digest(db: Connection, wave: str) -> None:
    """Delete the digest of a wave, whose rows are being deleted."""
    db.execute(delete(DIGEST).where(DIGEST.c.wave == wave))


def changed(service: Service, db: Connection) -> list[str]:
    """The waves whose rows differ from their digest, or cannot be read."""
    found, whole = [], _is_whole(db)
    for wave, kept in db.execute(select(DIGEST.c.wave, DIGEST.c.sum).order_by(DIGEST.c.wave)).all():
        try:
            held = int.from_bytes(kept, "big")
            holds = held == _sum(service.vault, db, wave)
            holds = holds or (not whole and _is_of_responses(service.vault, db, wave, held))
        except (DBAPIError, ValueError):
            holds = False
        if not holds:
            found.append(str(wave))
    return found


def _is_whole(db: Connection) -> bool:
    return db.execute(select(SETTING.c.name).where(SETTING.c.name == WHOLE)).first() is not None


def _locked(db: Connection, wave: str) -> int | None:
    kept = db.execute(select(DIGEST.c.sum).where(DIGEST.c.wave == wave).with_for_update()).scalar()
    return None if kept is None else int.from_bytes(kept, "big")


def _replace(db: Connection, wave: str, made: int) -> None:
    db.execute(update(DIGEST).where(DIGEST.c.wave == wave).values(sum=made.to_bytes(BYTES, "big")))


def _sum(vault: Vault, db: Connection, wave: str) -> int:
    apart = db.execute(select(*SPECIAL_ROW).where(SPECIAL_ANSWER.c.wave == wave))
    return (_sum_of_responses(vault, db, wave) + sum(_mac_apart(vault, row) for row in apart)) % MODULUS


def _is_of_responses(vault: Vault, db: Connection, wave: str, made: int) -> bool:
    return made % MODULUS == _sum_of_responses(vault, db, wave)


def _sum_of_responses(vault: Vault, db: Connection, wave: str) -> int:
    rows = db.execute(select(*ROW).where(RESPONSE.c.wave == wave))
    return sum(_mac(vault, row) for row in rows) % MODULUS


def _mac(vault: Vault, row: Sequence[Any]) -> int:
    first, later = tuple(row)[: -len(LATER)], tuple(row)[-len(LATER) :]
    kept = (*first, *((name, each) for name, each in zip(LATER, later, strict=True) if each is not None))
    return int.from_bytes(vault.row_mac(repr(kept).encode()), "big")


def _mac_apart(vault: Vault, row: Sequence[Any]) -> int:
    """The name of the table keeps such a row from having the hash of a response."""
    return int.from_bytes(vault.row_mac(repr((SPECIAL_ANSWER.name, *row)).encode()), "big")
