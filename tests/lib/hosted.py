"""A questionnaire that a host brings: of another subject, direction and method than the PPIQ."""

import io
import zipfile
from collections.abc import Mapping

from openpyxl import Workbook

Rows = list[list[object]]

GARDEN: Mapping[str, Rows] = {
    "questionnaire": [
        ["id", "title", "licence", "about", "window", "private", "audience"],
        [
            *("garden", "Our shared garden", "CC BY 4.0", "People who share a garden", "This season", "yes"),
            "staff",
        ],
    ],
    "words": [
        ["language", "title", "stem", "before", "after", "reading", "least", "most"],
        [
            "en",
            "Our shared garden",
            "Think of this season. How often is it so?",
            "This is about the garden that you share.",
            "Thank you for thinking about the garden.",
            "Further to the right, the garden is more of a pleasure.",
            "no pleasure",
            "all pleasure",
        ],
    ],
    "items": [
        ["item", "text"],
        ["joy_1", "I look forward to the garden."],
        ["joy_2", "The garden is a burden."],
        ["yield_1", "We harvest what we have sown."],
        ["yield_2", "Plants die for want of water."],
    ],
    "answers": [
        ["code", "text"],
        [1, "Never"],
        [2, "Seldom"],
        [3, "Often"],
        [4, "Always"],
    ],
    "subscales": [
        ["subscale", "items", "of", "method", "min_answered", "name"],
        ["joy", "joy_1, -joy_2", "", "mean", "1", "Joy"],
        ["harvest", "yield_1, -yield_2", "", "sum", "2", "Harvest"],
        ["whole", "", "joy, harvest", "sum", "2", "Both together"],
    ],
}


def as_text(sheets: Mapping[str, Rows]) -> dict[str, list[list[str]]]:
    return {name: [[str(cell) for cell in row] for row in rows] for name, rows in sheets.items()}


def changed(sheet: str, row: int, column: str, value: object) -> dict[str, Rows]:
    """The garden's sheets with one cell changed; rows are counted as a spreadsheet does."""
    rows = [list(each) for each in GARDEN[sheet]]
    if column not in rows[0]:
        rows = [[*rows[0], column], *([*each, ""] for each in rows[1:])]
    rows[row - 1][rows[0].index(column)] = value
    return {**GARDEN, sheet: rows}


def with_no_answer(kind: str, text: str) -> dict[str, Rows]:
    """The garden's sheets with a row, the sixth, for having given no answer."""
    (code, said), *rows = GARDEN["answers"]
    answers = [[code, "kind", said], *([code, "", said] for code, said in rows), [9, kind, text]]
    return {**GARDEN, "answers": answers}


def xlsx(sheets: Mapping[str, Rows] = GARDEN) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """A spreadsheet with some of its parts put in place of others, or added."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as there,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as here,
    ):
        for name in there.namelist():
            if name not in parts:
                here.writestr(name, there.read(name))
        for name, part in parts.items():
            here.writestr(name, part)
    return made.getvalue()
