"""Slips: codes to cut out and hand to people, each with a picture to scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from app.languages import home
from app.printing import PICTURE
from app.templating import Page


@dataclass(frozen=True, kw_only=True)
class Slip:
    code: str
    picture: str


@dataclass(frozen=True, kw_only=True)
class Slips(Page):
    template: ClassVar[str] = "paper/slips.html"
    title: str
    group: str
    """For whom they are: on the margin of every sheet, and on no slip."""
    ends: str
    address: str
    slips: tuple[Slip, ...]


def slips(
    codes: Sequence[str],
    address: str,
    title: str,
    *,
    group: str = "",
    ends: str = "",
    language: str = "en",
) -> Slips:
    """Lay out codes to cut out, each with a picture to scan.

    The picture holds an address with the code behind `#`. A browser does not send that part, so the code is
    in no request and no log.
    """
    address = address.rstrip("/") + home(language)
    made = []
    for code in codes:
        target = f"{address}/#{code}"
        made.append(Slip(code=code, picture=f"{PICTURE}{quote(target, safe='')}"))
    return Slips(language=language, title=title, group=group, ends=ends, address=address, slips=tuple(made))
