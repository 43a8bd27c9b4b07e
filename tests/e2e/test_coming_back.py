"""Somebody leaves half-way and comes back with code and six words: by keyboard alone, scripts on and off."""

import pytest
from playwright.sync_api import Browser, Page

from app.languages import home
from tests.e2e.person import ON_SQLITE, WIDTHS, Keyboard, faults, faults_enlarged, on, speaks

pytestmark = [pytest.mark.browser, ON_SQLITE]


def types(page: Page, field: str, text: str) -> None:
    Keyboard(page).goes_to(field)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    Keyboard(page).presses("form.enter button")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(("language", "width"), [("en", WIDTHS[0]), ("ar", WIDTHS[1]), ("cy", WIDTHS[2])])
def test_who_leaves_comes_back_where_they_were(
    browser: Browser, origin: str, code: str, language: str, width: int, *, scripts: bool
) -> None:
    def looks(page: Page) -> None:
        assert speaks(page, language)
        assert faults(page, scripts=scripts) == [], page.url
        assert faults_enlarged(page) == [], page.url

    def begins(page: Page) -> None:
        page.goto(f"{origin}{home(language)}/")
        types(page, "#code", code)

    with on(browser, width, scripts=scripts) as context:
        page = context.new_page()
        begins(page)
        shown = page.locator(".phrase").inner_text()
        looks(page)
        Keyboard(page).goes_to("#study")
        page.keyboard.press("Space")
        Keyboard(page).presses(".go button")
        Keyboard(page).goes_to("input[value=supervisor]")
        page.keyboard.press("Space")
        Keyboard(page).presses("button[value=later]")
        looks(page)
        assert page.locator(".phrase").inner_text() == shown
        Keyboard(page).presses("a.leave")
    with on(browser, width, scripts=scripts) as context:
        page = context.new_page()
        begins(page)
        looks(page)
        Keyboard(page).tours(answer=False)
        types(page, "#phrase", "acorn")
        looks(page)
        types(page, "#phrase", "acorn zzz")
        looks(page)
        types(page, "#phrase", shown)
        assert page.url == f"{origin}{home(language)}/about"
        assert page.locator("input[value=supervisor]").is_checked()


@pytest.mark.parametrize("scripts", [True, False])
def test_who_has_lost_the_words_starts_anew(
    browser: Browser, origin: str, code: str, *, scripts: bool
) -> None:
    words = []
    for _ in range(2):
        with on(browser, scripts=scripts) as context:
            page = context.new_page()
            page.goto(origin)
            types(page, "#code", code)
            if page.locator("#phrase").count():
                Keyboard(page).presses("button[name=anew]")
            assert page.url == f"{origin}/consent"
            words.append(page.locator(".phrase").inner_text())
            Keyboard(page).goes_to("#study")
            page.keyboard.press("Space")
            Keyboard(page).presses(".go button")
    assert len(set(words)) == 2
