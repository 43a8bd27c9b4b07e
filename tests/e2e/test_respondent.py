"""A person with a browser and a mouse."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from app.closing.mixing import RESPONSE
from app.db import write
from app.runtime import Service
from app.studies import waves
from tests.e2e.person import ON_SQLITE, Keyboard, faults, on, press
from tests.lib.respondents import rows

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("study"), ON_SQLITE]
WIDTHS = (390, 1280)


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
        press(self.page.get_by_role("button", name="Continue"))

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
        press(self.page.get_by_role("button", name="Send my answers"))
        return self.page.locator(".receipt").inner_text()


def new_code(service: Service) -> str:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, "demo-1", "north", 1)[0]


def test_a_person_completes_it_and_erases_it_again(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.comes_to_the_check(new_code(service))
        receipt = person.sends()
        [kept] = rows(service, RESPONSE)
        assert [kept.answers[item.id] for item in service.instruments["ppiq"].forms["a"].items] == [3] * 30
        assert kept.answers["role"] == "practice_educator"
        person.page.get_by_role("link", name="Erase my answers").click()
        person.page.get_by_label("Your receipt").fill(receipt)
        press(person.page.get_by_role("button", name="Erase my answers"))
        expect(person.page.get_by_role("heading", name="Your answers are erased")).to_be_visible()
        assert rows(service, RESPONSE) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 390)])
def test_no_page_has_a_fault_whatever_was_left_out_or_mistaken(
    browser: Browser, origin: str, service: Service, scheme: str, width: int
) -> None:
    with on(browser, width, color_scheme=scheme) as context:
        person = Respondent(context.new_page(), origin)
        page = person.page

        def looks() -> None:
            assert faults(page) == [], page.title()

        person.opens_the_first_page()
        looks()
        person.types_the_code("wrong")
        looks()
        person.types_the_code(new_code(service))
        looks()
        page.get_by_label("Yes, for this study").evaluate("box => box.removeAttribute('required')")
        person.continues()
        looks()
        person.agrees()
        looks()
        person.continues()
        looks()
        person.continues()
        looks()
        page.get_by_label("Mostly true").first.check()
        person.continues()
        looks()
        person.continues()
        for _ in range(5):
            person.answers_a_page("Rather not say")
        looks()
        person.sends()
        looks()
        press(page.get_by_role("button", name="Show my answers by topic"))
        page.get_by_text("Show the arithmetic").click()
        looks()
        for path in ("/erase", "/safety", "/support", "/page/1", "/nothing"):
            page.goto(origin + path)
            looks()
        page.goto(origin + "/erase")
        page.get_by_label("Your receipt").fill("wrong")
        press(page.get_by_role("button", name="Erase my answers"))
        looks()


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


def test_at_400_percent_the_bar_hides_no_focus(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.begins(new_code(service))
        person.page.set_viewport_size({"width": 320, "height": 256})
        Keyboard(person.page).tours()
        for _ in range(20):
            person.page.keyboard.press("Shift+Tab")
            hidden = person.page.evaluate(
                """() => { const box = document.activeElement.getBoundingClientRect();
                const bar = document.querySelector('.bar').getBoundingClientRect();
                return !document.activeElement.closest('.bar') && box.bottom <= bar.bottom; }"""
            )
            assert not hidden, person.page.evaluate("document.activeElement.outerHTML")


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


def test_the_browser_names_our_origin_when_it_posts(browser: Browser, origin: str, service: Service) -> None:
    with on(browser) as context:
        person = Respondent(context.new_page(), origin)
        person.opens_the_first_page()
        with person.page.expect_request("**/enter") as posted:
            person.types_the_code(new_code(service))
        headers = posted.value.all_headers()
        assert headers["origin"] == origin
        assert headers["sec-fetch-site"] == "same-origin"
