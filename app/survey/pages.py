"""The pages that a respondent sees: what is on each, ready to print."""

from base64 import urlsafe_b64encode
from collections.abc import Container, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final

from markupsafe import Markup

from app.languages import SOURCE
from app.questionnaire.consent import ARCHIVE, STUDY
from app.questionnaire.path import ABOUT, CHECK, LINK, Road
from app.questionnaire.rendering import question, role_of, row
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies.linking.elements import ENOUGH
from app.survey.drafts import Opened
from app.survey.phrases import in_words
from app.templating import Page
from app.vault import in_groups
from instrument import LEFT_BLANK

DRAFT: Final = "draft"


@dataclass(frozen=True, kw_only=True)
class LandingPage(Page):
    template: ClassVar[str] = "survey/landing.html"
    draft: bool
    typed: str = ""
    problem: bool = False
    offered: tuple[str, ...] = ()
    """The languages that a wave has where it has not that of the page."""


@dataclass(frozen=True, kw_only=True)
class BackPage(Page):
    """Asks who has typed a code under which something is saved for what opens it."""

    template: ClassVar[str] = "survey/back.html"
    code: str
    typed: str
    has_phrase: bool
    problem: bool
    unknown: tuple[str, ...]
    """The words of what was typed that stand in no phrase."""


@dataclass(frozen=True, kw_only=True)
class LaterPage(Page):
    template: ClassVar[str] = "survey/later.html"
    phrase: str | None


@dataclass(frozen=True, kw_only=True)
class ConsentPage(Page):
    template: ClassVar[str] = "survey/consent.html"
    study_title: str
    draft: bool
    offered: tuple[str, ...]
    text: Markup
    phrase: str | None
    """What opens the draft beside the code, in the words of the language."""
    agreed: bool
    archive: bool
    problem: bool


@dataclass(frozen=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "survey/about.html"
    questions: tuple[Markup, ...]
    offered: tuple[str, ...]
    blank: tuple[str, ...]
    """The ids of the questions that were left blank."""


@dataclass(frozen=True, kw_only=True)
class LinkPage(Page):
    template: ClassVar[str] = "survey/link.html"
    questions: tuple[Markup, ...]
    enough: int
    offered: tuple[str, ...]
    blank: tuple[str, ...]


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
    offered: tuple[str, ...]
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
    key: str
    own: tuple[tuple[str, str], ...]
    """The answers once more, for who asks to see them by topic; none once this page has ended."""


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


def landing_page(service: Service, language: str, **rest: Any) -> LandingPage:
    words = (each for instrument in service.instruments.values() for each in instrument.words.values())
    draft = language != SOURCE and any((each.language, each.status) == (language, DRAFT) for each in words)
    return LandingPage(language=language, draft=draft, **rest)


def later_page(opened: Opened) -> LaterPage:
    return LaterPage(**_manner(opened.road, opened.sheet), phrase=_phrase(opened))


def consent_page(opened: Opened, *, problem: bool = False) -> ConsentPage:
    road, sheet = opened.road, opened.sheet
    return ConsentPage(
        **_manner(road, sheet),
        study_title=road.study_title,
        draft=road.words[sheet.language].status == DRAFT,
        offered=road.offered,
        text=road.consent(sheet.language).markup,
        phrase=_phrase(opened),
        agreed=STUDY in sheet.purposes,
        archive=ARCHIVE in sheet.purposes,
        problem=problem,
    )


def about_page(road: Road, sheet: Sheet) -> AboutPage:
    ids = road.asks[ABOUT]
    return AboutPage(
        **_manner(road, sheet),
        questions=tuple(question(road, sheet, each) for each in ids),
        offered=road.offered,
        blank=tuple(each for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def link_page(road: Road, sheet: Sheet) -> LinkPage:
    ids = road.asks[LINK]
    return LinkPage(
        **_manner(road, sheet),
        questions=tuple(question(road, sheet, each) for each in ids),
        enough=ENOUGH,
        offered=road.offered,
        blank=tuple(each for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def items_page(road: Road, sheet: Sheet, path: str) -> ItemsPage:
    ids, numbers = road.asks[path], road.numbers
    stem, mark, asks = road.words[sheet.language].stem(role_of(road, sheet)).rpartition(". ")
    return ItemsPage(
        **_manner(road, sheet),
        first=numbers[ids[0]],
        last=numbers[ids[-1]],
        total=len(numbers),
        stem=stem + mark.rstrip(),
        asks=asks,
        questions=tuple(question(road, sheet, each) for each in ids),
        offered=road.offered,
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


def sent_page(road: Road, sheet: Sheet, receipt: str, *, ended: Container[str] = ()) -> SentPage:
    key = result_key(sheet)
    own = () if key in ended else own_answers(road, sheet, key)
    return SentPage(**_manner(road, sheet), receipt=in_groups(receipt), key=key, own=own)


def result_key(sheet: Sheet) -> str:
    """Known by the page of the receipt, so that leaving it ends what it offers; leads to nothing else."""
    return urlsafe_b64encode(sha256(f"result {sheet.key}".encode()).digest()).decode().rstrip("=")


def own_answers(road: Road, sheet: Sheet, key: str) -> tuple[tuple[str, str], ...]:
    """What a page of one's own answers is made of: the items, and who the other person is."""
    names = [each for each in (road.form.role, *road.numbers) if each in sheet.answers]
    answers = ((each, str(sheet.answers[each])) for each in names)
    return (("_form", road.form_name(sheet.language)), ("_key", key), ("_at", CHECK), *answers)


def hidden_fields(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """What the check page carries beside the answers; no question's id begins with an underscore."""
    return (
        ("_wave", sheet.wave),
        ("_key", sheet.key),
        ("_language", sheet.language),
        ("_consent", sheet.consent),
        ("_purposes", " ".join(sheet.purposes)),
    )


def _phrase(opened: Opened) -> str | None:
    return None if opened.phrase is None else in_words(opened.phrase, opened.sheet.language)


def _manner(road: Road, sheet: Sheet) -> Mapping[str, Any]:
    return {"language": sheet.language, "simulated": road.simulated}
