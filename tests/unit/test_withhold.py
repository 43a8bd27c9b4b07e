"""No combination of context is rarer than five rows, whatever people there are."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.closing.withhold import LEAST, withhold, withhold_last
from instrument import WITHHELD

VALUE = st.sampled_from(["a", "b", "c", -88, -99])


@st.composite
def people(draw: st.DrawFn) -> list[tuple[str | int, ...]]:
    columns = draw(st.integers(1, 6))
    few = draw(st.lists(st.tuples(*[VALUE] * columns), min_size=1, max_size=8))
    return draw(st.lists(st.sampled_from(few) | st.tuples(*[VALUE] * columns), min_size=10, max_size=80))


@given(people())
def test_every_combination_stands_five_times_and_nothing_is_changed_but_withheld(rows):
    shown = withhold(rows)
    assert min(Counter(shown).values()) >= LEAST
    for row, now in zip(rows, shown, strict=True):
        assert all(after in (before, WITHHELD) for before, after in zip(row, now, strict=True))


@given(people(), st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows, chance):
    order = chance.sample(range(len(rows)), len(rows))
    shuffled = withhold([rows[place] for place in order])
    assert shuffled == [withhold(rows)[place] for place in order]


@given(people())
def test_the_last_column_is_given_up_first_and_alone(rows):
    """Whoever joins the two exports by the answers sees no combination rarer than five."""
    first = withhold([row[:-1] for row in rows]) if len(rows[0]) > 1 else [() for _ in rows]
    both = withhold_last([(*rest, row[-1]) for rest, row in zip(first, rows, strict=True)])
    assert [row[:-1] for row in both] == first
    assert min(Counter(both).values()) >= LEAST


def test_what_is_common_enough_is_shown():
    rows = [("a", "x")] * 5 + [("b", "x")] * 5
    assert withhold(rows) == rows


def test_a_column_that_is_the_same_for_everybody_is_never_withheld():
    rows = [("en", value) for value in "abcdefghij"]
    assert withhold(rows) == [("en", WITHHELD)] * 10
    assert withhold([(value, "en") for value in "abcdefghij"]) == [(WITHHELD, "en")] * 10


def test_a_rare_value_is_withheld_from_the_last_column_on():
    rows = [("a", "x")] * 6 + [("a", "y")] * 3 + [("a", "z")] * 3 + [("b", "x")] * 7
    assert withhold(rows) == [("a", "x")] * 6 + [("a", WITHHELD)] * 6 + [("b", "x")] * 7


def test_the_rarest_joins_those_that_stand_alone():
    """One person of "b" cannot stand alone, and "a" alone would reveal who it is: some of "a" must be
    withheld too.
    """
    assert withhold([("a",)] * 9 + [("b",)]) == [(WITHHELD,)] * 10
    shown = withhold([("a",)] * 6 + [("b",)] * 9 + [("c",)])
    assert Counter(shown) == {("b",): 9, (WITHHELD,): 7}


def test_too_few_rows_are_refused_and_none_are_none():
    with pytest.raises(ValueError, match="4 rows are fewer"):
        withhold([("a",)] * 4)
    assert withhold([]) == []
    assert withhold_last([]) == []
