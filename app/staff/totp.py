"""The second factor: six digits that a device works out from a shared secret and the time (RFC 6238)."""

import hmac
from base64 import b32encode
from datetime import datetime
from typing import Final
from urllib.parse import quote

SECRET_BYTES: Final = 20
STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""How many steps a device's clock may be off, either way."""
ISSUER: Final = "Counterpoise"


def code_at(secret: bytes, step: int) -> str:
    """Return the six digits of a time step."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_at(moment: datetime) -> int:
    """Return the number of the time step of 30 seconds that a moment is in."""
    return int(moment.timestamp()) // STEP_SECONDS


def step_of(secret: bytes, typed: str, moment: datetime, last: int) -> int | None:
    """The step whose code was typed, if it is about now and later than the last one used."""
    present, digits = step_at(moment), typed.replace(" ", "").encode()
    steps = range(present - DRIFT, present + DRIFT + 1)
    same = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), digits)]
    return next((step for step in same if step > last), None)


def step_of_two(secret: bytes, typed: str, moment: datetime, last: int) -> int | None:
    """The later step of two codes in a row, typed one after the other: twelve digits cannot be guessed."""
    digits = typed.replace(" ", "")
    step = step_of(secret, digits[DIGITS:], moment, last)
    if step is None or len(digits) != 2 * DIGITS:
        return None
    earlier = code_at(secret, step - 1)
    return step if hmac.compare_digest(earlier.encode(), digits[:DIGITS].encode()) else None


def as_text(secret: bytes) -> str:
    """The secret as a person types it into a device that cannot scan."""
    return b32encode(secret).decode()


def address(secret: bytes, name: str) -> str:
    """The address in the picture that the device scans."""
    return f"otpauth://totp/{ISSUER}:{quote(name)}?secret={as_text(secret)}&issuer={ISSUER}"
