"""Prints a finished report as text, JSON or HTML, and lists all formats. Nothing is computed here."""

import json
from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from textwrap import fill
from typing import Final

from analysis.estimate import Unavailable, cell, table
from analysis.graphics import svg
from analysis.report.cells import missing_reasons, number_columns, without_figure
from analysis.report.document import Document, Section, Table, software
from analysis.report.docx_tables import as_docx
from analysis.report.latex import as_latex

COLUMNS: Final = 110  # columns of a terminal that a table may take


def as_json(found: Document) -> str:
    """Return a report as JSON in full precision; what cannot be computed is ``{"unavailable": reason}``."""
    tree = {"software": software(), **found.tree}
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False, default=_unavailable) + "\n"


def _unavailable(why: object) -> dict[str, str]:
    if isinstance(why, Unavailable):
        return {"unavailable": why.why}
    raise TypeError(f"a report holds a {type(why).__name__}, which JSON has no form for")


def as_text(found: Document) -> str:
    """Return a report for a terminal: figures to three digits, the reason where there is none."""
    said = found
    parts = [said.title, *said.labels, fill(said.origin, COLUMNS)]
    for section in said.sections:
        reading = [fill(section.reading, COLUMNS)] if section.reading else []
        parts += ["\n".join([_underlined(section.title), *reading]), *_tables_text(section.tables)]
    return "\n\n".join([*parts, fill(said.how, COLUMNS)]) + "\n"


def _underlined(title: str) -> str:
    return f"{title}\n{'-' * len(title)}"


def _tables_text(tables: Sequence[Table]) -> Iterable[str]:
    for part in tables:
        yield "\n".join([part.title, *_pieces(part)])
    yield from (fill(reason, COLUMNS, break_on_hyphens=False) for reason in missing_reasons(tables))


def _pieces(part: Table) -> Iterable[str]:
    """Yield a table in as many parts as fit the width of a terminal, each with the first column."""
    rows = [[without_figure(value) for value in row] for row in part.rows]
    columns = zip(part.headers, *([cell(value) for value in row] for row in rows), strict=True)
    widths = [2 + max(map(len, column)) for column in columns]
    first, last = 1, len(part.headers)
    while first < last:
        upto = first + 1
        while upto < last and widths[0] + sum(widths[first : upto + 1]) - 2 <= COLUMNS:
            upto += 1
        places = [0, *range(first, upto)]
        yield table([part.headers[j] for j in places], [[row[j] for j in places] for row in rows])
        first = upto


def as_html(found: Document) -> str:
    """Return a report as one page that needs no script, font or other file."""
    said = found
    style = files("analysis").joinpath("report.css").read_text(encoding="utf-8") + svg.STYLE
    return PAGE.format(
        title=escape(said.title),
        lead=escape(said.lead),
        style=style,
        labels="".join(f'<p class="stage">{_said(text)}</p>' for text in said.labels),
        provenance=escape(said.origin),
        contents="".join(f'<li><a href="#{_place(s)}">{escape(s.title)}</a></li>\n' for s in said.sections),
        parts="".join(map(_part, said.sections)),
        how=escape(said.how),
    )


PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{lead}</p>
{labels}
<p class="quiet">{provenance}</p>
<nav aria-label="Sections"><ol>
{contents}</ol></nav>
{parts}
<h2>How to read this</h2>
<p>{how}</p>
</main>
</body>
</html>
"""


def _said(text: str) -> str:
    word, colon, rest = text.partition(":")
    return f"<strong>{word}</strong>{colon}{escape(rest)}" if word == "SIMULATED" else escape(text)


def _part(section: Section) -> str:
    reading = f"<p>{escape(section.reading)}</p>\n" if section.reading else ""
    reasons = "".join(f"<p>{escape(reason)}</p>\n" for reason in missing_reasons(section.tables))
    shown = "".join(_shown(section, part) for part in section.tables)
    return (
        f'<section id="{_place(section)}">\n<h2>{escape(section.title)}</h2>\n{reading}{shown}{reasons}'
        "</section>\n"
    )


def _place(section: Section) -> str:
    return escape(f"part-{section.id}")


def _shown(section: Section, part: Table) -> str:
    """Return a table; where there is a drawing of it, the drawing with the table folded behind it."""
    twin = _table_html(section, part)
    if part.figure is None:
        return twin
    return (
        f'<figure><div class="wide" tabindex="0" role="group" aria-label="{_name(section, part)}, drawn">'
        f"{part.figure.drawing}</div><figcaption>{escape(part.figure.reading)}</figcaption>\n"
        f"<details><summary>The figures as a table</summary>\n{twin}</details></figure>\n"
    )


def _table_html(section: Section, part: Table) -> str:
    """Return a table that scrolls within itself and can be focused, so that the keyboard can scroll it."""
    columns = [' class="number"' if number else "" for number in number_columns(part)]
    head = "".join(
        f'<th scope="col"{column}>{escape(text)}</th>'
        for column, text in zip(columns, part.headers, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(cell(row[0]))}</th>'
        + "".join(
            f"<td{column}>{escape(cell(without_figure(value)))}</td>"
            for column, value in zip(columns[1:], row[1:], strict=True)
        )
        + "</tr>\n"
        for row in part.rows
    )
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{_name(section, part)}"><table>'
        f"<caption>{escape(part.title)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>"
        "</table></div>\n"
    )


def _name(section: Section, part: Table) -> str:
    return escape(f"{section.title}: {part.title}")


RENDERERS: Final[dict[str, Callable[[Document], str | bytes]]] = {
    "text": as_text,
    "json": as_json,
    "html": as_html,
    "latex": as_latex,
    "docx": as_docx,
}
