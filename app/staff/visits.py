"""Who tries to sign in: somebody in a browser in which they have signed in before, or a stranger.

Strangers can make an account wait by failing in its name. That does not keep its owner out: the browser in
which they signed in before has a cookie that says so, and elsewhere they type two codes of their device in a
row, which nobody can guess. A failure in a known browser makes that browser wait, and no other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.staff.throttle import Throttle


@dataclass(frozen=True)
class Device:
    """A browser in which an account has signed in before, as its sealed cookie says."""

    account: UUID
    key: bytes
    factor: str
    """Which second factor the account had: renewing an account ends its devices."""


@dataclass(frozen=True)
class Visit:
    """One try to sign in."""

    throttle: Throttle
    source: bytes
    device: Device | None = None

    def known_as(self, account: Row[Any] | None, *, two_codes: bool) -> bytes | None:
        """Return the key under which the known owner's failures count; None for a stranger."""
        if account is None:
            return None
        ways = []
        if self.device is not None and (self.device.account, self.device.factor) == (
            account.id,
            factor_of(account),
        ):
            ways.append(self.device.key)
        if two_codes:
            ways.append(account.id.bytes)
        return next((way for way in ways if not self.throttle.devices.waits(way)), None)

    @contextmanager
    def turn(self, known: bytes | None) -> Iterator[None]:
        """Go on at once if known; otherwise when it is the turn of the source."""
        if known is not None:
            yield
            return
        with self.throttle.turn(self.source):
            yield

    def failed(self, known: bytes | None) -> None:
        if known is None:
            self.throttle.failed(self.source)
        else:
            self.throttle.devices.note(known)


def factor_of(account: Row[Any]) -> str:
    """Return a hash that identifies an account's second factor."""
    return sha256(account.totp).hexdigest()
