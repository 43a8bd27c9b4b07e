"""Fitted item response models, which the functions of this folder return and take."""

from dataclasses import dataclass

import numpy as np

from analysis.estimate import Matrix, PrintedTable, table
from analysis.item_response.category_curves import Family
from analysis.item_response.parameters import Parameters
from analysis.item_response.quadrature import normal_points


@dataclass(frozen=True, kw_only=True)
class ItemCurves:
    """How the categories of k items depend on θ.

    Attributes
    ----------
    model, family
        Its name, and how categories depend on θ: "cumulative" P(Y >= c) = logistic(a θ + d_c), "adjacent"
        P(Y = c) proportional to exp(a c θ + d_c).
    names, categories
        Of the items; the answers that occur in each, in ascending order, are its categories 0, 1, ...
    slopes, intercepts
        k numbers a, and k x (C - 1) numbers d_c, NaN beyond an item's own.
    sd
        Standard deviation of θ in the population; None where the model does not include it.
    """

    model: str
    family: Family
    names: tuple[str, ...]
    categories: tuple[tuple[float, ...], ...]
    slopes: Matrix
    intercepts: Matrix
    sd: float | None

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.names)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of categories of each item."""
        return tuple(len(found) for found in self.categories)

    def points(self) -> tuple[Matrix, Matrix]:
        """Return 61 points of θ and their weights; those of a standard normal θ where `sd` is None."""
        nodes, weights = normal_points()
        return (1.0 if self.sd is None else self.sd) * nodes, weights


@dataclass(frozen=True, kw_only=True)
class ResponseModel(PrintedTable, ItemCurves):
    """Curves of k items fitted by marginal maximum likelihood, with their errors.

    Attributes
    ----------
    slopes_se, intercepts_se
        Standard errors; where the model fixes slopes at 1, theirs are NaN.
    thresholds, thresholds_se
        k x (C - 1), in units of θ: cumulative -d_c / a, where a category or one above it is as likely as not;
        adjacent -(d_c - d_(c-1)) / a, where a category is as likely as the one below it. Errors by the delta
        method.
    sd, sd_se
        Standard deviation of θ; 1 where slopes are free, with no error.
    structure, covariance
        How free parameters make slopes (times `sd`) and intercepts, and the covariance of their estimates:
        slopes and intercepts item by item where slopes are free; the standard deviation of θ, then the rest,
        where they are not. Inverse of the observed information.
    log_likelihood, parameters, n
        At the maximum; how many parameters; people with at least one answer.
    distance, gradient
        How far the estimates are from the maximum, in standard errors, and the largest score left.
    second_start
        Difference of the log-likelihoods at which two searches from different starts ended.
    """

    slopes_se: Matrix
    intercepts_se: Matrix
    thresholds: Matrix
    thresholds_se: Matrix
    sd: float
    sd_se: float | None
    structure: Parameters
    covariance: Matrix
    log_likelihood: float
    parameters: int
    n: int
    distance: float
    gradient: float
    second_start: float

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log-likelihood + 2 parameters."""
        return -2 * self.log_likelihood + 2 * self.parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2 log-likelihood + parameters x log(n)."""
        return -2 * self.log_likelihood + self.parameters * float(np.log(self.n))

    @property
    def free_slopes(self) -> bool:
        """Whether each item has a slope of its own."""
        return self.sd_se is None

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str | float | None, ...]]]:
        steps = self.thresholds.shape[1]
        headers = ("item", "slope", "se", *(f"b{c + 1}" for c in range(steps)))
        rows: list[tuple[str | float | None, ...]] = []
        for j, name in enumerate(self.names):
            b = [None if np.isnan(value) else float(value) for value in self.thresholds[j]]
            se = None if np.isnan(self.slopes_se[j]) else float(self.slopes_se[j])
            rows.append((name, float(self.slopes[j]), se, *b))
        return headers, rows

    def __str__(self) -> str:
        spread = "" if self.free_slopes else f"; sd of θ {self.sd:.3f} (se {self.sd_se:.3f})"
        return (
            f"{self.model}, n = {self.n}, k = {self.k}, log-likelihood {self.log_likelihood:.3f} with "
            f"{self.parameters} parameters{spread}\n" + table(*self._table())
        )
