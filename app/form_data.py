"""Reads a posted form of limited size; the dependency is async, because a sync one would need a thread."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request

from app.errors import TooLarge, Unreadable

MAX_BODY: Final = 64 * 1024
MAX_FIELDS: Final = 2_000


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form; one that comes twice or holds a NUL is refused: no page of ours sends it."""
    if (
        request.headers.get("content-type", "").partition(";")[0].strip()
        != "application/x-www-form-urlencoded"
    ):
        raise Unreadable
    try:
        pairs = parse_qsl(
            (await _body(request)).decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise Unreadable from None
    fields = dict(pairs)
    if len(fields) < len(pairs) or any("\0" in each for pair in pairs for each in pair):
        raise Unreadable
    return fields


Fields = Annotated[Mapping[str, str], Depends(read_form)]


@dataclass(frozen=True)
class Attempt:
    """A posted form that was refused: why, and what was typed into it, which its page shows again."""

    problem: str = ""
    address: str = ""
    """Where it was posted to; a page may have several forms."""
    fields: Mapping[str, str] = field(default_factory=dict)

    def typed(self, address: str) -> Mapping[str, str]:
        """What was typed into the form that is posted to this address; nothing where it was another form."""
        return self.fields if address == self.address else {}


NO_ATTEMPT: Final = Attempt()


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge
    return bytes(body)
