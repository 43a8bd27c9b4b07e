"""Whoever holds every export of a wave knows of nobody what fewer than five people share."""

import pytest

from tests.attack.conftest import Target
from tests.attack.joined_exports import CONTROLS, attack

pytestmark = pytest.mark.either


def test_all_exports_of_a_wave_joined_tell_of_no_fewer_than_five(target: Target) -> None:
    outcome = attack(target.url, 4, seed=1)
    assert outcome.rare == 0, outcome
    assert outcome.of == 240


@pytest.mark.parametrize("control", CONTROLS)
def test_the_attack_wins_where_a_part_of_the_decision_is_missing(target: Target, control: str) -> None:
    assert attack(target.url, 3, seed=1, control=control).rare > 0
