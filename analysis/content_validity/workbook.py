"""The sheet of a panel as a spreadsheet: instructions, background, sorting, judging, what is missing."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from analysis.content_validity.sheet import (
    BACKGROUND,
    CLARITY,
    DEGREES,
    MADE_UP,
    NEED,
    NONE_OF_THESE,
    RELEVANCE,
    STEPS,
    Sheet,
)

BEGIN, ABOUT, SORT, RATE, MISSING = "Begin here", "About you", "1 Sort", "2 Judge", "3 What is missing"
CODE: Final = "sheet"
SORT_COLUMNS: Final = ("number", "sentence", "belongs to")
RATE_COLUMNS: Final = (
    "number",
    "part",
    "sentence",
    "meant to ask",
    "relevance",
    "clarity",
    "need",
    "comment",
)
_WIDTHS: Final = {
    "number": 9,
    "sentence": 62,
    "belongs to": 38,
    "part": 24,
    "meant to ask": 44,
    "comment": 50,
}
_HEAD: Final = PatternFill("solid", fgColor="E8EDED")


def workbook(sheet: Sheet) -> bytes:
    """Return the sheet as a spreadsheet (.xlsx) whose cells offer the answers there can be."""
    book = Workbook()
    begin = book.active
    assert begin is not None
    begin.title = BEGIN
    _begin(begin, sheet)
    _about(book.create_sheet(ABOUT))
    if sheet.facets:
        _sort(book.create_sheet(SORT), sheet)
    _rate(book.create_sheet(RATE), sheet)
    missing = book.create_sheet(MISSING)
    _rows(missing, [("What do these sentences leave out of the subject? One thought a row.",)], (90,))
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def _begin(page: Worksheet, sheet: Sheet) -> None:
    steps = [("", f"{place}. {step}") for place, step in enumerate(STEPS, 1)]
    meanings = [(each.title, f"{each.means} {each.border}".strip()) for each in sheet.facets.values()]
    about = [("The subject", sheet.construct), ("It is not", sheet.it_is_not)] if sheet.construct else []
    _rows(
        page,
        [
            ("What this is", f"Judging the sentences of “{sheet.title}”, form {sheet.form}"),
            (CODE, sheet.code),
            *steps,
            *about,
            *meanings,
        ],
        (26, 100),
        heading=False,
    )


def _about(page: Worksheet) -> None:
    rows = [
        ("question", "in words", "your answer"),
        ("rater", "Your letter or number, if you were given one", ""),
    ]
    rows += [(key, question, "") for key, (question, _) in BACKGROUND.items()]
    rows += [("made_up", MADE_UP[0], MADE_UP[1][0])]
    _rows(page, rows, (16, 62, 44))
    for place, (_, answers) in enumerate(BACKGROUND.values(), 3):
        _offer(page, answers, 3, (place, place))
    _offer(page, MADE_UP[1], 3, (len(rows), len(rows)))


def _sort(page: Worksheet, sheet: Sheet) -> None:
    rows = [SORT_COLUMNS, *((each.number, each.sentence, "") for each in sheet.statements)]
    _rows(page, rows, tuple(_WIDTHS[name] for name in SORT_COLUMNS))
    titles = [each.title for each in sheet.facets.values()]
    _listed(page, [*titles, NONE_OF_THESE], 3, (2, len(rows)))


def _rate(page: Worksheet, sheet: Sheet) -> None:
    titles = {each.id: each.title for each in sheet.facets.values()}
    said = [
        (each.number, titles.get(each.facet or "", ""), each.sentence, each.asks, "", "", "", "")
        for each in sheet.by_facet
    ]
    rows = [RATE_COLUMNS, *said]
    _rows(page, rows, tuple(_WIDTHS.get(name, 12) for name in RATE_COLUMNS))
    for name, scale in (("relevance", RELEVANCE), ("clarity", CLARITY)):
        at = RATE_COLUMNS.index(name) + 1
        _offer(page, [str(degree) for degree in DEGREES], at, (2, len(rows)), prompt="\n".join(scale))
    _offer(page, NEED, RATE_COLUMNS.index("need") + 1, (2, len(rows)))


def _rows(
    page: Worksheet, rows: Iterable[Sequence[object]], widths: tuple[int, ...], *, heading: bool = True
) -> None:
    for row in rows:
        page.append(row)
    for place, width in enumerate(widths, 1):
        page.column_dimensions[get_column_letter(place)].width = width
    for place, cells in enumerate(page.iter_rows(), 1):
        for each in cells:
            if isinstance(each.value, str):
                each.data_type = "s"  # a text that begins like a formula is none
            each.alignment = Alignment(wrap_text=True, vertical="top")
            if (heading and place == 1) or (not heading and each.column == 1):
                each.font = Font(bold=True)
                each.fill = _HEAD
    if heading:
        page.freeze_panes = "A2"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _offer(
    page: Worksheet, answers: Sequence[str], column: int, rows: tuple[int, int], *, prompt: str = ""
) -> None:
    """Offer answers in cells; a list in quotes may hold 255 characters and no comma in an answer."""
    _validated(page, '"' + ",".join(each.replace(",", "") for each in answers) + '"', column, rows, prompt)


def _listed(page: Worksheet, answers: Sequence[str], column: int, rows: tuple[int, int]) -> None:
    """Offer answers that may be long or hold commas: they stand in a column to the right, out of sight."""
    beside = get_column_letter(column + 2)
    for place, answer in enumerate(answers, 1):
        page[f"{beside}{place}"] = answer
    page.column_dimensions[beside].hidden = True
    _validated(page, f"${beside}$1:${beside}${len(answers)}", column, rows)


def _validated(page: Worksheet, source: str, column: int, rows: tuple[int, int], prompt: str = "") -> None:
    rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
    rule.error = "Choose one of the answers that the list offers, or leave the cell empty."
    if prompt:
        rule.showInputMessage, rule.prompt = True, prompt
    page.add_data_validation(rule)
    at = get_column_letter(column)
    rule.add(f"{at}{rows[0]}:{at}{rows[1]}")
