"""Whoever reads every report, with one colleague who talks, cannot tell what a person answered."""

from collections import Counter
from pathlib import Path

import pytest

from tests.attack.disclosure import ATTACKS, FAULTS, attack_a_copy, draw, summary

ORGANISATIONS = 50
"""On each engine; the command in the Makefile attacks 2,000 on each."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path):
    """A migrated database of this engine to make copies of."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres")
    path = tmp_path / "migrated.sqlite"
    path.write_bytes(request.getfixturevalue("migrated_file").read_bytes())
    return path


def test_no_report_tells_what_a_person_answered_and_every_fault_would(migrated) -> None:
    found = sum((attack_a_copy(migrated, seed) for seed in range(1, ORGANISATIONS + 1)), Counter())
    assert {each: found[f"{each} won"] for each in ATTACKS} == dict.fromkeys(ATTACKS, 0), summary(found)
    assert {each: found[f"{each} caught"] for each in FAULTS} == dict.fromkeys(FAULTS, ORGANISATIONS)
    assert found["A1 tried"] == 20 * ORGANISATIONS
    assert all(found[f"{each} tried"] >= ORGANISATIONS for each in ATTACKS)


def test_every_organisation_has_people_to_find_out() -> None:
    """One unit too small to be shown, one in which all say the same, and others."""
    drawn = [draw(seed) for seed in range(200)]
    assert all(org.hidden and len(org.groups[org.harmed]) >= org.k for org in drawn)
    assert {org.k for org in drawn} == {5, 10}
    assert {len(org.groups) for org in drawn} == {4, 5, 6}
