"""Large files read in blocks of rows: the same figures as read at once, and refusals."""

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from analysis.counts.joint import joint_counts
from analysis.estimate import Unavailable
from analysis.files.chunked import EMPTY, blocks, file_counts, file_moments
from analysis.files.table import TableError
from analysis.moments import moments
from analysis.reliability.alpha import cronbach_alpha
from analysis.simulation import simulate

ITEMS = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def answers():
    missing = {-99: 0.03, -77: [0.0, 0.1, 0.0, 0.0]}
    codes = simulate(5000, [0.7] * 4, [-1, 0, 1], np.random.default_rng(1), missing=missing)
    X = np.where(codes < 0, np.nan, codes)
    X[7, 2] = np.nan
    return codes, X


def frame_of(codes):
    frame = pd.DataFrame(codes, columns=ITEMS).astype("Int8")
    frame.loc[7, "c"] = None
    frame["role"] = "student"
    return frame


@pytest.fixture(scope="module", params=["ints.parquet", "groups.parquet", "floats.parquet", "a.csv", "a.sav"])
def file(request, answers, tmp_path_factory):
    path = tmp_path_factory.mktemp("blocks") / request.param
    frame = frame_of(answers[0])
    match request.param:
        case "ints.parquet":
            frame.to_parquet(path)
        case "groups.parquet":
            frame.to_parquet(path, row_group_size=700)
        case "floats.parquet":
            frame.astype(dict.fromkeys(ITEMS, "float64")).to_parquet(path)
        case "a.csv":
            frame.astype(dict.fromkeys(ITEMS, "float64")).to_csv(path, index=False)
        case "a.sav":
            pyreadstat.write_sav(frame.astype(dict.fromkeys(ITEMS, "float64")), path)
    return path


def test_blocks_hold_every_row_once_and_in_order(file, answers):
    whole = np.vstack(list(blocks(file, ITEMS, rows=999)))
    expected = answers[0].copy()
    expected[7, 2] = EMPTY
    np.testing.assert_array_equal(whole, expected)
    assert whole.dtype == np.int8


def test_counts_of_a_file_are_those_of_its_rows(file, answers):
    ours = file_counts(file, ITEMS, missing=[-99, -77])
    assert ours == joint_counts(answers[1], names=ITEMS)


def test_moments_of_a_file_are_those_of_its_complete_rows(file, answers):
    ours, expected = file_moments(file, ITEMS, missing=[-99, -77]), moments(answers[1])
    assert ours.n == expected.n
    np.testing.assert_allclose(ours.means, expected.means, rtol=1e-12)
    np.testing.assert_allclose(ours.covariance, expected.covariance, rtol=1e-12)
    assert cronbach_alpha(ours).value == pytest.approx(cronbach_alpha(answers[1]).value, abs=1e-12)


def test_columns_may_be_few_and_in_any_order(file, answers):
    found = np.vstack(list(blocks(file, ["d", "a"])))
    np.testing.assert_array_equal(found, answers[0][:, [3, 0]])


def test_large_codes_do_not_overflow(tmp_path):
    X = np.random.default_rng(2).choice([-127, 127], (9000, 3)).astype(np.int8)
    pd.DataFrame(X, columns=list("abc")).to_parquet(tmp_path / "x.parquet")
    ours = file_moments(tmp_path / "x.parquet", list("abc"))
    np.testing.assert_allclose(ours.covariance, np.cov(X.T.astype(float)), rtol=1e-12)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".sav"])
def test_a_column_that_is_not_there_is_named(tmp_path, ending, answers):
    path = tmp_path / f"x{ending}"
    frame = frame_of(answers[0][:20]).astype(dict.fromkeys(ITEMS, "float64"))
    {
        ".parquet": frame.to_parquet,
        ".csv": lambda p: frame.to_csv(p, index=False),
        ".sav": lambda p: pyreadstat.write_sav(frame, p),
    }[ending](path)
    with pytest.raises(TableError, match="no column nine"):
        list(blocks(path, ["a", "nine"]))


@pytest.mark.parametrize("cell", ["yes", "4.5", "200"])
def test_what_is_no_code_is_named(tmp_path, cell):
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,2\n3,{cell}\n")
    advice = "is not a number" if cell == "yes" else "whole numbers from -127 to 127"
    with pytest.raises(TableError, match=rf"x\.csv.*b: .*{cell}.*{advice}"):
        list(blocks(path, ["a", "b"]))
    pd.DataFrame({"a": [1, 3], "b": ["2", cell]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(TableError, match=r"x\.parquet, b: .*whole numbers from -127 to 127"):
        list(blocks(tmp_path / "x.parquet", ["a", "b"]))


def test_a_word_in_a_csv_file_is_named_by_its_row(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a;b\n1;2\n3;yes\n")
    with pytest.raises(TableError, match=r"x\.csv, row 2, b: 'yes' is not a number"):
        file_counts(path, ["a", "b"])


def test_files_without_enough_people_say_so(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3,\n")
    assert file_moments(path, ["a", "b"]) == Unavailable(
        reason="no complete rows", detail="1 complete rows, at least 3 are needed"
    )
    assert file_moments(path, ["a"]).reason == "too few items"
    path.write_text("a,b\n")
    assert file_moments(path, ["a", "b"]).reason == "no complete rows"
    assert file_counts(path, ["a", "b"]).n == 0


def test_no_parquet_file_at_all(tmp_path):
    (tmp_path / "x.parquet").write_text("nothing")
    with pytest.raises(TableError, match="not a Parquet file"):
        file_moments(tmp_path / "x.parquet", ["a"])
