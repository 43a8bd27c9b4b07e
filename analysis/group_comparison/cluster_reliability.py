"""Mean, alpha and omega of people in clusters, with errors that allow for dependence within clusters."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from analysis.estimate import Estimate, Matrix, PrintedTable, TableParts, Unavailable, as_matrix, table
from analysis.factor_models.one_factor import OneFactor, one_factor
from analysis.group_comparison.clusters import (
    ClusterSizes,
    ClusterVariance,
    cluster_numbers,
    cluster_sizes,
    cluster_variance,
    clustered_errors,
    refuse,
)
from analysis.group_comparison.two_level import TwoLevelReliability, two_level_reliability
from analysis.inference import bootstrap
from analysis.inference.intervals import UNUSABLE, Coefficient, influence
from analysis.moments import moments
from analysis.reliability.alpha import alpha_coefficient, alpha_replicates
from analysis.reliability.omega import omega_coefficient, omega_replicates

BLOCK: Final = 200  # resamples whose covariances are held in memory at a time
_HEADERS: Final = ("figure", "value", "low", "high", "design effect")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusteredEstimate:
    """A figure with two intervals: by its CR1 error, and by resampling clusters; and its errors.

    `error_independent` is what the error would be if people were independent, `design_effect` the ratio of
    the variances.
    """

    estimate: Estimate
    bootstrap: Estimate
    error_independent: float
    error_cr0: float
    error_cr1: float

    @property
    def design_effect(self) -> float:
        """Variance with clusters over that without."""
        return (self.error_cr1 / self.error_independent) ** 2 if self.error_independent > 0 else float("nan")


@dataclass(frozen=True, kw_only=True)
class ClusterReliability(PrintedTable):
    """The mean of a scale and its reliability, with the effect of clusters on both."""

    sizes: ClusterSizes
    score: ClusterVariance | Unavailable
    items: tuple[ClusterVariance | Unavailable, ...]
    mean: ClusteredEstimate
    alpha: ClusteredEstimate | Unavailable
    omega: ClusteredEstimate | Unavailable
    two_level: TwoLevelReliability

    def _rows(self) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for name, found in (("mean", self.mean), ("alpha", self.alpha), ("omega", self.omega)):
            if isinstance(found, Unavailable):
                rows.append((name, str(found), None, None, None))
            else:
                e = found.estimate
                rows.append((name, e.value, e.low, e.high, found.design_effect))
        levels = ("alpha_within", "alpha_between", "omega_within", "omega_between")
        for name in levels:
            level = getattr(self.two_level, name)
            words = name.replace("_", " ")
            rows.append(
                (words, str(level), None, None, None)
                if isinstance(level, Unavailable)
                else (words, level.value, level.low, level.high, None)
            )
        return rows

    def __str__(self) -> str:
        icc = self.score if isinstance(self.score, Unavailable) else self.score.icc
        return f"{self.sizes.n} people in {self.sizes.clusters} clusters; {icc}\n{table(*self._table())}"

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()


def cluster_reliability(
    X: ArrayLike,
    clusters: Sequence[Any] | NDArray[Any],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> ClusterReliability | Unavailable:
    """Return the mean, alpha and omega of a scale whose people come in clusters, such as by supervisor.

    Parameters
    ----------
    X
        n x k answers, NaN for missing; complete rows whose cluster is known count.
    clusters
        n labels; None, NaN or an empty text where a cluster is not known.
    level
        Level of the intervals.
    resamples, rng
        Of the bootstrap of whole clusters; by default from a fixed seed.
    names
        Names of the items, for the reason why there is no omega.

    Returns
    -------
    ClusterReliability or Unavailable
        Unavailable with fewer than two clusters, where every cluster has one person, or with too few items
        or rows for a covariance. Its parts carry their own reasons.

    Raises
    ------
    ValueError
        `level` is not between 0 and 1, `resamples` below 1, or there is not a cluster for each row.

    Notes
    -----
    The score is the mean of the items. Errors come from each person's influence on a figure, summed by
    cluster: CR0, and CR1 = CR0 √(J / (J - 1)); intervals take Student's t with J - 1 degrees of freedom and
    are too short with few clusters (fewer than about 40). The bootstrap draws whole clusters. Reliability
    within and between clusters: `two_level_reliability`. The mean's errors equal
    ``clubSandwich::vcovCR(lm(score ~ 1), cluster, type = "CR0")`` and ``"CR1"``, the latter also
    ``survey::svymean``; alpha's are written out in R from the same influences.

    References
    ----------
    Cameron, A. C., & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal of
    Human Resources, 50, 317-372.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> cluster = np.repeat(np.arange(50), 6)
    >>> shared, own = rng.normal(size=(50, 1))[cluster], rng.normal(size=(300, 1))
    >>> found = cluster_reliability(shared + own + rng.normal(size=(300, 4)), cluster, resamples=200)
    >>> round(found.mean.design_effect, 1), round(found.alpha.design_effect, 1)
    (2.8, 1.8)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    answers, numbers = as_matrix(X), cluster_numbers(clusters)
    if len(answers) != len(numbers):
        raise ValueError(f"there are {len(answers)} rows of answers and {len(numbers)} clusters")
    kept = (numbers >= 0) & ~np.isnan(answers).any(axis=1)
    rows, cluster = answers[kept], np.unique(numbers[kept], return_inverse=True)[1].ravel()
    why = (
        refuse(cluster) if len(rows) else Unavailable(reason="no complete rows", detail=f"of {len(answers)}")
    )
    if why is not None:
        return why
    found = moments(rows)
    if isinstance(found, Unavailable):
        return found
    n = len(rows)
    alpha, fit = alpha_coefficient(found), one_factor(found.covariance, names=names)
    omega = omega_coefficient(found, fit, observed=False) if isinstance(fit, OneFactor) else fit
    drawn = _resampled(rows, cluster, resamples, rng)
    score = rows.mean(axis=1)
    of_mean, of_alpha, of_omega = _replicates(drawn, found.k, fit)

    def clustered(
        coefficient: Coefficient | Unavailable, replicates: Matrix
    ) -> ClusteredEstimate | Unavailable:
        if isinstance(coefficient, Unavailable):
            return coefficient
        by_person = influence(coefficient) * n / (n - 1)  # of covariances with divisor n
        value, method = coefficient.value, coefficient.method
        return _clustered(value, by_person, cluster, replicates, level=level, k=found.k, method=method)

    return ClusterReliability(
        sizes=cluster_sizes(cluster),
        score=cluster_variance(score, cluster, level=level),
        items=tuple(cluster_variance(column, cluster, level=level) for column in rows.T),
        mean=_clustered(
            float(score.mean()),
            score - score.mean(),
            cluster,
            of_mean + float(score.mean()),
            level=level,
            k=found.k,
            method="mean of the items, complete rows",
        ),
        alpha=clustered(alpha, of_alpha),
        omega=clustered(omega, of_omega),
        two_level=two_level_reliability(rows, cluster, level=level),
    )


def _clustered(
    value: float,
    by_person: Matrix,
    cluster: NDArray[np.intp],
    replicates: Matrix,
    *,
    level: float,
    k: int,
    method: str,
) -> ClusteredEstimate:
    n, J = len(cluster), int(cluster.max()) + 1
    cr0, cr1 = clustered_errors(by_person, cluster)
    half = float(stdtrit(J - 1, (1 + level) / 2)) * cr1
    usable = replicates[np.isfinite(replicates)]
    drawn = f"{method}, percentile limits of {len(replicates)} resamples of clusters"
    low = high = None
    if len(usable) >= (1 - UNUSABLE) * len(replicates):
        low, high = bootstrap.percentile_interval(usable, level)
    return ClusteredEstimate(
        estimate=Estimate(
            value=value,
            low=value - half,
            high=value + half,
            level=level,
            n=n,
            k=k,
            method=f"{method}, CR1 limits with {J - 1} degrees of freedom",
        ),
        bootstrap=Estimate(
            value=value,
            low=low,
            high=high,
            level=None if low is None else level,
            n=n,
            k=k,
            method=drawn,
            no_interval=None
            if low is not None
            else Unavailable(reason="too few resamples", detail=f"{len(usable)} of {len(replicates)}"),
        ),
        error_independent=sqrt(float(by_person @ by_person)) / n,
        error_cr0=cr0,
        error_cr1=cr1,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resampled:
    """Means (B x k, less those of the whole) and covariances (in units of the items' spread) of resamples."""

    means: Matrix
    covariances: list[Matrix]
    spread: float


def _resampled(
    rows: Matrix, cluster: NDArray[np.intp], resamples: int, rng: np.random.Generator | None
) -> _Resampled:
    """Draw whole clusters; each cluster's contribution to sizes, sums and products is computed once."""
    rng = np.random.default_rng(bootstrap.SEED) if rng is None else rng
    centred = rows - rows.mean(axis=0)
    spread = float(np.sqrt((centred**2).mean()))
    scaled = centred / (spread if spread > 0 else 1.0)
    J, k = int(cluster.max()) + 1, rows.shape[1]
    upper = np.triu_indices(k)
    columns = np.column_stack([np.ones(len(rows)), scaled, scaled[:, upper[0]] * scaled[:, upper[1]]])
    sums = np.array([np.bincount(cluster, weights=column, minlength=J) for column in columns.T]).T
    means, covariances = [], []
    for first in range(0, resamples, BLOCK):
        size = min(BLOCK, resamples - first)
        drawn = rng.multinomial(J, np.full(J, 1 / J), size=size) @ sums
        mean = drawn[:, 1 : k + 1] / drawn[:, :1]
        C = np.empty((size, k, k))
        C[:, upper[0], upper[1]] = C[:, upper[1], upper[0]] = drawn[:, k + 1 :] / drawn[:, :1]
        means.append(mean)
        covariances.append(C - mean[:, :, np.newaxis] * mean[:, np.newaxis, :])
    return _Resampled(means=np.concatenate(means), covariances=covariances, spread=spread)


def _replicates(drawn: _Resampled, k: int, fit: OneFactor | Unavailable) -> tuple[Matrix, Matrix, Matrix]:
    """Return the mean (less that of the whole), alpha and omega of each resample."""
    alphas = [
        alpha_replicates(k, np.trace(C, axis1=1, axis2=2), C.sum(axis=(1, 2))) for C in drawn.covariances
    ]
    omegas = (
        [omega_replicates(C, fit, observed=False) for C in drawn.covariances]
        if isinstance(fit, OneFactor)
        else [np.full(len(drawn.means), np.nan)]
    )
    return drawn.means.mean(axis=1) * drawn.spread, np.concatenate(alphas), np.concatenate(omegas)
