"""Correlations of a scale with criteria: as observed, and corrected for measurement error."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr
from scipy.stats import kendalltau

from analysis.descriptive.items import spearman
from analysis.estimate import (
    Estimate,
    Matrix,
    PrintedTable,
    Probability,
    TableParts,
    Unavailable,
    as_array,
    as_matrix,
    table,
)
from analysis.group_comparison.dependent_correlations import fisher_limits
from analysis.group_comparison.ties import tied
from analysis.inference import bootstrap
from analysis.inference.intervals import UNUSABLE, influence
from analysis.inference.significance import holm
from analysis.moments import moments
from analysis.reliability.alpha import alpha_coefficient, alpha_replicates

_HEADERS: Final = ("criterion", "r", "low", "high", "p (Holm)", "rho", "disattenuated r", "low", "high", "n")


@dataclass(frozen=True, kw_only=True)
class CriterionCorrelation:
    """A scale's correlations with one criterion, `p_holm` corrected for the number of criteria.

    Reliabilities are alphas, 1 for a criterion that is one number; `disattenuated` has delta limits,
    `disattenuated_bootstrap` those of resampled people, the alphas estimated anew.
    """

    pearson: Estimate
    p: Probability
    p_holm: Probability
    spearman: Estimate
    kendall: float
    reliabilities: tuple[float, float]
    disattenuated: Estimate | Unavailable
    disattenuated_bootstrap: Estimate | Unavailable


class CriterionCorrelations(PrintedTable, dict[str, CriterionCorrelation | Unavailable]):
    """Correlations by the criterion's name; prints as a table."""

    def _rows(self) -> list[tuple[object, ...]]:
        return [(name, *self._cells(found)) for name, found in self.items()]

    @staticmethod
    def _cells(found: CriterionCorrelation | Unavailable) -> tuple[object, ...]:
        if isinstance(found, Unavailable):
            return (str(found), *[None] * (len(_HEADERS) - 2))
        r, true = found.pearson, found.disattenuated
        without = (true.value, true.low, true.high) if isinstance(true, Estimate) else (str(true), None, None)
        return (r.value, r.low, r.high, found.p_holm, found.spearman.value, *without, r.n)

    def __str__(self) -> str:
        return table(*self._table())

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()


@dataclass(frozen=True, kw_only=True)
class _Measure:
    """Complete answers to a scale's items (n x k), or one column that is itself the score."""

    items: Matrix

    @property
    def score(self) -> Matrix:
        score: Matrix = self.items.mean(axis=1)
        return score

    def reliability(self) -> tuple[float, Matrix] | Unavailable:
        """Return alpha and each person's influence on it; 1 and None for a single column."""
        n, k = self.items.shape
        if k == 1:
            return 1.0, np.zeros(n)
        found = moments(self.items)
        alpha = found if isinstance(found, Unavailable) else alpha_coefficient(found)
        if isinstance(alpha, Unavailable):
            return alpha
        return alpha.value, influence(alpha) * n / (n - 1)  # of covariances with divisor n


def criterion_correlations(
    scale: ArrayLike,
    criteria: Mapping[str, ArrayLike],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> CriterionCorrelations:
    """Correlate a scale with criteria, as observed and corrected for measurement error.

    Parameters
    ----------
    scale
        n x k answers to the scale's items, NaN for missing; its score is their mean.
    criteria
        By name, n numbers each, or the n x m answers to another scale.
    level
        Level of the intervals.
    resamples, rng
        Of the bootstrap; by default from a fixed seed.

    Returns
    -------
    CriterionCorrelations
        A dict by the criteria's names; people with all answers and the criterion count, so that n may
        differ. Unavailable with fewer than 4 people or where one side does not vary; a disattenuated
        correlation also where an alpha is not positive.

    Raises
    ------
    ValueError
        `level` is not between 0 and 1.

    Notes
    -----
    Pearson's r between Fisher's limits, p by t with n - 2 degrees of freedom; Spearman's ρ between those of
    Bonett and Wright (2000), the standard error of atanh ρ being √((1 + ρ²/2)/(n - 3)); Kendall's τ_b; ties
    to 12 digits. Disattenuated: r / √(α_x α_y), which may exceed 1. Its delta limits linearise r and both
    alphas together, whatever the distribution: u_i = r_d (u_ri/r - u_xi/(2α_x) - u_yi/(2α_y)), the standard
    error √Σu²/n; bootstrap limits are percentiles. Equals ``cor.test`` and ``psych::correct.cor``.

    References
    ----------
    Bonett, D. G., & Wright, T. A. (2000). Sample size requirements for estimating Pearson, Kendall and
    Spearman correlations. Psychometrika, 65, 23-28.
    Charles, E. P. (2005). The correction for attenuation due to measurement error. Psychological Methods, 10,
    206-226.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(150, 1))
    >>> found = criterion_correlations(trait + rng.normal(size=(150, 4)), {"trait": trait[:, 0]})["trait"]
    >>> round(found.pearson.value, 2), round(found.disattenuated.value, 2)
    (0.88, 1.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")
    items = _columns("the scale", scale)
    found = {
        name: _correlated(items, _columns(name, other), level, resamples, rng)
        for name, other in criteria.items()
    }
    corrected = holm([np.nan if isinstance(f, Unavailable) else f["p"] for f in found.values()])
    return CriterionCorrelations(
        {
            name: parts
            if isinstance(parts, Unavailable)
            else CriterionCorrelation(p_holm=Probability(p), **parts)
            for (name, parts), p in zip(found.items(), corrected, strict=True)
        }
    )


def _columns(name: str, given: ArrayLike) -> Matrix:
    array = as_array(given).astype(np.float64)
    if array.ndim not in {1, 2} or array.size == 0:
        raise ValueError(f"{name} must be n numbers or an n x k array, not of shape {array.shape}")
    return as_matrix(array[:, np.newaxis] if array.ndim == 1 else array)


def _correlated(
    scale: Matrix, other: Matrix, level: float, resamples: int, rng: np.random.Generator | None
) -> dict[str, Any] | Unavailable:
    if len(scale) != len(other):
        raise ValueError(f"the scale has {len(scale)} rows and a criterion has {len(other)}")
    kept = ~np.isnan(scale).any(axis=1) & ~np.isnan(other).any(axis=1)
    x, y = _Measure(items=scale[kept]), _Measure(items=other[kept])
    n = int(kept.sum())
    if n < 4:  # noqa: PLR2004 - n - 3 people are left
        return Unavailable(reason="too few rows", detail=f"{n} people have both, at least 4 are needed")
    one, two = tied(x.score), tied(y.score)
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return Unavailable(
            reason="no variance", detail="all scores, or all values of the criterion, are equal"
        )
    a, b = (score - score.mean() for score in (x.score, y.score))
    za, zb = a / sqrt(float(a @ a) / n), b / sqrt(float(b @ b) / n)
    r = min(max(float(za @ zb) / n, -1.0), 1.0)
    rho = float(spearman(np.column_stack([one, two]))[0, 1])
    by_r = za * zb - r / 2 * (za**2 + zb**2)
    delta, resampled, reliabilities = _disattenuated(x, y, r, by_r, level=level, resamples=resamples, rng=rng)
    return {
        "pearson": _estimate(r, fisher_limits(r, n, level), n, level, "Pearson's r, Fisher's limits"),
        "p": _p(r, n),
        "spearman": _estimate(
            rho,
            fisher_limits(rho, n, level, sqrt((1 + rho**2 / 2) / (n - 3))),
            n,
            level,
            "Spearman's rho, Bonett and Wright's limits",
        ),
        "kendall": float(kendalltau(one, two).statistic),
        "reliabilities": reliabilities,
        "disattenuated": delta,
        "disattenuated_bootstrap": resampled,
    }


def _p(r: float, n: int) -> Probability:
    if abs(r) == 1:
        return Probability(0.0)
    return Probability(2 * stdtr(n - 2, -abs(r) * sqrt((n - 2) / (1 - r**2))))


def _estimate(value: float, limits: tuple[float, float], n: int, level: float, method: str) -> Estimate:
    return Estimate(value=value, low=limits[0], high=limits[1], level=level, n=n, k=1, method=method)


def _disattenuated(
    x: _Measure,
    y: _Measure,
    r: float,
    by_r: Matrix,
    *,
    level: float,
    resamples: int,
    rng: np.random.Generator | None,
) -> tuple[Estimate | Unavailable, Estimate | Unavailable, tuple[float, float]]:
    """Return r over the root of the alphas, with delta and with bootstrap limits, and the alphas."""
    first, second = x.reliability(), y.reliability()
    for found in (first, second):
        if isinstance(found, Unavailable):
            return found, found, (float("nan"), float("nan"))
    (alpha_x, by_x), (alpha_y, by_y) = first, second  # type: ignore[misc]
    if min(alpha_x, alpha_y) <= 0:
        no = Unavailable(reason="not defined", detail=f"alpha is {min(alpha_x, alpha_y):.3f}")
        return no, no, (alpha_x, alpha_y)
    n, root = len(by_r), sqrt(alpha_x * alpha_y)
    value = r / root
    person = by_r / root - value * (by_x / (2 * alpha_x) + by_y / (2 * alpha_y))
    half = float(ndtri((1 + level) / 2)) * sqrt(float(person @ person)) / n
    delta = _estimate(value, (value - half, value + half), n, level, "disattenuated r, delta limits")
    drawn = _replicates(x, y, resamples, rng)
    usable = drawn[np.isfinite(drawn)]
    method = f"disattenuated r, percentile limits of {resamples} resamples"
    if len(usable) < (1 - UNUSABLE) * resamples:
        why = Unavailable(reason="too few resamples", detail=f"{len(usable)} of {resamples}")
        resampled = Estimate(value=value, n=n, k=1, method=method, no_interval=why)
    else:
        limits = bootstrap.percentile_interval(usable, level)
        resampled = _estimate(value, limits, n, level, method)
    return delta, resampled, (alpha_x, alpha_y)


def _replicates(x: _Measure, y: _Measure, resamples: int, rng: np.random.Generator | None) -> Matrix:
    """Return the disattenuated correlation of each resample, NaN where it has none."""
    k = x.items.shape[1]
    # Both sides are in units of their own spread, so that single precision serves both equally.
    sides = [side.items / side.items.std() for side in (x, y)]
    blocks = bootstrap.resampled_covariances(*bootstrap.resampled(np.hstack(sides), resamples, rng))
    found = []
    for C in blocks:
        parts = C[:, :k, :k], C[:, k:, k:]
        totals = [part.sum(axis=(1, 2)) for part in parts]
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = C[:, :k, k:].sum(axis=(1, 2)) / np.sqrt(totals[0] * totals[1])
            for part, total in zip(parts, totals, strict=True):
                if part.shape[1] > 1:
                    traces = np.trace(part, axis1=1, axis2=2)
                    drawn = drawn / np.sqrt(alpha_replicates(part.shape[1], traces, total))
        found.append(drawn)
    return np.concatenate(found)
