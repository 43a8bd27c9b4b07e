"""Questionnaires from other tools: folders that load, and remarks on the rest."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from instrument import load, ppiq
from instrument.__main__ import main
from instrument.exchange.folder import files_of, write_folder
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS, read_questionnaire
from instrument.exchange.questionnaire import Option, Page
from tests.lib.questionnaires import field, redcap_file, refused, small, workbook

ROOT = Path(__file__).parents[2]


def test_a_foreign_xlsform_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "survey.xlsx",
        survey=[
            ["type", "name", "label::English (en)", "label::French (fr)", "required", "relevant"],
            ["start", "start", "", "", "", ""],
            ["select_one agree", "Q1", "I  feel <b>well</b>", "Je vais bien", "yes", ""],
            ["select_one agree", "Q2", "I sleep", "Je dors", "", "${Q1} = 1"],
            ["select_one sex", "sex", "Which?", "Lequel ?", "", ""],
            ["text", "other", "Say more", "", "", ""],
            ["calculate", "mean", "", "", "", ""],
        ],
        choices=[
            ["list_name", "name", "label::English (en)", "label::French (fr)"],
            *[["agree", code, f"Step {code}", f"Pas {code}"] for code in (1, 2, 3, 4, 5)],
            ["agree", 99, "No answer", ""],
            ["sex", "m", "Man", "Homme"],
            ["sex", "f", "Woman", "Femme"],
        ],
        settings=[["form_title", "default_language"], ["Sleep", "English (en)"]],
    )
    read, remarks = read_questionnaire(file, None)
    said = (*remarks, *write_folder(read, tmp_path / "sleep"))
    made = load(tmp_path / "sleep")
    assert made.licence == "Not stated"
    assert made.key.reversed_items("sleep") == frozenset()
    assert [item.id for item in made.key.subscales("sleep")["all_items"].items] == ["q1", "q2"]
    assert made.words["sleep", "en"].sentence("q1") == "I feel well"
    assert made.forms["sleep"].scales["agree"].codes == (1, 2, 3, 4, 5, 99)
    assert made.context["sex"].options == ("m", "f")
    text = "\n".join(said)
    for remark in (
        "words in ::French (fr): survey.xlsx:7: label of `99` in `agree`: there is no text",
        "rows of type start: start",
        "rows of type text: other",
        "`required`: Q1",
        "`relevant`: Q2",
        "calculations that do not say their key as our files do: mean",
        "Q1 as q1",
        "code 99 of `q1` is far from the others",
        "not in the file: the licence",
        "not in the file: the key",
    ):
        assert remark in text


def two_languages(path: Path, help_: str) -> Path:
    """An XLSForm in Welsh and English, with the Welsh help given."""
    languages = ("Welsh (cy)", "English (en)")
    return workbook(
        path,
        survey=[
            [
                "type",
                "name",
                *(f"label::{name}" for name in languages),
                *(f"hint::{name}" for name in languages),
            ],
            ["select_one a", "q1", "Cwestiwn un", "Question one", help_, "Help"],
            ["select_one a", "q2", "Cwestiwn dau", "Question two"],
            ["select_one where", "place", "Ble?", "Where?"],
        ],
        choices=[
            ["list_name", "name", *(f"label::{name}" for name in languages)],
            ["a", 0, "Nac ydw", "No"],
            ["a", 1, "Ydw", "Yes"],
            ["a", -99, "Dim ateb", "Rather not say"],
            ["where", "here", "Yma", "Here"],
            ["where", "there", "Acw", "There"],
        ],
        settings=[["form_title", "default_language"], ["Two", "English (en)"]],
    )


def test_every_whole_language_of_an_xlsform_comes_in(tmp_path: Path) -> None:
    read, _ = read_questionnaire(two_languages(tmp_path / "two.xlsx", "Cymorth"), None)
    write_folder(read, tmp_path / "two")
    made = load(tmp_path / "two")
    assert made.language == "en"
    welsh = made.words["two", "cy"]
    assert (welsh.sentence("q1"), welsh.help("q1"), welsh.question("place")) == (
        "Cwestiwn un",
        "Cymorth",
        "Ble?",
    )
    assert [welsh.label("a", code) for code in (0, 1, -99)] == ["Nac ydw", "Ydw", "Dim ateb"]
    assert made.words["two", "en"].label("a", -99) == "Rather not say"

    read, remarks = read_questionnaire(two_languages(tmp_path / "half.xlsx", ""), None)
    assert "left aside, words in ::Welsh (cy): they are not whole" in remarks
    write_folder(read, tmp_path / "half")
    assert set(load(tmp_path / "half").words) == {("half", "en")}


def test_a_foreign_redcap_dictionary_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    file = redcap_file(
        tmp_path / "dictionary.csv",
        field("record_id", "text", "Record ID"),
        field(
            "wb_1",
            "radio",
            "I am <i>content</i>, mostly",
            "1, Never, ever | 2, Sometimes|3, Always | -99, Refused",
        ),
        field("wb_2", "dropdown", "I laugh", "1, Never, ever | 2, Sometimes|3, Always | -99, Refused"),
        field("smokes", "yesno", "Do you smoke?"),
        field("notes", "notes", "Anything else?"),
        field("wb", "calc", "Sum", "sum([wb_1],[wb_2])"),
    )
    assert refused(lambda: read_questionnaire(file, None)) == [
        "dictionary.csv: the file does not say its language: give it, as --language en"
    ]
    read, remarks = read_questionnaire(file, "en")
    write_folder(read, tmp_path / "wb")
    made = load(tmp_path / "wb")
    form = made.forms["wb"]
    assert [item.id for item in form.items] == ["wb_1", "wb_2", "smokes"]
    assert form.scale_of("wb_1").codes == (1, 2, 3)
    assert set(form.scale_of("wb_1").kinds) == {"left_blank", "rather_not_say"}
    assert made.words["wb", "en"].label(form.by_id["wb_1"].scale, 1) == "Never, ever"
    assert made.words["wb", "en"].sentence("wb_1") == "I am content , mostly"
    assert "left aside, fields of type notes: notes" in remarks


def test_a_foreign_limesurvey_structure_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    file = tmp_path / "survey.txt"
    lines = [
        "class\ttype/scale\tname\trelevance\ttext\thelp\tlanguage\tmandatory",
        "S\t\tlanguage\t\tde\t\t\t",
        "SL\t\tsurveyls_title\t\tArbeit\t\tde\t",
        "SL\t\tsurveyls_title\t\tWork\t\ten\t",
        "G\t\tErste\t1\tWie ist es?\t\tde\t",
        'Q\tF\tGrid\t1\t"<p>Denken Sie an ""heute"".</p>"\t\tde\t',
        "SQ\t0\tSQ001\t1\tIch arbeite gern\t\tde\t",
        "SQ\t0\tSQ002\t1\tIch bin müde\t\tde\t",
        "A\t0\tAO01\t0\tNie\t\tde\t",
        "A\t0\tAO02\t0\tOft\t\tde\t",
        "Q\tL\tQ2\t1\tUnd sonst?\tHilfe\tde\t",
        "A\t0\tA1\t1\tGut\t\tde\t",
        "A\t0\tA2\t2\tSchlecht\t\tde\t",
        "Q\tT\tText\t1\tNoch etwas?\t\tde\t",
        "G\t\tFirst\t1\tHow is it?\t\ten\t",
        "Q\tF\tGrid\t1\tThink of today.\t\ten\t",
    ]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    read, remarks = read_questionnaire(file, None)
    write_folder(read, tmp_path / "arbeit")
    made = load(tmp_path / "arbeit")
    assert [item.id for item in made.forms["arbeit"].items] == ["grid_sq001", "grid_sq002", "q2"]
    assert made.forms["arbeit"].scale_of("q2").codes == (1, 2)
    assert made.words["arbeit", "de"].help("q2") == "Hilfe"
    assert 'Denken Sie an "heute".' in made.words["arbeit", "de"].stem()
    assert "left aside, questions of type T: Text" in remarks
    assert any(
        remark.startswith("left aside, words in en: survey.txt: there is no question") for remark in remarks
    )

    whole = [
        line.replace("\tde\t", "\ten\t") for line in lines if line.startswith(("G\t", "Q\t", "SQ", "A\t"))
    ]
    said = [line for line in lines if "\ten\t" not in line or line.startswith("SL")]
    file.write_bytes("\r\n".join([*said, *whole]).encode())
    read, _ = read_questionnaire(file, None)
    write_folder(read, tmp_path / "both")
    both = load(tmp_path / "both")
    assert set(both.words) == {("both", "de"), ("both", "en")}
    assert both.words["both", "en"].title == "Work"


@pytest.mark.parametrize(
    ("codes", "far"),
    [
        ((1, 2, 3, 4, 5, 99), 99),
        ((-9, 1, 2, 3), -9),
        ((0, 1, 9), 9),
        ((0, 5, 10), None),
        ((1, 2, 3, 5), None),
    ],
)
def test_a_code_far_from_the_others_is_pointed_out(codes: tuple[int, ...], far: int | None) -> None:
    options = tuple(Option(code=str(code), label=f"Step {code}") for code in codes)
    asked = replace(small(), pages=(Page(questions=(replace(small().questions[0], options=options),)),))
    _, said = files_of(asked, "made")
    assert [line.split("`")[0] for line in said if "far from the others" in line] == (
        [] if far is None else [f"code {far} of "]
    )


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_commands_write_every_file_and_take_one_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ("export", "--form", "a", "--language", "en", "--out", out)
    status, said, wrong = command(capsys, *asked)
    assert (status, wrong) == (0, "")
    assert said.split() == [str(out / name) for name in QUESTIONNAIRE_FORMATS]
    assert {file.name for file in out.iterdir()} == set(QUESTIONNAIRE_FORMATS)
    _, said, _ = command(capsys, "import", out / "xlsform.xlsx", "--out", tmp_path / "mine")
    assert said.startswith(f"{tmp_path / 'mine'}: 30 items of 41 questions; it loads\n")
    assert load(tmp_path / "mine").licence == "CC BY 4.0"

    (out / "limesurvey.txt").write_text("mine")
    status, _, wrong = command(capsys, *asked)
    assert status == 1
    assert wrong == f"{out / 'limesurvey.txt'}: this is there with another content: name a new folder\n"
    assert (out / "limesurvey.txt").read_text() == "mine"
    status, _, wrong = command(capsys, "import", out / "xlsform.xlsx", "--out", tmp_path / "mine")
    assert status == 1
    assert "this is there already" in wrong


def test_one_file_alone_and_a_form_or_language_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ("--language", "es", "--out", tmp_path, "--only", "limesurvey.txt")
    assert command(capsys, "export", "--form", "s", *one)[2] == ""
    assert [file.name for file in tmp_path.iterdir()] == ["limesurvey.txt"]
    for form, language, wrong in (
        (
            "z",
            "en",
            f"forms: there is no form `z`; there are: {', '.join(ppiq().forms)}\n",
        ),
        ("c", "cy", "words: form `c` has no words in `cy`; it has them in: en\n"),
    ):
        asked = ("--form", form, "--language", language, "--out", tmp_path / "x")
        assert command(capsys, "export", *asked) == (1, "", wrong)
    assert not (tmp_path / "x").exists()


def test_the_help_names_every_file_and_format() -> None:
    run = [sys.executable, "-m", "instrument", "export", "--help"]
    said = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert all(name in said for name in QUESTIONNAIRE_FORMATS)
