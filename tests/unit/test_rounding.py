"""Figures changed by chance and rounded, against the words of their documents, reckoned another way."""

from fractions import Fraction
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure.rounding import at_least, blurred, borne

WIDTHS = st.floats(1e-4, 50)


def step_for(error: float) -> Fraction:
    """The smallest of 1, 2, 5 times a power of ten that is no finer than a standard error."""
    steps = sorted(times * Fraction(10) ** power for power in range(-7, 4) for times in (1, 2, 5))
    return next(step for step in steps if step >= Fraction(error))


@given(st.floats(-100, 100), WIDTHS, WIDTHS)
def test_a_figure_and_its_interval_are_whole_steps_no_finer_than_the_standard_error(value, below, above):
    low, high = value - below, value + above
    step = step_for((high - low) / (2 * 1.96))
    told = [Fraction(str(each)) / step for each in borne(value, low, high)]
    for each in told:
        assert float(each) == pytest.approx(round(each), abs=1e-6)
    middle, lowest, highest = (float(each * step) for each in told)
    assert abs(middle - value) <= float(step) * (0.5 + 1e-6)
    # As many steps as hold the interval, and not one more.
    for told_half, half in ((middle - lowest, value - low), (highest - middle, high - value)):
        assert half - float(step) * 1e-6 <= told_half < half + float(step) * (1 + 1e-6)


@pytest.mark.parametrize("high", [0.5, float("inf"), float("nan")])
def test_an_interval_without_a_width_is_refused(high):
    with pytest.raises(ValueError, match="has a width"):
        borne(0.5, 0.5, high)


def test_a_figure_moves_by_a_laplace_deviate_and_its_interval_by_a_log_laplace_one():
    chance = np.random.default_rng(1)
    drawn = np.array([blurred(10.0, 10 - 1.96, 10 + 2 * 1.96, chance) for _ in range(40_000)])
    shifts = (drawn[:, 0] - 10) / 1.5  # the interval is 1.5 times that of an error of one
    widths = (drawn[:, 2] - drawn[:, 0]) / (2 * 1.96)
    assert (drawn[:, 0] - drawn[:, 1]) * 2 == pytest.approx(drawn[:, 2] - drawn[:, 0])
    # Half of a Laplace deviate's size is below ln 2 of its scale, 19 of 20 below ln 20.
    for share, times in ((0.5, log(2)), (0.95, log(20))):
        assert np.quantile(np.abs(shifts), share) == pytest.approx(0.4 * times, rel=0.03)
        assert np.quantile(np.abs(np.log(widths / 1.25)), share) == pytest.approx(0.15 * times, rel=0.03)
    assert np.median(shifts) == pytest.approx(0, abs=0.01)
    assert np.median(widths) == pytest.approx(1.25, rel=0.01)
    assert (widths > 0).all()
    assert np.corrcoef(shifts, np.log(widths))[0, 1] == pytest.approx(0, abs=0.03)


@given(st.integers(0, 10_000))
def test_counts_are_told_in_fives_that_are_always_reached(count):
    told = at_least(count)
    assert told % 5 == 0
    assert told <= count < told + 5
