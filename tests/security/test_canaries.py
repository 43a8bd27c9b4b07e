"""What people type, send or reveal unasked is in no log, no temporary file and no table except that of
answers.

A real server, in a process of its own, is used in every way: each form in each of its languages, linked
waves, private reflection, erasing, wrong codes, hostile input, faults of its own, staff and exports. Searched
for are every code, receipt, cookie, key and password that occurred, a word planted in headers, addresses and
fields, and answers that nobody else gives.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import SQLModel

from app import studies
from app.db import is_sqlite, read, write
from app.languages import LANGUAGES, home
from app.runtime import Service
from app.staff.authorise import make_token
from app.staff.permissions import EVERYWHERE
from app.studies import waves
from app.studies.linking.elements import ELEMENTS
from app.vault import read_code
from instrument import ppiq
from tests.fault.serving import Server, served
from tests.lib.cohorts import another_study, close, take_part
from tests.lib.disk_bytes import stolen
from tests.lib.linked_waves import EARLIER, declared
from tests.lib.questionnaire_client import NOTHING, Screen, fill, filled_in, open_page, respond, submit
from tests.lib.staff_accounts import PASSWORD, code_of, ready, secret_of
from tests.privacy.organisations import of_one_mind

pytestmark = pytest.mark.either

WORD = "canary7f3e"
ADDRESSES = ("203.0.113.77", "203.0.113.78", "203.0.113.79")
HEADERS = {
    "user-agent": f"{WORD}-agent/7",
    "x-forwarded-for": ADDRESSES[0],
    "forwarded": f"for={ADDRESSES[1]};host={WORD}",
    "x-real-ip": ADDRESSES[2],
    "referer": f"https://{WORD}.example/",
    "accept-language": f"en;q=0.1,{WORD}",
    "x-request-id": WORD,
}
PLANTED = {"length": "over_12_months", "frequency": "fortnightly", "company": "one_to_one"}
"""What the one draft says that is never sent, and nobody else says at all."""
SHORTEST = 6
FORM = "application/x-www-form-urlencoded"
OTHERS = {"length": "under_3_months", "frequency": "weekly", "company": "group"}


@dataclass
class Seen:
    """Everything secret that occurred."""

    secrets: set[str] = field(default_factory=lambda: {WORD, *ADDRESSES})

    def add(self, *secrets: str) -> None:
        self.secrets |= {each for each in secrets if len(each) >= SHORTEST}

    def code(self, code: str) -> str:
        self.add(code, str(read_code(code)))
        return code

    def note(self, response: httpx2.Response) -> None:
        """The cookies and the keys of an answer, and every receipt."""
        response.read()
        self.add(*response.cookies.values())
        if response.headers.get("content-type", "").startswith("text/html"):
            self.add(*re.findall(r'name="_key" value="([^"]+)"', response.text))
            for receipt in re.findall(r'class="receipt"[^>]*>([^<]+)<', response.text):
                self.code(receipt)

    def within(self, content: bytes) -> list[str]:
        return sorted(each for each in self.secrets if each.encode() in content)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@dataclass(frozen=True)
class Place:
    server: Server
    log: Path
    temporary: Path
    cluster: Path

    def read_log(self) -> bytes:
        own = self.cluster.parent / "log"
        return self.log.read_bytes() + (own.read_bytes() if own.exists() else b"")


@pytest.fixture
def place(service: Service, url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    temporary, log = tmp_path / "temporary", tmp_path / "log"
    temporary.mkdir()
    sqlite = is_sqlite(service.engine)
    cluster = tmp_path / "none" if sqlite else request.getfixturevalue("postgres").data
    with served(url, log, TMPDIR=str(temporary)) as server:
        yield Place(server, log, temporary, cluster)


def browser(place: Place, seen: Seen) -> httpx2.Client:
    """A browser that sends more about itself than it should, in the address, too."""
    return httpx2.Client(
        base_url=place.server.address,
        timeout=60,
        headers=HEADERS,
        params={"from": WORD},
        event_hooks={"response": [seen.note]},
        cookies={"other": WORD},
    )


def code_for(service: Service, seen: Seen, wave: str, unit: str) -> str:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, wave, unit, 1)
    return seen.code(code)


def wave_of(service: Service, form: str) -> str:
    study = form.replace("_", "-")
    with write(service.engine) as db:
        studies.make_study(db, id=study, title=study, form=form, simulated=True)
        studies.add_unit(db, study, "one", "One")
        waves.open_wave(service, db, wave := waves.make_wave(service, db, study))
    return wave


def take_part_in_every_form_and_language(place: Place, service: Service, seen: Seen) -> int:
    walked = 0
    for form in ppiq().forms:
        wave = wave_of(service, form)
        for language in LANGUAGES:
            if (form, language) not in ppiq().words:
                continue
            with browser(place, seen) as client:
                code = code_for(service, seen, wave, "one")
                respond(client, code, OTHERS, role=None, first=home(language) + "/")
                walked += 1
    return walked


def take_part_linked(place: Place, service: Service, seen: Seen) -> None:
    declared(service)
    with browser(place, seen) as client:
        respond(client, code_for(service, seen, EARLIER, "south"), OTHERS)


def begin_and_stop(place: Place, service: Service, seen: Seen) -> httpx2.Client:
    client = browser(place, seen)
    screen, here = open_page(client, "/")
    screen, here = submit(client, here, screen.forms[0], {"code": code_for(service, seen, "demo-1", "east")})
    submit(client, here, screen.forms[0], {"study": "yes"})
    fill(client, "/about", **PLANTED)
    fill(client, "/page/1", sd5=3)
    return client


def reflect(place: Place, seen: Seen) -> None:
    for form in ppiq().forms:
        with browser(place, seen) as client:
            answer = client.post("/reflect", data={"_form": f"ppiq/{form}/en"})
            while 'value="result"' not in answer.text:
                [*_, shown] = Screen(answer.text).forms
                answer = client.post("/reflect", data={**shown.fields, **filled_in(shown, PLANTED)})
            fields = Screen(answer.text).forms[-1].fields
            assert client.post("/reflect", data={**fields, "_go": "result"}).status_code == 200
            assert client.post("/result", data=fields).status_code == 200
            client.get(f"/exit/{fields['_key']}")


def send_erase_and_send_again(place: Place, service: Service, seen: Seen) -> None:
    with browser(place, seen) as client:
        receipt = respond(client, code := code_for(service, seen, "demo-1", "east"), OTHERS)
        assert client.post("/erase", data={"receipt": receipt}).status_code == 200
        assert client.post("/erase", data={"receipt": receipt}).status_code == 422
        assert client.post("/enter", data={"code": code}).status_code == 409


def mistype(place: Place, seen: Seen) -> None:
    with browser(place, seen) as client:
        for wrong in (WORD, "7K2M-7K2M-7K2M", f"{WORD}\0", f"<{WORD}>", WORD * 1000):
            seen.add(wrong)
            assert client.post("/enter", data={"code": wrong}).status_code == 422
            assert client.post("/erase", data={"receipt": wrong}).status_code == 422
            assert client.post("/send", data={"_wave": wrong}).status_code == 422
            assert client.get(f"/exit/{quote(wrong)}").status_code in (303, 404)


def be_hostile(place: Place, seen: Seen) -> None:
    form = {"content-type": FORM}
    with browser(place, seen) as client:
        for path in ("/enter", "/page/1", "/send", "/reflect", "/result", "/erase", "/staff/sign-in"):
            for body in (
                WORD.encode() * 10_000,
                f"a={WORD}&a={WORD}".encode(),
                b"a=%ff" + WORD.encode(),
                b"\xff\xfe" + WORD.encode(),
                b"&".join(b"f%d=" % n + WORD.encode() for n in range(3_000)),
            ):
                assert client.post(path, headers=form, content=body).status_code in (413, 422, 404)
            assert client.post(path, json={WORD: WORD}).status_code == 422
            other = {"origin": f"https://{WORD}.example"}
            assert client.post(path, headers=other).status_code == 403
        for path in (f"/{WORD}", f"/{WORD}.json", f"/page/{WORD}", f"/ar/{WORD}", "/page/" + "9" * 5_000):
            assert client.get(path).status_code == 404
            assert client.request("DELETE", path).status_code in (404, 405)
        for cookie in (WORD * 100, "=" + WORD, "\u00fc" + WORD):
            client.get("/page/1", headers={"cookie": f"place={cookie}".encode("latin-1")})
    for raw in (
        f"GET /{WORD} HTTP/9.{WORD}\r\n\r\n",
        f"{WORD}\r\n\r\n",
        f"GET / HTTP/1.1\r\nhost: x\r\n{WORD}\r\n\r\n",
        f"POST /enter HTTP/1.1\r\nhost: x\r\ncontent-length: {WORD}\r\n\r\n",
        f"POST /enter HTTP/1.1\r\nhost: x\r\ncontent-type: {FORM}\r\ncontent-length: 500\r\n\r\ncode={WORD}",
        f"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nx: {WORD}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", place.server.port)) as connection:
            connection.sendall(raw.encode())
            connection.settimeout(0.2)
            with suppress(TimeoutError, ConnectionError):
                connection.recv(4096)


@contextmanager
def broken(engine: Engine, break_it: str, mend_it: str) -> Iterator[None]:
    with engine.begin() as db:
        db.execute(text(break_it))
    yield
    with engine.begin() as db:
        db.execute(text(mend_it))


def meet_faults(place: Place, service: Service, seen: Seen, started: httpx2.Client) -> None:
    """Cause faults: a row that the database refuses, with its values in the message; a missing table."""
    refusing = (
        (
            "CREATE TRIGGER refuses BEFORE INSERT ON response BEGIN SELECT RAISE(ABORT, 'refused'); END",
            "DROP TRIGGER refuses",
        )
        if is_sqlite(service.engine)
        else (
            "ALTER TABLE response ADD CONSTRAINT refuses CHECK (false) NOT VALID",
            "ALTER TABLE response DROP CONSTRAINT refuses",
        )
    )
    code = code_for(service, seen, "demo-1", "east")
    with (
        browser(place, seen) as client,
        broken(service.engine, *refusing),
        pytest.raises(AssertionError, match="/send: 500"),
    ):
        respond(client, code, OTHERS)
    gone = ("ALTER TABLE draft RENAME TO gone", "ALTER TABLE gone RENAME TO draft")
    with broken(service.engine, *gone):
        assert started.get("/page/1").status_code in (500, 503)
        assert started.post("/page/1", data={"sd5": "2"}).status_code in (500, 503)


def work_as_staff(place: Place, service: Service, seen: Seen) -> None:
    rows = another_study(service, "rows", leaving="rows")
    for wave, unit in (("demo-1", "south"), (rows, "only")):
        take_part(service, wave, unit, of_one_mind(12, 2))
        close(service, wave)
    ready(service, "ada", host="demo", researcher="rows", trainer="demo", operator=EVERYWHERE)
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", "demo", 1)
    seen.add(PASSWORD, token, secret_of(service, "ada").hex())
    with browser(place, seen) as client:
        for fields in (
            {"name": WORD, "password": WORD, "code": WORD},
            {"name": "ada", "password": f"{PASSWORD} {WORD}", "code": code_of(service, "ada")},
            {"name": "ada", "password": PASSWORD, "code": "000000"},
        ):
            assert client.post("/staff/sign-in", data=fields).status_code == 422
        fields = {"name": "ada", "password": PASSWORD, "code": code_of(service, "ada", later=1)}
        assert client.post("/staff/sign-in", data=fields).status_code == 303
        for path in (
            "/host/waves/demo-1",
            "/operator",
            f"/export/waves/{rows}/responses.csv",
            f"/export/waves/{rows}/codebook.json",
            f"/export/waves/{rows}/reliability.html",
            "/report/waves/demo-1",
            "/report/waves/demo-1.csv",
        ):
            assert client.get(path).status_code == 200, path
        client.get(f"/report/waves/{WORD}")
        client.post("/staff/leave", data=NOTHING)
        assert client.post("/staff", data={"token": WORD}).status_code == 422
        assert client.post("/staff", data={"token": token}).status_code == 303
        assert client.get("/report/waves/demo-1").status_code == 200


def tables(service: Service) -> dict[str, bytes]:
    """Every table, as one run of bytes each."""
    with read(service.engine) as db:
        return {
            name: b"\n".join(_spelt(value) for row in db.execute(select(kept)) for value in row)
            for name, kept in SQLModel.metadata.tables.items()
        }


def _spelt(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.usefixtures("study")
def test_nothing_that_came_by_is_left_anywhere_else(place: Place, service: Service, seen: Seen) -> None:
    assert take_part_in_every_form_and_language(place, service, seen) == len(ppiq().words)
    take_part_linked(place, service, seen)
    send_erase_and_send_again(place, service, seen)
    reflect(place, seen)
    mistype(place, seen)
    be_hostile(place, seen)
    with closing(begin_and_stop(place, service, seen)) as started:
        meet_faults(place, service, seen, started)
        assert 'value="3" checked' in started.get("/page/1").text
        on_disk = b"".join(stolen(service, place.cluster).values())
        answers = [each.encode() for each in PLANTED.values()]
        # The study's own words are found, so the search does read the tables.
        assert b"Demonstration" in on_disk
        assert seen.within(on_disk) == []
        assert [each for each in answers if each in on_disk] == []
        kept = tables(service)
        assert kept.keys() >= {"response", "draft", "session", "code", "audit", "account"}
        given = [each.encode() for each in OTHERS.values()]
        assert all(each in kept["response"] for each in given)
        own = [name.encode() for name in ELEMENTS]
        for name, content in kept.items():
            assert seen.within(content) == [], name
            found = [each for each in (*given, *answers, *own) if each in content and name != "response"]
            assert found == [], name
        assert [each for each in (*own, *answers) if each in kept["response"]] == []
    work_as_staff(place, service, seen)
    assert [name for name, content in tables(service).items() if seen.within(content)] == []
    assert len(seen.secrets) > 60
    log = place.read_log()
    assert b"route=/send status=500" in log
    assert b"route=/page/{number} status=50" in log
    assert seen.within(log) == []
    for trace in (*OTHERS.values(), *PLANTED.values(), "sd5", "supervisor", "own-", "INSERT", "UPDATE"):
        assert trace.encode() not in log, trace
    assert sorted(place.temporary.rglob("*")) == []
    assert {path.name for path in place.log.parent.iterdir()} <= FILES


FILES = {
    "log",
    "temporary",
    *(f"counterpoise.sqlite{each}" for each in ("", "-wal", "-shm", "-tend", "-served")),
}
