"""What a host sends to everybody alike: an invitation or a reminder, in each language of a wave."""

from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup
from sqlalchemy import Row

from analysis.disclosure.leaving import LEAVING
from app.languages import LANGUAGES, home, moment
from app.templating import Page, render


@dataclass(frozen=True, kw_only=True)
class LetterText(Page):
    template: ClassVar[str] = "paper/letter.html"
    title: str
    address: str
    ends: str
    k: int
    gives_out_rows: bool
    reminds: bool


@dataclass(frozen=True)
class Letter:
    """A text to copy, and the language that it is in."""

    language: str
    name: str
    direction: str
    text: Markup


def letters(wave: Row[Any], study: Row[Any], address: str, *, reminds: bool) -> tuple[Letter, ...]:
    """Write an invitation, or a reminder, in every language in which the wave can be answered."""
    return tuple(
        Letter(language, each.name, each.direction, _text(wave, study, address, language, reminds=reminds))
        for language, each in LANGUAGES.items()
        if language in wave.words_hashes
    )


def _text(wave: Row[Any], study: Row[Any], address: str, language: str, *, reminds: bool) -> Markup:
    page = LetterText(
        language=language,
        title=study.title,
        address=address and address.rstrip("/") + home(language),
        ends=moment(wave.closes_at, wave.zone, language) if wave.closes_at else "",
        k=study.k,
        gives_out_rows=LEAVING[study.leaving].rows,
        reminds=reminds,
    )
    return Markup(render(page))  # noqa: S704 - the template escapes every value
