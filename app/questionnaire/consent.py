"""What a person agrees to: the text as shown, and its hash, which is kept with the answers."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar, Final

from markupsafe import Markup

from analysis.disclosure.leaving import Leaving
from app.languages import day
from app.templating import Page, render

STUDY: Final = "study"
ARCHIVE: Final = "archive"
FAIRNESS: Final = "fairness"
PURPOSES: Final = (STUDY, ARCHIVE, FAIRNESS)
"""What the answers may be used for: the study itself, which is required; an archive; and, for what the law
protects, whether the questionnaire works equally well for different people.
"""


@dataclass(frozen=True)
class Research:
    """What the people of a research study are told of it beside what every study tells."""

    ethics: str
    """The reference of its approval, once two people have confirmed what leaves; else empty."""
    people: int
    alone: int
    """How many of them may be the only one with what they say of themselves, at the most."""
    clusters: bool
    """Whether a code carries a cluster."""
    special: tuple[str, ...]
    """The questions about the person that are asked under a purpose of their own."""


@dataclass(frozen=True, kw_only=True)
class ConsentText(Page):
    template: ClassVar[str] = "survey/consent_text.html"
    k: int
    leaving: Leaving
    linked: bool
    deleted_on: str | None
    """The day that the study has declared, as the language writes it."""
    before: tuple[str, ...]
    """What the words of the form say to whoever is about to decide."""
    information: tuple[tuple[str, str], ...]
    """What the host has written of the study, each with its title."""
    paper: bool
    """Whether answers on paper are typed in."""
    research: Research | None
    compared: bool
    """Whether reports may compare groups and collections, where evidence allows it."""


@dataclass(frozen=True)
class Consent:
    """The consent as shown: markup, plain text and the hash of the text."""

    markup: Markup
    text: str
    hash: str


@lru_cache(maxsize=64)
def consent(
    k: int,
    language: str,
    *,
    leaving: Leaving,
    linked: bool = False,
    retire_on: date | None = None,
    before: tuple[str, ...] = (),
    information: tuple[tuple[str, str], ...] = (),
    paper: bool = False,
    research: Research | None = None,
    compared: bool = False,
) -> Consent:
    """Return the text for a study that reports on `k` people at least; the hash is over its words alone."""
    deleted_on = day(retire_on.isoformat(), language) if retire_on else None
    text_page = ConsentText(
        language=language,
        k=k,
        leaving=leaving,
        linked=linked,
        deleted_on=deleted_on,
        before=before,
        information=information,
        paper=paper,
        research=research,
        compared=compared,
    )
    markup = Markup(render(text_page))  # noqa: S704 - our own template, escaped
    text = markup.striptags()
    return Consent(markup, text, sha256(text.encode()).hexdigest())
