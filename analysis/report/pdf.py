"""A finished report as a tagged PDF, set from its HTML; nothing is fetched for it."""

from typing import Final

from analysis.report.document import Document
from analysis.report.render import as_html

VARIANT: Final = "pdf/ua-1"
PRINT: Final = """<style>
@page { size: A4 landscape; margin: 12mm 10mm; }
@page { @bottom-right { content: counter(page) " / " counter(pages); } }
body { font-size: 8pt; } main { max-width: none; } nav { display: none; }
table { font-size: 6.5pt; } tr { break-inside: avoid; } .wide { overflow: visible; }
td, th { overflow-wrap: anywhere; }
</style>
</head>"""


def as_pdf(found: Document) -> bytes:
    """Return a report as a tagged PDF; its bytes depend on the report alone.

    Parameters
    ----------
    found
        The report.

    Returns
    -------
    The bytes of a PDF/UA-1 file.
    """
    from weasyprint import HTML  # noqa: PLC0415 - needs Pango, which nothing else of the analysis does
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    markup = as_html(found).replace("</head>", PRINT, 1)
    nothing = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    made = HTML(string=markup, url_fetcher=nothing).write_pdf(pdf_variant=VARIANT)
    return bytes(made or b"")
