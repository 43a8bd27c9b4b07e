"""Columns out of Parquet's pages are those that Arrow reads, or are left to Arrow, damaged files too."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from analysis.counts.joint import joint_counts
from analysis.files.chunked import file_counts
from analysis.files.parquet_pages import EMPTY, group_codes
from analysis.files.table import TableError

NAMES = ("a", "b")
UNSIGNED = (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())


@st.composite
def tables(draw):
    """Two columns of runs of codes, with or without gaps, of any kind of whole number."""
    few = draw(st.lists(st.integers(-127, 127), min_size=1, max_size=20))
    runs = draw(
        st.lists(st.tuples(st.sampled_from([*few, EMPTY]), st.sampled_from([1, 2, 9, 70])), max_size=60)
    )
    codes = np.repeat([code for code, _ in runs] or [0], [times for _, times in runs] or [0])
    order = np.random.default_rng(draw(st.integers(0, 9))).permutation(len(codes))
    kind = draw(st.sampled_from([pa.int8(), pa.int16(), pa.int32(), pa.int64(), *UNSIGNED]))
    columns = [
        pa.array(each.astype(kind.to_pandas_dtype()), kind, mask=each == EMPTY)  # -99 is 4294967197 in uint32
        for each in (codes, codes[order])
    ]
    return pa.table(columns, list(NAMES))


def by_arrow(opened, group: int) -> np.ndarray:
    read = opened.read_row_group(group, columns=list(NAMES))
    return np.array(
        [column.cast(pa.int64()).fill_null(EMPTY).to_numpy() for column in read.columns], np.int64
    )


@given(
    table=tables(),
    compression=st.sampled_from(["snappy", "zstd", "none", "gzip"]),
    version=st.sampled_from(["1.0", "2.0"]),
    dictionary=st.booleans(),
    rows=st.integers(1, 900),
)
def test_columns_are_those_that_arrow_reads(table, compression, version, dictionary, rows):
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "x.parquet")
        parquet.write_table(
            table,
            file,
            compression=compression,
            data_page_version=version,
            use_dictionary=dictionary,
            row_group_size=rows,
            write_batch_size=50,
            data_page_size=40,
        )
        opened = parquet.ParquetFile(file)
        for group in range(opened.num_row_groups):
            found = group_codes(file, opened, group, NAMES)
            if found is not None:
                np.testing.assert_array_equal(found, by_arrow(opened, group))


@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
@pytest.mark.parametrize("codes", [[1, 2], [1, 2, 3, 4, 5], [*range(11)], [*range(-40, 40)], [4, EMPTY, 5]])
def test_what_is_usual_is_not_left_to_arrow(codes, compression, tmp_path):
    drawn = np.random.default_rng(1).choice(codes, (5000, 2))
    columns = [pa.array(column, pa.int8(), mask=column == EMPTY) for column in drawn.T]
    file = str(tmp_path / "x.parquet")
    parquet.write_table(pa.table(columns, list(NAMES)), file, compression=compression)
    found = group_codes(file, parquet.ParquetFile(file), 0, NAMES)
    np.testing.assert_array_equal(found, drawn.T)


@pytest.mark.parametrize("gaps", [False, True])
def test_places_that_the_dictionary_does_not_have_are_no_answers(gaps, tmp_path):
    drawn = np.random.default_rng(2).choice([1, 2, 3, 4, 5, 6], 5000)
    column = pa.array(drawn, pa.int8(), mask=drawn == 6 if gaps else None)
    file = tmp_path / "x.parquet"
    parquet.write_table(pa.table([column], ["a"]), file, compression="none")
    chunk = parquet.ParquetFile(file).metadata.row_group(0).column(0)
    content = bytearray(file.read_bytes())
    middle = chunk.data_page_offset + (2 * chunk.total_compressed_size) // 3
    content[middle : middle + 3] = b"\xff" * 3
    file.write_bytes(content)
    with pytest.raises(TableError, match="is damaged"):
        file_counts(file, ["a"])


@pytest.mark.parametrize("compression", ["snappy", "none"])
def test_a_wrong_number_of_missing_values_in_the_footer_moves_no_answer(compression, tmp_path):
    drawn = np.random.default_rng(2).choice([1, 2, 3, 4, 5], 4000)
    missing = np.isin(np.arange(4000), [7, 70, 700])
    file = tmp_path / "x.parquet"
    column = pa.array(drawn, pa.int8(), mask=missing)
    parquet.write_table(pa.table([column, column], list(NAMES)), file, compression=compression)
    content = file.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    file.write_bytes(content[:footer] + content[footer:].replace(b"\x16\x06", b"\x16\x00"))
    opened = parquet.ParquetFile(file)
    assert opened.metadata.row_group(0).column(0).statistics.null_count == 0
    found = group_codes(str(file), opened, 0, NAMES)
    np.testing.assert_array_equal(found, by_arrow(opened, 0))


def test_rows_are_counted_where_no_column_is_asked_for(tmp_path):
    parquet.write_table(pa.table({"a": pa.array([1, 2, 3], pa.int8())}), tmp_path / "x.parquet")
    assert file_counts(tmp_path / "x.parquet", []).n == 3


@pytest.mark.parametrize("kind", UNSIGNED)
def test_a_large_number_without_a_sign_is_no_code_below_nought(kind, tmp_path):
    """-99 and 4294967197 have the same 32 bits."""
    column = pa.array(np.array([1, 2, -99] * 20).astype(kind.to_pandas_dtype()), kind)
    file = str(tmp_path / "x.parquet")
    parquet.write_table(pa.table([column, column], list(NAMES)), file)
    opened = parquet.ParquetFile(file)
    found = group_codes(file, opened, 0, NAMES)
    assert found is None or (found == by_arrow(opened, 0)).all()
    with pytest.raises(TableError, match=r"x\.parquet, a: not every cell of this uint"):
        file_counts(file, NAMES)


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.float64()])
@pytest.mark.parametrize("dictionary", [False, True])
def test_a_code_that_no_answer_can_have_is_refused(kind, dictionary, tmp_path):
    column = pa.array([1, 2, None, -128], kind)
    parquet.write_table(pa.table({"a": column}), tmp_path / "x.parquet", use_dictionary=dictionary)
    pa.csv.write_csv(pa.table({"a": column}), tmp_path / "x.csv")
    for file in ("x.parquet", "x.csv"):
        with pytest.raises(TableError, match="-128"):
            file_counts(tmp_path / file, ["a"])


def small(compression: str, missing: str, pages: int) -> bytes:
    """Return a file of 90 rows with columns that are read here, in so many pages or so."""
    rng = np.random.default_rng(5)
    columns = [
        pa.array(rng.integers(1, 6, 90), pa.int8(), mask=rng.random(90) < (missing == "some") * 0.1)
        for _ in NAMES
    ]
    schema = pa.schema([pa.field(name, pa.int8(), nullable=missing != "impossible") for name in NAMES])
    content = pa.BufferOutputStream()
    size = 90 // pages
    parquet.write_table(
        pa.table(columns, schema=schema),
        content,
        compression=compression,
        write_batch_size=size,
        data_page_size=size,
    )
    return content.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("compression", "missing", "pages"),
    [
        ("snappy", "some", 4),
        ("snappy", "none", 1),
        ("zstd", "none", 4),
        ("none", "some", 1),
        ("none", "impossible", 4),
    ],
)
def test_no_damage_passes_that_arrow_notices(compression, missing, pages, tmp_path):
    """Two bits of each byte are turned, in the pages and in the footer."""
    whole, file = small(compression, missing, pages), tmp_path / "x.parquet"
    read = refused = 0
    for place in range(4, len(whole) - 8):
        for bit in (0, place % 7 + 1):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            file.write_bytes(damaged)
            try:
                opened = parquet.ParquetFile(file)
                found = group_codes(str(file), opened, 0, NAMES)
            except (pa.ArrowException, OSError, ValueError):
                found = None
            if found is None:
                refused += 1
                continue
            try:
                expected = by_arrow(opened, 0)
            except (pa.ArrowException, OSError, ValueError) as error:
                pytest.fail(f"bit {bit} of byte {place} of {len(whole)}, of which Arrow says {error}")
            read += 1
            np.testing.assert_array_equal(found, expected, f"bit {bit} of byte {place} of {len(whole)}")
    assert read > 200
    assert refused > 200


@pytest.mark.parametrize("codes", [[1, 2, 3, 4, 5], [EMPTY, 1, 2, 3, 4, 5]])
def test_damaged_files_are_refused_or_read_as_arrow_reads_them(codes, tmp_path):
    """Two bytes of a larger file are others."""
    rng = np.random.default_rng(7)
    drawn = rng.choice(codes, (3000, 2))
    columns = [pa.array(column, pa.int8(), mask=column == EMPTY) for column in drawn.T]
    parquet.write_table(pa.table(columns, list(NAMES)), tmp_path / "x.parquet", row_group_size=2000)
    whole = (tmp_path / "x.parquet").read_bytes()
    file = tmp_path / "y.parquet"
    read = refused = 0
    for _ in range(1000):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(4, len(whole) - 8, 2)] = rng.integers(0, 256, 2)
        file.write_bytes(damaged.tobytes())
        try:
            found = file_counts(file, NAMES)
        except TableError:
            refused += 1
            continue
        opened = parquet.ParquetFile(file)
        rows = np.hstack([by_arrow(opened, group) for group in range(opened.num_row_groups)])
        assert found == joint_counts(np.where(rows == EMPTY, np.nan, rows).T, names=NAMES)
        read += 1
    assert read > 50
    assert refused > 50
