"""Folders of Parquet files: the reports of all their rows, and what stands in place of what needs rows."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest

from analysis.commands.options import ENGINES as NAMES
from analysis.counts.engines import ENGINES
from analysis.simulation import simulate
from instrument import ppiq
from tests.lib.parquet_folders import ITEMS, Run, differences, frame_of, runner, written

NEEDS_ROWS = "it is computed from rows, of which the counts alone are known"


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


def needs_rows(figure: Any) -> bool:
    return isinstance(figure, dict) and figure.get("unavailable", "").startswith(NEEDS_ROWS)


@pytest.fixture(name="both")
def _both(tmp_path: Path, run: Run) -> Callable[..., tuple[Any, Any]]:
    """Run a command on a folder, and on one file of the same rows."""

    def both(frame: pd.DataFrame, command: str, *arguments: object) -> tuple[Any, Any]:
        frame.to_parquet(tmp_path / "answers.parquet")
        found = []
        for place in (written(frame, tmp_path / "answers"), tmp_path / "answers.parquet"):
            code, out, err = run(command, place, *arguments, "--format", "json")
            assert (code, err) == (0, "")
            found.append(json.loads(out))
        return found[0], found[1]

    return both


def test_alpha_of_a_folder_is_that_of_its_rows(both):
    folder, file = both(frame_of(), "alpha", *ITEMS)
    assert differences(folder, file) == []


def test_a_report_of_a_folder_is_that_of_its_rows_but_for_what_needs_rows(both):
    folder, file = both(frame_of(), "report", *ITEMS)
    left = [
        (place, mine)
        for place, mine, _ in differences(folder, file)
        if not place.startswith(("/form_hash", "/sections/rows", "/sections/careless", "/scales/all_items/"))
    ]
    assert left
    assert all("/sections/scalability" in place and needs_rows(mine) for place, mine in left)
    resampled = {
        place.split("/")[3]
        for place, *_ in differences(folder, file)
        if place.startswith("/scales/all_items/")
    }
    assert resampled == {"alpha_bootstrap", "omega_bootstrap"}
    sampled, ordinary = (each["sections"]["careless"]["tables"] for each in (folder, file))
    assert [each["rows"] for each in sampled] == [each["rows"] for each in ordinary]
    said = {row[0]: row[2] for row in folder["sections"]["rows"]["tables"][0]["rows"]}
    assert said["flags of careless answering"] == "a random sample of rows"
    assert said["standard errors of Mokken's H"] == "nothing"


def test_a_report_of_a_form_counts_its_scales_and_kinds_of_no_answer(both):
    form, rng = ppiq().forms["s2"], np.random.default_rng(4)
    loadings = [-0.7 if item.id in ppiq().key.reversed_items("s2") else 0.7 for item in form.items]
    codes = simulate(600, loadings, [-1, -0.3, 0.4, 1], rng).astype(float)
    for code in (-77, -88, -99, np.nan):
        codes[rng.random(codes.shape) < 0.01] = code
    frame = pd.DataFrame(codes, columns=[item.id for item in form.items]).astype("Int8")
    frame["simulated"] = "no"
    frame.loc[599, "simulated"] = "yes"
    asked = ("--instrument", "instrument/ppiq", "--form", "s2")
    folder, file = both(frame, "report", *asked)
    left = [place for place, mine, _ in differences(folder, file) if not needs_rows(mine)]
    said = ("/sections/rows", "/sections/careless/reading", "/sections/careless/title")
    titles = [f"/sections/careless/tables[{table}]/title" for table in (0, 1)]
    kept = [place for place in left if "_bootstrap" not in place and not place.startswith(said)]
    assert kept == titles
    assert folder["simulated"]


@pytest.mark.parametrize("name", ["simulated", "Simulated", "meta/simulated"])
def test_answers_that_any_file_says_are_made_up_are_labelled(name, tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    before = json.loads(run("alpha", place, *ITEMS, "--format", "json")[1])
    frame_of(100).assign(**{name: "yes"}).to_parquet(place / "later" / "c.parquet")
    found = json.loads(run("alpha", place, *ITEMS, "--format", "json")[1])
    assert (before["simulated"], found["simulated"]) == (False, True)


@pytest.mark.parametrize("name", ["Simulated", "meta/simulated"])
def test_a_mark_that_files_name_differently_is_refused(name, tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    for file, column in (("a", "simulated"), ("later/c", name)):
        frame_of(100).assign(**{column: "yes"}).to_parquet(place / f"{file}.parquet")
    code, _, err = run("alpha", place, *ITEMS)
    assert code == 2
    assert "differ" in err


def form_frame() -> pd.DataFrame:
    form = ppiq().forms["s2"]
    codes = np.random.default_rng(4).integers(1, 5, (300, len(form.items)))
    return pd.DataFrame(codes, columns=[item.id for item in form.items])


@pytest.mark.parametrize("change", ["form_hash", "raw_"])
def test_what_a_later_file_says_of_its_form_and_columns_is_heeded(change, tmp_path, run):
    frame, place = form_frame(), tmp_path / "answers"
    place.mkdir()
    frame.to_parquet(place / "a.parquet")
    later = frame.assign(form_hash="another")
    if change == "raw_":
        later = frame.assign(**{f"raw_{name}": frame[name] for name in frame})
    later.to_parquet(place / "b.parquet")
    code, _, err = run("alpha", place, "--instrument", "instrument/ppiq", "--form", "s2")
    assert code == 2
    assert ("a.parquet has no column raw_" if change == "raw_" else "form_hash says another") in err


def test_an_item_that_all_answered_alike_is_left_aside_and_its_scale_is_counted_anew(both):
    frame = frame_of()
    frame.loc[frame["q3"].notna() & (frame["q3"] > 0), "q3"] = 4
    frame.loc[10:20, "q3"] = pd.NA
    folder, file = both(frame, "alpha", *ITEMS)
    assert differences(folder, file) == []
    assert "Left aside: q3, since every answer is 4." in folder["notes"]


def test_codes_that_are_not_said_are_those_of_all_rows(both):
    """The lowest and the highest answer may be in no row of the sample."""
    folder, file = both(frame_of(), "alpha", "--items", "q1-q6", "--reverse", "q2,q5", "--missing", "9")
    assert differences(folder["items"], file["items"]) == []
    assert "Turned within 1 to 5, the lowest and the highest answer there is." in folder["notes"]


def test_a_model_of_an_item_that_all_answered_alike_is_refused(tmp_path, run):
    place = written(frame_of(300).assign(q3=4), tmp_path / "answers")
    (tmp_path / "model.txt").write_text("f =~ q1 + q3 + q4 + q6\n", encoding="utf-8")
    code, _, err = run(
        "structure", place, "--model", tmp_path / "model.txt", "--codes", "1-5", "--missing", 9
    )
    assert code == 2
    assert "the model has q3 (every answer is 4)" in err


def test_an_address_is_read_as_a_folder_is(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    memory = fsspec.filesystem("memory")
    memory.put(str(place), "/study/answers", recursive=True)
    try:
        there, here = run("alpha", "memory://study/answers", *ITEMS), run("alpha", place, *ITEMS)
    finally:
        memory.rm("/study", recursive=True)
    assert there == here
    assert here[0] == 0


def test_each_file_is_opened_for_its_footer_and_to_be_counted(tmp_path, run, monkeypatch):
    place, memory = written(frame_of(300), tmp_path / "answers"), fsspec.filesystem("memory")
    memory.put(str(place), "/study/answers", recursive=True)
    opened, really = Counter[str](), type(memory).open

    def counted(system: Any, path: str, *arguments: Any, **named: Any) -> Any:
        opened[path] += 1
        return really(system, path, *arguments, **named)

    monkeypatch.setattr(type(memory), "open", counted)
    try:
        assert run("alpha", "memory://study/answers", *ITEMS)[0] == 0
    finally:
        memory.rm("/study", recursive=True)
    assert [*opened.values()] == [2, 2, 2]


def test_files_that_writers_leave_behind_are_not_read(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    before = run("alpha", place, *ITEMS)
    (place / "_temporary").mkdir()
    frame_of(300).to_parquet(place / "_temporary" / "x.parquet")
    frame_of(300).to_parquet(place / ".y.parquet")
    assert run("alpha", place, *ITEMS) == before


def test_how_many_parts_are_counted_is_said(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    code, _, err = run("alpha", place, *ITEMS, "--progress")
    assert code == 0
    assert re.findall(r"(\d) of 3 parts, .*rows counted", err) == ["1", "2", "3"]


def test_the_command_names_every_engine():
    assert tuple(ENGINES) == NAMES
