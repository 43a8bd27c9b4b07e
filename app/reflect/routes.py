"""Reflecting privately: no code, no account, no cookie; the database is not asked for anything."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.errors import Ended, Unreadable
from app.form_data import Fields
from app.languages import language_of
from app.middleware import clear_site_data, leave_site
from app.reflect.pages import page_of, result_page, start_page
from app.reflect.runs import END, KEY, read_run, turn
from app.runtime import service_of
from app.templating import html
from app.vault import new_token

router = APIRouter(include_in_schema=False)


@router.get("/reflect")
async def start(request: Request) -> Response:
    return html(start_page(service_of(request), language_of(request)))


@router.post("/reflect")
async def go_on(request: Request, fields: Fields) -> Response:
    """The next page of a run, made of nothing but what the page before it sends."""
    if "_form" not in fields:
        return html(start_page(service_of(request), language_of(request), problem=True), Unreadable.status)
    begins = "_key" not in fields
    key = new_token() if begins else _live_key(request, fields)
    run = read_run(service_of(request), fields, key)
    after = run if begins else turn(run, fields)
    response = html(page_of(after))
    if after.at == END:
        request.app.state.ended.add(key)
        clear_site_data(response)
    return response


@router.post("/result")
async def show_result(request: Request, fields: Fields) -> Response:
    """What somebody may see of answers they have just sent; in the same order for everybody."""
    run = read_run(service_of(request), fields, _live_key(request, fields))
    return html(result_page(run, personal=False))


@router.get("/exit/{key}")
async def leave_for_good(request: Request, key: str) -> Response:
    """Leave as from any page; besides, the pages of this run have ended."""
    if KEY.fullmatch(key):
        request.app.state.ended.add(key)
    return leave_site(service_of(request).settings)


def _live_key(request: Request, fields: Fields) -> str:
    key = fields.get("_key", "")
    if not KEY.fullmatch(key):
        raise Unreadable
    if key in request.app.state.ended:
        raise Ended
    return key
