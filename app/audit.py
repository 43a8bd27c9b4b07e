"""The trail of what staff did: each entry is sealed together with the seal of the entry before it.

An event names an action and its object, never an answer, a token or a person who answered. Changing, removing
or swapping an entry breaks the chain. Cutting off the last entries does not, so `head` is to be kept
elsewhere. The first entries are deleted after their day: then the seal of the last of them is kept, under a
seal of its own, and the chain begins there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, text, update

from app.db import is_sqlite
from app.runtime import check_still
from app.tables import Audit, Setting, table
from app.vault import Vault

AUDIT: Final = table(Audit)
SETTING: Final = table(Setting)
BEGINS_AFTER: Final = "trail begins after"
BEGINNING: Final = b""
_ACTING: Final[ContextVar[str | None]] = ContextVar("acting", default=None)


@dataclass(frozen=True)
class Chain:
    """The result of checking the trail."""

    length: int
    """The number of the last entry."""
    head: str
    """The last seal: kept elsewhere, it shows later whether entries were cut off."""
    broken_at: int | None
    """The number of the first entry that is not what was written; None where all are."""
    deleted: int = 0
    """How many entries were deleted at its beginning, after their day."""


def acting(name: str) -> None:
    """Set the name under which what this request does is written down."""
    _ACTING.set(name)


@contextmanager
def acts(name: str) -> Iterator[None]:
    """Set the name under which what happens within the block is written down."""
    token = _ACTING.set(name)
    try:
        yield
    finally:
        _ACTING.reset(token)


def audit(vault: Vault, db: Connection, event: dict[str, str]) -> None:
    """Add an entry to the trail, sealed together with the one before it; never under an earlier secret."""
    event = event if (by := _ACTING.get()) is None else {**event, "by": by}
    _hold(db)
    check_still(vault, db)
    last = db.execute(select(AUDIT.c.number, AUDIT.c.mac).order_by(AUDIT.c.number.desc()).limit(1)).first()
    length, before = (last.number, last.mac) if last else _beginning(vault, db)
    at = datetime.now(UTC)
    mac = vault.audit_mac(before, _sealed(length + 1, at, event))
    db.execute(insert(AUDIT).values(number=length + 1, at=at, event=event, mac=mac))


def events(db: Connection) -> list[Row[Any]]:
    """Return all entries of the trail, oldest first."""
    return list(db.execute(select(AUDIT).order_by(AUDIT.c.number)))


def cut(vault: Vault, db: Connection, last: Row[Any]) -> None:
    """Delete the entries up to this one, which a later one tells, and keep its seal."""
    _keep_beginning(vault, db, last.number, last.mac)
    db.execute(delete(AUDIT).where(AUDIT.c.number <= last.number))


def seal_anew(old: Vault, new: Vault, db: Connection) -> None:
    """Seal every entry under another secret; the seal that was kept of deleted ones stays, proved anew."""
    _hold(db)
    deleted, before = _beginning(old, db)
    if deleted:
        _keep_beginning(new, db, deleted, before)
    for entry in events(db):
        before = new.audit_mac(before, _sealed(entry.number, entry.at, entry.event))
        db.execute(update(AUDIT).where(AUDIT.c.number == entry.number).values(mac=before))


def verify(vault: Vault, db: Connection) -> Chain:
    """Check every seal of the trail; return where the first one is broken, if one is."""
    deleted, before = _beginning(vault, db)
    length = deleted
    for length, entry in enumerate(events(db), start=deleted + 1):
        mac = vault.audit_mac(before, _sealed(length, entry.at, entry.event))
        if entry.number != length or entry.mac != mac:
            return Chain(length, before.hex(), length, deleted)
        before = mac
    return Chain(length, before.hex(), None, deleted)


def _hold(db: Connection) -> None:
    """Let nobody else add to the trail meanwhile; SQLite allows one write at a time anyway."""
    if not is_sqlite(db):
        db.execute(text(f"LOCK TABLE {AUDIT.name} IN EXCLUSIVE MODE"))


def _keep_beginning(vault: Vault, db: Connection, deleted: int, seal: bytes) -> None:
    kept = f"{deleted} {seal.hex()} {vault.cut_mac(deleted, seal).hex()}"
    db.execute(delete(SETTING).where(SETTING.c.name == BEGINS_AFTER))
    db.execute(insert(SETTING).values(name=BEGINS_AFTER, value=kept))


def _beginning(vault: Vault, db: Connection) -> tuple[int, bytes]:
    """How many entries were deleted, and the seal of the last of them; none where nobody here has done so."""
    kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == BEGINS_AFTER)).scalar()
    try:
        number, mac, proof = str(kept or "").split()
        deleted, seal = int(number), bytes.fromhex(mac)
    except ValueError:
        return 0, BEGINNING
    return (deleted, seal) if vault.cut_mac(deleted, seal).hex() == proof else (0, BEGINNING)


def _sealed(number: int, at: datetime, event: dict[str, str]) -> bytes:
    return json.dumps([number, at.isoformat(), event], sort_keys=True, separators=(",", ":")).encode()
