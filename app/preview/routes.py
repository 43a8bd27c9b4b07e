"""A host tries a questionnaire or a study, and sees what a study would give out; nothing is kept."""

import os
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.db import read
from app.errors import NotFound, Unreadable
from app.form_data import Fields
from app.hosted.brought import as_kept, the_brought
from app.hosting.own import own_study
from app.hosting.questionnaires import READING
from app.preview.sample import sample_page
from app.questionnaire.path import SurveyPath, study_path
from app.reflect.pages import TRY, page_of
from app.reflect.runs import private_path, run_on, turn
from app.runtime import now, service_of
from app.staff.authorise import admitted
from app.studies.study import units
from app.templating import html
from app.vault import RUN_BYTES, RUN_KEY

SAMPLE_OF_STUDY: Final = "/host/studies/{study}/sample"
OF_STUDY: Final = "/host/studies/{study}" + TRY
ADDRESS: Final = "/host/questionnaires/{questionnaire}" + TRY

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def begin(request: Request, questionnaire: str, language: str = "") -> Response:
    """The first page, in a language that the questionnaire has."""
    return _first(request, *_own(request, questionnaire), language)


@router.post(ADDRESS)
def go_on(request: Request, questionnaire: str, fields: Fields) -> Response:
    """The next page, made of nothing but what the page before it sends."""
    return _next(*_own(request, questionnaire), fields)


@router.get(OF_STUDY)
def begin_study(request: Request, study: str, language: str = "") -> Response:
    """The first page of a study as its people read it, with all that they agree to."""
    return _first(request, *_study(request, study), language)


@router.post(OF_STUDY)
def go_on_with_study(request: Request, study: str, fields: Fields) -> Response:
    """The next page of a study that is tried."""
    return _next(*_study(request, study), fields)


@router.get(SAMPLE_OF_STUDY)
def show_sample(request: Request, study: str) -> Response:
    """Show what a study would give out, with SIMULATED answers."""
    return _sample(request, study, None)


@router.get(f"{SAMPLE_OF_STUDY}/units/{{unit}}")
def show_sample_of_unit(request: Request, study: str, unit: str) -> Response:
    """Show what a study would give out of one unit, with SIMULATED answers."""
    return _sample(request, study, unit)


def _sample(request: Request, study: str, unit: str | None) -> Response:
    service, staff = service_of(request), admitted(request, "host")
    with read(service.engine) as db:
        found, tree = own_study(db, staff, study), units(db, study)
    if unit is not None and unit not in {each.id for each in tree}:
        raise NotFound
    with READING.take():  # the queue of what is long for hosts: two hundred units take seconds
        return html(sample_page(service.instruments[found.instrument], found, tree, unit))


def _first(request: Request, survey: SurveyPath, preview: str, language: str) -> Response:
    spoken = language or next(iter(survey.words))
    if spoken not in survey.words:
        raise NotFound
    key = service_of(request).vault.run_key(os.urandom(RUN_BYTES), now().date())
    return html(page_of(replace(run_on(survey, spoken, {}, key), preview=preview)))


def _next(survey: SurveyPath, preview: str, fields: Fields) -> Response:
    key, spoken = fields.get("_key", ""), fields.get("_form", "").rpartition("/")[2]
    if not RUN_KEY.fullmatch(key) or spoken not in survey.words:
        raise Unreadable
    run = replace(run_on(survey, spoken, fields, key), preview=preview)
    return html(page_of(turn(run, fields)))


def _study(request: Request, study: str) -> tuple[SurveyPath, str]:
    """What a study of this host asks and tells, and the address of its page."""
    service, staff = service_of(request), admitted(request, "host")
    with read(service.engine) as db:
        found = own_study(db, staff, study)
    instrument = service.instruments[found.instrument]
    return study_path(instrument, found), f"/host/studies/{study}"


def _own(request: Request, questionnaire: str) -> tuple[SurveyPath, str]:
    """What this host has brought, and the address of its page."""
    staff = admitted(request, "host")
    if not staff.may_make_studies:
        raise NotFound
    with read(service_of(request).engine) as db:
        found = the_brought(db, questionnaire, staff.name)
    own = as_kept(found.files)
    [form] = own.forms.values()
    return private_path(own, form), f"/host/questionnaires/{found.id}"
