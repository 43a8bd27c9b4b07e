"""What all answers to a browser have in common: headers, the cookie, and no forms from other sites."""

from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings
from app.error_pages import refusal
from app.errors import Forbidden, NotFound
from app.languages import told_apart
from app.runtime import service_of

PLACE: Final = "place"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
ONE_YEAR: Final = 365 * 24 * 60 * 60


class Surface:
    """The outermost layer: adds the headers, refuses forms of other sites, turns errors into pages.

    It also removes the language from the address, so that every route is defined once for all languages.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        headers = {**HEADERS, "strict-transport-security": f"max-age={ONE_YEAR}"} if secure else HEADERS
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        language, path = told_apart(scope["path"])
        scope = {**scope, "language": language, "path": path}
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                given = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in self.headers if header[0] not in given),
                ]
            await send(message)

        try:
            refuse_other_sites(scope)
            refuse_no_names(path, scope["query_string"])
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the last refuge: whatever fails becomes a page
            response = refusal(Request(scope), error)
            if not begun:
                await response(scope, receive, send_with_headers)


def refuse_other_sites(scope: Scope) -> None:
    """Refuse a form that another site made the browser send; only browsers send either header."""
    if scope["method"] in SAFE_METHODS:
        return
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        elsewhere = site not in ("same-origin", "none")
    else:
        elsewhere = origin is not None and urlsplit(origin).netloc != headers.get("host")
    if elsewhere:
        raise Forbidden


def refuse_no_names(path: str, query: bytes) -> None:
    """Refuse a NUL in an address: PostgreSQL stores it in no text, so no name can have one."""
    if "\0" in path or b"%00" in query or b"\0" in query:
        raise NotFound


def see_other(address: str) -> Response:
    """Redirect to an address by GET, after a form was taken."""
    return Response(status_code=303, headers={"location": address})


def cookie_name(settings: Settings, name: str, path: str = "/") -> str:
    """Name the cookie so that, on https, the browser refuses it from plain http or another host.

    The second holds only for a cookie of the whole site.
    """
    if not settings.secure:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def give_cookie(
    response: Response,
    settings: Settings,
    value: str,
    name: str = PLACE,
    *,
    same_site: Literal["strict", "lax"] = "strict",
    seconds: int | None = None,
    path: str = "/",
) -> None:
    """Set a cookie that ends with the browser and goes to this host alone, never from another site.

    It is Strict rather than Lax, since nobody follows a link to the questionnaire that needs the cookie. Lax
    is for people who come back from their institution.
    """
    response.set_cookie(
        cookie_name(settings, name, path),
        value,
        max_age=seconds,
        path=path,
        secure=settings.secure,
        httponly=True,
        samesite=same_site,
    )


def expire_cookie(response: Response, settings: Settings, name: str = PLACE) -> None:
    """Have the browser delete a cookie."""
    response.delete_cookie(
        cookie_name(settings, name), secure=settings.secure, httponly=True, samesite="strict"
    )


def clear_site_data(response: Response) -> None:
    """Ask the browser to forget; not the cookies, since those of the whole domain would go."""
    response.headers["clear-site-data"] = '"cache", "storage"'


def leave_site(settings: Settings) -> Response:
    """Leave at once: nothing is read or written; the cookie, the only copy of the token, is deleted."""
    response = see_other(settings.leave_to)
    expire_cookie(response, settings)
    clear_site_data(response)
    return response


def token_of(request: Request, name: str = PLACE, path: str = "/") -> str | None:
    """Return the token in the request's cookie, if it has one."""
    return request.cookies.get(cookie_name(service_of(request).settings, name, path))
