"""Erasing by receipt: the one thing a respondent asks for that takes longer than a page."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.closing.cleaning import scrub
from app.closing.erasure import erase
from app.db import write
from app.errors import Unreadable
from app.form_data import Fields
from app.languages import language_of
from app.runtime import service_of
from app.survey.pages import TYPED_AT_MOST, ErasedPage, ErasePage
from app.templating import html
from app.vault import read_code

router = APIRouter(include_in_schema=False)


@router.get("/erase")
async def show_erase(request: Request) -> Response:
    """Show the form that takes a receipt."""
    return html(ErasePage(language=language_of(request)))


@router.post("/erase")
def erase_answers(request: Request, fields: Fields) -> Response:
    """Delete the response that a receipt belongs to, and show nothing of it."""
    service = service_of(request)
    typed = fields.get("receipt", "")
    receipt = read_code(typed)
    gone = False
    if receipt is not None:
        with write(service.engine) as db:
            gone = erase(service, db, receipt)
    if not gone:
        page = ErasePage(language=language_of(request), typed=typed[:TYPED_AT_MOST], problem=True)
        return html(page, Unreadable.status)
    scrub(service)
    return html(ErasedPage(language=language_of(request)))
