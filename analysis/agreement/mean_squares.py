"""The two-way analysis of variance on which agreement between measurements rests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Unavailable, as_matrix, complete_rows


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance of n people by k raters without replication."""

    people: float
    raters: float
    residual: float
    within: float
    n: int
    k: int


def mean_squares(X: ArrayLike) -> MeanSquares | Unavailable:
    """Return the two-way mean squares of the complete rows of `X`."""
    complete = complete_rows(as_matrix(X))
    n, k = complete.shape
    if k < 2:  # noqa: PLR2004 - agreement needs two
        return Unavailable(reason="too few items", detail=f"{k} column, at least 2 are needed")
    if n < 3:  # noqa: PLR2004 - the smallest sample with an interval
        return Unavailable(reason="too few rows", detail=f"{n} complete rows, at least 3 are needed")
    deviation = complete - complete.mean()
    by_person = deviation.mean(axis=1)
    by_rater = deviation.mean(axis=0)
    parts = (deviation - by_person[:, np.newaxis] - by_rater, by_person, by_rater)
    # A sum of squares no larger than rounding error counts as nought.
    noise = complete.size * (8 * np.finfo(np.float64).eps * float(np.abs(complete).max())) ** 2
    residual, people, raters = (
        times * square if times * square > noise else 0.0
        for times, square in zip((1, k, n), (float(np.square(part).sum()) for part in parts), strict=True)
    )
    if residual + people + raters == 0:
        return Unavailable(reason="no variance", detail="every measurement is the same")
    return MeanSquares(
        people=people / (n - 1),
        raters=raters / (k - 1),
        residual=residual / ((n - 1) * (k - 1)),
        within=(raters + residual) / (n * (k - 1)),
        n=n,
        k=k,
    )


def check_level(level: float) -> None:
    """Raise ValueError where `level` is not the level of an interval."""
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
