"""Accounts for tests: made, set up with a second factor, and signed in as a person does it."""

from typing import Any

from sqlalchemy import select, update

from app.db import read, write
from app.runtime import Service, now
from app.staff import accounts, sessions
from app.staff.accounts import ACCOUNT
from app.staff.permissions import EVERYWHERE
from app.staff.totp import code_at, step_at

PASSWORD = "seven quiet herons at dawn"


def secret_of(service: Service, name: str) -> bytes:
    with read(service.engine) as db:
        return sessions.totp_secret(service, accounts.the_account(db, name))


def code_of(service: Service, name: str, *, later: int = 0) -> str:
    """What the person's device shows, now or some steps later."""
    [code] = codes_of(service, name, later)
    return code


def codes_of(service: Service, name: str, *later: int) -> list[str]:
    """What it shows at several steps, counted from one and the same moment."""
    secret, step = secret_of(service, name), step_at(now())
    return [code_at(secret, step + each) for each in later]


def ready(service: Service, name: str, **roles: Any) -> str:
    """An account that is set up, with roles: role=study, or role=(study, units)."""
    with write(service.engine) as db:
        accounts.make_account(service, db, name)
        for role, of in roles.items():
            study, units = of if isinstance(of, tuple) else (of, None)
            accounts.give(service, db, name, role, study, of=units)
        set_up = {"password": accounts.hash_password(PASSWORD), "enrol_until": None}
        db.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(set_up))
    return name


def sign_in(service: Service, client: Any, name: str) -> Any:
    """Sign in over the page; the code of this step may have been taken, so the last step is forgotten."""
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(last_step=0))
    fields = {"name": name, "password": PASSWORD, "code": code_of(service, name)}
    answer = client.post("/staff/sign-in", data=fields)
    assert answer.status_code == 303, answer.text
    return answer


def account_row(service: Service, name: str) -> Any:
    with read(service.engine) as db:
        return db.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).one()


__all__ = ["EVERYWHERE", "PASSWORD", "account_row", "code_of", "codes_of", "ready", "secret_of", "sign_in"]
