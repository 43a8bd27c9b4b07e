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
from app.reflect.pages import TRY, page_of
from app.reflect.runs import Run, private_path, run_on, turn
from app.runtime import now, service_of
from app.staff.authorise import admitted
from app.templating import html
from app.vault import RUN_BYTES, RUN_KEY
from instrument.exchange.confined import instrument_of_files

router = APIRouter(prefix="/host/questionnaires", include_in_schema=False)
ADDRESS: Final = "/{questionnaire}" + TRY


@router.get(ADDRESS)
def begin(request: Request, questionnaire: str, language: str = "") -> Response:
    """The first page, in a language that the questionnaire has."""
    key = service_of(request).vault.run_key(os.urandom(RUN_BYTES), now().date())
    return html(page_of(_run(request, questionnaire, {}, key, language)))


@router.post(ADDRESS)
def go_on(request: Request, questionnaire: str, fields: Fields) -> Response:
    key, language = fields.get("_key", ""), fields.get("_form", "").rpartition("/")[2]
    if not RUN_KEY.fullmatch(key):
        raise Unreadable
    return html(page_of(turn(_run(request, questionnaire, fields, key, language), fields)))


def _run(request: Request, questionnaire: str, fields: Fields, key: str, language: str) -> Run:
    staff = admitted(request, "host")
    if not staff.may_make_studies:
        raise NotFound
    with read(service_of(request).engine) as db:
        found = the_brought(db, questionnaire, staff.name)
    own = instrument_of_files(found.files)
    [form] = own.forms.values()
    survey = private_path(own, form)
    spoken = language or next(iter(survey.words))
    if spoken not in survey.words:
        raise NotFound
    run = run_on(survey, spoken, fields, key)
    return replace(run, preview=f"/host/questionnaires/{found.id}")
