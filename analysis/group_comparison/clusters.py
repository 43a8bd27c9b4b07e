"""Intraclass correlation of people in clusters, and its effect on the precision of a mean score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, pi, sqrt
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import chdtri

from analysis.descriptive.groups import group_labels
from analysis.estimate import Estimate, Matrix, Unavailable, as_array

LARGEST: Final = 1e8  # the largest ratio of variances; beyond it nothing varies within clusters


@dataclass(frozen=True, kw_only=True)
class ClusterSizes:
    """How many clusters of which size; `weighted` is the size of the cluster of an average person."""

    clusters: int
    n: int
    smallest: int
    largest: int

    weighted: float

    @property
    def mean(self) -> float:
        """Mean number of people in a cluster."""
        return self.n / self.clusters


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterVariance:
    """Variance components of a score in clusters, ICC(1) with its interval, and the mean between clusters.

    `design_effect` is how many times the variance of the mean that of independent people is, by the mean size
    of a cluster; `design_effect_weighted` by that of the cluster of an average person.
    """

    between: float
    within: float
    icc: Estimate
    mean: float
    mean_error: float
    log_likelihood: float | None
    design_effect: float
    design_effect_weighted: float


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    sizes: Matrix  # J
    means: Matrix  # J
    within: float

    @property
    def n(self) -> float:
        return float(self.sizes.sum())


def cluster_numbers(clusters: Sequence[Any] | NDArray[Any]) -> NDArray[np.intp]:
    """Return clusters numbered from 0 in order of appearance, -1 where a cluster is not known.

    Examples
    --------
    >>> cluster_numbers(["b", None, "a", "b"]).tolist()
    [0, -1, 1, 0]
    """
    known: dict[str, int] = {}
    labels = group_labels(clusters)
    return np.array(
        [-1 if label is None else known.setdefault(label, len(known)) for label in labels], np.intp
    )


def cluster_sizes(cluster: NDArray[np.intp]) -> ClusterSizes:
    """Return how many clusters there are, and how large; `cluster` numbers them from 0."""
    sizes = np.bincount(cluster)
    sizes = sizes[sizes > 0]
    return ClusterSizes(
        clusters=len(sizes),
        n=int(sizes.sum()),
        smallest=int(sizes.min()),
        largest=int(sizes.max()),
        weighted=float((sizes.astype(np.float64) ** 2).sum() / sizes.sum()),
    )


def cluster_variance(
    scores: ArrayLike,
    clusters: Sequence[Any] | NDArray[Any],
    *,
    method: Literal["reml", "ml", "anova"] = "reml",
    level: float = 0.95,
) -> ClusterVariance | Unavailable:
    """Return ICC(1): the share of a score's variance that lies between clusters.

    Parameters
    ----------
    scores
        n scores, NaN where there is none.
    clusters
        n labels; None, NaN or an empty text where a cluster is not known.
    method
        "reml" or "ml" for (restricted) maximum likelihood, "anova" from the mean squares, which may be
        negative.
    level
        Level of the interval.

    Returns
    -------
    ClusterVariance or Unavailable
        Unavailable with fewer than two clusters, where every cluster has one person, or where nothing varies
        within clusters.

    Raises
    ------
    ValueError
        `method` is none of those offered, `level` not between 0 and 1, or there is not a cluster for each
        score.

    Notes
    -----
    y_ij = μ + b_j + e_ij; ICC(1) = σ_b² / (σ_b² + σ_e²), its interval where the profile likelihood falls by
    half the quantile of χ² (1 degree of freedom), none for "anova". "anova" takes (MSB - MSW) / (MSB + (n₀ -
    1) MSW) with n₀ = (n - Σn_j²/n) / (J - 1). The design effect is 1 + (m - 1) ICC(1). Equals
    ``lme4::lmer(y ~ 1 + (1 | cluster))``.

    References
    ----------
    Kish, L. (1965). Survey Sampling. Wiley.
    Searle, S. R., Casella, G., & McCulloch, C. E. (1992). Variance Components. Wiley.

    Examples
    --------
    >>> found = cluster_variance([1, 2, 2, 5, 4, 6, 3, 3, 2], list("aaabbbccc"))
    >>> print(found.icc)
    0.831  95% interval 0.254 to 0.991  (n = 9, k = 1; ICC(1), reml)
    """
    if method not in {"reml", "ml", "anova"} or not 0 < level < 1:
        raise ValueError(
            f"method must be 'reml', 'ml' or 'anova', level between 0 and 1: {method!r}, {level}"
        )
    y, cluster = as_array(scores).astype(np.float64), cluster_numbers(clusters)
    if y.shape != cluster.shape:
        raise ValueError(
            f"there are {len(cluster)} clusters and scores of shape {y.shape}; give one for each"
        )
    kept = (cluster >= 0) & ~np.isnan(y)
    y, cluster = y[kept], np.unique(cluster[kept], return_inverse=True)[1].ravel()
    refused = refuse(cluster)
    if refused is not None:
        return refused
    size = np.bincount(cluster).astype(np.float64)
    centre, spread = float(y.mean()), float(y.std())
    if spread == 0:
        return Unavailable(reason="no variance", detail="all scores are equal")
    z = (y - centre) / spread
    means = np.bincount(cluster, weights=z) / size
    sums = _Sums(sizes=size, means=means, within=float(((z - means[cluster]) ** 2).sum()))
    if sums.within <= len(z) / LARGEST:
        return Unavailable(reason="no variance", detail="within each cluster all scores are equal")
    found = _anova(sums) if method == "anova" else _likely(sums, restricted=method == "reml", level=level)
    between, within, mean, error, value, interval = found
    icc = between / (between + within)
    sizes = cluster_sizes(cluster)
    low, high = interval
    return ClusterVariance(
        between=between * spread**2,
        within=within * spread**2,
        icc=Estimate(
            value=icc,
            low=low,
            high=high,
            level=None if low is None else level,
            n=len(y),
            k=1,
            method=f"ICC(1), {method}",
        ),
        mean=centre + spread * mean,
        mean_error=spread * error,
        log_likelihood=None if value is None else value - (len(y) - (method == "reml")) * log(spread),
        design_effect=1 + (sizes.mean - 1) * icc,
        design_effect_weighted=1 + (sizes.weighted - 1) * icc,
    )


def refuse(cluster: NDArray[np.intp]) -> Unavailable | None:
    """Return why clusters of these people allow no estimate, None where they do."""
    clusters = len(np.unique(cluster))
    if clusters < 2:  # noqa: PLR2004 - a difference needs two
        return Unavailable(reason="too few rows", detail=f"{clusters} clusters, at least 2 are needed")
    if clusters == len(cluster):
        return Unavailable(reason="too few rows", detail="every cluster has one person")
    return None


_Found = tuple[float, float, float, float, float | None, tuple[float | None, float | None]]


def _anova(sums: _Sums) -> _Found:
    n, J = sums.n, len(sums.sizes)
    mean = float(sums.sizes @ sums.means) / n
    between = float(sums.sizes @ (sums.means - mean) ** 2) / (J - 1)
    within = sums.within / (n - J)
    size = (n - float(sums.sizes @ sums.sizes) / n) / (J - 1)
    component = (between - within) / size
    return component, within, mean, sqrt(between / n), None, (None, None)


def _likely(sums: _Sums, *, restricted: bool, level: float) -> _Found:
    df = sums.n - restricted
    ratio = _root(lambda r: _slope(r, sums, df, restricted=restricted))
    deviance, within, mean, error = _deviance(ratio, sums, df, restricted=restricted)
    allowed = deviance + float(chdtri(1, 1 - level))

    def beyond(r: float) -> float:
        return _deviance(r, sums, df, restricted=restricted)[0] - allowed

    low = 0.0 if ratio == 0 or beyond(0.0) <= 0 else float(brentq(beyond, 0.0, ratio, xtol=1e-14))
    top = max(ratio, 1e-3)
    while beyond(top) < 0 and top < LARGEST:
        top *= 2
    high = float(brentq(beyond, ratio, top, xtol=1e-14)) if top < LARGEST else top
    return ratio * within, within, mean, error, -deviance / 2, (low / (1 + low), high / (1 + high))


def _deviance(ratio: float, sums: _Sums, df: float, *, restricted: bool) -> tuple[float, float, float, float]:
    """Return the deviance at a ratio of the variances, the one within, the mean and its error."""
    weight = sums.sizes / (1 + sums.sizes * ratio)
    total = float(weight.sum())
    mean = float(weight @ sums.means) / total
    square = sums.within + float(weight @ (sums.means - mean) ** 2)
    within = square / df
    deviance = df * (log(within) + 1 + log(2 * pi)) + float(np.log1p(sums.sizes * ratio).sum())
    return deviance + (log(total) if restricted else 0.0), within, mean, sqrt(within / total)


def _slope(ratio: float, sums: _Sums, df: float, *, restricted: bool) -> float:
    """Return the derivative of the deviance with respect to the ratio."""
    weight = sums.sizes / (1 + sums.sizes * ratio)
    total = float(weight.sum())
    mean = float(weight @ sums.means) / total
    apart = (sums.means - mean) ** 2
    square = sums.within + float(weight @ apart)
    slope = -df * float(weight**2 @ apart) / square + total
    return slope - (float(weight @ weight) / total if restricted else 0.0)


def _root(slope: Callable[[float], float]) -> float:
    """Return the least ratio at which the deviance stops falling, 0 where it never falls."""
    if slope(0.0) >= 0:
        return 0.0
    top = 1.0
    while slope(top) < 0 and top < LARGEST:
        top *= 2
    return exp(float(brentq(lambda at: slope(exp(at)), log(1e-12), log(top), xtol=1e-14)))


def clustered_errors(influence: Matrix, cluster: NDArray[np.intp]) -> tuple[float, float]:
    """Return the cluster-robust standard errors CR0 and CR1 of a figure from each person's influence on it.

    Parameters
    ----------
    influence
        n influences, whose mean is the error of the figure to first order.
    cluster
        n numbers of clusters, from 0, each of them there.

    Returns
    -------
    CR0 = √Σ_c (Σ_{i in c} u_i)² / n, and CR1 = CR0 √(J / (J - 1)). Of a mean they equal
    ``clubSandwich::vcovCR(lm(y ~ 1), cluster, "CR0" | "CR1")``, CR1 also ``survey::svymean``.

    Examples
    --------
    >>> cr0, cr1 = clustered_errors(np.array([-1.5, -0.5, 0.5, 1.5]), np.array([0, 0, 1, 1]))
    >>> round(cr0, 4), round(cr1, 4)
    (0.7071, 1.0)
    """
    by_cluster = np.bincount(cluster, weights=influence)
    J = len(by_cluster)
    first = sqrt(float(by_cluster @ by_cluster)) / len(influence)
    return first, first * sqrt(J / (J - 1))
