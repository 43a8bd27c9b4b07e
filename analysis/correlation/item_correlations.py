"""Correlations of items for the analysis of dimensions: computed from rows or joint counts, or given."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.correlation.polychoric import Polychoric
from analysis.counts.joint import JointCounts
from analysis.estimate import Matrix, Missing, Unavailable, as_answers, as_matrix, complete_rows
from analysis.linear_algebra.exact import cross_products, whole
from analysis.linear_algebra.roots import Root, root_of
from analysis.moments import moments

FEWEST_ROWS: Final = 3
SINGULAR: Final = 1e-11  # eigenvalues of a correlation matrix below this may be rounding error


@dataclass(frozen=True, kw_only=True)
class Correlations:
    """Correlations of k items from n rows, and how missing answers were treated.

    `no_inverse` says why figures made of the inverse or the determinant of `R` are unavailable although `R`
    has both: constants of this code (a repair, a bound) would decide them. `notes` are what else a reader
    should know. `rows` are the complete rows, where they are known: near singularity they have digits that
    `R` has lost.
    """

    R: Matrix
    n: int
    names: tuple[str, ...]
    method: str
    no_inverse: Unavailable | None = None
    notes: tuple[str, ...] = ()
    rows: Matrix | None = field(default=None, repr=False)

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.R)

    @property
    def smallest_eigenvalue(self) -> float:
        """Not positive where items are linearly dependent, or where pairs of rows contradict each other."""
        return float(self.root.eigenvalues[0])

    @property
    def inverse(self) -> Matrix:
        """The inverse of correlations whose smallest eigenvalue is positive."""
        half = self.root.inverse
        inverse: Matrix = half @ half.T
        return inverse

    @property
    def log_determinant(self) -> float:
        """The logarithm of the determinant, where the smallest eigenvalue is positive."""
        return float(np.log(self.root.eigenvalues).sum())

    @cached_property
    def root(self) -> Root:
        """Eigenvalues and eigenvectors, from the rows where `R` is nearly singular."""
        return root_of(self.R, self.rows)


Items = ArrayLike | JointCounts | Polychoric | Correlations


def item_correlations(
    data: Items, *, n: int | None = None, missing: Missing = "complete"
) -> Correlations | Unavailable:
    """Return the correlations of the items: product-moment, or those given.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, Polychoric, or, with `n`, a k x k correlation matrix
        Of polychoric correlations the repaired matrix is taken where there is one. Correlations are returned
        as they are.
    n : the number of rows behind a given correlation matrix
    missing : "complete" uses rows without a missing answer, "pairwise" all rows that answered a pair
        Joint counts know pairs alone and are always pairwise.

    Returns
    -------
    Correlations, or Unavailable
        where fewer than two items or three rows (of a pair) are left, or an item does not vary.

    Notes
    -----
    As R's ``cor(x, use = "complete.obs")`` and ``cor(x, use = "pairwise")``; with pairwise correlations `n`
    is the number of all rows, as psych has it.
    """
    if missing not in {"complete", "pairwise"}:
        raise ValueError(f'missing must be "complete" or "pairwise", not {missing!r}')
    if n is not None:
        return _given(data, n)
    if isinstance(data, Polychoric | Correlations):
        return data if isinstance(data, Correlations) else _of_polychoric(data)
    if isinstance(data, JointCounts):
        return _of_counts(data)
    X = as_answers(data)
    names = _names(X.shape[1])
    if len(names) < 2:  # noqa: PLR2004 - a correlation needs two
        return _too_few_items(names)
    if not np.isnan(X).any():
        return _of_complete(X, names)
    return _of_pairs(X, names) if missing == "pairwise" else _of_complete(complete_rows(X), names)


def _of_complete(X: Matrix, names: tuple[str, ...]) -> Correlations | Unavailable:
    if not len(X):
        return Unavailable(reason="no complete rows")
    if len(X) < FEWEST_ROWS:
        return Unavailable(reason="too few rows", detail=f"{len(X)} complete")
    found = moments(X)
    if isinstance(found, Unavailable):
        return found
    if found.constant.any():
        return Unavailable(reason="constant item", detail=_listed(names, found.constant))
    R = _tidy(found.correlation)
    return Correlations(R=R, n=len(X), names=names, method="Pearson, complete rows", rows=X)


def _of_polychoric(found: Polychoric) -> Correlations:
    said = ", repaired" if found.repaired is not None else ""
    said += ", pairs at the bound" if found.at_bound else ""
    return Correlations(
        R=_tidy(found.definite),
        n=found.n,
        names=found.names,
        method=f"polychoric{said}",
        no_inverse=found.no_inverse,
        notes=found.notes[1:],
    )


def unit_lengths(X: Matrix) -> Matrix:
    """Centre each item to length 1, so that the product of two is their correlation; constant ones to 0."""
    unit = _from_lowest(X, X.min(axis=0), X.max(axis=0))
    unit -= unit.mean(axis=0)
    lengths = np.sqrt(np.einsum("ij,ij->j", unit, unit))
    unit /= np.where(lengths > 0, lengths, 1)
    return unit


def _given(data: Items, n: int) -> Correlations | Unavailable:
    if isinstance(data, JointCounts | Polychoric | Correlations):
        raise ValueError(  # noqa: TRY004 - it is n that is wrong here
            "these data know their n; give n with a correlation matrix alone"
        )
    R = as_matrix(data)
    if R.shape[0] != R.shape[1]:
        raise ValueError(
            f"with n given, a k x k correlation matrix is expected, not {R.shape[0]} x {R.shape[1]}"
        )
    if not np.allclose(R, R.T, atol=1e-8) or not np.allclose(np.diag(R), 1, atol=1e-8):
        raise ValueError("a correlation matrix is symmetric, without missing values, with 1 on its diagonal")
    if (np.abs(R) > 1 + 1e-8).any():
        raise ValueError("a correlation lies between -1 and 1")
    if len(R) < 2:  # noqa: PLR2004 - a correlation needs two
        return _too_few_items(_names(len(R)))
    if n < FEWEST_ROWS:
        return Unavailable(reason="too few rows", detail=f"n = {n}")
    return Correlations(R=_tidy((R + R.T) / 2), n=int(n), names=_names(len(R)), method="given correlations")


def _of_counts(counts: JointCounts) -> Correlations | Unavailable:
    names = counts.names or _names(counts.k)
    if counts.k < 2:  # noqa: PLR2004 - a correlation needs two
        return _too_few_items(names)
    problem = _thin_pair(counts.pair_n, names) or _flat_pair(counts.correlation, names)
    if problem:
        return problem
    how = "complete rows" if counts.complete else "pairwise"
    return Correlations(R=_tidy(counts.correlation), n=counts.n, names=names, method=f"Pearson, {how}")


def _of_pairs(X: Matrix, names: tuple[str, ...]) -> Correlations | Unavailable:
    answered = ~np.isnan(X)
    pair_n = answered.T.astype(np.float64) @ answered
    problem = _thin_pair(pair_n, names)
    if problem:
        return problem
    R = pairwise_correlations(X)
    return _flat_pair(R, names) or Correlations(R=R, n=len(X), names=names, method="Pearson, pairwise")


def pairwise_correlations(X: Matrix) -> Matrix:
    """Return correlations over the rows that answered both items; NaN where one does not vary there."""
    answered = ~np.isnan(X)
    filled = np.where(answered, _from_lowest(X, np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)), 0)
    weight = answered.astype(np.float64)
    n, x = cross_products(weight, weight), cross_products(filled, weight)
    xx = cross_products(np.square(filled), weight)
    squares = xx - x * x / np.maximum(n, 1)
    squares[squares <= 1e-12 * np.diag(xx)[:, None]] = 0
    spread = np.sqrt(squares * squares.T)
    cross = cross_products(filled, filled) - x * x.T / np.maximum(n, 1)
    R = np.divide(cross, spread, out=np.full(cross.shape, np.nan), where=spread > 0)
    np.fill_diagonal(R, np.where(np.diag(spread) > 0, 1, np.nan))
    clipped: Matrix = np.clip(R, -1, 1)
    return clipped


def _from_lowest(X: Matrix, low: Matrix, high: Matrix) -> Matrix:
    """Subtract each item's lowest answer, so that no digits cancel; NaN stays NaN.

    Whole answers keep their units, in which sums are exact; others are scaled to 0..1.
    """
    moved: Matrix = X - low
    if not whole(np.nan_to_num(moved)):
        moved /= np.where(high > low, high - low, 1)
    return moved


def _thin_pair(pair_n: NDArray[np.float64] | NDArray[np.int64], names: tuple[str, ...]) -> Unavailable | None:
    i, j = np.unravel_index(int(np.argmin(pair_n)), pair_n.shape)
    if pair_n[i, j] >= FEWEST_ROWS:
        return None
    return Unavailable(
        reason="too few rows", detail=f"{int(pair_n[i, j])} answered {names[i]} and {names[j]}"
    )


def _flat_pair(R: Matrix, names: tuple[str, ...]) -> Unavailable | None:
    """Say which item is constant, throughout or among the rows of a pair."""
    constant = np.isnan(np.diag(R))
    if constant.any():
        return Unavailable(reason="constant item", detail=_listed(names, constant))
    if np.isnan(R).any():
        i, j = np.argwhere(np.isnan(R))[0]
        return Unavailable(
            reason="constant item", detail=f"among the rows that answered {names[i]} and {names[j]}"
        )
    return None


def _tidy(R: Matrix) -> Matrix:
    """Remove rounding errors, such as diagonals of 1 - 1e-16 and correlations of 1 + 1e-16."""
    tidy: Matrix = np.clip(R, -1, 1)
    np.fill_diagonal(tidy, 1)
    return tidy


def _too_few_items(names: tuple[str, ...]) -> Unavailable:
    return Unavailable(reason="too few items", detail=f"{len(names)} given, at least 2 needed")


def _names(k: int) -> tuple[str, ...]:
    return tuple(f"item {j + 1}" for j in range(k))


def _listed(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> str:
    return ", ".join(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
