"""A few people take part while somebody overloads the service, with the guards and without them."""

from pathlib import Path

import pytest

from tests.fault.crowd import ATTACKS, crowded

PEOPLE, HALF_OPEN = 4, 1_100
"""On SQLite; the command in the Makefile: 50 people, 2,000 connections half open, on both engines."""


@pytest.mark.parametrize("name", ATTACKS)
def test_who_crowds_the_service_keeps_nobody_from_answering(
    sqlite_url: str, tmp_path: Path, name: str
) -> None:
    outcome = crowded(sqlite_url, tmp_path / "log", name, people=PEOPLE, half_open=HALF_OPEN)
    assert outcome.holds, outcome
    assert outcome.told.total() > 0
    assert (tmp_path / "log").read_text() == ""


@pytest.mark.parametrize("name", ATTACKS)
def test_without_its_guard_people_would_wait(sqlite_url: str, tmp_path: Path, name: str) -> None:
    outcome = crowded(sqlite_url, tmp_path / "log", name, people=PEOPLE, half_open=HALF_OPEN, faulty=True)
    assert not outcome.holds, outcome
