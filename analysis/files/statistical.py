"""Files of SPSS and Stata, with their labels and the values that they declare to be missing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from analysis.files.answer_cells import folded, number
from analysis.files.table import Column, Table, TableError

_ZLIB: Final = 1032


def read_sav(file: Path) -> Table:
    """Read an SPSS file, compressed or not."""
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    _refuse_impossible_rows(file)
    return _read(file, pyreadstat.read_sav, user_missing=True)


def _refuse_impossible_rows(file: Path) -> None:
    """Raise TableError where a header states more rows than its file holds: the reader allocates them."""
    with file.open("rb") as content:
        head = content.read(84)
    if len(head) < 84:  # noqa: PLR2004 - up to the number of rows
        raise TableError(f"{file} cannot be read: it is cut off; save it again, or as CSV")
    order: Literal["little", "big"] = "little" if head[64:68] in {b"\2\0\0\0", b"\3\0\0\0"} else "big"
    rows = int.from_bytes(head[80:84], order, signed=True)
    # Every row takes a byte at least; zlib makes at most 1,032 of one.
    if rows > file.stat().st_size * (_ZLIB if head.startswith(b"$FL3") else 1):
        raise TableError(f"{file} is damaged: it says {rows} rows, more than it can hold; save it again")


def read_dta(file: Path) -> Table:
    """Read a Stata file; .a to .z are missing."""
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    return _read(file, pyreadstat.read_dta)


def _read(file: Path, read: Callable[..., Any], **options: Any) -> Table:
    from pyreadstat import PyreadstatError, ReadstatError  # noqa: PLC0415 - only where a file needs it

    options = {"output_format": "dict", "disable_datetime_conversion": True, **options}
    unreadable = (PyreadstatError, ReadstatError, UnicodeDecodeError)
    letters, notes = _as_it_is, tuple[str, ...]()
    try:
        columns, about = read(file, **options)
    except unreadable as error:
        # One broken byte in one cell makes the reader refuse the file; as Latin-1 every byte is a letter.
        try:
            columns, about = read(file, encoding="LATIN1", **options)
        except unreadable:
            raise TableError(f"{file} cannot be read: {error}; save it again, or as CSV") from error
        letters, notes = _utf_8, ("Broken bytes of text stand as \ufffd.",)
    declared = {letters(name): found for name, found in about.missing_ranges.items()}
    labels = {letters(name): label for name, label in about.column_names_to_labels.items() if label}
    words = {letters(name): found for name, found in about.variable_value_labels.items()}
    return Table(
        file=file,
        columns={letters(name): _from_list(cells, letters) for name, cells in columns.items()},
        labels={name: letters(label) for name, label in labels.items()},
        words={name: _numbered(found, letters) for name, found in words.items()},
        missing={
            name: ranges
            for name, found in declared.items()
            if (ranges := tuple((float(r["lo"]), float(r["hi"])) for r in found if not _is_text(r)))
        },
        marks={
            name: marks
            for name, found in declared.items()
            if (marks := frozenset(folded(letters(r["lo"])) for r in found if _is_text(r)))
        },
        notes=notes,
    )


def _is_text(declared: Mapping[str, Any]) -> bool:
    return isinstance(declared["lo"], str)


def _as_it_is(text: str) -> str:
    return text


def _utf_8(text: str) -> str:
    """Return text whose bytes were taken for Latin-1."""
    return text.encode("latin-1", "replace").decode("utf-8", "replace")


def _numbered(words: Mapping[Any, str], letters: Callable[[str], str]) -> dict[float, str]:
    """Return value labels by their codes; those of codes that are no numbers are left aside."""
    codes = {code: number(code) if isinstance(code, str) else float(code) for code in words}
    return {code: letters(words[said]) for said, code in codes.items() if code is not None}


def _from_list(cells: Sequence[float | str | None], letters: Callable[[str], str]) -> Column:
    if all(cell is None or isinstance(cell, int | float) for cell in cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    texts = [None if cell is None or cell == "" else letters(str(cell)) for cell in cells]
    return np.array(texts, dtype=object)
