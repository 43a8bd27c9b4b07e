"""Exports of other systems with their definitions beside them, maps, scores, and notes on a file."""

import json

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from analysis.__main__ import main
from analysis.files.chunked import blocks, file_moments
from analysis.files.item_names import chosen_columns
from analysis.files.read_table import read_table
from analysis.files.survey_files import read_xlsform
from analysis.files.table import Table, TableError
from analysis.files.write_table import write_table
from analysis.report.dataset import DatasetError
from analysis.report.fitted import read_dataset
from analysis.report.named_answers import Named, read_named
from instrument import load
from tests.lib.questionnaires import workbook
from tests.unit.test_public_cases import A30, ALPHA, ITEMS, SCALE, alpha_of, answers, text, with_column
from tests.unit.test_report import SEVEN, SEVEN_HEADER

LSS = """<?xml version="1.0" encoding="UTF-8"?>
<document><LimeSurveyDocType>Survey</LimeSurveyDocType>
<questions><rows><row><qid>5</qid><title>team</title><type>F</type><question>In my team</question></row>
</rows></questions>
<subquestions><rows>
<row><qid>6</qid><parent_qid>5</parent_qid><title>SQ001</title>
<question><![CDATA[<p>I am heard</p>]]></question></row>
<row><qid>7</qid><parent_qid>5</parent_qid><title>SQ002</title><question>I may ask</question></row>
<row><qid>8</qid><parent_qid>5</parent_qid><title>SQ003</title><question>I decide</question></row>
</rows></subquestions>
<answers><rows>{rows}</rows></answers></document>
"""
DICTIONARY = (
    '"Variable / Field Name","Form Name","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels"\n'
    + "".join(
        f'q{place},team,radio,"Question {place}","'
        + " | ".join(f"{code}, {word}" for code, word in SCALE.items())
        + '"\n'
        for place in (1, 2, 3)
    )
    + 'med,team,checkbox,"Which","1, One | 2, Two"\n'
)


@pytest.fixture(name="command")
def _command(capsys):
    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def lss(codes):
    rows = "".join(
        f"<row><qid>5</qid><code>{code}</code><answer>{word}</answer><sortorder>{place}</sortorder></row>"
        for place, (code, word) in enumerate(zip(codes, SCALE.values(), strict=True), start=1)
    )
    welsh = rows.replace("</answer>", " (cy)</answer>")  # older files repeat every answer in each language
    return LSS.format(rows=rows + welsh)


def limesurvey(folder, shown):
    header = [f"team[SQ00{place}]" for place in (1, 2, 3)]
    (folder / "results.csv").write_text(text(header, [[shown[cell] for cell in row] for row in A30.tolist()]))
    return folder / "results.csv", "team[SQ001]-team[SQ003]"


@pytest.mark.parametrize("codes", [["A1", "A2", "A3", "A4", "A5"], ["SD", "D", "N", "A", "SA"]])
@pytest.mark.parametrize("full", [False, True])
def test_limesurvey_answers_as_codes_or_in_full_by_the_definition_beside_them(tmp_path, codes, full):
    (tmp_path / "survey.lss").write_text(lss(codes))
    shown = SCALE if full else dict(zip(SCALE, codes, strict=True))
    file, items = limesurvey(tmp_path, shown)
    found = read_named(file, Named(items=items))
    assert alpha_of(found.keyed(["team[SQ001]", "team[SQ002]", "team[SQ003]"])) == pytest.approx(ALPHA)
    assert read_table(file).labels["team[SQ001]"] == "I am heard"
    assert "survey.lss" in found.about


def test_a_definition_with_a_dtd_is_refused(tmp_path):
    (tmp_path / "survey.lss").write_text('<!DOCTYPE a [<!ENTITY b "c">]><document>&b;</document>')
    file, _ = limesurvey(tmp_path, SCALE)
    with pytest.raises(TableError, match="DTD"):
        read_table(file)


def test_redcap_labels_by_the_dictionary_beside_them(tmp_path):
    (tmp_path / "Team_DataDictionary_2026.csv").write_text(DICTIONARY)
    file = tmp_path / "Team_DATA_LABELS_2026.csv"
    rows = [[*(SCALE[cell] for cell in row), ("Checked", "Unchecked")[at % 2]] for at, row in enumerate(A30)]
    file.write_text(text([*ITEMS, "med___2"], rows))
    found = read_named(file, Named(items="q1-q3"))
    assert alpha_of(found.keyed(ITEMS)) == pytest.approx(ALPHA)
    table = read_table(file)
    assert table.matrix(["med___2"])[:2, 0].tolist() == [1, 0]
    assert (table.labels["q1"], table.labels["med___2"]) == ("Question 1", "Which: Two")


def xlsform(folder, names):
    """The definition of an ODK or Kobo form: three questions in a group, in two languages."""
    asked = [
        ["select_one agree", f"q{place}", f"Question {place}", f"Cwestiwn {place}", "yes"]
        for place in (1, 2, 3)
    ]
    survey = [
        ["type", "name", "label::English (en)", "label::Cymraeg (cy)", "required"],
        ["start", "start"],
        ["begin_group", "team", "Team"],
        *asked,
        ["end_group"],
        ["begin group", "other", "Other"],
        ["text", "remark", "Anything else?"],
        ["end group"],
    ]
    choices = [["list_name", "name", "label::English (en)", "label::Cymraeg (cy)"]]
    choices += [
        ["agree", name, word, f"{word} (cy)"] for name, word in zip(names, SCALE.values(), strict=True)
    ]
    return workbook(folder / "form.xlsx", survey=survey, choices=choices, settings=[["form_id"], ["team"]])


@pytest.mark.parametrize("names", [[1, 2, 3, 4, 5], ["sd", "d", "n", "a", "sa"]])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("header", ["team-q{}", "team/q{}", "q{}", "Question {}"])
def test_odk_answers_as_names_or_in_full_by_the_xlsform_beside_them(tmp_path, names, full, header):
    xlsform(tmp_path, names)
    workbook(tmp_path / "budget.xlsx", survey=[["no form"]])
    shown = SCALE if full else dict(zip(SCALE, names, strict=True))
    columns = [header.format(place) for place in (1, 2, 3)]
    file = tmp_path / "answers.csv"
    rows = [["uuid", *(shown[cell] for cell in row)] for row in A30.tolist()]
    file.write_text(text(["KEY", *columns], rows))
    found = read_named(file, Named(items=",".join(columns)))
    assert alpha_of(found.keyed(columns)) == pytest.approx(ALPHA)
    assert "form.xlsx" in found.about
    assert ("sd=1, d=2, n=3, a=4, sa=5" in found.about) == (names[0] == "sd")
    assert read_table(file).labels[columns[0]] == "Question 1"
    assert read_xlsform(tmp_path / "form.xlsx").labels["other-remark"] == "Anything else?"


def test_a_spreadsheet_beside_that_is_no_form_or_no_spreadsheet_stops_nothing(tmp_path):
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and no more")
    workbook(tmp_path / "other.xlsx", survey=[["a"]])
    file = tmp_path / "answers.csv"
    file.write_text(text(ITEMS, A30.tolist()))
    assert read_table(file).words == {}


def seven_rows(n=12):
    return np.random.default_rng(2).integers(1, 8, (n, 11))


def test_words_of_the_instrument_stand_for_their_codes(tmp_path):
    """vubiostat/redcapAPI 468."""
    instrument = load(SEVEN)
    words = next(words for (form, _), words in instrument.words.items() if form == "seven")
    form, X = instrument.forms["seven"], seven_rows()
    for place, item in enumerate(form.items):  # codes that each item's scale has
        codes = form.scale_of(item.id).codes
        X[:, place] = np.array(codes)[X[:, place] % len(codes)]
    header = [item.id for item in form.items]
    plain, spoken = tmp_path / "plain.csv", tmp_path / "spoken.csv"
    plain.write_text(text(header, X.tolist()))
    said = [
        [words.label(item.scale, code).upper() for item, code in zip(form.items, row, strict=True)]
        for row in X.tolist()
    ]
    spoken.write_text(text(header, said))
    np.testing.assert_array_equal(
        read_dataset(spoken, instrument).codes, read_dataset(plain, instrument).codes
    )


def test_a_map_names_the_columns_and_codes_of_another_system(tmp_path):
    """DIRKMJK/limepy 17 and OuhscBbmc/REDCapR 420."""
    instrument, X = load(SEVEN), seven_rows()
    form = instrument.forms["seven"]
    for place, item in enumerate(form.items):
        codes = form.scale_of(item.id).codes
        X[:, place] = np.array(codes)[X[:, place] % len(codes)]
    header = [f"G1Q5[SQ{place:03}]" for place in range(1, 12)]
    file, own, plain = tmp_path / "lime.csv", tmp_path / "map.csv", tmp_path / "plain.csv"
    file.write_text(text(header, [[f"A{code + 1}" for code in row] for row in X.tolist()]))
    plain.write_text(text([item.id for item in form.items], X.tolist()))
    codes = " ".join(f"A{code + 1}={code}" for code in range(10))
    own.write_text(
        text(
            ["item", "column", "codes"],
            [[item.id, name, codes] for item, name in zip(form.items, header, strict=True)],
        )
    )
    found = read_dataset(file, instrument, map_file=own)
    np.testing.assert_array_equal(found.codes, read_dataset(plain, instrument).codes)
    with pytest.raises(DatasetError, match="no column for"):
        read_dataset(file, instrument)
    own.write_text("item,column\nease_1,nowhere\n")
    with pytest.raises(TableError, match="no column nowhere"):
        read_dataset(file, instrument, map_file=own)


@pytest.mark.parametrize(("ending", "most"), [("sav", 256), ("dta", 80)])
def test_labels_that_a_format_cannot_hold_are_cut_between_words_and_say_so(tmp_path, ending, most):
    question = " ".join(["Whether réunions"] * 30)
    file = tmp_path / f"answers.{ending}"
    columns = {"q1": np.array([1.0, 2.0])}
    write_table(Table(file=file, columns=columns, labels={"q1": question}, words={"q1": {1: question}}), file)
    read = pyreadstat.read_sav if ending == "sav" else pyreadstat.read_dta
    about = read(str(file))[1]
    for label, held in ((about.column_labels[0], most), (about.variable_value_labels["q1"][1], 120)):
        assert question.startswith(label[:-1])
        assert label.endswith((" réunions…", "Whether…"))
        assert held - 12 < len(label.encode() if held != 80 else label) <= held


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "sav", "dta"])
def test_a_scored_table_holds_what_came_with_keyed_items_scores_and_numbers_of_answers(
    command, tmp_path, ending
):
    """ropensci/qualtRics 143."""
    X = A30.tolist()
    X[3][1] = X[4][1] = X[4][2] = ""
    file, out = tmp_path / "answers.csv", tmp_path / f"scored.{ending}"
    rows = [[f"{place:03}", *row, '=1+1, "so"'] for place, row in enumerate(X)]
    rows.append(["900", "", "", "", "left at once"])
    file.write_text(text(["person", *ITEMS, "why"], rows))
    options = ("--items", "q1-q3", "--reverse", "q2", "--codes", "1-5", "--min-answered", 2, "--out", out)
    code, said, err = command("score", file, *options)
    assert (code, err) == (0, "")
    assert "29 of 30 rows have a score" in said
    table = read_table(out)
    assert [*table.columns] == [
        *("person", *ITEMS, "why"),
        *("q1_keyed", "q2_keyed", "q3_keyed", "score", "score_answered"),
    ]
    assert table.text("person")[:2] == ["000", "001"]
    assert table.columns["why"][0] == '=1+1, "so"'
    assert table.n == 31
    keyed = A30.astype(float)
    keyed[:, 1] = 6 - keyed[:, 1]
    assert table.columns["score"][0] == pytest.approx(keyed[0].mean())
    assert table.columns["score"][3] == pytest.approx(keyed[3][[0, 2]].mean())
    assert table.columns["score_answered"][:5].tolist() == [3, 3, 3, 2, 1]
    assert np.isnan(table.columns["score"][[4, 30]]).all()


@pytest.mark.parametrize(("method", "figure"), [("sum", 12.0), ("mean", 4.0), ("pomp", 75.0)])
def test_a_score_is_made_as_asked_for(command, tmp_path, method, figure):
    file, out = tmp_path / "answers.csv", tmp_path / "scored.csv"
    file.write_text("a,b,c\n4,4,4\n1,2,5\n")
    options = ("--items", "a,b,c", "--codes", "1-5", "--method", method, "--out", out)
    assert command("score", file, *options)[0] == 0
    assert read_table(out).columns["score"][0] == pytest.approx(figure)


def test_scores_by_an_instrument_are_those_of_its_key(command, tmp_path):
    file, out = tmp_path / "answers.csv", tmp_path / "scored.csv"
    file.write_text(SEVEN_HEADER + "\n" + "4,3,3,4,4,3,4,3,3,4,2\n1,2,3,4,5,6,7,1,2,3,4" + "\n")
    code, _, err = command("score", file, "--instrument", SEVEN, "--out", out)
    assert (code, err) == (0, "")
    instrument = load(SEVEN)
    shown = [name for name, scale in instrument.key.subscales("seven").items() if scale.shown]
    assert set(shown) <= {*read_table(out).columns}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--items", "q1-q3", "--out", "answers.csv"), "is the file of answers"),
        (("--items", "q1-q3", "--out", "scored.doc"), ".doc is not written; name it .csv"),
        (("--instrument", SEVEN, "--method", "sum", "--out", "a.csv"), "--min-answered go with --items"),
        (("--instrument", SEVEN, "--codes", "1-5", "--out", "a.csv"), "go with --items; a folder"),
        (("--items", "q1-q3", "--form", "a", "--out", "a.csv"), "go with --instrument"),
        (("--items", "q1-q2", "--reverse", "q3", "--out", "a.csv"), "--reverse names q3, which"),
        (("--items", "q1-q3", "--codes", "5-1", "--out", "a.csv"), "lowest code first"),
        (("--items", "q1-q3", "--min-answered", 4, "--out", "a.csv"), "is 4, and there are 3 items"),
        (("--items", "q1-q3", "--min-answered", 2, "--method", "sum", "--out", "a.csv"), "every answer"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_is_refused_with_what_to_do(command, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.csv").write_text(text())
    code, out, err = command("score", "answers.csv", *options)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "sav", "dta"])
def test_a_place_that_cannot_be_written_is_named(command, tmp_path, ending):
    (tmp_path / "answers.csv").write_text(text())
    out = tmp_path / "nowhere" / f"scored.{ending}"
    code, _, err = command("score", tmp_path / "answers.csv", "--items", "q1-q3", "--out", out)
    assert (code, err) == (2, f"{out} cannot be opened or written: No such file or directory\n")


def test_every_command_takes_items_by_name(command, tmp_path):
    X = answers(200, 4, seed=3)
    X[:, 2] = 6 - X[:, 2]
    file = tmp_path / "answers.csv"
    rows = [[place, *row, "ab"[place % 2]] for place, row in enumerate(X.tolist())]
    file.write_text(text(["person", "q1", "q2", "q3", "q4", "role"], rows))
    items = ("--items", "q1-q4", "--reverse", "q3", "--codes", "1-5")
    for arguments in (
        ("alpha", file, "--group", "role"),
        ("report", file),
        ("factor", file, "--factors", 1),
        ("response", file),
        ("structure", file),
        ("fairness", file, "--group", "role"),
        ("retest", file, file, "--id", "person"),
    ):
        code, out, err = command(*arguments, *items, "--format", "json")
        assert (code, err) == (0, ""), arguments
        assert json.loads(out)
        page = " ".join(command(*arguments, *items)[1].split())
        assert "Turned round: q3." in page, arguments


def test_alpha_of_groups_is_that_of_their_rows(command, tmp_path):
    file = tmp_path / "answers.csv"
    roles = ["ab"[place % 2] for place in range(30)]
    file.write_text(text([*ITEMS, "role"], with_column(roles)))
    tree = json.loads(command("alpha", file, "--items", "q1-q3", "--group", "ROLE", "--format", "json")[1])
    for group, rows in (("a", A30[::2]), ("b", A30[1::2])):
        assert tree["groups"][group]["alpha"]["value"] == pytest.approx(alpha_of(rows))
    page = command("alpha", file, "--items", "q1-q3", "--format", "html")[1]
    assert "<svg" in page


def test_what_has_no_alpha_says_why(command, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("a,b\n1,2\n")
    tree = json.loads(command("alpha", file, "--items", "a,b", "--format", "json")[1])
    assert set(tree["alpha"]) == {"unavailable"}
    assert set(tree["omega_total"]) == {"unavailable"}


def test_codes_far_from_the_others_are_pointed_at_and_no_others(tmp_path):
    X = A30.tolist()
    for cell, told in ((9, True), (99, True), (-9, True), (6, False), (0, False)):
        X[4][1] = cell
        (tmp_path / "a.csv").write_text(text(rows=X))
        said = read_named(tmp_path / "a.csv", Named(items="q1-q3")).about
        assert (f"{cell} stands far from the other codes" in said) is told, cell


def test_ids_keep_their_zeros_and_their_digits(tmp_path):
    (tmp_path / "a.csv").write_text("person,other,q\n007,1098765432109876543,1\n012,2,2\n")
    table = read_table(tmp_path / "a.csv")
    assert table.text("person") == ["007", "012"]
    assert table.text("other") == ["1098765432109876543", "2"]


@pytest.mark.parametrize("comment", ['"never closed', '"closed\nbelow"', '"so, ""so"""', "plain"])
def test_large_files_are_read_as_small_ones_are(tmp_path, comment):
    """What the reader of blocks would read otherwise is read as by `read_table`, or refused as there."""
    file = tmp_path / "a.csv"
    lines = text([*ITEMS, "why"], with_column(["fine"] * 30)).splitlines()
    lines[5] = lines[5].replace("fine", comment)
    file.write_text("\n".join(lines) + "\n")
    if comment == '"never closed':
        with pytest.raises(TableError, match="row 5: a quote"):
            list(blocks(file, ITEMS))
        return
    found = np.concatenate([np.asarray(block) for block in blocks(file, ITEMS)])
    np.testing.assert_array_equal(found, A30)
    assert file_moments(file, ITEMS).n == 30


def test_large_files_in_other_encodings_and_marks(tmp_path):
    file = tmp_path / "a.csv"
    X = A30.tolist()
    X[7][0] = "n/A"
    file.write_bytes(text(rows=X, delimiter=";").encode("utf-16"))
    found = np.concatenate([np.asarray(block) for block in blocks(file, ITEMS)])
    assert found[7, 0] == -128
    np.testing.assert_array_equal(found[:7], A30[:7])


NAMES = ("id", "q1", "q2", "q10", "x", "y", "b01", "b02", "A, b", "d-e")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("q1-q2", ("q1", "q2")),
        ("q1-2", ("q1", "q2")),
        ("q*", ("q1", "q2", "q10")),
        ("b01-b02,id", ("b01", "b02", "id")),
        ("x-y", ("x", "y")),
        ("x:b01", ("x", "y", "b01")),
        ("d-e", ("d-e",)),
        ("'A, b',Q10", ("A, b", "q10")),
    ],
)
def test_items_are_named_by_ranges_beginnings_and_quotes(said, meant):
    table = Table(file="a.csv", columns={name: np.zeros(1) for name in NAMES})
    assert chosen_columns(said, table) == meant


@pytest.mark.parametrize("said", ["q1-q3", "z*", "zz", "q1,Q1", "", "'a"])
def test_items_that_are_not_there_are_refused(said):
    table = Table(file="a.csv", columns={name: np.zeros(1) for name in NAMES})
    with pytest.raises(TableError):
        chosen_columns(said, table)


def test_value_labels_say_which_answers_there_can_be(tmp_path):
    """An item is reversed within the scale that the file declares, not within the answers given."""
    frame = pd.DataFrame({"a": [1.0, 2, 3, 3], "b": [3.0, 2, 1, 2]})
    labels = {name: {code: str(word) for code, word in SCALE.items()} for name in frame}
    pyreadstat.write_sav(frame, str(tmp_path / "a.sav"), variable_value_labels=labels)
    found = read_named(tmp_path / "a.sav", Named(items="a,b", reverse="b"))
    assert found.keyed(["b"])[:, 0].tolist() == [3, 4, 5, 4]
