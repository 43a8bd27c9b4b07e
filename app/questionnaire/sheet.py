"""An answer sheet: what one person has answered so far, from the consent to the last question."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The answers of one person so far, with the consent that was given."""

    wave: str
    key: str
    """Random, made once: a sheet sent again is recognised by it, and the receipt is derived from it."""
    language: str
    consent: str = ""
    """The hash of the consent text that was agreed to; empty until then."""
    purposes: tuple[str, ...] = ()
    answers: Mapping[str, int | str]
    """Codes by item; option ids or codes by context question. What was never shown is absent."""
    order: int = 0
    """The number of the order in which a battery is shown to this person; 0 where there is one order only."""

    def in_language(self, language: str) -> Self:
        """Return the same answers in another language; the consent must be given again in its words."""
        return replace(self, language=language, consent="")

    def to_bytes(self) -> bytes:
        """Return the same bytes for equal sheets, so that two can be compared by their HMAC.

        An order of 0 is left out, so a sheet has the bytes that it had before there were orders.
        """
        said = {name: each for name, each in vars(self).items() if name != "order" or each}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, spelt: bytes) -> Self:
        fields = json.loads(spelt)
        return cls(**{**fields, "purposes": tuple(fields["purposes"])})
