"""What every solution of a factor model provides, and the covariance of its estimates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.estimators import Recipe
from analysis.factor_models.confirmatory.estimation.optimiser import Minimum
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.structure import Structure

Clusters = Sequence[Matrix | None]
"""Of each group the cluster of each row, numbered from nought; None where rows stand alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What scaled tests need: tr(UΓ), tr((UΓ)²), and under Yuan-Bentler the parts of the two models."""

    first: float
    second: float | None = None
    saturated: float | None = None
    model: float | None = None


class Solution(Protocol):
    """A model at its minimum, whatever it was fitted to."""

    @property
    def structure(self) -> Structure:
        """The model."""
        ...

    @property
    def minimum(self) -> Minimum:
        """Where the search ended."""
        ...

    @property
    def recipe(self) -> Recipe:
        """The estimator."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """Rows of each group."""
        ...

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
        """Information of a row about the free parameters, of the kind behind the standard errors."""
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
    bread = inverse(solution.information)
    if solution.meat is None:
        return bread / n
    sandwich: Matrix = bread @ solution.meat @ bread / n
    return sandwich


def cluster_correction(clusters: int) -> float:
    """Return c / (c - 1), which corrects the bias of products of scores summed over c clusters."""
    return clusters / (clusters - 1)
