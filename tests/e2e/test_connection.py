"""A phone loses its connection while somebody answers: the page waits, says so, and sends by itself."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app import studies
from app.closing.mixing import RESPONSE
from app.db import write
from app.runtime import Service
from app.studies import waves
from tests.e2e.person import ON_SQLITE, on, press
from tests.fault.connection import drafted
from tests.lib.questionnaire_client import Screen
from tests.lib.respondents import rows

pytestmark = [pytest.mark.browser, ON_SQLITE]
WAITS = "No connection. This page waits and sends your answers when it is back."
ICON = "**/static/icon-*"


@pytest.fixture
def code(service: Service) -> str:
    """Of a wave of the short form, which has few pages."""
    with write(service.engine) as db:
        studies.make_study(db, id="short", title="Short", form="s", simulated=True, context=["role"])
        studies.add_unit(db, "short", "one", "One")
        waves.open_wave(service, db, wave := waves.make_wave(service, db, "short", items_per_page=6))
        return waves.issue_codes(service, db, wave, "one", 1)[0]


@pytest.fixture
def page(browser: Browser, origin: str, code: str) -> Iterator[Page]:
    """Somebody has come to the first page of questions and chosen an answer to each."""
    with on(browser) as context:
        page = context.new_page()
        page.goto(origin)
        page.get_by_label("Your code").fill(code)
        press(page.get_by_role("button", name="Continue"))
        page.get_by_label("Yes, for this study").check()
        press(page.get_by_role("button", name="Continue"))
        page.get_by_label("My supervisor").check()
        press(page.get_by_role("button", name="Continue"))
        choose(page)
        yield page


@pytest.fixture
def words(page: Page, origin: str) -> str:
    return Screen(page.context.request.get(f"{origin}/later").text()).text_of["phrase"]


def choose(page: Page, answer: int = 3) -> list[str]:
    """Choose the same answer to every question; return their names."""
    questions = page.locator("fieldset").all()
    for question in questions:
        question.locator("input").nth(answer).check()
    return [str(question.get_attribute("id")) for question in questions]


def has_kept_them(page: Page) -> None:
    expect(page.get_by_role("status").first).to_contain_text(WAITS, timeout=10_000)
    for question in page.locator("fieldset").all():
        expect(question.locator("input").nth(3)).to_be_checked()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_answers_wait_on_the_page_and_go_by_themselves(
    page: Page, service: Service, code: str, words: str
) -> None:
    names = choose(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Continue").last.click()
    has_kept_them(page)
    assert not drafted(service, code, words).keys() & set(names)
    page.context.set_offline(False)
    expect(page.get_by_role("status").first).to_be_empty()
    page.wait_for_url("**/page/2")
    assert {name: drafted(service, code, words)[name] for name in names} == dict.fromkeys(names, "3")


def test_what_was_changed_while_waiting_is_what_is_sent(
    page: Page, service: Service, code: str, words: str
) -> None:
    page.context.set_offline(True)
    page.get_by_role("button", name="Continue").last.click()
    has_kept_them(page)
    names = choose(page, answer=1)
    page.context.set_offline(False)
    page.wait_for_url("**/page/2")
    assert {name: drafted(service, code, words)[name] for name in names} == dict.fromkeys(names, "1")


def test_sending_waits_as_well_and_sends_once(page: Page, service: Service) -> None:
    press(page.get_by_role("button", name="Continue").last)
    choose(page)
    press(page.get_by_role("button", name="Continue").last)
    page.context.set_offline(True)
    button = page.get_by_role("button", name="Send my answers")
    for _ in range(3):
        button.click()
    expect(page.get_by_role("status").first).to_contain_text(WAITS)
    assert rows(service, RESPONSE) == []
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Your receipt")).to_be_visible()
    assert len(rows(service, RESPONSE)) == 1


def test_a_service_that_is_being_started_is_waited_for(page: Page) -> None:
    """A proxy answers meanwhile, and its page must not replace the answers."""
    page.context.route(ICON, lambda route: route.fulfill(status=502))
    page.get_by_role("button", name="Continue").last.click()
    has_kept_them(page)
    page.context.unroute(ICON)
    page.wait_for_url("**/page/2")


def test_a_line_that_is_silent_is_told_and_waited_for(page: Page) -> None:
    held: list[Route] = []
    page.context.route(ICON, lambda route: held.append(route))  # noqa: PLW0108 - a builtin is refused
    page.get_by_role("button", name="Continue").last.click()
    has_kept_them(page)
    for route in held:
        route.continue_()
    page.wait_for_url("**/page/2")
