"""Columns of answers straight out of Parquet's dictionary pages, as bytes.

Arrow decodes whole numbers into 32 bits and narrows them then, which takes longer than all that is counted.
An answer is one of few, so writers store it as its place in a dictionary, in 3 bits or so; here four places
at a time become bytes by look-up. A column that is laid out in another way, or looks damaged, is left to
Arrow.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Codes = NDArray[np.int8]

EMPTY: Final = -128  # stands for a missing answer
MOST_BYTES: Final = 2**27  # of a row group that is decoded at once
_CODECS: Final = ("UNCOMPRESSED", "SNAPPY", "ZSTD")
_BYTES_OF_A_VALUE, _BYTES_BESIDE = 4, 2**20  # more than pages of places can take
_MOST_CODES: Final = 256


def group_codes(file: str, opened: Any, group: int, columns: Sequence[str]) -> Codes | None:
    """Return columns of a row group, k x n, `EMPTY` where there is no answer; None for Arrow to read them.

    Parameters
    ----------
    file
        The path of the file.
    opened
        The same as Arrow's ParquetFile.
    group
        The number of the row group.
    columns
        Names of the columns.

    Raises
    ------
    ArrowException, OSError
        The footer is damaged.
    """
    found, kinds = opened.metadata.row_group(group), opened.schema_arrow
    if not columns or found.num_rows * len(columns) > MOST_BYTES:
        return None
    paths = [opened.schema.column(place).path for place in range(found.num_columns)]
    by_path = {path: place for place, path in enumerate(paths)}
    known = all(name in by_path and kinds.get_field_index(name) >= 0 for name in columns)
    if len(by_path) < len(paths) or not known:
        return None
    places = [by_path[name] for name in columns]
    # No row is read, but Arrow checks what the footer says of the columns: where that is damaged an error is
    # raised here, while `found.column` would end the process.
    for _ in opened.reader.iter_batches(0, row_groups=[group], column_indices=places, use_threads=False):
        pass
    codes = np.empty((len(columns), found.num_rows), np.int8)
    content = np.memmap(file, np.uint8, "r")
    for row, place in zip(codes, places, strict=True):
        chunk, schema, kind = found.column(place), opened.schema.column(place), kinds.field(paths[place]).type
        if chunk.num_values != found.num_rows or not _is_plain(chunk, schema, kind):
            return None
        if not _decode(content, chunk, row, optional=schema.max_definition_level > 0, lowest=_lowest(kind)):
            return None
    return codes


def _is_plain(chunk: Any, schema: Any, kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    flat = schema.max_repetition_level == 0 and schema.max_definition_level <= 1
    whole = chunk.physical_type == schema.physical_type == "INT32" and pa.types.is_integer(kind)
    return bool(flat and whole and chunk.has_dictionary_page and chunk.compression in _CODECS)


def _lowest(kind: Any) -> int:
    """Return the lowest code there can be: -99 in a column without signs is a number of ten digits."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    return EMPTY + 1 if pa.types.is_signed_integer(kind) else 0


def _decode(content: Bytes, chunk: Any, out: Codes, *, optional: bool, lowest: int) -> bool:
    """Fill `out` with a column; return whether its layout is the one that is known here."""
    from analysis.files.packed_runs import decode_pages, page_headers  # noqa: PLC0415 - the compiler takes long

    start = chunk.dictionary_page_offset
    column = np.array(content[start : start + chunk.total_compressed_size])
    headers = page_headers(column, out.size, optional)
    if not len(headers) or headers[0, 0] + headers[0, 1] != chunk.data_page_offset - start:
        return False
    data = _unpacked(column, headers, chunk.compression)
    if data is None or headers[0, 2] != _BYTES_OF_A_VALUE * headers[0, 3]:
        return False
    codes = data[: headers[0, 2]].view("<i4")
    if not 0 < codes.size <= _MOST_CODES or codes.min() < lowest or codes.max() >= -EMPTY:
        return False
    one, four = _tables(codes.astype(np.int8).tobytes())
    ends, counts = np.cumsum(headers[:, 2]), headers[1:, 3].copy()
    return bool(decode_pages(data, ends, counts, optional, one, four, out) == out.size)


def _unpacked(column: Bytes, headers: NDArray[np.int64], compression: str) -> Bytes | None:
    """Return the content of all pages, one behind the other; None where one is not what its header says."""
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    from analysis.files.packed_runs import varint  # noqa: PLC0415 - the compiler takes long

    sizes = headers[:, 2]
    most = _BYTES_OF_A_VALUE * headers[1:, 3].sum() + _BYTES_BESIDE
    if sizes.max() > most or sizes.sum() > most:  # a sum of sizes that nobody can have goes beyond 64 bits
        return None
    pages: list[tuple[Any, int]] = [
        (column[start : start + size], whole) for start, size, whole, _ in headers.tolist()
    ]
    if compression == "SNAPPY" and any(varint(page, 0, page.size)[0] != whole for page, whole in pages):
        return None
    if compression != "UNCOMPRESSED":
        codec = pa.Codec(compression.lower())
        try:
            pages = [(codec.decompress(page, whole, asbytes=True), whole) for page, whole in pages]
        except (OSError, MemoryError):
            return None
    if any(len(page) != whole for page, whole in pages):
        return None
    return np.frombuffer(b"".join([page for page, _ in pages]), np.uint8)


@lru_cache(maxsize=64)
def _tables(dictionary: bytes) -> tuple[Codes, NDArray[np.uint32]]:
    """Return the code of each place, `EMPTY` where there is none, and those of four places of 3 bits."""
    one = np.full(_MOST_CODES, EMPTY, np.int8)
    one[: len(dictionary)] = np.frombuffer(dictionary, np.int8)
    places = np.arange(2**12)
    four = np.stack([one[(places >> shift) & 7] for shift in (0, 3, 6, 9)], axis=1)
    return one, np.ascontiguousarray(four).view("<u4").ravel()
