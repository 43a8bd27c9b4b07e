"""A page of a private run that has ended shows nothing when it is sent again; three faults would let it."""

import pytest

from tests.attack.ended import FAULTS, attack

RUNS, FLOOD = 4, 120
"""On each engine; the command in the Makefile tries 40 runs and 50,001 exits on each."""


@pytest.mark.usefixtures("one_day")
def test_a_run_that_has_ended_stays_so_across_processes_restarts_and_floods(url: str) -> None:
    outcome = attack(url, RUNS, FLOOD)
    assert (outcome.shown, outcome.strange) == (0, 0), outcome
    assert outcome.tries > 100


@pytest.mark.usefixtures("one_day")
@pytest.mark.parametrize("fault", FAULTS)
def test_the_attack_wins_where_it_is_not_remembered_by_all(sqlite_url: str, fault: str) -> None:
    outcome = attack(sqlite_url, RUNS, FLOOD, fault)
    assert outcome.won, outcome
