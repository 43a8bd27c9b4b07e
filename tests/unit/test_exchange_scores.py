"""The calculations in every tool's file give the scores that we compute."""

import csv
import io
import json
from collections.abc import Callable, Mapping

import fhirpathpy
import pytest
from fhirpathpy.models import models
from openpyxl import load_workbook

from instrument.exchange.formats import QUESTIONNAIRE_FORMATS
from instrument.exchange.questionnaire import Option, questionnaire
from tests.lib.expressions import evaluate
from tests.lib.questionnaires import (
    FORMS,
    loaded,
    ours,
    people,
)

SCORED = [(name, form) for name, form in FORMS if form not in {"b", "who_decides"}]


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
def test_every_tool_scores_as_we_do(file: str, name: str, form: str) -> None:
    instrument = loaded(name)
    asked = questionnaire(instrument, form, "en")
    run = TOOLS[file](QUESTIONNAIRE_FORMATS[file](instrument, form, "en"))
    seen = set()
    for person in people(asked, seed=12, count=4 if file.endswith("fhir.json") else 60):
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
