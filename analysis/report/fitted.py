"""Fits a table of answers to a form of an instrument: columns to items, cells to codes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.files.answer_cells import Reading, codes_of, folded
from analysis.files.item_names import columns_named
from analysis.files.read_table import read_table
from analysis.files.table import Column, Table
from analysis.report.column_map import mapped
from analysis.report.dataset import NOT_SHOWN, Dataset, DatasetError
from analysis.report.row_checks import checked
from instrument import MISSING_LABELS, Form, Instrument, Item, Scale

TRUE: Final = frozenset({"true", "yes", "simulated", "1", "1.0"})
Cell = str | float | None
Cells = Sequence[Cell] | NDArray[np.float64] | NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Unread:
    """The cells of a column that mean nothing for its item, by their rows from 1; `cell` is the first."""

    item: str
    column: str
    rows: tuple[int, ...]
    cell: str


def read_dataset(
    file: Path | str, instrument: Instrument, form_id: str | None = None, *, map_file: Path | None = None
) -> Dataset:
    """Read a table of answers, one row a person, and fit it to the instrument.

    The file is one that `read_table` knows. Columns are matched to items without regard to case,
    ``raw_<id>`` before ``<id>``; a column that belongs to no item is left aside. `map_file` says which
    columns and codes of another system are which items. Raises TableError or DatasetError, both
    ValueErrors, or OSError where a file cannot be opened.
    """
    table = read_table(file)
    return fitted(mapped(table, map_file) if map_file else table, instrument, form_id)


def make_dataset(columns: Mapping[str, Cells], instrument: Instrument, form_id: str | None = None) -> Dataset:
    """Fit columns of answers, as codes or their spelling, to a form of the instrument.

    Parameters
    ----------
    columns : a sequence of equal length for each column name
        Codes are those of the scale, as numbers or text; -77, -88, -99, -66 and -55 are missing on every
        scale, None, NaN and an empty cell mean that the item was not shown.
    form_id : the form that was answered; by default the one that the column form_hash names, or else the
        widest whose items are all there

    Raises
    ------
    DatasetError
        As `fitted`.
    """
    made = {name: _made(cells) for name, cells in columns.items()}
    return fitted(Table(file=Path("answers"), columns=made), instrument, form_id)


def _made(cells: Cells) -> Column:
    listed = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
    if all(cell is None or isinstance(cell, int | float) for cell in listed):
        return np.array([np.nan if cell is None else cell for cell in listed], dtype=np.float64)
    return np.array([None if cell is None else str(cell) for cell in listed], dtype=object)


def fitted(table: Table, instrument: Instrument, form_id: str | None = None) -> Dataset:
    """Fit a table to a form of the instrument.

    Words of the form, of the file's value labels or of its ordered categories stand for their codes.

    Raises
    ------
    TableError
        A column that is needed cannot be used.
    DatasetError
        No such form, a column is missing, a code is unknown, or the answers say that they belong to another
        form.
    """
    dataset, unread = _fit(table, instrument, form_id)
    if unread:
        first, scale = unread[0], dataset.form.scale_of(unread[0].item)
        raise DatasetError(f"row {first.rows[0]}, {first.item}: {first.cell} is no answer; {offered(scale)}")
    return checked(dataset)


def fitted_with_unread(
    table: Table, instrument: Instrument, form_id: str | None = None
) -> tuple[Dataset, tuple[Unread, ...]]:
    """Fit a table as `fitted` does, and return all cells that mean nothing rather than stop at the first.

    Parameters
    ----------
    table, instrument, form_id
        As for `fitted`.

    Returns
    -------
    Dataset, tuple of Unread
        The answers, cells that mean nothing as if the item had not been shown; and those cells by column.

    Raises
    ------
    TableError, DatasetError
        As `fitted`, but for such cells.
    """
    dataset, unread = _fit(table, instrument, form_id)
    return checked(dataset), unread


def _fit(table: Table, instrument: Instrument, form_id: str | None) -> tuple[Dataset, tuple[Unread, ...]]:
    form = _form(instrument, form_id, table)
    _refuse_other_form(form, table)
    names = {item.id: column_of_item(item.id, table) for item in form.items}
    lacking = [item for item, name in names.items() if name is None]
    if lacking:
        raise DatasetError(
            f"form {form.id} has {len(form.items)} items, and there is no column for {', '.join(lacking)}; "
            "name each column as its item, or choose another form with --form"
        )
    read = [
        _codes(form, item, table, name, _words(instrument, form, item, table, name))
        for item, name in ((item, names[item.id]) for item in form.items)
        if name is not None
    ]
    dataset = Dataset(
        instrument=instrument,
        form=form,
        codes=np.column_stack([codes for codes, _ in read]),
        simulated=is_simulated(table),
        table=table,
        rows=np.arange(table.n),
        notes=table.notes,
    )
    return dataset, tuple(unread for _, unread in read if unread is not None)


def is_simulated(table: Table) -> bool:
    """Return whether the column `simulated` says that answers were made up."""
    name = column_of("simulated", table)
    return name is not None and any(str(mark).lower() in TRUE for mark in table.text(name))


def column_of(name: str, table: Table) -> str | None:
    """Return a column's name as the file spells it, whatever its case; None where there is none."""
    alike = [known for known in (*table.columns, *table.unusable) if known.lower() == name]
    found = alike or columns_named(name, table)
    if len(found) > 1:
        how = "differ in case alone" if alike else f"may both be {name}"
        raise DatasetError(f"columns {' and '.join(found)} {how}; keep one of them")
    return found[0] if found else None


def _said(name: str, table: Table) -> set[str]:
    """Return the different cells of the column of this name, none where there is no such column."""
    found = column_of(name, table)
    return set() if found is None else {cell for cell in table.text(found) if cell}


def column_of_item(item: str, table: Table) -> str | None:
    """Return the column of the answers as given: beside ``raw_<id>``, a column ``<id>`` is keyed already."""
    raw = column_of(f"raw_{item}", table)
    return column_of(item, table) if raw is None else raw


def _form(instrument: Instrument, form_id: str | None, table: Table) -> Form:
    forms = instrument.forms
    if form_id is not None:
        if form_id not in forms:
            raise DatasetError(
                f"{instrument.title} has no form {form_id!r}; its forms are {', '.join(forms)}"
            )
        return forms[form_id]
    if len(forms) == 1:
        return next(iter(forms.values()))
    hashes = _said("form_hash", table)
    said = [form for form in forms.values() if hashes == {form.hash}]
    whole = said or [form for form in forms.values() if all(column_of_item(i.id, table) for i in form.items)]
    widest = [form for form in whole if not any(form.by_id.keys() < other.by_id.keys() for other in whole)]
    if len(widest) != 1:
        found = "more than one form" if widest else "no form"
        raise DatasetError(
            f"the columns hold every item of {found}; choose one of {', '.join(forms)} with --form"
        )
    return widest[0]


def _refuse_other_form(form: Form, table: Table) -> None:
    """Raise DatasetError where the file says that its answers were given to another form."""
    others = _said("form_hash", table) - {form.hash}
    if others:
        raise DatasetError(
            f"the column form_hash says {min(others)[:12]}…, and form {form.id} of this instrument is "
            f"{form.hash[:12]}…; use the instrument as it was when these answers were given"
        )


def _words(instrument: Instrument, form: Form, item: Item, table: Table, name: str) -> dict[str, float]:
    """Return codes by the words that stand for them: of ordered categories, value labels, and the form."""
    scale = form.scale_of(item.id)
    categories, codes = table.ordered.get(name, ()), sorted(scale.codes)
    by_place = zip(categories, codes, strict=True) if len(categories) == len(codes) else ()
    found = {folded(category): float(code) for category, code in by_place}
    if not categories:
        found |= table.codes_by_word(name)
    for words in instrument.words.values():
        if words.form == form.id:
            found |= {folded(words.label(item.scale, code)): float(code) for code in scale.codes}
    return found


def _codes(
    form: Form, item: Item, table: Table, name: str, words: Mapping[str, float]
) -> tuple[NDArray[np.float64], Unread | None]:
    """Read one item's cells, and say which mean nothing."""
    scale = form.scale_of(item.id)
    column = table.column(name)
    if column.dtype.kind == "f":
        answered = ~np.isnan(column)
        values = np.unique(column[answered])
        meanings = [_code(value, scale, table, name) for value in values.tolist()]
        codes = np.full(len(column), float(NOT_SHOWN))
        codes[answered] = _numbers(meanings)[np.searchsorted(values, column[answered])]
    else:
        read = codes_of(
            table.cells(name),
            Reading(words=words, marks=table.marks.get(name, frozenset()), decimal_comma=table.decimal_comma),
        )
        # In columns with A1, A2 … the numbers are codes of the scale only if the scale begins with the same
        # number.
        plain = not read.lettered or min(scale.codes) == 1
        known = dict(read.by_cell) if plain else {}
        meant = {cell: _code(code, scale, table, name) for cell, code in known.items()}
        codes = _numbers([meant.get(cell) if cell else NOT_SHOWN for cell in table.cells(name)])
    unread = np.flatnonzero(np.isnan(codes))
    if not unread.size:
        return codes, None
    first = column[unread[0]] if column.dtype.kind == "f" else table.cells(name)[unread[0]]
    shown = repr(first) if isinstance(first, str) else f"{first:g}"
    rows = tuple((unread + 1).tolist())
    return codes, Unread(item=item.id, column=table.aliases.get(name, name), rows=rows, cell=shown)


def _numbers(codes: Sequence[int | None]) -> NDArray[np.float64]:
    """Return codes as numbers, NaN where a cell means nothing."""
    return np.array([np.nan if code is None else code for code in codes], dtype=np.float64)


def _code(number: float, scale: Scale, table: Table, name: str) -> int | None:
    """Return the code that a number means, None if it means nothing."""
    if number != number:  # noqa: PLR0124 - NaN
        return NOT_SHOWN
    readings = {**{code: code for code in MISSING_LABELS}, **scale.readings}
    if number.is_integer() and int(number) in readings:
        return readings[int(number)]
    declared = table.missing.get(name, ())
    return NOT_SHOWN if any(low <= number <= high for low, high in declared) else None


def offered(scale: Scale) -> str:
    """Say which codes a scale has, and which stand for no answer."""
    none = _listed(_no_answer(scale))
    return f"the scale has {_listed(scale.codes)}, and for no answer {none} or an empty cell"


def _no_answer(scale: Scale) -> set[int]:
    return ({*MISSING_LABELS} | {*scale.readings}) - {*scale.codes}


def _listed(codes: Iterable[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes, key=abs))
