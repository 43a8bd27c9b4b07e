"""Headers of Parquet's pages, and runs of places in a dictionary, compiled without the interpreter's lock.

The format is that of parquet-format's parquet.thrift and Encodings.md. What the bytes say of their own
lengths is not believed: nothing outside of them is read or written.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.counts.kernels import compiled

Bytes = NDArray[np.uint8]
Codes = NDArray[np.int8]
Words = NDArray[np.uint32]
Whole = NDArray[np.int64]
Number = Any
"""A whole number of 64 bits: NumPy's in compiled code, which would make a float of two kinds of integers."""


@compiled
def varint(data: Bytes, at: Number, stop: Number) -> tuple[Number, Number]:
    """Return a number in 7 bits a byte and the place after it, beyond `stop` where it does not end there."""
    value, shift = np.int64(0), np.int64(0)
    while at < stop and shift < 56:
        byte = np.int64(data[at])
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    return value, stop + 1


@compiled
def _header(data: Bytes, at: Number, fields: Whole) -> Number:
    """Read a page's header: numbers into `fields`, by structure and field; return where it ends, or -1.

    Row 0 is of PageHeader, 1 of DataPageHeader (its field 5), 2 of DictionaryPageHeader (7), 3 of others.
    """
    ids, depth, row, stop = np.zeros(4, np.int64), 0, 0, data.size
    fields[:] = -1
    while depth >= 0:
        if at >= stop:
            return -1
        head = np.int64(data[at])
        at += 1
        if head == 0:  # the end of a structure
            depth -= 1
            continue
        kind = head & 15
        if head >> 4:
            ids[depth] += head >> 4
        else:
            value, at = varint(data, at, stop)
            ids[depth] = (value >> 1) ^ -(value & 1)
        field = ids[depth]
        if kind in (4, 5, 6):  # whole numbers, of which those of 32 bits are asked for
            value, at = varint(data, at, stop)
            if kind == 5 and 0 < field < 16 and depth < 2:
                fields[0 if depth == 0 else row, field] = (value >> 1) ^ -(value & 1)
        elif kind == 8:  # bytes, their number in front
            value, at = varint(data, at, stop)
            at += value
        elif kind == 12:  # a structure
            if depth == 0:
                row = 1 if field == 5 else 2 if field == 7 else 3
            depth += 1
            if depth > 3:
                return -1
            ids[depth] = 0
        elif kind == 7:  # eight bytes
            at += 8
        elif kind == 3:  # one byte
            at += 1
        elif kind not in (1, 2):  # true and false have no content
            return -1
    return at if at <= stop else -1


@compiled
def page_headers(data: Bytes, n: Number, optional: bool) -> Whole:
    """Return start, size, unpacked size and number of values of the pages of a column of n values.

    The first page is the dictionary, the others are places in it, which begin by telling which values are
    missing if the column is `optional`; empty where that is not so.
    """
    none, pages = np.empty((0, 4), np.int64), np.empty((64, 4), np.int64)
    fields = np.empty((4, 16), np.int64)
    found, values, at = 0, 0, 0
    while at < data.size and values < n:
        at = _header(data, at, fields)
        kind, unpacked, size = fields[0, 1], fields[0, 2], fields[0, 3]
        if at < 0 or unpacked < 0 or size < 0 or size > data.size - at:
            return none
        row = 1 if found else 2
        count, encoding = fields[row, 1], fields[row, 2]
        if count < 0 or kind != (0 if found else 2) or encoding not in (2, 8 if found else 0):
            return none
        missing, repeated = fields[1, 3], fields[1, 4]  # in runs, or, where there are none, of single bits
        if found and (missing not in (3, 3 if optional else 4) or repeated not in (3, 4)):
            return none
        if found == len(pages):
            pages = np.concatenate((pages, np.empty_like(pages)))
        pages[found, 0], pages[found, 1], pages[found, 2], pages[found, 3] = at, size, unpacked, count
        values += count if found else 0
        found += 1
        at += size
    return pages[:found] if values == n else none


@compiled
def _unpack(
    data: Bytes, at: Number, groups: Number, width: Number, one: Codes, four: Words, few: Words
) -> None:
    """Put the codes of so many groups of eight places of `width` bits into `few`."""
    start = np.uint64(at)  # an index without a sign is looked up as it is
    if width == 3:
        for group in range(groups):
            begin = start + np.uint64(3 * group)
            word = (
                np.int64(data[begin])
                | np.int64(data[begin + np.uint64(1)]) << 8
                | np.int64(data[begin + np.uint64(2)]) << 16
            )
            few[2 * group] = four[np.uint64(word & 4095)]
            few[2 * group + 1] = four[np.uint64(word >> 12)]
        return
    codes, mask = few.view(np.int8), (1 << width) - 1
    for group in range(groups):
        word = np.int64(0)
        for byte in range(width):
            word |= np.int64(data[start + np.uint64(width * group + byte)]) << (8 * byte)
        for place in range(8):
            codes[8 * group + place] = one[(word >> (place * width)) & mask]


@compiled
def _decode_runs(
    data: Bytes,
    at: Number,
    stop: Number,
    width: Number,
    one: Codes,
    four: Words,
    out: Codes,
    first: Number,
    n: Number,
) -> Number:
    """Put n codes into `out` from `first` on: of one place many times, or of eight and eight.

    Returns how many there were.
    """
    few = np.empty(128, np.uint32)
    codes, filled = few.view(np.int8), 0
    while filled < n and at < stop:
        header, at = varint(data, at, stop)
        if at > stop:
            return filled
        left = header >> 1
        if left == 0 or left >= 2**28:  # no run, or a longer one than a row group has
            return filled
        if header & 1 == 0:
            place = np.int64(0)
            if width > 0:
                if at >= stop:
                    return filled
                place = np.int64(data[at])
                at += 1
                if place >> width:  # more than so many bits
                    return filled
            taken, begin = min(left, n - filled), np.uint64(first + filled)
            for each in range(taken):
                out[begin + np.uint64(each)] = one[place]
            filled += taken
            continue
        if left * width > stop - at:
            return filled
        while left > 0 and filled < n:
            groups = min(left, 64)
            _unpack(data, at, groups, width, one, four, few)
            at += groups * width
            taken, begin = min(8 * groups, n - filled), np.uint64(first + filled)
            for each in range(taken):
                out[begin + np.uint64(each)] = codes[each]
            filled += taken
            left -= groups
    return filled


@compiled
def decode_pages(
    data: Bytes, ends: Whole, counts: Whole, optional: bool, one: Codes, four: Words, out: Codes
) -> Number:
    """Fill `out` from pages of places; return how many values there were.

    Parameters
    ----------
    data, ends
        The unpacked pages, and where each of them, the dictionary among them, ends.
    counts
        How many values the pages of places have.
    optional
        Whether pages begin by telling which values are missing.
    one, four
        The code of each place, and the codes of four places of 3 bits.
    out
        -128 where a value is missing.
    """
    filled = 0
    same = np.array([0, 1], np.int8)
    for page in range(counts.size):
        at, stop, n = ends[page], ends[page + 1], counts[page]
        full, there = not optional, np.ones(0, np.int8)
        if optional:
            if stop - at < 4:
                return filled
            size = np.int64(0)
            for byte in range(4):
                size |= np.int64(data[at + byte]) << (8 * byte)
            at += 4
            if size > stop - at:
                return filled
            header, after = varint(data, at, at + size)
            if after < at + size and header & 1 == 0 and n <= header >> 1 < 2**28:
                full = data[after] == 1  # one run: all values are there
            if not full:
                there = np.ones(n, np.int8)
                if _decode_runs(data, at, at + size, 1, same, four, there, 0, n) != n:
                    return filled
            at += size
        given = n if full else np.int64(there.sum())
        if given > 0:
            if at >= stop or data[at] > 8:
                return filled
            width, at = np.int64(data[at]), at + 1
            if _decode_runs(data, at, stop, width, one, four, out, filled, given) != given:
                return filled
            begin, low = np.uint64(filled), np.int8(0)
            for each in range(given):
                low = min(low, out[begin + np.uint64(each)])
            if low == -128:  # a place that the dictionary does not have
                return filled
        if given < n:
            # From the end on, so that no value is overwritten before it has moved to its row.
            for row in range(n - 1, -1, -1):
                given -= there[row]
                out[filled + row] = out[filled + given] if there[row] else -128
        filled += n
    return filled
