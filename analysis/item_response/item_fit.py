"""Whether items fit the model: S-X² by sums of answers, infit and outfit by people."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from analysis.counts.kernels import compiled
from analysis.estimate import Listing, Matrix, Probability, Unavailable, as_matrix, complete_rows
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.residuals import residuals
from analysis.item_response.response_model import ItemCurves, ResponseModel
from analysis.item_response.scoring import Method, coded
from analysis.item_response.sum_scores import lord_wingersky, without_each

SMALLEST_EXPECTED: Final = 1.0  # fewest people expected in a cell of a table of S-X²
RARE_COLUMN: Final = 0.05  # share of the sums in which a column of such a table must have a cell


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemFit:
    """S-X² of one item; without degrees of freedom there is no p."""

    name: str
    chi2: float
    df: int
    p: Probability | None
    rmsea: float | None


def s_x2(model: ResponseModel, X: ArrayLike) -> Listing[ItemFit] | Unavailable:
    """Return S-X² of each item, over the complete rows.

    Parameters
    ----------
    model
        A model fitted to these answers.
    X
        The answers, n x k.

    Returns
    -------
    Listing of ItemFit, or Unavailable with no complete row.

    Notes
    -----
    People are grouped by the sum of their category numbers (0 for the lowest category that occurs); those at
    either end are left out. Expected is the share of each category given the sum, by the model. Cells where
    fewer than one person is expected are joined, in the order of mirt: sums that some category cannot reach
    with the next sum, sums that one person has with the next, the rarest category of a sum with its rarer
    neighbour, columns that hardly any sum has left, and whole sums with the neighbour of fewer people.
    Degrees of freedom are cells less sums less the item's parameters, the standard deviation of θ among them
    where slopes are equal. Equal to ``mirt::itemfit(x, "S_X2")``.

    Where answers are missing the model was fitted to more people than are compared, and too many degrees of
    freedom are taken off: with a tenth missing of ten items the test rejects at 5 % in 8 % of true models.

    References
    ----------
    Orlando, M., & Thissen, D. (2000). Likelihood-based item-fit indices for dichotomous item response theory
    models. Applied Psychological Measurement, 24, 50-64.
    Kang, T., & Chen, T. T. (2008). Performance of the generalized S-X2 item fit index for polytomous IRT
    models. Journal of Educational Measurement, 45, 391-406.
    """
    rows = complete_rows(as_matrix(X))
    if not len(rows):
        return Unavailable(reason="no complete rows")
    codes, place = coded(model, rows)
    answers = codes[place].astype(np.int64)
    expected = _expected(model)
    sums = answers.sum(axis=1)
    most = sum(model.sizes) - model.k
    people = np.bincount(sums, minlength=most + 1)[1:most].astype(np.float64)
    found = []
    for j, size in enumerate(model.sizes):
        cells_of = np.bincount(sums * size + answers[:, j], minlength=(most + 1) * size)
        observed = cells_of.reshape(most + 1, size).astype(np.float64)
        of_model = expected[j][1:most, :size] * people[:, np.newaxis]
        left, right = joined(observed[1:most], of_model)
        cells = ~np.isnan(right)
        chi2 = float(((left - right)[cells] ** 2 / right[cells]).sum())
        df = int(cells.sum()) - len(right) - size
        found.append(
            ItemFit(
                name=model.names[j],
                chi2=chi2,
                df=max(df, 0),
                p=Probability(chdtrc(df, chi2)) if df > 0 else None,
                rmsea=float(np.sqrt(max((chi2 - df) / (df * (len(rows) - 1)), 0.0))) if df > 0 else None,
            )
        )
    return Listing(found)


def _expected(model: ResponseModel) -> list[Matrix]:
    """Return the share of each category (columns) given each sum of category numbers (rows), for each item.

    NaN where a sum cannot be reached with a category.
    """
    points, weights = model.points()
    curves = np.ascontiguousarray(
        point_derivatives(model.family, model.slopes, model.intercepts, points).probability
    )
    sizes = np.array(model.sizes)
    number = np.broadcast_to(np.arange(curves.shape[1]), curves.shape[:2]).copy()
    whole = lord_wingersky(curves, number, sizes) @ weights
    found = []
    for j, rest in enumerate(without_each(curves, number, sizes)):
        share = np.full((len(whole), curves.shape[1]), np.nan)
        of_category = rest @ (curves[j, : sizes[j]] * weights).T
        for c in range(sizes[j]):
            share[c : c + len(rest), c] = of_category[:, c]
        found.append(share / whole[:, np.newaxis])
    return found


def joined(observed: Matrix, expected: Matrix) -> tuple[Matrix, Matrix]:
    """Join cells of a table (sums x categories) until each is expected to hold a person; NaN where joined.

    The steps and their order are those of mirt, since the figure depends on both.
    """
    observed, expected = _join_ends(observed.copy(), expected.copy())
    reached = observed.sum(axis=1) > 0
    observed, expected = observed[reached], expected[reached]
    # As in mirt, the rows to check are chosen before sums of one person are joined with the next sum.
    marked = np.asarray((expected < SMALLEST_EXPECTED).any(axis=1))
    left = _join_single_people(observed, expected)
    observed, expected = observed[:left], expected[:left]
    if expected.shape[1] > 2:  # noqa: PLR2004 - with two categories there is nothing to join within a sum
        for row in np.flatnonzero(marked[:left]):
            _join_categories(observed[row], expected[row])
    observed, expected = _join_rare_columns(observed, expected)
    left = _join_sums(observed, expected)
    return observed[:left], np.where(expected[:left] == 0, np.nan, expected[:left])


def _join_ends(observed: Matrix, expected: Matrix) -> tuple[Matrix, Matrix]:
    """Join sums at either end that some category cannot reach with the next sum that all can."""
    impossible = np.isnan(expected).any(axis=1)
    expected = np.where(np.isnan(expected), 0.0, expected)
    kept = np.flatnonzero(~impossible)
    if kept.size == 0 or not impossible.any():
        return observed, expected
    first, last = kept[0], kept[-1]
    for table in (observed, expected):
        table[first] += table[:first].sum(axis=0)
        table[last] += table[last + 1 :].sum(axis=0)
    return observed[first : last + 1], expected[first : last + 1]


@compiled
def _join_rows(table: Matrix, at: int, into: int, rows: int) -> None:
    """Add row `at` of the first `rows` to row `into`, and move up those after it."""
    for c in range(table.shape[1]):
        table[into, c] += table[at, c]
        for row in range(at, rows - 1):
            table[row, c] = table[row + 1, c]


@compiled
def _join_single_people(observed: Matrix, expected: Matrix) -> int:
    """Join a sum that one person has with the next sum, the last with the one before; return the count."""
    rows, row = len(observed), 0
    while row < rows - 1:
        if observed[row].sum() == 1:
            _join_rows(observed, row, row + 1, rows)
            _join_rows(expected, row, row + 1, rows)
            rows -= 1
        else:
            row += 1
    if rows > 1 and observed[rows - 1].sum() == 1:
        _join_rows(observed, rows - 1, rows - 2, rows)
        _join_rows(expected, rows - 1, rows - 2, rows)
        rows -= 1
    return rows


@compiled
def _join_categories(people: Matrix, model: Matrix) -> None:
    """Join the rarest category of a sum with its rarer neighbour, until two are left or none is rare.

    What is left stands at the beginning of the row, 0 after it.
    """
    size, least = model.size, -1.0
    while size > 2 and least < SMALLEST_EXPECTED:  # noqa: PLR2004 - a sum keeps two categories
        rarest = int(model[:size].argmin())
        if rarest == 0:
            into = 1
        elif rarest == size - 1 or model[rarest - 1] <= model[rarest + 1]:
            into = rarest - 1
        else:
            into = rarest + 1
        for row in (people, model):
            row[into] += row[rarest]
            for c in range(rarest, size - 1):
                row[c] = row[c + 1]
            row[size - 1] = 0.0
        size -= 1
        least = model[:size].min()


def _join_rare_columns(observed: Matrix, expected: Matrix) -> tuple[Matrix, Matrix]:
    """Join a column that hardly any sum has left with the one before."""
    kept = np.ones(expected.shape[1], dtype=bool)
    for column in range(expected.shape[1] - 1, 0, -1):
        if (expected[:, column] > 0).sum() < RARE_COLUMN * len(expected):
            kept[column] = False
            observed[:, column - 1] += observed[:, column]
            expected[:, column - 1] += expected[:, column]
    return np.compress(kept, observed, axis=1), np.compress(kept, expected, axis=1)


@compiled
def _join_sums(observed: Matrix, expected: Matrix) -> int:
    """Join sums that still have a cell of too few with the neighbour of fewer people; return the count."""
    rows, at = len(observed), 0
    while rows > 1 and at < rows:
        sparse = False
        for cell in expected[at]:
            sparse |= 0 < cell < SMALLEST_EXPECTED
        if not sparse:
            at += 1
            continue
        if at == 0:
            into = 1
        elif at == rows - 1 or observed[at - 1].sum() <= observed[at + 1].sum():
            into = at - 1
        else:
            into = at + 1
        _join_rows(observed, at, into, rows)
        _join_rows(expected, at, into, rows)
        rows -= 1
        at = max(0, min(at, into) - 1)
    return rows


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanSquares:
    """Mean squared residuals of one item: `outfit` of all alike, `infit` weighted by information."""

    name: str
    outfit: float
    infit: float
    n: int


def item_mean_squares(
    model: ItemCurves, X: ArrayLike, *, method: Method = "wle"
) -> Listing[MeanSquares] | Unavailable:
    """Return the outfit and infit mean squares of each item; 1 is expected, more means a worse fit.

    Parameters
    ----------
    model
        A fitted model.
    X
        The answers, n x k.
    method
        How θ of a person is estimated; see `person_scores`. People without a finite θ are left out.

    Returns
    -------
    Listing of MeanSquares, or Unavailable where nobody has a finite θ.

    Notes
    -----
    With z = (x - E) / √V the outfit is the mean of z² and the infit Σ V z² / Σ V, over the people. Equal to
    ``eRm::itemfit(person.parameter(m))`` with method "ml", which leaves out people at either end.

    References
    ----------
    Wright, B. D., & Masters, G. N. (1982). Rating scale analysis. MESA Press.
    """
    found = residuals(model, X, method=method)
    kept = np.isfinite(found.theta)
    if not kept.any():
        return Unavailable(reason="no variance", detail="nobody has a finite score")
    squares, variance = found.residual[kept] ** 2, found.variance[kept]
    given = ~np.isnan(squares)
    outfit = np.nansum(squares / variance, axis=0) / given.sum(axis=0)
    infit = np.nansum(squares, axis=0) / np.where(given, variance, 0.0).sum(axis=0)
    return Listing(
        MeanSquares(name=name, outfit=float(out), infit=float(inn), n=int(n))
        for name, out, inn, n in zip(model.names, outfit, infit, given.sum(axis=0), strict=True)
    )
