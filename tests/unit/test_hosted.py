"""What a hostile host may send is refused, with what to do; what asks who somebody is, is found."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.studies.information import EVERY, required
from instrument import InstrumentError, ppiq
from instrument.exchange import confined
from instrument.exchange.confined import instrument_of_files, read_upload
from instrument.exchange.hosted import cure_of, hosted_files
from instrument.exchange.identifying import asks_for
from instrument.exchange.spreadsheet_export import sheets_of
from instrument.exchange.spreadsheet_form import NOT_SAID_YET, instrument_of
from instrument.nodes import read_text
from tests.lib.hosted import GARDEN, Rows, as_text, changed, with_no_answer, with_parts, xlsx

SHEET = "xl/worksheets/sheet3.xml"
BOMB = b"<a>" + b" " * (11 * 2**20)
ENTITIES = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
OUTSIDE = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
FAR = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<dimension ref="A1:XFD1048576"/><sheetData>{}</sheetData></worksheet>'
)


LONG: Rows = [["item", "text"], *([f"q{number}", ("How is it? " * 60).strip()] for number in range(450))]


def cell(place: str, text: str) -> str:
    row = "".join(each for each in place if each.isdigit())
    return f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def overstated(content: bytes) -> bytes:
    """A part that says it unpacks to less than it does."""
    name = b"xl/workbook.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = packed.getinfo(name.decode()).file_size
    return content.replace(size.to_bytes(4, "little"), (1).to_bytes(4, "little"))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a zip bomb": (lambda: with_parts(xlsx(), {SHEET: BOMB}), "unpacks to more than 10 MB"),
    "a false size": (lambda: overstated(xlsx()), "not a spreadsheet that can be read"),
    "entities": (lambda: with_parts(xlsx(), {SHEET: ENTITIES.encode()}), "declares a DTD"),
    "entities in UTF-16": (lambda: with_parts(xlsx(), {SHEET: ENTITIES.encode("utf-16")}), "declares a DTD"),
    "another kind": (lambda: b"%PDF-1.7 " * 200, "not a spreadsheet that can be read"),
    "a part of a file": (lambda: xlsx()[:2000], "not a spreadsheet that can be read"),
    "a zip of something else": (lambda: zipped("a.txt", b"text"), "not a spreadsheet that can be read"),
    "nothing but NULs": (lambda: bytes(5000), "not a spreadsheet that can be read"),
    "no sheet of ours": (lambda: xlsx({"prices": [["what"], ["tea"]]}), "this sheet is missing"),
    "more words than a folder holds": (
        lambda: xlsx({**GARDEN, "items": LONG, "subscales": [["subscale", "items"]]}),
        "larger than 256 KiB",
    ),
    "cells far apart": (
        lambda: with_parts(xlsx(), {SHEET: FAR.format(cell("GS1", "item")).encode()}),
        "more than 200 columns",
    ),
}


def zipped(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_with_what_is_wrong(
    kind: str, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, said = HOSTILE[kind]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content())))
    monkeypatch.setattr(confined, "_confine", lambda: None)
    confined.main()
    told = json.loads(capsysbinary.readouterr().out)
    assert told["files"] == {}
    assert any(said in message for _, message in told["problems"]), told["problems"]


def test_a_sheet_that_states_a_billion_cells_is_read_for_what_is_in_it() -> None:
    items = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{"AB"[at]}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for at, text in enumerate(row)
        )
        + "</row>"
        for number, row in enumerate(as_text(GARDEN)["items"], 1)
    )
    parts = {SHEET: FAR.format(items).encode(), "xl/externalLinks/externalLink1.xml": OUTSIDE}
    brought = read_upload(with_parts(xlsx(), parts))
    assert brought.problems == ()
    assert (
        instrument_of_files(brought.files).forms["garden"].hash
        == instrument_of(as_text(GARDEN)).forms["garden"].hash
    )


def test_a_formula_is_never_reckoned_and_one_without_a_value_is_an_empty_cell() -> None:
    assert [
        (each.file, each.message)
        for each in read_upload(
            xlsx(changed("items", 2, "text", '=WEBSERVICE("http://example.org")'))
        ).problems
    ] == [("items!B2", "item `joy_1` has no words")]


def test_the_process_has_little_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOISE_SECRET", "00" * 32)
    seen: list[dict[str, str]] = []
    real = subprocess.Popen

    def noted(*given: object, **named: object) -> object:
        seen.append(named["env"])  # type: ignore[arg-type]
        return real(*given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", noted)
    assert read_upload(xlsx()).problems == ()
    assert "COUNTERPOISE_SECRET" not in seen[0]
    monkeypatch.undo()
    code = (
        "import resource as r; from instrument.exchange.confined import _confine; _confine();"
        "print([r.getrlimit(x) for x in (r.RLIMIT_CPU, r.RLIMIT_AS, r.RLIMIT_FSIZE, r.RLIMIT_NOFILE)])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=confined.ROOT
    )
    assert told.stdout.strip() == str([(20, 20), (2**29, 2**29), (0, 0), (64, 64)])


def test_a_process_that_ends_or_never_does_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for body in ("import os; os.kill(os.getpid(), 9)", "import time; time.sleep(600)", "print('no JSON')"):
        stand_in = tmp_path / "python"
        stand_in.write_text(f"#!{sys.executable}\n{body}\n")
        stand_in.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(stand_in))
        monkeypatch.setattr(confined, "WALL_SECONDS", 1.0)
        [problem] = read_upload(xlsx()).problems
        assert "copy its cells into a new spreadsheet" in problem.message
        monkeypatch.undo()


ASKS = [
    "What is your name?",
    "Please give your first name.",
    "Who is your supervisor?",
    "Your e-mail address",
    "What is your phone number?",
    "Date of birth",
    "How old are you?",
    "What is your age?",
    "In which year did you begin?",
    "Your staff number",
    "NHS number",
    "What is your post code?",
    "Where do you live?",
    "In which team do you work?",
    "Which ward are you on?",
    "What is your gender?",
    "Y\u200bour n\u200bame? Your\u00a0name",
    "YOUR ＮＡＭＥ",
    "Beth yw eich enw?",
    "Beth yw eich cod post?",
    "Ble ydych chi'n byw?",
    "Pa flwyddyn y dechreuoch?",
    "¿Cuál es su nombre?",
    "Correo electronico",
    "¿Dónde vive?",
    "¿Qué edad tiene?",
    "Código postal",
    "ما اسمك؟",
    "أين تسكن؟",
    "كم عمرك؟",
    "تاريخ الميلاد",
]
DOES_NOT_ASK = [
    "I can name what I need.",
    "People here call each other names.",
    "I know where to go for help.",
    "Our team works well together.",
    "I feel at home here.",
    "This year was better than the last.",
    "I am given a number of choices.",
    "I can place my trust in others.",
    "My age is held against me.",
    "Gallaf ddweud fy marn.",
    "Me escuchan cuando hablo.",
    "أستطيع أن أقول رأيي.",
]


@pytest.mark.parametrize("sentence", ASKS)
def test_a_question_that_asks_who_or_where_somebody_is_is_found(sentence: str) -> None:
    assert asks_for(sentence)


@pytest.mark.parametrize("sentence", DOES_NOT_ASK)
def test_a_question_on_how_things_are_is_left_alone(sentence: str) -> None:
    assert asks_for(sentence) is None


def test_no_item_of_the_ppiq_in_any_language_is_taken_for_one() -> None:
    said = [
        sentence
        for words in ppiq().words.values()
        for by_role in words.sentences.values()
        for sentence in by_role.values()
    ]
    assert len(said) > 300
    assert [sentence for sentence in said if asks_for(sentence)] == []


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (
            ("items", 2, "help", "Write your name here"),
            ["items!C2: the help of item `joy_1` asks for a name"],
        ),
        (("words", 2, "stem", "What is your e-mail address?"), ["words!C2: the stem asks for an address"]),
        (
            ("answers", 2, "text", "Born in 1987"),
            ["answers!B2: answer 1 of scale `answers` tells an exact year"],
        ),
        (("answers", 2, "measure", "nominal"), ["answers!C2: the answers of scale `answers` are names"]),
        (
            ("questionnaire", 2, "window", ""),
            ["questionnaire!E2: the time that the questions ask about is empty"],
        ),
        (("questionnaire", 2, "window", NOT_SAID_YET), ["questionnaire!E2: `window` is not said yet"]),
        (("questionnaire", 2, "licence", NOT_SAID_YET), ["questionnaire!C2: `licence` is not said yet"]),
        (
            ("questionnaire", 2, "audience", ""),
            ["questionnaire!G2: it is not said whether `staff`, `service_users` or `both` answer"],
        ),
        (("questionnaire", 2, "audience", "pupils"), ["questionnaire!G2: this should be 'staff',"]),
        (("words", 2, "stem", ""), ["words!C2: what stands before the questions is empty"]),
        (("items", 3, "item", "joy 2"), ["items!A3: `joy 2` is no identifier"]),
        (("answers", 3, "code", "two"), ["answers!A3: `two` is no whole number"]),
        (("items", 2, "scale", "nosuch"), ["items!C2: there is no scale `nosuch`"]),
    ],
)
def test_a_complaint_is_at_its_cell_and_has_a_cure(where: tuple[str, int, str, str], told: list[str]) -> None:
    sheets: dict[str, Rows] = {**changed(*where), "subscales": [["subscale", "items"]]}
    files, problems = hosted_files(as_text(sheets))
    assert files == {}
    assert len(problems) == len(told)
    assert all(str(problem).startswith(said) for problem, said in zip(problems, told, strict=True)), problems
    assert all(cure_of(problem) for problem in problems)


@pytest.mark.parametrize(
    "name",
    ["../garden.yaml", "/tmp/garden.yaml", "forms/../../a.yaml", "LOCK", "context.yaml", "words/a/b.yaml"],
)
def test_a_file_of_another_name_than_those_of_a_questionnaire_is_refused(name: str) -> None:
    files, _ = hosted_files(as_text(GARDEN))
    for text in (files["key.yaml"], files["forms/garden.yaml"]):
        with pytest.raises(InstrumentError):
            instrument_of_files({**files, name: text})


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("rather_not_say", "My name is:", "answers!C6: the answer `rather_not_say` tells a name"),
        ("do_not_know", "Born in 1987", "answers!C6: the answer `do_not_know` tells an exact year or date"),
        ("does_not_apply", "Which ward are you on?", "answers!C6: the answer `does_not_apply` tells"),
    ],
)
def test_what_stands_in_place_of_an_answer_is_read_as_answers_are(kind: str, text: str, told: str) -> None:
    _, problems = hosted_files(as_text(with_no_answer(kind, text)))
    assert [str(problem).startswith(told) for problem in problems] == [True], problems
    assert all(cure_of(problem) for problem in problems)


def test_a_sheet_that_was_made_before_there_was_a_column_for_the_audience_is_told_of_it() -> None:
    older = {**GARDEN, "questionnaire": [row[:-1] for row in GARDEN["questionnaire"]]}
    _, [problem] = hosted_files(as_text(older))
    assert "`service_users`" in problem.message
    assert "column `audience`" in cure_of(problem)


def test_who_answers_comes_and_goes_with_the_spreadsheet() -> None:
    files, _ = hosted_files(as_text(changed("questionnaire", 2, "audience", "service_users")))
    assert required(instrument_of_files(files).forms["garden"]) == EVERY
    said = {name: read_text(text, name).data for name, text in files.items()}
    assert instrument_of(sheets_of(said)).forms["garden"].audience == "service_users"


def test_the_commonest_stem_is_no_empty_cell() -> None:
    files, problems = hosted_files(as_text(changed("words", 2, "stem", "How far do you agree?")))
    assert (bool(files), problems) == (True, ())
