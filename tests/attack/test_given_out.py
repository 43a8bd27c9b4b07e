"""By no way out of the running service can a row be assigned to its unit, and four faults are caught."""

import pickle
from pathlib import Path

import pytest

from tests.attack.given_out import FAULTS, NEVER, attack_copies, missed, summary

pytestmark = pytest.mark.either

SEED = 20
"""On each engine; the command in the Makefile tries 20."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def migrated(request: pytest.FixtureRequest, tmp_path: Path):
    """A migrated database of this engine to make copies of."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres")
    path = tmp_path / "migrated.sqlite"
    path.write_bytes(request.getfixturevalue("migrated_file").read_bytes())
    return path


def test_no_door_tells_the_unit_of_a_row_and_every_fault_is_caught(migrated) -> None:
    handed = pickle.loads(pickle.dumps(migrated))  # as the command hands it to its processes
    found = attack_copies(handed, SEED)
    assert {each: found[each] for each in NEVER} == dict.fromkeys(NEVER, 0), summary(found)
    assert missed(found) == [], summary(found)
    assert found["rows"] > 100
    assert found["figures"] > 5
    assert found["the unit leaves unasked tried"] == 2
    assert len(FAULTS) == 4
