"""Signing in and out: by name, password and second factor, or by a token; setting up an account."""

from typing import Final

import segno
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from app.audit import acting, audit
from app.db import read, write
from app.error_pages import RETRY_AFTER_SECONDS
from app.errors import NotFound, Refused, Unreadable
from app.form_data import Fields
from app.middleware import clear_site_data, expire_cookie, give_cookie, see_other, token_of
from app.runtime import Service, service_of
from app.staff import accounts, sessions
from app.staff.authorise import AGAIN, COOKIE, OF_TOKENS, SIGN_IN, prove_again, token_grant
from app.staff.devices import remember_device, visit_of
from app.staff.pages import AccountPage, AgainPage, EnrolPage, HelpPage, SignInPage, institution_of, way_on
from app.staff.permissions import HOME, Role
from app.staff.sessions import Member
from app.staff.throttle import TooManyTries
from app.staff.totp import address, as_text
from app.templating import html

ENROL: Final = f"{SIGN_IN}/enrol"
ACCOUNT_PAGE: Final = f"{SIGN_IN}/account"
HELP: Final = f"{SIGN_IN}/help"
TOO_MANY: Final = 429
OPEN_IN_DEMO: Final[tuple[Role, ...]] = ("host", "researcher", "trainer")

router = APIRouter(include_in_schema=False)


@router.get(SIGN_IN)
def show_sign_in(request: Request) -> Response:
    """Show the ways to sign in, or who is signed in."""
    service, token = service_of(request), token_of(request, COOKIE) or ""
    if service.settings.demo:
        return html(SignInPage(simulated=True, open_to=OPEN_IN_DEMO))
    with read(service.engine) as db:
        member, held = sessions.member_of(db, token), token_grant(db, token)
    if member is not None and not member.enrolled:
        return see_other(ENROL)
    if member is not None:
        return html(SignInPage(name=member.name, signed_in=True, open_to=_roles(member)))
    open_to = (held.role,) if held else ()
    return html(SignInPage(signed_in=held is not None, open_to=open_to, institution=institution_of(service)))


@router.post(SIGN_IN)
def sign_in_by_token(request: Request, fields: Fields) -> Response:
    """Sign in by a token of a study."""
    service, token = service_of(request), fields.get("token", "").strip()
    with read(service.engine) as db:
        held = token_grant(db, token)
    if held is None:
        page = SignInPage(
            problem="token", to=way_on(fields.get("to", ""), ""), institution=institution_of(service)
        )
        return html(page, Unreadable.status)
    with write(service.engine) as db:
        sessions.sign_out(service, db, token_of(request, COOKIE) or "")
        acting(OF_TOKENS)
        audit(service.vault, db, {"action": "signed in", "role": held.role, "study": held.study})
    return _at(service, way_on(fields.get("to", ""), HOME[held.role]), token)


@router.post(f"{SIGN_IN}/sign-in")
def sign_in(request: Request, fields: Fields) -> Response:
    """Sign in by name, password and code."""
    service = service_of(request)
    name, password, code = (fields.get(each, "") for each in ("name", "password", "code"))
    to = way_on(fields.get("to", ""), "")
    try:
        token = sessions.sign_in(service, name, password, code, visit_of(request))
    except TooManyTries:
        page = SignInPage(problem="tries", to=to, institution=institution_of(service))
        response = html(page, TOO_MANY)
        response.headers["retry-after"] = RETRY_AFTER_SECONDS
        return response
    if token is None:
        page = SignInPage(problem="account", to=to, institution=institution_of(service))
        return html(page, Unreadable.status)
    return at_work(request, token, to)


@router.get(ENROL)
def show_enrol(request: Request) -> Response:
    """Show the secret of the second factor and ask for a password."""
    return html(_enrol_page(request))


@router.post(ENROL)
def enrol(request: Request, fields: Fields) -> Response:
    """Set up the account: take the chosen password and the first code."""
    service = service_of(request)
    if fields.get("password") != fields.get("repeated"):
        return html(_enrol_page(request, problem="the two passwords differ"), Unreadable.status)
    try:
        token = sessions.enrol(
            service, token_of(request, COOKIE) or "", fields.get("password", ""), fields.get("code", "")
        )
    except Refused as refused:
        return html(_enrol_page(request, problem=str(refused)), Unreadable.status)
    return _at(service, SIGN_IN, token, known=True)


@router.get(AGAIN)
def show_again(request: Request) -> Response:
    """Ask for a code again, before something that needs a fresh sign-in."""
    _member(request)
    return html(AgainPage(to=_back_to(request.query_params.get("to", ""))))


@router.post(AGAIN)
def again(request: Request, fields: Fields) -> Response:
    """Take the code, begin a fresh session, and go back to where somebody was."""
    service, to = service_of(request), _back_to(fields.get("to", ""))
    _member(request)
    failures = visit_of(request).throttle.devices
    token = sessions.show_again(service, token_of(request, COOKIE) or "", fields.get("code", ""), failures)
    if token is None:
        return html(AgainPage(to=to, problem=True), Unreadable.status)
    return _at(service, to, token, known=True)


@router.get(ACCOUNT_PAGE)
def show_account(request: Request) -> Response:
    """Show somebody their own account: who they are, what they may open, and a change of password."""
    member = _member(request)
    return html(AccountPage(name=member.name, grants=member.grants))


@router.post(ACCOUNT_PAGE)
def change_password(request: Request, fields: Fields) -> Response:
    """Change one's own password; needs a fresh sign-in and the present one."""
    service, member = service_of(request), _member(request)
    if not member.fresh:
        return prove_again(ACCOUNT_PAGE)
    if fields.get("password") != fields.get("repeated"):
        return html(
            AccountPage(name=member.name, grants=member.grants, problem="the two passwords differ"),
            Unreadable.status,
        )
    try:
        failures = visit_of(request).throttle.devices
        token = sessions.change_password(
            service,
            token_of(request, COOKIE) or "",
            fields.get("present", ""),
            fields.get("password", ""),
            failures,
        )
    except Refused as refused:
        page = AccountPage(name=member.name, grants=member.grants, problem=str(refused))
        return html(page, Unreadable.status)
    response = html(AccountPage(name=member.name, grants=member.grants, changed=True))
    give_cookie(response, service.settings, token, COOKIE)
    return response


@router.get(HELP)
def show_help(request: Request) -> Response:
    """Show what each role does, step by step, and what the words of these pages mean."""
    return html(HelpPage(simulated=service_of(request).settings.demo))


@router.post(f"{SIGN_IN}/leave")
def leave(request: Request) -> Response:
    """Sign out, and have the browser forget the pages."""
    service, response = service_of(request), see_other(SIGN_IN)
    if token := token_of(request, COOKIE):
        with write(service.engine) as db:
            sessions.sign_out(service, db, token)
    expire_cookie(response, service.settings, COOKIE)
    clear_site_data(response)
    return response


def at_work(request: Request, token: str, to: str = "") -> Response:
    """Send somebody who has just signed in to their pages, or to the address that they came to before.

    A session that this browser had before ends.
    """
    service = service_of(request)
    with write(service.engine) as db:
        sessions.sign_out(service, db, token_of(request, COOKIE) or "")
        member = sessions.member_of(db, token)
    roles = _roles(member) if member else ()
    first = HOME[roles[0]] if len(roles) == 1 else SIGN_IN
    return _at(service, to if to and roles else first, token, known=True)


def _roles(member: Member) -> tuple[Role, ...]:
    return tuple(sorted({each.role for each in member.grants}))


def _at(service: Service, path: str, token: str, *, known: bool = False) -> Response:
    """Go on to a page with a session; an account's browser is `known` from now on."""
    response = see_other(path)
    give_cookie(response, service.settings, token, COOKIE)
    if known:
        with read(service.engine) as db:
            member = sessions.member_of(db, token)
            if member is not None and member.enrolled:
                remember_device(response, service, accounts.the_account(db, member.name))
    return response


def _back_to(typed: str) -> str:
    return typed if typed == ACCOUNT_PAGE else way_on(typed, SIGN_IN)


def _member(request: Request) -> Member:
    with read(service_of(request).engine) as db:
        member = sessions.member_of(db, token_of(request, COOKIE) or "")
    if member is None or not member.enrolled:
        raise NotFound
    return member


def _enrol_page(request: Request, problem: str = "") -> EnrolPage:
    """Show the secret of the second factor, until the first code was typed and never after that."""
    service = service_of(request)
    with read(service.engine) as db:
        member = sessions.member_of(db, token_of(request, COOKIE) or "")
        if member is None or member.enrolled:
            raise NotFound
        secret = sessions.totp_secret(service, accounts.the_account(db, member.name))
    text = as_text(secret)
    drawn = segno.make(address(secret, member.name), error="m").svg_inline(scale=5, border=4, light="#fff")
    return EnrolPage(
        name=member.name,
        secret=" ".join(text[i : i + 4] for i in range(0, len(text), 4)),
        address=address(secret, member.name),
        picture=Markup(drawn),  # noqa: S704 - squares of our own drawing
        institution=institution_of(service),
        problem=problem,
    )
