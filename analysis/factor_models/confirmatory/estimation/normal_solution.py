"""A factor model at the maximum of the normal likelihood of complete rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import NormalTheory
from analysis.factor_models.confirmatory.estimation.estimators import Recipe
from analysis.factor_models.confirmatory.estimation.optimiser import Minimum
from analysis.factor_models.confirmatory.estimation.sample_statistics import Continuous
from analysis.factor_models.confirmatory.estimation.solution import Clusters, Traces, cluster_correction
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.structure import Structure

_ROWS: Final = 4096


@dataclass(frozen=True, kw_only=True)
class NormalSolution:
    """A model at the maximum of the normal likelihood of complete rows."""

    structure: Structure
    minimum: Minimum
    recipe: Recipe
    groups: Sequence[Continuous]
    clusters: Clusters | None = None

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
        model = float(np.sum(inverse(self.information) * self.meat))
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
    W = inverse(implied.covariance)
    root = np.linalg.cholesky(W)
    k = len(W)
    i, j = np.triu_indices(k)
    left, right = implied.directions.left @ root, implied.directions.right @ root
    entries = left[:, i] * right[:, j] + left[:, j] * right[:, i]
    slope = implied.directions.gathered(entries * np.where(i == j, 0.5, 1.0)).T
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


def _saturated_trace(group: Continuous, at: Matrix, *, means: bool, clusters: Matrix | None = None) -> float:
    """Return tr(A Γ): A the normal-theory information at a covariance matrix, Γ that of the sample's moments.

    With z the rows turned to unit covariance at that matrix: the mean of ½ |zz' - mean of zz'|² and, with
    means, of |z|²; of clusters the same of their sums.
    """
    root = np.linalg.cholesky(inverse(at))
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
