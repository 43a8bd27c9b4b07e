"""The languages of the interface: the name, direction, address and catalogue of each.

English stands in the source. Every other language has a PO file and no compiled one: it is compiled in memory
when a page first needs it, so no build step is needed and no compiled file can be out of date.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from starlette.requests import Request

DOMAIN: Final = "counterpoise"
LOCALE: Final = Path(__file__).parent / "locale"
SOURCE: Final = "en"
LONGEST_HEADER: Final = 500


class Language(NamedTuple):
    name: str
    """As its speakers call it."""
    direction: Literal["ltr", "rtl"]


LANGUAGES: Final[Mapping[str, Language]] = {
    "en": Language("English", "ltr"),
    "cy": Language("Cymraeg", "ltr"),
    "es": Language("Español", "ltr"),
    "ar": Language("العربية", "rtl"),
}


def _(message: str) -> str:
    """Mark a sentence for translation; the page that shows it translates it."""
    return message


def home(language: str) -> str:
    """How every address of a language begins: nothing for English, `/ar` for Arabic."""
    return "" if language == SOURCE else f"/{language}"


def told_apart(path: str) -> tuple[str, str]:
    """Split an address into its language and the rest."""
    first, _, rest = path[1:].partition("/")
    return (first, f"/{rest}") if first in LANGUAGES and first != SOURCE else (SOURCE, path)


def language_of(request: Request) -> str:
    """The language that the address names, as the middleware has read it."""
    language: str = request.scope["language"]
    return language


def browser_language(request: Request) -> str | None:
    """Return the language that the browser asks for first, if it is one of ours and not that of the page.

    It is only offered, by a link: nobody is moved, and the address alone decides what a page is in.
    """
    asked = []
    for number, part in enumerate(request.headers.get("accept-language", "")[:LONGEST_HEADER].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), number, tag.partition("-")[0].casefold()))
        except ValueError:
            continue
    first = next((each for *_, each in sorted(asked)), None)
    return first if first in LANGUAGES and first != language_of(request) else None


@cache
def translations(language: str) -> NullTranslations:
    """The interface's words in a language; an unknown one is an error, never English instead."""
    if language == SOURCE:
        return NullTranslations()
    # Imported here, since a service that nobody visits in another language needs neither.
    from babel.messages.mofile import write_mo  # noqa: PLC0415
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with catalogue(language).open("rb") as file:
        read = read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return GNUTranslations(compiled)


def catalogue(language: str) -> Path:
    """Return the path of a language's catalogue."""
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def day(iso: str, language: str) -> str:
    """Write a date, given as in ISO 8601, as the language does."""
    from babel.dates import format_date  # noqa: PLC0415 - as above

    locale = "en_GB" if language == SOURCE else language
    return format_date(date.fromisoformat(iso), "long", locale=locale)


def moment(at: datetime, zone: str | None, language: str = SOURCE) -> str:
    """Write a moment as the language does, in a time zone and with its name; in UTC without one."""
    from babel.dates import format_datetime  # noqa: PLC0415 - as above

    locale = "en_GB" if language == SOURCE else language
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{format_datetime(local, 'd MMMM y, HH:mm', locale=locale)} ({zone or 'UTC'})"


def english_day(on: date) -> str:
    """A day as the pages of staff write it, which are in English."""
    return f"{on.day} {on:%B %Y}"


def decimal(value: float, language: str) -> str:
    """Write a figure with at most one decimal as the language does, in the digits 0-9 as codes have them."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - as above

    return format_decimal(round(value, 1), format="#,##0.#", locale=language)
