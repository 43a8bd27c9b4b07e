"""Somebody reflects privately, with others near: every form, every way out, a lost connection."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from app.closing.mixing import RESPONSE
from app.languages import LANGUAGES, home
from app.questionnaire.path import CHECK
from app.runtime import Service, now
from app.vault import RUN_BYTES
from instrument import Form, ppiq
from tests.e2e.person import CHROMIUM, ON_SQLITE, QUIET, on, press
from tests.lib.respondents import rows

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("study"), ON_SQLITE]
REPLACED = {form.replaces for form in ppiq().forms.values()}
FORMS = [form for form in ppiq().forms.values() if form.id not in REPLACED]
"""Those that are offered: of two editions the later one."""
ENDED = "This page has ended"
FOLDED_AT_MOST = 2000
"""Pixels of a result on a phone, before anything is unfolded."""


@dataclass(frozen=True)
class Person:
    """What a person does, in their words."""

    page: Page
    origin: str

    def chooses(self, form: Form) -> None:
        self.page.goto(self.origin)
        self.page.get_by_role("link", name="Reflect privately").click()
        self.page.locator(f'input[value="ppiq/{form.id}/en"]').check()
        self.presses("Continue")

    def presses(self, name: str) -> None:
        press(self.page.get_by_role("button", name=name, exact=True).locator("visible=true").last)

    def answers_a_page(self) -> None:
        for question in self.page.locator("fieldset").all():
            question.locator("input").nth(1).check()
        self.presses("Continue")

    def answers_all(self, form: Form) -> None:
        self.chooses(form)
        self.presses("Continue")
        while not self.page.get_by_role("button", name="Show my answers by topic").count():
            self.answers_a_page()

    def sees_the_result(self, form: Form) -> None:
        self.answers_all(form)
        self.presses("Show my answers by topic")

    def leaves(self) -> None:
        self.page.get_by_role("link", name="Leave this site").click()
        self.is_elsewhere()

    def is_elsewhere(self) -> None:
        expect(self.page).to_have_url(self.origin.replace("127.0.0.1", "localhost") + "/nothing")


def shown(page: Page) -> str:
    """What a person sees once the browser has come to rest."""
    page.wait_for_load_state("load")
    return page.locator("body").inner_text()


SEND = """([action, fields]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    for (const [name, value] of Object.entries(fields))
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    document.body.append(form);
    form.submit();
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_result_is_short_in_every_language(
    browser: Browser, origin: str, service: Service, language: str
) -> None:
    words, heights = ppiq().words, {}
    with on(browser) as context:
        page = context.new_page()
        for form in (form for form in FORMS if (form.id, language) in words):
            answers = {item.id: str(form.scale_of(item.id).codes[1]) for item in form.items}
            role = {form.role: ppiq().context[form.role].options[0]} if form.role in form.context else {}
            run = {
                "_form": f"ppiq/{form.id}/{language}",
                "_key": service.vault.run_key(os.urandom(RUN_BYTES), now().date()),
                "_at": CHECK,
                "_go": "result",
            }
            page.goto(origin)
            with page.expect_navigation():
                page.evaluate(SEND, [f"{home(language)}/reflect", {**run, **role, **answers}])
            expect(page.locator(".result")).to_be_visible()
            heights[form.id] = page.evaluate("document.documentElement.scrollHeight")
    assert len(heights) > 5
    assert {form: height for form, height in heights.items() if height >= FOLDED_AT_MOST} == {}


@pytest.mark.parametrize(
    ("form", "scripts"),
    [
        pytest.param(form, bool(n % 2), id=f"{form.id}-{'' if n % 2 else 'no-'}scripts")
        for n, form in enumerate(FORMS)
    ],
)
def test_a_person_reflects_privately_on_every_form(
    browser: Browser, origin: str, form: Form, service: Service, *, scripts: bool
) -> None:
    with on(browser, scripts=scripts) as context:
        person = Person(context.new_page(), origin)
        person.sees_the_result(form)
        height = person.page.evaluate("document.documentElement.scrollHeight")
        assert height < FOLDED_AT_MOST, "the result is not short before anything is unfolded"
        words = ppiq().words[form.id, "en"]
        scale = form.scale_of(form.items[0].id)
        for topic in person.page.locator(".topic > summary").all():
            topic.click()
        expect(person.page.get_by_text(words.label(scale.id, scale.codes[1])).first).to_be_visible()
        figures = person.page.get_by_text("precise these figures")
        if form.result in ("facets", "total"):
            expect(figures).to_be_hidden()
            person.page.get_by_text("Show the arithmetic").click()
            expect(figures).to_be_visible()
        else:
            expect(figures).to_have_count(0)
        assert context.cookies() == []
        person.presses("Finish")
        expect(person.page.get_by_role("heading", name="You have finished")).to_be_visible()
        if scripts:
            assert person.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert rows(service, RESPONSE) == []


def test_shift_three_times_leaves(browser: Browser, origin: str) -> None:
    with on(browser, 1280) as context:
        person = Person(context.new_page(), origin)
        person.chooses(FORMS[0])
        keys, said = person.page.keyboard, person.page.get_by_role("status").first
        keys.press("Shift")
        expect(said).to_have_text("Shift twice more to leave")
        keys.press("Shift")
        expect(said).to_have_text("Shift once more to leave")
        keys.press("Shift")
        person.is_elsewhere()


def test_shift_within_a_word_does_not_leave(browser: Browser, origin: str) -> None:
    with on(browser) as context:
        page = context.new_page()
        page.goto(origin)
        page.get_by_label("Your code").focus()
        for key in ("A", "B", "C", "D"):
            page.keyboard.press(f"Shift+{key}")
        expect(page.get_by_role("status").first).to_be_empty()
        expect(page).to_have_url(origin + "/")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("ending", ["leave", "finish"])
def test_after_leaving_or_finishing_back_shows_no_answer(
    browser: Browser, origin: str, ending: str, *, scripts: bool
) -> None:
    with on(browser, scripts=scripts) as context:
        person = Person(context.new_page(), origin)
        page = person.page
        person.sees_the_result(FORMS[0])
        if ending == "leave":
            person.leaves()
        else:
            person.presses("Finish")
        for _ in range(4):
            # The browser asks first, which it reports as an error, before it sends an old page again.
            for step in (page.go_back, page.reload):
                with suppress(Error):
                    step(wait_until="load")
                assert not re.search("Slightly true|by topic|Before you begin", shown(page)), page.url
            expect(page.locator("body")).to_contain_text(ENDED)


def test_a_page_from_the_browsers_memory_shows_nothing(browser: Browser, origin: str, code: str) -> None:
    """With the back-forward cache on, which browser tests otherwise switch off."""
    remembering = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=QUIET,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    with remembering, on(remembering) as context:
        person = Person(context.new_page(), origin)
        person.page.goto(origin)
        person.page.get_by_label("Your code").fill(code)
        person.presses("Continue")
        person.page.get_by_label("Yes, for this study").check()
        person.presses("Continue")
        person.page.get_by_label("My line manager").check()
        person.presses("Continue")
        person.leaves()
        for _ in range(4):
            person.page.go_back(wait_until="commit")
            person.page.wait_for_timeout(200)
            assert "line manager</" not in person.page.content().replace("line manager. You", "")
            assert "Demonstration" not in person.page.content()


def test_a_page_that_the_browser_kept_asks_the_server_what_it_is_now(
    browser: Browser, origin: str, code: str
) -> None:
    with on(browser) as context:
        person = Person(context.new_page(), origin)
        person.page.goto(origin)
        person.page.get_by_label("Your code").fill(code)
        person.presses("Continue")
        expect(person.page.get_by_text("Demonstration", exact=True)).to_be_visible()
        context.clear_cookies()
        person.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(person.page.get_by_role("heading", name=ENDED)).to_be_visible()
        expect(person.page.get_by_text("Demonstration", exact=True)).to_have_count(0)


def test_the_screen_is_white_before_the_other_site_answers(browser: Browser, origin: str) -> None:
    with on(browser) as context:
        person = Person(context.new_page(), origin)
        person.chooses(FORMS[0])
        # A response without content leaves the browser where it is, as a slow site does for a while.
        context.route("**/exit/*", lambda route: route.fulfill(status=204))
        person.page.get_by_role("link", name="Leave this site").click()
        expect(person.page.locator("main")).to_be_hidden()
        ground = person.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


def test_a_lost_connection_waits_and_loses_no_answer(browser: Browser, origin: str) -> None:
    with on(browser) as context:
        person = Person(context.new_page(), origin)
        person.chooses(FORMS[0])
        person.presses("Continue")
        person.answers_a_page()
        first = [each.get_attribute("id") for each in person.page.locator("fieldset").all()]
        for question in person.page.locator("fieldset").all():
            question.locator("input").nth(3).check()
        context.set_offline(True)
        person.page.get_by_role("button", name="Continue").last.click()
        expect(person.page.get_by_role("status").first).to_contain_text("No connection")
        expect(person.page.locator(f"#{first[0]} input").nth(3)).to_be_checked()
        assert person.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        context.set_offline(False)
        expect(person.page.get_by_text("Questions 6 to 10 of 30")).to_be_visible()
        person.presses("Go back")
        for name in first:
            expect(person.page.locator(f"#{name} input").nth(3)).to_be_checked()


def test_a_scanned_code_is_read_and_leaves_the_address(browser: Browser, origin: str) -> None:
    with on(browser) as context:
        page = context.new_page()
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        page.goto(f"{origin}/#ABCD-EFGH-JKMN")
        expect(page.get_by_label("Your code")).to_have_value("ABCD-EFGH-JKMN")
        assert page.url == f"{origin}/"
        assert not any("ABCD" in each.partition("#")[0] for each in asked)
