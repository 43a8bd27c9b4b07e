"""Attackers on what is published, and faulty ways of publishing that each of them must detect."""

import random

import pytest

from tests.privacy import organisations
from tests.privacy.attackers import Publish, deniability, hold_out, subtraction
from tests.privacy.organisations import CODES, MUTANTS, K, keyed, of_one_mind, organisation, publish, table_of

SIZES = {"ash": 12, "beech": 24, "cedar": 9, "elm": 3, "oak": 41}


@pytest.mark.parametrize("seed", range(12))
def test_no_answer_can_be_ruled_out(seed: int) -> None:
    """A1, on facets, sums and bands together: other answers of a person give the same report."""
    rng = random.Random(seed)
    groups = organisation(seed, {"ash": rng.randrange(10, 20), "beech": rng.randrange(20, 40), "elm": 45})
    attempts, successes = deniability(publish, groups, table_of(groups), keyed, times=40, seed=seed)
    assert (attempts, successes) == (40, 0)


@pytest.mark.parametrize("value", CODES)
@pytest.mark.parametrize("n", [10, 19, 20, 45])
def test_nor_where_everybody_is_of_one_mind(n: int, value: int) -> None:
    groups = {"ash": of_one_mind(n, value)}
    assert deniability(publish, groups, table_of(groups), keyed, times=10, seed=n) == (10, 0)


@pytest.mark.parametrize("seed", range(4))
def test_who_is_held_out_changes_nothing(seed: int) -> None:
    groups = organisation(seed, SIZES)
    assert hold_out(publish, groups, k=K, times=10, codes=CODES) == 0


@pytest.mark.parametrize("seed", range(4))
def test_no_total_gives_a_hidden_unit_away(seed: int) -> None:
    assert subtraction(publish, organisation(seed, SIZES), k=K, codes=CODES) == 0


def caught_by(faulty: Publish) -> set[str]:
    groups = organisation(1, SIZES)
    harmed = {"ash": of_one_mind(12, 4), "beech": of_one_mind(24, 4)}
    _, ruled_out = deniability(faulty, harmed, table_of(harmed), keyed, times=10, seed=1)
    found = {
        "deniability": ruled_out,
        "hold-out": hold_out(faulty, groups, k=K, times=10, codes=CODES),
        "subtraction": subtraction(faulty, groups, k=K, codes=CODES),
    }
    return {attack for attack, successes in found.items() if successes}


def test_the_attackers_find_nothing_in_what_we_publish() -> None:
    assert caught_by(publish) == set()


@pytest.mark.parametrize(
    ("fault", "attacks"),
    [
        ("no clamp", {"deniability"}),
        ("exact totals", {"deniability", "hold-out", "subtraction"}),
        ("K = 3", {"hold-out", "subtraction"}),
    ],
)
def test_every_faulty_way_of_publishing_is_caught(fault: str, attacks: set[str]) -> None:
    assert caught_by(MUTANTS[fault]) == attacks


def test_the_faults_are_the_three_that_are_known() -> None:
    assert set(organisations.MUTANTS) == {"no clamp", "exact totals", "K = 3"}
