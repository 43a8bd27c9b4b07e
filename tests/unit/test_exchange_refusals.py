"""What a tool would cut, refuse or run is not written; a broken file is refused."""

import json
import random
import shutil
import warnings
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from instrument import InstrumentError, load, ppiq
from instrument.exchange import fhir, limesurvey, redcap, xlsform
from instrument.exchange.folder import write_folder
from instrument.exchange.formats import read_questionnaire
from instrument.exchange.questionnaire import Option, Page, questionnaire
from tests.lib.questionnaires import FILES, WRITERS, field, redcap_file, refused, small, workbook

HOSTILE = {
    "quotes": 'She said "no", and \'why\'; then, "yes"',
    "right to left": "أحصل على \u200eABC\u200f الدعم",
    "long": "word " * 59 + "words",
    "formula": '=HYPERLINK("a","b")',
    "newline": "one\ntwo",
    "NUL": "one\0two",
    "pipe": "one | two",
    "brace": "{TOKEN:EMAIL}",
    "bracket": "[record_id] is mine",
    "expression": "${q1}",
    "markup": "<script>alert(1)</script>",
    "entity": "R&amp;D",
    "ampersand": "R&D at 5 < 6",
    "backslash": 'a\\"b',
}
REFUSES = {
    "FHIR": {"newline", "NUL"},
    "XLSForm": {"newline", "NUL", "expression", "markup", "entity"},
    "REDCap": {"newline", "NUL", "formula", "bracket", "markup", "entity"},
    "LimeSurvey": {"newline", "NUL", "formula", "brace", "expression", "markup", "entity", "backslash"},
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("tool", WRITERS)
def test_a_hostile_text_goes_through_or_is_refused_at_its_place(
    tool: str, hostile: str, tmp_path: Path
) -> None:
    asked = small(text=HOSTILE[hostile])
    if hostile in REFUSES[tool]:
        [said, *_] = refused(lambda: WRITERS[tool].written(asked))
        assert said.startswith(f"words/small.en.yaml: `q1` cannot go to {tool}: ")
        return
    written = WRITERS[tool].written(asked)
    if tool == "FHIR":
        assert json.loads(written)["item"][0]["item"][0]["text"] == HOSTILE[hostile]
        return
    file = tmp_path / FILES[tool]
    file.write_bytes(written)
    read, _ = read_questionnaire(file, "en")
    assert read.questions[0].text == HOSTILE[hostile]
    if tool == "XLSForm":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            convert(written)
        assert all(c.data_type in "sn" for sheet in load_workbook(file) for row in sheet for c in row)


def test_a_label_that_a_tool_would_part_is_refused() -> None:
    [said] = refused(lambda: redcap.written(small("No", "Yes | perhaps")))
    assert said == (
        "words/small.en.yaml: answer `1` to `q1` cannot go to REDCap: it would be two answers: write it "
        "without |: Yes | perhaps"
    )
    redcap.written(small("=No", "Yes"))  # stands inside a cell
    limesurvey.written(small("No", "Yes | perhaps"))


def test_answers_that_begin_with_a_negative_code_are_refused_where_a_cell_would_be_a_formula() -> None:
    asked = small()
    options = tuple(Option(code=code, label=code) for code in ("-1", "0", "1"))
    question = replace(asked.questions[0], options=options)
    asked = replace(asked, pages=(Page(questions=(question,)),))
    [said] = refused(lambda: redcap.written(asked))
    assert "begin with a negative code" in said
    limesurvey.written(asked)


def test_names_that_are_cut_kept_or_no_longer_apart_are_refused() -> None:
    [said] = refused(lambda: limesurvey.written(small(id_="a" * 24)))
    assert said == (
        f"words/small.en.yaml: question `{'a' * 24}` would be `{'a' * 24}`; LimeSurvey allows 20 letters: "
        "shorten its id"
    )
    assert "keeps this name for itself" in refused(lambda: limesurvey.written(small(id_="seed")))[0]
    one = small().questions[0]
    two = replace(small(), pages=(Page(questions=(replace(one, id="a_b"), replace(one, id="ab"))),))
    assert "would both be `ab` in LimeSurvey" in refused(lambda: limesurvey.written(two))[0]
    assert "keeps this name for itself" in refused(lambda: redcap.written(small(id_="small_complete")))[0]
    assert "would both be `record_id`" in refused(lambda: redcap.written(small(id_="record_id")))[0]
    assert "would both be `page_1`" in refused(lambda: xlsform.written(small(id_="page_1")))[0]
    assert "would both be `page_1`" in refused(lambda: fhir.written(small(id_="page_1")))[0]
    assert "LimeSurvey cuts it at 200" in refused(lambda: limesurvey.written(small(title="t" * 201)))[0]


def test_lists_of_one_name_stay_apart_in_xlsform(tmp_path: Path) -> None:
    one = small().questions[0]
    other = replace(one, id="q2", options=(Option(code="0", label="Off"), Option(code="1", label="On")))
    file = tmp_path / "two.xlsx"
    file.write_bytes(xlsform.written(replace(small(), pages=(Page(questions=(one, other)),))))
    read, _ = read_questionnaire(file, None)
    assert [question.options for question in read.questions] == [one.options, other.options]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            field("q1", "radio", "Text\0", "1, A | 2, B"),
            "dictionary.csv:2: label of `q1`: the text has a control character",
        ),
        (
            field("q1", "radio", "x" * 1001, "1, A | 2, B"),
            "dictionary.csv:2: label of `q1`: String should have at most 1000",
        ),
        (field("q1", "radio", "", "1, A | 2, B"), "dictionary.csv:2: label of `q1`: there is no text"),
        (
            field("q1", "radio", "Text", "1, A | two"),
            "dictionary.csv:2: choices of `q1` are written `code, label",
        ),
        (
            field("q1", "radio", "Text", "1, A | 1, B"),
            "dictionary.csv:2: `q1` offers two answers of one code",
        ),
        (field("q1", "radio", "Text", "1, A"), "dictionary.csv:2: `q1` offers fewer than two answers"),
        (field("Q" * 40, "radio", "Text", "1, A | 2, B"), "dictionary.csv:2: question `"),
        (
            field("by", "radio", "Text", "1, A | 2, B"),
            "dictionary.csv:2: question `by`: `by` is a word that SPSS",
        ),
        (
            field("q1", "text", "Text"),
            "dictionary.csv: there is no question whose answers have whole numbers",
        ),
    ],
)
def test_a_bad_row_is_refused_with_its_line(row: dict[str, str], said: str, tmp_path: Path) -> None:
    file = redcap_file(tmp_path / "dictionary.csv", row)
    assert refused(lambda: read_questionnaire(file, "en"))[0].startswith(said)


def test_two_questions_of_one_name_are_refused(tmp_path: Path) -> None:
    rows = [field(name, "radio", "Text", "1, A | 2, B") for name in ("q1", "Q1")]
    file = redcap_file(tmp_path / "d.csv", *rows)
    assert refused(lambda: read_questionnaire(file, "en")) == [
        "d.csv:3: `Q1` is the name of the question on line 2 too"
    ]


def test_a_name_that_exports_need_is_refused_and_a_role_is_asked_first(tmp_path: Path) -> None:
    context = [field(name, "radio", "Which?", "m, A | f, B") for name in ("place", "role")]
    file = redcap_file(tmp_path / "d.csv", field("language", "radio", "Text", "1, A | 2, B"), *context)
    read, _ = read_questionnaire(file, "en")
    [said] = refused(lambda: write_folder(read, tmp_path / "made"))
    assert said == (
        "d.csv: this would not load as an instrument: key.yaml:5: `language` would name two columns of an "
        "export: change it in the file"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["d.csv"]
    file = redcap_file(tmp_path / "d.csv", field("q1", "radio", "Text", "1, A | 2, B"), *context)
    write_folder(read_questionnaire(file, "en")[0], tmp_path / "made")
    assert load(tmp_path / "made").forms["made"].context == ("role", "place")


def test_a_refusal_makes_no_terminal_act(tmp_path: Path) -> None:
    evil = "q\x1b]0;mine\x07\u202e"
    asked = [field(evil, "radio", "Text", "1, A | 2, B") for _ in range(2)]
    said = refused(lambda: read_questionnaire(redcap_file(tmp_path / "d.csv", *asked), "en"))
    assert "\\u001b]0;mine\\u0007\\u202e" in said[0]
    assert all(each.isprintable() for each in said)


def test_what_is_no_file_of_the_tool_is_refused(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.xlsx", b"not a workbook", "a.xlsx: this is no .xlsx workbook"),
        ("a.csv", b"a,b\n1,2\n", "a.csv:1: the first line has no column `Variable / Field Name`"),
        ("a.txt", b"a\tb\n", "a.txt:1: the first line has no column `class`"),
        ("a.txt", b"class\n\xff", "a.txt:2: this is not UTF-8 text: save it as UTF-8"),
        ("a.doc", b"", "a.doc: this ending is not known"),
        ("b.csv", b"x" * (1024 * 1024 + 1), "b.csv: the file is larger than 1024 KiB"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        assert refused(lambda file=file: read_questionnaire(file, "en"))[0].startswith(said)
    assert "no such file" in refused(lambda: read_questionnaire(tmp_path / "none.csv", "en"))[0]


def test_a_workbook_that_swells_declares_or_computes_is_refused(tmp_path: Path) -> None:
    survey = [["type", "name", "label"], ["select_one a", "q1", "=1+1"]]
    file = workbook(tmp_path / "formula.xlsx", survey=survey)
    assert refused(lambda: read_questionnaire(file, "en"))[0] == (
        "formula.xlsx:2: survey!C2 is a formula: write its value"
    )
    for name, part, said in (
        ("swells", b" " * (11 * 1024 * 1024), "unpacks to more than 10 MiB"),
        ("declares", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
    ):
        worse = Path(shutil.copy(file, tmp_path / f"{name}.xlsx"))
        with zipfile.ZipFile(worse, "a", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("xl/more.xml", part)
        assert said in refused(lambda worse=worse: read_questionnaire(worse, "en"))[0]
    other = workbook(tmp_path / "other.xlsx", items=[["item"]])
    assert refused(lambda: read_questionnaire(other, "en")) == ["other.xlsx: there is no sheet `survey`"]


@pytest.mark.parametrize("tool", FILES)
def test_a_broken_file_is_read_or_refused_in_words(tool: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    whole = WRITERS[tool].written(questionnaire(ppiq(), "s", "en"))
    file = tmp_path / FILES[tool]
    for _ in range(40):
        broken = bytearray(whole)
        for _ in range(chance.choice([1, 3, 20])):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        file.write_bytes(broken[: chance.choice([len(broken), chance.randrange(len(broken))])])
        with suppress(InstrumentError):
            read_questionnaire(file, "en")
