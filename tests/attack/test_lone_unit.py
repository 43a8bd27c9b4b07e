"""After the close no code shows its unit, so the only answer of a unit is linked with nobody."""

import pytest

from tests.attack.conftest import Target
from tests.attack.lone_unit import CONTROLS, attack

pytestmark = pytest.mark.either


def test_the_only_answer_of_a_unit_is_linked_with_no_code(target: Target) -> None:
    outcome = attack(target.url, target.data, units=30, seed=1)
    assert (outcome.linked, outcome.of) == (0, 30)


@pytest.mark.parametrize("control", CONTROLS)
def test_the_attack_wins_where_codes_keep_their_unit(target: Target, control: str) -> None:
    assert attack(target.url, target.data, units=30, seed=1, control=control).linked == 30
