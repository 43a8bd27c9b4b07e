"""The pages on which a host types in a paper: to be filled in, to be looked over, and what was saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from markupsafe import Markup
from sqlalchemy import Row

from app.languages import LANGUAGES, SOURCE
from app.paper.pages import PaperForm, paper_form
from app.questionnaire.consent import ARCHIVE, STUDY
from app.questionnaire.path import SurveyPath
from app.questionnaire.rendering import question, row
from app.questionnaire.sheet import Sheet
from app.templating import Page
from app.vault import in_groups
from instrument import LEFT_BLANK


@dataclass(frozen=True, kw_only=True)
class PaperPage(Page):
    """What every page of typing in has."""

    wave: str
    title: str
    ordinal: int
    spoken: str
    """The language of the paper, in which the questions stand; the page itself is in English."""
    spoken_direction: str


@dataclass(frozen=True, kw_only=True)
class NoPaperPage(PaperPage):
    template: ClassVar[str] = "hosting/no_paper.html"
    problem: str


@dataclass(frozen=True, kw_only=True)
class EntryPage(PaperPage):
    template: ClassVar[str] = "hosting/paper_entry.html"
    code: str
    key: str
    offered: tuple[tuple[str, str], ...]
    """The other languages that papers come in, each with its name."""
    agreed: bool
    archive: bool | None
    """Whether the archive is ticked; None where none is asked for."""
    context: tuple[Markup, ...]
    items: tuple[Markup, ...]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class LookOverPage(PaperPage):
    template: ClassVar[str] = "hosting/paper_check.html"
    code: str
    archive: bool | None
    answered: int
    blank: int
    rows: tuple[Markup, ...]
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class SavedPage(PaperPage):
    template: ClassVar[str] = "hosting/paper_saved.html"
    receipt: str
    archive: bool | None
    answered: int
    blank: int
    rows: tuple[Markup, ...]


def no_paper_page(wave: Row[Any], survey: SurveyPath, problem: str) -> NoPaperPage:
    """Say why nothing can be typed in."""
    return NoPaperPage(**_manner(wave, survey, SOURCE), problem=problem)


def entry_page(
    wave: Row[Any], survey: SurveyPath, sheet: Sheet, code: str = "", problem: str = ""
) -> EntryPage:
    """Lay out the whole paper on one page, with what was typed so far."""
    return EntryPage(
        **_manner(wave, survey, sheet.language),
        code=code,
        key=sheet.key,
        offered=tuple((each, LANGUAGES[each].name) for each in survey.offered if each != sheet.language),
        agreed=STUDY in sheet.purposes,
        archive=_archive(survey, sheet),
        context=tuple(question(survey, sheet, each) for each in survey.context),
        items=tuple(question(survey, sheet, each) for each in survey.numbers),
        problem=problem,
    )


def look_over_page(
    wave: Row[Any], survey: SurveyPath, sheet: Sheet, code: str, hidden: tuple[tuple[str, str], ...]
) -> LookOverPage:
    """Show what would be saved, to be compared with the paper."""
    return LookOverPage(
        **_manner(wave, survey, sheet.language),
        **_shown(survey, sheet),
        code=in_groups(code),
        hidden=hidden,
    )


def saved_page(wave: Row[Any], survey: SurveyPath, sheet: Sheet, receipt: str) -> SavedPage:
    """Show what was saved, and the receipt."""
    return SavedPage(
        **_manner(wave, survey, sheet.language), **_shown(survey, sheet), receipt=in_groups(receipt)
    )


def printed(survey: SurveyPath, language: str) -> PaperForm:
    """Lay out the paper of a wave: what people agree to, room for a code, and what the study asks."""
    laid_out = paper_form(survey.instrument, survey.form.id, language, context=tuple(survey.context))
    return replace(
        laid_out,
        simulated=survey.simulated,
        study=survey.study_title,
        consent=survey.consent(language).markup,
        archive=ARCHIVE in survey.purposes,
    )


def _manner(wave: Row[Any], survey: SurveyPath, language: str) -> dict[str, Any]:
    return {
        "simulated": survey.simulated,
        "wave": wave.id,
        "title": survey.study_title,
        "ordinal": wave.ordinal,
        "spoken": language,
        "spoken_direction": LANGUAGES[language].direction,
    }


def _shown(survey: SurveyPath, sheet: Sheet) -> dict[str, Any]:
    names: Sequence[str] = (*survey.context, *survey.numbers)
    blank = sum(sheet.answers[each] == LEFT_BLANK for each in names)
    return {
        "archive": _archive(survey, sheet),
        "answered": len(names) - blank,
        "blank": blank,
        "rows": tuple(row(survey, sheet, each) for each in names),
    }


def _archive(survey: SurveyPath, sheet: Sheet) -> bool | None:
    return ARCHIVE in sheet.purposes if ARCHIVE in survey.purposes else None
