"""REDCap data dictionary: a CSV table of eighteen columns, out and in."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from instrument.codes import Kind
from instrument.exchange import preflight
from instrument.exchange.arithmetic import Dialect, answered, figure
from instrument.exchange.incoming import LINE, Incoming, Read, kind_of
from instrument.exchange.key_lines import key_line
from instrument.exchange.questionnaire import ANSWERED, Option, Questionnaire
from instrument.nodes import Problem

COLUMNS: Final = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
_NAME, _FORM, _SECTION, _TYPE, _LABEL, _CHOICES, _NOTE = COLUMNS[:7]
_BRANCHING, _REQUIRED, _ALIGNMENT, _ANNOTATION = COLUMNS[11], COLUMNS[12], COLUMNS[13], COLUMNS[17]
_MAX_ROWS: Final = 5_000
_RULES: Final = (
    preflight.MARKUP,
    (re.compile(r"\[").search, "what is in brackets would be replaced by an answer: write it without ["),
)
_PARTED: Final[preflight.Rule] = (re.compile(r"\|").search, "it would be two answers: write it without |")
_CALCULATION: Final = Dialect(
    is_empty=lambda number: f"{number} = ''",
    is_code=lambda name, code: f"[{name}] = '{code}'",
    number=lambda name: f"[{name}]",
    score=lambda name: f"[{name}]",
    divided_by="/",
)
_NO_ANSWER: Final = re.compile(r"(?P<kind>[a-z_]+)=(?P<code>-?[0-9]+)")
_YES_NO: Final = {"yesno": ("Yes", "No"), "truefalse": ("True", "False")}


def written(asked: Questionnaire) -> bytes:
    """Write a form as a REDCap data dictionary; InstrumentError where it cannot hold it."""
    rows = list(_rows(asked))
    preflight.refuse(_refusals(asked, rows))
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode()


def _refusals(asked: Questionnaire, rows: list[dict[str, str]]) -> Iterator[Problem]:
    yield from preflight.texts(asked, "REDCap", (preflight.FORMULA, *_RULES), (_PARTED, *_RULES))
    taken = [(f"field `{row[_NAME]}`", row[_NAME]) for row in rows]
    yield from preflight.names(asked, "REDCap", taken, longest=100, reserved={f"{asked.id}_complete"})
    for question in asked.questions:
        if question.options[0].code.startswith("-"):
            message = (
                f"the answers to `{question.id}` begin with a negative code, which a spreadsheet would take "
                "for a formula in REDCap's table: list another code first"
            )
            yield Problem(asked.source, None, message)


def _rows(asked: Questionnaire) -> Iterator[dict[str, str]]:
    def row(name: str, kind: str, label: str, **others: str) -> dict[str, str]:
        return {_NAME: name, _FORM: asked.id, _TYPE: kind, _LABEL: label, **others}

    def lines(name: str, several: tuple[str, ...]) -> Iterator[dict[str, str]]:
        yield from (row(f"{name}_{at}", "descriptive", line) for at, line in enumerate(several, 1))

    yield row("record_id", "text", "Record ID")
    yield from lines("before", asked.before)
    for page in asked.pages:
        for at, question in enumerate(page.questions):
            yield row(
                question.id,
                "radio",
                question.text,
                **{
                    _SECTION: page.heading if at == 0 else "",
                    _CHOICES: " | ".join(f"{option.code}, {option.label}" for option in question.options),
                    _NOTE: question.help,
                    _ALIGNMENT: "LV",
                    _ANNOTATION: _no_answers(question.no_answers),
                },
            )
    for score in asked.scores:
        count, value = answered(asked, score, _CALCULATION), figure(asked, score, _CALCULATION)
        label = f"{asked.facet(score)}: number of answers"
        yield row(
            f"{score.id}{ANSWERED}",
            "calc",
            label,
            **{_CHOICES: count, _ANNOTATION: "@HIDDEN-SURVEY"},
        )
        yield row(
            score.id,
            "calc",
            asked.facet(score),
            **{_CHOICES: value, _ANNOTATION: f"{key_line(score)} @HIDDEN-SURVEY"},
        )
    yield from lines("after", asked.after)
    yield from lines("about", asked.about)


def _no_answers(options: tuple[Option, ...]) -> str:
    said = ", ".join(f"{option.no_answer}={option.code}" for option in options)
    return f"no answer: {said}" if said else ""


def read(data: bytes, file: str, language: str | None) -> Read:
    """Read the single-choice fields; other fields are left aside and named."""
    incoming = Incoming(file)
    reader = csv.reader(io.StringIO(incoming.decoded(data), newline=""), strict=True)
    header: list[str] = []
    form = ""
    try:
        for cells in reader:
            if not header:
                header = [cell.strip() for cell in cells]
                if lacking := [c for c in (_NAME, _TYPE, _LABEL, _CHOICES) if c not in header]:
                    raise incoming.stop(f"the first line has no column `{lacking[0]}`", 1)
            elif reader.line_num > _MAX_ROWS:
                raise incoming.stop(f"there are more than {_MAX_ROWS} lines")
            elif any(cells):
                row = dict(zip(header, cells, strict=False))
                form = form or row.get(_FORM, "")
                _take(row, reader.line_num, incoming)
    except csv.Error as error:
        raise incoming.stop(f"this is not a table: {error}", reader.line_num) from None
    spoken = incoming.language(None, language)
    return incoming.finished(title=form.replace("_", " ").strip() or file, language=spoken)


def _take(row: dict[str, str], line: int, incoming: Incoming) -> None:
    name, kind, annotation = row.get(_NAME, ""), row.get(_TYPE, ""), row.get(_ANNOTATION, "")
    if row.get(_SECTION):
        incoming.page(incoming.text(row[_SECTION], line, f"section header at `{name}`"))
    if row.get(_BRANCHING):
        incoming.aside("branching logic", name)
    if row.get(_REQUIRED):
        incoming.aside("`required`", name)
    if kind in {"radio", "dropdown", *_YES_NO}:
        note = row.get(_NOTE, "")
        incoming.question(
            name,
            line,
            incoming.text(row.get(_LABEL, ""), line, f"label of `{name}`"),
            _options(row, line, incoming),
            help_=incoming.text(note, line, f"note of `{name}`") if note else "",
        )
    elif kind == "descriptive" and (found := LINE.fullmatch(name)):
        text = incoming.text(row.get(_LABEL, ""), line, f"label of `{name}`")
        incoming.lines[found[1]].append(text)
    elif kind == "calc":
        label = incoming.text(row.get(_LABEL, ""), line, f"label of `{name}`")
        incoming.score(annotation.partition("@")[0], label, name)
    elif name != "record_id":
        incoming.aside(f"fields of type {kind}", name)


def _options(row: dict[str, str], line: int, incoming: Incoming) -> list[Option]:
    name = row.get(_NAME, "")
    if row[_TYPE] in _YES_NO:
        yes, no = _YES_NO[row[_TYPE]]
        return [Option(code="1", label=yes), Option(code="0", label=no)]
    stated = {found["code"]: found["kind"] for found in _NO_ANSWER.finditer(row.get(_ANNOTATION, ""))}
    options = []
    for choice in row.get(_CHOICES, "").split("|"):
        code, comma, label = choice.partition(",")
        if not comma:
            incoming.refuse(line, f"choices of `{name}` are written `code, label | code, label`: {choice!r}")
            continue
        text = incoming.text(label, line, f"answer `{code.strip()}` to `{name}`")
        no_answer: Kind | None = kind_of(code.strip(), stated.get(code.strip(), ""))
        options.append(Option(code=code.strip(), label=text, no_answer=no_answer))
    return options
