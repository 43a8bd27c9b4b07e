"""What a host may bring: items on ordered scales, none of which asks who or where somebody is."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from instrument.exchange.folder_files import as_written
from instrument.exchange.identifying import asks_for, names_a_year
from instrument.exchange.spreadsheet_form import (
    NOT_SAID_YET,
    SHEETS,
    CellDocument,
    Sheets,
    read_form,
)
from instrument.nodes import Problem
from instrument.values import MAX_ITEMS

WHY: Final = "which tells who or where somebody is"
_CURES: Final = (
    (WHY, "take it out, or ask how things are for the person"),
    ("is no identifier", "write small letters, digits and single _, such as joy_1"),
    ("without an order", "leave `measure` empty, and list the answers from the least to the most"),
    ("is empty", "type the text into this cell"),
    ("not said yet", "type the text into this cell"),
    ("has no words", "type the text into this cell"),
    ("whole number", "type a whole number, such as 3"),
    ("above already", "give each answer a code of its own"),
    ("twice", "give it another name, or delete one of the two"),
    ("is no column here", "delete the column, or name it as one of these"),
    ("there is no", "write it as it stands in the sheet that declares it, or declare it there"),
    ("has no item", "write the item as it stands in the sheet items, or add it there"),
    ("at least", "fill in this sheet; the example shows how"),
    ("is longer", "shorten it"),
    ("is larger than", "it has more words than a questionnaire can: shorten them, or leave languages out"),
    ("has more than", "it has more rows than a questionnaire can: leave some out"),
    ("can be read", "save it as .xlsx in a spreadsheet program, without a password"),
    ("sheet is missing", "add a sheet of this name; the example has them all"),
    ("cannot be reversed", "use codes at equal steps, or take the - before the item away"),
    ("yes or no", "type yes or no"),
    ("already", "choose another id"),
    (
        "service_users",
        "type one of them into the column `audience`: people who use a service are told more",
    ),
)
"""What stands in a complaint -> what to do about it."""


def cure_of(problem: Problem) -> str:
    """Return what to do about a complaint; nothing where it says so itself."""
    return next((cure for said, cure in _CURES if said in problem.message), "")


def hosted_files(sheets: Sheets) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return the text of each file of the questionnaire, and every complaint, each at its cell.

    Its form is marked as published, which it is once an operator has put the files among the others.
    InstrumentError where a sheet is missing.
    """
    _, documents, problems = read_form(sheets)
    told = [*_once(problems), *(each for document in documents.values() for each in _refused(document))]
    files = {name: document.data for name, document in documents.items()}
    for name, said in files.items():
        if name.startswith("forms/"):
            said["published"] = True
    return ({} if told else as_written(files)), tuple(sorted(dict.fromkeys(told), key=_place))


def _place(problem: Problem) -> tuple[int, int, str]:
    """Return where a complaint stands in the order of sheets, rows and columns."""
    sheet, _, cell = problem.file.partition("!")
    row = "".join(each for each in cell if each.isdigit())
    return [*SHEETS, sheet].index(sheet), int(row or 0), cell


def _refused(document: CellDocument) -> Iterator[Problem]:
    for name in ("licence", "about", "window", "stem"):
        if document.data.get(name) == NOT_SAID_YET:
            yield document.problem(f"`{name}` is not said yet", name)
    if document.file.startswith("forms/"):
        yield from _lacking(document, "window", "the time that the questions ask about is empty")
        yield from _unordered(document)
        if "audience" not in document.data:
            message = "it is not said whether `staff`, `service_users` or `both` answer"
            yield document.problem(message, "audience")
    if document.file.startswith("words/"):
        yield from _lacking(document, "stem", "what stands before the questions is empty")
        yield from _identifying(document)


def _once(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Leave out what follows from another complaint: a wrong identifier, or code, is written in one place."""
    told = set()
    codes = any(problem.file.startswith("answers!") for problem in problems)
    for problem in problems:
        again = "is no identifier" in problem.message and problem.message in told
        if not again and not (codes and "are uneven" in problem.message):
            yield problem
        told.add(problem.message)


def _lacking(document: CellDocument, name: str, message: str) -> Iterator[Problem]:
    if name in document.empty:
        yield document.problem(message, name)


def _unordered(form: CellDocument) -> Iterator[Problem]:
    for scale, said in form.data.get("scales", {}).items():
        if said.get("measure", "ordinal") != "ordinal":
            message = f"the answers of scale `{scale}` are names without an order, which are not taken here"
            yield form.problem(message, "scales", scale, "measure")


def _identifying(words: CellDocument) -> Iterator[Problem]:
    said = words.data
    for item, sentence in islice(said.get("items", {}).items(), MAX_ITEMS):
        if what := asks_for(sentence):
            yield words.problem(f"item `{item}` asks for {what}, {WHY}", "items", item)
    for item, sentence in islice(said.get("help", {}).items(), MAX_ITEMS):
        if what := asks_for(sentence):
            yield words.problem(f"the help of item `{item}` asks for {what}, {WHY}", "help", item)
    if what := asks_for(said.get("stem", "")):
        yield words.problem(f"the stem asks for {what}, {WHY}", "stem")
    yield from _answers(words, said.get("scales", {}))


def _answers(words: CellDocument, scales: Mapping[str, Mapping[int, str]]) -> Iterator[Problem]:
    for scale, labels in scales.items():
        for code, label in labels.items():
            if what := _tells(label):
                yield words.problem(
                    f"answer {code} of scale `{scale}` tells {what}, {WHY}", "scales", scale, code
                )
    for kind, label in words.data.get("missing", {}).items():
        if what := _tells(label):
            yield words.problem(f"the answer `{kind}` tells {what}, {WHY}", "missing", kind)


def _tells(label: str) -> str | None:
    return "an exact year or date" if names_a_year(label) else asks_for(label)
