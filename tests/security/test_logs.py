"""How the server sets up logging, whatever was logging before."""

import logging
import logging.config
from collections.abc import Iterator

import pytest

from app.logs import LOGGING


@pytest.fixture
def as_the_server_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:  # noqa: ARG001 - it writes there
    """Set logging up as the server does, and put back what was there."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    access = logging.getLogger("uvicorn.access")
    kept = access.handlers[:], access.propagate
    logging.config.dictConfig(LOGGING)
    yield
    root.handlers[:], root.level = handlers, level
    access.handlers[:], access.propagate = kept


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
