"""Accounts of staff: who they are, and their roles for a study. How they sign in is app.staff.sessions.

An account is made with a password for the first sign-in alone; whoever uses it then chooses another and
receives the secret of the second factor.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, get_args
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.audit import audit
from app.ended import ledger
from app.errors import Refused
from app.runtime import Service, now
from app.staff.passwords import hash_password, one_time_password
from app.staff.permissions import EVERYWHERE, Role
from app.staff.totp import SECRET_BYTES
from app.studies.study import the_study, units
from app.tables import Account, Grant, Identity, StaffSession, table
from app.vault import seal, unseal

ACCOUNT: Final = table(Account)
GRANT: Final = table(Grant)
IDENTITY: Final = table(Identity)
STAFF_SESSION: Final = table(StaffSession)

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
ONE_TIME: Final = timedelta(days=7)


@dataclass(frozen=True)
class Held:
    """A role for a study; `units` are those whose reports a trainer reads, None for all."""

    study: str
    role: Role
    units: frozenset[str] | None


def make_account(service: Service, db: Connection, name: str) -> str:
    """Make an account and return the password for its first sign-in, which is not stored."""
    name = name.strip().casefold()
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} cannot be a name: take 2 to 64 small letters, digits and . _ @ + -")
    if db.execute(select(ACCOUNT.c.id).where(ACCOUNT.c.name == name)).first():
        raise Refused(
            f"there is an account {name!r} already: take another name, or let an operator renew its password"
        )
    made, password = uuid4(), one_time_password()
    db.execute(insert(ACCOUNT).values(id=made, name=name, **_unenrolled(service, made, password)))
    audit(service.vault, db, {"action": "account made", "account": name})
    return password


def renew_account(service: Service, db: Connection, name: str) -> str:
    """Start an account anew, after a lost password or device, or to sign in by the institution.

    Its sessions end, its grants stay.
    """
    found, password = the_account(db, name), one_time_password()
    ledger.note(service, db, "account", account_key(service, found))
    renewed = _unenrolled(service, found.id, password)
    db.execute(update(ACCOUNT).where(ACCOUNT.c.id == found.id).values(**renewed))
    end_sessions(db, found.id)
    audit(service.vault, db, {"action": "account renewed", "account": found.name})
    _unlink(service, db, found)
    return password


def stop_account(service: Service, db: Connection, name: str) -> None:
    """End an account: it can no longer sign in. The last operator cannot be stopped."""
    found = the_account(db, name)
    _keep_an_operator(db, found.id)
    ledger.note(service, db, "account", account_key(service, found))
    db.execute(update(ACCOUNT).where(ACCOUNT.c.id == found.id).values(active=False))
    end_sessions(db, found.id)
    audit(service.vault, db, {"action": "account stopped", "account": found.name})
    _unlink(service, db, found)


def the_account(db: Connection, name: str) -> Row[Any]:
    """Return an account by its name; Refused where there is none."""
    found = db.execute(select(ACCOUNT).where(ACCOUNT.c.name == name.strip().casefold())).first()
    if found is None:
        raise Refused(f"there is no account {name!r}")
    return found


def accounts(db: Connection) -> list[Row[Any]]:
    """All accounts, `linked` if they sign in by the institution."""
    linked = IDENTITY.c.account.is_not(None).label("linked")
    every = select(ACCOUNT, linked).outerjoin(IDENTITY, IDENTITY.c.account == ACCOUNT.c.id)
    return list(db.execute(every.order_by(ACCOUNT.c.name)))


def give(
    service: Service, db: Connection, name: str, role: str, study: str, *, of: Sequence[str] | None = None
) -> None:
    """Give a role for a study; a trainer's may be for named units alone."""
    found = the_account(db, name)
    _check_grant(db, role, study, of)
    _keep_rows_and_reports_apart(db, found, role, study)
    units_of = sorted(of) if of else None
    _end_grants(service, db, found.id, role, study, but=units_of)
    db.execute(insert(GRANT).values(account=found.id, study=study, role=role, units=units_of))
    event = {"action": "role given", "account": found.name, "role": role, "study": study}
    audit(service.vault, db, event | ({"units": " ".join(units_of)} if units_of else {}))


def withdraw(service: Service, db: Connection, name: str, role: str, study: str) -> None:
    """Take a role back; the last operator's cannot be taken."""
    found = the_account(db, name)
    if role == "operator":
        _keep_an_operator(db, found.id)
    if not _end_grants(service, db, found.id, role, study):
        raise Refused(f"{found.name!r} is no {role} of {study!r}")
    event = {"action": "role withdrawn", "account": found.name, "role": role, "study": study}
    audit(service.vault, db, event)


def grants(db: Connection, account: UUID) -> tuple[Held, ...]:
    """Return the roles of an account."""
    held = select(GRANT).where(GRANT.c.account == account).order_by(GRANT.c.study, GRANT.c.role)
    return tuple(
        Held(each.study, each.role, frozenset(each.units) if each.units else None)
        for each in db.execute(held)
    )


def readers(db: Connection, study: str) -> tuple[tuple[str, str], ...]:
    """Return who reads a study, each with the role; hosts are not among them."""
    held = (
        select(ACCOUNT.c.name, GRANT.c.role)
        .join(GRANT, GRANT.c.account == ACCOUNT.c.id)
        .where(
            GRANT.c.study == study, GRANT.c.role.in_(("trainer", "researcher")), ACCOUNT.c.active.is_(True)
        )
    )
    return tuple((each.name, each.role) for each in db.execute(held.order_by(ACCOUNT.c.name, GRANT.c.role)))


def end_sessions(db: Connection, account: UUID) -> None:
    """End all sessions of an account."""
    db.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.account == account))


def account_key(service: Service, account: Row[Any]) -> bytes:
    """What names an account, as it signs in, in the ledger.

    The second factor is opened, since a rotation of the secret seals it anew.
    """
    factor = unseal(service.vault.key_for_totp(account.id.bytes), account.totp)
    return bytes(account.totp if factor is None else account.id.bytes + factor)


def password_key(account: Row[Any]) -> bytes:
    """What names the password of an account in the ledger: by its hash, which has a salt of its own."""
    return bytes(account.id.bytes + account.password.encode())


def grant_key(account: UUID, study: str, role: str, units_of: Sequence[str] | None) -> bytes:
    """What names a grant in the ledger."""
    return json.dumps([account.hex, study, role, units_of]).encode()


def _end_grants(
    service: Service, db: Connection, account: UUID, role: str, study: str, *, but: Sequence[str] | None = ()
) -> bool:
    """End a role of an account, if it has it; giving the same again (`but`) is no ending."""
    ended = list(db.execute(delete(GRANT).where(*_the_grant(account, role, study)).returning(GRANT.c.units)))
    for (units_of,) in ended:
        if units_of != but:
            ledger.note(service, db, "role", grant_key(account, study, role, units_of))
    return bool(ended)


def _unenrolled(service: Service, account: UUID, password: str) -> dict[str, Any]:
    return {
        "password": hash_password(password),
        "totp": seal(service.vault.key_for_totp(account.bytes), os.urandom(SECRET_BYTES)),
        "enrol_until": now() + ONE_TIME,
        "last_step": 0,
        "failures": 0,
        "wait_until": None,
        "active": True,
    }


def _unlink(service: Service, db: Connection, found: Row[Any]) -> None:
    if db.execute(delete(IDENTITY).where(IDENTITY.c.account == found.id)).rowcount:
        audit(service.vault, db, {"action": "institution unlinked", "account": found.name})


def _check_grant(db: Connection, role: str, study: str, of: Sequence[str] | None) -> None:
    if role not in get_args(Role):
        raise Refused(f"a role is one of {', '.join(get_args(Role))}; {role!r} is none of them")
    if of and role != "trainer":
        raise Refused("only a trainer's role can be for named units")
    if study == EVERYWHERE:
        if role not in ("operator", "host"):
            raise Refused(f"a {role} has a study: name it")
        return
    if role == "operator":
        raise Refused(f"an operator has the whole service: the study is {EVERYWHERE!r}")
    the_study(db, study)
    unknown = set(of or ()) - {unit.id for unit in units(db, study)}
    if unknown:
        raise Refused(f"{study!r} has no unit {', '.join(sorted(unknown))}")


def _keep_rows_and_reports_apart(db: Connection, account: Row[Any], role: str, study: str) -> None:
    """Refuse both roles to one account: a precaution, since a study gives out one of the two anyway."""
    other = {"researcher": "trainer", "trainer": "researcher"}.get(role)
    if other and db.execute(select(GRANT).where(*_the_grant(account.id, other, study))).first():
        raise Refused(
            f"{account.name!r} is {other} of {study!r}: one person reads the answers or the reports of a "
            f"study, not both. Withdraw that role first, or give this one to another account"
        )


def _keep_an_operator(db: Connection, leaving: UUID) -> None:
    others = (
        select(GRANT.c.account)
        .join(ACCOUNT, ACCOUNT.c.id == GRANT.c.account)
        .where(GRANT.c.role == "operator", GRANT.c.account != leaving, ACCOUNT.c.active.is_(True))
    )
    is_one = select(GRANT.c.account).where(*_the_grant(leaving, "operator", EVERYWHERE))
    if db.execute(is_one).first() and not db.execute(others).first():
        raise Refused("this is the last operator: make another one first")


def _the_grant(account: UUID, role: str, study: str) -> tuple[Any, ...]:
    return GRANT.c.account == account, GRANT.c.role == role, GRANT.c.study == study
