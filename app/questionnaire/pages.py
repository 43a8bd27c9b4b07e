"""The pages with questions: the same in a wave and for somebody who reflects privately."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from markupsafe import Markup

from app.questionnaire.path import ABOUT, SurveyPath
from app.questionnaire.rendering import question, role_of
from app.questionnaire.sheet import Sheet
from app.templating import Page
from instrument import LEFT_BLANK

DRAFT: Final = "draft"
"""The status of words that no native speaker has read."""


@dataclass(frozen=True, kw_only=True)
class AboutPage(Page):
    template: ClassVar[str] = "survey/about.html"
    questions: tuple[Markup, ...]
    offered: tuple[str, ...]
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
    offered: tuple[str, ...]
    blank: tuple[tuple[int, str], ...]
    """Number and id of the questions that were left blank."""


def about_page(survey: SurveyPath, sheet: Sheet, path: str = ABOUT) -> AboutPage:
    """Lay out the page of context questions, or of others about the person."""
    ids = survey.asks[path]
    return AboutPage(
        **manner(survey, sheet),
        questions=tuple(question(survey, sheet, each) for each in ids),
        offered=survey.offered,
        blank=tuple(each for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def items_page(survey: SurveyPath, sheet: Sheet, path: str) -> ItemsPage:
    """Lay out a page of items."""
    ids, numbers = survey.asks[path], survey.numbers
    said = survey.words[sheet.language].stem(role_of(survey, sheet), survey.form.block_of.get(ids[0]))
    stem, mark, asks = said.rpartition(". ")
    return ItemsPage(
        **manner(survey, sheet),
        first=numbers[ids[0]],
        last=numbers[ids[-1]],
        total=len(numbers),
        stem=stem + mark.rstrip(),
        asks=asks,
        questions=tuple(question(survey, sheet, each) for each in ids),
        offered=survey.offered,
        blank=tuple((numbers[each], each) for each in ids if sheet.answers.get(each) == LEFT_BLANK),
    )


def manner(survey: SurveyPath, sheet: Sheet) -> Mapping[str, Any]:
    """Return what every page of a questionnaire has: its language, and whether it is SIMULATED."""
    return {"language": sheet.language, "simulated": survey.simulated}
