"""The doors of staff: who is not signed in is asked to sign in, whatever address they came to.

Every address below a door gets the same page and the same status, whether or not there is anything behind
it, so the page tells nobody what exists. Whoever is signed in and may not see an address gets 404 as before.
"""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.db import read
from app.error_pages import refusal
from app.errors import NotFound
from app.middleware import token_of
from app.runtime import service_of
from app.staff.authorise import COOKIE, token_grant
from app.staff.pages import BEHIND, SignInPage, institution_of
from app.staff.sessions import member_of
from app.templating import html


async def refuse_or_ask(request: Request, error: Exception) -> Response:
    """Answer an error as everywhere, except that strangers at a door of staff are asked to sign in."""
    return await run_in_threadpool(_refused_or_asked, request, error)


def _refused_or_asked(request: Request, error: Exception) -> Response:
    nothing = isinstance(error, NotFound) or (
        isinstance(error, HTTPException) and error.status_code == NotFound.status
    )
    if nothing and _is_at_a_door(request) and not _is_known(request):
        page = SignInPage(to=request.url.path, institution=institution_of(service_of(request)))
        return html(page, NotFound.status)
    return refusal(request, error)


def _is_at_a_door(request: Request) -> bool:
    path = request.scope["path"]
    return request.method in ("GET", "HEAD") and BEHIND.fullmatch(path) is not None


def _is_known(request: Request) -> bool:
    """Whether the browser is signed in or shows a token; in the demonstration everybody is."""
    service, token = service_of(request), token_of(request, COOKIE)
    if service.settings.demo or "authorization" in request.headers:
        return True
    if not token:
        return False
    with read(service.engine) as db:
        return member_of(db, token) is not None or token_grant(db, token) is not None
