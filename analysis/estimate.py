"""What a statistic returns: a figure with its interval, or the reason why there is none."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape
from typing import Any, Final, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Matrix = NDArray[np.float64]
Row = TypeVar("Row", bound=Any)
Missing = Literal["complete", "pairwise"]
"""Which rows a figure rests on: those with every answer, or for each pair of items those with both."""

SMALLEST: Final = 0.001
MOST: Final = 1e60
NO_ANSWER: Final = frozenset({"NoneType", "NAType"})  # by name, so that pandas need not be imported

Reason = Literal[
    "too few rows",
    "too few items",
    "no complete rows",
    "constant item",
    "no variance",
    "singular matrix",
    "did not converge",
    "improper solution",
    "not defined",
    "no interval",
    "too few resamples",
    "needs rows",
]

REASONS: Final[dict[Reason, str]] = {
    "too few rows": "there are too few rows of answers",
    "too few items": "there are too few items",
    "no complete rows": "no row has every answer that this figure needs",
    "constant item": "an item has the same answer in every row",
    "no variance": "the total has no variance",
    "singular matrix": "the items are linearly dependent",
    "did not converge": "the iterations did not settle on a solution",
    "improper solution": "the solution lies outside what the model allows",
    "not defined": "the figure is not defined for these data",
    "no interval": "there is no interval for this figure",
    "too few resamples": "too few resamples have this figure",
    "needs rows": "it is computed from rows, of which the counts alone are known",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unavailable:
    """In place of a figure, the reason why there is none.

    `reason` is one of a closed list; `detail` names the item or number at fault.
    """

    reason: Reason
    detail: str = ""

    @property
    def why(self) -> str:
        """The reason in words, with its detail."""
        return REASONS[self.reason] + (f" ({self.detail})" if self.detail else "")

    def __str__(self) -> str:
        return f"unavailable: {self.why}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A figure with its interval at `level`.

    `low` and `high` are None where there is no interval; `no_interval` is then the reason, empty where no
    interval is known for this kind of figure.
    """

    value: float
    low: float | None = None
    high: float | None = None
    level: float | None = None
    n: int
    k: int
    method: str
    no_interval: Unavailable | None = None

    @property
    def limits(self) -> tuple[float, float] | tuple[Unavailable, Unavailable]:
        """The two ends of the interval, or the reason why there is none, twice."""
        if self.low is None or self.high is None:
            why = self.no_interval or Unavailable(reason="no interval")
            return why, why
        return self.low, self.high

    def __str__(self) -> str:
        interval = (
            "" if self.low is None else f"  {self.level:.0%} interval {self.low:.3f} to {self.high:.3f}"
        )
        return f"{self.value:.3f}{interval}  (n = {self.n}, k = {self.k}; {self.method})"


class Probability(float):
    """The p of a test, which tables do not print as nought."""


def as_array(X: object) -> NDArray[Any]:
    """Return answers as an array of numbers, copied if needed: None, NA and masked cells become NaN."""
    if isinstance(X, np.ma.MaskedArray):
        return np.ma.filled(X.astype(np.float64), np.nan)
    try:
        data = np.asarray(X)
    except ValueError as error:
        raise ValueError(f"answers must be rows of the same length: {error}") from error
    if data.dtype.kind in "biuf":
        return data
    if data.dtype.kind not in "OUS" or data.ndim == 0:
        raise ValueError(f"answers must be an array of numbers, not {type(X).__name__} of {data.dtype}")
    cells = [np.nan if type(cell).__name__ in NO_ANSWER else cell for cell in data.ravel().tolist()]
    try:
        return np.array(cells, dtype=np.float64).reshape(data.shape)
    except (TypeError, ValueError) as error:
        raise ValueError(f"answers must be numbers, or None or NaN where there is none: {error}") from error


def as_matrix(X: ArrayLike) -> Matrix:
    """Return `X` as a float array of n rows x k items; ValueError for another shape or infinite numbers."""
    matrix = as_array(X).astype(np.float64, copy=False)
    if matrix.ndim != 2:  # noqa: PLR2004 - rows by items
        raise ValueError(
            f"answers must be an n x k array (rows by items), not one of {matrix.ndim} dimensions"
        )
    check_size(
        float(np.fmin.reduce(matrix, axis=None, initial=np.inf)),
        float(np.fmax.reduce(matrix, axis=None, initial=-np.inf)),
    )
    return matrix


def as_answers(X: ArrayLike) -> Matrix:
    """Return `X` as `as_matrix` does; ValueError where it is a correlation matrix and not rows of people."""
    matrix = as_matrix(X)
    if is_correlation_matrix(matrix):
        raise ValueError(
            "these are correlations (the same on both sides of a diagonal of ones), not answers; give one "
            "row a person or, to what takes correlations, their number of people with n="
        )
    return matrix


def is_correlation_matrix(X: Matrix) -> bool:
    """Return whether an array is symmetric with a diagonal of ones and has numbers that are not whole.

    Examples
    --------
    >>> is_correlation_matrix(np.array([[1, 0.5, 0.4], [0.5, 1, 0.4], [0.4, 0.4, 1]]))
    True
    >>> is_correlation_matrix(np.ones((3, 3)))
    False
    """
    n, k = X.shape
    return bool(
        n == k > 2  # noqa: PLR2004 - two people's answers may look so by chance
        and (np.diagonal(X) == 1).all()
        and (np.abs(X) <= 1).all()
        and np.allclose(X, X.T, rtol=0, atol=1e-9)
        and (np.round(X) != X).any()
    )


def check_size(lowest: float, highest: float) -> None:
    """Refuse numbers larger or smaller than answers to any scale, since their fourth powers overflow."""
    if lowest < -MOST or highest > MOST:
        raise ValueError(
            f"answers must be finite numbers (below {MOST:.0e} in size), or NaN where there is no answer"
        )
    if 0 < highest - lowest < 1 / MOST:
        raise ValueError(f"all answers lie within {1 / MOST:.0e} of each other: give them in smaller units")


def divided(above: NDArray[Any], below: NDArray[Any], *, otherwise: float = 0.0) -> Matrix:
    """Divide element by element, without a warning.

    Parameters
    ----------
    above, below : arrays of shapes that broadcast
    otherwise : what stands where the divisor is not positive

    Returns
    -------
    array of the joint shape
    """
    ratio = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio


def complete_rows(X: Matrix) -> Matrix:
    """Return the rows of `X` without a missing answer: `X` itself where none is missing."""
    holes = np.isnan(X).any(axis=1)
    return X[~holes] if holes.any() else X


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as an aligned text table: words left-aligned, numbers right-aligned with three digits."""
    cells = [[cell(value) for value in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(headers, *cells, strict=True)]
    numeric = [any(isinstance(row[j], int | float) for row in rows) for j in range(len(headers))]
    lines = []
    for row in [list(headers), *cells]:
        aligned = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def html_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as a plain HTML table, every cell escaped."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in headers)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell(v))}</td>" for v in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cell(value: object) -> str:
    """Return a value as a table shows it: three digits, nothing for None."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else ("yes" if value else "no")
    if isinstance(value, Probability) and value < SMALLEST:
        return f"< {SMALLEST}"
    return f"{value:z.3f}" if isinstance(value, float) else str(value)


TableParts = tuple[Sequence[str], Sequence[Sequence[object]]]
"""The headings and the rows of a table."""


class PrintedTable(ABC):
    """A result that prints as one table, as text and in a notebook."""

    __slots__ = ()

    @abstractmethod
    def _table(self) -> TableParts:
        """Return the heading and the rows of the table."""

    def __str__(self) -> str:
        return table(*self._table())

    def _repr_html_(self) -> str:
        return html_table(*self._table())


class Listing(PrintedTable, tuple[Row, ...]):
    """One result for each item, in order; prints as a table."""

    __slots__ = ()

    def _table(self) -> TableParts:
        names = [field.name for field in fields(self[0])] if self else []
        rows = [[place, *(getattr(row, name) for name in names)] for place, row in enumerate(self, start=1)]
        return ["item", *names], rows
