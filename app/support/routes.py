"""Pages that depend on nobody's answers; each is rendered once and kept."""

from functools import cache

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.languages import day, language_of
from app.printing import pdf
from app.runtime import service_of
from app.support.accessibility import statement
from app.support.pages import AccessibilityPage, SheetPage, SheetPaper, SupportPage
from app.support.signposts import DEFAULT, signposts
from app.templating import html

router = APIRouter(include_in_schema=False)


@router.get("/support")
async def support(request: Request) -> Response:
    """Show people to talk to."""
    listed = signposts(service_of(request).settings.signposts or DEFAULT)
    return html(SupportPage(language=language_of(request), signposts=listed))


@router.get("/sheet")
async def sheet(request: Request) -> Response:
    """Show the sheet to plan a talk."""
    return html(SheetPage(language=language_of(request)))


@router.get("/sheet.pdf")
def sheet_to_print(request: Request) -> Response:
    """The sheet to plan a talk as a PDF."""
    headers = {"content-disposition": 'inline; filename="sheet.pdf"'}
    return Response(_sheet_pdf(language_of(request)), media_type="application/pdf", headers=headers)


@router.get("/accessibility")
async def accessibility(request: Request) -> Response:
    """Show the statement on accessibility."""
    language, told = language_of(request), statement()
    return html(AccessibilityPage(language=language, statement=told, on=day(told.tested_on, language)))


@cache
def _sheet_pdf(language: str) -> bytes:
    return pdf(SheetPaper(language=language))
