"""Agreement of two ratings of the same people beyond chance: Cohen's kappa with weights."""

from collections.abc import Callable
from math import sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analysis.agreement.mean_squares import check_level
from analysis.agreement.pairs import pair_columns
from analysis.estimate import Estimate, Matrix, Unavailable, complete_rows

_WEIGHTS: Final[dict[str, Callable[[Matrix], Matrix]]] = {
    "quadratic": lambda distance: 1 - (distance / distance.max()) ** 2,
    "linear": lambda distance: 1 - distance / distance.max(),
    "none": lambda distance: (distance == 0).astype(np.float64),
}


def weighted_kappa(
    first: ArrayLike,
    second: ArrayLike,
    *,
    weights: Literal["quadratic", "linear", "none"] = "quadratic",
    categories: ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate | Unavailable:
    """Return Cohen's weighted kappa of two ratings of the same people, for one item.

    Parameters
    ----------
    first, second
        n answers each; people without both are left out.
    weights
        How much a disagreement counts: by its square, by its size, or all alike.
    categories
        All answers possible; by default those seen. Only their values matter, not how many are empty.
    level
        Level of the interval.

    Returns
    -------
    Estimate or Unavailable
        Unavailable where fewer than 3 people have both, or where all gave one and the same answer. Perfect
        agreement has no interval.

    Raises
    ------
    ValueError
        An answer is not among the categories.

    Notes
    -----
    κ = (p_o - p_e) / (1 - p_e) with agreement weights w(a, b) = 1 - abs(a - b)^p / (range)^p; the standard
    error is the large-sample one of Fleiss, Cohen and Everitt, as in ``psych::cohen.kappa``.

    References
    ----------
    Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Large sample standard errors of kappa and weighted
    kappa. Psychological Bulletin, 72, 323-327.

    Examples
    --------
    >>> k = weighted_kappa([0, 1, 2, 3, 4, 2, 1, 3], [0, 1, 3, 3, 4, 1, 1, 4])
    >>> round(k.value, 3)
    0.897
    """
    check_level(level)
    pairs = complete_rows(pair_columns(first, second))
    n = len(pairs)
    if n < 3:  # noqa: PLR2004 - the smallest sample with an interval
        return Unavailable(reason="too few rows", detail=f"{n} people have both answers, not 3")
    values, codes = np.unique(pairs, return_inverse=True)
    if categories is not None and not np.isin(values, np.asarray(categories, dtype=np.float64)).all():
        raise ValueError("an answer is not among the categories")
    if values.size == 1:
        return Unavailable(reason="no variance", detail="everyone gave the same answer both times")
    codes = codes.reshape(pairs.shape)
    c = values.size
    p = np.bincount(codes[:, 0] * c + codes[:, 1], minlength=c * c).reshape(c, c) / n
    return _kappa(p, _agreement_weights(values, weights), n, f"Cohen's kappa, {weights} weights", level)


def _agreement_weights(values: Matrix, weights: str) -> Matrix:
    if weights not in _WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(_WEIGHTS)}, not {weights!r}")
    return _WEIGHTS[weights](np.abs(np.subtract.outer(values, values)))


def _kappa(p: Matrix, w: Matrix, n: int, method: str, level: float) -> Estimate | Unavailable:
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((w * p).sum()), float(rows @ w @ columns)
    if expected >= 1:
        return Unavailable(reason="not defined", detail="agreement by chance is already complete")
    value = (observed - expected) / (1 - expected)
    chance = (w @ columns)[:, np.newaxis] + rows @ w
    spread = float((p * (w * (1 - expected) - chance * (1 - observed)) ** 2).sum())
    variance = (spread - (observed * expected - 2 * expected + observed) ** 2) / (n * (1 - expected) ** 4)
    half = float(ndtri(0.5 + level / 2)) * sqrt(max(variance, 0.0))
    ends = (None, None, None) if observed == 1 else (value - half, value + half, level)
    return Estimate(value=value, low=ends[0], high=ends[1], level=ends[2], n=n, k=2, method=method)
