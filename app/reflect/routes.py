"""Reflecting privately: no code, account or cookie. The database keeps only random keys of ended runs."""

import os

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from app import ended
from app.db import read, write
from app.errors import Ended, Unreadable
from app.form_data import Fields
from app.languages import browser_language, language_of
from app.middleware import clear_site_data, leave_site
from app.reflect.pages import EndPage, page_of, result_page, start_page
from app.reflect.runs import END, Run, days_of_runs, read_run, turn
from app.runtime import Service, now, service_of
from app.templating import Page, html
from app.vault import RUN_BYTES, RUN_KEY

router = APIRouter(include_in_schema=False)


@router.get("/reflect")
async def start(request: Request) -> Response:
    """Show the forms that can be answered privately."""
    browser = browser_language(request)
    return html(start_page(service_of(request), language_of(request), browser=browser))


@router.post("/reflect")
def go_on(request: Request, fields: Fields) -> Response:
    """Return the next page of a run, made only from what the page before it sends."""
    service = service_of(request)
    if "_form" not in fields:
        return html(start_page(service, language_of(request), problem=True), Unreadable.status)
    if "_key" not in fields:
        key = service.vault.run_key(os.urandom(RUN_BYTES), now().date())
        return html(page_of(_private(read_run(service, fields, key))))
    run, key = _live(service, fields)
    after = turn(_private(read_run(service, fields, key)), fields)
    return _finished(service, run, page_of(after)) if after.at == END else html(page_of(after))


@router.post("/result")
def show_result(request: Request, fields: Fields) -> Response:
    """Show somebody the result of answers they have just sent; its order is the same for everybody."""
    service = service_of(request)
    run, key = _live(service, fields)
    shown = read_run(service, fields, key)
    if fields.get("_go") == "finish":
        return _finished(service, run, EndPage(language=shown.sheet.language, sent=True))
    return html(result_page(shown, personal=False))


@router.get("/exit/{key}")
async def leave_for_good(request: Request, key: str) -> Response:
    """Send the browser away at once; after that, note that this run has ended.

    Only a key that this service made is noted, so nobody can fill the table with keys of their own.
    """
    service = service_of(request)
    response = leave_site(service.settings)
    if run := service.vault.run_of(key, days_of_runs()):
        response.background = BackgroundTask(_end, service, run)
    return response


def _private(run: Run) -> Run:
    """Return the run; refused if its questionnaire is for waves alone."""
    if not run.survey.instrument.private:
        raise Unreadable
    return run


def _live(service: Service, fields: Fields) -> tuple[bytes, str]:
    """Return the run of a page; refused if it has ended or began more than two weeks ago."""
    key = fields.get("_key", "")
    if not RUN_KEY.fullmatch(key):
        raise Unreadable
    run = service.vault.run_of(key, days_of_runs())
    if run is None:
        raise Ended
    with read(service.engine) as db:
        if ended.has_ended(db, run):
            raise Ended
    return run, key


def _finished(service: Service, run: bytes, page: Page) -> Response:
    """Show the last page; its run has ended."""
    response = html(page)
    response.background = BackgroundTask(_end, service, run)
    clear_site_data(response)
    return response


def _end(service: Service, run: bytes) -> None:
    with write(service.engine) as db:
        ended.end(db, run)
