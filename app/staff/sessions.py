"""Signing in by password and second factor; sessions of staff and their end; waiting after failures.

A refused sign-in takes as long and gets the same answer whatever was wrong, so that nobody learns which names
there are.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import audit
from app.db import is_sqlite, read, write
from app.ended import ledger
from app.errors import Refused
from app.runtime import Service, now
from app.staff.accounts import (
    ACCOUNT,
    STAFF_SESSION,
    Held,
    account_key,
    end_sessions,
    grants,
    password_key,
    the_account,
)
from app.staff.passwords import check_password, hash_password, is_password
from app.staff.throttle import Failures, wait
from app.staff.totp import step_of, step_of_two
from app.staff.visits import Visit
from app.tables import Setting, table
from app.vault import new_token, unseal

SETTING: Final = table(Setting)
SESSION_PREFIX: Final = "cps_"
LASTS: Final = timedelta(hours=12)
IDLE: Final = timedelta(minutes=30)
FRESH: Final = timedelta(minutes=10)
NOTED_EVERY: Final = timedelta(minutes=1)
"""How often it is written down that a session is in use."""
FREE_FAILURES: Final = 5
LAST_FAILED: Final = "last sign-in that failed"


@dataclass(frozen=True)
class Member:
    """Somebody who is signed in."""

    id: UUID
    name: str
    enrolled: bool
    fresh: bool
    grants: tuple[Held, ...]


def sign_in(service: Service, name: str, password: str, code: str, visit: Visit) -> str | None:
    """Return a session's token if name, password and code are right; None in every other case."""
    with read(service.engine) as db:
        found = db.execute(select(ACCOUNT).where(ACCOUNT.c.name == name.strip().casefold())).first()
    known = known_as(service, found, code, visit)
    with visit.turn(known):
        same = is_password(found.password if found else None, password, known=known is not None)
        with write(service.engine) as db:
            held = for_update(db, found.id) if found and same else None
            unchanged = held is not None and found is not None and held.password == found.password
            step = code_step(service, held, code, known) if held and unchanged else None
            if held is not None and step is not None:
                audit(service.vault, db, {"action": "signed in", "account": held.name})
                return let_in(db, held, step)
            note_failure(db, found.id if found and known is None else None)
        visit.failed(known)
    return None


def known_as(service: Service, found: Row[Any] | None, code: str, visit: Visit) -> bytes | None:
    """Return what shows, before any costly step, that the account's owner is asking; None for a stranger."""
    two_codes = found is not None and found.enrol_until is None and _two_codes(service, found, code)
    return visit.known_as(found, two_codes=bool(two_codes))


def let_in(db: Connection, held: Row[Any], step: int) -> str:
    """Use up the code of this step, so that it works once; begin a new session."""
    taken = {"last_step": step, "failures": 0, "wait_until": None}
    db.execute(update(ACCOUNT).where(ACCOUNT.c.id == held.id).values(taken))
    return _new_session(db, held.id)


def enrol(service: Service, token: str, password: str, code: str) -> str:
    """Store the chosen password and the first code; begin a new session. Refused with the reason."""
    with read(service.engine) as db:
        member = member_of(db, token)
    if member is None or member.enrolled:
        raise Refused("there is nothing to set up")
    check_password(password, member.name)
    hashed = hash_password(password)
    with write(service.engine) as db:
        held = for_update(db, member.id)
        step = step_of(totp_secret(service, held), code, now(), 0) if held else None
        if held is not None and step is not None:
            return set_up(service, db, held, hashed, step)
    raise Refused("the code is not the one of this moment: wait for the next one and type that")


def set_up(service: Service, db: Connection, held: Row[Any], hashed: str, step: int) -> str:
    """Store the password and the step of the first code; begin a new session."""
    chosen = {"password": hashed, "enrol_until": None, "last_step": step, "failures": 0}
    db.execute(update(ACCOUNT).where(ACCOUNT.c.id == held.id).values(chosen))
    end_sessions(db, held.id)
    ledger.note(service, db, "first sign-in", account_key(service, held))
    audit(service.vault, db, {"action": "account set up", "account": held.name})
    return _new_session(db, held.id)


def show_again(service: Service, token: str, code: str, failures: Failures) -> str | None:
    """Return a new, fresh session in place of this one, for a code of the second factor.

    A failure makes this session wait, except for two codes in a row. What strangers do in the account's name
    does not matter here.
    """
    session = hash_of(token).encode()
    with write(service.engine) as db:
        member = member_of(db, token)
        held = for_update(db, member.id) if member and member.enrolled else None
        if held is None:
            return None
        waits = failures.waits(session)  # read in this try's turn, so that tries at once all count
        step = _two_codes(service, held, code) if waits else code_step(service, held, code, session)
        if step is not None:
            db.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.hash == hash_of(token)))
            return let_in(db, held, step)
        if not waits:
            failures.note(session)
    return None


def change_password(service: Service, token: str, present: str, wanted: str, failures: Failures) -> str:
    """Store another password of somebody's own choice, and return a new session; all others end.

    A wrong present password makes this session wait, as a wrong code does.
    """
    session = hash_of(token).encode()
    with read(service.engine) as db:
        member = member_of(db, token)
        found = the_account(db, member.name) if member and member.enrolled and member.fresh else None
    if member is None or found is None:
        raise Refused("sign in anew first")
    if failures.waits(session):
        raise Refused("too many tries: wait a quarter of an hour")
    if not is_password(found.password, present, known=True):
        failures.note(session)
        raise Refused("the present password is not the one of this account")
    check_password(wanted, member.name)
    hashed = hash_password(wanted)
    with write(service.engine) as db:
        held = for_update(db, member.id)
        if held is None or held.password != found.password or member_of(db, token) is None:
            raise Refused("this account was changed meanwhile: sign in anew")
        ledger.note(service, db, "password", password_key(held))
        db.execute(update(ACCOUNT).where(ACCOUNT.c.id == held.id).values(password=hashed))
        end_sessions(db, held.id)
        audit(service.vault, db, {"action": "password changed", "account": held.name})
        return _new_session(db, held.id)


def sign_out(service: Service, db: Connection, token: str) -> None:
    """End a session, and note it in the trail."""
    member = member_of(db, token)
    db.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.hash == hash_of(token)))
    if member is not None:
        audit(service.vault, db, {"action": "signed out", "account": member.name})


def member_of(db: Connection, token: str) -> Member | None:
    """Return who holds this session, if it has not ended. Grants are read anew, so a change holds at once."""
    found = _session(db, token)
    if found is None:
        return None
    enrolled = found.enrol_until is None
    fresh = found.fresh_until > now()
    return Member(found.id, found.name, enrolled, fresh, grants(db, found.id) if enrolled else ())


def is_to_be_noted(db: Connection, token: str) -> bool:
    """Whether the time of last use is old enough to be written again."""
    found = _session(db, token)
    return found is not None and found.idle_at - IDLE < now() - NOTED_EVERY


def note_use(db: Connection, token: str) -> None:
    """Write down that a session is in use, so that it does not end as idle."""
    db.execute(
        update(STAFF_SESSION).where(STAFF_SESSION.c.hash == hash_of(token)).values(idle_at=now() + IDLE)
    )


def totp_secret(service: Service, account: Row[Any]) -> bytes:
    """Return the opened secret of an account's second factor."""
    secret = unseal(service.vault.key_for_totp(account.id.bytes), account.totp)
    if secret is None:
        raise Refused(
            f"the second factor of {account.name!r} was sealed under another secret: renew the account"
        )
    return secret


def hash_of(token: str) -> str:
    """Hash a token. It has 256 random bits, which nobody can guess, so a fast hash is enough."""
    return sha256(token.encode()).hexdigest()


def code_step(service: Service, held: Row[Any], code: str, known: bytes | None) -> int | None:
    """Return the step to remember if this sign-in may go on: 0 for the first one, which needs no code.

    That one's password has 80 random bits, so it need not wait; nor need two codes in a row, nor a known
    browser.
    """
    moment = now()
    if not held.active:
        return None
    if held.enrol_until is not None:
        return 0 if held.enrol_until > moment else None
    if (step := _two_codes(service, held, code)) is not None:
        return step
    if known is None and _waits(held):
        return None
    return step_of(totp_secret(service, held), code, moment, held.last_step)


def _two_codes(service: Service, account: Row[Any], code: str) -> int | None:
    return step_of_two(totp_secret(service, account), code, now(), account.last_step)


def _waits(account: Row[Any]) -> bool:
    return account.wait_until is not None and account.wait_until > now()


def _session(db: Connection, token: str) -> Row[Any] | None:
    moment = now()
    asked = (
        select(
            ACCOUNT.c.id,
            ACCOUNT.c.name,
            ACCOUNT.c.enrol_until,
            STAFF_SESSION.c.idle_at,
            STAFF_SESSION.c.fresh_until,
        )
        .join(ACCOUNT, ACCOUNT.c.id == STAFF_SESSION.c.account)
        .where(STAFF_SESSION.c.hash == hash_of(token), ACCOUNT.c.active.is_(True))
        .where(STAFF_SESSION.c.expires_at > moment, STAFF_SESSION.c.idle_at > moment)
    )
    found: list[Row[Any]] = list(db.execute(asked))
    return found[0] if found else None


def _new_session(db: Connection, account: UUID) -> str:
    token, moment = SESSION_PREFIX + secrets.token_urlsafe(32), now()
    db.execute(delete(STAFF_SESSION).where(STAFF_SESSION.c.expires_at < moment))
    db.execute(
        insert(STAFF_SESSION).values(
            hash=hash_of(token),
            account=account,
            expires_at=moment + LASTS,
            idle_at=moment + IDLE,
            fresh_until=moment + FRESH,
        )
    )
    return token


def for_update(db: Connection, account: UUID) -> Row[Any] | None:
    """Read an account and lock it until the transaction ends, so that a code works once."""
    held = select(ACCOUNT).where(ACCOUNT.c.id == account).with_for_update()
    found: list[Row[Any]] = list(db.execute(held))
    return found[0] if found else None


def note_failure(db: Connection, account: UUID | None) -> None:
    """Make strangers who try this account wait, unless they do already; tries meanwhile do not count.

    A row is written for unknown names too, so that they take as long.
    """
    noted = (
        (sqlite if is_sqlite(db) else postgresql).insert(SETTING).values(name=LAST_FAILED, value=new_token())
    )
    db.execute(noted.on_conflict_do_update(index_elements=["name"], set_={"value": noted.excluded.value}))
    if account is None:
        return
    held = for_update(db, account)
    if held is None or _waits(held):
        return
    failures = held.failures + 1
    until = now() + timedelta(seconds=wait(failures, FREE_FAILURES))
    db.execute(update(ACCOUNT).where(ACCOUNT.c.id == account).values(failures=failures, wait_until=until))
