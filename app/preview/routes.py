"""A host tries a questionnaire of their own on the pages of private reflection; nothing is kept."""

import os
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db import read
from app.errors import NotFound, Unreadable
from app.form_data import Fields
from app.hosted.brought import the_brought
from app.questionnaire.path import SurveyPath
from app.reflect.pages import TRY, page_of
from app.reflect.runs import private_path, run_on, turn
from app.runtime import now, service_of
from app.staff.authorise import admitted
from app.templating import html
from app.vault import RUN_BYTES, RUN_KEY
from instrument.exchange.confined import instrument_of_files

ADDRESS: Final = "/host/questionnaires/{questionnaire}" + TRY

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def begin(request: Request, questionnaire: str, language: str = "") -> Response:
    """The first page, in a language that the questionnaire has."""
    survey, preview = _own(request, questionnaire)
    spoken = language or next(iter(survey.words))
    if spoken not in survey.words:
        raise NotFound
    key = service_of(request).vault.run_key(os.urandom(RUN_BYTES), now().date())
    return html(page_of(replace(run_on(survey, spoken, {}, key), preview=preview)))


@router.post(ADDRESS)
def go_on(request: Request, questionnaire: str, fields: Fields) -> Response:
    """The next page, made of nothing but what the page before it sends."""
    survey, preview = _own(request, questionnaire)
    key, spoken = fields.get("_key", ""), fields.get("_form", "").rpartition("/")[2]
    if not RUN_KEY.fullmatch(key) or spoken not in survey.words:
        raise Unreadable
    run = replace(run_on(survey, spoken, fields, key), preview=preview)
    return html(page_of(turn(run, fields)))


def _own(request: Request, questionnaire: str) -> tuple[SurveyPath, str]:
    """What this host has brought, and the address of its page."""
    staff = admitted(request, "host")
    if not staff.may_make_studies:
        raise NotFound
    with read(service_of(request).engine) as db:
        found = the_brought(db, questionnaire, staff.name)
    own = instrument_of_files(found.files)
    [form] = own.forms.values()
    return private_path(own, form), f"/host/questionnaires/{found.id}"
