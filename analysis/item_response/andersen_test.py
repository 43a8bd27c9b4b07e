"""Whether items keep their difficulty between people of low and of high sums: Andersen's test."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from analysis.estimate import Matrix, Probability, Unavailable, as_matrix
from analysis.item_response.partial_credit import Steps
from analysis.item_response.rasch import rasch

Split = Literal["median", "mean"]


@dataclass(frozen=True, kw_only=True, slots=True)
class AndersenTest:
    """The likelihood ratio of items that differ between the groups; `items` are the columns compared."""

    chi2: float
    df: int
    p: Probability
    items: tuple[int, ...]
    people: tuple[int, int]


def andersen_test(
    X: ArrayLike, *, split: Split = "median", steps: Steps = "own"
) -> AndersenTest | Unavailable:
    """Compare a Rasch model of all people with one of those below and one of those above a sum.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none.
    split
        "median" for sums up to the median and above it, "mean" for sums below the mean and from it on.
    steps
        As for `rasch`.

    Returns
    -------
    AndersenTest or Unavailable
        Unavailable where fewer than 2 items have all their answers in both groups, and where one of the
        models is. Items that do not are left out.

    Notes
    -----
    Twice the sum of the groups' conditional log-likelihoods less that of all, over the same items. Equal to
    ``eRm::LRtest(splitcr = "median")`` and ``"mean"``. Sums count the items' category numbers.

    References
    ----------
    Andersen, E. B. (1973). A goodness of fit test for the Rasch model. Psychometrika, 38, 123-140.
    """
    if split not in {"median", "mean"}:
        raise ValueError("split is 'median' or 'mean'")
    rows = as_matrix(X)
    rows = rows[(~np.isnan(rows)).any(axis=1)]
    if not len(rows):
        return Unavailable(reason="too few rows", detail="no row has an answer")
    sums = np.nansum(_numbers(rows, steps), axis=1)
    low = sums <= np.median(sums) if split == "median" else sums < sums.mean()
    kept = [j for j, column in enumerate(rows.T) if _same_answers(column, low)]
    if len(kept) < 2:  # noqa: PLR2004 - one item is its own sum
        return Unavailable(
            reason="too few items", detail=f"{len(kept)} items have all their answers in both groups"
        )
    fits = [rasch(part[:, kept], steps=steps) for part in (rows, rows[low], rows[~low])]
    values, parameters = [], []
    for fit in fits:
        if isinstance(fit, Unavailable):
            return fit
        values.append(fit.log_likelihood)
        parameters.append(fit.parameters)
    chi2 = max(2 * (values[1] + values[2] - values[0]), 0.0)
    df = parameters[1] + parameters[2] - parameters[0]
    return AndersenTest(
        chi2=chi2,
        df=df,
        p=Probability(chdtrc(df, chi2)),
        items=tuple(kept),
        people=(int(low.sum()), int((~low).sum())),
    )


def _numbers(rows: Matrix, steps: Steps) -> Matrix:
    """Return the answers as numbers of categories: of the item's own, or of those that occur in any."""
    found = np.full_like(rows, np.nan)
    shared = np.unique(rows[~np.isnan(rows)])
    for j, column in enumerate(rows.T):
        given = ~np.isnan(column)
        values = shared if steps == "shared" else np.unique(column[given])
        found[given, j] = np.searchsorted(values, column[given])
    return found


def _same_answers(column: Matrix, low: NDArray[np.bool_]) -> bool:
    """Whether every answer to an item that occurs is given by people of both groups, two answers at least."""
    given = ~np.isnan(column)
    found = [np.unique(column[given & group]) for group in (low, ~low)]
    return found[0].size > 1 and np.array_equal(found[0], found[1])
