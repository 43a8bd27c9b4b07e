"""Whoever kept a code neither reads nor changes what its owner saved; starting anew is noticed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attack.kept_code import FAULTS, Outcome, attack

pytestmark = pytest.mark.either

DRAFTS = 12
"""On each engine; the command in the Makefile attacks 200 on each."""
Attack = Callable[..., Outcome]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def attacked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attack]:
    """Attack a fresh database of this engine."""
    if request.param == "sqlite":
        path = tmp_path / "kept.sqlite"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        yield lambda *rest, **options: attack(f"sqlite:///{path}", *rest, **options)
    else:
        cluster = request.getfixturevalue("postgres")
        url = cluster.create(template="migrated")
        yield lambda *rest, **options: attack(url, *rest, **options)
        cluster.drop(url)


def test_a_kept_code_reads_and_changes_nothing_and_starting_anew_is_noticed(attacked: Attack) -> None:
    outcome = attacked(DRAFTS)
    assert (outcome.read, outcome.changed, outcome.read_anew) == (0, 0, 0), outcome
    assert outcome.noticed == outcome.anew == DRAFTS // 2
    assert outcome.tries > 30 * DRAFTS


@pytest.mark.parametrize("fault", FAULTS)
def test_the_attack_wins_where_the_phrase_is_no_secret(attacked: Attack, fault: str) -> None:
    outcome = attacked(4, fault=fault)
    assert (outcome.read, outcome.changed) == (4, 4), outcome
