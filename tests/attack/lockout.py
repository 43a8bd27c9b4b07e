"""The lockout attack: a stranger fails at signing in, in somebody's name, until the owner cannot sign in.

    python -m tests.attack.lockout --accounts 40 --db sqlite,postgres

For each account strangers fail with wrong passwords, from one source and from many, some with a header that
names other sources, some with a cookie of their own account or an invented one. Meanwhile the owner signs in
where they did before, and with two codes where they did not, and proves again who they are; other people sign
in for the first time from elsewhere. Then somebody who has the password guesses codes for an hour of tries.
The attack succeeds if an owner or anybody else is kept out, if more than a few of the guesses are looked at,
or if an address is in the database or a log.

Faults are then put in on purpose, and the attack must succeed: the account alone waits, whoever tries; a
source is what a request says of itself; nobody waits. Exits with 1 on any success, and on any fault that is
missed.
"""

import argparse
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from random import Random
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.config import Settings
from app.db import read, write
from app.main import create_app
from app.runtime import Service, check_secret, make_service
from app.staff import accounts, sessions, throttle
from app.staff.accounts import ACCOUNT
from app.staff.visits import Visit
from app.tables import SQLModel
from tests.lib.attack_runs import run_each
from tests.lib.staff_accounts import PASSWORD, code_of, codes_of, ready

FAULTS: Final = ("account-alone", "believing", "no-waiting")
PROXY: Final = "10.0.0.1"
HOME, STRANGER = "198.51.100.7", "203.0.113.77"
FAILURES: Final = 17
GUESSES: Final = 60
LOOKED_AT_AT_MOST: Final = 12
"""Guesses of a code, by somebody who has the password, that may be looked at before the account waits."""


@dataclass
class Outcome:
    accounts: int = 0
    failures: int = 0
    kept_out: int = 0
    """Owners who could not sign in, in any of their ways."""
    others_kept_out: int = 0
    guessing: int = 0
    """Accounts at which too many guesses were looked at."""
    addresses: int = 0

    @property
    def won(self) -> bool:
        return bool(self.kept_out or self.others_kept_out or self.guessing or self.addresses)

    def __str__(self) -> str:
        return (
            f"{'KEPT OUT' if self.won else 'open'}: {self.kept_out} of {self.accounts} owners and "
            f"{self.others_kept_out} others kept out after {self.failures} failures of strangers; codes of "
            f"{self.guessing} could be guessed; {self.addresses} addresses left"
        )


class Attack:
    def __init__(self, url: str, seed: int, running: ExitStack) -> None:
        settings = Settings(
            database_url=url,
            secret=Random(seed).randbytes(32),
            secure=False,
            proxies=(ip_network(PROXY),),
        )
        self.service: Service = make_service(settings)
        check_secret(self.service)
        running.callback(self.service.engine.dispose)
        self.app = create_app(settings, self.service)
        self.chance, self.running, self.outcome = Random(seed), running, Outcome()

    def browser(self, speaks: str = PROXY) -> TestClient:
        client = TestClient(
            self.app, base_url="http://127.0.0.1", follow_redirects=False, client=(speaks, 4711)
        )
        return self.running.enter_context(client)

    def tries(self, client: TestClient, source: str, name: str, password: str, code: str) -> int:
        fields = {"name": name, "password": password, "code": code}
        answer = client.post("/staff/sign-in", data=fields, headers={"x-forwarded-for": source})
        return int(answer.status_code)

    def fails(self, client: TestClient, source: str, name: str) -> None:
        self.outcome.failures += 1
        assert self.tries(client, source, name, "a wrong password", "000000") in (422, 429)

    def one(self, name: str, number: int) -> None:
        """Everything that strangers do to one account, and what its owner does meanwhile."""
        self.outcome.accounts += 1
        at_home = self.browser()
        came = [self.signs_in(at_home, HOME, name)]
        forged = self.browser()
        forged.cookies.set("device", at_home.cookies["device"][:-6] + "AAAAAA", path="/staff")
        borrowed = self.browser()
        assert self.signs_in(borrowed, self.anywhere(), "mallory", codes=2)
        for each in (self.browser(), forged, borrowed):
            for _ in range(FAILURES):
                self.fails(each, STRANGER, name)
        for _ in range(FAILURES):
            self.fails(self.browser(), self.anywhere(), name)
        came.append(self.signs_in(at_home, HOME, name))
        came.append(self.shows_again(at_home, name))
        elsewhere = self.browser()
        came.append(self.signs_in(elsewhere, f"192.0.2.{number % 250}", name, codes=2))
        # They may even be at the stranger's address.
        came.append(self.signs_in(self.browser(), STRANGER, name, codes=2))
        self.outcome.kept_out += not all(came)
        invited = f"invited-{name}"
        with write(self.service.engine) as db:
            one_time = accounts.make_account(self.service, db, invited)
        for _ in range(FAILURES):
            self.fails(self.browser(), self.anywhere(), invited)
        first = self.tries(self.browser(), f"192.0.2.{number % 250}", invited, one_time, "")
        self.outcome.others_kept_out += first != 303
        self.outcome.guessing += self.guesses(name)

    def guesses(self, name: str) -> bool:
        """Whether somebody who has the password, and names another source each time, may go on guessing."""
        looked_at = 0
        real = sessions.step_of

        def counting(*given: Any) -> int | None:
            nonlocal looked_at
            looked_at += 1
            return real(*given)

        self.forgiven(name)
        client = self.browser(STRANGER)
        with patch.object(sessions, "step_of", counting):
            for _ in range(GUESSES):
                self.outcome.failures += 1
                self.tries(client, self.anywhere(), name, PASSWORD, f"{self.chance.randrange(10**6):06}")
        return looked_at > LOOKED_AT_AT_MOST

    def signs_in(self, client: TestClient, source: str, name: str, codes: int = 1) -> bool:
        self.forget_step(name)
        shown = codes_of(self.service, name, *range(1 - codes, 1))
        return self.tries(client, source, name, PASSWORD, " ".join(shown)) == 303

    def shows_again(self, client: TestClient, name: str) -> bool:
        self.forget_step(name)
        return client.post("/staff/again", data={"code": code_of(self.service, name)}).status_code == 303

    def forget_step(self, name: str) -> None:
        """Forget the last step: a code works once, and the test does not wait for the next one."""
        with write(self.service.engine) as db:
            db.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(last_step=0))

    def forgiven(self, name: str) -> None:
        with write(self.service.engine) as db:
            db.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(failures=0, wait_until=None))

    def anywhere(self) -> str:
        return ".".join(str(self.chance.randrange(1, 255)) for _ in range(4))

    def addresses_left(self, log: str) -> int:
        with read(self.service.engine) as db:
            kept = [str(list(db.execute(select(table)))) for table in SQLModel.metadata.tables.values()]
        memory = str(vars(self.app.state.throttle)) + str(vars(self.app.state.throttle._sources))
        places = [*kept, log, memory]
        return sum(address in place for address in (HOME, STRANGER) for place in places)


def attack(url: str, count: int, seed: int = 1, fault: str = "") -> Outcome:
    """Let strangers fail; the database at `url` is migrated and empty."""
    with faulty(fault), ExitStack() as running, logged() as log:
        made = Attack(url, seed, running)
        ready(made.service, "mallory")
        for number in range(count):
            made.one(ready(made.service, f"ada{number}"), number)
        made.outcome.addresses = made.addresses_left(log.getvalue())
    return made.outcome


@contextmanager
def logged() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(lambda record: not record.name.startswith("httpx"))
    logging.getLogger().addHandler(handler)
    try:
        yield text
    finally:
        logging.getLogger().removeHandler(handler)


@contextmanager
def faulty(fault: str) -> Iterator[None]:
    """Put a fault into who has to wait for whose failures."""
    with ExitStack() as parts:
        if fault == "account-alone":
            parts.enter_context(patch.object(Visit, "known_as", lambda *_, **__: None))
        elif fault == "believing":
            says = lambda request, _proxies: request.headers.get("x-forwarded-for", "")  # noqa: E731
            parts.enter_context(patch.object(throttle, "client_of", says))
            parts.enter_context(patch.object(sessions, "_waits", lambda _account: False))
        elif fault == "no-waiting":
            parts.enter_context(patch.object(throttle, "wait", lambda *_: 0.0))
            parts.enter_context(patch.object(sessions, "wait", lambda *_: 0.0))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Fail at signing in until owners are kept out.")
    parser.add_argument("--accounts", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, fault: str) -> Outcome:
        count = 2 if fault else asked.accounts
        return attack(url, count, asked.seed, fault)

    return run_each(asked.db, FAULTS, one, lambda outcome, fault: outcome.won is bool(fault))


if __name__ == "__main__":
    sys.exit(main())
