"""Folders of Parquet files: the reports of all their rows, and what stands in place of what needs rows."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.commands.options import ENGINES as NAMES
from analysis.counts.engines import ENGINES
from analysis.files.tally import SEED, tally
from analysis.simulation import simulate
from instrument import ppiq

Run = Callable[..., tuple[int, str, str]]
ITEMS = ("--items", "q1-q6", "--reverse", "q2,q5", "--codes", "1-5", "--missing", "9")
NEEDS_ROWS = "it is computed from rows, of which the counts alone are known"


@pytest.fixture(name="run")
def _run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(each) for each in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def frame_of(n: int = 1500) -> pd.DataFrame:
    """SIMULATED answers with holes: codes of no answer, empty cells, and two rows without one answer."""
    rng = np.random.default_rng(3)
    codes = simulate(n, [0.7, -0.6, 0.8, 0.5, -0.7, 0.6], [-1.0, -0.3, 0.4, 1.0], rng) + 1.0
    codes[rng.random(codes.shape) < 0.02] = np.nan
    codes[rng.random(codes.shape) < 0.02] = 9
    codes[rng.random(codes.shape) < 0.01] = -99
    codes[[5, 70]] = np.nan
    return pd.DataFrame(codes, columns=[f"q{i}" for i in range(1, 7)]).astype("Int8")


def written(frame: pd.DataFrame, folder: Path) -> Path:
    """Write three files, one of them in a folder of its own, in small row groups."""
    (folder / "later").mkdir(parents=True)
    cuts = [0, len(frame) // 5, len(frame) // 2, len(frame)]
    for name, first, last in zip(("a", "b", "later/c"), cuts, cuts[1:], strict=False):
        frame[first:last].to_parquet(folder / f"{name}.parquet", row_group_size=400)
    return folder


def differences(one: Any, other: Any, place: str = "") -> list[tuple[str, Any, Any]]:
    """Return where two reports differ by more than the order of a sum can do."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = sorted({*one, *other})
        return [d for key in both for d in differences(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for at, (mine, its) in pairs for d in differences(mine, its, f"{place}[{at}]")]
    alike = one == pytest.approx(other, rel=1e-9, abs=1e-11) if isinstance(one, float) else one == other
    return [] if alike else [(place, one, other)]


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
    assert differences(folder["sections"]["careless"]["tables"], file["sections"]["careless"]["tables"]) == []
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
    assert [place for place in left if "_bootstrap" not in place and not place.startswith(said)] == []
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


def test_a_model_of_an_item_that_all_answered_alike_is_refused(tmp_path, run):
    place = written(frame_of(300).assign(q3=4), tmp_path / "answers")
    (tmp_path / "model.txt").write_text("f =~ q1 + q3 + q4 + q6\n", encoding="utf-8")
    code, _, err = run(
        "structure", place, "--model", tmp_path / "model.txt", "--codes", "1-5", "--missing", 9
    )
    assert code == 2
    assert "the model has q3 (every answer is 4)" in err


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


def test_files_that_writers_leave_behind_are_not_read(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    before = run("alpha", place, *ITEMS)
    (place / "_temporary").mkdir()
    frame_of(300).to_parquet(place / "_temporary" / "x.parquet")
    frame_of(300).to_parquet(place / ".y.parquet")
    assert run("alpha", place, *ITEMS) == before


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


def test_how_many_parts_are_counted_is_said(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    code, _, err = run("alpha", place, *ITEMS, "--progress")
    assert code == 0
    assert re.findall(r"(\d) of 3 parts, .*rows counted", err) == ["1", "2", "3"]


def test_a_structure_of_measurements_is_not_counted(tmp_path, run):
    place = written(frame_of(300), tmp_path / "answers")
    code, _, err = run("structure", place, *ITEMS, "--continuous")
    assert code == 2
    assert "rest on rows" in err


def test_the_command_names_every_engine():
    assert tuple(ENGINES) == NAMES


@pytest.mark.parametrize("left", ["_delta_log/00.json", "part/.hoodie/x", "metadata/v1.metadata.json"])
@pytest.mark.parametrize("address", ["", "file://"])
def test_a_table_with_versions_is_refused_since_it_holds_deleted_rows(
    tmp_path: Path, run: Run, left: str, address: str
) -> None:
    folder = written(frame_of(300), tmp_path / "answers")
    (folder / left).parent.mkdir(parents=True)
    (folder / left).touch()
    code, _, told = run("alpha", f"{address}{folder}", *ITEMS)
    assert code == 2
    assert "rows that were deleted" in told
