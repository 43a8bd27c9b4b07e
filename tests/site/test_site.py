"""The documentation as `make docs` has built it: links, what it asks of others, axe, the keyboard alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml.html import HtmlElement, parse
from playwright.sync_api import Browser, Page

from tests.e2e.person import HEIGHT, PHONE, WIDE, Keyboard, on

pytestmark = pytest.mark.site
SITE = Path(__file__).parents[2] / "build" / "site"
LOOKED_AT = ("index", "taking-part", "tour", "threat-model", "reference/analysis")
ASKING = "//script/@src | //img/@src | //iframe/@src | //source/@src | //link[not(@rel='canonical')]/@href"
ELSEWHERE = re.compile(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]+")


@pytest.fixture(scope="module")
def written() -> dict[Path, HtmlElement]:
    assert SITE.is_dir(), "run `make docs`, which builds it first"
    return {path: parse(path).getroot() for path in sorted(SITE.rglob("*.html"))}


def leads_nowhere(pages: dict[Path, HtmlElement]) -> Iterator[str]:
    parts = {path: {*page.xpath("//@id"), *page.xpath("//a/@name"), ""} for path, page in pages.items()}
    for path, page in pages.items():
        for link in page.xpath("//a/@href"):
            at = urlsplit(link)
            if at.scheme or at.netloc:
                continue
            target = (path.parent / unquote(at.path)).resolve() if at.path else path
            if not target.is_file() or unquote(at.fragment) not in parts.get(target, {at.fragment}):
                yield f"{path.relative_to(SITE)}: {link}"


def test_every_link_leads_to_a_page_and_a_part_of_it(written: dict[Path, HtmlElement]) -> None:
    assert len(written) > 25
    assert list(leads_nowhere(written)) == []


def test_no_page_and_no_style_names_a_file_of_another_site(written: dict[Path, HtmlElement]) -> None:
    asked = {str(each) for page in written.values() for each in page.xpath(ASKING)}
    assert [each for each in asked if urlsplit(each).netloc] == []
    assert [each for path in SITE.rglob("*.css") for each in ELSEWHERE.findall(path.read_text("utf-8"))] == []


@pytest.fixture(params=[(PHONE, "light"), (WIDE, "dark")], ids=["phone", "wide and dark"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that may ask nobody: each request that leaves this computer fails the test."""
    width, scheme = request.param
    asked: list[str] = []
    with on(browser, width, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("request", lambda each: asked.append(each.url))
        yield page
    assert [each for each in asked if urlsplit(each).scheme in {"http", "https"}] == []


def opened(tab: Page, name: str) -> Page:
    tab.goto((SITE / f"{name}.html").as_uri())
    return tab


@pytest.mark.parametrize("name", LOOKED_AT)
def test_axe_finds_nothing_and_nothing_is_too_wide(tab: Page, name: str) -> None:
    page = opened(tab, name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def focused(page: Page, what: str) -> object:
    return page.evaluate(f"document.activeElement.{what}")


def test_the_keyboard_leads_past_the_list_of_pages_into_the_text(tab: Page) -> None:
    page = opened(tab, "taking-part")
    page.keyboard.press("Tab")
    assert "skip" in str(focused(page, "textContent")).lower()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page, "closest('main') !== null")


def test_the_keyboard_leads_to_another_page(tab: Page) -> None:
    """On a phone the list of pages is behind a button."""
    page = opened(tab, "tour")
    keyboard = Keyboard(page)
    if page.viewport_size == {"width": PHONE, "height": HEIGHT}:
        keyboard.goes_to("button.primary-toggle")
        page.keyboard.press("Enter")
    keyboard.presses("a[href='validation.html']")
    assert page.title().startswith("A validation study")


def test_the_keyboard_finds_a_word(tab: Page) -> None:
    page = opened(tab, "index")
    page.keyboard.press("Control+k")
    page.keyboard.type("receipt")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_role("link", name="What happens to my answers").first.wait_for()
