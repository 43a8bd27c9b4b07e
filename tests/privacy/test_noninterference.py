"""What people in units with too few answers said influences not one byte of what is published."""

import random

from tests.privacy.attackers import scrambled
from tests.privacy.organisations import CODES, K, organisation, pages, publish

SCRAMBLES = 1000
SIZES = {"ash": 10, "beech": 20, "cedar": 9, "elm": 1}


def test_a_thousand_scrambles_of_held_out_answers_leave_every_byte() -> None:
    groups, rng = organisation(5, SIZES), random.Random(5)
    as_json, as_html = publish(groups), pages(groups)
    for _ in range(SCRAMBLES):
        other = scrambled(groups, K, rng, (*CODES, -77, -88, -99))
        assert other["cedar"] != groups["cedar"]
        assert publish(other) == as_json
        assert pages(other) == as_html


def test_people_who_leave_or_join_a_held_out_unit_do_not_show() -> None:
    groups = organisation(6, SIZES)
    as_json = publish(groups)
    assert publish({**groups, "cedar": groups["cedar"][:-1]}) == as_json
    assert publish({unit: people for unit, people in groups.items() if unit != "elm"}) == as_json


def test_what_is_published_does_change_with_those_who_are_in_it() -> None:
    """The control: the comparison can see a difference."""
    groups = organisation(7, SIZES)
    changed = scrambled({"beech": groups["beech"]}, 100, random.Random(7), CODES)
    assert publish({**groups, **changed}) != publish(groups)
    assert pages({**groups, **changed}) != pages(groups)


def test_the_order_of_people_and_units_does_not_show() -> None:
    groups, rng = organisation(8, SIZES), random.Random(8)
    turned = {unit: rng.sample(people, len(people)) for unit, people in reversed(groups.items())}
    assert publish(turned) == publish(groups)
