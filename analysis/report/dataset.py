"""An instrument and the answers to one of its forms: codes by item, keyed where a scale asks for it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.files.read_table import read_table
from instrument import MISSING_LABELS, Form, Instrument, Subscale, keyed

NOT_SHOWN: Final = -(2**15)  # an empty cell: the item was never put to this person
EMPTY: Final = frozenset({"", "na", "nan"})
TRUE: Final = frozenset({"true", "yes", "simulated", "1", "1.0"})
LABELS: Final = {**MISSING_LABELS, NOT_SHOWN: "Not shown"}
Cell = str | float | None
Cells = Sequence[Cell] | NDArray[np.float64] | NDArray[np.object_]
Ranges = Sequence[tuple[float, float]]


class DatasetError(ValueError):
    """The answers do not fit the instrument: says what, where, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Answers as codes, n rows by the form's items in their order; non-answers keep their kind."""

    instrument: Instrument
    form: Form
    codes: NDArray[np.int16]
    simulated: bool

    @property
    def n(self) -> int:
        """Number of rows, complete or not."""
        return len(self.codes)

    @property
    def scales(self) -> dict[str, Subscale]:
        """The subscales that are made of items."""
        subscales = self.instrument.key.subscales(self.form.id)
        return {name: subscale for name, subscale in subscales.items() if subscale.items}

    def column(self, item: str) -> NDArray[np.int16]:
        """Return one item's codes as they were given."""
        place = [known.id for known in self.form.items].index(item)
        return self.codes[:, place]

    def keyed(self, items: Iterable[str]) -> Matrix:
        """Return the items turned the way they are scored, NaN where there is no answer."""
        return np.column_stack([self._keyed(item) for item in items])

    def missing(self, item: str) -> dict[str, int]:
        """Count the non-answers to an item by their kind."""
        codes, counts = np.unique(self.column(item), return_counts=True)
        found = {int(code): int(count) for code, count in zip(codes, counts, strict=True)}
        return {label: found[code] for code, label in LABELS.items() if code in found}

    def _keyed(self, item: str) -> Matrix:
        column = self.column(item)
        values = np.full(len(column), np.nan)
        for code in self.form.scale_of(item).codes:
            values[column == code] = keyed(self.instrument, self.form.id, item, code)
        return values


def read_dataset(file: Path | str, instrument: Instrument, form_id: str | None = None) -> Dataset:
    """Read a table of answers, one row a person, and fit it to the instrument.

    The file is one that `read_table` knows. Columns are matched to items without regard to case,
    ``raw_<id>`` before ``<id>``; a column that belongs to no item is left aside. Raises TableError or
    DatasetError, both ValueErrors, or OSError where the file cannot be opened.
    """
    found = read_table(file)
    return make_dataset(found.columns, instrument, form_id, declared=found.missing)


def make_dataset(
    columns: Mapping[str, Cells],
    instrument: Instrument,
    form_id: str | None = None,
    *,
    declared: Mapping[str, Ranges] | None = None,
) -> Dataset:
    """Fit columns of answers, as codes or their spelling, to a form of the instrument.

    Parameters
    ----------
    columns : a sequence of equal length for each column name
        Codes are those of the scale, as numbers or text; -77, -88, -99, -66 and -55 are missing on every
        scale, None, NaN and an empty cell mean that the item was not shown.
    form_id : the form that was answered; by default the one that the column form_hash names, or else the
        widest whose items are all there
    declared : for each column, ranges of codes that the file itself declares to be no answers

    Raises
    ------
    DatasetError
        No such form, a column is missing or there twice, a code is unknown, or the answers say that they
        belong to another form.
    """
    form = _form(instrument, form_id, columns)
    _refuse_other_form(form, columns)
    names = {item.id: _answers(item.id, columns) for item in form.items}
    lacking = [item for item, name in names.items() if name is None]
    if lacking:
        raise DatasetError(
            f"form {form.id} has {len(form.items)} items, and there is no column for {', '.join(lacking)}; "
            "name each column as its item, or choose another form with --form"
        )
    codes = [
        _codes(form, item, columns[name], (declared or {}).get(name, ()))
        for item, name in names.items()
        if name is not None
    ]
    marks = _cells("simulated", columns)
    return Dataset(
        instrument=instrument,
        form=form,
        codes=np.column_stack(codes),
        simulated=any(str(mark).strip().lower() in TRUE for mark in marks),
    )


def _column(name: str, columns: Mapping[str, Cells]) -> str | None:
    """Return the column's name as the file spells it, whatever its case."""
    found = [known for known in columns if known.strip().lower() == name]
    if len(found) > 1:
        raise DatasetError(f"columns {' and '.join(found)} differ in case alone; keep one of them")
    return found[0] if found else None


def _cells(name: str, columns: Mapping[str, Cells]) -> list[Cell]:
    """Return the column of this name, or nothing."""
    found = _column(name, columns)
    return [] if found is None else _listed(columns[found])


def _answers(item: str, columns: Mapping[str, Cells]) -> str | None:
    """Return the column of the answers as given: beside ``raw_<id>``, a column ``<id>`` is keyed already."""
    raw = _column(f"raw_{item}", columns)
    return _column(item, columns) if raw is None else raw


def _form(instrument: Instrument, form_id: str | None, columns: Mapping[str, Cells]) -> Form:
    forms = instrument.forms
    if form_id is not None:
        if form_id not in forms:
            raise DatasetError(
                f"{instrument.title} has no form {form_id!r}; its forms are {', '.join(forms)}"
            )
        return forms[form_id]
    if len(forms) == 1:
        return next(iter(forms.values()))
    hashes = {str(value) for value in _cells("form_hash", columns) if value}
    said = [form for form in forms.values() if hashes == {form.hash}]
    whole = said or [form for form in forms.values() if all(_answers(i.id, columns) for i in form.items)]
    widest = [form for form in whole if not any(form.by_id.keys() < other.by_id.keys() for other in whole)]
    if len(widest) != 1:
        found = "more than one form" if widest else "no form"
        raise DatasetError(
            f"the columns hold every item of {found}; choose one of {', '.join(forms)} with --form"
        )
    return widest[0]


def _refuse_other_form(form: Form, columns: Mapping[str, Cells]) -> None:
    """Raise DatasetError where the file says that its answers were given to another form."""
    others = {str(value) for value in _cells("form_hash", columns) if value} - {form.hash}
    if others:
        raise DatasetError(
            f"the column form_hash says {min(others)[:12]}…, and form {form.id} of this instrument is "
            f"{form.hash[:12]}…; use the instrument as it was when these answers were given"
        )


def _codes(form: Form, item: str, cells: Cells, declared: Ranges) -> NDArray[np.int16]:
    """Read one item's cells; DatasetError names the first row that cannot be read."""
    scale = form.scale_of(item)
    readings = {**{code: code for code in MISSING_LABELS}, **scale.readings}
    known: dict[Cell, int] = {}
    codes = np.empty(len(cells), np.int16)
    for row, cell in enumerate(_listed(cells)):
        code = known.get(cell)
        if code is None:
            code = _code(cell, readings, declared)
            if code is None:
                given = f"{cell:g}" if isinstance(cell, float) else repr(cell)
                raise DatasetError(
                    f"row {row + 1}, {item}: {given} is no answer; the scale has {_said(scale.codes)}, and "
                    f"for no answer {_said(readings.keys() - set(scale.codes))} or an empty cell"
                )
            known[cell] = code
        codes[row] = code
    return codes


def _listed(cells: Cells) -> list[Cell]:
    return cells.tolist() if isinstance(cells, np.ndarray) else list(cells)


def _code(cell: Cell, readings: Mapping[int, int], declared: Ranges) -> int | None:
    """Return the code that a cell means, None if it means nothing."""
    if cell is None or str(cell).strip().lower() in EMPTY:
        return NOT_SHOWN
    try:
        number = float(cell)
    except ValueError:
        return None
    if math.isfinite(number) and number.is_integer() and int(number) in readings:
        return readings[int(number)]
    return NOT_SHOWN if any(low <= number <= high for low, high in declared) else None


def _said(codes: Iterable[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes, key=abs))


def label(dataset: Dataset, scale: str) -> str:
    """Return a scale's name in the first language that has one, its id where none has."""
    for words in dataset.instrument.words.values():
        if words.form == dataset.form.id and scale in words.facets:
            return words.facet(scale)
    return scale
