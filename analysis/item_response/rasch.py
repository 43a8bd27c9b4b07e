"""The Rasch family by conditional likelihood: dichotomous, partial credit and rating scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, PrintedTable, Unavailable, table
from analysis.item_response.conditional_likelihood import (
    ConditionalLikelihood,
    ConditionalMaximum,
    conditional_likelihood,
    maximise_conditional,
)
from analysis.item_response.partial_credit import Steps
from analysis.item_response.response_model import ItemCurves
from analysis.item_response.response_patterns import ResponsePatterns, response_patterns


@dataclass(frozen=True, kw_only=True)
class RaschModel(PrintedTable, ItemCurves):
    """Curves of k items of slope 1 fitted by conditional maximum likelihood, with their errors.

    Attributes
    ----------
    intercepts, intercepts_se
        k x (C - 1) easiness d_jc with their standard errors; they add up to 0 with steps of each item's own,
        those of the first step do with shared steps.
    thresholds, thresholds_se
        k x (C - 1), -(d_jc - d_j,c-1): where a category is as likely as the one below it.
    log_likelihood, parameters
        Of the answers given their sums, at its maximum, and how many parameters it has.
    n, informative
        People with at least one answer, and those of them whose sum allows more than one pattern of answers.
    distance
        From the maximum, in standard errors. The maximum is unique, since the likelihood is concave.
    """

    intercepts_se: Matrix
    thresholds: Matrix
    thresholds_se: Matrix
    log_likelihood: float
    parameters: int
    n: int
    informative: int
    distance: float

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str | float | None, ...]]]:
        steps = self.thresholds.shape[1]
        headers = ("item", *(name for c in range(steps) for name in (f"b{c + 1}", f"se{c + 1}")))
        rows: list[tuple[str | float | None, ...]] = []
        for j, name in enumerate(self.names):
            pairs = np.column_stack([self.thresholds[j], self.thresholds_se[j]]).ravel()
            rows.append((name, *(None if np.isnan(value) else float(value) for value in pairs)))
        return headers, rows

    def __str__(self) -> str:
        return (
            f"{self.model}, n = {self.n} ({self.informative} not at an end), k = {self.k}, conditional "
            f"log-likelihood {self.log_likelihood:.3f} with {self.parameters} parameters\n"
            + table(*self._table())
        )


def rasch(
    X: ArrayLike, *, steps: Steps = "own", names: Sequence[str] | None = None
) -> RaschModel | Unavailable:
    """Fit a model of the Rasch family by conditional likelihood, with no assumption on the distribution of θ.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none. Every answer there is counts.
    steps
        "own" for the partial credit model (the Rasch model with two categories), "shared" for the rating
        scale model, in which items differ by a shift alone.
    names
        Of the items.

    Returns
    -------
    RaschModel or Unavailable
        Unavailable with fewer than 2 items, where nobody's sum allows more than one pattern of answers (all
        people are at one end or the other), and where an easiness has no finite estimate.

    Raises
    ------
    ValueError
        `steps` is neither "own" nor "shared".

    Notes
    -----
    P(Y_j = c | θ) is proportional to exp(c θ + d_jc). Given a person's sum r the answers have the probability
    exp(Σ d) / γ_r, free of θ, where γ_r is an elementary symmetric function. Equal to ``eRm::RM``, ``PCM``
    and ``RSM`` with ``sum0 = TRUE``, whose beta are the easiness here. With shared steps d_jc = c d_j + ω_c.

    References
    ----------
    Andersen, E. B. (1972). The numerical solution of a set of conditional estimation equations. Journal of
    the Royal Statistical Society B, 34, 42-54.
    Mair, P., & Hatzinger, R. (2007). Extended Rasch modeling: The eRm package for the application of IRT
    models in R. Journal of Statistical Software, 20(9).

    Examples
    --------
    >>> X = [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [1, 1, 1]]
    >>> print(rasch(X))
    Rasch model, n = 8 (7 not at an end), k = 3, conditional log-likelihood -7.548 with 2 parameters
    item        b1    se1
    item 1   0.143  0.541
    item 2   0.143  0.541
    item 3  -0.286  0.537
    """
    if steps not in {"own", "shared"}:
        raise ValueError("steps are 'own' or 'shared'")
    patterns = response_patterns(X, names=names, shared=steps == "shared")
    if isinstance(patterns, Unavailable):
        return patterns
    if patterns.k < 2:  # noqa: PLR2004 - one item is its own sum
        return Unavailable(reason="too few items", detail=f"{patterns.k} of at least 2")
    likelihood = conditional_likelihood(patterns)
    if likelihood.informative == 0:
        return Unavailable(reason="no variance", detail="everybody is at one end of the scale or the other")
    design, norm = _design(likelihood, steps)
    found = maximise_conditional(likelihood, design)
    if isinstance(found, Unavailable):
        return found
    covariance = np.linalg.inv(found.information)
    project = norm @ design
    easiness, spread = project @ found.free, project @ covariance @ project.T
    return _model(likelihood, steps, easiness, spread, found)


def _design(likelihood: ConditionalLikelihood, steps: Steps) -> tuple[Matrix, Matrix]:
    """Return the map from free parameters to easiness, and the shift that makes easiness add up to 0."""
    place = likelihood.place
    k, C = place.shape
    rows = likelihood.chosen.size
    category = np.zeros(rows)
    for c in range(1, C):
        category[place[:, c][place[:, c] >= 0]] = c
    if steps == "own":
        adds_up = np.ones(rows)
        design = np.eye(rows)[:, 1:]
    else:
        adds_up = (category == 1).astype(np.float64)
        # Item 0 and the first step fix the origin and the unit of the other parameters.
        design = np.zeros((rows, k - 1 + C - 2))
        for j in range(k):
            for c in range(1, C):
                if j > 0:
                    design[place[j, c], j - 1] = c
                if c > 1:
                    design[place[j, c], k - 1 + c - 2] = 1.0
    norm = np.eye(rows) - np.outer(category, adds_up) / (adds_up @ category)
    return design, norm


def _model(
    likelihood: ConditionalLikelihood,
    steps: Steps,
    easiness: Matrix,
    spread: Matrix,
    found: ConditionalMaximum,
) -> RaschModel:
    patterns, place = likelihood.patterns, likelihood.place[:, 1:]
    beyond = place < 0
    d = np.where(beyond, np.nan, easiness[place])
    d_se = np.where(beyond, np.nan, np.sqrt(np.diagonal(spread))[place])
    b = -np.diff(d, axis=1, prepend=0.0)
    b_se = np.full_like(b, np.nan)
    for j, slots in enumerate(place):
        own = slots[slots >= 0]
        difference = np.eye(own.size) - np.eye(own.size, k=-1)
        b_se[j, : own.size] = np.sqrt(np.diagonal(difference @ spread[np.ix_(own, own)] @ difference.T))
    return RaschModel(
        model=_name(patterns, steps),
        family="adjacent",
        names=patterns.names,
        categories=patterns.categories,
        slopes=np.ones(patterns.k),
        intercepts=d,
        sd=None,
        intercepts_se=d_se,
        thresholds=b,
        thresholds_se=b_se,
        log_likelihood=found.log_likelihood,
        parameters=len(found.free),
        n=patterns.n,
        informative=likelihood.informative,
        distance=found.distance,
    )


def _name(patterns: ResponsePatterns, steps: Steps) -> str:
    if patterns.sizes.max() == 2:  # noqa: PLR2004 - right or wrong
        return "Rasch model"
    return "rating scale model" if steps == "shared" else "partial credit model"
