"""Pages on which the operator makes accounts and gives roles; the role itself shows no answers and no report.

Whoever makes an account could sign in as it, so every change asks for a fresh sign-in, as taking out answers
does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select
from starlette.requests import Request
from starlette.responses import Response

from app.db import read, write
from app.errors import Refused, Unreadable
from app.form_data import NO_ATTEMPT, Attempt, Fields
from app.middleware import see_other
from app.runtime import Service, now, service_of
from app.staff import accounts
from app.staff.accounts import Held
from app.staff.authorise import Staff, admitted, prove_again
from app.staff.permissions import EVERYWHERE, HOME, Role
from app.studies.study import STUDY
from app.templating import Page, html

router = APIRouter(prefix="/operator", include_in_schema=False)


@dataclass(frozen=True)
class Person:
    name: str
    state: str
    grants: tuple[Held, ...]


@dataclass(frozen=True, kw_only=True)
class PeoplePage(Page):
    template: ClassVar[str] = "hosting/people.html"
    people: tuple[Person, ...]
    studies: tuple[tuple[str, str], ...]
    everywhere: str = EVERYWHERE
    roles: tuple[str, ...] = get_args(Role)
    made: str = ""
    """Whose password for the first sign-in is shown."""
    password: str = ""
    attempt: Attempt = NO_ATTEMPT
    fresh: bool
    """Whether the sign-in is fresh enough for a change; otherwise that is asked for first."""


@router.get("")
def index(request: Request) -> Response:
    """List the accounts with their roles."""
    return html(_page(service_of(request), admitted(request, "operator")))


@router.post("/accounts")
def make_account(request: Request, fields: Fields) -> Response:
    """Make an account and show the password for its first sign-in, once."""
    name = fields.get("name", "").strip().casefold()

    def make(service: Service, db: Connection) -> str:
        password = accounts.make_account(service, db, name)
        if fields.get("role"):
            _give(service, db, name, fields)
        return password

    return _showing_the_password(request, name, make, fields)


@router.post("/accounts/{account}/renew")
def renew_account(request: Request, account: str) -> Response:
    """Start an account anew and show its new password, once."""
    return _showing_the_password(
        request, account, lambda service, db: accounts.renew_account(service, db, account)
    )


@router.post("/accounts/{account}/stop")
def stop_account(request: Request, account: str) -> Response:
    """End an account."""
    return _changing(request, lambda service, db: accounts.stop_account(service, db, account))


@router.post("/accounts/{account}/grant")
def give(request: Request, account: str, fields: Fields) -> Response:
    """Give an account a role."""
    return _changing(request, lambda service, db: _give(service, db, account, fields), fields)


@router.post("/accounts/{account}/withdraw")
def withdraw(request: Request, account: str, fields: Fields) -> Response:
    """Take a role back from an account."""
    role, study = fields.get("role", ""), fields.get("study", "")
    return _changing(request, lambda service, db: accounts.withdraw(service, db, account, role, study))


def _give(service: Service, db: Connection, account: str, fields: Fields) -> None:
    accounts.give(
        service,
        db,
        account,
        fields.get("role", ""),
        fields.get("study", ""),
        of=fields.get("units", "").replace(",", " ").split() or None,
    )


def _changing(
    request: Request,
    change: Callable[[Service, Connection], object],
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    service, staff = service_of(request), admitted(request, "operator")
    if not staff.fresh:
        return prove_again(HOME["operator"])
    try:
        with write(service.engine) as db:
            change(service, db)
    except Refused as refused:
        attempt = Attempt(str(refused), request.url.path, typed)
        return html(_page(service, staff, attempt=attempt), Unreadable.status)
    return see_other("/operator")


def _showing_the_password(
    request: Request,
    name: str,
    make: Callable[[Service, Connection], str],
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    """Show the password on this one page: it is kept nowhere, so no other page can show it."""
    service, staff = service_of(request), admitted(request, "operator")
    if not staff.fresh:
        return prove_again(HOME["operator"])
    try:
        with write(service.engine) as db:
            password = make(service, db)
    except Refused as refused:
        attempt = Attempt(str(refused), request.url.path, typed)
        return html(_page(service, staff, attempt=attempt), Unreadable.status)
    return html(_page(service, staff, made=name, password=password))


def _page(
    service: Service, staff: Staff, *, attempt: Attempt = NO_ATTEMPT, made: str = "", password: str = ""
) -> PeoplePage:
    with read(service.engine) as db:
        people = tuple(
            Person(each.name, _state(each), accounts.grants(db, each.id)) for each in accounts.accounts(db)
        )
        studies = tuple(
            (each.id, each.title)
            for each in db.execute(select(STUDY.c.id, STUDY.c.title).order_by(STUDY.c.title))
        )
    return PeoplePage(
        people=people, studies=studies, attempt=attempt, fresh=staff.fresh, made=made, password=password
    )


def _state(account: Row[Any]) -> str:
    if not account.active:
        return "stopped"
    if account.enrol_until is None:
        return "active, by the institution" if account.linked else "active"
    return "not set up yet" if account.enrol_until > now() else "never set up: renew it"
