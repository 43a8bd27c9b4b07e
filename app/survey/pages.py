"""The pages that a respondent sees: what is on each, ready to print."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from app.secret import in_groups
from app.survey.consent import ARCHIVE, STUDY
from app.survey.roads import ROLE, Road
from app.survey.sheets import Sheet
from app.templating import Page, translations
from instrument import LEFT_BLANK, RATHER_NOT_SAY, ContextQuestion, Item, Words, allowed


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


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    checked: bool


@dataclass(frozen=True)
class Question:
    name: str
    number: int | None
    text: str
    help: str | None
    options: tuple[Option, ...]
    apart: tuple[Option, ...]
    """What is no answer on the scale: set apart from it."""


@dataclass(frozen=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "survey/about.html"
    questions: tuple[Question, ...]
    blank: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ItemsPage(Page):
    template: ClassVar[str] = "survey/items.html"
    first: int
    last: int
    total: int
    stem: str
    questions: tuple[Question, ...]
    blank: tuple[Question, ...]


@dataclass(frozen=True)
class Row:
    text: str
    answer: str | None
    """None where it was left blank."""


@dataclass(frozen=True)
class Block:
    """The rows of one page, with the way back to it."""

    path: str
    first: int | None
    last: int | None
    rows: tuple[Row, ...]


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
    words = road.words[sheet.language]
    questions = tuple(_context_question(words, each, sheet.answers.get(each.id)) for each in road.context)
    blank = tuple(each.name for each in questions if sheet.answers.get(each.name) == LEFT_BLANK)
    return AboutPage(**_manner(road, sheet), questions=questions, blank=blank)


def items_page(road: Road, sheet: Sheet, number: int) -> ItemsPage:
    items = road.items(number)
    first = (number - 1) * road.per_page + 1
    questions = tuple(_item_question(road, sheet, item, place) for place, item in enumerate(items, first))
    return ItemsPage(
        **_manner(road, sheet),
        first=first,
        last=first + len(items) - 1,
        total=len(road.form.items),
        stem=road.words[sheet.language].stem(role_of(sheet)),
        questions=questions,
        blank=tuple(each for each in questions if sheet.answers.get(each.name) == LEFT_BLANK),
    )


def check_page(road: Road, sheet: Sheet) -> CheckPage:
    words, role = road.words[sheet.language], role_of(sheet)
    blocks = [
        Block(
            f"/page/{number}",
            (number - 1) * road.per_page + 1,
            (number - 1) * road.per_page + len(road.items(number)),
            tuple(_item_row(words, role, item, sheet.answers[item.id]) for item in road.items(number)),
        )
        for number in range(1, road.pages + 1)
    ]
    if road.context:
        rows = tuple(_context_row(words, each, sheet.answers[each.id]) for each in road.context)
        blocks.insert(0, Block("/about", None, None, rows))
    return CheckPage(
        **_manner(road, sheet),
        blocks=tuple(blocks),
        blank=sum(answer == LEFT_BLANK for answer in sheet.answers.values()),
        hidden=hidden_fields(sheet),
    )


def sent_page(road: Road, sheet: Sheet, receipt: str) -> SentPage:
    return SentPage(**_manner(road, sheet), receipt=in_groups(receipt))


def hidden_fields(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """The whole sheet, as the check page carries it; an item's id has no underscore in front."""
    return (
        ("_wave", sheet.wave),
        ("_key", sheet.key),
        ("_language", sheet.language),
        ("_consent", sheet.consent),
        ("_purposes", " ".join(sheet.purposes)),
        *((name, str(answer)) for name, answer in sheet.answers.items()),
    )


def role_of(sheet: Sheet) -> str | None:
    """Who the other person is, where it was said: sentences inflect by it."""
    role = sheet.answers.get(ROLE)
    return role if isinstance(role, str) else None


def _manner(road: Road, sheet: Sheet) -> Mapping[str, Any]:
    words = road.words[sheet.language]
    return {"language": words.language, "direction": words.direction, "simulated": road.simulated}


def _item_question(road: Road, sheet: Sheet, item: Item, number: int) -> Question:
    words, scale, answer = (
        road.words[sheet.language],
        road.form.scales[item.scale],
        sheet.answers.get(item.id),
    )
    options = tuple(
        Option(str(code), words.label(scale.id, code), checked=code == answer)
        for code in allowed(road.form, item)
        if code != LEFT_BLANK
    )
    return Question(
        name=item.id,
        number=number,
        text=words.sentence(item.id, role_of(sheet)),
        help=words.help(item.id),
        options=options[: len(scale.codes)],
        apart=options[len(scale.codes) :],
    )


def _context_question(words: Words, asked: ContextQuestion, answer: int | str | None) -> Question:
    options = tuple(
        Option(option, words.option(asked.id, option), checked=option == answer) for option in asked.options
    )
    refused = Option(str(RATHER_NOT_SAY), _refusal(words.language), checked=answer == RATHER_NOT_SAY)
    return Question(asked.id, None, words.question(asked.id), None, options, (refused,))


def _item_row(words: Words, role: str | None, item: Item, answer: int | str) -> Row:
    said = None if answer == LEFT_BLANK else words.label(item.scale, int(answer))
    return Row(words.sentence(item.id, role), said)


def _context_row(words: Words, asked: ContextQuestion, answer: int | str) -> Row:
    if isinstance(answer, str):
        return Row(words.question(asked.id), words.option(asked.id, answer))
    return Row(words.question(asked.id), None if answer == LEFT_BLANK else _refusal(words.language))


def _refusal(language: str) -> str:
    return translations(language).gettext("Rather not say")
