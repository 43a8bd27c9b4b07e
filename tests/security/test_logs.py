"""How the server sets up logging, whatever was logging before."""

import logging
import logging.config
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.logs import LOGGING
from tests.conftest import SECRET

ROOT = Path(__file__).parents[2]


@pytest.fixture
def as_the_server_logs(capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001 - it writes there
    logging.config.dictConfig(LOGGING)


def test_a_logger_that_was_there_before_is_heard_and_shows_no_value(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    early = logging.getLogger("library.of.somebody")
    request.getfixturevalue("as_the_server_logs")
    early.warning("the answer is %s", 4)
    early.info("a quiet line")
    said = capsys.readouterr().err
    assert "WARNING library.of.somebody 'the answer is %s'" in said
    assert "4" not in said.partition("library")[2]
    assert "quiet" not in said


@pytest.mark.usefixtures("as_the_server_logs")
def test_who_asked_for_which_page_is_not_logged_even_as_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.access").warning("GET /page/1 from 203.0.113.9")
    assert "page" not in capsys.readouterr().err


EARLY = """
import sys, threading, time, warnings
from app.closing import maintenance
from app.operations import serve

def failing(*_, **__): raise ValueError("canary")

class Left:
    __del__ = failing

def server(*_):
    # After the due tasks began, and before there is a server.
    until = time.monotonic() + 60
    while not tended and time.monotonic() < until:
        time.sleep(0.01)
    warnings.warn("canary")
    threading.Thread(target=failing).start()
    Left()
    failing()

tended = []
once = maintenance.Maintenance._once
def once_and_tell(self):
    once(self)
    tended.append(self)
maintenance.Maintenance._once = once_and_tell
maintenance.expire_drafts = failing
serve.server = server
from app.cli import app
app()
"""


def test_what_fails_before_there_is_a_server_shows_no_value(sqlite_url: str, unused_port: int) -> None:
    """Due tasks, another thread, a warning, and what ends the process: none through Python's own words."""
    ours = {
        "COUNTERPOISE_DATABASE_URL": sqlite_url,
        "COUNTERPOISE_SECRET": SECRET.hex(),
        "PYTHONPATH": str(ROOT),
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOISE_")}
    ended = subprocess.run(
        [sys.executable, "-c", EARLY, "serve", "--port", str(unused_port)],
        env=others | ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    for told in (
        "ERROR counterpoise.maintenance 'due tasks failed' sqlstate=None builtins.ValueError at ",
        "ERROR counterpoise 'a thread ended' builtins.ValueError at ",
        "ERROR counterpoise 'an error was left, since nobody could take it' builtins.ValueError at ",
        "WARNING counterpoise 'a warning' at=UserWarning at ",
        "CRITICAL counterpoise 'the process ends' builtins.ValueError at ",
    ):
        assert said.count(told) == 1, said
    assert all(re.match(r"\d{4}-\d\d-\d\d (WARNING|ERROR|CRITICAL) ", line) for line in said.splitlines()), (
        said
    )
    assert "canary" not in said
