"""Whether the answers of single people fit the model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.residuals import residuals
from analysis.item_response.response_model import ItemCurves
from analysis.item_response.scoring import PersonScores, coded

_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonFit:
    """One number per person (n), NaN for a person without any answer.

    `lz` is the standardised log-likelihood of the answers at the estimated θ, `lz_star` the same with the
    estimation of θ allowed for; low values mean answers that the model finds unlikely. `outfit` and `infit`
    are mean squares of residuals.
    """

    theta: Matrix
    lz: Matrix
    lz_star: Matrix
    outfit: Matrix
    infit: Matrix


@dataclass(frozen=True, kw_only=True, slots=True)
class Separation:
    """How widely people differ compared with the error of their scores.

    `reliability` is the share of the variance of θ that is not error, `separation` the ratio of the true
    spread to the error, `strata` the number of levels that this allows, (4 separation + 1) / 3.
    """

    reliability: float
    separation: float
    strata: float
    sd: float
    error: float
    n: int


def person_fit(model: ItemCurves, X: ArrayLike) -> PersonFit:
    """Return the fit of each person, θ estimated by weighted likelihood.

    Parameters
    ----------
    model
        A fitted model.
    X
        The answers, n x k, NaN where there is none.

    Returns
    -------
    PersonFit

    Notes
    -----
    lz = (l - E(l)) / sd(l) with l the log-likelihood of the answers at θ (``mirt::personfit``'s Zh). With θ
    estimated its variance is below 1; lz_star (Snijders; Sinharay for several categories) removes from the
    weights log P what the estimate of θ already follows, w - c r with r = P'/P and c = Σ P' w / Σ P'² / P,
    and its mean -c r_0, r_0 = J / (2 I) of the weighted likelihood. Its distribution nears the normal one as
    items are many.

    References
    ----------
    Drasgow, F., Levine, M. V., & Williams, E. A. (1985). Appropriateness measurement with polychotomous item
    response models and standardized indices. British Journal of Mathematical and Statistical Psychology, 38,
    67-86.
    Snijders, T. A. B. (2001). Asymptotic null distribution of person fit statistics with estimated person
    parameter. Psychometrika, 66, 331-342.
    Sinharay, S. (2016). Asymptotically correct standardization of person-fit statistics beyond dichotomous
    items. Psychometrika, 81, 992-1013.
    """
    left = residuals(model, X, method="wle")
    codes, place = coded(model, X)
    theta = np.full(len(codes), np.nan)
    theta[place] = left.theta
    lz, star = np.full(len(codes), np.nan), np.full(len(codes), np.nan)
    known = np.flatnonzero(np.isfinite(theta))
    for start in range(0, known.size, _BLOCK):
        rows = known[start : start + _BLOCK]
        lz[rows], star[rows] = _standardised(model, codes[rows], theta[rows])
    squares = left.residual**2
    given = ~np.isnan(squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        outfit = np.where(given, squares / left.variance, 0.0).sum(axis=1) / given.sum(axis=1)
        infit = np.where(given, squares, 0.0).sum(axis=1) / np.where(given, left.variance, 0.0).sum(axis=1)
    return PersonFit(theta=left.theta, lz=lz[place], lz_star=star[place], outfit=outfit, infit=infit)


def _standardised(model: ItemCurves, codes: np.ndarray, theta: Matrix) -> tuple[Matrix, Matrix]:
    """Return lz and lz_star of people, each at their θ."""
    found = point_derivatives(model.family, model.slopes, model.intercepts, theta)
    P = found.probability * (codes >= 0).T[:, np.newaxis]  # items x categories x people
    with np.errstate(divide="ignore"):
        w = np.where(P > 0, np.log(np.where(P > 0, P, 1.0)), 0.0)
    items, people = np.arange(model.k)[:, np.newaxis], np.arange(len(codes))
    chosen = np.maximum(codes, 0).T
    own = np.where((codes >= 0).T, w[items, chosen, people], 0.0).sum(axis=0)
    expected = (P * w).sum(axis=1)
    variance = ((P * w**2).sum(axis=1) - expected**2).sum(axis=0)
    information = (P * found.first**2).sum(axis=(0, 1))
    c = (P * found.first * w).sum(axis=(0, 1)) / information
    warm = (P * found.first * (found.second + found.first**2)).sum(axis=(0, 1)) / (2 * information)
    left = w - c * found.first
    spread = ((P * left**2).sum(axis=1) - (P * left).sum(axis=1) ** 2).sum(axis=0)
    distance = own - expected.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return distance / np.sqrt(variance), (distance + c * warm) / np.sqrt(spread)


def person_separation(scores: PersonScores) -> Separation | Unavailable:
    """Return how widely people differ compared with the error of their scores, where θ is finite.

    Parameters
    ----------
    scores
        θ and its error, by weighted likelihood as a rule.

    Returns
    -------
    Separation or Unavailable
        Unavailable with fewer than 3 people, or where θ varies no more than its error does.

    Notes
    -----
    Reliability is (var(θ) - mean squared error) / var(θ). Equal to ``eRm::SepRel`` of scores by maximum
    likelihood.

    References
    ----------
    Wright, B. D., & Masters, G. N. (1982). Rating scale analysis. MESA Press.

    Examples
    --------
    >>> import numpy as np
    >>> theta, se = np.array([-1.0, 0.0, 1.0, 2.0]), np.full(4, 0.5)
    >>> found = person_separation(PersonScores(theta=theta, se=se, method="wle"))
    >>> round(found.reliability, 3), round(found.separation, 3)
    (0.85, 2.38)
    """
    kept = np.isfinite(scores.theta) & np.isfinite(scores.se)
    n = int(kept.sum())
    if n < 3:  # noqa: PLR2004 - the smallest sample that anything here is said of
        return Unavailable(reason="too few rows", detail=f"{n} people with a finite score, not 3")
    variance = float(np.var(scores.theta[kept], ddof=1))
    error = float(np.mean(scores.se[kept] ** 2))
    if variance <= error:
        return Unavailable(reason="no variance", detail="scores vary no more than their errors do")
    separation = float(np.sqrt(variance / error - 1))
    return Separation(
        reliability=1 - error / variance,
        separation=separation,
        strata=(4 * separation + 1) / 3,
        sd=float(np.sqrt(variance)),
        error=float(np.sqrt(error)),
        n=n,
    )
