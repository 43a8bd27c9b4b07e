"""Questionnaires in other tools: their files are read back, and give the same questionnaire."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire as FhirQuestionnaire
from pyxform.xls2xform import convert

from instrument import PPIQ, load, ppiq
from instrument.exchange import redcap, xlsform
from instrument.exchange.folder import write_folder
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS, read_questionnaire
from instrument.exchange.key_lines import key_line, subscale_of
from instrument.exchange.questionnaire import Questionnaire, questionnaire
from tests.lib.questionnaires import (
    FILES,
    FORMS,
    WRITERS,
    loaded,
    ours,
    people,
    small,
)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_pyxform_converts_the_xlsform_without_a_warning(name: str, form: str) -> None:
    said: list[str] = []
    found = convert(QUESTIONNAIRE_FORMATS["xlsform.xlsx"](loaded(name), form, "en"), warnings=said)
    assert said == []
    assert found.xform.count("<select1 ") == len(questionnaire(loaded(name), form, "en").questions)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_the_fhir_questionnaire_is_one_to_the_model_of_r4(name: str, form: str) -> None:
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


def test_limesurvey_gets_marked_utf8_and_codes_of_letters_and_digits() -> None:
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
def test_a_questionnaire_comes_back_the_same(tool: str, name: str, form: str, tmp_path: Path) -> None:
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
