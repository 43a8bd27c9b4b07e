"""Put the server's clock wrong, and check that nobody is lost and nothing ends before its time.

    python -m tests.fault.clock [--people 20] [--seed 1] [--db sqlite,postgres]

People take part over a real server whose clock is two days slow or two days fast, jumps while they are at
the check page, or passes the hour in which summer time begins or ends. A collection whose end was announced
takes answers until then and none afterwards, also when the clock was slow meanwhile; one that has not opened
takes none; a token ends within a minute of its time. Exits with 1 if anything is otherwise. Then

local      the server reckons by the local time of the place it stands at

must be noticed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import GONE, NOT_FOUND, OK, SERVICE_UNAVAILABLE
from pathlib import Path
from random import Random
from typing import Final

import httpx2

from app.db import write
from app.runtime import Service, now
from app.staff.authorise import make_token
from app.studies import waves
from tests.fault.crowd import Timed
from tests.fault.disk import Disk, failing_disk
from tests.fault.sending import WAVE, arrive, kept, open_study
from tests.fault.serving import Server, served
from tests.lib.attack_runs import run_each
from tests.lib.questionnaire_client import respond

LOCAL: Final = "local"
FAULTS: Final = {
    "": "",
    LOCAL: """
import datetime, app.runtime
wrong = lambda: datetime.datetime.now().replace(tzinfo=datetime.UTC)
app.runtime.now = wrong
import app.staff.authorise, app.survey.drafts
app.staff.authorise.now = app.survey.drafts.now = wrong
""",
}
PLACE: Final = "America/New_York"
TWO_DAYS: Final = 2 * 24 * 3600.0
MINUTE: Final = 60.0
CHANGES: Final = (datetime(2027, 3, 14, 7, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC))
"""When summer time begins and ends at that place."""


@dataclass
class Outcome:
    came_through: int = 0
    kept: int = 0
    people: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.came_through == self.kept == self.people and not self.wrong

    def __str__(self) -> str:
        return (
            f"{self.came_through} of {self.people} people came through, {self.kept} kept; "
            f"before or after its time: {'; '.join(self.wrong) or 'nothing'}"
        )


def clock(url: str, place: Path, people: int, seed: int, fault: str = "") -> Outcome:
    """Let so many people take part by each wrong clock; `place` is for what belongs to the clock."""
    service, outcome = open_study(url), Outcome()
    (folder := place / "no-disk").mkdir()
    with (
        failing_disk(place, folder) as disk,
        served(url, place / "log", FAULTS[fault], **disk.environment, TZ=PLACE) as server,
    ):
        outcome.wrong += _tokens(service, server, disk)
        for number, ahead in enumerate(_jumps()):
            chance = Random(f"{seed} {number}")
            _jump(service, server, disk, outcome, ahead=ahead, people=people, chance=chance)
        disk.ahead(0)
        outcome.wrong += _ends(service, server, disk)
    service.engine.dispose()
    return outcome


def _jumps() -> Iterator[tuple[float, float]]:
    """How far the clock is ahead when people come, and when they send."""
    yield from ((-TWO_DAYS, -TWO_DAYS), (TWO_DAYS, TWO_DAYS), (-TWO_DAYS, TWO_DAYS), (TWO_DAYS, -TWO_DAYS))
    for change in CHANGES:
        until = (change - now()).total_seconds()
        yield until - MINUTE, until + MINUTE


def _jump(
    service: Service,
    server: Server,
    disk: Disk,
    outcome: Outcome,
    *,
    ahead: tuple[float, float],
    people: int,
    chance: Random,
) -> None:
    """Half of them are at the check page already; the others take part from the first page to the last."""
    outcome.people += people
    disk.ahead(ahead[0])
    at_check = arrive(service, people // 2, chance)
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, WAVE, "south", people - len(at_check))
    for number, code in enumerate(codes):
        disk.ahead(ahead[number % 2])
        outcome.came_through += _walks(server, code)
    disk.ahead(ahead[1])
    outcome.came_through += sum(each.send(server.port).receipt is not None for each in at_check)
    outcome.kept += len(kept(service, at_check)) + len(codes)


def _walks(server: Server, code: str) -> bool:
    browser = Timed(server.address, 60)
    try:
        return bool(respond(browser, code))
    except AssertionError:
        return False
    finally:
        browser.client.close()


def _tokens(service: Service, server: Server, disk: Disk) -> Iterator[str]:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", "demo", 1)
    day = timedelta(days=1).total_seconds()
    for ahead, wanted in ((day - MINUTE, OK), (day + MINUTE, NOT_FOUND), (0.0, OK)):
        disk.ahead(ahead)
        headers = {"authorization": f"Bearer {token}"}
        told = httpx2.get(f"{server.address}/api/v1/studies", headers=headers, timeout=60).status_code
        if told != wanted:
            yield f"a token of a day, {ahead:.0f} s after it was made: {told}"
    disk.ahead(0)


def _ends(service: Service, server: Server, disk: Disk) -> Iterator[str]:
    """A collection that has not opened, and one whose end is announced for a day from now."""
    with write(service.engine) as db:
        later = waves.make_wave(service, db, "demo")
        [code] = waves.issue_codes(service, db, later, "south", 1)
    for ahead in (-TWO_DAYS, TWO_DAYS):
        disk.ahead(ahead)
        told = httpx2.post(f"{server.address}/enter", data={"code": code}, timeout=60).status_code
        if told != SERVICE_UNAVAILABLE:
            yield f"a collection that has not opened, {ahead:.0f} s ahead: {told}"
    disk.ahead(0)
    day = waves.ANNOUNCED.total_seconds()
    people = arrive(service, 4, Random(0))
    with write(service.engine) as db:
        waves.announce_close(service, db, WAVE, now() + waves.ANNOUNCED)
    steps = ((day - MINUTE, OK), (day + MINUTE, GONE), (-TWO_DAYS, OK), (day + MINUTE, GONE))
    for person, (ahead, wanted) in zip(people, steps, strict=True):
        disk.ahead(ahead)
        if (told := person.send(server.port).status) != wanted:
            yield f"a collection that ends in a day, {ahead:.0f} s ahead: {told}"
    disk.ahead(0)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def wrong(url: str, fault: str) -> Outcome:
        with tempfile.TemporaryDirectory() as place:
            return clock(url, Path(place), 2 if fault else given.people, given.seed, fault)

    return run_each(given.db, [LOCAL], wrong, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
