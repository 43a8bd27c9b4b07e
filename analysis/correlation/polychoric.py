"""Polychoric and tetrachoric correlations, with thresholds, standard errors and their covariance."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.correlation import two_step
from analysis.correlation.full_likelihood import joint
from analysis.correlation.nearest import is_definite, nearest_correlation
from analysis.correlation.two_step import BOUND, Correction, Flags, Pairs
from analysis.counts.joint import JointCounts, joint_counts
from analysis.estimate import (
    Matrix,
    Missing,
    PrintedTable,
    TableParts,
    Unavailable,
    as_answers,
    complete_rows,
    html_table,
    table,
)

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Polychoric(PrintedTable):
    """Polychoric correlations of k items, and how they were reached.

    Attributes
    ----------
    r : k x k, as estimated
    thresholds : for each item, one threshold fewer than the categories it uses
    se : k x k standard errors of `r`, zero on the diagonal; None if not asked for
    acov : covariance matrix of the estimates, None if not asked for
        First the thresholds of item 1, of item 2, and so on, then the correlations in the order of
        ``numpy.triu_indices(k, 1)``: r12, r13, ..., r1k, r23, ... This is lavaan's order.
    repaired : the nearest positive definite correlation matrix where `r` is none, otherwise None
    n, pair_n : rows, and the rows behind each correlation (on the diagonal, behind an item's thresholds)
    categories : for each item, the answers that it uses
    correct : the rule for empty cells
    empty : the pairs whose table has an empty cell
    at_bound : the pairs whose likelihood still rises at 0.999 in size, where `r` therefore stands
        Their `se` is the value of the formula at the bound and says nothing of their precision.
    names : the items
    method : what was done, in words
    """

    r: Matrix
    thresholds: tuple[Matrix, ...]
    se: Matrix | None
    acov: Matrix | None
    repaired: Matrix | None
    n: int
    pair_n: NDArray[np.int64]
    categories: tuple[tuple[float, ...], ...]
    correct: Correction
    empty: tuple[Pair, ...]
    at_bound: tuple[Pair, ...]
    names: tuple[str, ...]
    method: str

    @property
    def definite(self) -> Matrix:
        """The correlations, repaired where needed, so that a factor analysis can use them."""
        return self.r if self.repaired is None else self.repaired

    @property
    def no_inverse(self) -> Unavailable | None:
        """Why figures made of the inverse are unavailable: a repair or a bound would decide them."""
        if self.repaired is not None:
            detail = (
                "the polychoric correlations are not positive definite, and it would rest on how far from "
                "singular they are made"
            )
            return Unavailable(reason="not defined", detail=detail)
        if self.at_bound:
            i, j = self.at_bound[0]
            detail = (
                f"the polychoric correlation of {self.names[i]} and {self.names[j]} has no maximum below 1, "
                f"and it would rest on the bound of {BOUND} where it stands"
            )
            return Unavailable(reason="not defined", detail=detail)
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of these figures should know about them."""
        said = [f"n = {self.n}; {self.method}"]
        if self.empty:
            k = len(self.names)
            said.append(f"{len(self.empty)} of {k * (k - 1) // 2} tables have an empty cell")
        if self.at_bound:
            pairs = "; ".join(f"{self.names[i]} and {self.names[j]}" for i, j in self.at_bound)
            said.append(f"at the bound, without a usable standard error: {pairs}")
        if self.repaired is not None:
            least, change = np.linalg.eigvalsh(self.r)[0], np.abs(self.repaired - self.r).max()
            said.append(
                f"not positive definite (smallest eigenvalue {least:.2g}): the nearest matrix that is "
                f"differs from it by up to {change:.2g}"
            )
        return tuple(said)

    def _table(self) -> TableParts:
        rows = [[name, *map(float, row)] for name, row in zip(self.names, self.r, strict=True)]
        return ["", *self.names], rows

    def __str__(self) -> str:
        return "\n".join([table(*self._table()), *self.notes])

    def _repr_html_(self) -> str:
        return html_table(*self._table()) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def polychoric(
    X: ArrayLike | JointCounts,
    *,
    categories: Sequence[float] | None = None,
    missing: Missing = "pairwise",
    correct: Correction = "lavaan",
    method: Literal["two-step", "joint"] = "two-step",
    se: bool = True,
    acov: bool = False,
    names: Sequence[str] | None = None,
) -> Polychoric | Unavailable:
    r"""Estimate the polychoric correlations of ordinal items (tetrachoric where items are binary).

    The correlation that two normal variables would have if each item were one of them, cut into
    categories at fixed thresholds.

    Parameters
    ----------
    X : n x k array with NaN for missing, or joint counts
    categories : the answers there can be; by default those that occur
        An item need not use them all: each has thresholds between the categories that it does use.
    missing : "pairwise", so that each table has the rows that answer both items, or "complete" rows only
        Counts hold no rows: where answers are missing they are used pair by pair, whatever `missing` says.
    correct : what is done about empty cells
        ``"lavaan"``: in a 2 x 2 table with one empty cell, 0.5 is moved into it with the margins kept;
        with an empty diagonal, r is 1 or -1; larger tables are left alone.
        ``"psych"``: psych's ``correct=.5``, which acts only where items differ in their highest answer:
        0.5 stands in each empty cell, and each pair has the thresholds of its own table.
        A number stands in every empty cell; 0 leaves every table alone.
    method : two steps, or thresholds and r of each pair together (their thresholds are then its own, and
        `correct` must be 0)
    se : whether to compute standard errors
    acov : whether to compute the covariance matrix of all estimates, which needs two steps and rows
    names : names of the items; counts bring their own

    Returns
    -------
    Polychoric
        Or Unavailable: fewer than two items, fewer than three rows, an item without variation, or two
        items that no row answers together.

    Notes
    -----
    Two steps (Olsson 1979): thresholds from each item's margin, τ_a = Φ⁻¹(n(≤ a) / n), then for each pair
    the r that maximises Σ_ab n_ab log P_ab(r). Where that still rises at 0.999 in size, as for two copies of
    an item, r stands there, as lavaan's does, and the pair is in `at_bound`.

    Each row moves the estimates by its influence: the inverse of the (block triangular) information times
    the row's scores. `acov` is the sum over rows of the products of influences, times n / (n - 1), and
    `se` the root of its diagonal (Muthen 1984). The influence on r depends on two answers, so that standard
    errors need counts only. With pairwise deletion a score that needs a missing answer is zero.

    Equals R's ``lavaan::lavCor(x, ordered = names(x), missing = "pairwise", output = "fit",
    se = "robust.sem")``, with complete rows ``missing = "listwise"``; `acov` is its
    ``lavInspect(fit, "gamma")`` divided by n - 1. lavaan takes no cell to be less probable than 1.5e-8, so
    that an answer far off all others weighs less there; here every cell has its own probability.

    With ``correct=0`` equals ``psych::polychoric(x, correct = 0, smooth = FALSE)``, except beside an empty
    cell of a 2 x 2 table, where the likelihood is flat and psych's search stops on the way to the bound.
    With ``method="joint"`` equals ``polycor::polychor(x, y, ML = TRUE, std.err = TRUE)`` where polycor's
    search reaches the maximum.

    References
    ----------
    Muthen, B. (1984). A general structural equation model with dichotomous, ordered categorical, and
    continuous latent variable indicators. Psychometrika, 49, 115-132.
    Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient.
    Psychometrika, 44, 443-460.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[1, 1], [1, 2], [2, 1], [2, 2]], [40, 10, 10, 40], axis=0)
    >>> found = polychoric(X)
    >>> round(float(found.r[0, 1]), 6)  # sin(2 pi (0.4 - 0.25)), as both thresholds are zero
    0.809017
    """
    _check(X, missing, correct, method, acov=acov)
    rows, counts = _counted(X, categories, missing, names)
    names = counts.names or tuple(f"item {i + 1}" for i in range(counts.k))
    if (why := _unsuitable(counts, names, apart=method == "joint" or correct == "psych")) is not None:
        return why
    pairs = pairs_of(counts)
    r = two_step.correlations(pairs, correct)
    errors: Matrix | None = None
    spread: Matrix | None = None
    if method == "joint":
        r, errors, settled = joint(two_step.apart(pairs.tables), r)
        if not settled.all():
            a, b = _named(pairs, ~settled)[0]
            return Unavailable(reason="did not converge", detail=f"{names[a]} and {names[b]}")
    elif se or acov:
        errors, spread = _precision(pairs, r, counts, rows if acov else None)
    matrix = symmetric(r, counts.k, 1.0)
    return Polychoric(
        r=matrix,
        thresholds=tuple(tau[: used - 1] for tau, used in zip(pairs.thresholds, pairs.used, strict=True)),
        se=symmetric(errors, counts.k, 0.0) if se and errors is not None else None,
        acov=spread,
        repaired=None if is_definite(matrix) else nearest_correlation(matrix),
        n=counts.n,
        pair_n=counts.pair_n,
        categories=_used(counts),
        correct=correct if method == "two-step" else 0,
        empty=_named(pairs, pairs.empty),
        at_bound=_named(pairs, np.abs(r) >= BOUND),
        names=names,
        method=_words(correct, method, complete=counts.complete),
    )


def of_unrelated(counts: JointCounts) -> Matrix | Unavailable:
    """Return the correlations, k x k and definite, that `polychoric` would, for items shuffled by chance.

    To about 1e-8, far below what chance adds, in half the time.
    """
    names = counts.names or tuple(f"item {i + 1}" for i in range(counts.k))
    if (why := _unsuitable(counts, names, apart=False)) is not None:
        return why
    matrix = symmetric(two_step.correlations(pairs_of(counts), "lavaan", unrelated=True), counts.k)
    return matrix if is_definite(matrix) else nearest_correlation(matrix)


def tetrachoric(
    X: ArrayLike | JointCounts,
    *,
    missing: Missing = "pairwise",
    correct: Correction = "lavaan",
    se: bool = True,
    acov: bool = False,
) -> Polychoric | Unavailable:
    """Estimate the tetrachoric correlations of binary items: polychoric ones with one threshold each.

    Parameters
    ----------
    X, missing, correct, se, acov : as in `polychoric`

    Returns
    -------
    Polychoric
        Or Unavailable, as from `polychoric`.

    Raises
    ------
    ValueError
        An item has more than two categories.

    Notes
    -----
    The r at which Φ₂(τ₁, τ₂, r) = p₀₀, the share of people below both thresholds, the thresholds being those
    of the margins. Equals ``lavaan::lavCor(x, ordered = names(x))``, as `polychoric` does.

    References
    ----------
    Pearson, K. (1900). On the correlation of characters not quantitatively measurable. Philosophical
    Transactions of the Royal Society A, 195, 1-47.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], [40, 10, 10, 40], axis=0)
    >>> round(float(tetrachoric(X).r[0, 1]), 6)
    0.809017
    """
    found = polychoric(X, missing=missing, correct=correct, se=se, acov=acov)
    if isinstance(found, Polychoric):
        for name, used in zip(found.names, found.categories, strict=True):
            if len(used) > 2:  # noqa: PLR2004 - binary
                raise ValueError(f"{name} has {len(used)} categories; tetrachoric correlations need two")
    return found


def _check(X: Any, missing: str, correct: Any, method: str, *, acov: bool) -> None:
    if missing not in {"complete", "pairwise"}:
        raise ValueError(f"missing must be 'complete' or 'pairwise', not {missing!r}")
    if method not in {"two-step", "joint"}:
        raise ValueError(f"method must be 'two-step' or 'joint', not {method!r}")
    if isinstance(correct, str) and correct not in {"lavaan", "psych"}:
        raise ValueError(f"correct must be 'lavaan', 'psych' or a number, not {correct!r}")
    if not isinstance(correct, str) and not 0 <= correct < np.inf:
        raise ValueError(f"what stands in an empty cell must be a count of 0 or more, not {correct}")
    if method == "joint" and (acov or correct not in {"lavaan", 0}):
        raise ValueError("thresholds and r together: empty cells stay empty, and there is no acov")
    if isinstance(X, JointCounts) and acov:
        raise ValueError("the covariance of all estimates needs the rows: joint counts cannot give it")


def _counted(
    X: ArrayLike | JointCounts,
    categories: Sequence[float] | None,
    missing: str,
    names: Sequence[str] | None,
) -> tuple[Matrix | None, JointCounts]:
    """Return the rows, where there are any, and their joint counts."""
    if isinstance(X, JointCounts):
        return None, X
    rows = as_answers(X)
    kept = complete_rows(rows) if missing == "complete" else rows
    return kept, joint_counts(kept, categories=categories, names=names)


def pairs_of(counts: JointCounts) -> Pairs:
    """Return every pair of items ready for estimation."""
    i, j = np.triu_indices(counts.k, 1)
    return two_step.prepare(counts.item_counts, counts.tables[i, j], i, j)


def _precision(
    pairs: Pairs, r: Matrix, counts: JointCounts, rows: Matrix | None
) -> tuple[Matrix, Matrix | None]:
    """Return the standard error of each r and, where rows are given, the covariance of all estimates."""
    moved = two_step.influence(pairs, r)
    unbiased = counts.n / (counts.n - 1)
    errors = two_step.standard_errors(pairs, moved) * np.sqrt(unbiased)
    if rows is None:
        return errors, None
    codes = _codes(rows, counts.categories)
    return errors, two_step.covariance(codes, pairs, moved, len(counts.categories)) * unbiased


def _unsuitable(counts: JointCounts, names: tuple[str, ...], *, apart: bool) -> Unavailable | None:
    """Return why there are no polychoric correlations of these counts, if there are none."""
    if counts.k < 2:  # noqa: PLR2004 - a correlation has two ends
        return Unavailable(reason="too few items", detail=f"{counts.k}; a correlation needs two")
    if counts.n == 0:
        return Unavailable(reason="no complete rows")
    if counts.n < 3:  # noqa: PLR2004 - two rows always lie on a line
        return Unavailable(reason="too few rows", detail=f"{counts.n}; a correlation needs three")
    used = (counts.item_counts > 0).sum(axis=1)
    for i in np.flatnonzero(used == 0):
        return Unavailable(reason="too few rows", detail=f"no row answers {names[i]}")
    if (used == 1).any():
        return Unavailable(
            reason="constant item", detail=", ".join(names[i] for i in np.flatnonzero(used == 1))
        )
    return _unsuitable_pair(counts, names, apart=apart)


def _unsuitable_pair(counts: JointCounts, names: tuple[str, ...], *, apart: bool) -> Unavailable | None:
    """Return the pair whose table is unusable; taken `apart`, an item has to vary within the table."""
    for i, j in np.argwhere(counts.pair_n == 0):
        return Unavailable(reason="too few rows", detail=f"no row answers both {names[i]} and {names[j]}")
    constant = (counts.tables.sum(axis=3) > 0).sum(axis=2) == 1
    for i, j in np.argwhere(constant & apart):
        detail = f"{names[i]}, among the rows that also answer {names[j]}"
        return Unavailable(reason="constant item", detail=detail)
    return None


def _codes(rows: Matrix, categories: tuple[float, ...]) -> NDArray[np.uint8]:
    """Return each answer's position among the categories, and their number where there is no answer."""
    codes = np.full(rows.shape, len(categories), np.uint8)
    for place, value in enumerate(categories):
        codes -= np.uint8(len(categories) - place) * (rows == value)
    return codes


def _used(counts: JointCounts) -> tuple[tuple[float, ...], ...]:
    values = np.array(counts.categories)
    return tuple(tuple(map(float, values[met > 0])) for met in counts.item_counts)


def symmetric(upper: Matrix, k: int, diagonal: float = 1.0) -> Matrix:
    """Return symmetric k x k matrices from their upper triangles, one for each row of `upper`."""
    matrices = np.full((*upper.shape[:-1], k, k), diagonal)
    i, j = np.triu_indices(k, 1)
    matrices[..., i, j] = matrices[..., j, i] = upper
    return matrices


def _named(pairs: Pairs, chosen: Flags) -> tuple[Pair, ...]:
    return tuple((int(i), int(j)) for i, j in zip(pairs.i[chosen], pairs.j[chosen], strict=True))


def _words(correct: Correction, method: str, *, complete: bool) -> str:
    rows = "complete rows" if complete else "rows that answer both items"
    if method == "joint":
        return f"maximum likelihood of thresholds and r of each pair together; {rows}"
    cells = {"lavaan": "empty cells as lavaan", "psych": "empty cells as psych, 0.5"}
    rule = cells[correct] if isinstance(correct, str) else f"{correct:g} in each empty cell"
    return f"two-step maximum likelihood; {rows}; {rule}"
