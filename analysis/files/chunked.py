"""Large files of answers in blocks of rows: joint counts and moments of more people than fit in memory."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.counts.engines import EngineError, engine_of, in_threads
from analysis.counts.joint import CodesError, Counts, JointCounts, block_counts, joint_counts, processors
from analysis.estimate import Matrix, Unavailable
from analysis.files.delimited import delimiter_of
from analysis.files.parquet_pages import EMPTY
from analysis.files.parquet_parts import (
    CODES,
    Block,
    Part,
    block_of,
    files_of,
    is_folder,
    part_blocks,
    parts_of,
)
from analysis.files.read_table import read_table
from analysis.files.table import TableError
from analysis.moments import Moments

ROWS: Final = 262_144
_FEW_BITS: Final = 3
_FEW_ROWS: Final = 32_768  # rows of a block that stays in the cache between reading and multiplying
_CSV_BYTES: Final = 16_777_216
_HEAD: Final = 65_536  # bytes read to find out the layout of a CSV file
_NULLS: Final = ("", ".", "NA", "na", "N/A", "n/a", "NaN", "nan", "#N/A", "#NULL!")


def blocks(file: Path | str, items: Sequence[str], *, rows: int = ROWS) -> Iterator[Block]:
    """Read columns of codes from a file, a block of rows at a time.

    Parameters
    ----------
    file
        CSV and Parquet are read in blocks, a folder of Parquet files or an address that fsspec opens
        (``s3://bucket/answers``) too; any other table that `read_table` knows, at once.
    items
        Names of the columns: integers from -127 to 127, or missing.
    rows
        Rows of a block, at most.

    Yields
    ------
    Block
        n rows x k items of bytes, `EMPTY` where an answer is missing.

    Raises
    ------
    TableError
        A column is not there, or holds something else.
    """
    for stream in _streams(file, items, rows=rows, workers=1):
        yield from stream


def file_counts(
    file: Path | str,
    items: Sequence[str],
    *,
    categories: Sequence[float] | None = None,
    missing: Sequence[float] = (),
    engine: Literal["threads", "dask", "spark"] = "threads",
    scheduler: str = "",
) -> JointCounts:
    """Return the joint counts of columns of a file, or of a folder of Parquet files, reading it in blocks.

    Parameters
    ----------
    file, items
        As for `blocks`.
    categories, missing
        As for `joint_counts`: the answers there can be, and codes that stand for no answer.
    engine
        Who counts the row groups of Parquet: "threads" of this machine, or the workers of "dask" or "spark",
        which need this package and the same files.
    scheduler
        The address of Dask's scheduler or Spark's master; by default one is started on this machine.

    Returns
    -------
    JointCounts
        Those of the whole, named by the items: the same whoever counts them.

    Raises
    ------
    TableError
        As for `blocks`; or a code is none of the categories, or there are more than can be counted.
    EngineError
        The engine cannot be used, or the file is none whose parts it could count.
    """
    by = engine_of(engine)
    nobody = joint_counts(np.empty((0, len(items)), np.int8), categories=categories, names=items)
    count = partial(_counts, nobody, categories=categories, missing=(EMPTY, *missing))
    if not _in_parts(file) and (scheduler or by is not in_threads):
        raise EngineError(
            f"{file} is not in Parquet, whose parts an engine counts: write it so, or name none"
        )
    try:
        if not _in_parts(file):
            return count(blocks(file, items))
        work = partial(_of_part, count, tuple(items))
        return sum(by(work, parts_of(files_of(file), items, rows=ROWS), scheduler), start=nobody)
    except CodesError as error:
        raise TableError(f"{file}, {error.item}: {error.wrong}") from error


def _of_part(
    count: Callable[[Iterable[Block]], JointCounts], items: Sequence[str], part: Part
) -> JointCounts:
    return count(_parquet_blocks([part], items, rows=ROWS))


def _counts(
    nobody: JointCounts,
    several: Iterable[Block],
    *,
    categories: Sequence[float] | None,
    missing: Sequence[float],
) -> JointCounts:
    names = nobody.names
    parts = (block_counts(each, categories=categories, missing=missing, names=names) for each in several)
    return sum(parts, start=nobody)


def _in_parts(file: Path | str) -> bool:
    return is_folder(file) or Path(file).suffix.lower() == ".parquet"


def file_moments(
    file: Path | str, items: Sequence[str], *, missing: Sequence[float] = ()
) -> Moments | Unavailable:
    """Return means and covariances of columns of a file, over rows without a missing answer.

    Parameters
    ----------
    file, items
        As for `blocks`.
    missing
        Codes that stand for no answer.

    Returns
    -------
    Moments or Unavailable
        For `cronbach_alpha` and whatever else takes moments. Unavailable with fewer than two items or three
        complete rows.

    Notes
    -----
    Sums and products are whole numbers, so the order of rows and blocks changes no digit.
    """
    codes = np.array(sorted({EMPTY, *missing}))
    streams = _streams(file, items, rows=_FEW_ROWS, workers=processors())
    with ThreadPoolExecutor(len(streams)) as pool:
        found = list(pool.map(lambda stream: _products(stream, len(items), codes), streams))
    n = sum(part[0] for part in found)
    sums, products = sum(part[1] for part in found), sum(part[2] for part in found)
    if len(items) < 2:  # noqa: PLR2004 - a covariance needs two
        return Unavailable(reason="too few items", detail=f"{len(items)} of at least 2")
    if n < 3:  # noqa: PLR2004 - two rows lie on one line
        return Unavailable(reason="no complete rows", detail=f"{n} complete rows, at least 3 are needed")
    # Deviations from a whole number close to each mean: sums stay exact and small.
    zero = np.round(sums / n).astype(np.int64)
    about = sums - n * zero
    whole = np.triu(products) + np.triu(products, 1).T
    centred = whole - np.outer(zero, sums) - np.outer(sums, zero) + n * np.outer(zero, zero)
    return Moments(
        n=n,
        answered=np.full(len(items), n),
        means=np.asarray(sums / n),
        covariance=(centred - np.outer(about, about / n)) / (n - 1),
        rule="complete rows",
    )


def _products(stream: Iterable[Block], k: int, codes: NDArray[Any]) -> tuple[int, Counts, Counts]:
    from analysis.counts.kernels import add_products  # noqa: PLC0415 - the compiler takes half a second to import

    n, sums, products = 0, np.zeros(k, np.int64), np.zeros((k, k), np.int64)
    for block in stream:
        rows = block.T
        if rows.size and rows.min() <= codes[-1]:
            rows = np.ascontiguousarray(rows[:, ~np.isin(rows, codes).any(axis=0)])
        if not rows.size:
            continue
        n += rows.shape[1]
        low, high = int(rows.min()), int(rows.max())
        if high - low < 2**_FEW_BITS:
            _add_by_bits(rows, low, max(1, (high - low).bit_length()), sums, products)
        else:
            add_products(rows, sums, products)
    return n, sums, products


def _add_by_bits(rows: Block, low: int, bits: int, sums: Counts, products: Counts) -> None:
    """Add the sums and products of k x n codes of a few bits, by counting the rows that have two bits set.

    x is low plus the sum over its bits of 2 ** bit, so products of two items are sums of such counts. That
    takes a third of the time of multiplying.
    """
    from analysis.counts.kernels import add_counts  # noqa: PLC0415 - the compiler takes half a second to import

    (k, n), m = rows.shape, len(rows) * bits
    above = (rows - np.int8(low)).view(np.uint8)
    planes = np.zeros((k, bits, -(-n // 64)), np.uint64)
    for bit in range(bits):
        planes[:, bit].view(np.uint8)[:, : -(-n // 8)] = np.packbits(above & np.uint8(1 << bit), axis=1)
    both = np.zeros((m, m), np.int64)
    add_counts(planes.reshape(m, -1), bits, both)
    both += np.triu(both, 1).T
    weights = 1 << np.arange(bits)
    squares = np.einsum("iajb,a,b->ij", both.reshape(k, bits, k, bits), weights, weights)
    own = np.diagonal(both).reshape(k, bits) @ weights
    sums += own + n * low
    products += np.triu(squares + low * (own[:, None] + own) + n * low**2)


def _streams(file: Path | str, items: Sequence[str], *, rows: int, workers: int) -> list[Iterator[Block]]:
    """Return the blocks of a file as iterators, as many as can be read at the same time."""
    if _in_parts(file):
        parts = parts_of(files_of(file), items, rows=1)
        count = max(1, min(workers, len(parts)))
        return [_parquet_blocks(parts[place::count], items, rows=rows) for place in range(count)]
    file = Path(file)
    if file.suffix.lower() in {".csv", ".tsv"}:
        return [_csv_blocks(file, items, rows)]
    answers = read_table(file).matrix(items)
    return [iter(_from_floats(file, items, answers, rows))]


def _parquet_blocks(parts: Sequence[Part], items: Sequence[str], *, rows: int) -> Iterator[Block]:
    return chain.from_iterable(part_blocks(part, items, rows=rows) for part in parts)


def _csv_blocks(file: Path, items: Sequence[str], rows: int) -> Iterator[Block]:
    """Yield blocks of a plain CSV file; one that is not plain is read at once, as `read_table` does."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    delimiter = _plain_delimiter(file, items)
    given = 0
    if delimiter:
        try:
            with arrow_csv.open_csv(
                file,
                read_options=arrow_csv.ReadOptions(block_size=_CSV_BYTES),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=False),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=list(items),
                    column_types=dict.fromkeys(items, pa.float64()),
                    null_values=list(_NULLS),
                ),
            ) as batches:
                for batch in batches:
                    yield block_of(file, items, batch)
                    given += batch.num_rows
        except (pa.ArrowInvalid, TableError):
            pass  # a cell or a row that the other reader can read, or can say what is wrong with
        else:
            return
    yield from _from_floats(file, items, read_table(file).matrix(items), rows, given)


def _plain_delimiter(file: Path, items: Sequence[str]) -> str:
    """Return what separates the cells of a CSV file with these columns, empty where it is not plain UTF-8."""
    with file.open("rb") as content:
        head = content.read(_HEAD)
    sample = head.decode("utf-8-sig", "replace")
    delimiter = delimiter_of(sample)
    header = next(csv.reader(sample.splitlines()[:1], delimiter=delimiter), [])
    known = all(header.count(name) == 1 for name in items)
    return delimiter if known and b"\0" not in head and _well_quoted(file, delimiter) else ""


def _well_quoted(file: Path, delimiter: str) -> bool:
    """Return whether every quote opens or closes a whole cell, and no cell goes over several lines."""
    data = np.memmap(file, np.uint8, "r")
    edges = np.frombuffer(f'{delimiter}\r\n"'.encode(), np.uint8)
    seen = 0
    for start in range(0, len(data), _CSV_BYTES):
        piece = data[start : start + _CSV_BYTES]
        quotes = np.flatnonzero(piece == ord('"'))
        if quotes.size:
            opening = np.arange(seen, seen + quotes.size) % 2 == 0
            places = quotes + start
            beside = np.where(opening, places - 1, places + 1)
            inside = (beside >= 0) & (beside < len(data))
            if not np.isin(data[beside[inside]], edges).all():
                return False
        # A line ends within a cell where the number of quotes before it is odd.
        lines = np.flatnonzero(piece == ord("\n"))
        if (quotes.size or seen % 2) and ((np.searchsorted(quotes, lines) + seen) % 2).any():
            return False
        seen += quotes.size
    return seen % 2 == 0


def _from_floats(
    file: Path, items: Sequence[str], answers: Matrix, rows: int, first: int = 0
) -> Iterator[Block]:
    empty = np.isnan(answers)
    wrong = np.argwhere(~empty & ((answers != np.round(answers)) | (np.abs(answers) >= -EMPTY)))
    if wrong.size:
        row, item = wrong[0]
        raise TableError(f"{file}, row {row + 1}, {items[item]}: {answers[row, item]:g} is no code; {CODES}")
    codes = np.where(empty, EMPTY, answers)
    for start in range(first, len(codes), rows):
        yield np.asfortranarray(codes[start : start + rows].astype(np.int8))
