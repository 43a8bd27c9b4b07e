"""A factor model at its minimum: information, covariance of the estimates, and tests of fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.discrepancy import (
    LeastSquares,
    NormalTheory,
    normal_information,
    weighted,
)
from analysis.factor_models.estimators import Recipe
from analysis.factor_models.implied_moments import Implied, Structure
from analysis.factor_models.optimiser import Minimum
from analysis.factor_models.sample_statistics import Continuous, Ordered

_ROWS: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What scaled tests need: tr(UΓ), tr((UΓ)²), and under Yuan-Bentler the parts of the two models."""

    first: float
    second: float | None = None
    saturated: float | None = None
    model: float | None = None


class Solution(Protocol):
    """A model at its minimum, whatever it was fitted to."""

    structure: Structure
    minimum: Minimum
    recipe: Recipe
    sizes: Sequence[int]

    @property
    def implied(self) -> tuple[Implied, ...]:
        """What each group's model implies."""
        ...

    @property
    def chi_square(self) -> float:
        """The test statistic of the model against the saturated one, not scaled."""
        ...

    @property
    def expected(self) -> Matrix:
        """Expected information of a row about the free parameters."""
        ...

    @property
    def information(self) -> Matrix:
        """Information of a row about the free parameters, of the kind that the errors rest on."""
        ...

    @property
    def meat(self) -> Matrix | None:
        """Covariance of a row's scores, where the errors are robust."""
        ...

    @property
    def traces(self) -> Traces | None:
        """What the scaled test needs, where there is one."""
        ...


def covariance_of_estimates(solution: Solution) -> Matrix:
    """Return the covariance matrix of the free parameters' estimates.

    The inverse information over n, or the sandwich. Least squares divides by n less the number of groups,
    as lavaan does.
    """
    n = sum(solution.sizes)
    if solution.recipe.discrepancy != "normal":
        n -= len(solution.sizes)
    inverse = np.linalg.inv(solution.information)
    if solution.meat is None:
        return inverse / n
    sandwich: Matrix = inverse @ solution.meat @ inverse / n
    return sandwich


@dataclass(frozen=True, kw_only=True)
class NormalSolution:
    """A model at the maximum of the normal likelihood of complete rows."""

    structure: Structure
    minimum: Minimum
    recipe: Recipe
    groups: Sequence[Continuous]
    clusters: Sequence[Matrix] | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each group."""
        return tuple(group.n for group in self.groups)

    @cached_property
    def weights(self) -> Matrix:
        """Share of each group in the rows."""
        return np.array(self.sizes) / sum(self.sizes)

    @cached_property
    def discrepancy(self) -> NormalTheory:
        """What was minimised."""
        return NormalTheory(structure=self.structure, groups=self.groups, weights=self.weights)

    @cached_property
    def implied(self) -> tuple[Implied, ...]:
        """What each group's model implies."""
        return self.structure.at(self.minimum.x)

    @cached_property
    def chi_square(self) -> float:
        """The likelihood-ratio statistic against the saturated model."""
        return 2 * sum(self.sizes) * self.minimum.value

    @cached_property
    def expected(self) -> Matrix:
        """Expected information of a row."""
        return self.discrepancy.information(self.minimum.x)

    @cached_property
    def information(self) -> Matrix:
        """Expected information, or observed under sandwich errors."""
        return self.discrepancy.hessian(self.minimum.x) if self.recipe.errors == "sandwich" else self.expected

    @cached_property
    def meats(self) -> tuple[Matrix, ...] | None:
        """Mean product of the rows' scores, by group; under robust errors about the sample's moments."""
        if self.recipe.errors == "expected":
            return None
        centred = self.recipe.errors == "robust"
        return tuple(
            score_products(group, implied, centred=centred, clusters=clusters)
            for group, implied, clusters in zip(
                self.groups, self.implied, self.clusters or [None] * len(self.groups), strict=True
            )
        )

    @cached_property
    def meat(self) -> Matrix | None:
        """Mean product of the rows' scores."""
        if self.meats is None:
            return None
        return np.asarray(sum(w * m for w, m in zip(self.weights, self.meats, strict=True)))

    @cached_property
    def traces(self) -> Traces | None:
        """What the scaled test needs."""
        if self.meat is None:
            return None
        model = float(np.sum(np.linalg.inv(self.information) * self.meat))
        if self.recipe.test == "yuan-bentler":
            saturated = sum(
                _saturated_trace(group, group.covariance, means=self.structure.table.means, clusters=clusters)
                for group, clusters in zip(
                    self.groups, self.clusters or [None] * len(self.groups), strict=True
                )
            )
            return Traces(first=saturated - model, saturated=saturated, model=model)
        saturated = sum(
            _saturated_trace(group, implied.covariance, means=self.structure.table.means)
            for group, implied in zip(self.groups, self.implied, strict=True)
        )
        return Traces(first=saturated - model)


def score_products(
    group: Continuous, implied: Implied, *, centred: bool, clusters: Matrix | None = None
) -> Matrix:
    """Return the mean over rows of s s', s being a row's derivatives of its log-likelihood.

    With `centred` the rows deviate from the sample's moments, not from the model's. With `clusters` (a
    number for each row) the scores are added up within clusters first.
    """
    means = implied.structure.means
    W = np.linalg.inv(implied.covariance)
    root = np.linalg.cholesky(W)
    k = len(W)
    i, j = np.triu_indices(k)
    slope = np.matmul(np.matmul(root.T, implied.covariance_slope), root)[:, i, j].T
    slope[i == j] *= 0.5
    along = (implied.mean_slope @ root).T
    centre = implied.mean if means and not centred else group.mean
    at = group.covariance if centred else implied.covariance
    expected = (root.T @ at @ root)[i, j]
    total = np.zeros((implied.structure.count, implied.structure.count))
    parts = 0 if clusters is None else int(clusters.max()) + 1
    sums = np.zeros((parts, implied.structure.count))
    for first in range(0, group.n, _ROWS):
        z = (group.rows[first : first + _ROWS] - centre) @ root
        scores = (z[:, i] * z[:, j] - expected) @ slope
        if means:
            scores += z @ along
        if clusters is None:
            total += scores.T @ scores
        else:
            np.add.at(sums, clusters[first : first + _ROWS].astype(np.intp), scores)
    if clusters is not None:
        total = sums.T @ sums * cluster_correction(parts)
    return total / group.n


def cluster_correction(clusters: int) -> float:
    """Return c / (c - 1): what the products of scores of c clusters are multiplied by against their bias."""
    return clusters / (clusters - 1)


def _saturated_trace(group: Continuous, at: Matrix, *, means: bool, clusters: Matrix | None = None) -> float:
    """Return tr(A Γ): A the normal-theory information at a covariance matrix, Γ that of the sample's moments.

    With z the rows turned to unit covariance at that matrix: the mean of ½ |zz' - mean of zz'|² and, with
    means, of |z|²; of clusters the same of their sums.
    """
    root = np.linalg.cholesky(np.linalg.inv(at))
    inner = root.T @ group.covariance @ root
    z = (group.rows - group.mean) @ root
    if clusters is None:
        lengths = (z * z).sum(axis=1)
        spread = 0.5 * float((lengths**2).mean() - (inner * inner).sum())
        return spread + (float(lengths.mean()) if means else 0.0)
    member = clusters.astype(np.intp)
    count = int(member.max()) + 1
    i, j = np.triu_indices(len(at))
    sums, products = np.zeros((count, len(at))), np.zeros((count, len(i)))
    for first in range(0, group.n, _ROWS):
        block = slice(first, first + _ROWS)
        np.add.at(sums, member[block], z[block])
        np.add.at(products, member[block], z[block][:, i] * z[block][:, j] - inner[i, j])
    total = float((products**2 * np.where(i == j, 0.5, 1.0)).sum())
    total += float((sums**2).sum()) if means else 0.0
    return total / group.n * cluster_correction(count)


@dataclass(frozen=True, kw_only=True)
class LeastSquaresSolution:
    """A model at the minimum of a weighted squared distance.

    `V` are the weights, `gamma` the asymptotic covariances of each group's statistics (times n); None where
    neither errors nor test need them.
    """

    structure: Structure
    minimum: Minimum
    recipe: Recipe
    sizes: Sequence[int]
    statistics: Sequence[Matrix]
    V: Sequence[Matrix]
    gamma: Sequence[Matrix] | None

    @cached_property
    def weights(self) -> Matrix:
        """Share of each group in the rows."""
        return np.array(self.sizes) / sum(self.sizes)

    @cached_property
    def discrepancy(self) -> LeastSquares:
        """What was minimised."""
        return discrepancy_of(self.structure, self.statistics, self.V, self.sizes)

    @cached_property
    def implied(self) -> tuple[Implied, ...]:
        """What each group's model implies."""
        return self.structure.at(self.minimum.x)

    @cached_property
    def chi_square(self) -> float:
        """Sum over groups of (n - 1) times the squared distance."""
        total = 0.0
        for n, s, V, implied in zip(self.sizes, self.statistics, self.V, self.implied, strict=True):
            gap = s - implied.statistics
            total += (n - 1) * float(gap @ weighted(V, gap))
        return total

    @cached_property
    def expected(self) -> Matrix:
        """Δ' V Δ, groups weighted by their rows."""
        return self.discrepancy.information(self.minimum.x)

    @property
    def information(self) -> Matrix:
        """What the errors rest on: Δ' V Δ."""
        return self.expected

    @cached_property
    def _through(self) -> list[tuple[Matrix, Matrix]]:
        """V Δ and Γ V Δ of each group."""
        assert self.gamma is not None
        moved = [weighted(V, implied.jacobian) for V, implied in zip(self.V, self.implied, strict=True)]
        return [(m, gamma @ m) for m, gamma in zip(moved, self.gamma, strict=True)]

    @cached_property
    def meat(self) -> Matrix | None:
        """Δ' V Γ V Δ, groups weighted by their rows."""
        if self.recipe.errors == "expected" or self.gamma is None:
            return None
        parts = zip(self.weights, self._through, strict=True)
        return np.asarray(sum(weight * (moved.T @ through) for weight, (moved, through) in parts))

    @cached_property
    def traces(self) -> Traces | None:
        """tr(UΓ) and tr((UΓ)²) over all groups, U = V - V Δ (Δ' V Δ)⁻¹ Δ' V.

        Written out, so that no product of two matrices of the size of Γ is formed.
        """
        if self.recipe.test == "standard" or self.gamma is None or self.meat is None:
            return None
        inverse = np.linalg.inv(self.information)
        product = inverse @ self.meat
        first, second = -float(np.trace(product)), float(np.sum(product * product.T))
        for weight, V, gamma, (_, through) in zip(
            self.weights, self.V, self.gamma, self._through, strict=True
        ):
            moved = weighted(V, through)
            second -= 2 * float(weight) * float(np.sum(inverse * (through.T @ moved)))
            if V.ndim == 1:
                first += float(V @ np.diagonal(gamma))
                second += float(V @ (gamma * gamma) @ V)
            else:
                block = V @ gamma
                first += float(np.trace(block))
                second += float(np.sum(block * block.T))
        return Traces(first=first, second=second)


def weights_of(
    recipe: Recipe, groups: Sequence[Continuous] | Sequence[Ordered], *, means: bool
) -> tuple[list[Matrix], list[Matrix], list[Matrix] | None]:
    """Return each group's statistics, weight matrix and, where needed, asymptotic covariance.

    Variances and covariances of continuous items have the divisor n - 1 here, as in lavaan; the fourth
    moments behind their asymptotic covariance have n.
    """
    statistics, V, gammas = [], [], []
    for group in groups:
        if isinstance(group, Ordered):
            statistics.append(group.statistics)
            gamma: Matrix | None = group.spread
            normal = None
        else:
            k = len(group.mean)
            unbiased = group.covariance * (group.n / (group.n - 1))
            upper = unbiased[np.triu_indices(k)]
            statistics.append(np.concatenate([group.mean, upper]) if means else upper)
            normal = normal_information(np.linalg.inv(unbiased), means=means)
            gamma = (
                group.fourth_moments(group.mean, group.covariance, means=means)
                if recipe.discrepancy in {"full", "diagonal"}
                else None
            )
        size = len(statistics[-1])
        if recipe.discrepancy == "normal weight":
            assert normal is not None
            V.append(normal)
        elif recipe.discrepancy == "identity":
            V.append(np.ones(size))
        elif recipe.discrepancy == "diagonal":
            assert gamma is not None
            V.append(1 / np.diagonal(gamma))
        else:
            assert gamma is not None
            V.append(np.linalg.inv(gamma))
        if gamma is not None:
            gammas.append(gamma)
    return statistics, V, gammas if len(gammas) == len(V) else None


def discrepancy_of(
    structure: Structure, statistics: Sequence[Matrix], V: Sequence[Matrix], sizes: Sequence[int]
) -> LeastSquares:
    """Return the squared distance that a least-squares estimator minimises."""
    return LeastSquares(structure=structure, statistics=statistics, V=V, weights=np.array(sizes) / sum(sizes))
