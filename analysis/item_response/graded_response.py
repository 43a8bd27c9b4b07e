"""The graded response model; with two categories it is the two-parameter logistic model."""

from collections.abc import Sequence

from numpy.typing import ArrayLike
from scipy.sparse import eye_array

from analysis.estimate import Unavailable
from analysis.item_response.marginal_fit import fit
from analysis.item_response.parameters import Parameters, places
from analysis.item_response.response_model import ResponseModel
from analysis.item_response.response_patterns import response_patterns


def graded_response(X: ArrayLike, *, names: Sequence[str] | None = None) -> ResponseModel | Unavailable:
    """Fit Samejima's graded response model, or Birnbaum's two-parameter logistic one, by marginal likelihood.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none. Every answer there is counts; a row without any does not. A
        category that nobody chose has no threshold.
    names
        Of the items.

    Returns
    -------
    ResponseModel or Unavailable
        Slopes a (k), intercepts d and thresholds b (k x (C - 1)), each with its standard error. Unavailable
        with fewer than 3 items, with an item that everybody answers alike, where a slope grows without end
        (an item repeated, people who are all at one end or the other), and unless two searches from different
        starts end at the same likelihood.

    Notes
    -----
    P(Y_j >= c | θ) = logistic(a_j θ + d_jc) = logistic(a_j (θ - b_jc)), θ standard normal, summed out over 61
    equally spaced points from -6 to 6. Standard errors are from the observed information (Louis; the same
    matrix as Oakes gives). Most slopes are positive. Equal to ``mirt(x, 1, itemtype = "graded", SE = TRUE,
    SE.type = "Oakes", quadpts = 61)`` with a tolerance near 0, and to its ``"2PL"`` of two categories.

    References
    ----------
    Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores.
    Psychometrika Monograph 17.
    Bock, R. D., & Aitkin, M. (1981). Marginal maximum likelihood estimation of item parameters: Application
    of an EM algorithm. Psychometrika, 46, 443-459.
    Louis, T. A. (1982). Finding the observed information matrix when using the EM algorithm. Journal of the
    Royal Statistical Society B, 44, 226-233.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.simulation import simulate
    >>> X = simulate(500, [0.8, 0.7, 0.6, 0.5], [-1.0, 0.5], np.random.default_rng(1))
    >>> print(graded_response(X))
    graded response model, n = 500, k = 4, log-likelihood -1855.271 with 12 parameters
    item    slope     se      b1     b2
    item 1  1.717  0.250  -1.527  0.788
    item 2  2.340  0.423  -1.217  0.615
    item 3  0.952  0.138  -1.908  1.112
    item 4  1.006  0.143  -1.885  1.023
    """
    patterns = response_patterns(X, names=names)
    if isinstance(patterns, Unavailable):
        return patterns
    if patterns.k < 3:  # noqa: PLR2004 - two items only have one correlation
        return Unavailable(reason="too few items", detail=f"{patterns.k} of at least 3")
    size = int(patterns.sizes.sum())
    parameters = Parameters(
        family="cumulative", design=eye_array(size, format="csr"), place=places(patterns.sizes)
    )
    name = "two-parameter logistic" if patterns.sizes.max() == 2 else "graded response"  # noqa: PLR2004
    return fit(patterns, parameters, f"{name} model", fixed_slopes=False)
