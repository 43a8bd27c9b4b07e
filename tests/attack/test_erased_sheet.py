"""The figures of a closed wave do not reveal what somebody erased, even beside all other rows."""

import pytest

from tests.attack.conftest import Target
from tests.attack.erased_sheet import CONTROLS, attack


def test_no_answer_of_an_erased_sheet_is_named_by_figures_and_rows(target: Target) -> None:
    outcome = attack(target.url, 6, seed=1)
    assert (outcome.named, outcome.moved, outcome.of) == (0, 0, 180), outcome


@pytest.mark.parametrize("control", CONTROLS)
def test_the_attack_wins_where_figures_are_exact_or_computed_at_every_look(
    target: Target, control: str
) -> None:
    outcome = attack(target.url, 2, seed=1, control=control)
    assert outcome.named > 20, outcome
    assert outcome.moved == (2 if control == "live" else 0)
