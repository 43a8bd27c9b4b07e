"""A few people take part while somebody overloads the service, with the guards and without one.

No page is timed here, so that a slow machine changes nothing. `make fault` times them, and also takes away
the other guards, without which pages come late.
"""

from pathlib import Path

import pytest

from tests.fault.crowd import ATTACKS, crowded
from tests.fault.serving import logged

PEOPLE, HALF_OPEN = 4, 1_100
"""On SQLite; the command in the Makefile: 50 people, 2,000 connections half open, on both engines."""


@pytest.mark.parametrize("name", ATTACKS)
def test_who_crowds_the_service_keeps_nobody_from_answering(
    sqlite_url: str, tmp_path: Path, name: str
) -> None:
    log = tmp_path / "log"
    outcome = crowded(sqlite_url, log, name, people=PEOPLE, half_open=HALF_OPEN, gives_up=120)
    assert outcome.all_came_through, outcome
    assert outcome.told.total() > 0
    assert logged(log) == []


def test_where_connections_may_stay_half_open_nobody_comes_through(sqlite_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    outcome = crowded(
        sqlite_url, log, "half-open", people=PEOPLE, half_open=HALF_OPEN, faulty=True, gives_up=5
    )
    assert not outcome.finished, outcome
