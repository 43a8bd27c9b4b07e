"""After their day no byte of a study, its codes and its trail is left, in no file of either database."""

import pytest

from tests.attack.conftest import Target
from tests.attack.deleted import NOT_REWRITTEN, attack


@pytest.mark.parametrize("control", ["", NOT_REWRITTEN])
def test_a_study_that_was_deleted_is_in_no_file_and_no_log(target: Target, control: str) -> None:
    outcome = attack(target.url, target.data, people=12, seed=1, control=control)
    assert outcome.before == outcome.of, outcome
    assert outcome.won is bool(control), outcome
