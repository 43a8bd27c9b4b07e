"""The likelihood of the cumulative logit model with its first and second derivatives, compiled."""

from math import exp, inf, log

import numpy as np

from analysis.counts.kernels import compiled
from analysis.estimate import Matrix


@compiled
def derivatives(  # noqa: C901 - one pass over the answers
    parameters: Matrix, counts: Matrix, X: Matrix, gradient: Matrix, information: Matrix
) -> float:
    """Return the log-likelihood; write its gradient and the observed information.

    Parameters
    ----------
    parameters
        c - 1 thresholds, then p slopes.
    counts, X
        u x c answers and u x p predictors.
    gradient, information
        Written: q = c - 1 + p numbers, and q x q.

    Returns
    -------
    float
        -inf where an answer that was given has no probability; what is written then is not to be used.

    Notes
    -----
    Category k lies between the edges k and k + 1, of which the first and the last are infinite. With a and b
    the density at its upper and lower edge over its probability, the log-probability has the derivatives a
    and -b by the edges and b - a by the linear predictor; second derivatives likewise. A small probability
    is the difference of the tails that it lies in.
    """
    u, c = counts.shape
    p, cuts = X.shape[1], counts.shape[1] - 1
    below, above = np.zeros(c + 1), np.zeros(c + 1)
    below[c] = above[0] = 1.0
    first, own, beside = np.zeros(c + 1), np.zeros(c + 1), np.zeros(c + 1)
    gradient[:] = 0.0
    information[:, :] = 0.0
    total = 0.0
    for row in range(u):
        predicted = 0.0
        for j in range(p):
            predicted += X[row, j] * parameters[cuts + j]
        for k in range(cuts):
            at = parameters[k] - predicted
            tail = exp(-abs(at))
            large, small = 1.0 / (1.0 + tail), tail / (1.0 + tail)
            below[k + 1], above[k + 1] = (large, small) if at >= 0 else (small, large)
        across = np.zeros(c + 1)
        slope, curvature = 0.0, 0.0
        for k in range(c):
            n = counts[row, k]
            if n == 0:
                continue
            upside = below[k] > above[k]
            cell = above[k] - above[k + 1] if upside else below[k + 1] - below[k]
            if not cell > 0:
                return -inf
            total += n * log(cell)
            a, b = below[k + 1] * above[k + 1] / cell, below[k] * above[k] / cell
            upper = a * (above[k + 1] - below[k + 1]) - a * a
            lower = b * (below[k] - above[k]) - b * b
            first[k + 1] += n * a
            first[k] -= n * b
            own[k + 1] += n * upper
            own[k] += n * lower
            beside[k] += n * a * b
            across[k + 1] += n * (upper + a * b)
            across[k] += n * (lower + a * b)
            slope += n * (b - a)
            curvature += n * (upper + 2.0 * a * b + lower)
        for j in range(p):
            gradient[cuts + j] += slope * X[row, j]
            for k in range(cuts):
                information[k, cuts + j] += across[k + 1] * X[row, j]
            for i in range(j + 1):
                information[cuts + i, cuts + j] -= curvature * X[row, i] * X[row, j]
    for k in range(cuts):
        gradient[k] = first[k + 1]
        information[k, k] = -own[k + 1]
    for k in range(1, cuts):
        information[k - 1, k] = -beside[k]
    information += np.triu(information, 1).T
    return total
