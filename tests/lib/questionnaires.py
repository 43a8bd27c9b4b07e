"""Questionnaires to be written for other tools and read from them."""

import csv
import random
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from openpyxl import Workbook

from instrument import LEFT_BLANK, Instrument, InstrumentError, load, ppiq, score
from instrument.exchange import fhir, limesurvey, redcap, xlsform
from instrument.exchange.questionnaire import Option, Page, Question, Questionnaire

INSTRUMENTS = Path(__file__).parents[1] / "instruments"
FORMS = [("ppiq", "a"), ("ppiq", "b"), ("ppiq", "c"), ("ppiq", "s"), ("ppiq", "who_decides")]
FORMS += [("seven", "seven"), ("bfi25", "bfi25"), ("mixed", "mixed")]
WRITERS = {"FHIR": fhir, "XLSForm": xlsform, "REDCap": redcap, "LimeSurvey": limesurvey}
FILES = {"XLSForm": "xlsform.xlsx", "REDCap": "redcap_dictionary.csv", "LimeSurvey": "limesurvey.txt"}


@cache
def loaded(name: str) -> Instrument:
    return ppiq() if name == "ppiq" else load(INSTRUMENTS / name)


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


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
