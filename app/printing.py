"""Pages set as tagged PDFs, in a process of their own.

Setting a page takes seconds of Python and much memory. In the server's own process everybody who answers
would wait for it, so one page at a time is set in another process of lower priority. Nothing is fetched for a
page except what it holds itself: drawings, and texts to be drawn as pictures to scan.
"""

import os
import subprocess
import sys
from io import BytesIO
from typing import Final
from urllib.parse import unquote

from app.templating import Page, render
from app.work_queue import BoundedQueue

PDF_VARIANT: Final = "pdf/ua-1"
PICTURE: Final = "qr:"
"""The address of a picture to scan; the text follows, quoted."""
PATIENCE_SECONDS: Final = 120
POLITENESS: Final = 5
QUEUE: Final = BoundedQueue(at_once=1, waiting=4)


def pdf(page: Page) -> bytes:
    """Set a page as a tagged PDF; its bytes depend on its content alone."""
    return pdf_of_markup(render(page))


def pdf_of_markup(markup: str) -> bytes:
    """Set the markup of a page; the bytes depend on it alone."""
    with QUEUE.take():
        return subprocess.run(  # noqa: S603 - this program, by itself
            [sys.executable, "-P", "-m", __name__],
            input=markup.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # its message may quote the page, and so a code or a name
            env={name: value for name, value in os.environ.items() if not name.startswith("COUNTERPOISE_")},
            timeout=PATIENCE_SECONDS,
            check=True,
        ).stdout


def main() -> None:
    """Read a page, write its PDF. WeasyPrint needs Pango, which no other part of the project needs."""
    from weasyprint import HTML  # noqa: PLC0415
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    class Pictures(URLFetcher):  # type: ignore[misc]  # weasyprint has no types
        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            if url.startswith(PICTURE):
                picture = drawn(unquote(url.removeprefix(PICTURE)))
                return URLFetcherResponse(url, picture, {"Content-Type": "image/png"})
            return super().fetch(url, headers)

    os.nice(POLITENESS)
    page = sys.stdin.buffer.read().decode()
    fetcher = Pictures(allowed_protocols=("data",), fail_on_errors=True)
    sys.stdout.buffer.write(HTML(string=page, url_fetcher=fetcher).write_pdf(pdf_variant=PDF_VARIANT) or b"")


def drawn(text: str) -> bytes:
    """Draw a text as a picture to scan. It is a PNG, since setting vectors takes seven times as long."""
    import segno  # noqa: PLC0415

    picture = BytesIO()
    segno.make(text, error="m").save(picture, kind="png", scale=4, border=2)
    return picture.getvalue()


if __name__ == "__main__":
    main()
