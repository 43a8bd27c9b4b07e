"""XLSForm (ODK, KoboToolbox): a workbook with the sheets survey, choices and settings, out and in."""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from babel import Locale
from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from instrument.catalog import InstrumentError
from instrument.exchange import preflight
from instrument.exchange.arithmetic import Dialect, answered, figure
from instrument.exchange.incoming import LINE, Incoming, Read, kind_of, with_translations
from instrument.exchange.key_lines import key_line
from instrument.exchange.questionnaire import ANSWERED, Option, Question, Questionnaire
from instrument.nodes import Problem, shown

MAX_UNPACKED: Final = 10 * 1024 * 1024
MAX_ROWS: Final = 5_000
MAX_COLUMNS: Final = 200
# What the readers of archives, of XML and of workbooks raise for a file that is broken.
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    SyntaxError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_SHEETS: Final = ("survey", "choices", "settings")
_CELL: Final = 32_767  # characters; writers of workbooks cut longer texts silently
_PIPED: Final[preflight.Rule] = (
    re.compile(r"\$\{").search,
    "it would be replaced by an answer: take out ${",
)
_ODK: Final = Dialect(
    is_empty=lambda number: f"{number} = ''",
    is_code=lambda name, code: f"${{{name}}} = '{code}'",
    number=lambda name: f"${{{name}}}",
    score=lambda name: f"${{{name}}}",
    divided_by="div",
)
_Row = dict[str, str]
_Rows = list[tuple[int, _Row]]


def written(asked: Questionnaire) -> bytes:
    """Write every cell as text, so that no spreadsheet computes one."""
    sheets = _sheets(asked)
    preflight.refuse(_refusals(asked, sheets["survey"]))
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        for at, cells in enumerate([columns, *([row.get(c, "") for c in columns] for row in rows)], 1):
            _put(sheet, at, cells)
    stream = io.BytesIO()
    book.save(stream)
    return _dateless(stream.getvalue())


def _dateless(workbook: bytes) -> bytes:
    """Remove the time of writing, so that the same questions give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as dated, zipfile.ZipFile(stream, "w") as parts:
        for name in dated.namelist():
            content = re.sub(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", b"", dated.read(name))
            parts.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _put(sheet: Worksheet, row: int, cells: list[str]) -> None:
    for column, text in enumerate(cells, 1):
        if text:
            cell = sheet.cell(row, column, text)
            cell.data_type = "s"  # also where it begins with `=`
            cell.quotePrefix = True


def _refusals(asked: Questionnaire, survey: list[_Row]) -> Iterator[Problem]:
    yield from preflight.texts(asked, "XLSForm", (preflight.MARKUP, _PIPED))
    taken = [(f"row `{row['name']}`", row["name"]) for row in survey if row.get("name")]
    yield from preflight.names(asked, "XLSForm", taken, longest=64)
    for row in survey:
        if len(row.get("calculation", "")) > _CELL:
            message = f"`{row['name']}` takes a longer calculation than a cell holds: score it from subscales"
            yield Problem("key.yaml", None, message)


def _sheets(asked: Questionnaire) -> dict[str, list[_Row]]:
    language = f"{Locale.parse(asked.language, sep='-').english_name} ({asked.language})"
    label, hint = f"label::{language}", f"hint::{language}"
    lists: dict[str, tuple[Option, ...]] = {}
    names = {question.id: _list_name(question, lists) for question in asked.questions}
    return {
        "survey": list(_survey(asked, names, label, hint)),
        "choices": [
            {
                "list_name": name,
                "name": option.code,
                label: option.label,
                "no_answer": option.no_answer or "",
            }
            for name, options in lists.items()
            for option in options
        ],
        "settings": [
            {
                "form_title": asked.title,
                "form_id": asked.id,
                "version": asked.version,
                "default_language": language,
                "style": "pages",
            }
        ],
        "about": [{"about": line} for line in asked.about],
    }


def _list_name(question: Question, lists: dict[str, tuple[Option, ...]]) -> str:
    """Name the list of a question's options after its scale, or otherwise where that name is taken."""
    name = question.scale
    while lists.setdefault(name, question.options) != question.options:
        name += "_too"
    return name


def _survey(asked: Questionnaire, lists: Mapping[str, str], label: str, hint: str) -> Iterator[_Row]:
    def notes(name: str, lines: tuple[str, ...]) -> Iterator[_Row]:
        yield from ({"type": "note", "name": f"{name}_{at}", label: line} for at, line in enumerate(lines, 1))

    yield from notes("before", asked.before)
    for number, page in enumerate(asked.pages, 1):
        yield {
            "type": "begin_group",
            "name": f"page_{number}",
            label: page.heading,
            "appearance": "field-list",
        }
        for question in page.questions:
            yield {
                "type": f"select_one {lists[question.id]}",
                "name": question.id,
                label: question.text,
                hint: question.help,
            }
        yield {"type": "end_group"}
    for score in asked.scores:
        count, value = answered(asked, score, _ODK), figure(asked, score, _ODK)
        yield {"type": "calculate", "name": f"{score.id}{ANSWERED}", "calculation": count}
        yield {
            "type": "calculate",
            "name": score.id,
            "calculation": value,
            "key": key_line(score),
            "facet": asked.facet(score),
        }
    yield from notes("after", asked.after)
    yield from notes("about", asked.about)


def read(data: bytes, file: str, language: str | None) -> Read:
    """Read the single-choice questions; other kinds of question are left aside and named."""
    incoming = Incoming(file)
    sheets = _tables(data, incoming)
    settings = next((row for _, row in sheets.get("settings", [])), {})
    survey = sheets.get("survey")
    if survey is None:
        raise incoming.stop("there is no sheet `survey`")
    default = f"::{settings.get('default_language', '')}"
    first, *others = sorted(_languages(survey), key=lambda suffix: suffix != default) or [""]
    return with_translations(
        _spoken(sheets, settings, incoming, first, language),
        ((other, partial(_spoken, sheets, settings, Incoming(file), other, None)) for other in others),
    )


def _languages(rows: _Rows) -> list[str]:
    """Return what follows `label` in column names, as ``::English (en)``; nothing where it stands alone."""
    columns = dict.fromkeys(column for _, row in rows for column in row)
    return [column.removeprefix("label") for column in columns if re.match(r"label(:|$)", column)]


def _spoken(
    sheets: Mapping[str, _Rows], settings: _Row, incoming: Incoming, suffix: str, language: str | None
) -> Read:
    """Read one language of a form, by what follows the names of its columns."""
    stated = re.search(r"\(([A-Za-z-]+)\)\s*$", suffix or settings.get("default_language", ""))
    spoken = incoming.language(stated[1] if stated else None, language)
    form = _Form(_lists(sheets.get("choices", []), incoming, suffix), f"label{suffix}", f"hint{suffix}")
    for line, row in sheets["survey"]:
        _take(row, line, form, incoming)
    title = settings.get("form_title") or settings.get("form_id") or incoming.file
    return incoming.finished(title=incoming.text(title, 1, "title"), language=spoken)


@dataclass(frozen=True)
class _Form:
    """The lists of a form, and the columns of the language that is read."""

    lists: Mapping[str, list[Option]]
    label: str
    hint: str


def _take(row: _Row, line: int, form: _Form, incoming: Incoming) -> None:
    kind, _, rest = " ".join(row.get("type", "").split()).partition(" ")
    name, label = row.get("name", ""), row.get(form.label, "")
    for condition in ("relevant", "constraint", "required", "choice_filter"):
        if row.get(condition):
            incoming.aside(f"`{condition}`", name)
    if kind == "select_one" and rest:
        _take_question(row, line, form, incoming)
        return
    text = incoming.text(label, line, f"label of `{name}`") if label else ""
    if kind == "begin_group" or (kind, rest) == ("begin", "group"):
        incoming.page(text)
    elif kind == "note" and (found := LINE.fullmatch(name)):
        incoming.lines[found[1]].append(text)
    elif kind == "calculate":
        facet = row.get("facet", "")
        facet = incoming.text(facet, line, f"facet of `{name}`") if facet else name
        incoming.score(row.get("key", ""), facet, name)
    elif kind not in {"", "end", "end_group"}:
        incoming.aside(f"rows of type {kind}", name or rest)


def _take_question(row: _Row, line: int, form: _Form, incoming: Incoming) -> None:
    name, scale = row.get("name", ""), row["type"].split()[1]
    if scale not in form.lists:
        incoming.refuse(line, f"the sheet choices has no list `{shown(scale)}`, which `{shown(name)}` offers")
        return
    text = incoming.text(row.get(form.label, ""), line, f"label of `{name}`")
    hint = row.get(form.hint, "")
    help_ = incoming.text(hint, line, f"hint of `{name}`") if hint else ""
    incoming.question(name, line, text, form.lists[scale], scale=scale, help_=help_)


def _lists(rows: _Rows, incoming: Incoming, suffix: str) -> dict[str, list[Option]]:
    lists: dict[str, list[Option]] = {}
    known = _languages(rows)
    label = f"label{suffix if suffix in known or not known else known[0]}"
    for line, row in rows:
        list_name, code = row.get("list_name") or row.get("list name", ""), row.get("name", "")
        if list_name:
            text = incoming.text(row.get(label, ""), line, f"label of `{code}` in `{list_name}`")
            no_answer = kind_of(code, row.get("no_answer", ""))
            lists.setdefault(list_name, []).append(Option(code=code, label=text, no_answer=no_answer))
    return lists


def _tables(data: bytes, incoming: Incoming) -> dict[str, _Rows]:
    _safe(data, incoming)
    try:
        with warnings.catch_warnings(action="ignore"):  # of what a form has no use for
            book = load_workbook(io.BytesIO(data), read_only=True)
            sheets = {sheet.title.strip().lower(): sheet for sheet in book.worksheets}
            tables = {name: _rows(sheets[name], incoming) for name in _SHEETS if name in sheets}
            book.close()
    except InstrumentError:
        raise
    except _UNREADABLE:
        raise incoming.stop("this workbook cannot be read: save it anew as .xlsx") from None
    return tables


def _safe(data: bytes, incoming: Incoming) -> None:
    """Refuse a file that is no workbook, unpacks to too much, or has declarations of its own (DTD)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise incoming.stop(f"the workbook unpacks to more than {MAX_UNPACKED // 1024**2} MiB")
            if any(b"<!DOCTYPE" in parts.read(part) for part in parts.infolist()):
                raise incoming.stop("the workbook declares a document type, which no spreadsheet does")
    except InstrumentError:
        raise
    except _UNREADABLE:
        raise incoming.stop("this is no .xlsx workbook") from None


def _rows(sheet: Any, incoming: Incoming) -> _Rows:
    rows: _Rows = []
    header: list[str] = []
    for line, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        if line > MAX_ROWS:
            raise incoming.stop(f"the sheet {sheet.title} has more than {MAX_ROWS} rows")
        for cell in cells:
            if cell.data_type == "f":
                incoming.refuse(line, f"{sheet.title}!{cell.coordinate} is a formula: write its value")
        texts = ["" if cell.value is None else _plain(cell.value) for cell in cells]
        if not header:
            header = [re.sub(r"\s*(::?)\s*", r"\1", text.strip()) for text in texts]
            header = [re.sub(r"^[A-Za-z _]+", lambda name: name[0].lower(), text) for text in header]
        elif any(texts):
            rows.append(
                (
                    line,
                    {name: text for name, text in zip(header, texts, strict=False) if name and text.strip()},
                )
            )
    return rows


def _plain(value: object) -> str:
    """Return a number as it was typed: Excel has 1.0 where somebody wrote 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
