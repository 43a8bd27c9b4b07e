"""Exports with labels inside the file, read back by the libraries that people use."""

import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from pyarrow import parquet

from analysis.files.shortening import shortened
from app.db import read
from app.export.formats import FORMATS
from app.export.labelled import STATA_LETTERS, coded
from app.export.microdata import microdata
from app.export.rows import Microdata
from app.operations import demo
from app.runtime import Service
from instrument import ppiq
from tests.lib.cohorts import close, take_part
from tests.privacy.organisations import ITEMS

WAVE = "demo-1"
MISSING = {"sd5": -88, "id1": -99, "ec2": -77}


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Files are written from rows that test_export.py reads on both engines."""
    return sqlite_url


@pytest.fixture
def leaving() -> str:
    return "rows"


@pytest.fixture
def data(service: Service, study: str) -> Microdata:
    """The first 40 people of the demonstration, one of whom left things out in three ways."""
    people = [
        answers
        for _, answers in zip(range(40), (a for _, a in demo.people(ppiq(), form_id="a")), strict=False)
    ]
    people[0] = {**people[0], **dict.fromkeys(ITEMS, 2), **MISSING}
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    with read(service.engine) as db:
        return microdata(service, db, WAVE)


def unanswered(data: Microdata, name: str) -> int:
    return sum(cell < 0 for cell in data.column(name))


def saved(content: bytes, folder: Path, ending: str) -> Path:
    path = folder / f"answers{ending}"
    path.write_bytes(content)
    return path


def test_spss_has_every_cell_label_level_and_kind_of_missing(data: Microdata, tmp_path: Path) -> None:
    frame, about = pyreadstat.read_sav(saved(FORMATS["sav"].make(data), tmp_path, ".sav"), user_missing=True)
    assert list(frame.columns) == [column.name for column in data.columns]
    assert about.file_label.startswith("SIMULATED")
    for each in coded(data):
        name, column = each.column.name, each.column
        held = ["" if cell is None and each.is_text else cell for cell in each.cells]
        read_back = [None if isinstance(c, float) and pd.isna(c) else c for c in frame[name]]
        assert read_back == pytest.approx(held) if column.kind == "score" else read_back == held, name
        assert about.column_names_to_labels[name] == shortened(column.label, 256)
        assert about.variable_measure[name] == column.measure
        if not each.is_text:
            assert about.variable_value_labels.get(name, {}) == {**each.values, **column.missing}
            ranges = about.missing_ranges.get(name, [])
            assert {each["lo"] for each in ranges} == {*column.missing}
    kinds = frame[["raw_ec2", "raw_sd5", "raw_id1"]].to_numpy().tolist()
    assert kinds.count([-77, -88, -99]) == 1
    without = pyreadstat.read_sav(tmp_path / "answers.sav")[0]
    assert without["raw_ec2"].isna().sum() == unanswered(data, "raw_ec2")


def test_stata_has_every_cell_label_and_kind_of_missing(data: Microdata, tmp_path: Path) -> None:
    path = saved(FORMATS["dta"].make(data), tmp_path, ".dta")
    frame, about = pyreadstat.read_dta(path, user_missing=True)
    assert path.read_bytes()[:60].count(b"<release>118</release>") == 1
    for each in coded(data):
        letters = {code: STATA_LETTERS[code] for code in each.column.missing}
        held = [letters.get(cell, cell) if isinstance(cell, int) else cell for cell in each.cells]
        held = ["" if cell is None and each.is_text else cell for cell in held]
        read_back = [None if isinstance(c, float) and pd.isna(c) else c for c in frame[each.column.name]]
        assert read_back == pytest.approx(held) if each.column.kind == "score" else read_back == held
        if not each.is_text:
            words = {**each.values, **{letters[code]: label for code, label in each.column.missing.items()}}
            assert about.variable_value_labels.get(each.column.name, {}) == words
    plain = pd.read_stata(path, convert_categoricals=False)
    assert plain["raw_ec2"].isna().sum() == unanswered(data, "raw_ec2")


def test_parquet_has_the_cells_of_the_csv_and_says_what_they_mean(data: Microdata) -> None:
    table = parquet.read_table(io.BytesIO(FORMATS["parquet"].make(data)))
    assert b"SIMULATED" in table.schema.metadata[b"title"]
    for column in data.columns:
        cells = data.column(column.name)
        text = any(isinstance(cell, str) for cell in cells)
        assert table.column(column.name).to_pylist() == [
            str(cell) if text and cell is not None else cell for cell in cells
        ]
        about = table.schema.field(column.name).metadata
        assert about[b"label"].decode() == column.label
        assert json.loads(about[b"value_labels"]) == {str(k): v for k, v in column.values.items()}
        assert json.loads(about[b"missing"]) == {str(k): v for k, v in column.missing.items()}


def test_a_spreadsheet_has_the_cells_of_the_csv_and_no_formula(data: Microdata) -> None:
    book = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].make(data)))
    assert book["answers"].freeze_panes == "A2"
    assert book.properties.title.startswith("SIMULATED")
    head, *rows = book["answers"].iter_rows(values_only=True)
    assert list(head) == [column.name for column in data.columns]
    for row, held in zip(rows, data.rows, strict=True):
        assert [cell if isinstance(cell, str | None) else pytest.approx(cell) for cell in held] == [*row]
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n"}
    said = list(book["columns"].iter_rows(values_only=True))
    assert said[0][:2] == ("simulated", 1)
    named = {row[0] for row in said[4:]}
    assert named == {column.name for column in data.columns}


@pytest.mark.parametrize(
    ("label", "most", "said"),
    [("a b", 3, "a b"), ("one two", 6, "one…"), ("é" * 9, 5, "é…"), ("é" * 9, 4, "…")],
)
def test_a_label_is_cut_between_words_and_says_so(label: str, most: int, said: str) -> None:
    assert shortened(label, most) == said
