"""Parquet files and folders of them in parts, each read by one task, as blocks of bytes.

A place is a file or a folder on this machine, or an address that fsspec opens (`s3://bucket/answers`). A
block is an array of bytes, n rows x k items, each column contiguous in memory, as the files and the counting
code have them.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.files.parquet_pages import EMPTY, group_codes
from analysis.files.table import TableError

Block = NDArray[np.int8]

ROWS_OF_A_PART: Final = 1_000_000
DAMAGED: Final = "is damaged"
NOT_PARQUET: Final = "is not a Parquet file that can be read"
CODES: Final = "give answers as whole numbers from -127 to 127"


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file as its footer describes it: the names of its columns, and the rows of each row group."""

    path: str
    columns: tuple[str, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """Row groups of a Parquet file that follow each other, of `n` rows.

    `first` is the position of their first row among the rows of all parts, from 0.
    """

    file: str
    groups: tuple[int, ...]
    first: int
    n: int


def is_address(place: Path | str) -> bool:
    """Return whether a place is an address (`s3://bucket/answers`) rather than a path.

    Examples
    --------
    >>> is_address("s3://bucket/answers"), is_address("answers")
    (True, False)
    """
    return "://" in str(place)


def is_folder(place: Path | str) -> bool:
    """Return whether a place is read in parts: a folder, or an address."""
    return is_address(place) or Path(place).is_dir()


def files_of(place: Path | str) -> tuple[ParquetFile, ...]:
    """Return the Parquet files of a place, in the order of their names, each opened once.

    Parameters
    ----------
    place
        A Parquet file, a folder of them, or an address of either.

    Raises
    ------
    TableError
        There is no Parquet file, or one cannot be read.
    """
    return tuple(_described(path) for path in _paths(place))


def parts_of(
    files: Sequence[ParquetFile], columns: Sequence[str], *, rows: int = ROWS_OF_A_PART
) -> tuple[Part, ...]:
    """Return the parts of files.

    Parameters
    ----------
    files
        The files.
    columns
        Columns that every file must have.
    rows
        How many rows a part has at least, where its file has as many; a row group is never parted.

    Raises
    ------
    TableError
        A file lacks a column, or has it twice.
    """
    parts: list[Part] = []
    first = 0
    for file in files:
        _refuse_lacking(file, columns)
        refuse_twice(file, columns)
        groups: list[int] = []
        n = 0
        for group, size in enumerate(file.groups):
            groups.append(group)
            n += size
            if n >= rows or group == len(file.groups) - 1:
                parts.append(Part(file.path, tuple(groups), first, n))
                first, groups, n = first + n, [], 0
    return tuple(parts)


def part_blocks(part: Part, items: Sequence[str], *, rows: int) -> Iterator[Block]:
    """Yield the rows of a part in blocks of at most so many, decoded by the calling thread alone."""
    opened = _opened(part.file)
    for group in part.groups:
        with _refusing(part.file, DAMAGED):
            codes = None if is_address(part.file) else group_codes(part.file, opened, group, items)
        if codes is None:
            for batch in _batches(part, opened, group, items, rows):
                yield block_of(part.file, items, batch)
            continue
        for start in range(0, codes.shape[1], rows):
            yield np.ascontiguousarray(codes[:, start : start + rows]).T


def part_values(part: Part, columns: Sequence[str]) -> set[tuple[str, str]]:
    """Return the different values of columns in a part, as pairs of column and text."""
    opened, found = _opened(part.file), set[tuple[str, str]]()
    for column in {*columns} & {*opened.schema_arrow.names}:
        for group in part.groups:
            for batch in _batches(part, opened, group, [column], ROWS_OF_A_PART):
                values = batch.column(0).unique().to_pylist()
                found |= {(column, str(value)) for value in values if value is not None}
    return found


def _batches(part: Part, opened: Any, group: int, columns: Sequence[str], rows: int) -> Iterator[Any]:
    left = opened.metadata.row_group(group).num_rows
    with _refusing(part.file, DAMAGED):
        for batch in opened.iter_batches(rows, row_groups=[group], columns=list(columns), use_threads=False):
            left -= batch.num_rows
            yield batch
    if left:  # columns of different lengths, of which Arrow says nothing here
        raise TableError(f"{part.file} {DAMAGED}; write it again")


def block_of(file: Path | str, items: Sequence[str], batch: Any) -> Block:
    """Return columns of an Arrow batch as a block, `EMPTY` where there is no answer.

    Raises
    ------
    TableError
        A column holds something else than whole numbers from -127 to 127.
    """
    columns = np.empty((len(items), batch.num_rows), np.int8)
    for row, name in zip(columns, items, strict=True):
        row[:] = _bytes(file, name, batch.column(name))
    return columns.T


def refuse_twice(file: ParquetFile, columns: Sequence[str]) -> None:
    """Raise TableError where a file has more than one column of a name that is needed."""
    for name in columns:
        if file.columns.count(name) > 1:
            raise TableError(f"{file.path} has more than one column {name}; keep one of each")


def _refuse_lacking(file: ParquetFile, columns: Sequence[str]) -> None:
    lacking = [name for name in columns if name not in file.columns]
    if lacking:
        raise TableError(f"{file.path} has no column {', '.join(lacking)}; it has {', '.join(file.columns)}")


def _described(path: str) -> ParquetFile:
    opened = _opened(path)
    with _refusing(path, NOT_PARQUET):
        sizes = (opened.metadata.row_group(group).num_rows for group in range(opened.num_row_groups))
        return ParquetFile(path, tuple(opened.schema_arrow.names), tuple(sizes))


def _paths(place: Path | str) -> list[str]:
    paths = _paths_at(str(place)) if is_address(place) else _paths_in(Path(place))
    if not paths:
        raise TableError(f"{place} holds no file whose name ends in .parquet")
    return paths


def _paths_in(path: Path) -> list[str]:
    """Return the files of a folder and of those within it, links followed, each file once."""
    path = path.absolute()  # workers may stand in another folder
    if not path.is_dir():
        return [str(path)]
    root, found, reached = path.resolve(), list[str](), set[Path]()
    for name, folders, names in os.walk(path, onerror=_raise, followlinks=True):
        above = Path(name)
        _refuse_versions(path, (*folders, *names))
        folders[:] = [each for each in folders if not _hidden(each)]
        files = [above / each for each in names if each.endswith(".parquet") and not _hidden(each)]
        for each in (above, *files):
            real = each.resolve()
            if real in reached or (each != path and root.is_relative_to(real)):
                raise TableError(
                    f"{each} leads to {real}, which is read without it: its answers would count twice; "
                    "remove one of the two"
                )
            reached.add(real)
        found += map(str, files)
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def _paths_at(address: str) -> list[str]:
    core = _fsspec()
    try:
        system, path = core.url_to_fs(address)
    except ImportError as error:
        raise TableError(f"{address} cannot be opened: {error}") from error
    if isinstance(system, core.get_filesystem_class("file")):
        return _paths_in(Path(path))
    if system.isfile(path):
        return [address]
    every = {file.removeprefix(path): file for file in system.find(path)}
    _refuse_versions(address, every)
    found = (file for name, file in every.items() if name.endswith(".parquet") and not _hidden(name))
    return sorted(map(system.unstrip_protocol, found))


def _refuse_versions(place: Path | str, names: Iterable[str]) -> None:
    """Raise TableError for a table with versions, whose old files hold rows that were deleted since."""
    for name in names:
        if not {"_delta_log", ".hoodie"}.isdisjoint(name.split("/")) or name.endswith(".metadata.json"):
            raise TableError(
                f"{place} is a table of Delta, Iceberg or Hudi, whose old files hold rows that were deleted: "
                "write what is in it now into a folder of its own, as Parquet"
            )


def _hidden(path: str) -> bool:
    """Return whether a file, or a folder above it, is one that writers leave behind (`_temporary`)."""
    return any(name.startswith(("_", ".")) for name in path.split("/"))


def _opened(file: str) -> Any:
    from pyarrow import parquet  # noqa: PLC0415 - only where a file needs it

    with _refusing(file, NOT_PARQUET):
        if is_address(file):
            return parquet.ParquetFile(_fsspec().open(file, "rb").open())
        return parquet.ParquetFile(file, memory_map=True, pre_buffer=False)


@contextmanager
def _refusing(file: str, wrong: str) -> Iterator[None]:
    """Raise TableError in place of what Arrow raises, whose words may hold cells."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    try:
        yield
    except (FileNotFoundError, PermissionError, TableError):
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"{file} {wrong}; write it again") from error


def _fsspec() -> Any:
    try:
        from fsspec import core  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise TableError("an address is opened by fsspec: pip install 'counterpoise[dask]'") from error
    return core


def _bytes(file: Path | str, name: str, column: Any) -> Block:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import compute  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = compute.if_else(compute.is_nan(column), None, column)
    try:
        codes = column.cast(pa.int8())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TableError(
            f"{file}, {name}: not every cell of this {column.type} is a code; {CODES}"
        ) from error
    if compute.min(codes).as_py() == EMPTY:
        raise TableError(f"{file}, {name}: {EMPTY} is no code; {CODES}")
    found: Block = (codes.fill_null(EMPTY) if codes.null_count else codes).to_numpy()
    return found
