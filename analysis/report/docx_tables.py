"""A finished report as a word processor's file (.docx), its tables set as journals ask for them."""

from collections.abc import Iterable, Sequence
from io import BytesIO

import docx
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.table import Table as DocxTable
from docx.table import _Row as DocxRow

from analysis.report.cells import missing_reasons, number_columns, shown, titled
from analysis.report.document import Document, Section


def as_docx(found: Document) -> bytes:
    """Return a report as a word processor's file, its tables real tables whose headings repeat on each page.

    Parameters
    ----------
    found
        The report.

    Returns
    -------
    The bytes of a .docx file.
    """
    page = docx.Document()
    page.core_properties.title, page.core_properties.author = found.title, ""
    page.add_heading(found.title, 1)
    for text in (found.lead, *found.labels, found.origin):
        _paragraph(page, text)
    for section in found.sections:
        _docx_section(page, section, found.labels)
    _paragraph(page, found.how)
    kept = BytesIO()
    page.save(kept)
    return kept.getvalue()


def _docx_section(page: Docx, section: Section, labels: Sequence[str]) -> None:
    page.add_heading(section.title, 2)
    _paragraph(page, section.reading)
    for part in section.tables:
        page.add_paragraph(titled(part, labels), style="Caption").paragraph_format.keep_with_next = True
        rows = [part.headers, *map(shown, part.rows)]
        table = page.add_table(rows=len(rows), cols=len(part.headers))
        numbers = number_columns(part)
        for row, texts in zip(table.rows, rows, strict=True):
            _docx_row(row, texts, numbers)
        _docx_rules(table)
    for reason in missing_reasons(section.tables):
        _paragraph(page, reason)


def _paragraph(page: Docx, text: str) -> None:
    if text:
        page.add_paragraph(text)


def _docx_row(row: DocxRow, texts: Iterable[str], numbers: Sequence[bool]) -> None:
    for each, text, number in zip(row.cells, texts, numbers, strict=True):
        paragraph = each.paragraphs[0]
        paragraph.add_run(text).font.size = Pt(9)
        if number:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _docx_rules(table: DocxTable) -> None:
    """Draw rules below the headings and the last row, and repeat the headings on each page."""
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)  # noqa: SLF001 - the library has no name for it
    for place, edges in ((0, ("top", "bottom")), (len(table.rows) - 1, ("bottom",))):
        for each in table.rows[place].cells:
            borders = OxmlElement("w:tcBorders")
            for edge in edges:
                line = OxmlElement(f"w:{edge}")
                line.set(qn("w:val"), "single")
                line.set(qn("w:sz"), "6")
                borders.append(line)
            each._tc.get_or_add_tcPr().append(borders)  # noqa: SLF001 - the library has no name for it
