"""A person with a browser: on a phone and a wide screen, with scripts and without, by keyboard alone."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app import waves
from app.db import write
from app.main import create_app
from app.mixing import RESPONSE
from app.service import Service
from app.serving import server
from tests.respondents import rows

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("study")]
HEIGHT = 844
WIDTHS = (390, 1280)


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """On SQLite alone: what differs between engines is tested without a browser."""
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def origin(service: Service) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Another name of the same machine stands for the neutral site, which is not ours to ask for.
    settings = replace(service.settings, leave_to=f"http://localhost:{port}/nothing")
    running = server(create_app(settings, replace(service, settings=settings)), "127.0.0.1", port)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@dataclass(frozen=True)
class Respondent:
    """What a person does, in their words."""

    page: Page
    origin: str

    def opens_the_first_page(self) -> None:
        self.page.goto(self.origin)

    def types_the_code(self, code: str) -> None:
        self.page.get_by_label("Your code").fill(code)
        self.continues()

    def continues(self) -> None:
        # With scripts a form goes once the server can be reached, a moment after the click.
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Continue").click()

    def agrees(self) -> None:
        self.page.get_by_label("Yes, for this study").check()
        self.continues()

    def says_who(self, role: str) -> None:
        self.page.get_by_label(role).check()
        self.continues()
        expect(self.page.get_by_role("heading", name="You may leave these blank")).to_be_visible()
        self.continues()

    def answers_a_page(self, answer: str) -> None:
        for choice in self.page.get_by_label(answer, exact=True).all():
            choice.check()
        self.continues()

    def begins(self, code: str) -> None:
        self.opens_the_first_page()
        self.types_the_code(code)
        self.agrees()
        self.says_who("My practice educator")

    def comes_to_the_check(self, code: str) -> None:
        self.begins(code)
        for _ in range(6):
            self.answers_a_page("Mostly true")

    def sends(self) -> str:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="Send my answers").click()
        return self.page.locator(".receipt").inner_text()

    def leaves(self) -> None:
        self.page.get_by_role("link", name="Leave this site").click()


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def on(browser: Browser, width: int = 390, *, scripts: bool = True, **options: object) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT}, java_script_enabled=scripts, **options
    )
    context.set_default_timeout(10_000)
    return context


def new_code(service: Service) -> str:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, "demo-1", "north", 1)[0]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_person_completes_it_and_erases_it_again(
    browser: Browser, origin: str, service: Service, width: int, *, scripts: bool
) -> None:
    with on(browser, width, scripts=scripts) as context:
        person = Respondent(context.new_page(), origin)
        person.comes_to_the_check(new_code(service))
        receipt = person.sends()
        [kept] = rows(service, RESPONSE)
        assert [kept.answers[item.id] for item in service.instruments["ppiq"].forms["a"].items] == [3] * 30
        assert kept.answers["role"] == "practice_educator"
        person.page.get_by_role("link", name="Erase my answers").click()
        person.page.get_by_label("Your receipt").fill(receipt)
        person.page.get_by_role("button", name="Erase my answers").click()
        expect(person.page.get_by_role("heading", name="Your answers are erased")).to_be_visible()
        assert rows(service, RESPONSE) == []


def test_by_keyboard_alone(browser: Browser, origin: str, service: Service) -> None:
    with on(browser, 1280, scripts=False) as context:
        page = context.new_page()
        keys = page.keyboard
        page.goto(origin)

        def tab_to(role: str, name: str) -> None:
            for _ in range(80):
                keys.press("Tab")
                found = page.get_by_role(role, name=name)  # type: ignore[arg-type]  # a role
                if found.evaluate_all("all => all.includes(document.activeElement)"):
                    return
            raise AssertionError(f"no {role} {name!r} can be reached")

        def enter() -> None:
            with page.expect_navigation():
                keys.press("Enter")

        keys.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Leave this site"
        tab_to("textbox", "Your code")
        keys.type(new_code(service).replace("-", ""))
        enter()
        tab_to("checkbox", "Yes, for this study")
        keys.press("Space")
        enter()
        tab_to("radio", "My supervisor")
        keys.press("Space")
        keys.press("ArrowDown")
        expect(page.get_by_label("My practice educator")).to_be_checked()
        enter()
        expect(page.get_by_role("heading", name="You may leave these blank")).to_be_visible()
        tab_to("button", "Clear my answer")
        enter()
        expect(page.get_by_label("My practice educator")).not_to_be_checked()
        for _ in range(2):
            tab_to("button", "Continue")
            enter()
        for _ in range(6):
            for _ in range(5):
                tab_to("radio", "Not at all true")
                keys.press("Space")
                keys.press("ArrowDown")
            enter()
        tab_to("button", "Send my answers")
        enter()
        expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()
    assert {rows(service, RESPONSE)[0].answers[name] for name in ("sd5", "rr5")} == {1}


def test_axe_finds_nothing_on_any_page(browser: Browser, origin: str, service: Service, width: int) -> None:
    for scheme in ("light", "dark"):
        with on(browser, width, color_scheme=scheme) as context:
            person = Respondent(context.new_page(), origin)
            page = person.page

            def check(page: Page = page, scheme: str = scheme) -> None:
                found = Axe().run(page).response["violations"]
                nodes = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
                assert nodes == [], (page.title(), scheme)

            person.opens_the_first_page()
            check()
            person.types_the_code("wrong")
            check()
            person.types_the_code(new_code(service))
            check()
            page.get_by_label("Yes, for this study").evaluate("box => box.removeAttribute('required')")
            person.continues()
            check()
            person.agrees()
            check()
            person.continues()
            check()
            person.continues()
            check()
            page.get_by_label("Mostly true").first.check()
            person.continues()
            check()
            person.continues()
            for _ in range(5):
                person.answers_a_page("Rather not say")
            check()
            person.sends()
            check()
            for path in ("/erase", "/safety", "/page/1", "/nothing"):
                page.goto(origin + path)
                check()
            page.goto(origin + "/erase")
            page.get_by_label("Your receipt").fill("wrong")
            with page.expect_navigation():
                page.get_by_role("button", name="Erase my answers").click()
            check()


def test_what_can_be_pressed_is_large_enough_and_nothing_scrolls_sideways(
    browser: Browser, origin: str, service: Service
) -> None:
    for width in (320, *WIDTHS):
        with on(browser, width) as context:
            person = Respondent(context.new_page(), origin)
            person.opens_the_first_page()
            assert_roomy(person.page)
            person.types_the_code(new_code(service))
            assert_roomy(person.page)
            person.agrees()
            assert_roomy(person.page)
            person.continues()
            assert_roomy(person.page)
            person.continues()
            person.page.get_by_label("Mostly true").first.check()
            assert_roomy(person.page)
            for path in ("/safety", "/erase", "/nothing"):
                person.page.goto(origin + path)
                assert_roomy(person.page)


def assert_roomy(page: Page) -> None:
    """Targets of 44 px, but for links within a sentence; no scrolling in two directions."""
    small = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, label.row')]
        .filter(each => !each.closest('.unseen'))
        .filter(each => !each.matches('p > a, li > a') || each.parentElement.innerText === each.innerText)
        .map(each => each.closest('label.row') || each)
        .filter(each => each.checkVisibility({visibilityProperty: true}))
        .map(each => [each.textContent || each.name, each.getBoundingClientRect()])
        .filter(([, box]) => box.height < 44 || box.width < 44)
        .map(([name, box]) => `${name.trim()}: ${box.width}x${box.height}`)"""
    )
    assert small == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_the_layout_is_one_column_at_every_width(browser: Browser, origin: str, service: Service) -> None:
    for width in WIDTHS:
        with on(browser, width) as context:
            person = Respondent(context.new_page(), origin)
            person.begins(new_code(service))
            boxes = [
                row.bounding_box() for row in person.page.locator("fieldset").first.locator(".row").all()
            ]
            assert len({round(box["x"]) for box in boxes if box}) == 1
            assert len({round(box["width"]) for box in boxes if box}) == 1
            tops = [box["y"] for box in boxes if box]
            assert tops == sorted(set(tops))


def test_an_unlucky_zoom_hides_no_focus_under_the_bar(
    browser: Browser, origin: str, service: Service
) -> None:
    with on(browser, 320) as context:
        person = Respondent(context.new_page(), origin)
        person.begins(new_code(service))
        page = person.page
        for key in ["Tab"] * 14 + ["Shift+Tab"] * 10:
            page.keyboard.press(key)
            hidden = page.evaluate(
                """() => { const box = document.activeElement.getBoundingClientRect();
                const bar = document.querySelector('.bar').getBoundingClientRect();
                return !document.activeElement.closest('.bar') && box.bottom <= bar.bottom; }"""
            )
            assert not hidden, page.evaluate("document.activeElement.outerHTML")


def test_back_loses_no_answer(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.begins(new_code(service))
        person.answers_a_page("Slightly true")
        person.answers_a_page("Partly true")
        person.page.go_back()
        expect(person.page.get_by_label("Partly true").first).to_be_checked()
        person.page.go_back()
        expect(person.page.get_by_label("Slightly true").first).to_be_checked()
        person.continues()
        person.continues()
        expect(person.page.get_by_text("Questions 11 to 15 of 30")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_after_leaving_nothing_comes_back(
    browser: Browser, origin: str, service: Service, *, scripts: bool
) -> None:
    with on(browser, scripts=scripts) as context:
        person = Respondent(context.new_page(), origin)
        code = new_code(service)
        person.begins(code)
        person.answers_a_page("Completely true")
        person.leaves()
        expect(person.page).to_have_url(origin.replace("127.0.0.1", "localhost") + "/nothing")
        assert context.cookies(origin) == []
        for _ in range(3):
            person.page.go_back()
            assert "Completely true" not in person.page.content()
        person.page.goto(origin + "/page/1")
        expect(person.page.get_by_role("heading", name="This page has ended")).to_be_visible()
        person.opens_the_first_page()
        person.types_the_code(code)
        expect(person.page.get_by_text("Questions 6 to 10 of 30")).to_be_visible()


def test_after_the_end_back_shows_no_answer(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.comes_to_the_check(new_code(service))
        person.sends()
        assert context.cookies(origin) == []
        for _ in range(3):
            person.page.go_back()
            assert "Mostly true" not in person.page.content()


def test_nothing_is_asked_of_anybody_else_and_nothing_is_kept_in_the_browser(
    browser: Browser, origin: str, service: Service
) -> None:
    with on(browser) as context:
        asked: list[str] = []
        said: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: said.append(message.text))
        person = Respondent(context.new_page(), origin)
        person.comes_to_the_check(new_code(service))
        stored = person.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
        person.sends()
        assert stored == [0, 0, ""]
        assert {url.removeprefix(origin)[:1] for url in asked} == {"/"}
        assert [each for each in said if "Cleared data types" not in each] == []


def test_the_first_page_takes_few_requests_and_few_bytes(browser: Browser, origin: str) -> None:
    with on(browser) as context:
        page = context.new_page()
        sizes: list[int] = []
        page.on("requestfinished", lambda request: sizes.append(sum(request.sizes().values())))
        page.goto(origin, wait_until="networkidle")
        assert len(sizes) <= 4
        assert sum(sizes) <= 30 * 1024


def test_the_browser_names_our_origin_when_it_posts(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.opens_the_first_page()
        with person.page.expect_request("**/enter") as posted:
            person.types_the_code(new_code(service))
        headers = posted.value.all_headers()
        assert headers["origin"] == origin
        assert headers["sec-fetch-site"] == "same-origin"
