"""What rests on a sample of a folder's rows: figures of those very rows, that say so wherever they stand."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import docx
import numpy as np
import pandas as pd
import pytest

from analysis.files.tally import SEED, tally
from tests.lib.parquet_folders import ITEMS, Run, differences, frame_of, runner, written

UNSAID = ("--items", "q1-q6", "--reverse", "q2,q5", "--missing", "9")


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


@pytest.fixture(name="drawn")
def _drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[pd.DataFrame], np.ndarray]:
    """Have 200 rows drawn; returns the positions of those of a table."""
    monkeypatch.setitem(tally.__kwdefaults__, "sample", 200)
    return lambda frame: np.sort(np.random.default_rng(SEED).choice(len(frame), 200, replace=False))


def ordinary(run: Run, command: str, frame: pd.DataFrame, file: Path, *arguments: str) -> dict:
    frame.to_parquet(file)
    code, out, err = run(command, file, *arguments, "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_structure_has_the_models_of_all_rows_and_the_rest_of_a_sample(tmp_path, run):
    place = written(frame_of(10_500), tmp_path / "answers")
    code, out, err = run("structure", place, *ITEMS, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["n"] == 10_498
    assert found["sections"]["all_rows"]["title"] == "The models in all 10,498 rows"
    assert 9990 <= found["sample"]["n"] <= 10_000
    assert found["sections"]["solution"]["reading"].startswith(
        f"Of {found['sample']['n']:,} of the 10,498 rows, drawn at random."
    )
    everybody = dict(found["sections"]["all_rows"]["tables"][1]["rows"])
    sampled = {row[0]: row[1:] for row in found["sections"]["solution"]["tables"][0]["rows"]}
    assert everybody
    assert sampled


def test_items_that_vary_among_all_rows_are_in_the_models_of_all_rows(tmp_path, run, monkeypatch):
    monkeypatch.setitem(tally.__kwdefaults__, "sample", 200)
    frame = frame_of()
    drawn = np.random.default_rng(SEED).choice(len(frame), 200, replace=False)
    frame.loc[drawn, "q3"] = 4
    place = written(frame, tmp_path / "answers")
    code, out, err = run("structure", place, *ITEMS, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert "q3" in found["items"]
    assert "q3" not in found["sample"]["items"]
    whole = found["sections"]["all_rows"]
    assert "q3 is left out of the sample's models: every answer is 4 there." in whole["reading"]
    assert any(row[0].endswith("q3") for row in whole["tables"][1]["rows"])


def test_the_sample_is_the_same_whoever_counts(tmp_path, run):
    frame = frame_of(10_500)
    pages = []
    for name, group in (("few", 10_500), ("many", 300)):
        place = tmp_path / name / "answers"
        place.mkdir(parents=True)
        frame.to_parquet(place / "x.parquet", row_group_size=group)
        pages.append(run("report", place, *ITEMS, "--engine", "threads")[1])
    assert pages[0] == pages[1]
    assert "of the 10,498 rows, drawn at random" in pages[0]


def test_flags_of_a_report_are_those_of_the_rows_drawn(tmp_path, run, drawn):
    """Items are turned within the codes of all rows, one of which may be in no row that was drawn."""
    frame = frame_of()
    rows = drawn(frame)
    frame.loc[next(row for row in range(100, 1500) if row not in rows), "q2"] = 7
    frame.loc[rows[:3]] = pd.NA
    code, out, err = run("report", written(frame, tmp_path / "answers"), *UNSAID, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)["sections"]["careless"]
    theirs = ordinary(run, "report", frame.iloc[rows], tmp_path / "rows.parquet", *UNSAID, "--codes", "1-7")
    expected = theirs["sections"]["careless"]
    whole = ordinary(run, "report", frame, tmp_path / "whole.parquet", *UNSAID)
    assert theirs["n"] < 200 < whole["n"]
    of_rows = f"Of {theirs['n']} of the {whole['n']:,} rows, drawn at random."
    assert found["reading"] == f"{of_rows} {expected['reading']}"
    assert [table["rows"] for table in found["tables"]] == [table["rows"] for table in expected["tables"]]
    assert found["tables"][1]["rows"] != whole["sections"]["careless"]["tables"][1]["rows"]


def test_a_structure_is_that_of_all_rows_beside_that_of_the_rows_drawn(tmp_path, run, drawn):
    frame = frame_of()
    code, out, err = run("structure", written(frame, tmp_path / "answers"), *ITEMS, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    of_rows = frame.iloc[drawn(frame)]
    theirs = ordinary(run, "structure", of_rows, tmp_path / "rows.parquet", *ITEMS)
    assert differences(found["sample"], {k: v for k, v in theirs.items() if k != "software"}) == []
    for name, section in theirs["sections"].items():
        rows = [table["rows"] for table in section["tables"]]
        assert differences([table["rows"] for table in found["sections"][name]["tables"]], rows) == []
    whole = ordinary(run, "structure", frame, tmp_path / "whole.parquet", *ITEMS)
    estimates = {
        f"{row['lhs']} {row['op']} {row['rhs']}": row["std_all"]
        for row in whole["models"]["one factor"]["parameters"]
    }
    fit, solution = found["sections"]["all_rows"]["tables"]
    assert dict(solution["rows"]) == pytest.approx({name: estimates[name] for name, _ in solution["rows"]})
    srmr = {row[0]: row[-1] for row in fit["rows"]}
    assert srmr == pytest.approx({name: model["fit"]["srmr"] for name, model in whole["models"].items()})


@pytest.mark.parametrize("command", ["report", "structure"])
@pytest.mark.parametrize("format_", ["text", "html", "json", "latex", "docx"])
def test_every_table_of_the_sample_says_so_in_its_title(command, format_, tmp_path, run, drawn):
    frame = frame_of()
    place, page = written(frame, tmp_path / "answers"), tmp_path / "page"
    n = ordinary(run, command, frame.iloc[drawn(frame)], tmp_path / "rows.parquet", *ITEMS)["n"]
    sections = json.loads(run(command, place, *ITEMS, "--format", "json")[1])["sections"].values()
    sampled = [each for each in sections if each["title"].endswith(" (sample)")]
    titles = [table["title"] for each in sampled for table in each["tables"]]
    assert titles
    assert all(title.endswith(f" (sample of {n} rows)") for title in titles)
    others = [table["title"] for each in sections if each not in sampled for table in each["tables"]]
    assert others
    assert not any("sample" in title for title in others)
    assert run(command, place, *ITEMS, "--format", format_, "--out", page)[0] == 0
    shown = page.read_bytes()
    if format_ == "docx":
        shown = "\n".join(each.text for each in docx.Document(io.BytesIO(shown)).paragraphs).encode()
    assert all(shown.decode().count(title) >= titles.count(title) for title in titles)


def test_a_drawing_of_the_sample_says_so(tmp_path, run, drawn):
    frame = frame_of()
    n = ordinary(run, "structure", frame.iloc[drawn(frame)], tmp_path / "rows.parquet", *ITEMS)["n"]
    page = run("structure", written(frame, tmp_path / "answers"), *ITEMS, "--format", "html")[1]
    captions = page.split("<figcaption>")[1:]
    assert captions
    assert all(each.split("</figcaption>")[0].endswith(f"Of a sample of {n} rows.") for each in captions)
