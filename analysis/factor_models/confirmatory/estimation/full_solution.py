"""A factor model at the maximum of the likelihood of incomplete rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import normal_information
from analysis.factor_models.confirmatory.estimation.estimators import Recipe
from analysis.factor_models.confirmatory.estimation.full_information import FullMoments, Incomplete
from analysis.factor_models.confirmatory.estimation.optimiser import Minimum
from analysis.factor_models.confirmatory.estimation.solution import Clusters, Traces
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.structure import Structure


@dataclass(frozen=True, kw_only=True)
class FullInformation:
    """Half the discrepancy of incomplete rows, a mean over them."""

    structure: Structure
    groups: Sequence[Incomplete]

    @cached_property
    def n(self) -> int:
        """Number of rows."""
        return sum(group.n for group in self.groups)

    def value(self, x: Matrix) -> float:
        """Return the discrepancy at `x`."""
        total = 0.0
        for group, implied in zip(self.groups, self.structure.at(x), strict=True):
            if lapack.dpotrf(implied.covariance, lower=1)[1]:
                return np.inf
            total += group.moments(implied.mean, implied.covariance).value
        return total / self.n

    def gradient(self, x: Matrix) -> Matrix:
        """Return the gradient at `x`."""
        gradient = np.zeros(self.structure.count)
        for group, implied in zip(self.groups, self.structure.at(x), strict=True):
            gradient += implied.gradient(*group.moments(implied.mean, implied.covariance).slopes)
        return gradient / self.n

    def information(self, x: Matrix) -> Matrix:
        """Return the expected second derivatives at `x`."""
        information = np.zeros((self.structure.count, self.structure.count))
        for group, implied in zip(self.groups, self.structure.at(x), strict=True):
            moments = group.moments(implied.mean, implied.covariance)
            information += implied.jacobian.T @ moments.information(expected=True) @ implied.jacobian
        return information / self.n

    def hessian(self, x: Matrix) -> Matrix:
        """Return the second derivatives at `x`."""
        total = np.zeros((self.structure.count, self.structure.count))
        for group, implied in zip(self.groups, self.structure.at(x), strict=True):
            moments = group.moments(implied.mean, implied.covariance)
            total += implied.jacobian.T @ moments.information() @ implied.jacobian
            total += implied.curvature(*moments.slopes)
        return total / self.n


@dataclass(frozen=True, kw_only=True)
class FullSolution:
    """A model at the maximum of the likelihood of incomplete rows."""

    structure: Structure
    minimum: Minimum
    recipe: Recipe
    groups: Sequence[Incomplete]
    clusters: Clusters | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each group."""
        return tuple(group.n for group in self.groups)

    @cached_property
    def discrepancy(self) -> FullInformation:
        """What was minimised."""
        return FullInformation(structure=self.structure, groups=self.groups)

    @cached_property
    def implied(self) -> tuple[Implied, ...]:
        """What each group's model implies."""
        return self.structure.at(self.minimum.x)

    @cached_property
    def saturated(self) -> tuple[FullMoments, ...]:
        """The likelihood at each group's unrestricted moments."""
        return tuple(group.moments(*group.saturated[:2]) for group in self.groups)

    @cached_property
    def chi_square(self) -> float:
        """The likelihood-ratio statistic against the saturated model."""
        best = sum(moments.value for moments in self.saturated)
        return 2 * (sum(self.sizes) * self.minimum.value - best)

    @cached_property
    def expected(self) -> Matrix:
        """Expected information of a row."""
        return self.discrepancy.information(self.minimum.x)

    @cached_property
    def information(self) -> Matrix:
        """Observed information of a row."""
        return self.discrepancy.hessian(self.minimum.x)

    @cached_property
    def meat(self) -> Matrix | None:
        """Mean product of the rows' scores."""
        if self.recipe.errors == "expected":
            return None
        total = np.zeros((self.structure.count, self.structure.count))
        inside = self.clusters or [None] * len(self.groups)
        for group, implied, clusters in zip(self.groups, self.implied, inside, strict=True):
            moments = group.moments(implied.mean, implied.covariance)
            total += implied.jacobian.T @ moments.score_products(clusters) @ implied.jacobian
        return total / sum(self.sizes)

    @cached_property
    def unrestricted(self) -> tuple[tuple[Matrix, Matrix], ...]:
        """Of each group: observed information and products of scores of a row at the unrestricted moments."""
        inside = self.clusters or [None] * len(self.groups)
        return tuple(
            (moments.information() / n, moments.score_products(clusters) / n)
            for moments, n, clusters in zip(self.saturated, self.sizes, inside, strict=True)
        )

    @cached_property
    def traces(self) -> Traces | None:
        """What the Yuan-Bentler test needs."""
        if self.meat is None:
            return None
        saturated = sum(float(np.sum(inverse(A) * B)) for A, B in self.unrestricted)
        model = float(np.sum(inverse(self.information) * self.meat))
        return Traces(first=saturated - model, saturated=saturated, model=model)

    @cached_property
    def corrected(self) -> tuple[float, float]:
        """The statistic that complete rows of the unrestricted moments would give, and its correction factor.

        Zhang and Savalei (2023), versions V3 (robust errors) and V6: the fit to the unrestricted moments
        as if these were those of complete rows, at the estimates of full information.
        """
        n = np.array(self.sizes)
        weights = n / n.sum()
        statistic = 0.0
        blocks = []
        for weight, group, implied, (A, B) in zip(
            weights, self.groups, self.implied, self.unrestricted, strict=True
        ):
            mean, covariance, _ = group.saturated
            complete = normal_information(inverse(covariance), means=True)
            blocks.append((weight, complete, A, B, implied.jacobian))
            statistic += float(weight) * _half_discrepancy(implied, mean, covariance)
        E = inverse(np.asarray(sum(w * J.T @ A @ J for w, _, A, _, J in blocks)))
        factor = 0.0
        inverses = [inverse(A) for _, _, A, _, _ in blocks]
        # Between groups U has blocks -A_g J_g E J_h' A_h; with A⁻¹ on either side what is left is J E J'.
        for g, (w, complete, _, B, J) in enumerate(blocks):
            left = inverses[g] / w - J @ E @ J.T
            if self.recipe.errors == "expected":
                factor += float(np.sum((w * complete) * left.T))
                continue
            for h, (v, other, _, _, K) in enumerate(blocks):
                part = left if g == h else -J @ E @ K.T
                factor += float(np.sum((w * B @ part @ (v * other)) * part))
        return 2 * float(n.sum()) * statistic, factor


def _half_discrepancy(implied: Implied, mean: Matrix, covariance: Matrix) -> float:
    W = inverse(implied.covariance)
    gap = mean - implied.mean
    determinants = np.linalg.slogdet(implied.covariance)[1] - np.linalg.slogdet(covariance)[1]
    return 0.5 * float(determinants + np.sum(W * covariance) - len(W) + gap @ W @ gap)
