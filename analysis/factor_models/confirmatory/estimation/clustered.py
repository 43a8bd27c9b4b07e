"""Asymptotic covariance of thresholds and polychoric correlations, where rows of a cluster are dependent."""

import numpy as np

from analysis.correlation import two_step as twostep
from analysis.correlation.polychoric import Polychoric
from analysis.counts.joint import joint_counts
from analysis.estimate import Matrix


def clustered_spread(rows: Matrix, found: Polychoric, clusters: Matrix) -> Matrix:
    """Return n times the covariance of a group's thresholds and correlations.

    Parameters
    ----------
    rows : n x k, those behind `found`
    found : the polychoric correlations
    clusters : the cluster of each row, numbered from nought

    Notes
    -----
    The influence of each row on the estimates (Muthen 1984), added up within clusters; the products of the
    sums times c / (c - 1) for c clusters.
    """
    counts = joint_counts(rows)
    i, j = np.triu_indices(counts.k, 1)
    pairs = twostep.prepare(counts.item_counts, counts.tables[i, j], i, j)
    moved = twostep.influence(pairs, found.r[i, j])
    values = np.array(counts.categories)
    codes = np.where(np.isnan(rows), len(values), np.searchsorted(values, np.nan_to_num(rows, nan=values[0])))
    member = clusters.astype(np.intp)
    count = int(member.max()) + 1
    sums: Matrix | None = None
    for start, influence in twostep.row_influence(codes.astype(np.uint8), pairs, moved, len(values)):
        inside = member[start : start + influence.shape[1]]
        if sums is None:
            sums = np.zeros((count, len(influence)))
        np.add.at(sums, inside, influence[:, : len(inside)].T)
    assert sums is not None
    return np.asarray(sums.T @ sums * len(rows) * count / (count - 1))
