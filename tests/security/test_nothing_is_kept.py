"""Reflecting privately leaves nothing: no statement, no byte, no file opened to write, no line in a log.

Answers are codes that any file may hold, so canaries travel with them: in headers, in the address, in fields
that no page asked for. Files are compared byte by byte, which covers the codes themselves.
"""

import io
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from app.db import is_sqlite
from app.runtime import Service
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
    """What this process opens to write, makes, renames or connects to, as Python itself sees it."""
    _watching.append(opened := [])
    yield opened
    _watching.remove(opened)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What every logger but the client's is told, before the server's formatter leaves values out."""
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


@pytest.mark.usefixtures("study")
def test_no_byte_of_it_is_on_disk_or_in_a_log(
    client: TestClient, service: Service, request: pytest.FixtureRequest, temporary: Path, log: io.StringIO
) -> None:
    reflect(client, "a")  # what is made once for all, templates and their like, is made now
    on_file = is_sqlite(service.engine)
    data = Path() if on_file else request.getfixturevalue("postgres").data
    log.truncate(0)
    before = stolen(service, data)
    asked: list[str] = []
    for name in ("checkout", "connect", "begin"):
        event.listen(service.engine, name, lambda *_, name=name: asked.append(name))
    with written() as opened:
        for form in FORMS:
            reflect(client, form)
    assert asked == []
    assert opened == []
    after = stolen(service, data)
    # PostgreSQL tidies its files by itself; that nobody asked it for anything is seen above.
    assert after == before or not on_file
    assert not any(CANARY.encode() in content for content in after.values())
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
