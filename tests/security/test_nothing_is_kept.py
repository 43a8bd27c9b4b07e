"""Reflecting privately leaves no answer, no file opened to write, and no line in a log.

Of a run that has ended only random bytes are kept, with the day on which they are deleted. Answers are codes
that any file may hold, so canaries are sent with them: in headers, in the address, in fields that no page
asked for. Files are compared byte by byte, which covers the codes themselves.
"""

import io
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from starlette.testclient import TestClient

from app.db import is_sqlite, read
from app.ended import DAYS_KEPT
from app.runtime import Service, now
from app.tables import SQLModel
from app.vault import RUN_BYTES
from instrument import ppiq
from tests.lib.disk_bytes import stolen
from tests.lib.questionnaire_client import Screen, filled_in

CANARY = "canary-7f3e"
AGENT = {"user-agent": f"{CANARY}-agent", "x-forwarded-for": "203.0.113.77", "x-canary": CANARY}
FORMS = list(ppiq().forms)
_watching: list[list[str]] = []


def _note(name: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if (
        name == "open"
        and isinstance(arguments[2], int)
        and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    ):
        _watching[-1].append(str(arguments[0]))
    elif name in ("os.mkdir", "os.rename", "sqlite3.connect", "socket.connect"):
        _watching[-1].append(f"{name} {arguments[:1]}")


sys.addaudithook(_note)


@contextmanager
def written() -> Iterator[list[str]]:
    """What this process opens to write, makes, renames or connects to, by Python's audit hook."""
    _watching.append(opened := [])
    yield opened
    _watching.remove(opened)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What every logger but the client's receives, before the server's formatter leaves values out."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(lambda record: not record.name.startswith("httpx"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(before)


def reflect(client: TestClient, form: str) -> None:
    """Every page, back, aside, cleared, refused, the result, the end, and a page after it."""

    def post(fields: Mapping[str, str], status: int = 200) -> str:
        data = {**fields, "canary": CANARY}
        answer = client.post(f"/reflect?{CANARY}=1", data=data, headers=AGENT)
        assert answer.status_code == status
        assert "set-cookie" not in answer.headers
        assert CANARY not in answer.text
        return answer.text

    client.get(f"/reflect?{CANARY}", headers=AGENT)
    page = post({"_form": f"ppiq/{form}/en"})
    page = post(Screen(page).forms[-1].fields)
    while 'value="result"' not in page:
        [shown] = Screen(page).forms
        chosen = {**shown.fields, **filled_in(shown, {})}
        name = next(iter(shown.choices))
        post({**chosen, "_clear": name})
        post({**chosen, "_go": "safety"})
        post({**chosen, "_go": "back"})
        post({**chosen, name: CANARY}, 422)
        page = post(chosen)
    fields = Screen(page).forms[-1].fields
    post({**fields, "_go": "result"})
    assert client.post("/result", data={**fields, "canary": CANARY}, headers=AGENT).status_code == 200
    post({**fields, "_go": "finish"})
    post(fields, 404)
    client.get(f"/exit/{fields['_key']}", headers=AGENT)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def rows_of_every_table(service: Service) -> dict[str, list[tuple[Any, ...]]]:
    with read(service.engine) as db:
        return {
            name: sorted((tuple(row) for row in db.execute(select(table))), key=repr)
            for name, table in SQLModel.metadata.tables.items()
        }


@pytest.mark.usefixtures("study")
@pytest.mark.usefixtures("one_day")
def test_no_answer_is_on_disk_or_in_a_log(
    client: TestClient, service: Service, request: pytest.FixtureRequest, temporary: Path, log: io.StringIO
) -> None:
    reflect(client, "a")  # what is made once for all, templates and their like, is made now
    data = Path() if is_sqlite(service.engine) else request.getfixturevalue("postgres").data
    log.truncate(0)
    before = rows_of_every_table(service)
    asked: list[str] = []
    note = lambda *given: asked.append(given[2].replace("BEGIN IMMEDIATE", "BEGIN"))  # noqa: E731
    event.listen(service.engine, "before_cursor_execute", note)
    with written() as opened:
        for form in FORMS:
            reflect(client, form)
    event.remove(service.engine, "before_cursor_execute", note)
    asked = [statement for statement in asked if statement != "BEGIN"]
    assert {statement.split()[0] for statement in asked} == {"SELECT", "INSERT"}
    assert all("ended_key" in statement for statement in asked)
    assert opened == []
    after = rows_of_every_table(service)
    ended = after.pop("ended_key")
    assert len(ended) == len(before.pop("ended_key")) + len(FORMS)
    assert after == before
    day = now().date() + timedelta(days=DAYS_KEPT)
    assert all((len(key), forget_on) == (RUN_BYTES, day) for key, forget_on in ended)
    assert not any(CANARY.encode() in content for content in stolen(service, data).values())
    assert list(temporary.iterdir()) == []
    text = log.getvalue()
    for trace in (CANARY, "203.0.113.77", "sd5", "reflect"):
        assert trace not in text


def test_the_watch_sees_what_it_watches_for(service: Service, tmp_path: Path) -> None:
    with written() as opened:
        (tmp_path / "file").write_text("x")
        Path(tmp_path / "file").read_text()
    assert opened == [str(tmp_path / "file")]
    assert service
