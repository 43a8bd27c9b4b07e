"""Simulated ordinal answers with a known structure: a factor model cut at thresholds.

Whatever is shown from these answers carries the word SIMULATED.
"""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analysis.estimate import Matrix

Answers = NDArray[np.int64]

_ROUNDING: Final = 1e-9


def simulate(
    n: int,
    loadings: ArrayLike,
    thresholds: ArrayLike,
    rng: np.random.Generator,
    *,
    phi: ArrayLike | None = None,
    means: ArrayLike = 0.0,
    reversed_items: Collection[int] = (),
    missing: Mapping[int, ArrayLike] | None = None,
) -> Answers:
    """Return n x k answers 0, 1, ..., c - 1 of `n` people whose structure is known.

    Parameters
    ----------
    n
        Number of people.
    loadings
        Standardised loadings, k items by m factors (or k numbers for one factor), in the keyed direction.
    thresholds
        The c - 1 increasing cuts of the latent answer, the same for all items or one row per item; see
        `thresholds_from`.
    rng
        Source of chance; the same seed gives the same answers.
    phi
        Correlations of the factors, m x m; by default they are independent.
    means
        Factor means: one number, one per factor, or one row of m per person (a unit, a role, a change).
    reversed_items
        Columns, from 0, of the items worded the other way round: their answers are given as
        c - 1 - answer.
    missing
        For each code of a non-answer, such as -99, its probability: one number, or one per item. Non-answers
        fall completely at random.

    Returns
    -------
    Answers
        An n x k integer array.

    Raises
    ------
    ValueError
        Where the arguments do not describe a model: a communality above 1, thresholds out of order,
        correlations that are not positive semidefinite, probabilities that add up to more than 1.

    Notes
    -----
    With factors f ~ N(μ, Φ) the latent answer to item i is y*_i = λ_i'f + e_i, where
    var(e_i) = 1 - λ_i'Φλ_i, and the answer is the number of thresholds of item i below y*_i. Within people
    of the same means the polychoric correlation of items i and j is therefore λ_i'Φλ_j, exactly.

    Examples
    --------
    >>> import numpy as np
    >>> simulate(3, [0.8, 0.7, 0.6], [-1.0, 0.0, 1.0], np.random.default_rng(1), reversed_items=[2])
    array([[1, 2, 1],
           [2, 2, 1],
           [2, 2, 1]])
    """
    L = _loadings(loadings)
    k, m = L.shape
    cuts = _thresholds(thresholds, k)
    root, unique = _decompose(L, phi)
    factors = rng.standard_normal((n, m)) @ root.T + np.asarray(means, dtype=np.float64)
    latent = factors @ L.T + rng.standard_normal((n, k)) * np.sqrt(unique)
    answers = np.zeros((n, k), dtype=np.int64)
    for cut in cuts.T:
        answers += latent > cut
    flipped = list(reversed_items)
    answers[:, flipped] = cuts.shape[1] - answers[:, flipped]
    return answers if missing is None else _with_missing(answers, missing, rng)


def higher_order(general: ArrayLike, facet: ArrayLike, loading: ArrayLike) -> tuple[Matrix, Matrix]:
    """Return `loadings` and `phi` of facets that share one general factor.

    Parameters
    ----------
    general
        Loading of each of the m facets on the general factor.
    facet
        Column of the facet in `loadings`, 0 to m - 1, of each of the k items.
    loading
        Loading of each item on its facet: one number or k.

    Returns
    -------
    tuple of Matrix
        The k x m loadings of simple structure and the m x m correlations of the facets, as `simulate` takes
        them.

    Examples
    --------
    >>> loadings, phi = higher_order([0.9, 0.8], [0, 0, 1], 0.7)
    >>> loadings.tolist()
    [[0.7, 0.0], [0.7, 0.0], [0.0, 0.7]]
    >>> phi.round(2).tolist()
    [[1.0, 0.72], [0.72, 1.0]]
    """
    g = np.asarray(general, dtype=np.float64)
    home = np.asarray(facet, dtype=np.int64)
    if (np.abs(g) > 1).any() or home.min() < 0 or home.max() >= g.size:
        raise ValueError("facets are columns, counted from 0, and none loads above 1 on the general factor")
    phi = np.outer(g, g)
    np.fill_diagonal(phi, 1.0)
    loadings = np.zeros((home.size, g.size))
    loadings[np.arange(home.size), home] = loading
    return loadings, phi


def thresholds_from(shares: ArrayLike) -> Matrix:
    """Return the thresholds that give answers these `shares` of the people (last axis), when means are 0.

    Examples
    --------
    >>> thresholds_from([0.25, 0.25, 0.5]).round(3).tolist()
    [-0.674, 0.0]
    """
    p = np.asarray(shares, dtype=np.float64)
    if (p <= 0).any() or not np.allclose(p.sum(axis=-1), 1.0):
        raise ValueError("the shares of the answers must be positive and add up to 1")
    return np.asarray(ndtri(np.cumsum(p, axis=-1)[..., :-1]), dtype=np.float64)


def _loadings(loadings: ArrayLike) -> Matrix:
    L = np.asarray(loadings, dtype=np.float64)
    L = L[:, np.newaxis] if L.ndim == 1 else L
    if L.ndim != 2 or L.size == 0 or not np.isfinite(L).all():  # noqa: PLR2004 - items by factors
        raise ValueError("loadings must be finite numbers, items by factors")
    return L


def _thresholds(thresholds: ArrayLike, k: int) -> Matrix:
    cuts = np.asarray(thresholds, dtype=np.float64)
    if cuts.ndim not in (1, 2) or cuts.shape[-1] == 0 or (np.diff(cuts, axis=-1) <= 0).any():
        raise ValueError("thresholds must be increasing: one row for all items, or one row per item")
    if cuts.ndim == 2 and cuts.shape[0] != k:  # noqa: PLR2004 - one row per item
        raise ValueError(f"there are {k} items but {cuts.shape[0]} rows of thresholds")
    return np.broadcast_to(cuts, (k, cuts.shape[-1]))


def _decompose(L: Matrix, phi: ArrayLike | None) -> tuple[Matrix, Matrix]:
    """Return a root of the factor correlations and the unique variances."""
    m = L.shape[1]
    correlations = np.eye(m) if phi is None else np.asarray(phi, dtype=np.float64)
    if correlations.shape != (m, m) or not np.allclose(correlations, correlations.T):
        raise ValueError(f"phi must be a symmetric {m} x {m} matrix of correlations")
    values, vectors = np.linalg.eigh(correlations)
    unique = 1.0 - np.einsum("im,mq,iq->i", L, correlations, L)
    if values[0] < -_ROUNDING or not np.allclose(np.diag(correlations), 1.0):
        raise ValueError("phi must be correlations: ones on the diagonal, no negative eigenvalue")
    if unique.min() < -_ROUNDING:
        raise ValueError(f"item {int(unique.argmin()) + 1} would have a communality above 1")
    # The symmetric root does not depend on the signs of eigenvectors, so a seed gives the same answers
    # everywhere.
    return (vectors * np.sqrt(values.clip(0.0))) @ vectors.T, unique.clip(0.0)


def _with_missing(answers: Answers, missing: Mapping[int, ArrayLike], rng: np.random.Generator) -> Answers:
    k = answers.shape[1]
    shares = np.array([np.broadcast_to(np.asarray(p, dtype=np.float64), k) for p in missing.values()])
    if (shares < 0).any() or (shares.sum(axis=0) > 1).any():
        raise ValueError("the probabilities of non-answers must be between 0 and 1, and add up to at most 1")
    draw = rng.random(answers.shape)
    below = np.zeros(k)
    kept = answers.copy()
    for code, share in zip(missing, shares, strict=True):
        kept[(draw >= below) & (draw < below + share)] = code
        below = below + share
    return kept
