"""Partial credit models by marginal likelihood: generalised, with slopes of 1, with shared steps."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, eye_array

from analysis.estimate import Unavailable
from analysis.item_response.marginal_fit import fit
from analysis.item_response.parameters import Parameters, places
from analysis.item_response.response_model import ResponseModel
from analysis.item_response.response_patterns import ResponsePatterns, response_patterns

Slopes = Literal["free", "equal"]
Steps = Literal["own", "shared"]


def partial_credit(
    X: ArrayLike, *, slopes: Slopes = "free", steps: Steps = "own", names: Sequence[str] | None = None
) -> ResponseModel | Unavailable:
    """Fit a partial credit model by marginal likelihood.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none. Every answer there is counts; a row without any does not. A
        category that nobody chose has no step, unless `steps` are shared and it occurs in another item.
    slopes
        "free" for Muraki's generalised model, "equal" for Masters' model (Rasch's with two categories):
        slopes of 1 and a standard deviation of θ.
    steps
        "own" for steps of each item; "shared" for Andrich's rating scale model, in which items differ by a
        shift alone (with slopes "equal").
    names
        Of the items.

    Returns
    -------
    ResponseModel or Unavailable
        Unavailable with fewer than 3 items (2 with equal slopes), with an item that everybody answers alike,
        where a slope grows without end, and unless two searches from different starts end at the same
        likelihood.

    Raises
    ------
    ValueError
        `slopes` or `steps` is none of those offered, or shared steps are asked for with free slopes.

    Notes
    -----
    P(Y_j = c | θ) is proportional to exp(a_j c θ + d_jc), d_j0 = 0; the thresholds b_jc = -(d_jc -
    d_j,c-1) / a_j are where two neighbouring categories are as likely. With shared steps d_jc = -(c δ_j +
    τ_1 + ... + τ_c), the τ adding up to 0. Equal to ``mirt(x, 1, itemtype = "gpcm")``, to its ``"Rasch"``
    (which is the partial credit model of more than two categories) and to its ``"rsm"``, SE.type "Oakes".

    References
    ----------
    Muraki, E. (1992). A generalized partial credit model: Application of an EM algorithm. Applied
    Psychological Measurement, 16, 159-176.
    Masters, G. N. (1982). A Rasch model for partial credit scoring. Psychometrika, 47, 149-174.
    Andrich, D. (1978). A rating formulation for ordered response categories. Psychometrika, 43, 561-573.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.simulation import simulate
    >>> X = simulate(500, [0.7, 0.7, 0.7, 0.7], [-1.0, 0.5], np.random.default_rng(1))
    >>> print(partial_credit(X, slopes="equal"))
    partial credit model, n = 500, k = 4, log-likelihood -1831.425 with 9 parameters; sd of θ 1.381 (se 0.089)
    item    slope  se      b1     b2
    item 1  1.000      -2.267  1.120
    item 2  1.000      -1.934  0.944
    item 3  1.000      -1.826  0.971
    item 4  1.000      -1.912  1.047
    """
    if slopes not in {"free", "equal"} or steps not in {"own", "shared"}:
        raise ValueError("slopes are 'free' or 'equal', steps 'own' or 'shared'")
    if steps == "shared" and slopes == "free":
        raise ValueError("shared steps go with equal slopes: the rating scale model")
    patterns = response_patterns(X, names=names, shared=steps == "shared")
    if isinstance(patterns, Unavailable):
        return patterns
    needed = 3 if slopes == "free" else 2
    if patterns.k < needed:
        return Unavailable(reason="too few items", detail=f"{patterns.k} of at least {needed}")
    place = places(patterns.sizes)
    design = _design(patterns, place, slopes, steps)
    parameters = Parameters(family="adjacent", design=design, place=place)
    return fit(patterns, parameters, _name(patterns, slopes, steps), fixed_slopes=slopes == "equal")


def _name(patterns: ResponsePatterns, slopes: Slopes, steps: Steps) -> str:
    if patterns.sizes.max() == 2:  # noqa: PLR2004 - right or wrong
        return "two-parameter logistic model" if slopes == "free" else "Rasch model"
    if steps == "shared":
        return "rating scale model"
    return "generalised partial credit model" if slopes == "free" else "partial credit model"


def _design(patterns: ResponsePatterns, place: np.ndarray, slopes: Slopes, steps: Steps) -> csr_array:
    """Return how free parameters make slopes and intercepts (rows); the first is the common slope, if any."""
    slots = int(patterns.sizes.sum())
    if slopes == "free":
        return eye_array(slots, format="csr")
    k, last = patterns.k, int(patterns.sizes.max()) - 1
    rows, columns, values = list(place[:, 0]), [0] * k, [1.0] * k
    own = 1
    for j in range(k):
        for c in range(1, patterns.sizes[j]):
            rows.append(place[j, c])
            if steps == "own":
                columns.append(own)
                values.append(1.0)
                own += 1
                continue
            columns.append(1 + j)
            values.append(-float(c))
            if c < last:  # the steps add up to 0, so the last of their sums is no parameter
                rows.append(place[j, c])
                columns.append(k + c)
                values.append(-1.0)
    return csr_array((values, (rows, columns)), shape=(slots, max(columns) + 1))
