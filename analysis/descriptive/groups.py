"""Who belongs to which of two groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import NO_ANSWER


@dataclass(frozen=True, kw_only=True)
class TwoGroups:
    """Two groups: their labels, which rows are known to belong to either, and which belong to the second."""

    labels: tuple[str, str]
    known: NDArray[np.bool_]
    second: NDArray[np.bool_]


def group_labels(groups: Sequence[Any] | NDArray[Any]) -> list[str | None]:
    """Return labels as text, whole numbers without a point; None where there is none.

    Examples
    --------
    >>> group_labels([1.0, "b", None, float("nan"), " "])
    ['1', 'b', None, None, None]
    """
    cells = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    return [_label(cell) for cell in cells]


def _label(cell: Any) -> str | None:
    if type(cell).__name__ in NO_ANSWER or cell != cell:  # noqa: PLR0124 - NaN
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() or None


def sorted_labels(labels: Sequence[str | None]) -> list[str]:
    """Return the labels that occur: numbers by size, then words by the alphabet.

    Examples
    --------
    >>> sorted_labels(["10", "9", None, "b"])
    ['9', '10', 'b']
    """
    found = {label for label in labels if label is not None}

    def order(label: str) -> tuple[int, float, str]:
        try:
            return 0, float(label), label
        except ValueError:
            return 1, 0.0, label

    return sorted(found, key=order)


def two_groups(groups: Sequence[Any] | NDArray[Any], n: int, reference: Any = None) -> TwoGroups:
    """Return who is in which of two groups, the first in sort order being the first, or `reference`.

    Raises
    ------
    ValueError
        There are not as many labels as rows, not two groups, or no such reference.
    """
    labels = group_labels(groups)
    if len(labels) != n:
        raise ValueError(f"there are {n} rows of answers and {len(labels)} groups; give one for each row")
    found = sorted_labels(labels)
    if len(found) != 2:  # noqa: PLR2004 - as it says
        shown = ", ".join(found[:10]) or "none"
        raise ValueError(f"two groups can be compared, and there are {len(found)} ({shown})")
    if reference is not None:
        first = _label(reference)
        if first not in found:
            raise ValueError(f"no one is in the group {reference!r}; the groups are {', '.join(found)}")
        found.sort(key=lambda label: label != first)
    return TwoGroups(
        labels=(found[0], found[1]),
        known=np.array([label is not None for label in labels]),
        second=np.array([label == found[1] for label in labels]),
    )
