"""Whoever reads every report, with one colleague's own answers, cannot tell what a person answered."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, delete

from analysis.disclosure.base_table import Rules
from app.closing import snapshots
from app.closing.snapshots import SNAPSHOT
from app.runtime import Service
from tests.attack import disclosure
from tests.attack.disclosure import (
    ATTACKS,
    FAULTS,
    Organisation,
    attack_a_copy,
    draw,
    held_out,
    published,
    refreshed,
    summary,
    tracked,
)
from tests.attack.published import Server, serving

pytestmark = pytest.mark.either

ORGANISATIONS = {"sqlite": 20, "postgres": 5}
"""The command in the Makefile attacks 2,000 on each."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path):
    """A migrated database of this engine to make copies of."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres")
    path = tmp_path / "migrated.sqlite"
    path.write_bytes(request.getfixturevalue("migrated_file").read_bytes())
    return path


def test_no_report_tells_what_a_person_answered_and_every_fault_would(migrated) -> None:
    count = ORGANISATIONS["sqlite" if isinstance(migrated, Path) else "postgres"]
    found = sum((attack_a_copy(migrated, seed) for seed in range(1, count + 1)), Counter())
    assert {each: found[f"{each} won"] for each in ATTACKS} == dict.fromkeys(ATTACKS, 0), summary(found)
    assert {each: found[f"{each} caught"] for each in FAULTS} == dict.fromkeys(FAULTS, count)
    assert found["A1 tried"] == 20 * count
    assert all(found[f"{each} tried"] >= count for each in ATTACKS)


@pytest.fixture
def attacked(migrated_file: Path, tmp_path: Path) -> Iterator[tuple[Server, Organisation]]:
    """An organisation whose wave has closed, ready to be attacked."""
    org, path = draw(7), tmp_path / "attacked.sqlite"
    path.write_bytes(migrated_file.read_bytes())
    with serving(f"sqlite:///{path}") as server:
        server.load(org.groups, org.k)
        server.close()
        yield server, org


def test_a_unit_that_is_too_small_is_found_out_where_it_is_shown(attacked, monkeypatch) -> None:
    server, org = attacked
    monkeypatch.setattr(snapshots, "rules", lambda _: Rules(k=3))
    seen = published(server, org.groups)
    won = held_out(server, org, seen, Random(1))
    assert won["A2 won"] == 1
    assert won["A5 won"] == len(org.hidden)
    assert tracked(server, org)


def test_one_answer_is_found_out_where_a_report_is_made_twice(attacked, monkeypatch) -> None:
    def anew(service: Service, db: Connection, wave: str) -> None:
        db.execute(delete(SNAPSHOT))
        snapshots.compute_snapshot(service, db, wave)

    server, org = attacked
    monkeypatch.setattr(disclosure, "compute_snapshot", anew)
    won = refreshed(server, org, server.everything(), Random(2))
    assert (won["A3 won"], won["A4 won"]) == (1, 1)


def test_every_organisation_has_people_to_find_out() -> None:
    """One unit too small to be shown, one in which all say the same, and others."""
    drawn = [draw(seed) for seed in range(200)]
    assert all(org.hidden and len(org.groups[org.harmed]) >= org.k for org in drawn)
    assert {org.k for org in drawn} == {5, 10}
    assert {len(org.groups) for org in drawn} == {4, 5, 6}
