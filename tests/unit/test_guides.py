"""The guide for interviews and the scoring manual: whole for every form, and checked against the key."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import docx
import pytest

from analysis.__main__ import main
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
