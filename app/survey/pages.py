"""The pages that a respondent sees: what is on each, ready to print."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from app.secret import in_groups
from app.survey.consent import ARCHIVE, STUDY
from app.survey.questions import question, role_of, row
from app.survey.roads import ABOUT, Road
from app.survey.sheets import Sheet
from app.templating import Page
from instrument import LEFT_BLANK


@dataclass(frozen=True, kw_only=True)
class LandingPage(Page):
    template: ClassVar[str] = "survey/landing.html"
    typed: str = ""
    problem: bool = False


@dataclass(frozen=True, kw_only=True)
class ConsentPage(Page):
    template: ClassVar[str] = "survey/consent.html"
    study_title: str
    text: Markup
    agreed: bool
    archive: bool
    problem: bool


@dataclass(frozen=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "survey/about.html"
    questions: tuple[Markup, ...]
    blank: tuple[str, ...]
    """The ids of the questions that were left blank."""


@dataclass(frozen=True, kw_only=True)
class ItemsPage(Page):
    template: ClassVar[str] = "survey/items.html"
    first: int
    last: int
    total: int
    stem: str
    """What to have in mind; may be empty."""
    asks: str
    questions: tuple[Markup, ...]
    blank: tuple[tuple[int, str], ...]
    """Number and id of the questions that were left blank."""


@dataclass(frozen=True)
class Block:
    """The rows of one page, with the way back to it."""

    path: str
    first: int | None
    last: int | None
    rows: tuple[Markup, ...]


@dataclass(frozen=True, kw_only=True)
class CheckPage(Page):
    template: ClassVar[str] = "survey/check.html"
    blocks: tuple[Block, ...]
    blank: int
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SentPage(Page):
    template: ClassVar[str] = "survey/sent.html"
    receipt: str


@dataclass(frozen=True, kw_only=True)
class ErasePage(Page):
    template: ClassVar[str] = "survey/erase.html"
    typed: str = ""
    problem: bool = False


@dataclass(frozen=True, kw_only=True)
class ErasedPage(Page):
    template: ClassVar[str] = "survey/erased.html"


@dataclass(frozen=True, kw_only=True)
class SafetyPage(Page):
    template: ClassVar[str] = "survey/safety.html"
    under_way: bool


def consent_page(road: Road, sheet: Sheet, *, problem: bool = False) -> ConsentPage:
    return ConsentPage(
        **_manner(road, sheet),
        study_title=road.study_title,
        text=road.consent(sheet.language).markup,
        agreed=STUDY in sheet.purposes,
        archive=ARCHIVE in sheet.purposes,
        problem=problem,
    )


def about_page(road: Road, sheet: Sheet) -> AboutPage:
    ids = road.asks[ABOUT]
    return AboutPage(
        **_manner(road, sheet),
        questions=tuple(question(road, sheet, each) for each in ids),
        blank=tuple(each for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def items_page(road: Road, sheet: Sheet, path: str) -> ItemsPage:
    ids, numbers = road.asks[path], road.numbers
    stem, mark, asks = road.words[sheet.language].stem(role_of(sheet)).rpartition(". ")
    return ItemsPage(
        **_manner(road, sheet),
        first=numbers[ids[0]],
        last=numbers[ids[-1]],
        total=len(numbers),
        stem=stem + mark.rstrip(),
        asks=asks,
        questions=tuple(question(road, sheet, each) for each in ids),
        blank=tuple((numbers[each], each) for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def check_page(road: Road, sheet: Sheet) -> CheckPage:
    """Every answer as it was given, each with the hidden field that sends it."""
    blocks = tuple(
        Block(
            path,
            road.numbers.get(ids[0]),
            road.numbers.get(ids[-1]),
            tuple(row(road, sheet, each) for each in ids),
        )
        for path, ids in road.asks.items()
    )
    return CheckPage(
        **_manner(road, sheet),
        blocks=blocks,
        blank=sum(answer == LEFT_BLANK for answer in sheet.answers.values()),
        hidden=hidden_fields(sheet),
    )


def sent_page(road: Road, sheet: Sheet, receipt: str) -> SentPage:
    return SentPage(**_manner(road, sheet), receipt=in_groups(receipt))


def hidden_fields(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """What the check page carries beside the answers; no question's id begins with an underscore."""
    return (
        ("_wave", sheet.wave),
        ("_key", sheet.key),
        ("_language", sheet.language),
        ("_consent", sheet.consent),
        ("_purposes", " ".join(sheet.purposes)),
    )


def _manner(road: Road, sheet: Sheet) -> Mapping[str, Any]:
    words = road.words[sheet.language]
    return {"language": words.language, "direction": words.direction, "simulated": road.simulated}
