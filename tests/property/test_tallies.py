"""A large table may be parted and counted in any way: the counts are those of its rows, to the last one."""

import tempfile
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyarrow import parquet

from analysis.counts.engines import in_threads
from analysis.counts.joint import joint_counts
from analysis.estimate import complete_rows
from analysis.files.chunked import file_counts, file_moments
from analysis.files.parquet_pages import EMPTY
from analysis.files.parquet_parts import files_of
from analysis.files.tally import Tally, Wanted, tally
from analysis.moments import moments

NONE = -99
ITEMS = ("a", "b", "c")
WANTED = Wanted(items=ITEMS, missing=((NONE,), (NONE,), ()), sets=((0, 1, 2), (2, 0)))
TABLES = arrays(
    np.int8, st.tuples(st.integers(0, 50), st.just(3)), elements=st.sampled_from([EMPTY, NONE, 1, 2, 3, 4, 5])
)
CUTS = st.lists(st.integers(0, 50), max_size=4)


def written(folder: str, codes: np.ndarray, cuts: list[int], group: int) -> str:
    """Write rows as one file for each stretch between two cuts, in row groups."""
    place = Path(tempfile.mkdtemp(dir=folder))
    for number, part in enumerate(np.split(codes, sorted(cuts))):
        columns = [pa.array(column, pa.int8(), mask=column == EMPTY) for column in part.T]
        parquet.write_table(pa.table(columns, list(ITEMS)), place / f"{number}.parquet", row_group_size=group)
    return str(place)


def answers(codes: np.ndarray) -> np.ndarray:
    """The table as answers: NaN for an empty cell, and for the code that means none in the first two."""
    X = np.where(codes == EMPTY, np.nan, codes)
    X[:, :2][codes[:, :2] == NONE] = np.nan
    return X


def assert_same(one: Tally, other: Tally) -> None:
    for field in fields(Tally):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name == "sample":
            assert {place: row.tolist() for place, row in mine.items()} == {
                place: row.tolist() for place, row in theirs.items()
            }
        elif field.name == "lacking":
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert mine == theirs, field.name


@given(codes=TABLES, cuts=CUTS, group=st.integers(1, 60), threads=st.sampled_from([1, 2, 7]))
def test_any_parts_and_any_workers_count_the_same(codes, cuts, group, threads):
    X = answers(codes)
    with tempfile.TemporaryDirectory() as folder:
        whole = tally(files_of(written(folder, codes, [], 60)), WANTED, sample=5)
        parted = tally(
            files_of(written(folder, codes, cuts, group)),
            WANTED,
            sample=5,
            engine=partial(in_threads, threads=threads),
        )
    assert_same(parted, whole)
    given_one = ~np.isnan(X).all(axis=1)
    assert parted.empty == (~given_one).sum()
    kinds = sum(times.get(NONE, 0) for times in parted.kinds[:2])
    assert kinds == (codes[given_one, :2] == NONE).sum()
    X = X[given_one]
    assert parted.counts == joint_counts(X, names=ITEMS)
    for places, found in zip(WANTED.sets, parted.complete, strict=True):
        rows = complete_rows(X[:, places])
        assert found == joint_counts(rows, names=[ITEMS[place] for place in places])
    np.testing.assert_array_equal(parted.lacking, np.bincount(np.isnan(X).sum(axis=1), minlength=4))
    assert len(parted.rows) == min(5, len(codes))
    for place, row in parted.sample.items():
        np.testing.assert_array_equal(row, codes[place])


@given(codes=TABLES, cuts=CUTS, group=st.integers(1, 60))
def test_counts_and_moments_of_a_folder_are_those_of_its_rows(codes, cuts, group):
    codes = np.where(codes == NONE, EMPTY, codes)
    X = answers(codes)
    with tempfile.TemporaryDirectory() as folder:
        place = written(folder, codes, cuts, group)
        counts, found = file_counts(place, ITEMS), file_moments(place, ITEMS)
    assert counts == joint_counts(X, names=ITEMS)
    rows = complete_rows(X)
    if len(rows) > 2:
        np.testing.assert_allclose(found.covariance, moments(rows).covariance, atol=1e-12)


@given(
    X=arrays(np.float64, (30, 3), elements=st.sampled_from([np.nan, 0.0, 1.0, 2.0, 3.0])),
    ends=st.dictionaries(st.integers(0, 2), st.sampled_from([3.0, 4.0, 10.0])),
)
def test_turning_an_item_turns_its_counts(X, ends):
    turned = X.copy()
    for item, end in ends.items():
        turned[:, item] = end - X[:, item]
    assert joint_counts(X).turned(ends) == joint_counts(turned)
