"""From what leaves a study no row can be assigned to its unit; three other rules would allow it."""

from collections import Counter
from random import Random

import pytest

from analysis.disclosure.leaving import LEAVING
from tests.attack.units import (
    EXCHANGES,
    MAKE,
    as_read,
    declared,
    erased,
    exchanged,
    guessed,
    holds,
    is_named,
    large,
    named,
    within,
)

ORGANISATIONS = 6
"""The command in the Makefile attacks 200 of each kind."""
TO_NAME = (7, 14, 15, 16)
"""Organisations that take the solver seconds; the command attacks 24."""


@pytest.mark.parametrize("kind", MAKE)
def test_nothing_that_leaves_tells_the_unit_of_a_row(kind: str) -> None:
    found = sum((declared(seed, kind) for seed in range(ORGANISATIONS)), Counter())
    assert holds(found), found
    assert found["exchanges"] == EXCHANGES * ORGANISATIONS


def test_the_exchange_of_people_would_be_seen_in_a_report_by_units() -> None:
    groups = large(7, "everyday")
    seen = as_read(groups, LEAVING["reports"])
    assert as_read(exchanged(groups, Random(7)), LEAVING["reports"]) != seen


def test_rows_beside_reports_by_unit_are_named_and_none_wrongly() -> None:
    found = sum((named(seed) for seed in TO_NAME), Counter())
    assert is_named(found), found
    assert found["held out named"] == found["held out"] > 0


@pytest.mark.parametrize("kind", MAKE)
def test_nor_does_it_help_to_keep_a_tenth_of_the_rows(kind: str) -> None:
    found = sum((guessed(seed, kind) for seed in range(ORGANISATIONS)), Counter())
    assert not within(found["right"], found["by size"], found["rows"]), found


def test_a_report_of_the_whole_less_the_rows_tells_what_was_erased() -> None:
    assert sum((erased(seed, "everyday") for seed in range(ORGANISATIONS)), Counter())["told"] > 0
