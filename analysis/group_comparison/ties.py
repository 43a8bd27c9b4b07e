"""Scores that are equal but for rounding."""

from typing import Final

import numpy as np

from analysis.estimate import Matrix

_DIGITS: Final = 12


def tied(scores: Matrix) -> Matrix:
    """Return scores to 12 digits of the largest, so that equal means of answers are equal numbers.

    Means of the same answers can differ beyond, by the order in which they were added; ranks would follow.

    Examples
    --------
    >>> tied(np.array([0.1 + 0.2, 0.3])).tolist()
    [0.3, 0.3]
    """
    largest = float(np.abs(scores).max(initial=0.0))
    if largest == 0:
        return scores
    digits = _DIGITS - int(np.ceil(np.log10(largest)))
    rounded: Matrix = np.round(scores, digits)
    return rounded
