"""Variance components of people by raters with missing cells, by restricted maximum likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from analysis.agreement.mean_squares import MeanSquares
from analysis.estimate import Matrix, Unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """All that the likelihood needs of the data: sums over people with m measurements, and over raters."""

    people: Matrix  # m: how many people have m measurements
    together: Matrix  # m x k x k: how many of them were measured by both raters
    by_rater: Matrix  # m x k: sum over them of their total, where this rater measured
    squares: Matrix  # m: sum of their squared totals
    count: Matrix  # k
    total: Matrix  # k
    square: float


def crossed_components(X: Matrix) -> MeanSquares | Unavailable:
    """Return the mean squares that complete data with the estimated variance components would have.

    Parameters
    ----------
    X
        People by raters, NaN where a measurement is missing. People without any are not counted.

    Returns
    -------
    MeanSquares or Unavailable
        Unavailable where there are fewer than 3 people or 2 raters, or too few measurements to separate
        people from error, or where the search does not converge.

    Notes
    -----
    y_ij = μ + p_i + r_j + e_ij with independent normal p, r and e; cells are missing at random. Equal to
    ``lme4::lmer(values ~ 1 + (1 | id) + (1 | items))``.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> print(f"{crossed_components(X).people:.3f}")
    11.242
    """
    present = X[~np.isnan(X).all(axis=1)]
    n, k = present.shape
    if k < 2:  # noqa: PLR2004 - agreement needs two
        return Unavailable(reason="too few items", detail=f"{k} column, at least 2 are needed")
    if n < 3:  # noqa: PLR2004 - as for complete rows
        return Unavailable(
            reason="too few rows", detail=f"{n} people with a measurement, at least 3 are needed"
        )
    if np.count_nonzero(~np.isnan(present)) < n + k or np.nanmin(present) == np.nanmax(present):
        return Unavailable(
            reason="no variance", detail="too few measurements differ within or between people"
        )
    sums = _sums(present)

    def deviance(ratios: Matrix) -> float:
        return _deviance(ratios, sums)[0]

    # The search is over ratios of standard deviations, as in lmer, so that a component may be zero.
    found = minimize(
        deviance,
        (1.0, 0.3),
        method="Nelder-Mead",
        bounds=Bounds(0.0, np.inf),
        tol=1e-10,
    )
    residual = _deviance(found.x, sums)[1]
    if not found.success or residual <= 0:
        return Unavailable(reason="did not converge", detail="variance components were not found")
    people, raters = (float(ratio) ** 2 * residual for ratio in found.x)
    return MeanSquares(
        people=k * people + residual,
        raters=n * raters + residual,
        residual=residual,
        within=raters + residual,
        n=n,
        k=k,
    )


def _sums(X: Matrix) -> _Sums:
    k = X.shape[1]
    mask = ~np.isnan(X)
    y = np.where(mask, X - np.nanmean(X), 0.0)
    seen, totals, measurements = mask.astype(np.float64), y.sum(axis=1), mask.sum(axis=1)
    groups = [measurements == m for m in range(1, k + 1)]
    return _Sums(
        people=np.array([g.sum() for g in groups], dtype=np.float64),
        together=np.array([seen[g].T @ seen[g] for g in groups]),
        by_rater=np.array([totals[g] @ seen[g] for g in groups]),
        squares=np.array([totals[g] @ totals[g] for g in groups]),
        count=seen.sum(axis=0),
        total=y.sum(axis=0),
        square=float(np.einsum("ij,ij->", y, y)),
    )


def _deviance(ratios: Matrix, sums: _Sums) -> tuple[float, float]:
    """Return the restricted deviance at these ratios of standard deviations, and the residual variance."""
    of_people, of_raters = ratios[0] ** 2, ratios[1] ** 2
    k = sums.count.size
    m = np.arange(1, k + 1)
    w = of_people / (1 + m * of_people)
    # Cross-products of the raters after the effects of people are removed, then those of raters.
    A = np.diag(sums.count) - np.einsum("m,mij->ij", w, sums.together)
    v = sums.total - w @ sums.by_rater
    B = np.eye(k) + of_raters * A
    swept = np.linalg.solve(B, np.column_stack([v, A.sum(axis=1)]))
    xx, xy = float(swept[:, 1].sum()), float(swept[:, 0].sum())
    yy = sums.square - float(w @ sums.squares) - of_raters * float(v @ swept[:, 0])
    df = float(sums.count.sum()) - 1
    residual = (yy - xy**2 / xx) / df
    if residual <= 0 or xx <= 0:
        return float("inf"), 0.0
    determinant = float(sums.people @ np.log1p(m * of_people)) + float(np.linalg.slogdet(B)[1])
    return df * float(np.log(residual)) + determinant + float(np.log(xx)), residual
