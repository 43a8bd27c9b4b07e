"""Checks of answers before any figure: rows without an answer, ids that occur twice, odd codes."""

from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix, is_correlation_matrix
from analysis.files.item_names import columns_named
from analysis.files.table import Table
from analysis.report.dataset import Dataset, DatasetError

ID_NAMES: Final = (
    *("person", "person_id", "participant", "participant_id", "respondent", "respondent_id", "responseid"),
    *("response_id", "record_id", "subject", "subject_id", "case_id", "pid", "id", "_uuid", "key", "session"),
)
_FAR: Final = 3  # distance in codes between an odd one and its neighbour
_RARE: Final = 0.2


def checked(dataset: Dataset) -> Dataset:
    """Return a dataset without the rows that hold no answer, with notes on what was left aside and found.

    Raises
    ------
    DatasetError
        The rows are those of a correlation matrix.
    """
    answers = np.column_stack(
        [
            np.isin(column, dataset.form.scale_of(item.id).codes)
            for item, column in zip(dataset.form.items, dataset.codes.T, strict=True)
        ]
    )
    refuse_correlations(np.where(answers, dataset.codes, np.nan), str(dataset.table.file))
    answered = np.flatnonzero(answers.any(axis=1))
    empty = dataset.n - len(answered)
    kept = dataset.of_rows(answered) if empty else dataset
    notes = [f"{_rows(empty)} without one answer left out."] if empty else []
    notes += [f"Left aside: {item}, since {why}." for item, why in kept.unusable.items()]
    notes += _twice(kept)
    return replace(kept, notes=(*kept.notes, *notes))


def refuse_correlations(X: Matrix, name: str) -> None:
    """Raise DatasetError where the rows are those of a correlation matrix instead of people."""
    if is_correlation_matrix(X):
        raise DatasetError(
            f"{name} holds correlations: as many rows as items, the same on both sides of a diagonal of "
            "ones; give the answers themselves, one row a person"
        )


def far_codes(X: Matrix) -> list[float]:
    """Return the codes that few gave and that stand far from all others, such as 99 on a scale from 1 to 5.

    Examples
    --------
    >>> far_codes(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 99.0], [3.0, 2.0]]))
    [99.0]
    """
    return far_values(*np.unique(X[~np.isnan(X)], return_counts=True))


def far_values(values: NDArray[np.float64], counts: NDArray[np.intp]) -> list[float]:
    """Return those of some codes, in their order, that few gave and that stand far from all others."""
    far = list[float]()
    while len(values) > 2:  # noqa: PLR2004 - a scale has two codes at least
        ends = [(values[1] - values[0], 0), (values[-1] - values[-2], len(values) - 1)]
        gap, place = max(ends)
        rest = np.delete(values, place)
        if gap <= max(_FAR - 1, (rest[-1] - rest[0]) / 2) or counts[place] > _RARE * counts.sum():
            break
        far.append(float(values[place]))
        values, counts = rest, np.delete(counts, place)
    return sorted(far)


def again(dataset: Dataset) -> tuple[str, dict[int, int]] | None:
    """Return the column of ids, and each row whose id stands above already -> the first row that has it.

    Rows are counted from 1 in the table. None where no id stands twice.
    """
    name = _id_column(dataset.table)
    if name is None:
        return None
    ids = dataset.text(name)
    times = Counter(cell for cell in ids if cell)
    if len(times) < dataset.n / 2:  # few distinct values name groups rather than people
        return None
    first = dict[str, int]()
    rows = dict[int, int]()
    for row, person in zip((dataset.rows + 1).tolist(), ids, strict=True):
        if person and first.setdefault(person, row) != row:
            rows[row] = first[person]
    return (name, rows) if rows else None


def _twice(dataset: Dataset) -> list[str]:
    found = again(dataset)
    if found is None:
        return []
    name, rows = found
    return [f"{_rows(len(rows))} whose {name} stands above already (counted, all of them)."]


def _id_column(table: Table) -> str | None:
    for name in ID_NAMES:
        found = [column for column in columns_named(name, table) if column in table.columns]
        if found:
            return found[0]
    return None


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
