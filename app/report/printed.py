"""The report as a PDF: the page's own content, set for paper."""

import base64
from dataclasses import dataclass
from typing import ClassVar, Final

from app.printing import pdf
from app.report.charts import facets
from app.report.pages import NothingPage, ReportPage
from app.templating import Page

ON_A_PAGE: Final = 20
"""So many rows a drawing may have."""


@dataclass(frozen=True, kw_only=True)
class PrintedReport(ReportPage):
    template: ClassVar[str] = "report/printed.html"
    plot: str
    drawings: tuple[str | None, ...]
    """The bars of each of `items`; all drawings are data URIs, since an image can say what it shows."""
    change: str | None
    beside: tuple[str | None, ...]
    """The units of each facet; None where they are too many for one page, and the table says it alone."""


@dataclass(frozen=True, kw_only=True)
class PrintedNothing(NothingPage):
    template: ClassVar[str] = "report/printed_nothing.html"


def as_pdf(page: Page) -> bytes:
    """Set a report's page on paper; the bytes depend on the page alone."""
    return pdf(_printed(page))


def _printed(page: Page) -> Page:
    if not isinstance(page, ReportPage):
        return PrintedNothing(**vars(page))
    compared = page.compared
    changed, beside = (compared.changed, compared.beside) if compared else (None, ())
    return PrintedReport(
        **vars(page),
        plot=_image(facets(page.lines, "Figures from 0 to 100")),
        change=_image(facets(changed.lines, "Figures then and now, from 0 to 100")) if changed else None,
        beside=tuple(
            _image(facets(each.lines, each.title)) if len(each.lines) <= ON_A_PAGE else None
            for each in beside
        ),
        drawings=tuple(table.drawing and _image(table.drawing) for table in page.items),
    )


def _image(drawing: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"
