"""Reliability of ordinal items: ordinal alpha, and omega of the sum of the answers as they were given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from analysis.correlation import bivariate_normal, two_step
from analysis.correlation.polychoric import Polychoric, polychoric, symmetric
from analysis.correlation.two_step import Index, Pairs
from analysis.counts.joint import JointCounts
from analysis.estimate import Estimate, Matrix, Missing, Unavailable, as_matrix, complete_rows
from analysis.factor_models.one_factor_dwls import loadings_of
from analysis.inference.bootstrap import Weights, percentile_interval, resampled
from analysis.inference.intervals import too_many_without

Data = ArrayLike | JointCounts
Variance = Literal["observed", "model"]

CELLS: Final = 1_000_000  # size of the resamples' tables that are computed together


@dataclass(frozen=True, kw_only=True)
class OrdinalFactor:
    """One factor behind ordinal items.

    `loadings` are those of the normal variables behind the items, their sum not negative; `steps` are the
    distances between neighbouring answers of each item, as many as it has thresholds.
    """

    loadings: Matrix
    polychoric: Polychoric
    steps: tuple[Matrix, ...]

    @property
    def uniquenesses(self) -> Matrix:
        """What the factor leaves of the unit variances of the normal variables."""
        return 1 - self.loadings**2

    @property
    def latent_omega(self) -> float:
        """Omega of the sum of the normal variables, which are not observed (Zumbo and others 2007)."""
        return float(self.loadings.sum() ** 2 / self.polychoric.r.sum())

    @cached_property
    def true(self) -> Matrix:
        """Covariances of the answers that the factor explains (Green and Yang 2009)."""
        return self._covariances(np.outer(self.loadings, self.loadings))

    @cached_property
    def observed(self) -> Matrix:
        """Covariances of the answers that the polychoric correlations imply."""
        return self._covariances(self.polychoric.r)

    @cached_property
    def model(self) -> Matrix:
        """Covariances of the answers that the loadings imply."""
        implied = np.outer(self.loadings, self.loadings)
        np.fill_diagonal(implied, 1)
        return self._covariances(implied)

    def omega(self, variance: Variance = "observed") -> float | Unavailable:
        """Omega of the sum of the answers; none where the factor explains more than there is."""
        true, total = self.true.sum(), (self.observed if variance == "observed" else self.model).sum()
        if total <= 0:
            return Unavailable(reason="no variance", detail="the polychoric correlations leave the sum none")
        if true > total:
            detail = f"the factor explains {true / total:.3f} times the variance of the sum"
            return Unavailable(reason="improper solution", detail=detail)
        return float(true / total)

    @property
    def maximal_reliability(self) -> float | Unavailable:
        """Reliability of that weighted sum of the answers which has the most of it."""
        if self.polychoric.no_inverse is not None:
            return self.polychoric.no_inverse
        return float(np.linalg.eigvals(np.linalg.solve(self.observed, self.true)).real.max())

    def _covariances(self, R: Matrix) -> Matrix:
        k = len(R)
        i, j = np.triu_indices(k)
        width = max(map(len, self.steps))
        tau, steps = np.full((k, width), bivariate_normal.INFINITE), np.zeros((k, width))
        for item, (thresholds, sizes) in enumerate(zip(self.polychoric.thresholds, self.steps, strict=True)):
            tau[item, : len(sizes)], steps[item, : len(sizes)] = thresholds, sizes
        covariances = np.empty((k, k))
        covariances[i, j] = covariances[j, i] = _covariance(tau[i], tau[j], R[i, j], steps[i], steps[j])
        return covariances


def ordinal_factor(
    X: Data, *, missing: Missing = "complete", names: Sequence[str] | None = None
) -> OrdinalFactor | Unavailable:
    """Fit one factor to the polychoric correlations of ordinal items by diagonally weighted least squares.

    Parameters
    ----------
    X : n x k array with NaN for missing, or joint counts
    missing : "complete" rows, or "pairwise"; counts with gaps are pairwise
    names : names of the items

    Returns
    -------
    OrdinalFactor
        Or Unavailable: whatever makes `polychoric` unavailable, fewer than three items, a correlation
        without information, no convergence, or a loading beyond one (a Heywood case).

    Notes
    -----
    Minimises the sum over pairs of (r - λλ')² / se², with r and se from `polychoric`. Equals the estimates
    of ``lavaan::cfa("F =~ ...", x, ordered = TRUE, std.lv = TRUE)``, whose thresholds are free and fit.

    References
    ----------
    Muthen, du Toit and Spisic (1997). Robust inference using weighted least squares and quadratic
    estimating equations in latent variable modeling with categorical and continuous outcomes.
    """
    found = polychoric(X, missing=missing, names=names)
    if isinstance(found, Unavailable):
        return found
    if len(found.r) < 3:  # noqa: PLR2004 - two items leave the loadings undetermined
        return Unavailable(reason="too few items", detail=f"one factor needs 3, not {len(found.r)}")
    assert found.se is not None
    for i, j in np.argwhere(np.triu(found.se == 0, 1)):
        detail = f"{found.names[i]} and {found.names[j]} are at the bound, where r has no weight"
        return Unavailable(reason="not defined", detail=detail)
    loadings, settled, single = loadings_of(found.r[None], found.se[None])
    if not settled[0]:
        return Unavailable(reason="did not converge", detail="one factor of the polychoric correlations")
    size = np.abs(loadings[0])
    worst = int((size > size.max() - 1e-8).argmax())  # of identical items the first
    if abs(loadings[0, worst]) > 1 or single[0] >= 0:
        detail = f"Heywood case: {found.names[worst]} has a loading of {loadings[0, worst]:.3f}"
        if single[0] >= 0:
            detail = f"Heywood case: the larger the loading of {found.names[single[0]]}, the better the fit"
        return Unavailable(reason="improper solution", detail=detail)
    steps = tuple(np.diff(used) for used in found.categories)
    return OrdinalFactor(loadings=loadings[0], polychoric=found, steps=steps)


def categorical_omega(
    X: Data,
    *,
    variance: Variance = "observed",
    missing: Missing = "complete",
    interval: Literal["percentile"] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> Estimate | Unavailable:
    """Estimate omega of the sum of ordinal items from one factor behind them (Green and Yang).

    The share of the variance of the sum of the answers, as they were given, that the factor explains.

    Parameters
    ----------
    X, missing, names : as for `ordinal_factor`
    variance : of the sum: "observed", implied by the polychoric correlations, or implied by the "model"
    interval : "percentile" bootstrap of complete rows, or None
        In a resample without one of an item's answers, the item has thresholds between the others.
    level, resamples, rng : of the interval; by default from a generator with a fixed seed

    Returns
    -------
    Estimate, or Unavailable as from `ordinal_factor`. Where more than 5 % of the resamples have no such
    figure there is no interval, and `method` says so.

    Notes
    -----
    The covariance of two answers is the sum over their thresholds of Φ₂(τ, τ', ρ) - Φ(τ)Φ(τ'), each times the
    distances between the answers that the thresholds separate; ρ is λλ' above, and below r or, by the model,
    λλ' with a unit diagonal. Equals ``semTools::compRelSEM(fit)``, with "model" ``compRelSEM(fit, obs.var =
    FALSE)``, where an item's answers are equally far apart (semTools counts them: an answer that nobody gave
    does not widen the gap there, while here it does, as it does in a sum).

    References
    ----------
    Green, S. B., and Yang, Y. (2009). Reliability of summed item scores using structural equation modeling:
    an alternative to coefficient alpha. Psychometrika, 74, 155-167.

    Examples
    --------
    >>> factor = np.random.default_rng(1).normal(size=(500, 1))
    >>> latent = 0.7 * factor + 0.7 * np.random.default_rng(2).normal(size=(500, 4))
    >>> omega = categorical_omega(np.digitize(latent, [-1, 0, 1]))
    >>> round(omega.value, 3)
    0.709
    """
    _check(interval, level, variance)
    fit = ordinal_factor(X, missing=missing, names=names)
    if isinstance(fit, Unavailable):
        return fit
    value = fit.omega(variance)
    if isinstance(value, Unavailable):
        return value
    method = f"categorical omega, {variance} variance, {_rows_said(fit.polychoric)}"
    point = Estimate(value=value, n=fit.polychoric.n, k=len(fit.loadings), method=method)
    if interval is None:
        return point
    drawn = _resamples(X, fit.polychoric, resamples, rng)
    values = np.unique(np.concatenate(fit.polychoric.categories))
    replicates = np.concatenate([_omegas(pairs, r, values, variance) for pairs, r in drawn])
    return _with_interval(point, replicates, level)


def ordinal_alpha(
    X: Data,
    *,
    missing: Missing = "complete",
    interval: Literal["percentile"] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> Estimate | Unavailable:
    """Estimate ordinal alpha: coefficient alpha of the polychoric correlations.

    It is about the sum of the normal variables behind the items, not about the sum of the answers, whose
    reliability is lower (Chalmers 2018): `categorical_omega` is about those.

    Parameters
    ----------
    X, missing, names : as for `ordinal_factor`
    interval, level, resamples, rng : as for `categorical_omega`

    Returns
    -------
    Estimate, or Unavailable as from `polychoric`, or where the correlations do not add up to a positive
    variance.

    Notes
    -----
    k / (k - 1) (1 - k / Σr). Equals ``alpha.ord`` of ``semTools::reliability(fit)`` and
    ``semTools::compRelSEM(fit, tau.eq = TRUE, ord.scale = FALSE)``.

    References
    ----------
    Zumbo, B. D., Gadermann, A. M., and Zeisser, C. (2007). Ordinal versions of coefficients alpha and theta
    for Likert rating scales. Journal of Modern Applied Statistical Methods, 6, 21-29.
    Chalmers, R. P. (2018). On misconceptions and the limited usefulness of ordinal alpha. Educational and
    Psychological Measurement, 78, 1056-1071.

    Examples
    --------
    >>> factor = np.random.default_rng(1).normal(size=(500, 1))
    >>> latent = 0.7 * factor + 0.7 * np.random.default_rng(2).normal(size=(500, 4))
    >>> alpha = ordinal_alpha(np.digitize(latent, [-1, 0, 1]))
    >>> round(alpha.value, 3)
    0.746
    """
    _check(interval, level, "observed")
    found = polychoric(X, missing=missing, se=False, names=names)
    if isinstance(found, Unavailable):
        return found
    value = float(_alphas(found.r))
    if np.isnan(value):
        return Unavailable(reason="no variance", detail="the polychoric correlations add up to none")
    method = f"ordinal alpha, {_rows_said(found)}"
    point = Estimate(value=value, n=found.n, k=len(found.r), method=method)
    if interval is None:
        return point
    drawn = _resamples(X, found, resamples, rng)
    replicates = np.concatenate([_alphas_of(pairs, r) for pairs, r in drawn])
    return _with_interval(point, replicates, level)


def _check(interval: str | None, level: float, variance: str) -> None:
    if interval not in {None, "percentile"}:
        raise ValueError(f"interval must be 'percentile' or None, not {interval!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")
    if variance not in {"observed", "model"}:
        raise ValueError(f"variance must be 'observed' or 'model', not {variance!r}")


def _rows_said(found: Polychoric) -> str:
    rows = "complete rows" if (found.pair_n == found.n).all() else "pairwise"
    rows += ", pairs at the bound" if found.at_bound else ""
    return rows if found.repaired is None else f"{rows}, correlations not positive definite"


def _covariance(h: Matrix, k: Matrix, r: Matrix, rows: Matrix, columns: Matrix) -> Matrix:
    """Return the covariance of each pair's answers, whose steps are `rows` and `columns`."""
    both = bivariate_normal.cumulative(h, k, r) - ndtr(h)[:, :, None] * ndtr(k)[:, None, :]
    return np.asarray(np.einsum("pab,pa,pb->p", both, rows, columns))


def _alphas(R: Matrix) -> Matrix:
    """Return alpha of each of a stack of correlation matrices, NaN where they add up to no variance."""
    k, total = R.shape[-1], R.sum(axis=(-2, -1))
    positive = total > 0
    alpha = k / (k - 1) * (1 - k / np.where(positive, total, 1))
    return np.asarray(np.where(positive, alpha, np.nan))


def _alphas_of(pairs: Pairs, r: Matrix) -> Matrix:
    """Return ordinal alpha of each resample, NaN where an item does not vary in it."""
    used = pairs.used.reshape(len(r), -1)
    return np.asarray(np.where((used > 1).all(axis=1), _alphas(symmetric(r, used.shape[1])), np.nan))


def _resamples(
    X: Data, found: Polychoric, resamples: int, rng: np.random.Generator | None
) -> Iterator[tuple[Pairs, Matrix]]:
    """Yield the pairs of blocks of resamples, and their polychoric correlations, resamples x pairs.

    The items of a block are those of its first resample, of its second, and so on.
    """
    if isinstance(X, JointCounts) or not (found.pair_n == found.n).all():
        raise ValueError("a bootstrap interval needs complete rows, not counts or pairwise tables")
    rows, weights = resampled(complete_rows(as_matrix(X)), resamples, rng)
    categories = np.unique(rows)
    codes = np.searchsorted(categories, rows)
    k = len(found.r)
    i, j = np.triu_indices(k, 1)
    at_once = max(1, CELLS // (len(i) * categories.size**2))
    for drawn in weights:
        for first in range(0, len(drawn), at_once):
            tables = _tables(codes, drawn[first : first + at_once], categories.size)
            counts = np.concatenate([tables[:, :1].sum(axis=3), tables[:, : k - 1].sum(axis=2)], axis=1)
            item = k * np.arange(len(tables))[:, None]
            shape = (-1, *tables.shape[2:])
            pairs = two_step.prepare(
                counts.reshape(-1, categories.size),
                tables.reshape(shape),
                (item + i).ravel(),
                (item + j).ravel(),
            )
            yield pairs, two_step.correlations(pairs, found.correct).reshape(len(tables), -1)


def _tables(codes: Index, weights: Weights, categories: int) -> Matrix:
    """Return the tables of all pairs of items of rows that are drawn so many times: resamples x pairs."""
    i, j = np.triu_indices(codes.shape[1], 1)
    cells = len(i) * categories**2
    total = np.zeros((len(weights), cells))
    step = max(1, CELLS // cells)
    for first in range(0, len(codes), step):
        block = codes[first : first + step]
        places = (np.arange(len(i)) * categories + block[:, i]) * categories + block[:, j]
        indicators = np.zeros((len(block), cells), weights.dtype)  # in which the weights' sums are exact
        np.put_along_axis(indicators, places, 1, axis=1)
        total += weights[:, first : first + step] @ indicators
    return total.reshape(len(weights), len(i), categories, categories)


def _omegas(pairs: Pairs, r: Matrix, values: Matrix, variance: Variance) -> Matrix:
    """Return omega of each resample, NaN where it has no proper solution."""
    used = pairs.used.reshape(len(r), -1)
    blocks, k = used.shape
    moved = two_step.influence(pairs, r.ravel())
    errors = two_step.standard_errors(pairs, moved).reshape(r.shape)
    usable = (errors > 0).all(axis=1) & (used > 1).all(axis=1)
    R = symmetric(r, k)
    loadings, settled, single = loadings_of(R, symmetric(np.where(errors > 0, errors, 1), k))
    usable &= settled & (single < 0) & (np.abs(loadings) <= 1).all(axis=1)
    loadings = np.where(usable[:, None], loadings, 0)
    i, j = np.triu_indices(k)
    true = loadings[:, i] * loadings[:, j]
    total = np.where(i == j, 1, true) if variance == "model" else R[:, i, j]
    item = k * np.arange(blocks)[:, None]
    first, second = (item + i).ravel(), (item + j).ravel()
    tau, steps = pairs.thresholds, _steps(pairs, values)
    twice = np.where(i == j, 1, 2)
    above, below = (
        (
            _covariance(tau[first], tau[second], part.ravel(), steps[first], steps[second]).reshape(
                blocks, -1
            )
            * twice
        ).sum(axis=1)
        for part in (true, total)
    )
    usable &= (below > 0) & (above <= below)
    return np.asarray(np.where(usable, above / np.where(usable, below, 1), np.nan))


def _steps(pairs: Pairs, values: Matrix) -> Matrix:
    """Return the distances between neighbouring answers that each item uses, zero behind them."""
    gaps = np.diff(values[pairs.order], axis=1)
    return np.asarray(np.where(np.arange(gaps.shape[1]) < pairs.used[:, None] - 1, gaps, 0))


def _with_interval(point: Estimate, replicates: Matrix, level: float) -> Estimate:
    """Return the estimate with its percentile interval, or without one where too many have no figure."""
    usable = replicates[np.isfinite(replicates)]
    without = replicates.size - usable.size
    method = f"{point.method}, percentile interval of {replicates.size} resamples"
    method += f", {without} of them without a figure" if without else ""
    why = too_many_without(without, replicates.size)
    if why is not None:
        return replace(point, method=f"{method}: not available", no_interval=why)
    low, high = percentile_interval(usable, level)
    return replace(point, low=low, high=high, level=level, method=method)
