"""A factor model at the minimum of a weighted squared distance between statistics."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import (
    LeastSquares,
    normal_information,
    weighted,
)
from analysis.factor_models.confirmatory.estimation.estimators import Recipe
from analysis.factor_models.confirmatory.estimation.optimiser import Minimum
from analysis.factor_models.confirmatory.estimation.sample_statistics import Continuous, Ordered
from analysis.factor_models.confirmatory.estimation.solution import Traces
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.structure import Structure


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
        """The information behind the standard errors: Δ' V Δ."""
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
        bread = inverse(self.information)
        product = bread @ self.meat
        first, second = -float(np.trace(product)), float(np.sum(product * product.T))
        for weight, V, gamma, (_, through) in zip(
            self.weights, self.V, self.gamma, self._through, strict=True
        ):
            moved = weighted(V, through)
            second -= 2 * float(weight) * float(np.sum(bread * (through.T @ moved)))
            if V.ndim == 1:
                first += float(V @ np.diagonal(gamma))
                second += float(V @ (gamma * gamma) @ V)
            else:
                block = V @ gamma
                first += float(np.trace(block))
                second += float(np.sum(block * block.T))
        return Traces(first=first, second=second)


def weights_of(
    recipe: Recipe, groups: Sequence[Continuous | Ordered], *, means: bool
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
            normal = normal_information(inverse(unbiased), means=means)
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
            V.append(inverse(gamma))
        if gamma is not None:
            gammas.append(gamma)
    return statistics, V, gammas if len(gammas) == len(V) else None


def discrepancy_of(
    structure: Structure, statistics: Sequence[Matrix], V: Sequence[Matrix], sizes: Sequence[int]
) -> LeastSquares:
    """Return the squared distance that a least-squares estimator minimises."""
    return LeastSquares(structure=structure, statistics=statistics, V=V, weights=np.array(sizes) / sum(sizes))
