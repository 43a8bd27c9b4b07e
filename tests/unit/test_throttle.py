"""The source of a sign-in, which nobody can read, and how long it must wait after failures."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from starlette.requests import Request

from app.config import from_environment
from app.errors import ConfigurationError
from app.staff import throttle
from app.staff.throttle import Failures, Throttle, TooManyTries, household, wait

SECRET = {"COUNTERPOISE_SECRET": "ab" * 32}
PROXY = (ip_network("10.0.0.0/24"),)


def asked(speaks: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "client": (speaks, 1), "headers": headers})


def test_our_own_proxy_alone_is_believed_and_only_its_last_word() -> None:
    behind = Throttle(PROXY)
    person = behind.source(asked("10.0.0.7", "203.0.113.7"))
    assert behind.source(asked("10.0.0.8", "198.51.100.1, 203.0.113.7")) == person
    assert behind.source(asked("10.0.0.7", "198.51.100.1", "203.0.113.7")) == person, "two lines are one"
    assert behind.source(asked("203.0.113.7")) == person
    assert behind.source(asked("203.0.113.7", "198.51.100.1")) == person, "a stranger's word is not taken"
    assert behind.source(asked("10.0.0.7", "198.51.100.1")) != person
    assert behind.source(asked("10.0.0.7")) == behind.source(asked("10.0.0.7", " "))
    assert Throttle().source(asked("10.0.0.7", "203.0.113.7")) != person
    assert behind.source(asked("::ffff:10.0.0.7", "203.0.113.7")) == person, "a socket for both kinds"


def test_a_household_is_one_source() -> None:
    assert household("2001:db8:1:2::5") == household("2001:db8:1:2:ffff::1") != household("2001:db8:1:3::5")
    assert household("::ffff:192.0.2.1") == household("192.0.2.1") != household("192.0.2.2")
    assert household("testclient") == b"testclient"
    assert household("192.0.2.1:50001") == household("192.0.2.1:50002") == household("192.0.2.1")
    assert (
        household("[2001:db8:1:2::5]:50001") == household("[2001:db8:1:2::5]") == household("2001:db8:1:2::5")
    )


def test_a_source_is_another_one_tomorrow_and_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there, request = Throttle(), Throttle(), asked("203.0.113.7")
    today = here.source(request)
    assert here.source(request) == today != there.source(request)
    monkeypatch.setattr(throttle, "now", lambda: datetime(2040, 1, 1, tzinfo=UTC))
    assert here.source(request) != today


def test_who_fails_waits_longer_each_time_up_to_a_quarter_of_an_hour() -> None:
    assert [wait(times, 5) for times in range(1, 9)] == [0, 0, 0, 0, 15, 30, 60, 120]
    assert wait(10_000, 5) == 15 * 60


def test_failures_are_forgotten_in_time_and_in_number(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1_000.0
    monkeypatch.setattr(throttle, "monotonic", lambda: moment)
    failures = Failures(free=2)
    failures.note(b"one")
    assert not failures.waits(b"one")
    failures.note(b"one")
    assert failures.waits(b"one")
    assert not failures.waits(b"two")
    moment += 15.1
    assert not failures.waits(b"one")
    moment += 31 * 60
    failures.note(b"one")
    assert not failures.waits(b"one"), "half an hour later one begins anew"
    for number in range(throttle.MOST_KEPT + 50):
        failures.note(b"%d" % number)
    assert len(failures._failed) == throttle.MOST_KEPT


def test_two_tries_of_a_source_are_looked_at_at_once() -> None:
    many = Throttle()
    with (
        many.turn(b"here"),
        many.turn(b"here"),
        many.turn(b"there"),
        pytest.raises(TooManyTries),
        many.turn(b"here"),
    ):
        pass
    with many.turn(b"here"):
        pass
    assert not many._under_way, "nothing is remembered of those who have gone"


@pytest.mark.parametrize(
    "given",
    [
        {"COUNTERPOISE_PROXY": "proxy.example"},
        {"COUNTERPOISE_PROXY": "10.0.0.1/8"},
        {"COUNTERPOISE_ORIGIN": "questions.example"},
        {"COUNTERPOISE_ORIGIN": "http://questions.example"},
        {"COUNTERPOISE_ORIGIN": "https://questions.example/path"},
    ],
)
def test_a_setting_that_cannot_be_is_named(given: Mapping[str, str]) -> None:
    [name] = given
    with pytest.raises(ConfigurationError, match=name):
        from_environment({**SECRET, **given})


def test_an_address_and_proxies_are_read() -> None:
    settings = from_environment(
        {
            **SECRET,
            "COUNTERPOISE_ORIGIN": "https://q.example/",
            "COUNTERPOISE_PROXY": "127.0.0.1, ::1, 10.0.0.0/24",
        }
    )
    assert settings.origin == "https://q.example"
    assert settings.proxies == tuple(map(ip_network, ("127.0.0.1", "::1", "10.0.0.0/24")))
