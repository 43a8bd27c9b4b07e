"""The bivariate normal distribution on grids of thresholds, for many pairs of items at once.

A pair of items has thresholds `h` (the rows of its table) and `k` (the columns) and a correlation `r`.
Every function takes stacks: `h` is pairs x a, `k` is pairs x b, `r` is pairs; what comes back is
pairs x a x b for the corners of the cells and pairs x (a + 1) x (b + 1) for the cells themselves.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

Array = NDArray[np.float64]
Sides = tuple[Array, Array, Array, Array]
"""The sides of cells: lower and upper value of X, lower and upper value of Y."""

INFINITE: Final = 9.0
"""A threshold that nobody passes: the normal probability beyond it vanishes next to one (1e-19)."""

_STEEP: Final = 0.925
_FINE_EDGES: Final = np.unique(
    np.concatenate([np.linspace(0, 1, 25), 0.5 ** np.arange(5, 36), 1 - 0.5 ** np.arange(5, 36)])
)
_NODES: Final = tuple(np.polynomial.legendre.leggauss(count) for count in (6, 12, 20))
_FINE: Final = (
    (_FINE_EDGES[:-1, None] + np.diff(_FINE_EDGES)[:, None] * (1 + _NODES[0][0]) / 2).ravel(),
    (np.diff(_FINE_EDGES)[:, None] * _NODES[0][1] / 2).ravel(),
)
_BLOCK: Final = 1 << 17  # nodes x corners computed together: as many as fit into a core's cache


def cumulative(h: Array, k: Array, r: Array) -> Array:
    """Return P(X <= h, Y <= k) of the standard bivariate normal with correlation `r`, to about 1e-15.

    Notes
    -----
    Drezner and Wesolowsky's integral over arcsin(r) by Gauss-Legendre quadrature with 6, 12 or 20 nodes
    as |r| is below 0.3, 0.75 or 0.925; beyond that, Genz's expansion around |r| = 1.

    References
    ----------
    Genz, A. (2004). Numerical computation of rectangular bivariate and trivariate normal and t
    probabilities. Statistics and Computing, 14, 251-260.
    """
    size = np.abs(r)
    kind = np.searchsorted([0.3, 0.75, _STEEP], size, side="right")
    below = np.empty((r.size, h.shape[1], k.shape[1]))
    for which in range(4):
        chosen = np.flatnonzero(kind == which)
        step = 1 + _BLOCK // (20 * h.shape[1] * k.shape[1] + 1)
        for start in range(0, chosen.size, step):
            at = chosen[start : start + step]
            if which < len(_NODES):
                below[at] = _by_arcsine(h[at], k[at], r[at], *_NODES[which])
            else:
                below[at] = _near_one(h[at], k[at], r[at])
    return below


def _by_arcsine(h: Array, k: Array, r: Array, x: Array, w: Array) -> Array:
    half = np.arcsin(r) / 2
    sine = np.sin(half[:, None] * (1 + x))
    inverse = 1 / (1 - sine * sine)
    product = (h[:, :, None] * k[:, None, :]).reshape(r.size, 1, -1)
    squares = ((h * h)[:, :, None] + (k * k)[:, None, :]).reshape(r.size, 1, -1) / 2
    exponent = (sine * inverse)[:, :, None] * product
    exponent -= inverse[:, :, None] * squares
    np.exp(exponent, out=exponent)
    weights = half[:, None] * w / (2 * np.pi)
    integral = np.matmul(weights[:, None, :], exponent).reshape(r.size, h.shape[1], k.shape[1])
    return np.asarray(integral + ndtr(h)[:, :, None] * ndtr(k)[:, None, :])


def _near_one(h: Array, k: Array, r: Array) -> Array:
    sign = np.where(r < 0, -1.0, 1.0)
    a, b = h[:, :, None], (k * sign[:, None])[:, None, :]
    rest = np.broadcast_to(((1 - r) * (1 + r))[:, None, None], np.broadcast_shapes(a.shape, b.shape))
    product, gap = a * b, (a - b) ** 2
    c, d = (4 - product) / 8, (12 - product) / 80
    root, distance = np.sqrt(rest), np.abs(a - b)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(rest > 0, gap / rest, np.where(gap > 0, np.inf, 0.0))
        tail = np.where(rest > 0, ndtr(-distance / root), np.where(gap > 0, 0.0, 0.5))
    inner = root * np.exp(-(ratio + product) / 2)
    inner *= 1 - c * (gap - rest) * (1 - d * gap) / 3 + c * d * rest * rest
    outer = np.exp(-product / 2) * np.sqrt(2 * np.pi) * tail * distance
    outer *= 1 - c * gap * (1 - d * gap) / 3
    total = outer - inner
    x, w = _NODES[-1]
    for node, weight in zip(x, w, strict=True):
        scaled = (root / 2 * (1 + node)) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(scaled > 0, gap / scaled, np.where(gap > 0, np.inf, 0.0))
        cosine = np.sqrt(1 - scaled)
        exact = np.exp(-product / 2 * scaled / (1 + cosine) ** 2) / cosine
        series = 1 + c * scaled * (1 + 5 * d * scaled)
        total += root / 2 * weight * np.exp(-(ratio + product) / 2) * (series - exact)
    upper = total / (2 * np.pi) + ndtr(np.minimum(a, b))
    return np.asarray(np.where(sign[:, None, None] < 0, ndtr(a) - upper, upper))


def density(h: Array, k: Array, r: Array) -> Array:
    """Return the bivariate normal density at the corners, which is also the derivative of P by r."""
    rest = ((1 - r) * (1 + r))[:, None, None]
    a, b = h[:, :, None], k[:, None, :]
    exponent = (r[:, None, None] * a * b - (a * a + b * b) / 2) / rest
    return np.asarray(np.exp(exponent) / (2 * np.pi * np.sqrt(rest)))


def density_slope(h: Array, k: Array, r: Array) -> Array:
    """Return the factor by which the density changes with r: d log(density) / d r (Olsson 1979)."""
    rho = r[:, None, None]
    rest = (1 - rho) * (1 + rho)
    a, b = h[:, :, None], k[:, None, :]
    return np.asarray((a * b + rho - rho * (a * a - 2 * rho * a * b + b * b) / rest) / rest)


def conditional(h: Array, k: Array, r: Array) -> Array:
    """Return the density of X at h times P(Y <= k | X = h): the derivative of P by h."""
    root = np.sqrt((1 - r) * (1 + r))[:, None, None]
    a, b = h[:, :, None], k[:, None, :]
    ordinate = np.exp(-a * a / 2) / np.sqrt(2 * np.pi)
    return np.asarray(ordinate * ndtr((b - r[:, None, None] * a) / root))


def cells(inner: Array, rows: Array, columns: Array) -> Array:
    """Return the probabilities of the cells from P at the inner corners and on the two margins."""
    pairs, a, b = inner.shape
    grid = np.zeros((pairs, a + 2, b + 2))
    grid[:, 1:-1, 1:-1] = inner
    grid[:, 1:-1, -1] = rows
    grid[:, -1, 1:-1] = columns
    grid[:, -1, -1] = 1
    return np.diff(np.diff(grid, axis=1), axis=2)


def spread(corners: Array) -> Array:
    """Return derivatives for the cells from those at the inner corners; the margins contribute nothing."""
    pairs, a, b = corners.shape
    grid = np.zeros((pairs, a + 1, b + 1))
    grid[:, :-1, :-1] = corners
    grid[:, 1:, :-1] -= corners
    grid[:, :-1, 1:] -= corners
    grid[:, 1:, 1:] += corners
    return grid


def log_rare(sides: Sides, r: Array) -> Array:
    """Return the logarithm of the probability of cells, however rare.

    Differences of `cumulative` have an error of about 1e-16, as large as a probability of that size. So here
    X is integrated over numerically, with more nodes towards the sides of its interval, and the probability
    of Y is taken in the smaller tail.
    """
    low, high, left, right = (side[:, None] for side in sides)
    rho = r[:, None]
    at = low + (high - low) * _FINE[0]
    root = np.sqrt((1 - rho) * (1 + rho))
    above, below = (right - rho * at) / root, (left - rho * at) / root
    above, below = np.where(below > 0, -below, above), np.where(below > 0, -above, below)
    upper = log_ndtr(above)
    chance = upper + np.log1p(-np.exp(np.minimum(log_ndtr(below) - upper, -1e-15)))
    terms = chance - at * at / 2 + np.log(_FINE[1] * (high - low) / np.sqrt(2 * np.pi))
    largest = terms.max(axis=1)
    return np.asarray(largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1)))


def rare_slopes(sides: Sides, r: Array) -> tuple[Array, Array]:
    """Return the first and second derivatives by r of rare cells, over their probability."""
    low, high, left, right = sides
    logarithm = log_rare(sides, r)
    rest = (1 - r) * (1 + r)
    first, second = np.zeros_like(r), np.zeros_like(r)
    for a, b, sign in ((high, right, 1), (low, right, -1), (high, left, -1), (low, left, 1)):
        height = (r * a * b - (a * a + b * b) / 2) / rest - logarithm
        share = np.where(np.maximum(np.abs(a), np.abs(b)) < INFINITE, np.exp(height), 0)
        share *= sign / (2 * np.pi * np.sqrt(rest))
        first += share
        second += share * density_slope(a[:, None], b[:, None], r)[:, 0, 0]
    return first, second
