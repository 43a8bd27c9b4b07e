"""The guide for interviews and the scoring manual: whole for every form, and checked against the key."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import docx
import pytest

from analysis.__main__ import main
from analysis.files.table import TableError
from analysis.validation.content import interviews
from analysis.validation.plan import read_plan
from analysis.validation.rehearsal import rehearse
from analysis.validation.study import open_study
from instrument import PPIQ, ppiq


def printed(capsys: Any, command: str, form: str, folder: Path = PPIQ) -> Any:
    code = main([command, "--instrument", str(folder), "--form", form, "--format", "json"])
    said = capsys.readouterr()
    return code, json.loads(said.out) if code == 0 else said.err


@pytest.mark.parametrize("form", ["a2", "c2"])
def test_every_sentence_has_its_probe_in_the_forms_order(form: str, capsys: Any) -> None:
    code, found = printed(capsys, "interviews", form)
    assert code == 0
    rows = found["sections"]["items"]["tables"][0]["rows"]
    assert [row[0] for row in rows] == [item.id for item in ppiq().forms[form].items]
    assert all(row[2] and "[" not in row[2] for row in rows)  # what a cell is to ask is known for all
    log = found["sections"]["log"]["tables"][1]
    assert log["headers"] == ["item", "person", "round", "understood", "problem", "serious"]
    assert "[The host writes here]" in json.dumps(found["sections"]["distress"])


def test_cases_are_worked_and_those_that_differ_are_refused(tmp_path: Path, capsys: Any) -> None:
    code, found = printed(capsys, "manual", "a2")
    assert code == 0
    stated = json.loads((PPIQ / "vectors.json").read_text(encoding="utf-8"))["forms"]["a2"]["vectors"][0]
    rows = found["sections"]["case-1"]["tables"][0]["rows"]
    assert {row[0]: row[1] for row in rows} == {
        name: pytest.approx(each["value"]) for name, each in stated["scores"].items()
    }
    folder = tmp_path / "ppiq"
    shutil.copytree(PPIQ, folder)
    vectors = json.loads((folder / "vectors.json").read_text(encoding="utf-8"))
    vectors["forms"]["a2"]["vectors"][0]["scores"]["ec"]["value"] += 1
    (folder / "vectors.json").write_text(json.dumps(vectors), encoding="utf-8")
    code, said = printed(capsys, "manual", "a2", folder)
    assert code == 2
    assert "ec is 41.0 there, 40.0 here" in said
    assert printed(capsys, "manual", "who_decides")[0] == 2


@pytest.mark.parametrize("command", ["interviews", "manual"])
def test_both_are_documents_of_a_word_processor(command: str, tmp_path: Path) -> None:
    out = tmp_path / "out.docx"
    asked = [command, "--instrument", str(PPIQ), "--form", "a2", "--format", "docx", "--out", str(out)]
    assert main(asked) == 0
    document = docx.Document(io.BytesIO(out.read_bytes()))
    text = " ".join(paragraph.text for paragraph in document.paragraphs)
    assert "A summary of answers, not a measurement" in text
    assert len(document.tables) >= 4


def test_the_filled_log_is_read_and_its_problems_are_counted(tmp_path: Path, capsys: Any) -> None:
    """A sentence that was not read has an empty line in the log, which counts for nothing."""
    rehearse(ppiq(), "a", tmp_path, n=60)
    log = printed(capsys, "interviews", "a")[1]["sections"]["log"]["tables"][1]
    items = [row[0] for row in log["rows"]]
    rows = [
        [item, person, number, "no" if (person, item) == ("a", "ec1") else "yes", "", "no"]
        for number, people in (("1", "abcd"), ("2", "efgh"))
        for person in people
        for item in items
    ]
    rows = [[*row[:4], "recall" if row[:2] == ["ec1", "a"] else "", "no"] for row in rows]
    rows += [[item, "", "", "", "", ""] for item in items]
    file = tmp_path / "log.csv"

    def phase() -> Any:
        file.write_text("\n".join(",".join(row) for row in [log["headers"], *rows]), "utf-8")
        plan = read_plan(tmp_path / "PLAN.yaml", ppiq())
        return interviews(open_study(plan, ppiq(), {"main": tmp_path / "main.csv", "interviews": file}))

    found = phase()
    assert found.verdict == "met"
    readings, problems = found.sections[0].tables
    assert {row[1] for row in readings.rows} == {8}
    assert problems.headers == ("item", "comprehension", "recall", "judgement", "response")
    assert [row for row in problems.rows if any(row[1:])] == [("ec1", 0, 1, 0, 0)]
    rows[0][4] = "boredom"
    with pytest.raises(TableError, match=r"log\.csv: `boredom` is no kind of problem; write comprehension, "):
        phase()
