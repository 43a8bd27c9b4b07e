"""Three nested cumulative logit models of one item: matching, group, and both together."""

from dataclasses import dataclass
from math import exp, sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from analysis.estimate import Estimate, Matrix, Probability, Unavailable
from analysis.inference.noncentral import noncentral_chi_square_limits
from analysis.inference.significance import SignificanceTest
from analysis.invariance.cumulative_logit import CumulativeLogit, cumulative_logit

Effect = Literal["total", "uniform", "nonuniform"]
EFFECTS: Final[dict[Effect, tuple[int, int]]] = {"total": (0, 2), "uniform": (0, 1), "nonuniform": (1, 2)}
MOST_CATEGORIES: Final = 20
QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, kw_only=True)
class NestedLogits:
    """Models of one item by the matching score m, by m and the group, by m, the group and their product.

    `null` is the log-likelihood of no predictor. `rows` and `answers` say for each person the row of the
    design and the number of the category.
    """

    models: tuple[CumulativeLogit, CumulativeLogit, CumulativeLogit]
    null: float
    values: Matrix
    matching: Matrix  # n
    design: Matrix  # u x 3: m, group, their product
    rows: NDArray[np.intp]  # n
    answers: NDArray[np.intp]  # n

    @property
    def n(self) -> int:
        """Number of people."""
        return len(self.rows)

    def chi_square(self, effect: Effect) -> SignificanceTest:
        """Return the likelihood ratio test of two of the models."""
        less, more = (self.models[place] for place in EFFECTS[effect])
        statistic = max(0.0, 2 * (more.log_likelihood - less.log_likelihood))
        df = len(more.slopes) - len(less.slopes)
        return SignificanceTest(statistic=statistic, df=float(df), p=Probability(chdtrc(df, statistic)))

    def mcfadden(self, model: int) -> float:
        """Return 1 less the ratio of the log-likelihood to that of no predictor."""
        return 1 - self.models[model].log_likelihood / self.null

    def cox_snell(self, model: int) -> float:
        """Return Cox and Snell's pseudo R²."""
        return 1 - exp(2 * (self.null - self.models[model].log_likelihood) / self.n)

    def nagelkerke(self, model: int) -> float:
        """Return Cox and Snell's pseudo R² over the largest that these answers allow."""
        return self.cox_snell(model) / (1 - exp(2 * self.null / self.n))

    def mcfadden_change(self, effect: Effect, level: float) -> Estimate:
        """Return the change of McFadden's R², between the limits of chi-square's noncentrality."""
        found = self.chi_square(effect)
        low, high = noncentral_chi_square_limits(found.statistic, found.df or 1.0, level)
        return Estimate(
            value=found.statistic / (-2 * self.null),
            low=low / (-2 * self.null),
            high=high / (-2 * self.null),
            level=level,
            n=self.n,
            k=1,
            method="change of McFadden's R², noncentral chi-square limits",
        )

    def log_odds(self, level: float) -> Estimate:
        """Return the group's coefficient of the second model: log odds of higher answers, Wald's interval."""
        model = self.models[1]
        value, width = float(model.slopes[1]), float(ndtri((1 + level) / 2) * model.errors[-1])
        return Estimate(
            value=value,
            low=value - width,
            high=value + width,
            level=level,
            n=self.n,
            k=1,
            method="log odds ratio of the second group, the matching score held",
        )

    def beta_change(self) -> float:
        """Return by how much of itself the coefficient of the matching score changes with the group."""
        before, after = (float(model.slopes[0]) for model in self.models[:2])
        return abs(after / before - 1)

    def expected_difference(self, matching: Matrix, model: int = 2) -> Matrix:
        """Return expected answers of the second group less those of the first, at matching scores."""
        first, second = (self._design(matching, g)[:, : len(self.models[model].slopes)] for g in (0.0, 1.0))
        fit = self.models[model]
        difference: Matrix = fit.expected(second, self.values) - fit.expected(first, self.values)
        return difference

    def focal_differences(self) -> tuple[Matrix, Matrix]:
        """Return the expected differences at the scores of the second group, and its people at each."""
        focal = self.design[:, 1] > 0
        people = np.bincount(self.rows, minlength=len(self.design))[focal].astype(np.float64)
        return self.expected_difference(self.design[focal, 0]), people

    def mean_difference(self, *, absolute: bool = False) -> float:
        """Return the mean expected difference of the second group by the third model, or its mean size."""
        differences, people = self.focal_differences()
        return float(np.average(np.abs(differences) if absolute else differences, weights=people))

    def influence(self) -> Matrix:
        """Return each person's influence on the mean expected difference of the second group.

        Their squares sum to its variance, whether or not the model holds; people are taken to be
        independent. Influences of several items add up to that of the sum of the items.
        """
        fit, focal = self.models[2], self.design[:, 1] > 0
        differences, people = self.focal_differences()
        share = people / people.sum()
        second, first = (self._design(self.design[focal, 0], g) for g in (1.0, 0.0))
        gradient = share @ (
            fit.expected_gradient(second, self.values) - fit.expected_gradient(first, self.values)
        )
        by_answer = fit.score(self.design, fit.covariance @ gradient)
        by_answer[focal] += ((differences - share @ differences) / people.sum())[:, np.newaxis]
        return by_answer[self.rows, self.answers]

    def signed(self, level: float) -> Estimate:
        """Return the mean expected difference of the second group, its interval from each one's influence."""
        value = self.mean_difference()
        width = float(ndtri((1 + level) / 2)) * sqrt(float((self.influence() ** 2).sum()))
        return Estimate(
            value=value,
            low=value - width,
            high=value + width,
            level=level,
            n=self.n,
            k=1,
            method="expected difference of the second group, points of the answer",
        )

    @staticmethod
    def _design(matching: Matrix, group: float) -> Matrix:
        return np.column_stack([matching, np.full_like(matching, group), matching * group])


def nested_logits(answers: Matrix, matching: Matrix, group: NDArray[np.bool_]) -> NestedLogits | Unavailable:
    """Fit the three models of an item, people with equal predictors counted together.

    Parameters
    ----------
    answers, matching, group
        n each, none missing: the item, the matching score, whether someone is of the second group.

    Returns
    -------
    NestedLogits or Unavailable
        Unavailable where all gave one answer or have one score, or where a model has no finite maximum.
    """
    values, codes = np.unique(answers, return_inverse=True)
    if len(values) < 2:  # noqa: PLR2004 - all alike
        return Unavailable(reason="constant item", detail="everyone gave the same answer")
    if len(values) > MOST_CATEGORIES:
        detail = f"{len(values)} different answers are measurements rather than categories"
        return Unavailable(reason="not defined", detail=detail)
    levels, level = np.unique(matching, return_inverse=True)
    found, rows = np.unique(level.ravel() * 2 + group, return_inverse=True)
    m, g = levels[found // 2], (found % 2).astype(np.float64)
    design = np.column_stack([m, g, m * g])
    c = len(values)
    counts = np.bincount(rows.ravel() * c + codes.ravel(), minlength=len(found) * c).reshape(-1, c)
    models = list[CumulativeLogit]()
    for predictors in (1, 2, 3):
        near = models[-1] if models else None
        fit = cumulative_logit(counts.astype(np.float64), design[:, :predictors], near)
        if isinstance(fit, Unavailable):
            return fit
        models.append(fit)
    totals = counts.sum(axis=0)
    return NestedLogits(
        models=(models[0], models[1], models[2]),
        null=float(totals @ np.log(totals / totals.sum())),
        values=values,
        matching=matching,
        design=design,
        rows=rows.ravel(),
        answers=codes.ravel(),
    )
