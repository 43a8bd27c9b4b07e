"""The pictures of the README and of the documents, taken from the demonstration: `python -m docs.pictures`.

They show SIMULATED data and say so. Taken anew after a page has changed, they show what is there.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from socket import socket
from typing import Final

from playwright.sync_api import Page, sync_playwright

HERE: Final = Path(__file__).parent
CHROMIUM: Final = "/usr/bin/chromium"
PHONE: Final = (390, 844)
DESK: Final = (960, 900)


def main() -> None:
    """Start the demonstration in a folder of its own, take the pictures, and stop it."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "app", "demo", "--dir", folder, "--port", str(port), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demonstration:  # noqa: S603 - this service
            assert demonstration.stdout is not None
            links = json.loads(demonstration.stdout.readline())
            try:
                take(links)
            finally:
                demonstration.terminate()


def take(links: dict[str, str]) -> None:
    """Take each picture at the width at which it is mostly read."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height), show in (
            ("questionnaire", PHONE, answering),
            ("report", DESK, report),
            ("reliability", DESK, reliability),
        ):
            page = browser.new_page(viewport={"width": width, "height": height})
            show(page, links)
            page.screenshot(path=HERE / f"{name}.png")
            page.close()
        browser.close()


def answering(page: Page, links: dict[str, str]) -> None:
    """Come to the first page of questions with a code, and answer the first of them."""
    page.goto(links["respondent"])
    page.get_by_label("Your code").fill(links["code"])
    _press(page, ".enter button")
    page.locator("#study").check()
    _press(page, ".go button")
    for question in page.locator("fieldset").all():
        question.locator("input").first.check()
    _press(page, ".go button")
    page.locator("fieldset input").nth(3).check()


def report(page: Page, links: dict[str, str]) -> None:
    """Open the report of everybody."""
    page.goto(f"{links['trainer']}/waves/demo-1")


def reliability(page: Page, links: dict[str, str]) -> None:
    """Open the page of alpha and omega."""
    page.goto(f"{links['researcher']}/waves/demo-rows-1/reliability.html")


def _press(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).first.click()


if __name__ == "__main__":
    main()
