"""Variances of thresholds and polychoric correlations from joint counts, which give no covariances."""

import numpy as np

from analysis.correlation import two_step
from analysis.correlation.polychoric import Polychoric, pairs_of
from analysis.counts.joint import JointCounts
from analysis.estimate import Matrix


def variances(counts: JointCounts, found: Polychoric) -> Matrix:
    """Return the variance of every threshold, item by item, and of every correlation.

    It is the diagonal of the covariance matrix that rows would give: a threshold is moved by one answer of a
    row and a correlation by two, so that tables of pairs have all that is needed. How two correlations move
    together rests on four answers and cannot be had.

    Parameters
    ----------
    counts : the joint counts
    found : their polychoric correlations

    Returns
    -------
    Matrix
        One variance for each estimate, in lavaan's order, as `Polychoric.acov` has them.
    """
    pairs = pairs_of(counts)
    upper = np.triu_indices(counts.k, 1)
    moved = two_step.influence(pairs, found.r[upper])
    of_items = [
        np.einsum("a,at->t", margin, influence[:-1, : used - 1] ** 2)
        for margin, influence, used in zip(pairs.margins, moved.items, pairs.used, strict=True)
    ]
    of_pairs = two_step.standard_errors(pairs, moved) ** 2
    return np.concatenate([*of_items, of_pairs]) * counts.n / (counts.n - 1)
