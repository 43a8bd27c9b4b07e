"""Parquet and Feather files; ordered categories keep their order."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from analysis.files.answer_cells import number
from analysis.files.table import Column, Table, TableError, plain_name


def read_parquet(file: Path) -> Table:
    """Read a Parquet file."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return _table(file, parquet.ParquetFile(file).read())
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, "Parquet", error) from error


def read_feather(file: Path) -> Table:
    """Read a Feather (Arrow IPC) file."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import feather  # noqa: PLC0415

    try:
        return _table(file, feather.read_table(file, memory_map=False))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, "Feather", error) from error


def _unreadable(file: Path, kind: str, error: Exception) -> TableError:
    return TableError(f"{file} is not a {kind} file that can be read ({error}); write it again")


def _table(file: Path, read: Any) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    read.validate(full=True)  # a damaged file may hold offsets that point outside its memory
    names = [plain_name(name) for name in read.column_names]
    times = Counter(names)
    chosen = {name: place for place, name in enumerate(names) if times[name] == 1 and name}
    unusable = {
        name: f"more than one column {name}; keep one of each" for name, count in times.items() if count > 1
    }
    columns, ordered = dict[str, Column](), dict[str, tuple[str, ...]]()
    for name, place in chosen.items():
        column = read.column(place)
        try:
            columns[name] = _column(column)
        except pa.ArrowException as error:
            unusable[name] = f"column {name} holds {column.type}, which is not read ({error})"
            continue
        if pa.types.is_dictionary(column.type) and column.type.ordered and column.num_chunks:
            ordered[name] = tuple(map(str, column.unify_dictionaries().chunk(0).dictionary.to_pylist()))
    return Table(
        file=file,
        columns=columns,
        # Categories that are numbers are their own codes.
        ordered={
            name: categories
            for name, categories in ordered.items()
            if not all(number(category) is not None for category in categories)
        },
        unusable=unusable,
    )


def _column(column: Any) -> Column:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    if pa.types.is_integer(kind) and kind.bit_width == 64:  # noqa: PLR2004 - what a float may not hold
        largest = max((abs(value) for value in column.unique().to_pylist() if value is not None), default=0)
        if largest > 2**53:
            column, kind = column.cast(pa.string()), pa.string()
    if any(is_kind(kind) for is_kind in _number_kinds()):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.array(
        [None if cell is None or cell == "" else str(cell) for cell in column.to_pylist()], dtype=object
    )


def _number_kinds() -> tuple[Any, ...]:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    return pa.types.is_null, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal
