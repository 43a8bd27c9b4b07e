"""Sheets for a panel, and what comes back: made, filled in a spreadsheet or on the page, read, judged."""

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from analysis import (
    Unavailable,
    content_validity_ratio,
    critical_votes,
    item_content_validity,
    modified_kappa,
)
from analysis.__main__ import main
from analysis.content_validity.sheet import Sheet, panel_sheet
from analysis.content_validity.workbook import ABOUT, MISSING, RATE, SORT, workbook
from instrument import PPIQ, load

SEVEN = Path(__file__).parents[1] / "instruments" / "seven"
Said = Mapping[str, Mapping[str, Any]]


@pytest.fixture(name="sheet", scope="module")
def _sheet() -> Sheet:
    return panel_sheet(load(PPIQ), "a2")


def filled(sheet: Sheet, file: Path, about: Mapping[str, str], said: Said, missing: str = "") -> Path:
    """Fill the spreadsheet as a rater would: by the numbers of the sentences, in the cells offered."""
    file.write_bytes(workbook(sheet))
    book = load_workbook(file)
    for row in book[ABOUT].iter_rows(min_row=2):
        row[2].value = about.get(str(row[0].value), row[2].value)
    items = {each.number: each for each in sheet.statements}
    titles = {each.id: each.title for each in sheet.facets.values()} | {"none": "None of these"}
    for page, columns in (
        (SORT, {"sorted": 2}),
        (RATE, {"relevance": 4, "clarity": 5, "need": 6, "comment": 7}),
    ):
        for row in book[page].iter_rows(min_row=2) if page in book.sheetnames else ():
            for key, at in columns.items():
                answer = said.get(items[int(row[0].value)].item, {}).get(key)
                row[at].value = titles[answer] if key == "sorted" and answer else answer
    if missing:
        book[MISSING]["A2"] = missing
    book.save(file)
    return file


def agreeing(sheet: Sheet, **more: Any) -> dict[str, dict[str, Any]]:
    return {
        each.item: {"sorted": each.facet, "relevance": 4, "clarity": 4, "need": "essential", **more}
        for each in sheet.statements
    }


@pytest.fixture(name="panel", scope="module")
def _panel(sheet: Sheet, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten raters, six with lived experience, who differ over three sentences."""
    files, folder = [], tmp_path_factory.mktemp("panel")
    for rater in range(10):
        said = agreeing(sheet)
        said["ec1_2"]["relevance"] = 2 if rater < 1 else 3
        said["vi1_2"]["relevance"] = 1 if rater < 3 else 4
        said["vi1_2"]["need"] = "useful" if rater < 2 else "essential"
        said["sd1"]["sorted"] = "rr" if rater < 3 else "sd"
        said["sd1"]["clarity"] = 2 if rater >= 7 else 4
        said["ag1"]["comment"] = f"Rater {rater} would say role, not hat"
        lived = "yes" if rater < 6 else "no"
        about = {
            "rater": f"R{rater}",
            "lived": lived,
            "role": "does research" if rater > 7 else "uses services",
        }
        files.append(filled(sheet, folder / f"r{rater}.xlsx", about, said, "Money" if rater == 2 else ""))
    return files


def experts(*arguments: object) -> int:
    return main(["experts", *map(str, arguments), "--instrument", str(PPIQ), "--form", "a2"])


def test_the_figures_of_the_blueprint() -> None:
    """What the validation programme prints of kappa*, chance and critical votes, to its digits."""
    stars = {(10, 10): 1.0, (10, 9): 0.899, (10, 8): 0.791, (10, 7): 0.660, (9, 8): 0.887, (9, 7): 0.761,
             (8, 7): 0.871, (8, 6): 0.719, (6, 6): 1.0, (6, 5): 0.816, (6, 4): 0.565}  # fmt: skip
    assert {votes: round(modified_kappa(votes[1], votes[0]).value, 3) for votes in stars} == stars
    needed = {5: 5, 6: 6, 7: 7, 8: 7, 9: 8, 10: 9, 11: 9, 12: 10, 13: 10, 14: 11, 15: 12}
    assert {n: critical_votes(n) for n in needed} == needed
    ratios = [content_validity_ratio(votes, n).value for n, votes in needed.items()]
    assert [round(each, 3) for each in ratios] == [
        1, 1, 1, 0.75, 0.778, 0.8, 0.636, 0.667, 0.538, 0.571, 0.6,
    ]  # fmt: skip
    assert isinstance(critical_votes(4), Unavailable)


def test_intervals_are_those_of_r_and_few_raters_have_no_figure() -> None:
    """``prop.test(9, 10, correct = FALSE)$conf.int`` is 0.5958 to 0.9821."""
    found = item_content_validity(9, 10)
    assert (found.low, found.high) == (pytest.approx(0.595850, abs=1e-6), pytest.approx(0.982124, abs=1e-6))
    assert item_content_validity(2, 2) == Unavailable(reason="too few rows", detail="2 raters of at least 3")
    with pytest.raises(ValueError, match="11 votes of 10"):
        modified_kappa(11, 10)


def test_a_panel_is_read_back_item_by_item(panel: list[Path], capsys: Any) -> None:
    assert experts(*panel, "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["raters"], found["lived"], found["simulated"]) == (10, 6, False)
    first = found["items"]["ec1_2"]
    assert (first["relevance"]["value"], round(first["kappa"]["value"], 3)) == (0.9, 0.899)
    assert first["relevance_lived"]["value"] == pytest.approx(5 / 6)
    assert first["reasons"] == []
    second = found["items"]["vi1_2"]
    assert (second["essential"], second["essential_needed"], second["ratio"]["value"]) == (8, 9, 0.6)
    assert [reason.split(" 0")[0] for reason in second["reasons"]] == [
        "relevance", "relevance to people with lived experience",
    ]  # fmt: skip
    third = found["items"]["sd1"]
    assert third["sorted"]["value"] == 0.7
    assert [reason.split(" 0")[0] for reason in third["reasons"]] == ["clarity", "sorted to its part by"]
    whole = found["scales"]["whole"]["all"]
    assert whole["average"]["value"] == pytest.approx((28 + 0.9 + 0.7) / 30)
    assert whole["universal"]["value"] == pytest.approx(28 / 30)
    assert found["items"]["ec1_2"]["by_position"]["does research"] == {
        "unavailable": "there are too few rows of answers (2 raters of at least 3)"
    }
    assert found["missing"] == ["Money"]


@pytest.mark.parametrize("written", ["text", "html", "latex", "docx"])
def test_a_panel_prints_in_every_format(panel: list[Path], tmp_path: Path, written: str) -> None:
    assert experts(*panel, "--format", written, "--out", tmp_path / "page") == 0
    assert len((tmp_path / "page").read_bytes()) > 5_000


def test_decisions_stand_beside_the_rule(panel: list[Path], tmp_path: Path, capsys: Any) -> None:
    table = tmp_path / "decisions.csv"
    table.write_text("item,decision,reason\nvi1_2,rewrite,Three called it remote\nec2,,\n", encoding="utf-8")
    assert experts(*panel, "--decisions", table, "--format", "json") == 0
    items = json.loads(capsys.readouterr().out)["items"]
    assert items["vi1_2"]["decision"] == {"decision": "rewrite", "reason": "Three called it remote"}
    assert items["ec2"]["decision"] is None
    for wrong, said in (
        ("vi1_2,rewrite,\n", "a decision and no reason"),
        ("vi9,keep,why\n", "no item that was judged"),
        ("vi1_2,burn,why\n", "no decision; give keep, rewrite, move, drop"),
    ):
        table.write_text(f"item,decision,reason\n{wrong}", encoding="utf-8")
        assert experts(*panel, "--decisions", table) == 2
        assert said in capsys.readouterr().err


def test_the_table_that_the_page_saves_says_what_the_spreadsheet_says(
    sheet: Sheet, panel: list[Path], tmp_path: Path, capsys: Any
) -> None:
    rows = [
        ("sheet", sheet.code),
        ("about.rater", "R0"),
        ("about.lived", "yes"),
        ("about.role", "uses services"),
    ]
    said = agreeing(sheet)
    said["ec1_2"]["relevance"], said["vi1_2"]["relevance"], said["vi1_2"]["need"] = 2, 1, "useful"
    said["sd1"]["sorted"], said["ag1"]["comment"] = "rr", "Rater 0 would say role, not hat"
    for each in sheet.statements:
        answers = said[each.item] | {"sorted": sheet.facets[said[each.item]["sorted"]].title}
        rows += [(f"{each.number}.{key}", str(answer)) for key, answer in answers.items()]
    saved = tmp_path / "saved.csv"
    with saved.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("question", "answer"), *rows])
    both = []
    for first in (panel[0], saved):
        assert experts(first, *panel[1:], "--format", "json") == 0
        both.append(json.loads(capsys.readouterr().out))
    assert both[0] == both[1]


def rewritten(file: Path, change: Callable[[Any], None]) -> None:
    book = load_workbook(file)
    change(book)
    book.save(file)


def test_what_cannot_be_used_is_refused_with_its_place(
    sheet: Sheet, panel: list[Path], tmp_path: Path, capsys: Any
) -> None:
    other = filled(panel_sheet(load(PPIQ), "c2"), tmp_path / "other.xlsx", {}, {})
    assert experts(other) == 2
    assert f"the sheets of form a2 as it is now are {sheet.code}" in capsys.readouterr().err
    assert experts(panel[0], panel[0]) == 2
    assert "are both of R0" in capsys.readouterr().err
    wrong = tmp_path / "wrong.xlsx"
    wrong.write_bytes(panel[1].read_bytes())
    rewritten(wrong, lambda book: book[RATE].__setitem__("E3", 5))
    assert experts(panel[0], wrong) == 2
    said = capsys.readouterr().err
    assert f"{wrong}, 2 Judge, row 3, relevance: 5 is no answer; give 1, 2, 3, 4" in said
    copy = filled(sheet, tmp_path / "copy.xlsx", {"rater": "R99"}, agreeing(sheet))
    again = filled(sheet, tmp_path / "again.xlsx", {"rater": "R98"}, agreeing(sheet))
    assert experts(copy, again) == 2
    assert "to the letter: is one a copy?" in capsys.readouterr().err


def test_a_sheet_that_was_filled_to_try_it_says_so_everywhere(
    sheet: Sheet, tmp_path: Path, capsys: Any
) -> None:
    files = []
    for rater in range(3):
        said = agreeing(sheet) | {"ec2": {"relevance": 2 + rater % 3}}
        files.append(filled(sheet, tmp_path / f"{rater}.xlsx", {"made_up": "yes"}, said))
    assert experts(*files) == 0
    assert "SIMULATED" in capsys.readouterr().out


def test_the_sheets_tell_nothing_before_sorting(sheet: Sheet) -> None:
    """Numbers are in no facet's order, and names of items stand nowhere."""
    order = [each.facet for each in sheet.statements]
    assert order != sorted(order, key=[*sheet.facets].index)
    first = [str(cell) for row in load_workbook(_kept(workbook(sheet)))[SORT].values for cell in row if cell]
    assert not {each.item for each in sheet.statements} & {*first}


def _kept(content: bytes) -> Any:
    from io import BytesIO

    return BytesIO(content)


def test_a_sheet_changes_its_code_with_its_sentences(sheet: Sheet) -> None:
    pooled = panel_sheet(load(PPIQ), "a2", with_pool=True)
    assert len(pooled.statements) == 54
    assert pooled.code != sheet.code
    assert panel_sheet(load(PPIQ), "a2") == sheet


def test_any_questionnaire_has_sheets_and_an_unknown_form_is_named(tmp_path: Path, capsys: Any) -> None:
    form = next(iter(load(SEVEN).forms))
    assert (
        main(["expert-sheets", "--instrument", str(SEVEN), "--form", form, "--out", str(tmp_path / "p")]) == 0
    )
    assert sorted(file.name for file in (tmp_path / "p").iterdir()) == [
        "decisions.csv",
        "sheet.html",
        "sheet.xlsx",
    ]
    assert (
        main(["expert-sheets", "--instrument", str(SEVEN), "--form", form, "--out", str(tmp_path / "p")]) == 2
    )
    capsys.readouterr()
    assert (
        main(["expert-sheets", "--instrument", str(PPIQ), "--form", "z", "--out", str(tmp_path / "q")]) == 2
    )
    assert "there is no form `z`; choose one of a" in capsys.readouterr().err


def test_judgements_leave_as_a_table_in_long_form(panel: list[Path], tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "long.csv"
    assert experts(*panel, "--table", file) == 0
    capsys.readouterr()
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 300
    row = next(each for each in rows if (each["item"], each["rater"]) == ("vi1_2", "R1"))
    assert (row["relevance"], row["essential"], row["need"], row["lived"]) == ("1", "no", "useful", "yes")
