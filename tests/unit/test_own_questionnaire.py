"""A questionnaire of one's own: started from an example, drafted from a file, kept in a spreadsheet."""

import dataclasses
import json
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from analysis.__main__ import main as analysis
from analysis.files.read_table import read_table
from instrument import load
from instrument.__main__ import main
from instrument.catalog import InstrumentError
from instrument.exchange.folder_files import read_files, write_files
from instrument.exchange.sheet_files import read_sheets, write_sheets
from instrument.exchange.spreadsheet_export import sheets_of
from instrument.exchange.spreadsheet_form import files_of, instrument_of
from tests.lib.hosted import GARDEN, as_text
from tests.unit.test_public_cases import A30, ALPHA, SCALE, text

ROOT = Path(__file__).parents[2]
FOLDERS = ("seven", "bfi25")


def same(one, other):
    return all(
        getattr(one, field.name) == getattr(other, field.name)
        for field in dataclasses.fields(one)
        if field.name != "folder"
    )


def test_the_example_loads_and_says_what_to_change(tmp_path, capsys):
    folder = tmp_path / "meetings"
    assert main(["new", "meetings", "--out", str(folder)]) == 0
    assert main(["check", str(folder)]) == 0
    assert "# " in (folder / "key.yaml").read_text()
    assert main(["new", "meetings", "--out", str(folder)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["new", "Our meetings", "--out", str(tmp_path / "other")]) == 1
    assert "is no identifier" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("out", ["form.xlsx", "sheets"])
def test_a_form_goes_into_a_spreadsheet_and_comes_back_the_same(tmp_path, name, out):
    folder = ROOT / "tests/instruments" / name
    assert main(["sheet", "export", str(folder), "--out", str(tmp_path / out)]) == 0
    assert main(["sheet", "import", str(tmp_path / out), "--out", str(tmp_path / "back")]) == 0
    assert same(load(tmp_path / "back"), load(folder))


HOSTILE = (
    '"quoted", ‘so’ and \\ back',
    "=1+1",
    "@SUM(A1)",
    "\u202bكيف\u200f حالك؟"[1:],
    "x" * 300,
    "-77",
    "true",
    "1e5",
    "'leading",
    "a: b # c {d}",
)


@pytest.mark.parametrize("out", ["form.xlsx", "sheets"])
def test_hostile_words_come_back_the_same(tmp_path, out):
    files = json.loads(json.dumps(read_files(ROOT / "tests/instruments/seven")))
    words = files["words/seven.en.yaml"]
    for place, (item, said) in enumerate(zip(words["items"], HOSTILE, strict=False)):
        words["items"][item] = said
        words["title"] = HOSTILE[place]
    words["scales"]["agreement"] = {int(code): said for code, said in words["scales"]["agreement"].items()}
    words["before"] = ["One line.", "Another | line."]
    words["help"] = {"ease_1": "=2+2"}
    write_files(files, tmp_path / "hostile")
    write_sheets(sheets_of(read_files(tmp_path / "hostile")), tmp_path / out)
    write_files(files_of(read_sheets(tmp_path / out)), tmp_path / "back")
    assert same(load(tmp_path / "back"), load(tmp_path / "hostile"))


@pytest.fixture(name="sheets")
def _sheets():
    found = sheets_of(read_files(ROOT / "tests/instruments/seven"))
    return {name: [[*row] for row in rows] for name, rows in found.items()}


@pytest.mark.parametrize(
    ("sheet", "place", "cell", "said"),
    [
        ("items", (3, 1), "nowhere", "items!B4: there is no scale `nowhere`"),
        ("items", (2, 0), "=cmd", "items!A3: `=cmd` is no identifier"),
        ("items", (2, 2), "perhaps", "items!C3: `perhaps` should be yes or no"),
        ("items", (1, 4), "a\0b", "items!E2: the text has a control character"),
        ("items", (1, 4), "", "item `ease_1` has no words"),
        ("answers", (2, 1), "two", "answers!B3: `two` is no whole number"),
        ("answers", (2, 1), "1", "answers!B3: code 1 stands above already"),
        ("answers", (8, 2), "lost", "answers!C9: `lost` is no kind of answer not given"),
        ("subscales", (1, 1), "ease_1, talk_9", "subscales!B2: form `seven` has no item `talk_9`"),
        ("subscales", (1, 3), "median", "subscales!D2"),
        ("questionnaire", (1, 7), "many", "questionnaire!H2: `many` is no whole number"),
    ],
)
def test_a_complaint_stands_at_its_cell(sheets, sheet, place, cell, said):
    row, column = place
    sheets[sheet][row][column] = cell
    with pytest.raises(InstrumentError) as refused:
        instrument_of(sheets)
    assert said in str(refused.value)


def test_what_is_no_form_is_refused(tmp_path, capsys):
    (tmp_path / "form.xlsx").write_bytes(b"PK and so on")
    for given, said in (
        ("form.xlsx", "not a spreadsheet"),
        ("none.xlsx", "no such file"),
        ("form.ods", "give an .xlsx file, or a folder of CSV files"),
    ):
        assert main(["sheet", "import", str(tmp_path / given), "--out", str(tmp_path / "back")]) == 1
        assert said in capsys.readouterr().err
    (tmp_path / "form.xlsx").write_bytes(b"0" * (2**20 + 1))
    assert main(["sheet", "import", str(tmp_path / "form.xlsx"), "--out", str(tmp_path / "back")]) == 1
    assert "larger than 1 MB" in capsys.readouterr().err
    assert main(["sheet", "export", str(ROOT / "instrument/ppiq"), "--form", "a", "--out", "a.xlsx"]) == 1
    assert "does not hold" in capsys.readouterr().err


def test_a_spreadsheet_needs_three_sheets_and_few_columns(tmp_path):
    book = Workbook()
    book.active.title = "questionnaire"
    book.active.append(["id", "title", "licence"])
    book.active.append(["meetings", "Our meetings", "CC BY 4.0"])
    items, answers = book.create_sheet("Items"), book.create_sheet("answers")
    items.append(["item", "text"])
    for item in ("voice_1", "voice_2"):
        items.append([item, "A sentence."])
    answers.append(["code", "text"])
    for code, word in SCALE.items():
        answers.append([code, word])
    book.save(tmp_path / "small.xlsx")
    found = instrument_of(read_sheets(tmp_path / "small.xlsx"))
    assert found.forms["meetings"].scale_of("voice_1").codes == (1, 2, 3, 4, 5)
    assert found.words["meetings", "en"].label("answers", 4) == "Agree"
    del book["answers"]
    book.save(tmp_path / "small.xlsx")
    with pytest.raises(InstrumentError, match="answers: this sheet is missing"):
        instrument_of(read_sheets(tmp_path / "small.xlsx"))


def test_a_place_that_cannot_be_written_is_named(tmp_path, capsys):
    out = tmp_path / "nowhere" / "form.xlsx"
    assert main(["sheet", "export", str(ROOT / "tests/instruments/seven"), "--out", str(out)]) == 1
    assert f"{out}: cannot be opened or written" in capsys.readouterr().err


def test_formulas_are_written_as_text(tmp_path, sheets):
    sheets["items"][1][4] = "=1+1"
    write_sheets(sheets, tmp_path / "form.xlsx")
    cell = load_workbook(tmp_path / "form.xlsx")["items"]["E2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("shown", ["codes", "letters", "words"])
def test_a_draft_loads_at_once_and_gives_the_same_alpha(tmp_path, capsys, shown):
    said = {"codes": str, "letters": "A{}".format, "words": lambda code: f"{code} - {SCALE[code]}"}[shown]
    file, folder = tmp_path / "answers.csv", tmp_path / "meetings"
    header = ["team[SQ001]", "team[SQ002]", "team[SQ003]"]
    file.write_text(text(header, [[said(code) for code in row] for row in A30.tolist()]))
    options = ("--items", "team*", "--codes", "1-5", "--out", str(folder))
    assert analysis(["draft", str(file), *options]) == 0
    assert load(folder).key.subscales("meetings").keys() == {"team_sq"}
    again = ("--instrument", str(folder), "--map", str(folder / "map.csv"), "--format", "json")
    capsys.readouterr()
    assert analysis(["alpha", str(file), *again]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["scales"]["team_sq"]["alpha"]["value"] == pytest.approx(ALPHA)
    scored = tmp_path / "scored.csv"
    assert analysis(["score", str(file), *again[:4], "--out", str(scored)]) == 0
    keyed = [f"team_sq00{place}_keyed" for place in (1, 2, 3)]
    assert [*read_table(scored).columns] == [*header, *keyed, "team_sq", "team_sq_answered"]
    capsys.readouterr()
    assert analysis(["draft", str(file), *options]) == 2
    assert "is there already" in capsys.readouterr().err
    if shown == "words":
        assert load(folder).words["meetings", "en"].label("answers", 4) == "Agree"


def test_a_draft_marks_what_goes_against_the_rest_and_takes_words_from_heading_rows(tmp_path):
    X = A30.copy()
    X[:, 1] = 6 - X[:, 1]
    rows = [["I am heard", "Others talk over me", "What I say is taken up"], *X.tolist()]
    file, folder = tmp_path / "answers.csv", tmp_path / "meetings"
    file.write_text(text(rows=rows))
    assert analysis(["draft", str(file), "--items", "q1-q3", "--out", str(folder)]) == 0
    assert "Against the rest in answers.csv: q2" in (folder / "key.yaml").read_text()
    assert load(folder).words["meetings", "en"].sentence("q2") == "Others talk over me"


def test_a_draft_reads_its_file_again_with_words_from_nought_and_marks_of_no_answer(tmp_path, capsys):
    file, folder = tmp_path / "answers.csv", tmp_path / "meetings"
    rows = [["0", "Often", "1"], ["never", "0", "9"], ["2", "Seldom", "Often"], ["1", "1", "not asked"]]
    file.write_text(text(rows=rows))
    reading = ("--codes", "0=Never,1=Seldom,2=Often", "--missing", "9,99,not asked")
    scored = tmp_path / "scored.csv"
    assert analysis(["score", str(file), "--items", "q1-q2", *reading[:2], "--out", str(scored)]) == 0
    assert read_table(scored).column("score").tolist() == [1, 0, 1.5, 1]
    assert analysis(["draft", str(file), "--items", "q1-q3", *reading, "--out", str(folder)]) == 0
    assert load(folder).words["meetings", "en"].label("answers", 0) == "Never"
    again = ("--instrument", str(folder), "--map", str(folder / "map.csv"))
    assert analysis(["score", str(file), *again, "--out", str(scored)]) == 0
    assert read_table(scored).column("q_answered").tolist() == [3, 2, 3, 2]
    assert analysis(["alpha", str(file), *again, "--missing", "9"]) == 2
    assert "--map" in capsys.readouterr().err


def test_subscales_is_another_word_for_facets(tmp_path):
    files = read_files(ROOT / "tests/instruments/seven")
    words = dict(files["words/seven.en.yaml"])
    words["subscales"] = words.pop("facets")
    write_files({**files, "words/seven.en.yaml": words}, tmp_path / "seven")
    assert same(load(tmp_path / "seven"), load(ROOT / "tests/instruments/seven"))


def test_what_a_questionnaire_says_of_its_figures_goes_out_and_comes_back(tmp_path: Path) -> None:
    write_files(files_of(as_text(GARDEN)), tmp_path / "garden")
    again = instrument_of(sheets_of(read_files(tmp_path / "garden")))
    assert again.private
    assert again.words["garden", "en"] == load(tmp_path / "garden").words["garden", "en"]
