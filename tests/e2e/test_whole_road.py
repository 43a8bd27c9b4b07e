"""The whole way: a host at the command line, a person in a browser, staff with tokens."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from app.staff.permissions import HOME
from app.studies.information import EXAMPLE
from tests.conftest import SECRET
from tests.e2e.person import on, press
from tests.lib.questionnaire_client import respond

SURE = ("--confirm", "units", "--confirm", "people")
REPOSITORY = Path(__file__).parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.either]


@dataclass(frozen=True)
class Host:
    """A host with a terminal, and the service they run."""

    environment: dict[str, str]
    origin: str

    def __call__(self, *words: str) -> str:
        command = [sys.executable, "-m", "app", *words]
        ended = subprocess.run(
            command, env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"counterpoise {' '.join(words)}: {ended.stderr}"
        return ended.stdout.strip()

    def new_wave(self, study: str, leaving: str) -> str:
        asked = ("--people", "120", "--ask", "role", "--ask", "length", "--leaving", leaving)
        self("study", "make", study, "Spring placements", *asked, "--retire-on", "2099-12-31")
        self("study", "unit", study, "college", "The college", "--level", "organisation")
        for unit in ("north", "south"):
            self("study", "unit", study, unit, f"{unit.title()} team", "--parent", "college")
        wave = self("wave", "make", study)
        self("study", "describe", study, str(EXAMPLE))
        assert self("wave", "open", wave, *SURE) == f"{wave} is open"
        return wave

    def codes(self, wave: str, count: int, unit: str) -> list[str]:
        return json.loads(self("codes", wave, "--count", str(count), "--unit", unit, "--json"))

    def staff(self, role: str, study: str) -> httpx2.Client:
        client = httpx2.Client(base_url=self.origin, follow_redirects=True, timeout=60)
        token = self("token", role, "--study", study).splitlines()[-1]
        assert client.get(HOME[role]).status_code == 404
        assert client.post("/staff", data={"token": token}).status_code == 200
        return client

    def others_respond(self, codes: list[str]) -> None:
        with httpx2.Client(base_url=self.origin, timeout=60) as client:
            for code in codes:
                client.cookies.clear()
                assert respond(client, code, {"vi5_2": 1})


@pytest.fixture
def host(url: str, tmp_path: Path, unused_port: int) -> Iterator[Host]:
    (tmp_path / "secret").write_text(SECRET.hex())
    environment = {
        **os.environ,
        "COUNTERPOISE_DATABASE_URL": url,
        "COUNTERPOISE_SECRET_FILE": str(tmp_path / "secret"),
        "COUNTERPOISE_INSECURE_COOKIES": "1",
    }
    command = [sys.executable, "-m", "app", "serve", "--port", str(unused_port)]
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY) as server:
        origin = f"http://127.0.0.1:{unused_port}"
        _wait_until_ready(origin, server)
        yield Host(environment, origin)
        server.terminate()


def _wait_until_ready(origin: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server did not start"
        try:
            if httpx2.get(f"{origin}/ready", timeout=60).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server was not ready within five minutes")


def completes_it(page: Page, origin: str, code: str, answer: str) -> str:
    """Take part in a browser: agree, leave some context blank, give one answer all along, send."""
    page.goto(origin)
    page.get_by_label("Your code").fill(code.lower())
    press(page.get_by_role("button", name="Continue"))
    page.get_by_label("Yes, for this study").check()
    press(page.get_by_role("button", name="Continue"))
    page.get_by_label("My practice educator").check()
    press(page.get_by_role("button", name="Continue"))
    assert page.get_by_role("heading", name="You may leave these blank").is_visible()
    press(page.get_by_role("button", name="Continue"))
    for _ in range(6):
        for choice in page.get_by_label(answer, exact=True).all():
            choice.check()
        press(page.get_by_role("button", name="Continue"))
    press(page.get_by_role("button", name="Send my answers"))
    return page.locator(".receipt").inner_text()


@dataclass(frozen=True)
class Person:
    """Somebody with a browser of their own, who gives one answer all along."""

    width: int
    scripts: bool
    answer: str
    code: int
    """What the answer is kept as."""

    def takes_part(self, browser: Browser, origin: str, code: str) -> None:
        with on(browser, self.width, scripts=self.scripts) as context:
            receipt = completes_it(context.new_page(), origin, code, self.answer)
        assert len(receipt.replace("-", "")) == 12


PEOPLE = (
    Person(390, scripts=False, answer="Partly true", code=2),
    Person(1280, scripts=True, answer="Completely true", code=4),
)


ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""One whole road on each engine; tests/contract takes both studies over both."""


@ON_POSTGRES
def test_twelve_people_answer_and_their_unit_is_shown_and_of_nine_nothing_is(
    host: Host, browser: Browser
) -> None:
    wave = host.new_wave("spring", "reports")
    host.others_respond(host.codes(wave, 12, "north"))
    trainer = host.staff("trainer", "spring")
    assert trainer.get(f"/report/waves/{wave}").status_code == 404
    assert host("wave", "close", wave, "--now") == f"{wave} is closed"
    assert "North team" in trainer.get(f"/report/waves/{wave}/units/north").text
    assert trainer.get(f"/report/waves/{wave}/units/south").status_code == 404
    assert trainer.get(f"/export/waves/{wave}/responses.csv").status_code == 404

    of_nine = host("wave", "make", "spring")
    host("wave", "open", of_nine, *SURE)
    mine, *others = host.codes(of_nine, 9, "south")
    PEOPLE[0].takes_part(browser, host.origin, mine)
    host.others_respond(others)
    host("wave", "close", of_nine, "--now")
    assert "South team" not in trainer.get(f"/report/waves/{of_nine}").text
    assert trainer.get(f"/report/waves/{of_nine}/units/south").status_code == 404
    trainer.close()


@ON_SQLITE
def test_twelve_people_answer_and_a_researcher_has_their_rows_and_of_nine_none(
    host: Host, browser: Browser
) -> None:
    wave = host.new_wave("autumn", "rows")
    codes = host.codes(wave, 12, "north")
    for person, code in zip(PEOPLE, codes, strict=False):
        person.takes_part(browser, host.origin, code)
    host.others_respond([*codes[len(PEOPLE) :], *host.codes(wave, 9, "south")])
    researcher, trainer = host.staff("researcher", "autumn"), host.staff("trainer", "autumn")
    assert researcher.get(f"/export/waves/{wave}/responses.csv").status_code == 404
    assert host("wave", "close", wave, "--now") == f"{wave} is closed"

    rows = list(csv.DictReader(io.StringIO(researcher.get(f"/export/waves/{wave}/responses.csv").text)))
    assert len(rows) == 12
    items = [name for name in rows[0] if name.startswith("raw_")]
    assert len(items) == 30
    for person in PEOPLE:
        assert sum(all(row[item] == str(person.code) for item in items) for row in rows) == 1, person
    assert sum(row["raw_vi5_2"] == "1" for row in rows) == 12 - len(PEOPLE)
    assert researcher.get(f"/export/waves/{wave}/reliability.json").json()["n"] == 10
    assert "This study gives out answers, not reports" in trainer.get(f"/report/waves/{wave}").text
    assert trainer.get(f"/report/waves/{wave}/units/north").status_code == 404
    assert trainer.get(f"/export/waves/{wave}/responses.csv").status_code == 404
    for client in (researcher, trainer):
        client.close()
