"""What a person does in a browser, and the checks of every page that they come to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from app.languages import LANGUAGES

CHROMIUM: Final = "/usr/bin/chromium"
QUIET: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SMALL, PHONE, WIDE = 320, 390, 1280
WIDTHS: Final = (SMALL, PHONE, WIDE)
HEIGHT: Final = 844
STOPS_AT_MOST: Final = 200
ON_SQLITE: Final = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""For tests of what is seen: what differs between engines is tested without a browser."""

_FAULTS: Final = Path(__file__).with_name("faults.js").read_text()
_AXE: Final = """async () => (await axe.run({resultTypes: ['violations']})).violations.map(
    found => `${found.impact} ${found.id}: ${found.nodes.map(node => node.html).join(' | ')}`)"""
_FOCUSED: Final = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const box = (at.closest('.row') || at).getBoundingClientRect();
    const bar = at.closest('.bar') ? 0 : document.querySelector('.bar').getBoundingClientRect().bottom;
    const ring = getComputedStyle(at.closest('.row') || at);
    return {
        name: at.outerHTML.slice(0, 100),
        kind: at.type || at.tagName.toLowerCase(),
        leaves: at.matches('a.leave'),
        place: [...document.querySelectorAll('*')].indexOf(at),
        top: box.top + scrollY,
        bottom: box.bottom + scrollY,
        ringed: ring.outlineStyle === 'solid' && parseFloat(ring.outlineWidth) >= 3,
        in_view: box.top >= bar - 1 && box.top < innerHeight && box.bottom > bar,
        fixed: !bar,
        open: at.tagName !== 'SUMMARY' || at.parentElement.open,
        answered: at.type === 'radio' && Boolean(document.querySelector(`[name="${at.name}"]:checked`)),
        checked: at.checked === true,
    };
}"""


def on(browser: Browser, width: int = 390, *, scripts: bool = True, **options: Any) -> BrowserContext:
    size = {"width": width, "height": HEIGHT}
    return browser.new_context(viewport=size, java_script_enabled=scripts, **options)


def press(button: Locator) -> None:
    """Press what sends a form, and arrive; with scripts, the form waits until the service answers."""
    with button.page.expect_navigation():
        button.click()


def faults(page: Page, *, scripts: bool = True) -> list[str]:
    """What axe finds, of any impact; what is small, cut off, on top of something else or too wide."""
    found = _misplaced(page)
    if scripts:
        return found + _axe(page)
    # Without scripts axe would wait for ever, so they may run while it looks.
    session = page.context.new_cdp_session(page)
    for off in (True, False):  # a session of the protocol is sent changes only
        session.send("Emulation.setScriptExecutionDisabled", {"value": off})
    found += _axe(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    session.detach()
    return found


def faults_enlarged(page: Page) -> list[str]:
    """The same for a wide screen zoomed to 200 and 400 %, and for text twice as large on a phone."""
    size = page.viewport_size
    assert size
    found: list[str] = []
    if size["width"] == WIDE:
        for zoom in (2, 4):
            page.set_viewport_size({"width": WIDE // zoom, "height": 1024 // zoom})
            found += [f"{zoom}00 %: {each}" for each in _misplaced(page)]
        page.set_viewport_size(size)
    elif size["width"] == PHONE:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        found += [f"large text: {each}" for each in _misplaced(page)]
        page.evaluate("document.documentElement.removeAttribute('style')")
    return found


def speaks(page: Page, language: str) -> bool:
    """Whether the page says which language it is in and which way that runs."""
    html = page.locator("html")
    said = html.get_attribute("lang"), html.get_attribute("dir")
    return said == (language, LANGUAGES[language].direction)


def _misplaced(page: Page) -> list[str]:
    found: list[str] = page.evaluate(_FAULTS)
    return found


def _axe(page: Page) -> list[str]:
    page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_AXE)
    return found


@dataclass(frozen=True)
class Keyboard:
    """Somebody who has a keyboard alone."""

    page: Page

    def goes_to(self, target: str) -> None:
        for _ in range(STOPS_AT_MOST):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", target):
                return
        raise AssertionError(f"{target} cannot be reached")

    def enters(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def presses(self, target: str) -> None:
        self.goes_to(target)
        self.enters()

    def tours(self, *, answer: bool = True) -> None:
        """Go through the page by Tab to its end: Leave comes first, and each next element is in view.

        On the way answer each question with its second answer, agree to what is asked, open what is closed.
        """
        before: dict[str, Any] | None = None
        for stop in self._stops():
            assert stop["ringed"], stop
            assert stop["in_view"], stop
            if before is None:
                assert stop["leaves"] or "#" in self.page.url, stop
            elif not stop[
                "leaves"
            ]:  # after the last comes the first, if the address pointed to the middle of the page
                assert stop["place"] > before["place"], (before, stop)
                assert before["fixed"] or stop["bottom"] > before["top"], (before, stop)
            before = stop
            if answer:
                self._answers(stop)
        assert before is not None

    def _stops(self) -> Iterator[dict[str, Any]]:
        """Each element that Tab comes to, until it leaves the page or begins again."""
        first = None
        for _ in range(STOPS_AT_MOST):
            self.page.keyboard.press("Tab")
            stop = self.page.evaluate(_FOCUSED)
            if stop is None or stop["place"] == first:
                return
            first = first or stop["place"]
            yield stop
        raise AssertionError("the keyboard finds no end of this page")

    def _answers(self, stop: dict[str, Any]) -> None:
        press = self.page.keyboard.press
        if stop["kind"] == "radio" and not stop["answered"]:
            press("Space")
            press("ArrowDown")
        elif stop["kind"] == "select-one":
            press("ArrowDown")
        elif stop["kind"] == "checkbox" and not stop["checked"]:
            press("Space")
        elif not stop["open"]:
            press("Enter")
