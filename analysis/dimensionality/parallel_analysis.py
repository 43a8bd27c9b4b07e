"""Parallel analysis: which eigenvalues are larger than those of unrelated items by chance."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final, Literal, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.correlation.item_correlations import (
    Correlations,
    item_correlations,
    pairwise_correlations,
    unit_lengths,
)
from analysis.correlation.polychoric import of_unrelated, polychoric
from analysis.counts.joint import JointCounts, joint_counts
from analysis.estimate import (
    Matrix,
    Missing,
    PrintedTable,
    TableParts,
    Unavailable,
    as_answers,
    complete_rows,
    table,
)
from analysis.factor_models.extraction import residual_minimum, starts

SEED: Final = 1
BLOCK: Final = 100  # draws held in memory at once
NO_ANSWER: Final = -1
MOST_SHUFFLED: Final = 1_000_000  # rows of which joint counts are laid out, and shuffled, in every draw
ROUNDING: Final = 1e-10  # an eigenvalue has to exceed the reference by more than this

Answers = TypeVar("Answers", bound=NDArray[Any])
Basis = Literal["components", "factors"]
Chance = Literal["normal", "permuted"]


@dataclass(frozen=True, kw_only=True)
class ParallelAnalysis(PrintedTable):
    """Eigenvalues of the data beside those of unrelated items, largest first.

    `reference` holds the `quantile` of each eigenvalue over the draws, `mean` its mean. `n_factors` counts
    the observed values above the reference, up to the first that is not.
    """

    observed: Matrix
    reference: Matrix
    mean: Matrix
    n_factors: int
    basis: Basis
    quantile: float
    draws: int
    n: int
    k: int
    method: str

    def _table(self) -> TableParts:
        headers = [self.basis, "observed", "mean of chance", f"{self.quantile:.0%} of chance", "kept"]
        rows: list[list[object]] = [
            [
                j + 1,
                float(self.observed[j]),
                float(self.mean[j]),
                float(self.reference[j]),
                j < self.n_factors,
            ]
            for j in range(self.k)
        ]
        return headers, rows

    def __str__(self) -> str:
        return table(*self._table()) + f"\n{self.n_factors} kept; n = {self.n}, k = {self.k}; {self.method}"


def parallel_analysis(
    data: ArrayLike | JointCounts,
    *,
    n: int | None = None,
    basis: Basis = "components",
    correlation: Literal["pearson", "polychoric"] = "pearson",
    chance: Chance | None = None,
    draws: int = 100,
    quantile: float = 0.95,
    missing: Missing = "complete",
    rng: np.random.Generator | None = None,
) -> ParallelAnalysis | Unavailable:
    """Count the eigenvalues of the correlations that unrelated items would seldom reach.

    Parameters
    ----------
    data : n x k array (NaN for missing), JointCounts, or, with `n`, a correlation matrix
    n : number of rows behind a given correlation matrix
    basis : "components", the eigenvalues of the correlations, or "factors", those of the correlations with
        the communalities of one minres factor in the diagonal
        Components give the right number more often (Auerswald & Moshagen, 2019).
    correlation : "pearson" or "polychoric"; the same for the data and for chance
    chance : how unrelated items are drawn
        "normal" draws the correlation matrices of n normal rows from their exact distribution, without the
        rows; "permuted" shuffles the answers of each item, which keeps their distributions. By default
        normal for product-moment correlations, permuted for polychoric ones, which need categories. Of joint
        counts of more than a million rows no rows are shuffled: the table of each pair is drawn from the
        products of the two items' shares, which gives the same reference to about 1/n.
    draws, quantile : number of draws, and the point of their distribution that has to be passed
    missing : "complete" rows or "pairwise"; joint counts are always pairwise
    rng : by default a generator of seed 1

    Returns
    -------
    ParallelAnalysis, or Unavailable as for the correlations themselves.

    Raises
    ------
    ValueError
        A word is none of those offered; a correlation matrix is to be compared with other than normal draws,
        or polychoric correlations with normal ones; no draws, or a quantile that is not between 0 and 1.

    Notes
    -----
    The number is the largest m with λ_j > q_j for every j ≤ m: λ_j the eigenvalues of the data in falling
    order, q_j the quantile of the j-th eigenvalue of the draws.

    The matrix of squares and products of normal rows is A A' with A lower triangular, normal numbers below
    the diagonal and chi of n - 1, n - 2, ... degrees of freedom on it (Bartlett's decomposition): so the time
    is that of the eigenvalues. Equals, but for chance, psych's ``fa.parallel(x, fm = "minres", quant =
    .95)``: `n_factors` its ncomp, with basis "factors" its nfact. With 100 draws the standard error of a 95 %
    point is about a fifth of the eigenvalue's standard deviation.

    References
    ----------
    Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis. Psychometrika, 30,
    179-185.
    Auerswald, M., & Moshagen, M. (2019). How to determine the number of factors to retain in exploratory
    factor analysis. Psychological Methods, 24, 468-491.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    >>> parallel_analysis(R, n=200).n_factors
    1
    """
    chance = chance or ("permuted" if correlation == "polychoric" else "normal")
    _check(basis, correlation, chance, draws, quantile)
    if n is not None and (correlation, chance) != ("pearson", "normal"):
        raise ValueError(
            "a correlation matrix knows no answers: with n only pearson and normal draws are possible"
        )
    if correlation == "polychoric" and chance == "normal":
        raise ValueError("normal draws have no categories: polychoric correlations need permuted ones")
    found = _observed(data, n, correlation, missing)
    if isinstance(found, Unavailable):
        return found
    said = "given generator" if rng is not None else f"seed {SEED}"
    rng = rng or np.random.default_rng(SEED)
    if chance == "permuted" and isinstance(data, JointCounts) and data.n > MOST_SHUFFLED:
        matrices = _drawn_tables(data, correlation, draws, rng)
    elif chance == "normal":
        matrices = _wishart_correlations(found.n, found.k, draws, rng)
    elif correlation == "pearson":
        matrices = _permuted_pearson(_answers(data, missing, rng), draws, rng)
    else:
        matrices = _permuted_polychoric(_answers(data, missing, rng), draws, rng)
    observed = _eigenvalues(found.R[None], basis)
    if not len(observed):
        return Unavailable(reason="did not converge", detail="one factor for the communalities")
    drawn = np.concatenate([observed[:0], *(_eigenvalues(block, basis) for block in matrices)])
    if not len(drawn):
        detail = f"in each of {draws} draws, among the rows that answered some pair"
        return Unavailable(reason="constant item", detail=detail)
    reference = np.quantile(drawn, quantile, axis=0)
    return ParallelAnalysis(
        observed=observed[0],
        reference=reference,
        mean=drawn.mean(axis=0),
        n_factors=int(np.cumprod(observed[0] > reference + ROUNDING).sum()),
        basis=basis,
        quantile=quantile,
        draws=len(drawn),
        n=found.n,
        k=found.k,
        method=f"{basis}, {found.method}; {len(drawn)} {chance} draws, {said}",
    )


def _check(basis: str, correlation: str, chance: str, draws: int, quantile: float) -> None:
    allowed = {"components", "factors"}, {"pearson", "polychoric"}, {"normal", "permuted"}
    for value, names in zip((basis, correlation, chance), allowed, strict=True):
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(sorted(names))}")
    if draws < 1 or not 0 < quantile < 1:
        raise ValueError(f"at least one draw and a quantile between 0 and 1, not {draws} and {quantile}")


def _observed(
    data: ArrayLike | JointCounts, n: int | None, correlation: str, missing: Missing
) -> Correlations | Unavailable:
    if correlation == "pearson":
        return item_correlations(data, n=n, missing=missing)
    found = polychoric(data, missing=missing, se=False)
    return found if isinstance(found, Unavailable) else item_correlations(found)


def _answers(data: ArrayLike | JointCounts, missing: Missing, rng: np.random.Generator) -> Matrix:
    """Return rows whose items have the data's distributions: the rows themselves, or the counts laid out."""
    if not isinstance(data, JointCounts):
        X = as_answers(data)
        return complete_rows(X) if missing == "complete" else X
    laid_out = np.full((data.n, data.k), np.nan)
    for item, counts in enumerate(data.item_counts):
        laid_out[: counts.sum(), item] = np.repeat(data.categories, counts)
    return rng.permuted(laid_out, axis=0)  # so that missing answers of items fall in different rows


def _wishart_correlations(n: int, k: int, draws: int, rng: np.random.Generator) -> Iterator[Matrix]:
    """Correlations of k independent normal items over n rows, by Bartlett's decomposition."""
    below = np.tril_indices(k, -1)
    freedom = n - 1 - np.arange(k)
    for first in range(0, draws, BLOCK):
        size = min(BLOCK, draws - first)
        if freedom[-1] > 0:
            A = np.zeros((size, k, k))
            A[:, below[0], below[1]] = rng.standard_normal((size, len(below[0])))
            A[:, np.arange(k), np.arange(k)] = np.sqrt(rng.chisquare(freedom, (size, k)))
        else:  # fewer rows than items: drawing the rows themselves takes less time
            A = rng.standard_normal((size, k, n - 1))
        A /= np.sqrt(np.square(A).sum(axis=2, keepdims=True))
        yield A @ A.transpose(0, 2, 1)


def _drawn_tables(
    counts: JointCounts, correlation: str, draws: int, rng: np.random.Generator
) -> Iterator[Matrix]:
    """Correlations of tables in which the answers to any two items are independent."""
    shares = counts.item_counts / np.maximum(counts.item_counts.sum(axis=1, keepdims=True), 1)
    tables = np.zeros_like(counts.tables)
    items = np.arange(counts.k)
    tables[items, items] = counts.tables[items, items]
    for _ in range(draws):
        for i, j in combinations(range(counts.k), 2):
            cells = rng.multinomial(counts.pair_n[i, j], np.outer(shares[i], shares[j]).ravel())
            tables[i, j] = cells.reshape(tables[i, j].shape)
            tables[j, i] = tables[i, j].T
        drawn = replace(counts, tables=tables.copy())
        if correlation == "pearson":
            yield drawn.correlation[None]
            continue
        found = of_unrelated(drawn)
        if not isinstance(found, Unavailable):
            yield found[None]


def _permuted_pearson(X: Matrix, draws: int, rng: np.random.Generator) -> Iterator[Matrix]:
    answered = ~np.isnan(X)
    if not answered.all():
        for _ in range(draws):
            drawn = pairwise_correlations(_shuffled(X, answered, rng))
            if not np.isnan(drawn).any():  # by chance an item may not vary among the rows of a pair
                yield drawn[None]
        return
    lengths = unit_lengths(X)
    for _ in range(draws):
        shuffled = _shuffled(lengths, answered, rng)
        yield (shuffled.T @ shuffled)[None]


def _permuted_polychoric(X: Matrix, draws: int, rng: np.random.Generator) -> Iterator[Matrix]:
    answered = ~np.isnan(X)
    values = np.unique(X[answered])
    codes = np.where(answered, np.searchsorted(values, X), NO_ANSWER).astype(np.int8).T.copy()

    def drawn(stream: np.random.Generator) -> Matrix | None:
        found = of_unrelated(joint_counts(_shuffled_codes(codes, stream).T, missing=(NO_ANSWER,)))
        return None if isinstance(found, Unavailable) else found[None]

    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(workers) as pool:
        yield from (R for R in pool.map(drawn, rng.spawn(draws)) if R is not None)


def _shuffled(X: Answers, answered: NDArray[np.bool_], rng: np.random.Generator) -> Answers:
    """Shuffle each item's answers among the rows that answered it."""
    if answered.all():
        return cast(Answers, rng.permuted(X, axis=0))
    shuffled = X.copy()
    for item, places in enumerate(answered.T):
        shuffled[places, item] = rng.permutation(X[places, item])
    return shuffled


def _shuffled_codes(codes: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int8]:
    """Shuffle each item's codes, items x rows, among the rows that answered it.

    Each answer gets a random number whose last bits are its code; sorting these takes a third of the time of
    exchanging answers one by one.
    """
    bits = max(int(codes.max()).bit_length(), 1)
    drawn = rng.integers(0, 2**32, codes.shape, dtype=np.uint32) >> bits << bits
    drawn |= codes.astype(np.uint32) & (2**bits - 1)
    if codes.min() != NO_ANSWER:
        drawn.sort(axis=1)
        return np.asarray((drawn & (2**bits - 1)).astype(np.int8))
    shuffled = codes.copy()
    for keys, given, out in zip(drawn, codes != NO_ANSWER, shuffled, strict=True):
        out[given] = np.sort(keys[given]) & (2**bits - 1)
    return shuffled


def _eigenvalues(R: Matrix, basis: Basis) -> Matrix:
    """Return the eigenvalues of each matrix, largest first, of factors without those that do not converge."""
    if basis == "components":
        return _descending(R)
    reduced = [reduced for one in R if (reduced := _reduced(one)) is not None]
    return _descending(np.array(reduced).reshape(-1, *R.shape[1:]))


def _descending(matrices: Matrix) -> Matrix:
    values: Matrix = np.linalg.eigvalsh(matrices)[:, ::-1].astype(np.float64, copy=False)
    return values


def _reduced(R: Matrix) -> Matrix | None:
    """Put the communalities of one factor in the diagonal."""
    one_factor = residual_minimum(R, 1, starts(R)[0])
    if one_factor is None:
        return None
    reduced = R.copy()
    np.fill_diagonal(reduced, one_factor.communalities)
    return reduced
