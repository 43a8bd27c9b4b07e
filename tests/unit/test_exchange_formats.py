"""Questionnaires in other tools: their files are read back, score as we do, and come in the same."""

import csv
import io
import json
import random
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import fhirpathpy
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire as FhirQuestionnaire
from fhirpathpy.models import models
from openpyxl import Workbook, load_workbook
from pyxform.xls2xform import convert

from instrument import LEFT_BLANK, PPIQ, Instrument, InstrumentError, load, ppiq, score
from instrument.exchange import fhir, limesurvey, redcap, xlsform
from instrument.exchange.folder import write_folder
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS, read_questionnaire
from instrument.exchange.key_lines import key_line, subscale_of
from instrument.exchange.questionnaire import Option, Page, Question, Questionnaire, questionnaire
from tests.lib.expressions import evaluate

ROOT = Path(__file__).parents[2]
INSTRUMENTS = ROOT / "tests" / "instruments"
FORMS = [("ppiq", "a"), ("ppiq", "b"), ("ppiq", "c"), ("ppiq", "s"), ("ppiq", "who_decides")]
FORMS += [("seven", "seven"), ("bfi25", "bfi25"), ("mixed", "mixed")]
SCORED = [(name, form) for name, form in FORMS if form not in {"b", "who_decides"}]
WRITERS = {"FHIR": fhir, "XLSForm": xlsform, "REDCap": redcap, "LimeSurvey": limesurvey}
FILES = {"XLSForm": "xlsform.xlsx", "REDCap": "redcap_dictionary.csv", "LimeSurvey": "limesurvey.txt"}

MIXED = {
    "instrument.yaml": 'id: mixed\ntitle: "Two scales"\nlicence: "CC0"\n',
    "key.yaml": """revision: 1
forms:
  mixed:
    subscales:
      both: {items: [m1, -m2, m3, -m4], method: pomp, min_answered: 2}
      turned: {items: [-m1, m2], method: mean, min_answered: 1}
      added: {items: [-m3, m4], method: sum, min_answered: 2}
      all: {of: [both, added], method: sum, min_answered: 2, min_items: 5}
""".replace("all:", "whole:"),
    "forms/mixed.yaml": """form: mixed
published: true
about: "Anybody"
window: "Now"
per_page: 2
scales:
  bipolar: {codes: [3, -3, -1, 1], missing: {left_blank: -88, do_not_know: 9}}
  steps: {codes: [0, 5, 10], missing: {left_blank: -88, does_not_apply: 77, rather_not_say: 88}}
items:
  - {id: m1, scale: bipolar}
  - {id: m2, scale: bipolar}
  - {id: m3, scale: steps, does_not_apply: true}
  - {id: m4, scale: steps}
""",
    "words/mixed.en.yaml": """form: mixed
language: en
direction: ltr
status: draft
title: "Two scales"
before: ["Please read this first."]
after: ["Thank you."]
stem: "How is it?"
items: {m1: "One", m2: "Two", m3: "Three", m4: "Four"}
help: {m4: "The last"}
scales:
  bipolar: {3: "Very", -3: "Not at all", -1: "Rather not", 1: "Rather"}
  steps: {0: "None", 5: "Some", 10: "All"}
missing:
  left_blank: "Left blank"
  do_not_know: "I do not know"
  does_not_apply: "Does not apply"
  rather_not_say: "Rather not say"
facets: {both: "Both", turned: "Turned", added: "Added", whole: "Whole"}
""",
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("instruments") / "mixed"
    for name, text in MIXED.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def loaded(mixed: Path) -> Callable[[str], Instrument]:
    @cache
    def of(name: str) -> Instrument:
        return ppiq() if name == "ppiq" else load(mixed if name == "mixed" else INSTRUMENTS / name)

    return of


def refused(run: Callable[[], object]) -> list[str]:
    with pytest.raises(InstrumentError) as error:
        run()
    return str(error.value).splitlines()


def small(*labels: str, text: str = "One", id_: str = "q1", title: str = "A title") -> Questionnaire:
    """One question with the labels given, to be written for a tool."""
    options = tuple(Option(code=str(code), label=label) for code, label in enumerate(labels or ("No", "Yes")))
    question = Question(id=id_, text=text, scale="scale", options=options)
    return Questionnaire(
        id="small",
        source="words/small.en.yaml",
        title=title,
        language="en",
        pages=(Page(questions=(question,)),),
    )


# Read back by what the tools themselves, or their models, read


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_pyxform_converts_the_xlsform_without_a_warning(loaded, name: str, form: str) -> None:
    said: list[str] = []
    found = convert(QUESTIONNAIRE_FORMATS["xlsform.xlsx"](loaded(name), form, "en"), warnings=said)
    assert said == []
    assert found.xform.count("<select1 ") == len(questionnaire(loaded(name), form, "en").questions)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_the_fhir_questionnaire_is_one_to_the_model_of_r4(loaded, name: str, form: str) -> None:
    written = QUESTIONNAIRE_FORMATS["questionnaire.fhir.json"](loaded(name), form, "en")
    FhirQuestionnaire.model_validate_json(written)
    found = json.loads(written)
    assert found["experimental"] is True
    assert found["copyright"] == loaded(name).licence
    hosts = {part.split("/")[2] for part in written.decode().split('"') if part.startswith("http")}
    assert hosts == {"hl7.org"}


def test_a_reversed_item_has_reversed_weights() -> None:
    found = json.loads(QUESTIONNAIRE_FORMATS["questionnaire.fhir.json"](ppiq(), "a", "en"))
    items = {item["linkId"]: item for page in found["item"] for item in page.get("item", [])}

    def weights(item: str) -> list[tuple[str, list[float]]]:
        return [
            (
                option["valueCoding"]["code"],
                [
                    extension["valueDecimal"]
                    for extension in (
                        *option.get("extension", []),
                        *option["valueCoding"].get("extension", []),
                    )
                ],
            )
            for option in items[item]["answerOption"]
        ]

    assert weights("ec1") == [*((str(code), [code, code]) for code in range(5)), ("-99", [])]
    assert weights("ec4") == [*((str(code), [4 - code, 4 - code]) for code in range(5)), ("-99", [])]


def test_the_redcap_dictionary_has_its_eighteen_columns_and_the_record_id_first() -> None:
    rows = list(
        csv.reader(io.StringIO(QUESTIONNAIRE_FORMATS["redcap_dictionary.csv"](ppiq(), "a", "en").decode()))
    )
    assert {len(row) for row in rows} == {18}
    assert rows[0] == list(redcap.COLUMNS)
    assert rows[1][0] == "record_id"
    item = next(row for row in rows if row[0] == "sd4")
    assert item[5] == (
        "0, Not at all true | 1, Slightly true | 2, Partly true | 3, Mostly true | 4, Completely true | "
        "-77, Does not apply | -99, Rather not say"
    )
    assert item[17] == "no answer: does_not_apply=-77, rather_not_say=-99"


def test_limesurvey_gets_marked_utf8_and_codes_of_letters_and_digits(loaded) -> None:
    written = QUESTIONNAIRE_FORMATS["limesurvey.txt"](loaded("mixed"), "mixed", "en")
    assert written.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig")), delimiter="\t"))
    assert all(row["name"].isalnum() for row in rows if row["class"] in {"Q", "A"})
    assert max(len(row["name"]) for row in rows if row["class"] == "A") <= 5
    assert max(len(row["name"]) for row in rows if row["class"] == "Q") <= 20
    codes = [(row["name"], row["relevance"]) for row in rows if row["class"] == "A"]
    assert codes[:5] == [("A3", "-3"), ("AM3", "3"), ("AM1", "1"), ("A1", "-1"), ("K9", "0")]


@pytest.mark.parametrize("form", ["a", "s"])
@pytest.mark.parametrize("file", QUESTIONNAIRE_FORMATS)
def test_licence_stage_and_status_travel_with_every_file(file: str, form: str) -> None:
    written = QUESTIONNAIRE_FORMATS[file](ppiq(), form, "cy")
    if file.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(written)) as parts:
            written = b"".join(parts.read(name) for name in parts.namelist())
    text = written.decode()
    claims = ppiq().claims_in["cy"]
    for said in ("CC BY 4.0", f"Stage desk_only: {claims.label}", "Words in cy, translated from en: draft"):
        assert said in text
    assert claims.always[2].replace("'", "&#39;") in text or claims.always[2] in text


def test_the_json_holds_every_file_of_the_folder_without_loss(tmp_path: Path) -> None:
    found = json.loads(QUESTIONNAIRE_FORMATS["instrument.json"](ppiq(), "a", "en"))
    for name, text in found["files"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    kept = {file.relative_to(PPIQ): file.read_bytes() for file in PPIQ.rglob("*") if file.is_file()}
    assert {
        file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    } == kept
    assert load(tmp_path).forms == ppiq().forms
    assert len(found["questionnaire"]["pages"]) == 7


def test_the_same_questions_are_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = xlsform.written(small())
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 1, 1, 1, 1, 2, 0, 1, 0))
    assert xlsform.written(small()) == first


# Scores


def people(asked: Questionnaire, seed: int, count: int = 60) -> Iterator[dict[str, Option | None]]:
    """SIMULATED people, some of whom answer little: an option or nothing for each question."""
    chance = random.Random(seed)
    for number in range(count):
        blank = (0.0, 0.1, 0.4, 0.9)[number % 4]
        yield {
            question.id: None if chance.random() < blank else chance.choice(question.options)
            for question in asked.questions
        }


def ours(instrument: Instrument, form: str, person: Mapping[str, Option | None]) -> dict[str, float | None]:
    codes = {
        item: int(person[item].code) if person[item] else LEFT_BLANK for item in instrument.forms[form].by_id
    }
    found = score(instrument, form, codes)
    return {f"{id_}_answered": one.answered for id_, one in found.items()} | {
        id_: one.value for id_, one in found.items()
    }


def of_xlsform(written: bytes) -> Callable[[Mapping[str, Option | None]], dict[str, object]]:
    sheet = load_workbook(io.BytesIO(written))["survey"]
    header, *rows = ([cell.value or "" for cell in row] for row in sheet.iter_rows())
    calculations = [
        (row["name"], row["calculation"])
        for row in (dict(zip(header, cells, strict=True)) for cells in rows)
        if row["type"] == "calculate"
    ]
    return lambda person: computed(calculations, {id_: o.code if o else "" for id_, o in person.items()})


def of_redcap(written: bytes) -> Callable[[Mapping[str, Option | None]], dict[str, object]]:
    rows = csv.DictReader(io.StringIO(written.decode()))
    calculations = [
        (row["Variable / Field Name"], row["Choices, Calculations, OR Slider Labels"])
        for row in rows
        if row["Field Type"] == "calc"
    ]
    return lambda person: computed(calculations, {id_: o.code if o else "" for id_, o in person.items()})


def of_limesurvey(written: bytes) -> Callable[[Mapping[str, Option | None]], dict[str, object]]:
    """Answers are chosen by their labels, as in the tool; a score is called by what its key line says."""
    rows = list(csv.DictReader(io.StringIO(written.decode("utf-8-sig")), delimiter="\t"))
    questions = {row["id"]: row["name"] for row in rows if row["class"] == "Q"}
    offered = {
        (questions[row["id"]], row["text"]): (row["name"], row["relevance"])
        for row in rows
        if row["class"] == "A"
    }
    calculations = [(row["name"], row["text"][1:-1]) for row in rows if row["type/scale"] == "*"]

    def run(person: Mapping[str, Option | None]) -> dict[str, object]:
        values = {}
        for id_, option in person.items():
            name = id_.replace("_", "")
            code, value = offered[name, option.label] if option else ("", "")
            values |= {f"{name}.NAOK": code, f"{name}.valueNAOK": value}
        return computed(calculations, values, ".NAOK")

    return run


def computed(
    calculations: list[tuple[str, str]], values: dict[str, object], suffix: str = ""
) -> dict[str, object]:
    values = dict(values)
    for name, expression in calculations:
        values[f"{name}{suffix}"] = evaluate(expression, values.__getitem__)
    return {name: values[f"{name}{suffix}"] for name, _ in calculations}


def of_fhir(written: bytes) -> Callable[[Mapping[str, Option | None]], dict[str, object]]:
    """A form filler copies the coding with its weight into the response, and computes hidden items."""
    found = json.loads(written)
    groups = [item for item in found["item"] if item["type"] == "group"]
    *asked, scores = groups
    calculated = [
        (
            item["linkId"],
            item["type"],
            compiled(item["extension"][1]["valueExpression"]["expression"]),
        )
        for item in scores["item"]
    ]

    def run(person: Mapping[str, Option | None]) -> dict[str, object]:
        response = {"resourceType": "QuestionnaireResponse", "item": []}
        for group in asked:
            answered = []
            for item in group["item"]:
                option = person[item["linkId"]]
                coding = next(
                    (
                        o["valueCoding"]
                        for o in item["answerOption"]
                        if option and o["valueCoding"]["code"] == option.code
                    ),
                    None,
                )
                answered.append(
                    {"linkId": item["linkId"], **({"answer": [{"valueCoding": coding}]} if coding else {})}
                )
            response["item"].append({"linkId": group["linkId"], "item": answered})
        own = {"linkId": "scores", "item": []}
        response["item"].append(own)
        result: dict[str, object] = {}
        for name, kind, expression in calculated:
            value = expression(response, {"resource": response})
            result[name] = float(value[0]) if value else ""
            answer = {"integer": "valueInteger", "decimal": "valueDecimal"}[kind]
            own["item"].append({"linkId": name, **({"answer": [{answer: value[0]}]} if value else {})})
        return result

    return run


def compiled(expression: str) -> Callable[..., list[object]]:
    def weight(codings: list[object]) -> list[float]:
        extensions = (extension for coding in codings for extension in coding.get("extension", []))
        return [extension["valueDecimal"] for extension in extensions]

    def total(values: list[object]) -> list[object]:
        return [sum(values)]

    def mean(values: list[object]) -> list[object]:
        return [total(values)[0] / len(values)] if values else []

    # The library's own sum and mean take values that were computed, and fail on those of the response.
    functions = {"weight": weight, "sum": total, "avg": mean}
    table = {name: {"fn": function, "arity": {0: []}} for name, function in functions.items()}
    return fhirpathpy.compile(expression, model=models["r4"], options={"userInvocationTable": table})


TOOLS = {
    "xlsform.xlsx": of_xlsform,
    "redcap_dictionary.csv": of_redcap,
    "limesurvey.txt": of_limesurvey,
    "questionnaire.fhir.json": of_fhir,
}


@pytest.mark.parametrize(("name", "form"), SCORED)
@pytest.mark.parametrize("file", TOOLS)
def test_every_tool_scores_as_we_do(loaded, file: str, name: str, form: str) -> None:
    instrument = loaded(name)
    asked = questionnaire(instrument, form, "en")
    run = TOOLS[file](QUESTIONNAIRE_FORMATS[file](instrument, form, "en"))
    seen = set()
    for person in people(asked, seed=12, count=8 if file.endswith("fhir.json") else 60):
        wanted, found = ours(instrument, form, person), run(person)
        if file == "limesurvey.txt":
            found = {told(id_): found[told(id_)] for id_ in wanted}
            wanted = {told(id_): value for id_, value in wanted.items()}
        assert found.keys() == wanted.keys()
        for id_, value in wanted.items():
            seen.add((id_, value is None))
            assert found[id_] == ("" if value is None else pytest.approx(value, abs=1e-9)), (id_, person)
    assert {is_none for _, is_none in seen} == {True, False}


def told(id_: str) -> str:
    plain = id_.removesuffix("_answered").replace("_", "")
    return f"n{plain}" if id_.endswith("_answered") else f"score{plain}"


# Out and in


def bare(asked: Questionnaire, tool: str) -> list[tuple[object, ...]]:
    """What must come back: names, texts, help and options, page by page; LimeSurvey's names have no `_`."""
    return [
        (
            page.heading,
            *(
                (
                    question.id.replace("_", "") if tool == "LimeSurvey" else question.id,
                    question.text,
                    question.help,
                    question.options
                    if question.is_item or tool != "LimeSurvey"
                    else tuple(option.label for option in question.options),
                )
                for question in page.questions
            ),
        )
        for page in asked.pages
    ]


@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize("tool", FILES)
def test_a_questionnaire_comes_back_the_same(loaded, tool: str, name: str, form: str, tmp_path: Path) -> None:
    asked = questionnaire(loaded(name), form, "en")
    file = tmp_path / FILES[tool]
    file.write_bytes(WRITERS[tool].written(asked))
    read, remarks = read_questionnaire(file, None)
    assert bare(read, tool) == bare(asked, tool)
    assert [remark for remark in remarks if "left aside" in remark] == []
    assert (read.before, read.after, read.about) == (asked.before, asked.after, asked.about)
    assert (read.language, read.licence) == ("en", loaded(name).licence)
    if tool != "LimeSurvey":
        assert read.scores == asked.scores

    said = write_folder(read, tmp_path / "mine")
    back = load(tmp_path / "mine")
    assert any("the key" in remark for remark in said) is not bool(asked.scores)
    again = questionnaire(back, "mine", "en")
    assert bare(again, tool) == bare(asked, tool) or tool == "LimeSurvey"
    assert [question.options for question in again.questions if question.is_item] == [
        question.options for question in asked.questions if question.is_item
    ]
    if asked.scores:
        for person in people(asked, seed=3, count=20):
            own = {id_.replace("_", "") if tool == "LimeSurvey" else id_: one for id_, one in person.items()}
            wanted = list(ours(loaded(name), form, person).values())
            assert list(ours(back, "mine", own).values()) == wanted


@pytest.mark.parametrize("language", ["cy", "es", "ar"])
@pytest.mark.parametrize("tool", FILES)
def test_every_language_comes_back_with_its_direction(tool: str, language: str, tmp_path: Path) -> None:
    asked = questionnaire(ppiq(), "a", language)
    file = tmp_path / FILES[tool]
    file.write_bytes(WRITERS[tool].written(asked))
    read, _ = read_questionnaire(file, None)
    assert bare(read, tool) == bare(asked, tool)
    assert (read.language, read.direction) == (language, asked.direction)


def test_a_line_of_the_key_is_read_as_it_was_written() -> None:
    for form in ppiq().key.forms:
        for subscale in ppiq().key.subscales(form).values():
            assert subscale_of(key_line(subscale)) == subscale
    assert subscale_of("round(sum([a],[b]),1)") is None


# What comes in from elsewhere


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


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
        "other languages: label::French (fr)",
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


def redcap_file(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, redcap.COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def field(name: str, kind: str, label: str, choices: str = "", **others: str) -> dict[str, str]:
    return {
        "Variable / Field Name": name,
        "Form Name": "well_being",
        "Field Type": kind,
        "Field Label": label,
        "Choices, Calculations, OR Slider Labels": choices,
        **others,
    }


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
    assert "left aside, other languages: en" in remarks


# Hostile files and labels

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


# The commands


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "instrument", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_commands_write_every_file_and_take_one_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = command("export", "--form", "a", "--language", "en", "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert {file.name for file in out.iterdir()} == set(QUESTIONNAIRE_FORMATS)
    back = command("import", out / "xlsform.xlsx", "--out", tmp_path / "mine")
    assert back.stdout.startswith(f"{tmp_path / 'mine'}: 30 items of 41 questions; it loads\n")
    assert load(tmp_path / "mine").licence == "CC BY 4.0"

    (out / "limesurvey.txt").write_text("mine")
    again = command("export", "--form", "a", "--language", "en", "--out", out)
    assert again.returncode == 1
    assert (
        again.stderr == f"{out / 'limesurvey.txt'}: this is there with another content: name a new folder\n"
    )
    assert (out / "limesurvey.txt").read_text() == "mine"
    twice = command("import", out / "xlsform.xlsx", "--out", tmp_path / "mine")
    assert "this is there already" in twice.stderr


def test_one_file_alone_and_a_form_or_language_that_is_not_there(tmp_path: Path) -> None:
    assert (
        command(
            "export", "--form", "s", "--language", "es", "--out", tmp_path, "--only", "limesurvey.txt"
        ).stderr
        == ""
    )
    assert [file.name for file in tmp_path.iterdir()] == ["limesurvey.txt"]
    for form, language, said in (
        ("z", "en", "forms: there is no form `z`; there are: a, b, c, s, who_decides\n"),
        ("c", "cy", "words: form `c` has no words in `cy`; it has them in: en\n"),
    ):
        done = command("export", "--form", form, "--language", language, "--out", tmp_path / "x")
        assert done.stderr == said
    assert not (tmp_path / "x").exists()
