"""The respondent's road: each route reads or writes once and answers with a page or the way to the next."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from fastapi import APIRouter
from sqlalchemy import Connection, bindparam, delete
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.db import read, write
from app.errors import NotFound, Unreadable
from app.forms import Fields
from app.mixing import scrub
from app.secret import read_code
from app.service import service_of
from app.surface import clear_site_data, expire_cookie, give_cookie, see_other, token_of
from app.survey.consent import PURPOSES, STUDY
from app.survey.drafts import Opened, enter, open_draft, save
from app.survey.pages import (
    ErasedPage,
    ErasePage,
    LandingPage,
    SafetyPage,
    about_page,
    check_page,
    consent_page,
    items_page,
    sent_page,
)
from app.survey.reading import read_page, read_sheet, wave_of
from app.survey.roads import ABOUT, CHECK, CONSENT, road_of
from app.survey.sending import NotShown, send
from app.tables import Response as Kept
from app.tables import table
from app.templating import html, render
from instrument import LEFT_BLANK

TYPED_AT_MOST: Final = 40
SAFETY: Final = "/safety"
_ERASE: Final = delete(table(Kept)).where(table(Kept).c.receipt_hmac == bindparam("receipt"))

router = APIRouter(include_in_schema=False)


@router.get("/")
async def landing() -> Response:
    return HTMLResponse(_landing())


@router.post("/enter")
def enter_code(request: Request, fields: Fields) -> Response:
    service = service_of(request)
    typed = fields.get("code", "")
    code = read_code(typed)
    entered = None
    if code is not None:
        with write(service.engine) as db:
            entered = enter(service, db, code)
    if entered is None:
        return html(LandingPage(typed=typed[:TYPED_AT_MOST], problem=True), Unreadable.status)
    response = see_other(entered.step)
    give_cookie(response, service.settings, entered.token)
    return response


@router.get("/consent")
def show_consent(request: Request) -> Response:
    opened = _opened(request)
    return html(consent_page(opened.road, opened.sheet))


@router.post("/consent")
def agree(request: Request, fields: Fields) -> Response:
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        if STUDY not in fields:
            return html(consent_page(opened.road, opened.sheet, problem=True), Unreadable.status)
        sheet = replace(
            opened.sheet,
            consent=opened.road.consent(opened.sheet.language).hash,
            purposes=tuple(purpose for purpose in PURPOSES if purpose in fields),
        )
        save(db, opened, sheet)
    return see_other(opened.road.next_step(sheet))


@router.get("/about")
def show_about(request: Request) -> Response:
    opened = _opened(request)
    return _elsewhere(opened, ABOUT) or html(about_page(opened.road, opened.sheet))


@router.post("/about")
def save_about(request: Request, fields: Fields) -> Response:
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, ABOUT, fields)


@router.get("/page/{number:int}")
def show_page(request: Request, number: int) -> Response:
    opened = _opened(request)
    return _elsewhere(opened, f"/page/{number}") or html(
        items_page(opened.road, opened.sheet, f"/page/{number}")
    )


@router.post("/page/{number:int}")
def save_page(request: Request, number: int, fields: Fields) -> Response:
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, f"/page/{number}", fields)


@router.get("/check")
def show_check(request: Request) -> Response:
    opened = _opened(request)
    return _elsewhere(opened, CHECK) or html(check_page(opened.road, opened.sheet))


@router.post("/send")
def send_answers(request: Request, fields: Fields) -> Response:
    service = service_of(request)
    try:
        with write(service.engine) as db:
            road = road_of(service, db, wave_of(fields))
            sheet = read_sheet(road, fields)
            receipt = send(service, db, sheet, token=token_of(request) or "")
    except NotShown as missing:
        return see_other(missing.step)
    response = html(sent_page(road, sheet, receipt))
    expire_cookie(response, service.settings)
    clear_site_data(response)
    return response


@router.get("/exit")
async def leave(request: Request) -> Response:
    """Leave at once: nothing is read or written; the cookie goes, which was the token's only copy."""
    settings = service_of(request).settings
    response = see_other(settings.leave_to)
    expire_cookie(response, settings)
    clear_site_data(response)
    return response


@router.get("/erase")
async def show_erase() -> Response:
    return html(ErasePage())


@router.post("/erase")
def erase(request: Request, fields: Fields) -> Response:
    """Delete what a receipt stands for, and show nothing of it."""
    service = service_of(request)
    typed = fields.get("receipt", "")
    receipt = read_code(typed)
    gone = 0
    if receipt is not None:
        with write(service.engine) as db:
            gone = db.execute(_ERASE, {"receipt": service.vault.receipt_hmac(receipt)}).rowcount
    if not gone:
        return html(ErasePage(typed=typed[:TYPED_AT_MOST], problem=True), Unreadable.status)
    scrub(service)
    return html(ErasedPage())


@router.get(SAFETY)
async def safety(request: Request) -> Response:
    return html(SafetyPage(under_way=token_of(request) is not None))


@cache
def _landing() -> str:
    return render(LandingPage())


def _opened(request: Request) -> Opened:
    service = service_of(request)
    with read(service.engine) as db:
        return open_draft(service, db, token_of(request) or "")


def _opened_to_save(request: Request, db: Connection) -> Opened:
    return open_draft(service_of(request), db, token_of(request) or "", to_save=True)


def _elsewhere(opened: Opened, path: str) -> Response | None:
    """Send on who asks for a page beyond the first that they have not been shown."""
    steps, next_step = opened.road.steps, opened.road.next_step(opened.sheet)
    if path not in steps:
        raise NotFound
    return None if steps.index(path) <= steps.index(next_step) else see_other(next_step)


def _save(db: Connection, opened: Opened, path: str, fields: Mapping[str, str]) -> Response:
    """Save a page and go on, or stay where something is newly blank, so that it is asked about once.

    Who goes back, aside or clears an answer has not left the rest blank yet.
    """
    road, sheet, before = opened.road, opened.sheet, opened.sheet.answers
    if path not in road.asks:
        raise NotFound
    if not sheet.consent:
        return see_other(CONSENT)
    answers = read_page(road, path, fields)
    cleared, aside = fields.get("_clear"), fields.get("_go")
    if cleared is None and aside is None:
        after = {**before, **answers}
        blank = {name for name, answer in answers.items() if answer == LEFT_BLANK}
        asked_about = {name for name in blank if before.get(name) == LEFT_BLANK}
        step = road.beside(path, 1) if blank <= asked_about else f"{path}#blank"
    else:
        given = {name: answer for name, answer in answers.items() if answer != LEFT_BLANK}
        after = {name: answer for name, answer in {**before, **given}.items() if name != cleared}
        step = SAFETY if aside == "safety" else road.beside(path, -1)
        step = f"{path}#{cleared}" if cleared in answers else step
    save(db, opened, replace(sheet, answers=after))
    return see_other(step)
