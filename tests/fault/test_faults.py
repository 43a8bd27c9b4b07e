"""A few rounds of each of the commands that `make fault` runs at length, with the fault that must be noticed.

Nothing is timed here, so that a slow machine changes nothing.
"""

from pathlib import Path

import pytest

from tests.fault import (
    clock,
    diskfull,
    guessing,
    hostile,
    looking,
    lostacks,
    migrations,
    mutants,
    pgrestart,
    twice,
)
from tests.fault.kill9 import UNSAVED
from tests.fault.powercut import NORMAL, powercut
from tests.fault.soak import Load, soak
from tests.fault.syncs import syncs
from tests.lib.postgres_server import Postgres


@pytest.mark.parametrize("fault", ["", NORMAL])
def test_a_power_cut_takes_nothing_that_was_acknowledged(sqlite_url: str, tmp_path: Path, fault: str) -> None:
    (place := tmp_path / "disk").mkdir()
    outcome = powercut(sqlite_url, place, 1, seed=1, writers=4, at_least=10, fault=fault)
    assert (outcome.lost > 0) is bool(fault), outcome
    assert outcome.holds is not bool(fault), outcome
    assert outcome.acknowledged >= 10


@pytest.mark.parametrize("fault", ["", NORMAL])
def test_the_disk_is_synchronised_before_a_receipt_is_shown(
    sqlite_url: str, tmp_path: Path, fault: str
) -> None:
    (place := tmp_path / "disk").mkdir()
    outcome = syncs(sqlite_url, place, 5, seed=1, fault=fault)
    assert (outcome.acknowledged, outcome.unanswered) == (5, 0)
    assert (outcome.without > 0) is bool(fault), outcome


@pytest.mark.parametrize("fault", ["", UNSAVED])
def test_a_full_disk_is_told_and_needs_no_restart(sqlite_url: str, tmp_path: Path, fault: str) -> None:
    (place := tmp_path / "disk").mkdir()
    outcome = diskfull.diskfull(sqlite_url, place, 2, seed=1, fault=fault)
    assert diskfull.as_it_must_be(outcome, fault), outcome


@pytest.mark.postgres
def test_a_crash_of_postgresql_takes_nothing_that_was_acknowledged(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.create(template="migrated")
    outcome = pgrestart.pgrestart(postgres, url, tmp_path / "log", 1, seed=1, writers=4, at_least=10)
    assert pgrestart.holds(outcome), outcome
    postgres.drop(url)


@pytest.mark.parametrize("fault", ["", lostacks.ANEW])
def test_whoever_sends_again_after_a_lost_answer_is_kept_once(url: str, tmp_path: Path, fault: str) -> None:
    outcome = lostacks.lostacks(url, tmp_path / "log", 3, seed=1, fault=fault)
    assert outcome.holds is not bool(fault), outcome


@pytest.mark.parametrize("fault", ["", lostacks.ANEW])
def test_whoever_sends_many_times_at_once_is_kept_once(sqlite_url: str, tmp_path: Path, fault: str) -> None:
    outcome = twice.twice(sqlite_url, tmp_path / "log", 2, 12, seed=1, fault=fault)
    assert outcome.holds is not bool(fault), outcome
    assert outcome.same.total() == outcome.different.total() == 24


@pytest.mark.parametrize("fault", ["", looking.PROLONGING])
def test_looking_at_a_page_changes_nothing(sqlite_url: str, fault: str) -> None:
    outcome = looking.looking(sqlite_url, 2, fault)
    assert outcome.holds is not bool(fault), outcome
    assert outcome.pages > 12


@pytest.mark.parametrize("fault", ["", clock.LOCAL])
def test_a_wrong_clock_loses_nobody_and_ends_nothing_early(
    sqlite_url: str, tmp_path: Path, fault: str
) -> None:
    (place := tmp_path / "clock").mkdir()
    outcome = clock.clock(sqlite_url, place, 2, seed=1, fault=fault)
    assert outcome.holds is not bool(fault), outcome


@pytest.mark.postgres
def test_each_migration_killed_on_its_way_can_be_run_again_on_postgresql(postgres: Postgres) -> None:
    outcome = migrations.migrations(url := postgres.create(), every=25)
    assert outcome.holds, outcome
    assert outcome.kills > 2
    postgres.drop(url)


@pytest.mark.parametrize("piecemeal", [False, True])
def test_each_migration_killed_on_its_way_can_be_run_again(tmp_path: Path, piecemeal: bool) -> None:
    outcome = migrations.migrations(f"sqlite:///{tmp_path / 'empty.sqlite'}", every=9, piecemeal=piecemeal)
    assert outcome.holds is not piecemeal, outcome
    assert outcome.kills > 2


def test_people_begin_while_codes_are_guessed_and_no_guess_is_told_more(
    sqlite_url: str, tmp_path: Path
) -> None:
    outcome = guessing.guessing(sqlite_url, tmp_path / "log", 40, 4)
    assert outcome.same, outcome


def test_everybody_who_comes_at_once_is_stored(sqlite_url: str, tmp_path: Path) -> None:
    outcome = soak(sqlite_url, tmp_path / "log", Load(people=8, ramp=1, minutes=0), seed=1)
    assert outcome.all_stored, outcome
    assert outcome.stored == 8


@pytest.mark.parametrize("fault", ["", hostile.UNESCAPED])
def test_no_text_that_is_typed_acts_in_a_page(sqlite_url: str, fault: str) -> None:
    outcome = hostile.hostile(sqlite_url, 20, seed=1, fault=fault)
    assert outcome.holds is not bool(fault), outcome
    assert outcome.sent > 40


def test_a_change_of_the_code_that_privacy_rests_on_is_noticed() -> None:
    [first, *_] = mutants.changes("app.closing.withhold")
    assert mutants.is_noticed(first), first
