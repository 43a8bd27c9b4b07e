"""Fit of a response model to the margins of single items and pairs of items: M2 and C2."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import chdtr, chdtrc, chndtrinc

from analysis.estimate import Matrix, Probability, Unavailable
from analysis.item_response.category_curves import category_curves
from analysis.item_response.quadrature import normal_points
from analysis.item_response.response_model import ResponseModel
from analysis.item_response.scoring import coded

LEVEL: Final = 0.90  # of the interval of RMSEA2

_TINY: Final = 1e-300

Statistic = Literal["M2", "C2"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitedFit:
    """M2 (all items of two categories) or C2, and what follows from it.

    `rmsea` is RMSEA2 with its interval at 90 %; `srmsr` the root mean square difference between the
    correlations of the answers and those of the model; `cfi` and `tli` compare with unrelated items, whose
    statistic is `null_chi2` on `null_df`: None where nobody chose a category of an item.
    """

    statistic: Statistic
    chi2: float
    df: int
    p: Probability
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmsr: float
    cfi: float | None
    tli: float | None
    null_chi2: float | None
    null_df: int
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """Shares of the categories above each item's lowest, then means of the products of pairs, by a model.

    `derivative` is with regard to slopes and intercepts, `covariance` that of the moments of one person.
    `correlation` is of the category numbers.
    """

    value: Matrix
    derivative: Matrix
    covariance: Matrix
    correlation: Matrix


def limited_fit(model: ResponseModel, X: ArrayLike) -> LimitedFit | Unavailable:
    """Return M2 where all items have two categories, C2 otherwise.

    Parameters
    ----------
    model
        A model fitted to these answers.
    X
        The answers, n x k.

    Returns
    -------
    LimitedFit or Unavailable
        Unavailable where two items were answered together by fewer than 3 people, where there are no more
        moments than parameters, and where the moments are linearly dependent.

    Notes
    -----
    With e the differences between the observed and the expected moments, Ξ the covariance of the moments by
    the model and Δ their derivatives, C2 = n e'(Ξ⁻¹ - Ξ⁻¹Δ(Δ'Ξ⁻¹Δ)⁻¹Δ'Ξ⁻¹)e. The moments are the shares of
    each item's categories and the mean products of the category numbers of two items; of two categories these
    are all univariate and bivariate margins, and C2 is M2. Each moment counts everybody who gave the answers
    that it needs, and Ξ is that of such moments, answers missing completely at random. Equal to
    ``mirt::M2(type = "C2")`` and ``"M2"`` of complete answers to the graded and the logistic model. Three
    differences, each shown beside the definition in ``tests/reference``: where answers are missing mirt 1.47
    multiplies e by the share of people behind it and keeps Ξ; where slopes are equal it leaves the standard
    deviation of θ out of Δ; and its C2 of partial credit models is not that of its own moments.

    References
    ----------
    Maydeu-Olivares, A., & Joe, H. (2006). Limited information goodness-of-fit testing in multidimensional
    contingency tables. Psychometrika, 71, 713-732.
    Cai, L., & Monroe, S. (2014). A new statistic for evaluating item response theory models for ordinal data.
    CRESST Report 839.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.item_response.graded_response import graded_response
    >>> from analysis.simulation import simulate
    >>> X = simulate(800, [0.8, 0.7, 0.6, 0.5, 0.7], [0.0], np.random.default_rng(1))
    >>> found = limited_fit(graded_response(X), X)
    >>> found.statistic, found.df
    ('M2', 5)
    """
    codes, place = coded(model, X)
    found = _observed(codes[place], model.sizes)
    design = model.structure.design.toarray()
    df = found.value.size - design.shape[1]
    if df < 1:
        return Unavailable(
            reason="not defined", detail=f"{found.value.size} moments for {design.shape[1]} parameters"
        )
    if found.answered.min() < 3:  # noqa: PLR2004 - the smallest sample that anything here is said of
        return Unavailable(reason="too few rows", detail="two items were hardly ever answered together")
    expected = _moments(model, model.sd * model.slopes, model.intercepts)
    chi2 = _statistic(found, expected, expected.derivative @ design)
    null, null_df = _null(model, found)
    if isinstance(chi2, Unavailable):
        return chi2
    n = found.n
    low, high = _rmsea_interval(chi2, df, n)
    below = np.tril_indices(model.k, -1)
    residual = (found.correlation - expected.correlation)[below]
    return LimitedFit(
        statistic="M2" if max(model.sizes) == 2 else "C2",  # noqa: PLR2004 - right or wrong
        chi2=chi2,
        df=df,
        p=Probability(chdtrc(df, chi2)),
        rmsea=float(np.sqrt(max((chi2 - df) / (df * (n - 1)), 0.0))),
        rmsea_low=low,
        rmsea_high=high,
        srmsr=float(np.sqrt(np.mean(residual**2))),
        cfi=None if null is None else 1 - max(chi2 - df, 0.0) / max(null - null_df, chi2 - df, _TINY),
        tli=None if null is None else (null / null_df - chi2 / df) / (null / null_df - 1),
        null_chi2=null,
        null_df=null_df,
        n=n,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """The moments of the answers, each over the people who gave all the answers that it needs.

    `answered` counts them; `overlap` is the resulting factor of the covariance of two moments, times n.
    """

    value: Matrix
    answered: Matrix
    overlap: Matrix
    correlation: Matrix
    n: int


def _observed(codes: np.ndarray, sizes: tuple[int, ...]) -> Observed:
    given = (codes >= 0).astype(np.float64)
    numbers = np.where(codes >= 0, codes, 0).astype(np.float64)
    first, second = np.triu_indices(len(sizes), 1)
    item = np.repeat(np.arange(len(sizes)), np.array(sizes) - 1)
    category = np.concatenate([np.arange(1, size) for size in sizes])
    n = int(given.any(axis=1).sum())
    together = given.T @ given
    answered = np.concatenate([np.diagonal(together)[item], together[first, second]])
    with np.errstate(divide="ignore", invalid="ignore"):
        products = numbers.T @ numbers / together
        shares = (codes[:, item] == category).sum(axis=0) / answered[: item.size]
        if (together == n).all():
            overlap = np.ones((answered.size,) * 2)
        else:
            has = np.concatenate([given[:, item], given[:, first] * given[:, second]], axis=1)
            overlap = n * (has.T @ has) / np.outer(answered, answered)
        mean = numbers.sum(axis=0) / np.diagonal(together)
        covariance = products - np.outer(mean, mean)
        sd = np.sqrt(np.diagonal(covariance))
        correlation = covariance / np.outer(sd, sd)
    return Observed(
        value=np.concatenate([shares, products[first, second]]),
        answered=answered,
        overlap=overlap,
        correlation=correlation,
        n=n,
    )


def _moments(model: ResponseModel, slopes: Matrix, intercepts: Matrix) -> Moments:
    """Return the expected moments of category numbers; slopes are for a standard normal θ."""
    points, weights = normal_points()
    curves = category_curves(model.family, slopes, intercepts, points)
    k, C = curves.probability.shape[:2]
    number = np.arange(C)[:, np.newaxis]
    own = number < np.array(model.sizes)[:, np.newaxis, np.newaxis]
    P = np.where(own, curves.probability, 0.0)
    mean = (number * P).sum(axis=1)
    variance = (number**2 * P).sum(axis=1) - mean**2
    first, second = np.triu_indices(k, 1)
    of_category = [(j, c) for j, size in enumerate(model.sizes) for c in range(1, size)]
    item, category = (np.array(each) for each in zip(*of_category, strict=True))
    conditional = np.concatenate([P[item, category], mean[first] * mean[second]])
    value = conditional @ weights
    covariance = (conditional * weights) @ conditional.T - np.outer(value, value)
    covariance += _conditional_covariance(P[item, category], item, category, mean, variance, weights)
    return Moments(
        value=value,
        derivative=_derivative(model, P, curves.score, mean, weights),
        covariance=covariance,
        correlation=_correlation(mean, variance, weights),
    )


def _conditional_covariance(  # noqa: PLR0917 - what it is made of
    P: Matrix, item: np.ndarray, category: np.ndarray, mean: Matrix, variance: Matrix, weights: Matrix
) -> Matrix:
    """Return the mean over θ of the moments' covariance given θ, for moments that share an item.

    P is moments x Q, mean and variance of the category numbers are k x Q.
    """
    k, m = len(mean), len(item)
    first, second = np.triu_indices(k, 1)
    pair = np.zeros((k, k), dtype=np.int64)
    pair[first, second] = pair[second, first] = np.arange(first.size)
    found = np.zeros((m + first.size,) * 2)
    for i in range(k):
        own = np.flatnonzero(item == i)
        shares = P[own]
        block = -(shares * weights) @ shares.T
        block[np.diag_indices(own.size)] += shares @ weights
        found[np.ix_(own, own)] = block
        others = np.flatnonzero(np.arange(k) != i)
        pairs = m + pair[i, others]
        of_others = mean[others]
        with_pairs = (shares * (category[own][:, np.newaxis] - mean[i]) * weights) @ of_others.T
        found[np.ix_(own, pairs)] = with_pairs
        found[np.ix_(pairs, own)] = with_pairs.T
        found[np.ix_(pairs, pairs)] += (of_others * (variance[i] * weights)) @ of_others.T
    places = m + np.arange(first.size)
    found[places, places] += (variance[first] * variance[second]) @ weights
    return found


def _derivative(
    model: ResponseModel, P: np.ndarray, score: np.ndarray, mean: Matrix, weights: Matrix
) -> Matrix:
    """Return the derivatives of the moments (rows) with regard to slopes and intercepts."""
    k = len(mean)
    first, second = np.triu_indices(k, 1)
    place = model.structure.place
    rows = sum(model.sizes) - k
    found = np.zeros((rows + first.size, int(place.max()) + 1))
    of_mean = np.einsum("c,jcq,jcsq->jsq", np.arange(P.shape[1], dtype=float), P, score)
    row = 0
    for j, size in enumerate(model.sizes):
        slots = place[j, :size]
        of_share = (P[j, 1:size, np.newaxis] * score[j, 1:size, :size]) @ weights
        found[row : row + size - 1, slots] = of_share
        row += size - 1
        toward = (of_mean[j, :size] * weights) @ mean.T  # slots x other item
        for mine, other in ((first, second), (second, first)):
            pairs = np.flatnonzero(mine == j)
            found[np.ix_(rows + pairs, slots)] = toward[:, other[pairs]].T
    return found


def _correlation(mean: Matrix, variance: Matrix, weights: Matrix) -> Matrix:
    overall = mean @ weights
    products = (mean * weights) @ mean.T
    products[np.diag_indices(len(mean))] += variance @ weights
    covariance = products - np.outer(overall, overall)
    sd = np.sqrt(np.diagonal(covariance))
    return np.asarray(covariance / np.outer(sd, sd))


def _statistic(found: Observed, expected: Moments, derivative: Matrix) -> float | Unavailable:
    try:
        root = cholesky(expected.covariance * found.overlap, lower=True)
    except LinAlgError:
        return Unavailable(reason="singular matrix", detail="the moments are linearly dependent by the model")
    residual = found.value - expected.value
    white = solve_triangular(root, np.column_stack([residual, derivative]), lower=True)
    basis, _ = np.linalg.qr(white[:, 1:])
    left = white[:, 0] - basis @ (basis.T @ white[:, 0])
    return float(found.n * (left @ left))


def _null(model: ResponseModel, found: Observed) -> tuple[float | None, int]:
    """Return the statistic of unrelated items with the observed shares, and its degrees of freedom."""
    k = model.k
    df = k * (k - 1) // 2
    intercepts = np.full_like(model.intercepts, np.nan)
    shares = np.split(found.value, np.cumsum(np.array(model.sizes) - 1))[: model.k]
    for j, share in enumerate(shares):
        lowest = 1 - share.sum()
        if min(lowest, share.min()) <= 0:
            return None, df
        above = np.cumsum(share[::-1])[::-1]
        intercepts[j, : share.size] = (
            np.log(above / (1 - above)) if model.family == "cumulative" else np.log(share / lowest)
        )
    null = _moments(model, np.zeros(k), intercepts)
    kept = model.structure.place[:, 1:]
    chi2 = _statistic(found, null, null.derivative[:, kept[kept >= 0]])
    return None if isinstance(chi2, Unavailable) else chi2, df


def _rmsea_interval(chi2: float, df: int, n: int) -> tuple[float, float]:
    """Return the RMSEA of the noncentralities under which chi2 is the 95 % and the 5 % point."""
    tail = (1 - LEVEL) / 2

    def at(probability: float) -> float:
        if chdtr(df, chi2) < probability:
            return 0.0
        return float(np.sqrt(max(chndtrinc(chi2, df, probability), 0.0) / (df * (n - 1))))

    return at(1 - tail), at(tail)
