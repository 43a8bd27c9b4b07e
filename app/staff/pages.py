"""The pages of signing in and of one's own account: what is on each, ready to print."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from markupsafe import Markup

from app.runtime import Service
from app.staff.accounts import Held
from app.staff.permissions import EVERYWHERE, HOME, Role
from app.templating import Page

DOORS: Final = tuple(HOME.values())
BEHIND: Final = re.compile(rf"({'|'.join(DOORS)})(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
"""Addresses to which somebody may be sent on after signing in: of this service, below a door."""


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    template: ClassVar[str] = "staff/sign_in.html"
    name: str | None = None
    """Who is signed in by an account."""
    signed_in: bool = False
    problem: str = ""
    """What was wrong: the token, the account or the institution."""
    open_to: tuple[Role, ...] = ()
    home: Mapping[Role, str] = field(default_factory=lambda: HOME)
    """The first page of each role."""
    institution: str = ""
    """Where one can sign in instead."""
    to: str = ""
    """The address behind a door of staff that somebody came to; empty where they came to sign in."""


@dataclass(frozen=True, kw_only=True)
class EnrolPage(Page):
    template: ClassVar[str] = "staff/enrol.html"
    name: str
    secret: str
    address: str
    """What the picture holds, for the device on which this page is open."""
    picture: Markup
    institution: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class AgainPage(Page):
    template: ClassVar[str] = "staff/again.html"
    to: str
    """The page that somebody comes back to."""
    problem: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountPage(Page):
    template: ClassVar[str] = "staff/account.html"
    name: str
    grants: tuple[Held, ...]
    everywhere: str = EVERYWHERE
    problem: str = ""
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class HelpPage(Page):
    template: ClassVar[str] = "staff/help.html"


def institution_of(service: Service) -> str:
    """Return how the institution is called by which staff may sign in, or nothing."""
    institution = service.settings.institution
    return institution.label if institution else ""


def way_on(typed: str, otherwise: str) -> str:
    """Return where somebody who has signed in wanted to go, if that is behind a door of this service."""
    return typed if BEHIND.fullmatch(typed) else otherwise
