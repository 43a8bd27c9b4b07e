"""After the due tasks no byte of an erased answer is left, nor, after the close, of what linked codes."""

import pytest

from tests.attack.conftest import Target
from tests.attack.leftovers import CONTROLS, attack


def test_what_was_erased_and_what_links_is_in_no_file_and_no_log(target: Target) -> None:
    outcome = attack(target.url, target.data, erased=10, seed=1)
    assert not outcome.won, outcome
    assert (outcome.of, outcome.people) == (10, 10)


@pytest.mark.postgres
@pytest.mark.parametrize("target", ["postgres"], indirect=True)
@pytest.mark.parametrize("control", CONTROLS)
def test_the_attack_wins_where_a_part_of_the_cleaning_is_missing(target: Target, control: str) -> None:
    outcome = attack(target.url, target.data, erased=10, seed=1, control=control)
    assert (outcome.in_tables if control == "vacuum-only" else outcome.linked) >= 1, outcome
