"""Reliability within clusters and between them, from a two-level model of the covariances."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analysis.estimate import Estimate, Matrix, Unavailable
from analysis.group_comparison.two_level_covariance import (
    STEP,
    TwoLevelFit,
    cluster_sums,
    first_factor,
    lower_triangle,
    maximum,
    moment_covariances,
    one_factor,
    saturated,
    symmetric,
)

NOTHING: Final = Unavailable(
    reason="improper solution", detail="a variance between clusters is negative or nought"
)


@dataclass(frozen=True, kw_only=True)
class TwoLevelReliability:
    """Alpha of the saturated and omega of the one-factor two-level model, within and between clusters.

    `alpha_two_level` is that of people's scores over all clusters, `alpha_observed_means` that of means of
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


def two_level_reliability(
    X: Matrix, cluster: NDArray[np.intp], *, level: float = 0.95
) -> TwoLevelReliability:
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
    sums = cluster_sums((X - X.mean(axis=0)) / sd, cluster)
    start = moment_covariances(sums)
    whole = maximum(sums, saturated(k), np.concatenate([lower_triangle(C) for C in start]))
    if isinstance(whole, Unavailable):
        return _all(whole)
    m = k * (k + 1) // 2
    proper = np.linalg.eigvalsh(symmetric(whole.parameters[m : 2 * m], k))[0] > 0
    # If clusters do not differ, their factor has no loadings, and the search would not converge.
    factors = (
        maximum(sums, one_factor(k), np.concatenate([first_factor(C) for C in start])) if proper else NOTHING
    )
    size = clusters / float((sums.clusters / sums.sizes).sum())
    return TwoLevelReliability(
        **_alphas(whole, sd, size=size, n=len(X), level=level, proper=proper),
        **_omegas(factors, sd, len(X), level),
        log_likelihood=whole.log_likelihood - len(X) * float(np.log(sd).sum()),
        chi_square=None
        if isinstance(factors, Unavailable)
        else 2 * (whole.log_likelihood - factors.log_likelihood),
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


def _alphas(
    fit: TwoLevelFit, sd: Matrix, *, size: float, n: int, level: float, proper: bool
) -> dict[str, Estimate | Unavailable]:
    """Return alphas by their names; `size` is the harmonic mean size of a cluster."""
    k, unit = len(sd), np.outer(sd, sd)
    m = k * (k + 1) // 2

    def alpha(covariances: Matrix, total: Matrix) -> float:
        return k / (k - 1) * float(covariances.sum() - np.trace(covariances)) / float(total.sum())

    figures: dict[str, tuple[str, Callable[[Matrix, Matrix], float]]] = {
        "alpha_within": ("alpha within clusters", lambda w, _: alpha(w, w)),
        "alpha_between": ("alpha between clusters", lambda _, b: alpha(b, b)),
        "alpha_two_level": ("alpha of scores over all clusters", lambda w, b: alpha(w + b, w + b)),
        "alpha_observed_means": (
            "alpha of observed means of clusters",
            lambda w, b: alpha(b, b + w / size),
        ),
    }

    def of_parameters(figure: Callable[[Matrix, Matrix], float]) -> Callable[[Matrix], float]:
        return lambda p: figure(symmetric(p[:m], k) * unit, symmetric(p[m : 2 * m], k) * unit)

    return {
        name: _delta(of_parameters(figure), fit, (n, k), level, method)
        if proper or name == "alpha_within"
        else NOTHING
        for name, (method, figure) in figures.items()
    }


def _omegas(
    fit: TwoLevelFit | Unavailable, sd: Matrix, n: int, level: float
) -> dict[str, Estimate | Unavailable]:
    if isinstance(fit, Unavailable):
        return {"omega_within": fit, "omega_between": fit}
    k, found = len(sd), dict[str, Estimate | Unavailable]()
    for at, name in enumerate(("within", "between")):
        residuals = fit.parameters[2 * k * at + k :][:k]
        if residuals.min() < 0:
            detail = f"item {int(residuals.argmin()) + 1} has a negative residual variance {name} clusters"
            found[f"omega_{name}"] = Unavailable(reason="improper solution", detail=detail)
            continue

        def omega(parameters: Matrix, at: int = at) -> float:
            loadings, residuals = parameters[2 * k * at :][: 2 * k].reshape(2, k)
            common = float(sd @ loadings) ** 2
            return common / (common + float(sd**2 @ residuals))

        found[f"omega_{name}"] = _delta(omega, fit, (n, k), level, f"omega {name} clusters")
    return found


def _delta(
    function: Callable[[Matrix], float], fit: TwoLevelFit, size: tuple[int, int], level: float, method: str
) -> Estimate:
    steps = STEP * np.eye(len(fit.parameters))
    ends = [(function(fit.parameters + step), function(fit.parameters - step)) for step in steps]
    gradient = np.array([(above - below) / (2 * STEP) for above, below in ends])
    value = function(fit.parameters)
    half = float(ndtri((1 + level) / 2)) * sqrt(float(gradient @ fit.covariance @ gradient))
    n, k = size
    return Estimate(
        value=value,
        low=value - half,
        high=min(value + half, 1.0),
        level=level,
        n=n,
        k=k,
        method=f"{method}, two-level maximum likelihood, delta limits",
    )
