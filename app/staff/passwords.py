"""Passwords of staff: Argon2id, at most two computed at once, one of them for strangers."""

import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.errors import Refused
from app.work_queue import BoundedQueue

SHORTEST: Final = 12
LONGEST: Final = 200

# 19 MiB and two passes: the least that OWASP asks for, 30 ms here. Two at once leave room for respondents.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
KNOWN: Final = BoundedQueue(at_once=1, waiting=4)
STRANGERS: Final = BoundedQueue(at_once=1, waiting=6)
"""For sign-ins from unknown browsers; however many there are, those from known ones do not wait for them."""


def hash_password(password: str) -> str:
    """Return the hash of a password, when it is this one's turn."""
    with KNOWN.take():
        return HASHER.hash(password)


def is_password(hashed: str | None, password: str, *, known: bool) -> bool:
    """Compare; where there is no password to compare with, refusing takes as long."""
    with (KNOWN if known else STRANGERS).take():
        try:
            return HASHER.verify(hashed or _nobodys(), password[:LONGEST]) and hashed is not None
        except VerifyMismatchError:
            return False


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too short, too long or too simple."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(f"a password has {SHORTEST} to {LONGEST} characters")
    if name in password.casefold():
        raise Refused("this password holds your name: take several words that nobody links with you")
    if len(set(password)) < SHORTEST // 2:
        raise Refused("this password repeats few signs: take several words that nobody links with you")


def one_time_password() -> str:
    """Return 80 random bits, in groups that can be read aloud."""
    return "-".join(secrets.token_hex(2) for _ in range(5))


@cache
def _nobodys() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))
