"""Mokken scalability: how well items, pairs of items and the whole scale order people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from analysis.counts.joint import JointCounts, joint_counts
from analysis.estimate import (
    Matrix,
    PrintedTable,
    TableParts,
    Unavailable,
    as_matrix,
    complete_rows,
    divided,
    table,
)

Figure = TypeVar("Figure", float, Matrix)

_BLOCK: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Coefficients(Generic[Figure]):
    """Scalability with its standard error: one number, one per item, or one per pair of items."""

    value: Figure
    se: Figure | None


@dataclass(frozen=True, kw_only=True)
class Mokken(PrintedTable):
    """Scalability H of k items, of their pairs (k x k, 1 on the diagonal) and of the scale."""

    items: Coefficients[Matrix]
    pairs: Coefficients[Matrix]
    scale: Coefficients[float]
    n: int
    k: int
    categories: tuple[float, ...]
    names: tuple[str, ...]
    method: str

    def _rows(self) -> list[tuple[str, float, float | None]]:
        errors = [None] * self.k if self.items.se is None else self.items.se.tolist()
        rows: list[tuple[str, float, float | None]] = list(
            zip(self.names, self.items.value.tolist(), errors, strict=True)
        )
        return [*rows, ("scale", self.scale.value, self.scale.se)]

    def __str__(self) -> str:
        return f"n = {self.n}, k = {self.k}; {self.method}\n" + table(*self._table())

    def _table(self) -> TableParts:
        return ("item", "H", "se"), self._rows()


def mokken_scalability(
    X: ArrayLike | JointCounts, *, names: Sequence[str] | None = None
) -> Mokken | Unavailable:
    """Return Mokken's scalability coefficients H of items, pairs and scale, with standard errors.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none: rows with a missing answer are left out. Or joint counts;
        these lack what the standard errors of items and scale need, so those are None then, and each pair
        uses the rows that have both its answers.
    names
        Names of the items; counts bring their own.

    Returns
    -------
    Mokken or Unavailable
        Unavailable where fewer than 3 complete rows or 2 items remain, or where an item is constant, so that
        no covariance with it is possible.

    Notes
    -----
    H_ij = cov(X_i, X_j) / cov_max = 1 - F_ij / E_ij, the share of the highest covariance that the margins
    allow, where F_ij counts Guttman errors weighted by the item steps they violate and E_ij is what
    independence expects; H_i and H are ratios of the sums over the pairs of an item and over all. Standard
    errors are by the delta method from the multinomial distribution of the answers, the order of the item
    steps taken as it is (equal steps in either order alike). Equal to
    ``mokken::coefH(na.omit(x), se = TRUE)``.

    References
    ----------
    Mokken, R. J. (1971). A Theory and Procedure of Scale Analysis. De Gruyter.
    Kuijpers, R. E., van der Ark, L. A., & Croon, M. A. (2013). Standard errors and confidence intervals for
    scalability coefficients in Mokken scale analysis using marginal models. Sociological Methodology, 43,
    42-69.

    Examples
    --------
    >>> X = [[0, 0, 1], [0, 1, 1], [1, 0, 2], [1, 1, 2], [0, 0, 0], [1, 1, 1], [1, 0, 0]]
    >>> print(mokken_scalability(X))
    n = 7, k = 3; complete rows
    item        H     se
    item 1  0.391  0.362
    item 2  0.391  0.362
    item 3  0.500  0.250
    scale   0.432  0.267
    """
    if isinstance(X, JointCounts):
        return _scalability(X, None, "pairwise, joint counts")
    complete = complete_rows(as_matrix(X))
    return _scalability(joint_counts(complete, names=names), complete, "complete rows")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Errors:
    """Weighted Guttman errors of each pair of items: per cell of its table, observed and expected."""

    weight: Matrix  # k x k x c x c
    share: Matrix  # k x k x c x c: of the people in each cell
    observed: Matrix  # k x k
    expected: Matrix  # k x k
    row_mean: Matrix  # k x k x c: weight of an answer to the first item against all answers to the second


def _scalability(counts: JointCounts, rows: Matrix | None, method: str) -> Mokken | Unavailable:
    k, names = counts.k, counts.names or tuple(f"item {i + 1}" for i in range(counts.k))
    if k < 2:  # noqa: PLR2004 - scalability is of pairs
        return Unavailable(reason="too few items", detail=f"{k} item, at least 2 are needed")
    smallest = int(counts.pair_n.min())
    if smallest < 3:  # noqa: PLR2004 - the smallest sample with a standard error
        return Unavailable(reason="too few rows", detail=f"{smallest} rows with both answers, not 3")
    constant = _constant_items(counts)
    if constant:
        return Unavailable(reason="constant item", detail=", ".join(names[i] for i in constant))
    errors = _guttman_errors(counts)
    pairs = 1 - divided(errors.observed, errors.expected)
    F, E = errors.observed.sum(axis=1), errors.expected.sum(axis=1)
    of_items, of_scale = (None, None) if rows is None else _errors_of_sums(errors, counts, rows)
    return Mokken(
        items=Coefficients(value=1 - F / E, se=of_items),
        pairs=Coefficients(value=pairs, se=_errors_of_pairs(errors, counts)),
        scale=Coefficients(value=float(1 - F.sum() / E.sum()), se=of_scale),
        n=counts.n,
        k=k,
        categories=counts.categories,
        names=names,
        method=method,
    )


def _constant_items(counts: JointCounts) -> list[int]:
    """Return the items that are constant in the rows of any pair, so that they have no covariance there."""
    by_first = counts.tables.sum(axis=3)
    constant = ((by_first > 0).sum(axis=2) < 2).any(axis=1)  # noqa: PLR2004 - two answers make a difference
    return [int(i) for i in np.flatnonzero(constant)]


def _guttman_errors(counts: JointCounts) -> _Errors:
    k, c = counts.k, len(counts.categories)
    first = counts.tables.sum(axis=3)
    second = counts.tables.sum(axis=2)
    # Item step s is passed by an answer of s or above; the more popular step should be passed first.
    passed = first[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    other = second[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    ahead = passed[:, :, :, np.newaxis] - other[:, :, np.newaxis, :]
    before = np.where(ahead > 0, 1.0, np.where(ahead == 0, 0.5, 0.0))
    width = np.diff(np.array(counts.categories))
    size = np.outer(width, width)
    below = (np.arange(c)[:, np.newaxis] < np.arange(1, c)).astype(np.float64)
    above = 1 - below
    weight = below @ (size * before) @ above.T + above @ (size * (1 - before)) @ below.T
    weight[np.arange(k), np.arange(k)] = 0.0
    # Sums of whole answers are exact in any order, so the division by the number of rows comes last.
    n = counts.pair_n
    row_sum = np.einsum("ijab,ijb->ija", weight, second)
    return _Errors(
        weight=weight,
        share=counts.tables / n[:, :, np.newaxis, np.newaxis],
        observed=np.einsum("ijab,ijab->ij", weight, counts.tables) / n,
        expected=np.einsum("ija,ija->ij", row_sum, first) / (n * n),
        row_mean=row_sum / n[:, :, np.newaxis],
    )


def _errors_of_pairs(errors: _Errors, counts: JointCounts) -> Matrix:
    """Return standard errors of the pairs; a person's influence depends only on the cell of the table."""
    ratio = divided(errors.observed, errors.expected)[:, :, np.newaxis, np.newaxis]
    column_mean = errors.row_mean.transpose(1, 0, 2)
    expected = errors.row_mean[:, :, :, np.newaxis] + column_mean[:, :, np.newaxis, :]
    influence = ratio * expected - errors.weight - errors.observed[:, :, np.newaxis, np.newaxis]
    spread = np.einsum("ijab,ijab->ij", errors.share, influence**2)
    return np.sqrt(divided(spread, errors.expected**2 * counts.pair_n))


def _errors_of_sums(errors: _Errors, counts: JointCounts, rows: Matrix) -> tuple[Matrix, float]:
    """Return standard errors of items and scale; a person's influence depends on all their answers."""
    k, c = counts.k, len(counts.categories)
    F, E = errors.observed.sum(axis=1), errors.expected.sum(axis=1)
    weights = errors.weight.transpose(0, 2, 1, 3).reshape(k * c, k * c)
    own = errors.row_mean.sum(axis=1)
    others = errors.row_mean.transpose(0, 2, 1).reshape(k * c, k)
    of_items, of_scale = np.zeros(k), 0.0
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        answers = (block[:, :, np.newaxis] == np.array(counts.categories)).astype(np.float64)
        flat = answers.reshape(len(block), k * c)
        observed = np.einsum("nia,nia->ni", (flat @ weights).reshape(answers.shape), answers)
        expected = np.einsum("nia,ia->ni", answers, own) + flat @ others
        of_items += ((F / E * expected - observed - F) ** 2).sum(axis=0)
        scale = (F.sum() / E.sum() * expected - observed).sum(axis=1) - F.sum()
        of_scale += float(scale @ scale)
    n = len(rows)  # the sums count each pair twice, above and below the diagonal
    return np.sqrt(of_items) / (E * n), float(np.sqrt(of_scale) / (E.sum() * n))
