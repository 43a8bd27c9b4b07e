"""A person answers form A in each language it has: on three widths, by mouse, by keyboard alone."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from app import waves
from app.db import write
from app.languages import LANGUAGES, home
from app.main import create_app
from app.mixing import RESPONSE
from app.service import Service
from app.serving import server
from instrument import LEFT_BLANK, ppiq
from tests.respondents import rows

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("study")]
SPOKEN = [language for form, language in ppiq().words if form == "a"]
ITEMS = ppiq().forms["a"].items
WIDTHS = (320, 390, 1280)
STEPS = 60


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def origin(service: Service) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = server(create_app(service.settings, service), "127.0.0.1", port)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def code(service: Service) -> str:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, "demo-1", "north", 1)[0]


def on(browser: Browser, width: int = 390, *, scripts: bool = True) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": 844}, java_script_enabled=scripts)
    context.set_default_timeout(20_000)
    return context


def looks_right(page: Page, language: str, widths: tuple[int, ...] = WIDTHS) -> None:
    """At every width: no fault that axe knows, no scrolling sideways, targets of 44 px but in sentences."""
    outer = page.locator("html")
    assert outer.get_attribute("lang") == language
    assert outer.get_attribute("dir") == LANGUAGES[language].direction
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        found = Axe().run(page).response["violations"]
        nodes = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
        assert nodes == [], (page.url, width)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (page.url, width)
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, label.row')]
            .filter(each => !each.closest('.unseen'))
            .filter(each => !each.matches('p > a, li > a') || each.parentElement.innerText === each.innerText)
            .map(each => each.closest('label.row') || each)
            .filter(each => each.checkVisibility({visibilityProperty: true}))
            .map(each => [each.outerHTML, each.getBoundingClientRect()])
            .filter(([, box]) => box.height < 44 || box.width < 44)
            .map(([name, box]) => `${name}: ${box.width}x${box.height}`)"""
        )
        assert small == [], (page.url, width)


@dataclass(frozen=True)
class Pointer:
    page: Page

    def presses(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(button).click()

    def answers(self) -> None:
        for question in self.page.locator("fieldset").all():
            question.locator("input").nth(1).check()
        self.presses(".go button:first-child")


@dataclass(frozen=True)
class Keyboard:
    page: Page

    def goes_to(self, target: str) -> None:
        for _ in range(STEPS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", target):
                return
        raise AssertionError(f"{target} cannot be reached")

    def presses(self, button: str) -> None:
        self.goes_to(button)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def answers(self) -> None:
        for question in self.page.locator("fieldset").all():
            self.goes_to(f"#{question.get_attribute('id')} input")
            self.page.keyboard.press("Space")
            self.page.keyboard.press("ArrowDown")
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


@pytest.mark.parametrize("language", SPOKEN)
def test_a_person_answers_in_their_language(
    browser: Browser, origin: str, service: Service, code: str, language: str
) -> None:
    with on(browser) as context:
        page = context.new_page()
        person = Pointer(page)
        page.goto(origin)
        page.get_by_role("link", name=LANGUAGES[language].name, exact=True).click()
        page.wait_for_url(f"{origin}{home(language)}/")
        looks_right(page, language)
        page.locator("#code").fill("wrong")
        person.presses(".enter button")
        looks_right(page, language, (320,))
        page.locator("#code").fill(code)
        person.presses(".enter button")
        looks_right(page, language)
        page.locator("#study").check()
        person.presses(".go button:first-child")
        looks_right(page, language)
        page.locator("input[value=practice_educator]").check()
        person.presses(".go button:first-child")
        assert page.locator("#blank").is_visible()
        looks_right(page, language, (320,))
        person.presses(".go button:first-child")
        looks_right(page, language)
        while "/check" not in page.url:
            person.answers()
        looks_right(page, language)
        person.presses(".go button")
        assert len(page.locator(".receipt").inner_text().replace("-", "")) == 12
        looks_right(page, language)
        for path in ("/safety", "/erase", "/reflect", "/page/1"):
            page.goto(origin + home(language) + path)
            looks_right(page, language, (390,))
    [kept] = rows(service, RESPONSE)
    assert kept.language == language
    assert {kept.answers[item.id] for item in ITEMS} == {1}
    assert (kept.answers["role"], kept.answers["length"]) == ("practice_educator", LEFT_BLANK)


@pytest.mark.parametrize("language", SPOKEN)
def test_by_keyboard_alone_and_without_scripts(
    browser: Browser, origin: str, service: Service, code: str, language: str
) -> None:
    with on(browser, 1280, scripts=False) as context:
        page = context.new_page()
        person = Keyboard(page)
        page.goto(origin)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('.leave')")
        person.presses(f"[hreflang={language}]")
        person.goes_to("#code")
        page.keyboard.type(code)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        person.goes_to("#study")
        page.keyboard.press("Space")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        while "/check" not in page.url:
            person.answers()
        person.presses(".go button")
        assert page.locator(".receipt").is_visible()
    [kept] = rows(service, RESPONSE)
    assert kept.language == language
    assert {kept.answers[item.id] for item in ITEMS} == {1}


def test_another_language_midway_by_the_names_below_the_questions(
    browser: Browser, origin: str, code: str
) -> None:
    for scripts in (True, False):
        with on(browser, scripts=scripts) as context:
            page = context.new_page()
            person = Pointer(page)
            page.goto(f"{origin}/cy/")
            page.locator("#code").fill(code)
            person.presses(".enter button")
            if page.url.endswith("/consent"):
                page.locator("#study").check()
                person.presses(".go button:first-child")
            page.locator("input[value=line_manager]").check()
            person.presses("footer button[value=language]")
            person.presses("[name=_language]:lang(ar)")
            assert page.locator("html").get_attribute("dir") == "rtl"
            assert page.locator("#study").is_checked()
            person.presses(".go button:first-child")
            assert page.url == f"{origin}/ar/about"
            assert page.locator("input[value=line_manager]").is_checked()
            person.presses("footer button[value=language]")
            person.presses("[name=_language]:lang(cy)")
            assert page.url == f"{origin}/cy/consent"


def test_arabic_begins_at_the_right(browser: Browser, origin: str, code: str) -> None:
    with on(browser) as context:
        page = context.new_page()
        person = Pointer(page)
        page.goto(f"{origin}/ar/")
        page.locator("#code").fill(code)
        # A code is written from the left in every language.
        assert page.locator("#code").evaluate("field => getComputedStyle(field).direction") == "ltr"
        person.presses(".enter button")
        page.locator("#study").check()
        person.presses(".go button:first-child")
        row = page.locator("label.row").first
        box, dot, words = (each.bounding_box() for each in (row, row.locator("input"), row.locator("span")))
        assert box
        assert dot
        assert words
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
