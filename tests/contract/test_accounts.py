"""Accounts of staff: a password, a second factor that works once, sessions that end; little is revealed."""

import re
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import Parameters, extract_parameters
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.audit import events, verify
from app.db import read, write
from app.errors import Busy, Refused
from app.runtime import Service, now
from app.staff import accounts, passwords, sessions
from app.staff.accounts import ACCOUNT, STAFF_SESSION
from app.staff.throttle import FIRST_WAIT, FREE_OF_DEVICE, Throttle
from app.staff.totp import address, code_at, step_at, step_of, step_of_two
from app.staff.visits import Visit
from tests.lib.cohorts import close, take_part
from tests.lib.staff_accounts import PASSWORD, account_row, code_of, codes_of, ready, secret_of, sign_in
from tests.privacy.organisations import of_one_mind

WRONG = "We could not sign you in"


def tries(client: TestClient, name: str, password: str, code: str) -> Any:
    return client.post("/staff/sign-in", data={"name": name, "password": password, "code": code})


def moved(service: Service, **columns: Any) -> None:
    with write(service.engine) as db:
        db.execute(update(STAFF_SESSION).values(columns))


# ---- the second factor ----


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """The vectors of RFC 6238 for SHA-1, their last six digits."""
    assert code_at(b"12345678901234567890", seconds // 30) == code


def test_a_code_is_taken_a_step_early_or_late_and_never_again() -> None:
    secret, moment = b"s" * 20, datetime(2026, 11, 22, 12, tzinfo=UTC)
    present = step_at(moment)
    for drift in (-1, 0, 1):
        assert step_of(secret, code_at(secret, present + drift), moment, 0) == present + drift
        assert step_of(secret, code_at(secret, present + drift), moment, present + drift) is None
    for drift in (-2, 2):
        assert step_of(secret, code_at(secret, present + drift), moment, 0) is None
    assert step_of(secret, code_at(secret, present)[:3] + " " + code_at(secret, present)[3:], moment, 0)
    for typed in ("", "000", "é" * 6, "0" * 5000):
        assert step_of(secret, typed, moment, 0) is None


def test_two_codes_in_a_row_are_twelve_digits_and_no_others() -> None:
    secret, moment = b"s" * 20, datetime(2026, 11, 22, 12, tzinfo=UTC)
    present = step_at(moment)
    one, two, three = (code_at(secret, present + drift) for drift in (-1, 0, 1))
    assert step_of_two(secret, f"{one} {two}", moment, 0) == present
    assert step_of_two(secret, two + three, moment, 0) == present + 1
    for wrong in (two, two + two, two + one, one + three, f"{one}{two}{three}", "0" * 6 + two, two + "0" * 6):
        assert step_of_two(secret, wrong, moment, 0) is None, wrong
    assert step_of_two(secret, one + two, moment, present) is None, "a code is taken once"


def test_the_picture_says_what_devices_read() -> None:
    assert address(b"12345678901234567890", "ada@example.org") == (
        "otpauth://totp/Counterpoise:ada%40example.org"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Counterpoise"
    )


def test_the_secret_is_sealed_in_the_database(service: Service) -> None:
    ready(service, "ada")
    assert secret_of(service, "ada") not in account_row(service, "ada").totp
    assert account_row(service, "ada").password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# ---- from the first sign-in to the last ----


def test_an_account_is_set_up_by_the_person_themselves(service: Service, client: TestClient) -> None:
    with write(service.engine) as db:
        one_time = accounts.make_account(service, db, " Ada ")
        accounts.give(service, db, "ada", "operator", "*")
    assert tries(client, "ada", one_time, "").headers["location"] == "/staff"
    assert client.get("/staff").headers["location"] == "/staff/enrol"
    assert client.get("/operator").status_code == 404
    page = client.get("/staff/enrol")
    assert "<svg" in page.text
    shown = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
    assert shown is not None
    assert shown[1].replace(" ", "") in address(secret_of(service, "ada"), "ada")
    good = {"password": PASSWORD, "repeated": PASSWORD, "code": code_of(service, "ada")}
    for wrong, why in (
        ({"repeated": "another"}, "differ"),
        ({"password": "short", "repeated": "short"}, "12 to 200"),
        ({"password": "ada-ada-ada-ada", "repeated": "ada-ada-ada-ada"}, "holds your name"),
        ({"code": "000000"}, "not the one of this moment"),
    ):
        refused = client.post("/staff/enrol", data=good | wrong)
        assert refused.status_code == 422
        assert why in refused.text
    before = client.cookies["staff"]
    assert client.post("/staff/enrol", data=good).headers["location"] == "/staff"
    assert client.cookies["staff"] != before, "the session is another one after a change of power"
    assert client.get("/operator").status_code == 200
    assert client.get("/staff/enrol").status_code == 404, "the secret is never shown again"
    client.cookies.clear()
    assert tries(client, "ada", one_time, code_of(service, "ada", later=1)).status_code == 422
    assert tries(client, "ADA", PASSWORD, code_of(service, "ada", later=1)).status_code == 303


def test_the_first_password_ends_after_seven_days(service: Service, client: TestClient) -> None:
    with write(service.engine) as db:
        one_time = accounts.make_account(service, db, "ada")
        db.execute(update(ACCOUNT).values(enrol_until=now() - timedelta(seconds=1)))
    assert tries(client, "ada", one_time, "").status_code == 422


def test_a_code_signs_in_once(service: Service, client: TestClient) -> None:
    ready(service, "ada")
    code = code_of(service, "ada")
    assert tries(client, "ada", PASSWORD, code).status_code == 303
    again = tries(client, "ada", PASSWORD, code)
    assert again.status_code == 422
    assert WRONG in again.text


def test_a_code_typed_in_two_places_at_once_signs_in_once(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is locked from reading the last code used until the new one is written."""
    ready(service, "ada")
    code, told, both = code_of(service, "ada"), list[str | None](), threading.Barrier(2)

    def together(*given: Any) -> int | None:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        return step_of(*given)

    monkeypatch.setattr(sessions, "step_of", together)
    threads = [
        threading.Thread(
            target=lambda: told.append(
                sessions.sign_in(service, "ada", PASSWORD, code, Visit(Throttle(), b""))
            )
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(token is not None for token in told) == [False, True]


def test_whatever_is_wrong_is_told_alike(service: Service, client: TestClient) -> None:
    for name in ("ada", "stopped", "other"):
        ready(service, name)
    with write(service.engine) as db:
        accounts.make_account(service, db, "last")
        accounts.stop_account(service, db, "stopped")
    right = code_of(service, "ada")
    pages = {
        tries(client, *typed).text
        for typed in (
            ("ada", PASSWORD, "000000"),
            ("ada", PASSWORD, ""),
            ("ada", "wrong password", right),
            ("nobody", PASSWORD, right),
            ("", "", ""),
            ("stopped", PASSWORD, code_of(service, "stopped")),
            ("last", PASSWORD, ""),
            ("ada' OR 1=1 --", PASSWORD, right),
            ("ada", "x" * 5000, right),
        )
    }
    assert len(pages) == 1
    assert WRONG in pages.pop()
    assert "staff" not in client.cookies


class Counting:
    """The hasher of passwords, counting each hash that it compares a password with."""

    def __init__(self) -> None:
        self.hasher = passwords.HASHER
        self.compared: list[Parameters] = []

    def hash(self, password: str) -> str:
        return self.hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self.compared.append(extract_parameters(hashed))
        return bool(self.hasher.verify(hashed, password))


def test_an_unknown_name_costs_as_much(
    service: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2 is what takes time: it runs once, at the same cost, whether there is an account or none."""
    ready(service, "ada")
    hasher = Counting()
    monkeypatch.setattr(passwords, "HASHER", hasher)
    tries(client, "nobody", "x", "")
    costs = []
    for name in ("ada", "nobody", "", "ada"):
        hasher.compared.clear()
        tries(client, name, "a wrong password", "000000")
        [cost] = hasher.compared
        costs.append(cost)
    assert costs == [costs[0]] * 4
    assert costs[0].memory_cost >= 19 * 1024


def test_after_five_failures_an_account_waits(service: Service, client: TestClient) -> None:
    ready(service, "ada")
    begun = now()
    for _ in range(5):
        assert tries(client, "ada", "wrong password", "000000").status_code == 422
    assert begun < account_row(service, "ada").wait_until - timedelta(seconds=FIRST_WAIT) <= now()
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).values(wait_until=now() + timedelta(hours=1)))
    assert tries(client, "ada", PASSWORD, code_of(service, "ada")).status_code == 422
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).values(failures=40, wait_until=None))
    tries(client, "ada", "wrong password", "000000")
    assert account_row(service, "ada").wait_until - now() <= timedelta(minutes=15)
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).values(wait_until=now() - timedelta(seconds=1)))
    assert tries(client, "ada", PASSWORD, code_of(service, "ada")).status_code == 303
    assert account_row(service, "ada").failures == 0


def test_two_passwords_are_hashed_at_once_and_a_flood_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty known and thirty strangers at once: one of each is hashed, four and six wait."""
    running = most = 0
    guard, released = threading.Lock(), threading.Event()
    hasher = passwords.HASHER

    class Slow:
        def verify(self, hashed: str, password: str) -> bool:
            nonlocal running, most
            with guard:
                running += 1
                most = max(most, running)
            released.wait(60)
            same = hasher.verify(hashed, password)
            with guard:
                running -= 1
            return bool(same)

    told: list[str] = []
    everybody_else = threading.Semaphore(0)

    hashed = passwords.hash_password("a password")

    def one(known: bool) -> None:
        try:
            passwords.is_password(hashed, "a password", known=known)
            told.append("hashed")
        except Busy:
            told.append("busy")
            everybody_else.release()

    monkeypatch.setattr(passwords, "HASHER", Slow())
    threads = [threading.Thread(target=one, args=(bool(number % 2),)) for number in range(60)]
    for thread in threads:
        thread.start()
    for _ in range(48):
        assert everybody_else.acquire(timeout=50)
    assert told == ["busy"] * 48
    released.set()
    for thread in threads:
        thread.join()
    assert most == 2
    assert told[48:] == ["hashed"] * 12


# ---- sessions ----


def test_a_session_is_kept_as_a_hash_and_is_another_one_each_time(
    service: Service, client: TestClient
) -> None:
    ready(service, "ada", operator="*")
    answer = sign_in(service, client, "ada")
    cookie, device = answer.headers.get_list("set-cookie")
    assert re.fullmatch(r"device=[\w-]+; HttpOnly; Max-Age=15552000; Path=/staff; SameSite=strict", device), (
        "it goes along with nobody's answers"
    )
    assert re.fullmatch(r"staff=cps_[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=strict", cookie)
    first = client.cookies["staff"]
    with read(service.engine) as db:
        assert first not in str(db.execute(select(STAFF_SESSION)).one())
    sign_in(service, client, "ada")
    second = client.cookies["staff"]
    assert second != first
    client.cookies.clear()
    client.cookies["staff"] = first
    assert client.get("/operator").status_code == 404, "the old session has ended"


@pytest.mark.parametrize("column", ["expires_at", "idle_at"])
def test_a_session_ends_by_itself(service: Service, client: TestClient, column: str) -> None:
    sign_in(service, client, ready(service, "ada", operator="*"))
    assert client.get("/operator").status_code == 200
    moved(service, **{column: now() - timedelta(seconds=1)})
    assert client.get("/operator").status_code == 404


def test_use_puts_off_the_idle_end_but_not_the_last(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "ada", operator="*"))
    nearly = now() + timedelta(minutes=10)
    moved(service, idle_at=nearly)
    with read(service.engine) as db:
        before = db.execute(select(STAFF_SESSION)).one()
    client.get("/operator")
    with read(service.engine) as db:
        after = db.execute(select(STAFF_SESSION)).one()
    assert after.idle_at > nearly + timedelta(minutes=10)
    assert after.expires_at == before.expires_at <= now() + timedelta(hours=12)


def test_signing_out_ends_the_session_itself(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "ada", operator="*"))
    stolen = client.cookies["staff"]
    assert client.post("/staff/leave").status_code == 303
    client.cookies.clear()
    client.cookies["staff"] = stolen
    assert client.get("/operator").status_code == 404


def test_stopping_or_renewing_an_account_ends_its_sessions(service: Service, client: TestClient) -> None:
    ready(service, "ada", operator="*")
    for change in (accounts.renew_account, accounts.stop_account):
        sign_in(service, client, ready(service, f"ben-{change.__name__}", operator="*"))
        assert client.get("/operator").status_code == 200
        with write(service.engine) as db:
            change(service, db, f"ben-{change.__name__}")
        assert client.get("/operator").status_code == 404


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("leaving", ["rows"])
def test_answers_are_taken_out_only_by_somebody_who_has_just_signed_in(
    service: Service, client: TestClient
) -> None:
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    close(service, "demo-1")
    sign_in(service, client, ready(service, "ada", researcher="demo"))
    path = "/export/waves/demo-1/responses.csv"
    assert client.get(path).status_code == 200
    moved(service, fresh_until=now() - timedelta(seconds=1))
    asked, back = client.get(path).headers["location"], "/export/waves/demo-1"
    assert asked == f"/staff/again?to={back}"
    assert client.get("/export/waves/demo-1").status_code == 200
    there = f'name="to" value="{back}"'
    assert there in client.get(asked).text
    assert there in client.post("/staff/again", data={"code": "000000", "to": back}).text
    assert client.get(path).status_code == 303
    shown = client.post("/staff/again", data={"code": code_of(service, "ada", later=1), "to": back})
    assert (shown.status_code, shown.headers["location"]) == (303, back)
    assert client.get(path).status_code == 200
    with read(service.engine) as db:
        taken = [each.event for each in events(db) if each.event["action"] == "answers taken out"]
    assert taken == [{"action": "answers taken out", "wave": "demo-1", "by": "ada"}] * 2


@pytest.mark.usefixtures("study")
def test_whoever_took_a_session_does_not_guess_its_code(service: Service, client: TestClient) -> None:
    """Four wrong codes cause no wait; from the fifth on the session waits, and refuses even a right code."""
    sign_in(service, client, ready(service, "ada", researcher="demo"))
    one, two = codes_of(service, "ada", 0, 1)
    wrong = next(f"{each:06}" for each in range(9) if f"{each:06}" not in {one, two})
    for _ in range(FREE_OF_DEVICE):
        assert client.post("/staff/again", data={"code": wrong}).status_code == 422
    assert client.post("/staff/again", data={"code": two}).status_code == 422
    assert client.post("/staff/again", data={"code": one + two}).status_code == 303, "nobody guesses these"


# ---- what operators do ----


@pytest.mark.usefixtures("study")
def test_a_session_that_was_left_open_makes_nobody_a_researcher(service: Service, client: TestClient) -> None:
    """Whoever uses it could sign in as the account they made, and take answers out as that."""
    ready(service, "ben", researcher="demo")
    sign_in(service, client, ready(service, "ada", operator="*"))
    moved(service, fresh_until=now() - timedelta(seconds=1))
    assert client.get("/operator").status_code == 200
    role = {"role": "researcher", "study": "demo"}
    for path, fields in (
        ("", {"name": "eve", **role}),
        ("/ben/renew", {}),
        ("/ada/grant", role),
        ("/ben/withdraw", role),
        ("/ben/stop", {}),
    ):
        asked = client.post(f"/operator/accounts{path}", data=fields)
        assert (asked.status_code, asked.headers["location"]) == (303, "/staff/again?to=/operator"), path
    with read(service.engine) as db:
        assert [each.name for each in accounts.accounts(db)] == ["ada", "ben"]
        assert [held.role for held in accounts.grants(db, accounts.the_account(db, "ada").id)] == ["operator"]
        assert accounts.the_account(db, "ben").enrol_until is None
    for elsewhere in ("https://elsewhere.example/host", "//elsewhere.example", "/exit", ""):
        assert 'name="to" value="/staff"' in client.get("/staff/again", params={"to": elsewhere}).text
    shown = client.post("/staff/again", data={"code": code_of(service, "ada", later=1), "to": "/operator"})
    assert shown.headers["location"] == "/operator"
    assert "eve" in client.post("/operator/accounts", data={"name": "eve", **role}).text


@pytest.mark.usefixtures("study")
def test_an_operator_makes_accounts_on_a_page(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "ada", operator="*"))
    made = client.post(
        "/operator/accounts",
        data={"name": "Ben", "role": "trainer", "study": "demo", "units": "north, south"},
    )
    shown = re.search(r"<code>([0-9a-f]{4}(?:-[0-9a-f]{4}){4})</code>", made.text)
    assert shown is not None
    assert shown[1] not in client.get("/operator").text
    with read(service.engine) as db:
        [held] = accounts.grants(db, accounts.the_account(db, "ben").id)
    assert (held.role, held.study, held.units) == ("trainer", "demo", frozenset({"north", "south"}))
    client.post("/operator/accounts/ben/withdraw", data={"role": "trainer", "study": "demo"})
    client.post("/operator/accounts/ben/grant", data={"role": "researcher", "study": "demo", "units": ""})
    with read(service.engine) as db:
        [held] = accounts.grants(db, accounts.the_account(db, "ben").id)
    assert (held.role, held.units) == ("researcher", None)
    renewed = client.post("/operator/accounts/ben/renew")
    assert shown[1] not in renewed.text
    assert client.post("/operator/accounts/ben/stop").status_code == 303
    assert not account_row(service, "ben").active


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("role", "of_study", "units", "why"),
    [
        ("owner", "demo", None, "none of them"),
        ("trainer", "none", None, "no study"),
        ("trainer", "demo", ["nowhere"], "no unit nowhere"),
        ("researcher", "demo", ["north"], "only a trainer"),
        ("operator", "demo", None, "whole service"),
        ("trainer", "*", None, "name it"),
    ],
)
def test_a_role_that_cannot_be_is_refused(
    service: Service, role: str, of_study: str, units: list[str] | None, why: str
) -> None:
    ready(service, "ada")
    with write(service.engine) as db, pytest.raises(Refused, match=why):
        accounts.give(service, db, "ada", role, of_study, of=units)


def test_the_last_operator_stays(service: Service) -> None:
    ready(service, "ada", operator="*")
    with write(service.engine) as db:
        for leave in (
            lambda: accounts.stop_account(service, db, "ada"),
            lambda: accounts.withdraw(service, db, "ada", "operator", "*"),
        ):
            with pytest.raises(Refused, match="last operator"):
                leave()
    ready(service, "ben", operator="*")
    with write(service.engine) as db:
        accounts.stop_account(service, db, "ada")


@pytest.mark.parametrize("name", ["", "a", "a b", "a\nda", "é", "a" * 65, "<b>"])
def test_a_name_that_cannot_be_is_refused(service: Service, name: str) -> None:
    with write(service.engine) as db, pytest.raises(Refused, match="cannot be a name"):
        accounts.make_account(service, db, name)


def test_a_name_is_given_once(service: Service) -> None:
    ready(service, "ada")
    with write(service.engine) as db, pytest.raises(Refused, match="already"):
        accounts.make_account(service, db, "ADA")


@pytest.mark.usefixtures("study")
def test_what_staff_do_is_written_down_under_their_name_and_without_a_secret(
    service: Service, client: TestClient
) -> None:
    ready(service, "ada", operator="*")
    sign_in(service, client, "ada")
    client.post("/operator/accounts", data={"name": "ben", "role": "host", "study": "demo"})
    client.post("/staff/leave")
    with read(service.engine) as db:
        told = [each.event for each in events(db)]
        assert verify(service.vault, db).broken_at is None
    assert [each["action"] for each in told[-4:]] == ["signed in", "account made", "role given", "signed out"]
    assert told[-2] == {
        "action": "role given",
        "account": "ben",
        "role": "host",
        "study": "demo",
        "by": "ada",
    }
    assert PASSWORD not in str(told)
    assert "argon2" not in str(told)
