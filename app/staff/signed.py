"""Who somebody at the command line is: an account, by its password."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from app.errors import Refused
from app.staff.accounts import grants, the_account
from app.staff.passwords import is_password
from app.staff.permissions import EVERYWHERE, Role


@dataclass(frozen=True, kw_only=True)
class Signed:
    """An account with the password that shows who it is."""

    name: str
    password: str


def signed(db: Connection, by: Signed) -> Row[Any]:
    """Return the account behind a name and its password."""
    account = the_account(db, by.name)
    known = is_password(account.password, by.password, known=True)
    if not known or not account.active or account.enrol_until is not None:
        raise Refused(f"this is not the password of {account.name!r}, or the account cannot sign in yet")
    return account


def has_role(db: Connection, account: Row[Any], role: Role, study: str = EVERYWHERE) -> bool:
    """Whether an account has a role in a study, or everywhere."""
    return any(each.role == role and each.study in (study, EVERYWHERE) for each in grants(db, account.id))
