"""Links of accounts to people at the institution, whose sign-in replaces the password alone.

The code of our second factor is still asked for. A link is made where an account is set up, by whoever has
its one-time password, and ends when the account is renewed or stopped. Signing in makes no account.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import audit
from app.db import is_sqlite, read, write
from app.runtime import Service, now
from app.staff.accounts import ACCOUNT, IDENTITY
from app.staff.passwords import hash_password
from app.staff.sessions import (
    code_step,
    for_update,
    known_as,
    let_in,
    member_of,
    note_failure,
    set_up,
    totp_secret,
)
from app.staff.totp import step_of
from app.staff.visits import Visit
from app.vault import new_token

BY: Final = "the institution"


def sign_in(service: Service, identity: bytes, code: str, visit: Visit) -> str | None:
    """Return a session's token if an account is linked and the code is its own; None in every other case."""
    linked = select(ACCOUNT).join(IDENTITY, IDENTITY.c.account == ACCOUNT.c.id)
    with read(service.engine) as db:
        found = db.execute(linked.where(IDENTITY.c.hmac == identity)).first()
    known = known_as(service, found, code, visit)
    with visit.turn(known), write(service.engine) as db:
        is_still = select(IDENTITY.c.account).where(IDENTITY.c.hmac == identity)
        held = for_update(db, found.id) if found and db.execute(is_still).scalar() == found.id else None
        is_set_up = held is not None and held.enrol_until is None
        step = code_step(service, held, code, known) if held and is_set_up else None
        if held is not None and step is not None:
            audit(service.vault, db, {"action": "signed in", "account": held.name, "with": BY})
            return let_in(db, held, step)
        note_failure(db, found.id if found and known is None else None)
    visit.failed(known)
    return None


def link(service: Service, token: str, account: UUID, identity: bytes, code: str) -> str | None:
    """Set the account up without a password; None if the code is wrong or the identity linked elsewhere."""
    nobodys = hash_password(new_token())
    with write(service.engine) as db:
        member = member_of(db, token)
        if member is None or member.enrolled or member.id != account:
            return None
        held = for_update(db, account)
        step = step_of(totp_secret(service, held), code, now(), 0) if held else None
        if held is None or step is None:
            note_failure(db, account)
            return None
        linking = (sqlite if is_sqlite(db) else postgresql).insert(IDENTITY)
        linking = linking.values(hmac=identity, account=account).on_conflict_do_nothing()
        if db.execute(linking.returning(IDENTITY.c.account)).first() is None:
            return None
        audit(service.vault, db, {"action": "institution linked", "account": held.name})
        return set_up(service, db, held, nobodys, step)
