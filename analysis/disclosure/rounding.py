"""Changes figures by chance and rounds them to steps no finer than their standard error.

Finer digits would reveal single rows. Rounding alone would too, where a figure lies so near the end of a
step that only an unusual row can have moved it there; after a change by chance any row can.
"""

import math
from typing import Final

import numpy as np

STEPS: Final = (1, 2, 5, 10)
"""Times a power of ten: the steps that figures are rounded to."""
COUNTS: Final = 5
STANDARD_ERRORS: Final = 2 * 1.96
"""In an interval at 95 %."""
SHIFT: Final = 0.4
"""The scale of the Laplace deviate by which a figure is moved, in standard errors."""
WIDER, SPREAD = 1.25, 0.15
"""The median factor by which an interval grows, and the scale of its logarithm, which is Laplace too.

A figure that was moved has 1.15 times the standard error; 1.25 leaves room for the spread.
"""


def blurred(value: float, low: float, high: float, chance: np.random.Generator) -> tuple[float, float, float]:
    """Move a figure and widen its 95 % interval by chance, each by an amount that has no limit.

    Both changes are Laplace deviates, whose densities at two points differ by no more than a factor that the
    distance of the points sets. So whatever is shown, it makes no row more likely than that, however unusual
    it is; after a normal deviate, a figure far from the expected one can.

    A figure that is kept beside the rows it was computed from has to be blurred once, when it is kept: the
    mean of several draws would give it back.

    Parameters
    ----------
    value
        The figure.
    low, high
        The ends of its interval at 95 %, below and above it.
    chance
        Where the two deviates come from. Whoever can repeat them undoes the change.

    Returns
    -------
    tuple of three floats
        The figure, moved by a Laplace deviate of 0.4 standard errors; the ends, as far from it as
        before times a log-Laplace factor of median 1.25.

    Examples
    --------
    >>> moved = blurred(0.81, 0.74, 0.87, np.random.default_rng(1))
    >>> [round(each, 3) for each in moved]
    [0.81, 0.687, 0.916]
    """
    error = (high - low) / STANDARD_ERRORS
    shift, width = (float(each) for each in chance.laplace(size=2))
    middle, factor = value + SHIFT * error * shift, WIDER * math.exp(SPREAD * width)
    return middle, middle - (value - low) * factor, middle + (high - value) * factor


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
