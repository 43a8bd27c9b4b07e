"""Tables of answers read from each kind of file, and what is refused."""

import math

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from analysis.files.read_table import READERS, read_table
from analysis.files.table import TableError

NAN = math.nan


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def frame():
    return pd.DataFrame({"ec1": [0.0, 4.0, -88.0, np.nan], "role": ["student", None, "é", "x,y"]})


@pytest.mark.parametrize(
    "content",
    [
        'ec1,role\n0,student\n4,\n-99,é\n,"x,y"\n',
        "ec1;role\r\n0;student\r\n4;\r\n-99;é\r\nNA;x,y\r\n",
        "\ufeffec1\trole\n0\tstudent\n4\t\n-99\té\nNaN\tx,y\n",
    ],
)
def test_csv_with_commas_semicolons_or_tabs(written, content):
    table = read_table(written("answers.csv", content))
    np.testing.assert_array_equal(table.columns["ec1"], [0, 4, -99, NAN])
    assert list(table.columns["role"]) == ["student", None, "é", "x,y"]
    np.testing.assert_array_equal(table.matrix(missing=[-99]), [[0], [4], [NAN], [NAN]])
    assert table.n == 4


def test_parquet_keeps_numbers_and_text(frame, tmp_path):
    frame["flag"] = [True, False, True, True]
    frame["kind"] = pd.Categorical(["a", "b", "a", None])
    frame["small"] = pd.array([1, 2, None, 4], dtype="Int8")
    frame.to_parquet(tmp_path / "answers.parquet")
    table = read_table(tmp_path / "answers.parquet")
    np.testing.assert_array_equal(table.columns["ec1"], [0, 4, -88, NAN])
    np.testing.assert_array_equal(table.columns["flag"], [1, 0, 1, 1])
    np.testing.assert_array_equal(table.columns["small"], [1, 2, NAN, 4])
    assert list(table.columns["kind"]) == ["a", "b", "a", None]
    assert table.matrix(["small", "ec1"]).shape == (4, 2)


def test_spss_brings_questions_words_and_its_own_missing_values(frame, tmp_path):
    pyreadstat.write_sav(
        frame,
        tmp_path / "answers.sav",
        column_labels={"ec1": "What happens next"},
        variable_value_labels={"ec1": {0: "Not at all true", -99: "Rather not say"}},
        missing_ranges={"ec1": [{"lo": -99, "hi": -77}]},
    )
    table = read_table(tmp_path / "answers.sav")
    np.testing.assert_array_equal(table.columns["ec1"], [0, 4, -88, NAN])
    np.testing.assert_array_equal(table.matrix(["ec1"])[:, 0], [0, 4, NAN, NAN])
    assert table.labels == {"ec1": "What happens next"}
    assert table.words["ec1"] == {0.0: "Not at all true", -99.0: "Rather not say"}
    assert table.missing == {"ec1": ((-99.0, -77.0),)}
    assert list(table.columns["role"]) == ["student", None, "é", "x,y"]


def test_stata_brings_words_and_reads_its_missing_values_as_missing(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0, "a", np.nan], "b": [1.0, 2.0, 3.0, 4.0]}, dtype=object)
    pyreadstat.write_dta(
        frame,
        tmp_path / "x.dta",
        missing_user_values={"a": ["a"]},
        variable_value_labels={"b": {1: "no"}},
        column_labels={"b": "A question"},
    )
    table = read_table(tmp_path / "x.dta")
    assert table.words["b"] == {1: "no"}
    assert table.labels == {"b": "A question"}
    np.testing.assert_array_equal(table.matrix(["b"])[:, 0], [1, 2, 3, 4])


def test_text_that_is_all_numbers_is_numbers(written):
    table = read_table(written("a.csv", 'x,y\n 1,01\n2,"3"\n'))
    np.testing.assert_array_equal(table.matrix(["x", "y"]), [[1, 1], [2, 3]])


def test_a_cell_that_is_no_number_is_named_by_file_row_and_column(written):
    table = read_table(written("a.csv", "ec1,ec2\n1,2\n3,yes\n"))
    with pytest.raises(TableError, match=r"a\.csv, row 2, ec2: 'yes' is not a number"):
        table.matrix(["ec1", "ec2"])


def test_a_column_that_is_not_there_is_named(written):
    with pytest.raises(TableError, match=r"no column vi1; it has ec1, ec2"):
        read_table(written("a.csv", "ec1,ec2\n1,2\n")).matrix(["vi1"])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "x,y\n1,2\n3\n", r"a\.csv, row 2: 1 cells where the header names 2 columns"),
        ("a.csv", "x,y\n1,2,3\n", r"row 1: 3 cells"),
        ("a.csv", b"x,y\n1,\x81\xfe\n", "not in UTF-8, UTF-16 or Windows-1252"),
        ("a.csv", "", "is empty"),
        ("a.xlsx", "?", "not a spreadsheet"),
        ("a.xls", "?", r"\.xls is not read; save it as \.csv"),
        ("answers", "?", "no ending"),
        ("a.parquet", "x,y\n1,2\n", "not a Parquet file"),
        ("a.sav", "x,y\n1,2\n", r"a\.sav cannot be read"),
        ("a.dta", "x,y\n1,2\n", r"a\.dta cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_and_where(written, name, content, words):
    with pytest.raises(TableError, match=words):
        read_table(written(name, content))


@pytest.mark.parametrize("ending", READERS)
def test_a_file_that_is_not_there_is_an_ordinary_error(tmp_path, ending):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / f"none{ending}")


def test_a_table_of_names_alone_has_no_rows(written):
    table = read_table(written("a.csv", "x,y\n"))
    assert (table.n, table.matrix(["x", "y"]).shape) == (0, (0, 2))


def test_an_empty_column_is_missing_throughout(written):
    table = read_table(written("a.csv", "x,y\n1,\n2,\n"))
    np.testing.assert_array_equal(table.matrix(), [[1, NAN], [2, NAN]])
