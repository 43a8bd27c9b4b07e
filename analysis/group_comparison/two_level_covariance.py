"""The two-level model of normal answers: covariances within and between clusters by maximum likelihood."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import log, pi, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix, Unavailable

MOST_STEPS: Final = 100
HALVINGS: Final = 20
SETTLED: Final = 1e-8  # of the gradient, per person, in standard deviations of the items
ROUNDING: Final = 1e-10
STEP: Final = 1e-5  # of numerical derivatives, items being in standard deviations

# From q parameters to covariances within, covariances between, and the derivatives (q x 2m) of the m elements
# on and below the diagonal of each, None where the elements are the parameters.
Structure = Callable[[Matrix], tuple[Matrix, Matrix, Matrix | None]]


@dataclass(frozen=True, kw_only=True)
class ClusterSums:
    """All that the likelihood needs: the pooled products within, and means of clusters by size."""

    within: Matrix  # k x k
    sizes: Matrix  # s distinct sizes
    clusters: Matrix  # s: how many have each size
    totals: Matrix  # s x k: sums of their means
    products: Matrix  # s x k x k: sums of products of their means
    n: int

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.within)


@dataclass(frozen=True, kw_only=True)
class TwoLevelFit:
    """Parameters of both levels, then the means, with their covariance from the observed information."""

    parameters: Matrix
    covariance: Matrix
    log_likelihood: float


def cluster_sums(X: Matrix, cluster: NDArray[np.intp]) -> ClusterSums:
    """Return the sums of answers (n x k) whose clusters are numbered from 0."""
    size = np.bincount(cluster).astype(np.float64)
    means = np.array([np.bincount(cluster, weights=column) for column in X.T]).T / size[:, np.newaxis]
    apart = X - means[cluster]
    sizes, place = np.unique(size, return_inverse=True)
    member = place[np.newaxis, :] == np.arange(len(sizes))[:, np.newaxis]
    return ClusterSums(
        within=apart.T @ apart,
        sizes=sizes,
        clusters=member.sum(axis=1).astype(np.float64),
        totals=member @ means,
        products=np.array([means[of].T @ means[of] for of in member]),
        n=len(X),
    )


def moment_covariances(sums: ClusterSums) -> tuple[Matrix, Matrix]:
    """Return covariances within and between from the analysis of variance, the latter made positive."""
    J, k = sums.clusters.sum(), sums.k
    within = sums.within / (sums.n - J)
    mean = (sums.sizes @ sums.totals) / sums.n
    between = np.einsum("s,sij->ij", sums.sizes, sums.products) - sums.n * np.outer(mean, mean)
    size = (sums.n - (sums.clusters @ sums.sizes**2) / sums.n) / (J - 1)
    values, vectors = np.linalg.eigh((between / (J - 1) - within) / size)
    positive = (vectors * values.clip(0.01)) @ vectors.T
    return within + 1e-8 * np.eye(k), positive


@cache
def _places(k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and the columns of the elements on and below the diagonal."""
    return np.tril_indices(k)


def lower_triangle(C: Matrix) -> Matrix:
    """Return the elements on and below the diagonal."""
    return C[_places(len(C))]


def symmetric(elements: Matrix, k: int) -> Matrix:
    """Return the k x k symmetric matrix that has these elements on and below the diagonal."""
    C = np.zeros((k, k))
    C[_places(k)] = elements
    return C + C.T - np.diag(np.diagonal(C))


def saturated(k: int) -> Structure:
    """Return the structure whose parameters are the elements of both covariance matrices."""
    m = k * (k + 1) // 2
    return lambda parameters: (symmetric(parameters[:m], k), symmetric(parameters[m:], k), None)


def one_factor(k: int) -> Structure:
    """Return the structure of one factor at each level: loadings and residual variances, twice."""
    m = k * (k + 1) // 2

    def covariances(parameters: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        derivatives = np.zeros((4 * k, 2 * m))
        found = []
        for at in (0, 1):
            loadings, residuals = parameters[2 * k * at :][: 2 * k].reshape(2, k)
            found.append(np.outer(loadings, loadings) + np.diag(residuals))
            for j, one in enumerate(np.eye(k)):
                elements = slice(m * at, m * (at + 1))
                by_loading = np.outer(one, loadings)
                derivatives[2 * k * at + j, elements] = lower_triangle(by_loading + by_loading.T)
                derivatives[2 * k * at + k + j, elements] = lower_triangle(np.diag(one))
        return found[0], found[1], derivatives

    return covariances


def first_factor(C: Matrix) -> Matrix:
    """Return loadings and residual variances to start from: the first principal axis, somewhat shrunk."""
    values, vectors = np.linalg.eigh(C)
    loadings = vectors[:, -1] * sqrt(0.8 * values[-1])
    loadings = loadings if loadings.sum() >= 0 else -loadings
    return np.concatenate([loadings, np.maximum(np.diagonal(C) - loadings**2, 0.1 * np.diagonal(C))])


def maximum(sums: ClusterSums, structure: Structure, start: Matrix) -> TwoLevelFit | Unavailable:
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
        for _ in range(HALVINGS):
            tried = _likelihood(at + step, sums, structure, expected=False)[0]
            if tried >= value - ROUNDING * abs(value):
                break
            step = step / 2
        else:
            break
        at = at + step
        value, gradient, information = _likelihood(at, sums, structure)
    return Unavailable(reason="did not converge", detail="two-level model")


def _settled(at: Matrix, value: float, sums: ClusterSums, structure: Structure) -> TwoLevelFit | Unavailable:
    observed = np.empty((len(at), len(at)))
    for place, one in enumerate(np.eye(len(at))):
        above, below = (
            _likelihood(at + side * STEP * one, sums, structure, expected=False)[1] for side in (1, -1)
        )
        observed[place] = (below - above) / (2 * STEP)
    observed = (observed + observed.T) / 2
    if not np.isfinite(observed).all() or np.linalg.eigvalsh(observed)[0] <= 0:
        return Unavailable(reason="singular matrix", detail="the two-level model is not identified")
    return TwoLevelFit(
        parameters=at, covariance=np.asarray(np.linalg.inv(observed), dtype=np.float64), log_likelihood=value
    )


def _likelihood(
    at: Matrix, sums: ClusterSums, structure: Structure, *, expected: bool = True
) -> tuple[float, Matrix, Matrix]:
    """Return the log-likelihood, its gradient and the expected information; -inf where there is none.

    The information takes by far the longest: zeros stand for it where it is not `expected`.
    """
    k, J = sums.k, float(sums.clusters.sum())
    parameters, mean = at[:-k], at[-k:]
    within, between, derivatives = structure(parameters)
    total = within + sums.sizes[:, np.newaxis, np.newaxis] * between
    nothing = -np.inf, np.zeros_like(at), np.eye(len(at))
    if np.linalg.eigvalsh(within)[0] <= 0 or (np.linalg.eigvalsh(total)[:, 0] <= 0).any():
        return nothing
    W: Matrix = np.asarray(np.linalg.inv(within), dtype=np.float64)
    T: Matrix = np.asarray(np.linalg.inv(total), dtype=np.float64)
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
    twice = np.concatenate([_twice(k)] * 2)
    by_elements = twice * np.concatenate([lower_triangle(by_within), lower_triangle(by_between)])
    by_parameters = by_elements if derivatives is None else derivatives @ by_elements
    gradient = np.concatenate([-by_parameters / 2, by_mean])
    information = np.zeros((len(at), len(at)))
    if not expected:
        return -deviance / 2, gradient, information
    m = k * (k + 1) // 2
    of_elements = np.zeros((2 * m, 2 * m))
    of_elements[:m, :m] = free * _traces(W)
    for size, clusters, inverse in zip(sums.sizes, sums.clusters, T, strict=True):
        of_total = clusters * _traces(inverse)
        of_elements[:m, :m] += of_total
        of_elements[m:, :m] += size * of_total
        of_elements[m:, m:] += size**2 * of_total
    of_elements[:m, m:] = of_elements[m:, :m].T
    information[:-k, :-k] = of_elements if derivatives is None else derivatives @ of_elements @ derivatives.T
    information[-k:, -k:] = np.einsum("s,sij->ij", sums.sizes * sums.clusters, T)
    return -deviance / 2, gradient, information


def _twice(k: int) -> Matrix:
    """Return how often each element on or below the diagonal stands in a symmetric matrix."""
    rows, columns = _places(k)
    return np.where(rows == columns, 1.0, 2.0)


def _traces(A: Matrix) -> Matrix:
    """Return tr(A E_a A E_b) / 2 for the elements a and b, E_a being the derivative by element a."""
    rows, columns = _places(len(A))
    twice = _twice(len(A))
    straight = A[np.ix_(rows, rows)] * A[np.ix_(columns, columns)]
    crossed = A[np.ix_(rows, columns)] * A[np.ix_(columns, rows)]
    traces: Matrix = np.outer(twice, twice) * (straight + crossed) / 4
    return traces
