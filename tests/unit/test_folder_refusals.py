"""What of a folder of Parquet files cannot be counted is refused: what is wrong, where, and what to do."""

import re
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from analysis.counts.engines import EngineError
from analysis.files.chunked import file_counts
from analysis.files.table import TableError
from analysis.report.folder_answers import Folder, read_named_folder
from analysis.report.named_answers import Named
from tests.lib.parquet_folders import ITEMS, Run, frame_of, runner, written


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


@pytest.mark.parametrize(
    ("change", "arguments", "reason"),
    [
        (None, ["--engine", "dask"], "--engine and --scheduler count a folder of Parquet files"),
        ("folder", ["--scheduler", "tcp://here:1"], "threads are those of this machine"),
        ("folder", ["--group", "q1"], "--group is for single files"),
        ("nothing", [], "holds no file whose name ends in .parquet"),
        ("lacking", [], r"c.parquet has no column q6"),
        ("unknown", [], "q4: 1 rows hold 7, which is no answer"),
        ("folder", ["--missing", "9.5"], "--missing 9.5: codes in a folder are whole numbers"),
        ("words", [], r"q4: .*give answers as whole numbers from -127 to 127"),
        ("damaged", [], "c.parquet is not a Parquet file that can be read"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_reason(change, arguments, reason, tmp_path, run):
    frame = frame_of(300)
    if change == "unknown":
        frame.loc[250, "q4"] = 7
    if change == "words":
        frame["q4"] = "Never"
    place = written(frame, tmp_path / "answers")
    file = place / "later" / "c.parquet"
    if change == "nothing":
        for each in place.rglob("*.parquet"):
            each.unlink()
    if change == "lacking":
        frame.drop(columns="q6").to_parquet(file)
    if change == "damaged":
        file.write_bytes(b"nothing")
    code, out, err = run("alpha", place if change else file, *ITEMS, *arguments)
    assert (code, out) == (2, "")
    assert re.search(reason, err)


def test_a_structure_of_measurements_is_not_counted(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    code, _, err = run("structure", place, *ITEMS, "--continuous")
    assert code == 2
    assert "rest on rows" in err


@pytest.mark.parametrize("left", ["_delta_log/00.json", "part/.hoodie/x", "metadata/v1.metadata.json"])
@pytest.mark.parametrize("address", ["", "file://", "memory://"])
def test_a_table_with_versions_is_refused_since_it_holds_deleted_rows(
    tmp_path: Path, run: Run, left: str, address: str
) -> None:
    folder, memory = written(frame_of(300), tmp_path / "answers"), fsspec.filesystem("memory")
    (folder / left).parent.mkdir(parents=True)
    (folder / left).touch()
    memory.put(str(folder), str(folder), recursive=True)
    try:
        code, _, told = run("alpha", f"{address}{folder}", *ITEMS)
    finally:
        memory.rm(str(folder), recursive=True)
    assert code == 2
    assert "rows that were deleted" in told


@pytest.mark.parametrize("command", ["alpha", "report", "structure"])
@pytest.mark.parametrize(
    "named", [["--engine", "dask"], ["--engine", "threads"], ["--scheduler", "tcp://127.0.0.1:1"]]
)
@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "nowhere"])
def test_an_engine_is_refused_for_what_is_no_folder(command, named, name, tmp_path, run):
    frame_of(300).to_parquet(tmp_path / "a.parquet")
    frame_of(300).to_csv(tmp_path / "a.csv", index=False)
    code, out, err = run(command, tmp_path / name, *ITEMS, *named)
    assert (code, out) == (2, "")
    assert f"{name} is none; leave them out, or name the folder" in err


def test_a_scheduler_without_an_address_is_refused(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    code, _, err = run("alpha", place, *ITEMS, "--engine", "dask", "--scheduler", "")
    assert code == 2
    assert "--scheduler names no address" in err


@pytest.mark.parametrize(
    "named", [{"engine": "dask"}, {"engine": "spark"}, {"scheduler": "tcp://127.0.0.1:1"}]
)
def test_counts_of_a_file_without_parts_are_refused_to_an_engine(named, tmp_path):
    frame_of(300).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(EngineError, match=r"a\.csv is not in Parquet.*or name none"):
        file_counts(tmp_path / "a.csv", ["q1", "q2"], **named)


def test_an_engine_that_there_is_not_is_refused_with_those_that_there_are(tmp_path):
    place = written(frame_of(300), tmp_path / "answers")
    wrong = "no engine 'dusk'; name one of threads, dask, spark"
    for each in (place, place / "a.parquet"):
        with pytest.raises(ValueError, match=wrong):
            file_counts(each, ["q1", "q2"], engine="dusk")
    with pytest.raises(ValueError, match=wrong):
        read_named_folder(Folder(place=place, engine="dusk"), Named(items="q1-q6"))


@pytest.mark.parametrize("spread", ["over files", "over row groups", "in one row group"])
def test_more_different_codes_than_can_be_counted_are_refused(spread, tmp_path, run):
    frame = frame_of(300)
    frame["q4"] = np.arange(300) // 4
    place = written(frame, tmp_path / "answers")
    if spread != "over files":
        place = tmp_path / "one"
        place.mkdir()
        frame.to_parquet(place / "a.parquet", row_group_size=100 if spread == "over row groups" else 300)
    code, out, err = run("alpha", place, "--items", "q1-q6", "--missing", "9")
    assert (code, out) == (2, "")
    assert err.startswith(f"{place}, q4: more than 64 different codes")
    assert "leave out columns that hold no answers" in err
    with pytest.raises(TableError, match="q4: more than 64 different codes"):
        file_counts(place, ["q1", "q4"])


def test_a_code_that_is_no_category_is_told_by_its_column_alone(tmp_path):
    place = written(frame_of(300).assign(q4=57), tmp_path / "answers")
    with pytest.raises(TableError, match="answers, q4: a code is none of the categories") as refused:
        file_counts(place, ["q1", "q4"], categories=[1, 2, 3, 4, 5], missing=[9, -99])
    assert "57" not in str(refused.value)


@pytest.mark.parametrize("name", ["q4", "simulated"])
def test_two_columns_of_one_name_are_refused(name, tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    table = pa.Table.from_pandas(frame_of(300).assign(simulated="no"), preserve_index=False)
    parquet.write_table(table.append_column(name, table.column(name)), place / "later" / "c.parquet")
    code, out, err = run("alpha", place, *ITEMS)
    assert (code, out) == (2, "")
    assert f"c.parquet has more than one column {name}; keep one of each" in err


def test_a_name_that_stands_twice_and_is_not_asked_for_does_no_harm(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    table = pa.Table.from_pandas(frame_of(300).assign(note=1), preserve_index=False)
    parquet.write_table(table.append_column("note", table.column("note")), place / "later" / "c.parquet")
    assert run("alpha", place, *ITEMS)[0] == 0


@pytest.mark.parametrize("cell", ["Nevermore", 57.25, 5757, pd.Timestamp("2031-05-07")])
def test_no_cell_stands_in_a_refusal(cell, tmp_path, run):
    frame = frame_of(300).astype({"q4": "float64"})
    frame["q4"] = frame["q4"].fillna(1.0) if isinstance(cell, float | int) else cell
    frame.loc[250, "q4"] = cell
    place = written(frame, tmp_path / "answers")
    code, out, err = run("alpha", place, *ITEMS)
    assert (code, out) == (2, "")
    assert re.search(r"parquet, q4: not every cell of this .* is a code; give answers as whole numbers", err)
    assert not re.search("Nevermore|57|2031", err.replace(str(tmp_path), ""))


def test_damage_is_told_without_what_the_reader_says_of_it(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    file = place / "later" / "c.parquet"
    first = parquet.ParquetFile(file).metadata.row_group(0).column(0)
    content = bytearray(file.read_bytes())
    content[first.dictionary_page_offset : first.dictionary_page_offset + 8] = b"\xff" * 8
    file.write_bytes(content)
    code, out, err = run("alpha", place, *ITEMS)
    assert (code, out, err) == (2, "", f"{file} is damaged; write it again\n")


@pytest.mark.parametrize("address", ["", "file://"])
def test_links_to_folders_and_files_are_followed(address, tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    before = run("alpha", f"{address}{place}", *ITEMS)
    (place / "later").rename(tmp_path / "elsewhere")
    (place / "later").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (place / "b.parquet").rename(tmp_path / "b")
    (place / "b.parquet").symlink_to(tmp_path / "b")
    assert before[0] == 0
    assert run("alpha", f"{address}{place}", *ITEMS) == before


@pytest.mark.parametrize(
    ("link", "to"),
    [
        ("loop", "."),
        ("later/loop", ".."),
        ("later/loop", "../.."),
        ("again", "later"),
        ("d.parquet", "a.parquet"),
        ("later/a.parquet", "../a.parquet"),
    ],
)
@pytest.mark.parametrize("address", ["", "file://"])
def test_a_link_by_which_answers_would_count_twice_is_refused(link, to, address, tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    (place / link).symlink_to(to)
    code, out, err = run("alpha", f"{address}{place}", *ITEMS)
    assert (code, out) == (2, "")
    assert "its answers would count twice; remove one of the two" in err


def test_a_link_that_leads_nowhere_is_refused(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    (place / "d.parquet").symlink_to("gone.parquet")
    code, out, err = run("alpha", place, *ITEMS)
    assert (code, out) == (2, "")
    assert "No such file" in err


def test_a_table_with_versions_behind_a_link_is_refused(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    (place / "table").symlink_to(tmp_path / "table", target_is_directory=True)
    code, _, err = run("alpha", place, *ITEMS)
    assert code == 2
    assert "rows that were deleted" in err
