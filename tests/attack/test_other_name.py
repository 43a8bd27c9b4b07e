"""No page, redirect or slip names the host by which somebody made a browser ask."""

import pytest

from tests.attack.other_name import FAULTS, attack


def test_no_answer_and_no_slip_says_the_other_name(url: str) -> None:
    outcome = attack(url)
    assert outcome.named == []
    assert outcome.asked > 400
    assert outcome.slips > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_the_attack_wins_where_a_request_is_believed(sqlite_url: str, fault: str) -> None:
    assert attack(sqlite_url, fault).won
