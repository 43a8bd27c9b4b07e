"""Rounds figures to steps no finer than their standard error; finer digits would reveal single rows."""

import math
from typing import Final

STEPS: Final = (1, 2, 5, 10)
"""Times a power of ten: the steps that figures are rounded to."""
COUNTS: Final = 5
STANDARD_ERRORS: Final = 2 * 1.96
"""In an interval at 95 %."""


def borne(value: float, low: float, high: float) -> tuple[float, float, float]:
    """Round a figure and its 95 % interval to a step no finer than the standard error.

    The ends are given as whole steps from the rounded figure, so that they reveal little beyond the figure.

    Parameters
    ----------
    value
        The figure.
    low, high
        The ends of its interval at 95 %, below and above it.

    Returns
    -------
    tuple of three floats
        The nearest multiple of the step; the ends, as many whole steps away from it as hold the interval.

    Raises
    ------
    ValueError
        If the interval has no width.

    Examples
    --------
    >>> borne(0.8137, 0.742, 0.866)
    (0.8, 0.7, 0.9)
    >>> borne(0.8103, 0.782, 0.834)
    (0.82, 0.78, 0.86)
    """
    error = (high - low) / STANDARD_ERRORS
    if not (error > 0 and math.isfinite(error)):
        raise ValueError(f"an interval has a width; {low} to {high} has none")
    power = math.floor(math.log10(error))
    step = min(each for each in STEPS if each * 10.0**power >= error) * 10.0**power
    middle = round(value / step)
    ends = middle, middle - math.ceil((value - low) / step), middle + math.ceil((high - value) / step)
    told, lowest, highest = (round(each * step, max(0, -power)) for each in ends)
    return told, lowest, highest


def at_least(count: int) -> int:
    """Round a count down to a multiple of five.

    Parameters
    ----------
    count
        How many there are.

    Returns
    -------
    int
        The multiple: "at least" so many is always true.

    Examples
    --------
    >>> at_least(64)
    60
    """
    return count - count % COUNTS
