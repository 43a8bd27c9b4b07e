"""Researchers and trainers: a token typed once, a cookie, and nothing at any address without both.

A token opens the pages of one role for one study until it expires. Whatever it does not open is not there:
404, so that nobody learns what there is. The demonstration opens its pages to everyone on the same computer.
"""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import ClassVar, Final, Literal, get_args

from fastapi import APIRouter
from sqlalchemy import ColumnElement, Connection, insert, select
from starlette.requests import Request
from starlette.responses import Response

from app.audit import audit
from app.db import read, write
from app.errors import NotFound, Refused, Unreadable
from app.forms import Fields
from app.service import Service, now, service_of
from app.studies import STUDY, the_study
from app.surface import expire_cookie, give_cookie, see_other, token_of
from app.tables import Token, table
from app.templating import Page, html

Role = Literal["researcher", "trainer"]

PREFIX: Final = "cpt_"
TOKEN_BYTES: Final = 32
LONGEST_DAYS: Final = 90
COOKIE: Final = "staff"
SIGN_IN: Final = "/staff"
TOKEN: Final = table(Token)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Staff:
    role: Role
    study: str | None
    """None in the demonstration: every study, all of them SIMULATED."""

    def may_see(self) -> ColumnElement[bool]:
        """Which studies, as a condition for every query of staff pages."""
        return STUDY.c.simulated.is_(True) if self.study is None else STUDY.c.id == self.study


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    template: ClassVar[str] = "staff/sign_in.html"
    signed_in: bool = False
    problem: bool = False
    open_to: tuple[Role, ...] = ()


def make_token(service: Service, db: Connection, role: str, study: str, days: int = 30) -> str:
    """Make a token and keep its hash alone."""
    if role not in get_args(Role):
        raise Refused(f"a token is for a {' or a '.join(get_args(Role))}; {role!r} is neither")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(f"a token lasts 1 to {LONGEST_DAYS} days; {days} is outside")
    the_study(db, study)
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    expires = now() + timedelta(days=days)
    db.execute(insert(TOKEN).values(hash=_hash(token), role=role, study=study, expires_at=expires))
    audit(service.vault, db, {"action": "token made", "role": role, "study": study, "days": str(days)})
    return token


def admitted(request: Request, db: Connection, role: Role) -> Staff:
    """Who asks, if they may see pages of this role; to everyone else there is nothing here."""
    if service_of(request).settings.demo:
        return Staff(role, None)
    staff = _holder(db, token_of(request, COOKIE))
    if staff is None or staff.role != role:
        raise NotFound
    return staff


def day(on: date) -> str:
    """A day as staff pages write it."""
    return f"{on.day} {on:%B %Y}"


def _holder(db: Connection, token: str | None) -> Staff | None:
    if token is None or not token.startswith(PREFIX):
        return None
    found = db.execute(select(TOKEN).where(TOKEN.c.hash == _hash(token), TOKEN.c.expires_at > now())).first()
    return Staff(found.role, found.study) if found else None


def _hash(token: str) -> str:
    """A token has 256 random bits: no one can try them all, so its hash need not be slow."""
    return sha256(token.encode()).hexdigest()


@router.get(SIGN_IN)
def show_sign_in(request: Request) -> Response:
    service = service_of(request)
    if service.settings.demo:
        return html(SignInPage(simulated=True, open_to=get_args(Role)))
    with read(service.engine) as db:
        staff = _holder(db, token_of(request, COOKIE))
    return html(SignInPage(signed_in=staff is not None, open_to=(staff.role,) if staff else ()))


@router.post(SIGN_IN)
def sign_in(request: Request, fields: Fields) -> Response:
    service, token = service_of(request), fields.get("token", "").strip()
    with write(service.engine) as db:
        staff = _holder(db, token)
        if staff is None:
            return html(SignInPage(problem=True), Unreadable.status)
        audit(service.vault, db, {"action": "signed in", "role": staff.role, "study": str(staff.study)})
    response = see_other(f"/{staff.role}")
    give_cookie(response, service.settings, token, COOKIE)
    return response


@router.post(f"{SIGN_IN}/leave")
async def leave(request: Request) -> Response:
    response = see_other(SIGN_IN)
    expire_cookie(response, service_of(request).settings, COOKIE)
    return response
