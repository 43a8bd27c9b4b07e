"""Who of the staff asks, by an account or a token; without either every address of theirs is 404.

An account holds grants, each a role for a study; a token opens the pages of one role for one study until it
expires. Whatever they do not open answers 404, so that nobody learns what exists. The demonstration opens its
pages to everyone on the same computer; a program that shows a token there gets what the token opens.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, get_args
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, delete, insert, select
from starlette.requests import Request
from starlette.responses import Response

from app.audit import acting, audit
from app.db import read, write
from app.ended import ledger
from app.errors import NotFound, Refused
from app.middleware import see_other, token_of
from app.runtime import Service, now, service_of
from app.staff.accounts import Held
from app.staff.permissions import EVERYWHERE, ROUTES, Role
from app.staff.sessions import SESSION_PREFIX, Member, hash_of, is_to_be_noted, member_of, note_use
from app.studies.study import STUDY, the_study
from app.tables import Token, table

OfToken = Literal["researcher", "trainer"]
"""The roles that a token can be made for."""

PREFIX: Final = "cpt_"
TOKEN_BYTES: Final = 32
LONGEST_DAYS: Final = 90
COOKIE: Final = "staff"
SIGN_IN: Final = "/staff"
AGAIN: Final = "/staff/again"
TOKEN: Final = table(Token)
OF_TOKENS: Final = "a token"
"""Who acted, where it was no account."""


@dataclass(frozen=True)
class Staff:
    """Somebody in one role, with the studies they have it for."""

    role: Role
    name: str
    studies: frozenset[str] | None
    """None in the demonstration: every study, all of them SIMULATED."""
    units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Study -> the units whose reports they read, where it is not all of them."""
    fresh: bool = True
    """They have proved who they are a moment ago."""

    def may_see(self) -> ColumnElement[bool]:
        """The condition, for every query of staff pages, on the studies that may be seen."""
        return STUDY.c.simulated.is_(True) if self.studies is None else STUDY.c.id.in_(self.studies)

    @property
    def may_make_studies(self) -> bool:
        return self.studies is None or EVERYWHERE in self.studies


def make_token(service: Service, db: Connection, role: str, study: str, days: int = 30) -> str:
    """Make a token; only its hash is kept."""
    if role not in get_args(OfToken):
        raise Refused(f"a token is for a {' or a '.join(get_args(OfToken))}; {role!r} is neither")
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(f"a token lasts 1 to {LONGEST_DAYS} days; {days} is outside")
    the_study(db, study)
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    expires = now() + timedelta(days=days)
    db.execute(insert(TOKEN).values(hash=hash_of(token), role=role, study=study, expires_at=expires))
    audit(service.vault, db, {"action": "token made", "role": role, "study": study, "days": str(days)})
    return token


def end_tokens(service: Service, db: Connection, role: str, study: str) -> int:
    """End every token of a role for a study, all at once: it is seldom known which of them got lost."""
    gone = delete(TOKEN).where(TOKEN.c.role == role, TOKEN.c.study == study).returning(TOKEN.c.hash)
    ended = list(db.execute(gone).scalars())
    if not ended:
        raise Refused(f"there is no token for a {role} of {study!r}")
    for each in ended:
        ledger.note(service, db, "token", each.encode())
    audit(service.vault, db, {"action": "tokens ended", "role": role, "study": study})
    return len(ended)


def admitted(request: Request, role: Role) -> Staff:
    """Return who asks, if they may see pages of this role; everyone else gets 404.

    What they do from here on is written down under their name.
    """
    route = f"{request.method} {request.scope['route'].path}".replace("HEAD ", "GET ")
    staff = _asking(request, role) if role in ROUTES.get(route, frozenset()) else None
    if staff is None:
        raise NotFound
    acting(staff.name)
    return staff


def prove_again(back_to: str) -> Response:
    """Ask for a code, before something that needs a fresh sign-in; the page leads back to this address."""
    return see_other(f"{AGAIN}?to={quote(back_to)}")


def token_grant(db: Connection, token: str) -> Held | None:
    """What a token opens, until it expires."""
    if not token.startswith(PREFIX):
        return None
    found = db.execute(
        select(TOKEN).where(TOKEN.c.hash == hash_of(token), TOKEN.c.expires_at > now())
    ).first()
    return Held(found.study, found.role, None) if found else None


def _asking(request: Request, role: Role) -> Staff | None:
    service, token = service_of(request), _in_header(request)
    if service.settings.demo and not token:
        return None if role == "operator" else Staff(role, "the demonstration", None)
    token = token or token_of(request, COOKIE) or ""
    with read(service.engine) as db:
        if not token.startswith(SESSION_PREFIX):
            held = token_grant(db, token)
            return Staff(role, OF_TOKENS, frozenset({held.study})) if held and held.role == role else None
        member = member_of(db, token)
        noting = member is not None and is_to_be_noted(db, token)
    if noting:
        with write(service.engine) as db:
            note_use(db, token)
    return _as(member, role) if member else None


def _in_header(request: Request) -> str:
    """The token that a program shows; no session in a header."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.casefold() == "bearer" and token.startswith(PREFIX) else ""


def _as(member: Member, role: Role) -> Staff | None:
    held = [each for each in member.grants if each.role == role]
    units = {each.study: each.units for each in held if each.units is not None}
    studies = frozenset(each.study for each in held)
    return Staff(role, member.name, studies, units, member.fresh) if held else None
