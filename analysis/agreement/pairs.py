"""Two measurements of the same people, side by side."""

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, as_array, as_matrix


def pair_columns(first: ArrayLike, second: ArrayLike) -> Matrix:
    """Return two lists of n figures each as the columns of one matrix.

    Parameters
    ----------
    first, second
        n figures each, in the same order of people; NaN where there is none.

    Returns
    -------
    n x 2; nobody is left out.

    Raises
    ------
    ValueError
        The lists differ in length.
    """
    one, two = as_array(first), as_array(second)
    if one.ndim != 1 or one.shape != two.shape:
        raise ValueError("first and second must be two lists of the same length")
    return as_matrix(np.column_stack([one, two]))
