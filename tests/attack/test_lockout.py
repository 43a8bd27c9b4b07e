"""Strangers who fail in somebody's name keep nobody out, and cannot guess a code."""

import pytest

from tests.attack.lockout import FAULTS, attack

ACCOUNTS = 1
"""On each engine; the command in the Makefile tries 40 on each."""


def test_strangers_keep_nobody_out_and_guess_no_code(url: str) -> None:
    outcome = attack(url, ACCOUNTS)
    assert not outcome.won, outcome
    assert outcome.failures > 100


@pytest.mark.parametrize("fault", FAULTS)
def test_the_attack_wins_where_it_waits_who_should_not(sqlite_url: str, fault: str) -> None:
    outcome = attack(sqlite_url, ACCOUNTS, fault=fault)
    assert outcome.won, outcome
