"""One form for every refusal: a page, or two lines of JSON where JSON was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.errors import (
    AppError,
    Busy,
    Damaged,
    NotAllowed,
    NotDone,
    NotFound,
    NotInstalled,
    NotNoted,
    NotSaved,
    NotYet,
    TooLarge,
    Unreadable,
)
from app.languages import day, language_of
from app.logs import log_failure
from app.templating import Page, html

RETRY_AFTER_SECONDS: Final = "30"
FAULT: Final = 500
"""From here on it is a fault of ours."""
TAKES_ANSWERS: Final = frozenset({"consent", "about", "link", "page", "self", "send"})
"""The first parts of addresses to which answers are posted."""
OF_STAFF: Final = frozenset({"staff", "host", "export", "report", "operator"})
"""The first parts of addresses of staff, who are led back to their own pages."""
DAMAGE_ON_SQLITE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_IOERR_READ")
DAMAGE_ON_POSTGRES: Final = frozenset({"XX001", "XX002", "58P01"})
"""data_corrupted, index_corrupted, undefined_file"""
INTERFACE: Final = "/api/"
TO_PROGRAMS: Final[Mapping[type[AppError], str]] = {
    NotFound: (
        "There is nothing at this address for the token shown. See that the address is right, that the token "
        "has not ended, and that it is of the role and study that this address is for."
    ),
    NotAllowed: "This interface is read only: ask with GET.",
}
"""What is said instead of the words of a page."""
_BY_STATUS: Final = {404: NotFound, 405: NotAllowed, 413: TooLarge}


@dataclass(frozen=True, kw_only=True)
class ErrorPage(Page):
    """The page of a refusal: what happened, and what to do."""

    template: ClassVar[str] = "error.html"
    title: str
    message: str
    opens: str
    """The day before which nothing opens, as the language writes it; empty where there is none."""
    keep_open: bool
    """The person should stay on the page they came from."""
    holds_answers: bool
    """That page is one to answer."""
    is_of_staff: bool
    """The address is one of staff, whether or not there is anything at it."""


async def refuse(request: Request, error: Exception) -> Response:
    """Answer an error of a request; registered for every kind of error in the application."""
    return refusal(request, error)


def refusal(request: Request, error: Exception) -> Response:
    """Answer an error as a page or as JSON, and log it if it is a fault of the service."""
    refused = as_app_error(request, error)
    if isinstance(error, NotInstalled | NotNoted) or (
        refused.status >= FAULT and not isinstance(error, AppError)
    ):
        log_failure(request, refused.status, error)
    if request.url.path.endswith(".json") or request.url.path.startswith(INTERFACE):
        message = _for_programs(request, error, refused) or f"{refused.title}. {refused.message}"
        response: Response = JSONResponse(
            {"error": type(refused).__name__, "message": message}, refused.status
        )
    else:
        keep_open = isinstance(refused, (NotSaved, Damaged))
        language = language_of(request)
        response = html(
            ErrorPage(
                language=language,
                title=refused.title,
                message=refused.message,
                opens=day(refused.opens.isoformat(), language) if isinstance(refused, NotYet) else "",
                keep_open=keep_open,
                holds_answers=_first_part(request) in TAKES_ANSWERS,
                is_of_staff=_first_part(request) in OF_STAFF,
            ),
            refused.status,
        )
    if refused.status == NotSaved.status:
        response.headers["retry-after"] = RETRY_AFTER_SECONDS
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


def _for_programs(request: Request, error: Exception, refused: AppError) -> str | None:
    """What the author of a program can do about it, where that is not what a reader of pages can."""
    if not request.url.path.startswith(INTERFACE):
        return None
    if isinstance(error, RequestValidationError):
        wrong = (f"`{each['loc'][-1]}`: {each['msg']}" for each in error.errors())
        return f"These parameters cannot be read. {'; '.join(wrong)}."
    return TO_PROGRAMS.get(type(refused))


def as_app_error(request: Request, error: Exception) -> AppError:
    """Return the refusal that an error of the framework or the database stands for."""
    match error:
        case AppError():
            return error
        case HTTPException():
            return _BY_STATUS.get(error.status_code, Unreadable)()
        case RequestValidationError() | ClientDisconnect():
            return Unreadable()
        case DBAPIError() if is_damage(error):
            return Damaged()
        case OperationalError() | NoConnection() | DBAPIError(connection_invalidated=True):
            return _not_taken(request)
        case _:
            return AppError()


def is_damage(error: DBAPIError) -> bool:
    """Whether an error of the database means that its files are damaged."""
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    return name.startswith(DAMAGE_ON_SQLITE) or getattr(error.orig, "sqlstate", None) in DAMAGE_ON_POSTGRES


def _not_taken(request: Request) -> AppError:
    if request.method in ("GET", "HEAD"):
        return Busy()
    return NotSaved() if _first_part(request) in TAKES_ANSWERS else NotDone()


def _first_part(request: Request) -> str:
    return request.url.path[1:].partition("/")[0]
