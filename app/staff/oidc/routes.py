"""Signing in by the institution: to it, back from it, and the code of the second factor.

Our cookies are Strict, so the browser does not send them when the institution sends somebody back, nor on any
redirect of that chain. What the way back needs is therefore in a separate Lax cookie, and the page where it
ends sends the browser on by itself, as a click there would: that request comes from our own site again.
"""

import logging
from dataclasses import asdict, dataclass
from typing import ClassVar, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app import ended
from app.config import WAY_BACK
from app.db import read, write
from app.errors import NotFound, Unreadable
from app.form_data import Fields
from app.logs import where
from app.middleware import expire_cookie, give_cookie, see_other, token_of
from app.runtime import Service, service_of
from app.staff.authorise import COOKIE, SIGN_IN
from app.staff.cookies import sealed, unsealed
from app.staff.devices import visit_of
from app.staff.oidc import links
from app.staff.oidc.fetching import Unproven
from app.staff.oidc.provider import JOURNEY, Journey, Provider
from app.staff.pages import SignInPage
from app.staff.routes import at_work
from app.staff.sessions import member_of
from app.staff.throttle import TooManyTries
from app.templating import Page, html

BEGIN: Final = f"{SIGN_IN}/institution"
CODE: Final = f"{BEGIN}/code"
AWAY: Final = "institution-away"
BACK: Final = "institution-back"
"""The cookies of who is on the way there, and of who has come back."""

log = logging.getLogger("counterpoise")
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class PassingPage(Page):
    template: ClassVar[str] = "staff/passing.html"
    institution: str
    to: str
    back: bool


@dataclass(frozen=True, kw_only=True)
class CodePage(Page):
    template: ClassVar[str] = "staff/institution_code.html"
    institution: str
    problem: bool = False


@router.post(BEGIN)
def begin(request: Request) -> Response:
    """Send the browser to the institution, with a sealed journey in a cookie."""
    service, provider = service_of(request), _provider(request)
    with read(service.engine) as db:
        member = member_of(db, token_of(request, COOKIE) or "")
    try:
        journey, there = provider.begin(member.id.hex if member and not member.enrolled else "")
    except Unproven as error:
        return _not_signed_in(provider, error)
    response = html(PassingPage(institution=provider.institution.label, to=there, back=False))
    away = sealed(service, AWAY, asdict(journey), JOURNEY)
    give_cookie(response, service.settings, away, AWAY, same_site="lax", seconds=JOURNEY)
    expire_cookie(response, service.settings, BACK)
    return response


@router.get(WAY_BACK)
def back(request: Request) -> Response:
    """Take what the institution sends back, and seal who came for the page of the code."""
    service, provider = service_of(request), _provider(request)
    journey = unsealed(request, AWAY)
    try:
        subject = provider.subject(
            Journey(**journey) if journey else None,
            request.query_params.multi_items(),
            lambda key: _ends(service, key),
        )
    except Unproven as error:
        response = _not_signed_in(provider, error)
    else:
        response = html(PassingPage(institution=provider.institution.label, to=CODE, back=True))
        shown = {
            "identity": service.vault.identity_hmac(provider.institution.issuer, subject).hex(),
            "account": journey["account"] if journey else "",
        }
        come = sealed(service, BACK, shown, JOURNEY)
        give_cookie(response, service.settings, come, BACK, seconds=JOURNEY)
    expire_cookie(response, service.settings, AWAY)
    return response


@router.get(CODE)
def show_code(request: Request) -> Response:
    """Ask for the code of the second factor."""
    provider = _provider(request)
    if unsealed(request, BACK) is None:
        return see_other(SIGN_IN)
    return html(CodePage(institution=provider.institution.label))


@router.post(CODE)
def take_code(request: Request, fields: Fields) -> Response:
    """Take the code: sign in, or link the account that is being set up."""
    service, provider, shown = service_of(request), _provider(request), unsealed(request, BACK)
    if shown is None:
        return see_other(SIGN_IN)
    identity, code = bytes.fromhex(shown["identity"]), fields.get("code", "")
    if shown["account"]:
        cookie = token_of(request, COOKIE) or ""
        token = links.link(service, cookie, UUID(shown["account"]), identity, code)
    else:
        try:
            token = links.sign_in(service, identity, code, visit_of(request))
        except TooManyTries:
            token = None
    if token is None:
        return html(CodePage(institution=provider.institution.label, problem=True), Unreadable.status)
    response = at_work(request, token)
    expire_cookie(response, service.settings, BACK)
    return response


def _ends(service: Service, journey: bytes) -> bool:
    with write(service.engine) as db:
        return ended.end(db, journey)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None or service_of(request).settings.demo:
        raise NotFound
    return provider


def _not_signed_in(provider: Provider, error: Unproven) -> Response:
    """Show one page for every failure; the log names the line of code and nobody's data."""
    log.warning("nobody was signed in by the institution", extra={"at": where(error.__cause__ or error)})
    return html(SignInPage(problem="institution", institution=provider.institution.label), Unreadable.status)
