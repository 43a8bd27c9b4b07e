"""Reliability within clusters and between them, from a two-level model of the covariances."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.estimate import Estimate, Matrix, Unavailable

MOST_STEPS: Final = 500
SETTLED: Final = 1e-8  # of the gradient, per person, in standard deviations of the items
ROUNDING: Final = 1e-10
STEP: Final = 1e-5  # of numerical derivatives, items being in standard deviations

Covariances = tuple[Matrix, Matrix]
Structure = Callable[[Matrix], tuple[Matrix, Matrix, Matrix]]  # to within, between, and their derivatives


@dataclass(frozen=True, kw_only=True)
class TwoLevelReliability:
    """Alpha of the saturated and omega of the one-factor two-level model, within and between clusters.

    `alpha_two_level` is that of people's scores over all clusters, `alpha_observed_means` that of the means of
    clusters of the harmonic mean size.
    """

    alpha_within: Estimate | Unavailable
    alpha_between: Estimate | Unavailable
    alpha_two_level: Estimate | Unavailable
    alpha_observed_means: Estimate | Unavailable
    omega_within: Estimate | Unavailable
    omega_between: Estimate | Unavailable
    log_likelihood: float | None
    chi_square: float | None


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """All that the likelihood needs: the pooled products within, and means of clusters by size."""

    within: Matrix  # k x k
    sizes: Matrix  # s distinct sizes
    clusters: Matrix  # s: how many have each size
    totals: Matrix  # s x k: sums of their means
    products: Matrix  # s x k x k: sums of products of their means
    n: int

    @property
    def k(self) -> int:
        return len(self.within)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    parameters: Matrix
    covariance: Matrix
    log_likelihood: float


def two_level_reliability(X: Matrix, cluster: NDArray[np.intp], *, level: float = 0.95) -> TwoLevelReliability:
    """Estimate alpha and omega within and between clusters.

    Parameters
    ----------
    X
        n x k complete answers.
    cluster
        n numbers of clusters, from 0.
    level
        Level of the intervals.

    Returns
    -------
    TwoLevelReliability
        Of Estimate, or Unavailable with no more clusters than items, a constant item, where the covariances
        between clusters are none (negative variance: nothing is shared), or no convergence.

    Notes
    -----
    Answers are taken to be continuous: y_ij = μ + b_j + w_ij with independent normal b and w, by maximum
    likelihood. Alpha of each level's covariance matrix (Geldhof et al. 2014), omega (Σλ)² / ((Σλ)² + Σθ) of a
    factor at each level; alphas of the composite over clusters and of observed means by Lai (2021).
    Standard errors by the delta method from the observed information. Equals lavaan's two-level ``sem(model,
    cluster = )`` with saturated levels and with one factor at each level.

    References
    ----------
    Geldhof, G. J., Preacher, K. J., & Zyphur, M. J. (2014). Reliability estimation in a multilevel
    confirmatory factor analysis framework. Psychological Methods, 19, 72-91.
    Lai, M. H. C. (2021). Composite reliability of multilevel data. Psychological Methods, 26, 90-102.
    """
    sd = X.std(axis=0)
    k, clusters = X.shape[1], int(cluster.max()) + 1
    refused = None
    if clusters <= k:
        refused = Unavailable(reason="too few rows", detail=f"{clusters} clusters for {k} items")
    elif len(X) == clusters:
        refused = Unavailable(reason="too few rows", detail="every cluster has one person")
    elif (sd == 0).any():
        refused = Unavailable(reason="constant item", detail=f"item {int(np.argmin(sd)) + 1}")
    if refused is not None:
        return _all(refused)
    sums = _sums((X - X.mean(axis=0)) / sd, cluster)
    start = _moments(sums)
    saturated = _maximum(sums, _saturated(k), np.concatenate([_lower(start[0]), _lower(start[1])]))
    if isinstance(saturated, Unavailable):
        return _all(saturated)
    factors = _maximum(sums, _one_factor(k), np.concatenate([_first_factor(C) for C in start]))
    harmonic = clusters / float((sums.clusters / sums.sizes).sum())
    of_levels = _of_levels(saturated, sd, len(X), k, level, harmonic)
    omegas = _omegas(factors, sd, len(X), k, level)
    fits = isinstance(factors, _Fit)
    return TwoLevelReliability(
        **of_levels,
        **omegas,
        log_likelihood=saturated.log_likelihood - len(X) * float(np.log(sd).sum()),
        chi_square=2 * (saturated.log_likelihood - factors.log_likelihood) if fits else None,
    )


def _all(why: Unavailable) -> TwoLevelReliability:
    return TwoLevelReliability(
        alpha_within=why,
        alpha_between=why,
        alpha_two_level=why,
        alpha_observed_means=why,
        omega_within=why,
        omega_between=why,
        log_likelihood=None,
        chi_square=None,
    )


def _sums(X: Matrix, cluster: NDArray[np.intp]) -> _Sums:
    size = np.bincount(cluster).astype(np.float64)
    means = np.array([np.bincount(cluster, weights=column) for column in X.T]).T / size[:, np.newaxis]
    apart = X - means[cluster]
    sizes, place = np.unique(size, return_inverse=True)
    member = place[np.newaxis, :] == np.arange(len(sizes))[:, np.newaxis]
    return _Sums(
        within=apart.T @ apart,
        sizes=sizes,
        clusters=member.sum(axis=1).astype(np.float64),
        totals=member @ means,
        products=np.array([means[of].T @ means[of] for of in member]),
        n=len(X),
    )


def _moments(sums: _Sums) -> Covariances:
    """Return covariances within and between from the analysis of variance, the latter made positive."""
    J, k = sums.clusters.sum(), sums.k
    within = sums.within / (sums.n - J)
    mean = (sums.sizes @ sums.totals) / sums.n
    between = np.einsum("s,sij->ij", sums.sizes, sums.products) - sums.n * np.outer(mean, mean)
    size = (sums.n - (sums.clusters @ sums.sizes**2) / sums.n) / (J - 1)
    values, vectors = np.linalg.eigh((between / (J - 1) - within) / size)
    positive = (vectors * values.clip(0.01)) @ vectors.T
    return within + 1e-8 * np.eye(k), positive


def _lower(C: Matrix) -> Matrix:
    return C[np.tril_indices(len(C))]


def _symmetric(elements: Matrix, k: int) -> Matrix:
    C = np.zeros((k, k))
    C[np.tril_indices(k)] = elements
    return C + C.T - np.diag(np.diagonal(C))


def _saturated(k: int) -> Structure:
    """Return the structure whose parameters are the elements of both covariance matrices."""
    m = k * (k + 1) // 2
    unit = np.array([_symmetric(one, k).ravel() for one in np.eye(m)])
    derivatives = np.zeros((2 * m, 2, k * k))
    derivatives[:m, 0], derivatives[m:, 1] = unit, unit

    def covariances(parameters: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        return _symmetric(parameters[:m], k), _symmetric(parameters[m:], k), derivatives

    return covariances


def _one_factor(k: int) -> Structure:
    """Return the structure of one factor at each level: loadings and residual variances, twice."""

    def covariances(parameters: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        derivatives = np.zeros((4 * k, 2, k, k))
        found = []
        for at in (0, 1):
            loadings, residuals = parameters[2 * k * at :][: 2 * k].reshape(2, k)
            found.append(np.outer(loadings, loadings) + np.diag(residuals))
            for j in range(k):
                derivatives[2 * k * at + j, at, j] += loadings
                derivatives[2 * k * at + j, at, :, j] += loadings
                derivatives[2 * k * at + k + j, at, j, j] = 1.0
        return found[0], found[1], derivatives.reshape(4 * k, 2, k * k)

    return covariances


def _first_factor(C: Matrix) -> Matrix:
    """Return loadings and residual variances to start from: the first principal axis, somewhat shrunk."""
    values, vectors = np.linalg.eigh(C)
    loadings = vectors[:, -1] * sqrt(0.8 * values[-1])
    loadings = loadings if loadings.sum() >= 0 else -loadings
    return np.concatenate([loadings, np.maximum(np.diagonal(C) - loadings**2, 0.1 * np.diagonal(C))])


def _maximum(sums: _Sums, structure: Structure, start: Matrix) -> _Fit | Unavailable:
    """Search by Fisher's scoring with halved steps; errors from the observed information."""
    mean = (sums.sizes @ sums.totals) / sums.n
    at = np.concatenate([start, mean])
    value, gradient, information = _likelihood(at, sums, structure)
    for _ in range(MOST_STEPS):
        if np.abs(gradient).max() <= SETTLED * sums.n:
            return _settled(at, value, sums, structure)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        for _ in range(60):
            tried = _likelihood(at + step, sums, structure)
            if tried[0] >= value - ROUNDING * abs(value):
                break
            step = step / 2
        else:
            break
        at, (value, gradient, information) = at + step, tried
    return Unavailable(reason="did not converge", detail="two-level model")


def _settled(at: Matrix, value: float, sums: _Sums, structure: Structure) -> _Fit | Unavailable:
    observed = np.empty((len(at), len(at)))
    for place, one in enumerate(np.eye(len(at))):
        above, below = (_likelihood(at + side * STEP * one, sums, structure)[1] for side in (1, -1))
        observed[place] = (below - above) / (2 * STEP)
    observed = (observed + observed.T) / 2
    if not np.isfinite(observed).all() or np.linalg.eigvalsh(observed)[0] <= 0:
        return Unavailable(reason="singular matrix", detail="the two-level model is not identified")
    return _Fit(parameters=at, covariance=np.linalg.inv(observed), log_likelihood=value)


def _likelihood(at: Matrix, sums: _Sums, structure: Structure) -> tuple[float, Matrix, Matrix]:
    """Return the log-likelihood, its gradient and the expected information; -inf where there is none."""
    k, J = sums.k, float(sums.clusters.sum())
    parameters, mean = at[:-k], at[-k:]
    within, between, derivatives = structure(parameters)
    total = within + sums.sizes[:, np.newaxis, np.newaxis] * between
    nothing = -np.inf, np.zeros_like(at), np.eye(len(at))
    if np.linalg.eigvalsh(within)[0] <= 0 or (np.linalg.eigvalsh(total)[:, 0] <= 0).any():
        return nothing
    W, T = np.linalg.inv(within), np.linalg.inv(total)
    spread = (
        sums.products
        - np.einsum("si,j->sij", sums.totals, mean)
        - np.einsum("i,sj->sij", mean, sums.totals)
        + sums.clusters[:, np.newaxis, np.newaxis] * np.outer(mean, mean)
    )
    free = sums.n - J
    deviance = (
        sums.n * k * log(2 * pi)
        + free * float(np.linalg.slogdet(within)[1])
        + float((W * sums.within).sum())
        + float(sums.clusters @ np.linalg.slogdet(total)[1])
        + float(sums.sizes @ np.einsum("sij,sij->s", T, spread))
    )
    by_total = sums.clusters[:, None, None] * T - sums.sizes[:, None, None] * (T @ spread @ T)
    by_within = free * W - W @ sums.within @ W + by_total.sum(axis=0)
    by_between = np.einsum("s,sij->ij", sums.sizes, by_total)
    apart = sums.totals - sums.clusters[:, np.newaxis] * mean
    by_mean = np.einsum("s,sij,sj->i", sums.sizes, T, apart)
    by_parameters = derivatives[:, 0] @ by_within.ravel() + derivatives[:, 1] @ by_between.ravel()
    gradient = np.concatenate([-by_parameters / 2, by_mean])
    information = np.zeros((len(at), len(at)))
    dW, dB = derivatives[:, 0].reshape(-1, k, k), derivatives[:, 1].reshape(-1, k, k)
    information[:-k, :-k] = free * _crossed(W, dW)
    for size, clusters, inverse in zip(sums.sizes, sums.clusters, T, strict=True):
        information[:-k, :-k] += clusters * _crossed(inverse, dW + size * dB)
    information[-k:, -k:] = np.einsum("s,sij->ij", sums.sizes * sums.clusters, T)
    return -deviance / 2, gradient, information


def _crossed(inverse: Matrix, derivatives: Matrix) -> Matrix:
    """Return half the traces of the inverse times one derivative times the inverse times another."""
    turned = inverse @ derivatives
    flat = turned.reshape(len(turned), -1)
    return flat @ turned.transpose(0, 2, 1).reshape(len(turned), -1).T / 2


def _of_levels(
    fit: _Fit, sd: Matrix, n: int, k: int, level: float, harmonic: float
) -> dict[str, Estimate | Unavailable]:
    unit = np.outer(sd, sd)
    m = k * (k + 1) // 2

    def matrices(parameters: Matrix) -> Covariances:
        return _symmetric(parameters[:m], k) * unit, _symmetric(parameters[m : 2 * m], k) * unit

    def alpha(covariances: Matrix, total: Matrix) -> float:
        return k / (k - 1) * float(covariances.sum() - np.trace(covariances)) / float(total.sum())

    figures: dict[str, tuple[str, Callable[[Matrix, Matrix], float]]] = {
        "alpha_within": ("alpha within clusters", lambda w, _: alpha(w, w)),
        "alpha_between": ("alpha between clusters", lambda _, b: alpha(b, b)),
        "alpha_two_level": ("alpha of scores over all clusters", lambda w, b: alpha(w + b, w + b)),
        "alpha_observed_means": (
            "alpha of observed means of clusters",
            lambda w, b: alpha(b, b + w / harmonic),
        ),
    }
    proper = np.linalg.eigvalsh(matrices(fit.parameters)[1])[0] > 0
    found: dict[str, Estimate | Unavailable] = {}
    for name, (method, figure) in figures.items():
        if name != "alpha_within" and not proper:
            found[name] = Unavailable(
                reason="improper solution", detail="a variance between clusters is negative or nought"
            )
            continue
        found[name] = _delta(
            lambda p, figure=figure: figure(*matrices(p)), fit, n, k, level, method  # type: ignore[misc]
        )
    return found


def _omegas(
    fit: _Fit | Unavailable, sd: Matrix, n: int, k: int, level: float
) -> dict[str, Estimate | Unavailable]:
    if isinstance(fit, Unavailable):
        return {"omega_within": fit, "omega_between": fit}
    found: dict[str, Estimate | Unavailable] = {}
    for at, name in enumerate(("within", "between")):
        residuals = fit.parameters[2 * k * at + k :][:k]
        if residuals.min() < 0:
            detail = f"item {int(residuals.argmin()) + 1} has a negative residual variance {name} clusters"
            found[f"omega_{name}"] = Unavailable(reason="improper solution", detail=detail)
            continue

        def omega(parameters: Matrix, at: int = at) -> float:
            loadings, residuals = parameters[2 * k * at :][: 2 * k].reshape(2, k)
            common = float((sd @ loadings) ** 2)
            return common / (common + float(sd**2 @ residuals))

        found[f"omega_{name}"] = _delta(omega, fit, n, k, level, f"omega {name} clusters")
    return found


def _delta(
    function: Callable[[Matrix], float], fit: _Fit, n: int, k: int, level: float, method: str
) -> Estimate:
    gradient = np.array(
        [
            (function(fit.parameters + STEP * one) - function(fit.parameters - STEP * one)) / (2 * STEP)
            for one in np.eye(len(fit.parameters))
        ]
    )
    value = function(fit.parameters)
    half = float(ndtri((1 + level) / 2)) * sqrt(float(gradient @ fit.covariance @ gradient))
    return Estimate(
        value=value,
        low=value - half,
        high=min(value + half, 1.0),
        level=level,
        n=n,
        k=k,
        method=f"{method}, two-level maximum likelihood, delta limits",
    )
