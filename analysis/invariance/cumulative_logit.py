"""The cumulative logit (proportional odds) model of an ordered answer, from counts of answers."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

from analysis.estimate import Matrix, Unavailable
from analysis.invariance.logit_derivatives import derivatives

MOST_STEPS: Final = 50
SETTLED: Final = 1e-10  # of the gradient, per person, in standard deviations of the predictors
FLAT: Final = 1e-7  # of the information per person: below, the likelihood still rises towards infinity
ROUNDING: Final = 1e-14
SMALLEST: Final = 1e-300


@dataclass(frozen=True, kw_only=True, slots=True)
class CumulativeLogit:
    """logit P(Y ≤ k) = threshold_k - slopes'x of c ordered categories, at its maximum likelihood.

    `covariance` is that of the estimates (thresholds first, then slopes), from the observed information.
    """

    thresholds: Matrix  # c - 1
    slopes: Matrix  # p
    covariance: Matrix  # (c - 1 + p) square
    log_likelihood: float

    @property
    def errors(self) -> Matrix:
        """Standard errors: of the thresholds, then of the slopes."""
        return np.sqrt(np.diagonal(self.covariance))

    def probabilities(self, design: Matrix) -> Matrix:
        """Return the probabilities of the categories, rows of `design` by c."""
        return _cells(self._at(design)).T

    def _at(self, design: Matrix) -> Matrix:
        return self.thresholds[:, np.newaxis] - design @ self.slopes

    def expected(self, design: Matrix, values: Matrix) -> Matrix:
        """Return the expected answer in each row of `design`, the categories being worth `values`."""
        expected: Matrix = self.probabilities(design) @ values
        return expected

    def expected_gradient(self, design: Matrix, values: Matrix) -> Matrix:
        """Return the derivatives of the expected answers: rows of `design` by parameters."""
        at = self._at(design)
        by_threshold = (-expit(at) * expit(-at)).T * np.diff(values)
        return np.column_stack([by_threshold, -by_threshold.sum(axis=1)[:, np.newaxis] * design])

    def score(self, design: Matrix, direction: Matrix) -> Matrix:
        """Return the derivative of each category's log-probability along a direction of the parameters.

        Rows of `design` by c; `direction` has one number for each threshold and slope.
        """
        at, cuts = self._at(design), len(self.thresholds)
        along = direction[:cuts, np.newaxis] - design @ direction[cuts:]
        moved = np.zeros((cuts + 2, len(design)))
        moved[1:-1] = expit(at) * expit(-at) * along
        return (np.diff(moved, axis=0) / _cells(at)).T


def cumulative_logit(
    counts: Matrix, design: Matrix, near: CumulativeLogit | None = None
) -> CumulativeLogit | Unavailable:
    """Fit the cumulative logit model to answers counted at each value of the predictors.

    Parameters
    ----------
    counts
        u x c: how many people with each of u combinations of predictors gave each of c ordered categories.
    design
        u x p predictors, none of them constant.
    near
        The model of the first of these predictors alone, where it is known: the search starts from there.

    Returns
    -------
    CumulativeLogit or Unavailable
        Unavailable where a category is empty or fewer than two are there, where a predictor is constant or
        follows from others, and where no finite maximum exists: a predictor separates the answers.

    Notes
    -----
    Newton's method with the observed information on standardised predictors. The log-likelihood is concave
    in thresholds and slopes together (Pratt 1981), so that the maximum found is the only one. Equals
    ``MASS::polr(y ~ x, Hess = TRUE)``, of two categories ``glm(y ~ x, binomial)``.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society B, 42,
    109-142.
    Pratt, J. W. (1981). Concavity of the log likelihood. Journal of the American Statistical Association,
    76, 103-106.

    Examples
    --------
    >>> counts = np.array([[12.0, 6, 2], [5, 9, 8], [2, 5, 14]])
    >>> found = cumulative_logit(counts, np.array([[0.0], [1.0], [2.0]]))
    >>> found.slopes.round(3).tolist(), round(found.log_likelihood, 3)
    ([1.409], -59.174)
    """
    totals = counts.sum(axis=0)
    n = float(totals.sum())
    if len(totals) < 2 or (totals == 0).any():  # noqa: PLR2004 - order needs two
        return Unavailable(reason="no variance", detail="every category must have answers, two at least")
    weight = counts.sum(axis=1) / n
    mean = weight @ design
    sd = np.sqrt(weight @ (design - mean) ** 2)
    if (sd <= SMALLEST).any():
        return Unavailable(reason="no variance", detail="a predictor has one value in everybody")
    standard = (design - mean) / sd
    cuts, known = len(totals) - 1, 0 if near is None else len(near.slopes)
    start = np.zeros(cuts + len(mean))
    if near is None:
        start[:cuts] = logit(totals.cumsum()[:-1] / n)
    else:
        start[:cuts] = near.thresholds - mean[:known] @ near.slopes
        start[cuts : cuts + known] = near.slopes * sd[:known]
    found = _maximum(counts, standard, start)
    if isinstance(found, Unavailable):
        return found
    parameters, information, log_likelihood = found
    back = np.diag(np.concatenate([np.ones(cuts), 1 / sd]))
    back[:cuts, cuts:] = mean / sd
    raw = back @ parameters
    return CumulativeLogit(
        thresholds=raw[:cuts],
        slopes=raw[cuts:],
        covariance=back @ np.linalg.inv(information) @ back.T,
        log_likelihood=log_likelihood,
    )


def _maximum(counts: Matrix, X: Matrix, start: Matrix) -> tuple[Matrix, Matrix, float] | Unavailable:
    """Return the parameters at the maximum, the observed information there, and the log-likelihood."""
    n, q = counts.sum(), len(start)
    gradient, information = np.empty(q), np.empty((q, q))
    at = start
    value = derivatives(at, counts, X, gradient, information)
    for _ in range(MOST_STEPS):
        if np.abs(gradient).max() <= SETTLED * n:
            if np.linalg.eigvalsh(information)[0] < FLAT * n:
                break
            return at, information, value
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        least = value - abs(value) * ROUNDING
        value = derivatives(at + step, counts, X, gradient, information)
        while not value >= least and np.abs(step).max() > ROUNDING:
            step = step / 2
            value = derivatives(at + step, counts, X, gradient, information)
        at = at + step
    return Unavailable(
        reason="not defined",
        detail="no finite maximum: a predictor separates the answers, or follows from the others",
    )


def _cells(at: Matrix) -> Matrix:
    """Return probabilities of the categories, c x u, without cancellation in the tails.

    `at` holds thresholds less the linear predictor, c - 1 x u.
    """
    edge = np.full((1, at.shape[1]), np.inf)
    upper, lower = np.concatenate([at, edge]), np.concatenate([-edge, at])
    mirrored = lower > 0
    high, low = np.where(mirrored, -lower, upper), np.where(mirrored, -upper, lower)
    cells: Matrix = expit(high) - expit(low)
    return cells
