"""Addresses at which a host prints the papers of a wave and types in what comes back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from app.db import read, write
from app.errors import NotFound, Refused, Unreadable
from app.form_data import Fields
from app.hosting.own import own_wave
from app.languages import SOURCE
from app.paper_entry.entry import NO_CODE, check_takes_paper, type_in
from app.paper_entry.pages import entry_page, look_over_page, no_paper_page, printed, saved_page
from app.printing import pdf
from app.questionnaire.consent import STUDY
from app.questionnaire.path import SurveyPath, survey_path_of
from app.questionnaire.reading import read_given, read_sheet, wave_of
from app.questionnaire.sheet import Sheet
from app.runtime import Service, service_of
from app.staff.authorise import admitted
from app.survey.pages import hidden_fields
from app.templating import html
from app.vault import LONGEST, RUN_KEY, new_token, read_code

NOT_AGREED: Final = (
    "the box for this study has to be ticked on the paper: without it nothing of the paper may be kept"
)
SAVE: Final = "save"
CHANGE: Final = "change"

router = APIRouter(prefix="/host/waves/{wave}", include_in_schema=False)


@router.get("/paper")
def show_entry(request: Request, wave: str, language: str = "") -> Response:
    """Show an empty paper to be filled in, in a language that the wave has."""
    found, survey = _asked(request, wave)
    spoken = language or (SOURCE if SOURCE in survey.words else next(iter(survey.words)))
    if spoken not in survey.words:
        raise NotFound
    try:
        check_takes_paper(found, survey)
    except Refused as refused:
        return html(no_paper_page(found, survey, str(refused)), Unreadable.status)
    return html(entry_page(found, survey, Sheet(wave=wave, key=new_token(), language=spoken, answers={})))


@router.post("/paper")
def take_entry(request: Request, wave: str, fields: Fields) -> Response:
    """Show what was typed once more, or save what was looked over."""
    service = service_of(request)
    found, survey = _asked(request, wave)
    try:
        check_takes_paper(found, survey)
    except Refused as refused:
        return html(no_paper_page(found, survey, str(refused)), Unreadable.status)
    typed, go = fields.get("code", "")[:LONGEST], fields.get("_go")
    if go in (SAVE, CHANGE):
        if wave_of(fields) != wave:
            raise Unreadable
        sheet = _as_agreed(survey, read_sheet(survey, fields))
        if go == CHANGE:
            return html(entry_page(found, survey, sheet, typed))
        return _save(service, found, survey, sheet, typed)
    sheet = _read_typed(survey, fields)
    if (name := fields.get("_clear")) is not None:
        left = {each: answer for each, answer in sheet.answers.items() if each != name}
        return html(entry_page(found, survey, replace(sheet, answers=left), typed))
    return _look_over(found, survey, sheet, typed)


@router.get("/paper.pdf")
def print_paper(request: Request, wave: str, language: str = SOURCE) -> Response:
    """Give out the paper of an open wave, whose words are settled, as a PDF to print."""
    found, survey = _asked(request, wave)
    try:
        check_takes_paper(found, survey)
    except Refused as refused:
        return html(no_paper_page(found, survey, str(refused)), Unreadable.status)
    if language not in survey.words:
        raise NotFound
    name = f'attachment; filename="{wave}_{language}.pdf"'
    content = pdf(printed(survey, language))
    return Response(content, media_type="application/pdf", headers={"content-disposition": name})


def _asked(request: Request, wave: str) -> tuple[Row[Any], SurveyPath]:
    """Return a wave of this host, and what it asks."""
    staff = admitted(request, "host")
    with read(service_of(request).engine) as db:
        found = own_wave(db, staff, wave)
        return found, survey_path_of(service_of(request), db, wave)


def _look_over(wave: Row[Any], survey: SurveyPath, sheet: Sheet, typed: str) -> Response:
    code = read_code(typed)
    try:
        # What has become of a code is told only where it is used up: else whoever holds the list of codes
        # could ask again and again, unnoticed, who has answered.
        if code is None:
            raise Refused(NO_CODE)  # noqa: TRY301 - told on the page like the others
        if not sheet.consent:
            raise Refused(NOT_AGREED)  # noqa: TRY301 - told on the page like the others
    except Refused as refused:
        return html(entry_page(wave, survey, sheet, typed, str(refused)), Unreadable.status)
    return html(look_over_page(wave, survey, sheet, code, hidden_fields(sheet)))


def _save(service: Service, wave: Row[Any], survey: SurveyPath, sheet: Sheet, typed: str) -> Response:
    code = read_code(typed)
    if code is None:
        raise Unreadable
    try:
        with write(service.engine) as db:
            receipt = type_in(service, db, sheet, code)
    except Refused as refused:
        return html(entry_page(wave, survey, sheet, typed, str(refused)), Unreadable.status)
    return html(saved_page(wave, survey, sheet, receipt))


def _read_typed(survey: SurveyPath, fields: Mapping[str, str]) -> Sheet:
    """Read the page that was filled in; all of it was shown, so what is missing was left blank."""
    key, language = fields.get("_key", ""), fields.get("_language", "")
    if not RUN_KEY.fullmatch(key) or language not in survey.words:
        raise Unreadable
    agreed = STUDY in fields
    return Sheet(
        wave=survey.wave,
        key=key,
        language=language,
        consent=survey.consent(language).hash if agreed else "",
        purposes=tuple(purpose for purpose in survey.purposes if purpose in fields),
        answers=read_given(survey, (*survey.context, *survey.numbers), fields),
    )


def _as_agreed(survey: SurveyPath, sheet: Sheet) -> Sheet:
    """Return a sheet whose consent is that of the paper; any other is none that our pages send."""
    if {*survey.context, *survey.numbers} != sheet.answers.keys() or sheet.language not in survey.words:
        raise Unreadable
    if sheet.consent != survey.consent(sheet.language).hash:
        raise Unreadable
    return sheet
