"""The trail of what staff did: each entry is sealed together with the seal of the entry before it.

An event names an action and its object, never an answer, a token or a person who answered. Changing, removing
or swapping an entry breaks the chain. Cutting off the last entries does not, so `head` is to be kept
elsewhere.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text

from app.db import is_sqlite
from app.tables import Audit, table
from app.vault import Vault

AUDIT: Final = table(Audit)
BEGINNING: Final = b""
_ACTING: Final[ContextVar[str | None]] = ContextVar("acting", default=None)


@dataclass(frozen=True)
class Chain:
    """The result of checking the trail."""

    length: int
    head: str
    """The last seal: kept elsewhere, it shows later whether entries were cut off."""
    broken_at: int | None
    """The number of the first entry that is not what was written; None where all are."""


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
    """Add an entry to the trail, sealed together with the entry before it."""
    event = event if (by := _ACTING.get()) is None else {**event, "by": by}
    if not is_sqlite(db):  # SQLite allows one write at a time anyway
        db.execute(text(f"LOCK TABLE {AUDIT.name} IN EXCLUSIVE MODE"))
    last = db.execute(select(AUDIT.c.number, AUDIT.c.mac).order_by(AUDIT.c.number.desc()).limit(1)).first()
    number, before = (last.number + 1, last.mac) if last else (1, BEGINNING)
    at = datetime.now(UTC)
    mac = vault.audit_mac(before, _sealed(number, at, event))
    db.execute(insert(AUDIT).values(number=number, at=at, event=event, mac=mac))


def events(db: Connection) -> list[Row[Any]]:
    """Return all entries of the trail, oldest first."""
    return list(db.execute(select(AUDIT).order_by(AUDIT.c.number)))


def verify(vault: Vault, db: Connection) -> Chain:
    """Check every seal of the trail; return where the first one is broken, if one is."""
    before, length = BEGINNING, 0
    for length, entry in enumerate(events(db), start=1):
        mac = vault.audit_mac(before, _sealed(length, entry.at, entry.event))
        if entry.number != length or entry.mac != mac:
            return Chain(length, before.hex(), length)
        before = mac
    return Chain(length, before.hex(), None)


def _sealed(number: int, at: datetime, event: dict[str, str]) -> bytes:
    return json.dumps([number, at.isoformat(), event], sort_keys=True, separators=(",", ":")).encode()
