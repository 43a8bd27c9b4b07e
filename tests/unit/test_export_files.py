"""Files of an export from rows made up here: written in blocks, and with labels that are meant ill."""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyreadstat
import pytest
from pyarrow import parquet

from analysis.__main__ import main as analysis
from analysis.files.read_table import read_table
from app.errors import Refused
from app.export import rows as of_rows
from app.export.formats import FORMATS
from app.export.labelled import coded
from app.export.metadata import DDI
from app.export.rows import Microdata, by_column
from app.export.sav import write_sav
from instrument import Column, allowed, codebook, keyed, load, ppiq, score
from instrument.codebook import PROVENANCE

HOSTILE = {
    "quotes": 'She said "no", and \'why\'; then, "yes"',
    "right to left": "أحصل على \u200eABC\u200f الدعم",
    "formula": '=HYPERLINK("a","b")',
    "macro": "`=1' $HOME \\ ${x}",
    "markup": "<b>R&amp;D</b> & ]]>",
    "separators": "a;b\ta | b, c = d",
}


def made(count: int, *, labels: Sequence[str] = ()) -> Microdata:
    """SIMULATED rows of form A in which every kind of cell occurs; its columns called otherwise in turn."""
    rng, instrument = random.Random(5), ppiq()
    form = instrument.forms["a"]
    columns = codebook(instrument, form.id, "en")
    if labels:
        columns = tuple(_called(column, label) for column, label in zip(columns, cycle(labels), strict=False))
    cells = by_column([[_row(columns, rng, place) for place in range(count)]], len(columns), count)
    return Microdata(
        wave="demo-1",
        title=" ".join(labels) or "Demonstration",
        simulated=True,
        instrument=instrument,
        form=form,
        columns=columns,
        cells=tuple(cells),
        n=count,
        digest_key=b"",
    )


def _called(column: Column, label: str) -> Column:
    values = {code: f"{label} {place}" for place, code in enumerate(column.values)}
    return replace(column, label=f"{label} {column.name}", values=values)


def _row(columns: Sequence[Column], rng: random.Random, place: int) -> list[int | float | str | None]:
    instrument, drawn = ppiq(), {}
    for column in columns:
        if column.kind in {"raw", "context"}:
            # Half of the people leave out some, so that scores come out in every way.
            left_out = [*column.missing, None] if rng.random() < 0.3 * (place % 2) else []
            drawn[column.name] = rng.choice(left_out or [*column.values])
    given = {
        item.id: code for item in instrument.forms["a"].items if (code := drawn[f"raw_{item.id}"]) is not None
    }
    scores = score(instrument, "a", given)
    provenance = {"row_id": 10**9 + place, "simulated": 1, "key_revision": instrument.key.revision}
    cells: dict[str, int | float | str | None] = {
        **{name: rng.choice(["é", "one; two", '"', "", None]) for name in PROVENANCE},
        **provenance,
        **drawn,
        **{item: keyed(instrument, "a", item, code) for item, code in given.items()},
        **{name: each.value for name, each in scores.items()},
        **{f"{name}_answered": each.answered for name, each in scores.items()},
    }
    return [cells.get(column.name) for column in columns]


def saved(content: bytes, folder: Path, ending: str) -> Path:
    path = folder / f"answers{ending}"
    path.write_bytes(content)
    return path


def without_time(content: bytes) -> bytes:
    """A file without the day and second of its making, which stand in the head of an SPSS file."""
    return content[:92] + content[109:] if content.startswith(b"$FL2") else content


@pytest.mark.parametrize("at_once", [1, 7, 40])
@pytest.mark.parametrize("name", ["csv", "sav", "parquet"])
def test_rows_written_in_blocks_are_those_written_at_once(
    name: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made(40)
    whole = FORMATS[name].make(data)
    monkeypatch.setattr(of_rows, "AT_ONCE", at_once)
    parts = [*FORMATS[name].blocks(data)]
    assert len(parts) > 40 / at_once
    if name != "parquet":
        assert without_time(b"".join(parts)) == without_time(whole)
        return
    again = parquet.read_table(io.BytesIO(b"".join(parts)))
    assert again.equals(parquet.read_table(io.BytesIO(whole)), check_metadata=True)


def test_an_spss_file_is_byte_by_byte_what_pyreadstat_writes(tmp_path: Path) -> None:
    data = made(40)
    write_sav(data, coded(data), str(tmp_path / "theirs.sav"))
    theirs = (tmp_path / "theirs.sav").read_bytes()
    ours = FORMATS["sav"].make(data)
    assert without_time(ours) == without_time(theirs)


def test_csv_is_what_the_standard_library_reads_and_writes() -> None:
    data = made(40)
    head, *rows = csv.reader(io.StringIO(FORMATS["csv"].make(data).decode(), newline=""))
    assert head == [column.name for column in data.columns]
    held = [["" if cell is None else cell for cell in row] for row in data.rows]
    for row, cells in zip(rows, held, strict=True):
        assert [pytest.approx(float(cell)) if isinstance(cell, float) else str(cell) for cell in cells] == [
            float(text) if isinstance(cell, float) else text for cell, text in zip(cells, row, strict=True)
        ]
    again = io.StringIO(newline="")
    csv.writer(again).writerows([head, *rows])
    assert again.getvalue().encode() == FORMATS["csv"].make(data)


def test_polars_and_pandas_read_the_same_table(tmp_path: Path) -> None:
    data = made(40)
    path = saved(FORMATS["parquet"].make(data), tmp_path, ".parquet")
    held = parquet.read_table(path).to_pydict()
    assert pl.read_parquet(path).to_dict(as_series=False) == held
    frame = pd.read_parquet(path)
    assert {name: [None if pd.isna(cell) else cell for cell in frame[name]] for name in frame} == held


def test_hostile_labels_come_back_whole_from_every_file(tmp_path: Path) -> None:
    data = made(40, labels=[*HOSTILE.values()])
    labels = {column.name: column.label for column in data.columns}
    _, sav = pyreadstat.read_sav(saved(FORMATS["sav"].make(data), tmp_path, ".sav"), user_missing=True)
    assert sav.column_names_to_labels == labels
    _, dta = pyreadstat.read_dta(saved(FORMATS["dta"].make(data), tmp_path, ".dta"))
    assert dta.column_names_to_labels == labels
    for each in coded(data):
        if not each.is_text:
            said = sav.variable_value_labels.get(each.column.name, {})
            assert said == {**each.values, **each.column.missing}
    schema = parquet.read_schema(io.BytesIO(FORMATS["parquet"].make(data)))
    assert {field.name: field.metadata[b"label"].decode() for field in schema} == labels
    sheet = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"].make(data)))["columns"]
    assert {row[0]: row[1] for row in sheet.iter_rows(min_row=5, values_only=True)} == labels
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n"}
    book = json.loads(FORMATS["codebook-json"].make(data))
    assert {column["name"]: column["label"] for column in book["columns"]} == labels
    variables = ET.fromstring(FORMATS["ddi"].make(data)).findall(f".//{{{DDI}}}var")
    assert {each.get("name"): each.findtext(f"{{{DDI}}}labl") for each in variables} == labels
    rows = csv.DictReader(io.StringIO(FORMATS["codebook-csv"].make(data).decode()))
    assert {row["name"]: row["label"].removeprefix("'") for row in rows} == {
        name: label.replace("\t", "\t'") if "\t=" in label else label for name, label in labels.items()
    }
    page = FORMATS["codebook-html"].make(data).decode()
    assert "<b>R" not in page


def test_a_label_that_a_program_would_cut_is_refused_before_a_file_is_made() -> None:
    data = made(40, labels=["é" * 60])
    with pytest.raises(Refused, match=r"the words of code \w+ of \w+ take 12\d bytes, and SPSS holds 120"):
        FORMATS["sav"].blocks(data)
    assert "é" * 60 in FORMATS["codebook-json"].make(data).decode()


def test_a_question_of_300_characters_is_cut_between_words_and_whole_in_the_notes(tmp_path: Path) -> None:
    long = " ".join(["word"] * 60)
    data = made(40)
    columns = tuple(replace(each, label=long) if each.name == "raw_ec1" else each for each in data.columns)
    data = replace(data, columns=columns)
    _, sav = pyreadstat.read_sav(saved(FORMATS["sav"].make(data), tmp_path, ".sav"))
    assert sav.column_names_to_labels["raw_ec1"].endswith("word…")
    assert long in " ".join(line.strip() for line in sav.notes)
    _, dta = pyreadstat.read_dta(saved(FORMATS["dta"].make(data), tmp_path, ".dta"))
    assert dta.column_names_to_labels["raw_ec1"].endswith("word…")
    for name in ("codebook-json", "codebook-csv", "codebook-html", "ddi", "csv-json"):
        assert long in FORMATS[name].make(data).decode()


def test_an_spss_file_comes_back_as_the_same_questionnaire_and_answers(tmp_path: Path) -> None:
    data = made(200)
    path = saved(FORMATS["sav"].make(data), tmp_path, ".sav")
    turned = ",".join(f"raw_{item}" for item in sorted(data.instrument.key.reversed_items("a")))
    out = tmp_path / "again"
    assert analysis(["draft", str(path), "--items", "raw_*", "--reverse", turned, "--out", str(out)]) == 0
    again, table = load(out), read_table(path)
    asked, form = data.form, again.forms["again"]
    words, said = data.instrument.words["a", "en"], again.words["again", "en"]
    assert [item.id for item in form.items] == [f"raw_{item.id}" for item in asked.items]
    for item, drafted in zip(asked.items, form.items, strict=True):
        codes = allowed(asked, item)
        assert said.sentence(drafted.id) == words.sentence(item.id)
        assert sorted(allowed(form, drafted)) == sorted(codes)
        assert [said.label("answers", code) for code in codes] == [
            words.label(item.scale, code) for code in codes
        ]
        back = [None if np.isnan(cell) else int(cell) for cell in table.columns[drafted.id]]
        assert back == data.column(drafted.id)
        assert [keyed(again, "again", drafted.id, code) for code in codes] == [
            keyed(data.instrument, "a", item.id, code) for code in codes
        ]


def test_claims_say_what_may_and_may_not_be_said_and_that_there_is_no_evidence() -> None:
    said, claims = FORMATS["claims"].make(made(1)).decode(), ppiq().claims
    assert claims is not None
    assert all(f"- {line}\n" in said for line in (*claims.may_say, *claims.may_not_say, *claims.always))
    assert "Precision\n- unknown\n" in said
    assert "Evidence\n- none yet\n" in said
