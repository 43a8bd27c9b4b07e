"""A person changes language midway, and reads from right to left."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.person import ON_SQLITE, on, press

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("study"), ON_SQLITE]


@pytest.mark.parametrize("scripts", [True, False])
def test_another_language_midway_by_the_names_below_the_questions(
    browser: Browser, origin: str, code: str, *, scripts: bool
) -> None:
    with on(browser, scripts=scripts) as context:
        page = context.new_page()
        page.goto(f"{origin}/cy/")
        page.locator("#code").fill(code)
        press(page.locator(".enter button"))
        page.locator("#study").check()
        press(page.locator(".go button:first-child"))
        page.locator("input[value=line_manager]").check()
        press(page.locator("footer button[value=language]"))
        press(page.locator("[name=_language]:lang(ar)"))
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.locator("#study").is_checked()
        press(page.locator(".go button:first-child"))
        assert page.url == f"{origin}/ar/about"
        assert page.locator("input[value=line_manager]").is_checked()
        press(page.locator("footer button[value=language]"))
        press(page.locator("[name=_language]:lang(cy)"))
        assert page.url == f"{origin}/cy/consent"


def test_arabic_begins_at_the_right(browser: Browser, origin: str, code: str) -> None:
    with on(browser) as context:
        page = context.new_page()
        page.goto(f"{origin}/ar/")
        page.locator("#code").fill(code)
        # A code is written from the left in every language.
        assert page.locator("#code").evaluate("field => getComputedStyle(field).direction") == "ltr"
        press(page.locator(".enter button"))
        page.locator("#study").check()
        press(page.locator(".go button:first-child"))
        row = page.locator("label.row").first
        box, dot = (each.bounding_box() for each in (row, row.locator("input")))
        assert box
        assert dot
        words = row.evaluate(
            "row => { const range = document.createRange(); range.selectNodeContents(row.lastChild);"
            " const {x, width} = range.getBoundingClientRect(); return {x, width} }"
        )
        assert words["x"] + words["width"] <= dot["x"]
        assert dot["x"] > box["x"] + box["width"] / 2
        buttons = (".leave", ".go button >> nth=0", ".go .second")
        leave, onward, back = (page.locator(each).bounding_box() for each in buttons)
        assert leave
        assert onward
        assert back
        assert leave["x"] < 40
        assert back["x"] < onward["x"]
        spacing = page.locator("h1").evaluate("each => getComputedStyle(each).letterSpacing")
        assert spacing in ("normal", "0px")
