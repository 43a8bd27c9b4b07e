"""Whoever takes the phone afterwards and goes back, forward and to every address sees no answer.

The browser keeps pages in memory to go back to (back-forward cache), as people's browsers do.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from app import studies
from app.db import write
from app.runtime import Service
from app.studies import waves
from tests.e2e.person import CHROMIUM, ON_SQLITE, QUIET, on, press

pytestmark = [pytest.mark.browser, ON_SQLITE]
TITLE = "Spring placements"
CHOSEN = 'checked=""'
TELLING = ("Completely true", "My supervisor</", TITLE, CHOSEN, 'value="4"', 'name="vi5"', 'name="_key"')
RECEIPT = "Your receipt"
NOT_AT_REST = "the browser does not come to rest"


@pytest.fixture(scope="module")
def remembering(browser: Browser) -> Iterator[Browser]:
    with browser.browser_type.launch(
        executable_path=CHROMIUM, args=QUIET, ignore_default_args=["--disable-back-forward-cache"]
    ) as launched:
        yield launched


@pytest.fixture
def code(service: Service) -> str:
    with write(service.engine) as db:
        studies.make_study(db, id="short", title=TITLE, form="s", simulated=True, context=["role"])
        studies.add_unit(db, "short", "one", "One")
        waves.open_wave(service, db, wave := waves.make_wave(service, db, "short", items_per_page=12))
        return waves.issue_codes(service, db, wave, "one", 1)[0]


@dataclass
class Visit:
    page: Page
    origin: str
    addresses: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("framenavigated", lambda frame: self.addresses.append(frame.url))

    def answers_all(self, code: str) -> None:
        page = self.page
        page.goto(self.origin)
        page.get_by_label("Your code").fill(code)
        press(page.get_by_role("button", name="Continue"))
        page.get_by_label("Yes, for this study").check()
        press(page.get_by_role("button", name="Continue"))
        page.get_by_label("My supervisor").check()
        press(page.get_by_role("button", name="Continue"))
        for choice in page.get_by_label("Completely true", exact=True).all():
            choice.check()
        press(page.get_by_role("button", name="Continue").last)
        page.get_by_text("Questions 1 to").click()
        page.get_by_role("link", name="Change answers 1 to").click()
        page.wait_for_load_state()  # a press of Shift counts once the script runs

    def leaves_by_the_link(self) -> None:
        self.page.get_by_role("link", name="Leave this site").click()
        self.page.wait_for_url(self.origin.replace("127.0.0.1", "localhost") + "/nothing")

    def leaves_by_shift(self) -> None:
        for _ in range(3):
            self.page.keyboard.press("Shift")
        self.page.wait_for_url(self.origin.replace("127.0.0.1", "localhost") + "/nothing")

    def sends(self) -> None:
        self.page.goto(f"{self.origin}/check")
        press(self.page.get_by_role("button", name="Send my answers"))
        expect(self.page.get_by_role("heading", name=RECEIPT)).to_be_visible()

    def sends_sees_the_result_and_leaves(self) -> None:
        self.sends()
        press(self.page.get_by_role("button", name="Show my answers by topic"))
        self.page.locator(".topic > summary").first.click()
        expect(self.page.get_by_text("Completely true").first).to_be_visible()
        self.leaves_by_the_link()


def told(page: Page) -> list[str]:
    """What a page shows of the answers, or of where they belong, once the browser has come to rest.

    A page from memory is blank, and asks the server what it is now, before the browser comes to rest.
    """
    found = [NOT_AT_REST]
    for _ in range(30):
        with suppress(Error):
            if page.evaluate("document.readyState") == "complete":
                markup = page.content()
                found = [each for each in TELLING if each in markup]
        if not found:
            break
        page.wait_for_timeout(100)
    return found


def looked_through(visit: Visit) -> Iterator[tuple[str, list[str]]]:
    """Go back to the beginning, reloading each page as well; forward to the end; then to every address."""
    page, addresses = visit.page, dict.fromkeys(visit.addresses)
    steps = page.evaluate("history.length") - 1
    for turn in (*(page.go_back, page.reload) * steps, *(page.go_forward,) * steps):
        # The browser asks first, which it reports as an error, before it posts a form again.
        with suppress(Error):
            turn(wait_until="load", timeout=2_000)
        yield page.url, told(page)
    for address in addresses:
        page.goto(address)
        yield address, told(page)


WITH_SCRIPTS = (
    Visit.leaves_by_the_link,
    Visit.leaves_by_shift,
    Visit.sends_sees_the_result_and_leaves,
)
WITHOUT = tuple(each for each in WITH_SCRIPTS if each is not Visit.leaves_by_shift)


@pytest.mark.parametrize(
    ("scripts", "ends"),
    [*((True, each) for each in WITH_SCRIPTS), *((False, each) for each in WITHOUT)],
    ids=lambda each: each.__name__ if callable(each) else ("no scripts", "scripts")[each],
)
def test_after_leaving_no_way_back_shows_an_answer(
    remembering: Browser, origin: str, code: str, ends: Callable[[Visit], None], *, scripts: bool
) -> None:
    with on(remembering, scripts=scripts) as context:
        visit = Visit(context.new_page(), origin)
        visit.answers_all(code)
        assert CHOSEN in visit.page.content()
        ends(visit)
        assert context.cookies(origin) == []
        seen = list(looked_through(visit))
        assert len(dict(seen)) > 5
        assert [(address, each) for address, each in seen if each] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_at_the_end_no_earlier_page_shows_an_answer(
    remembering: Browser, origin: str, code: str, *, scripts: bool
) -> None:
    """The page of the receipt may be posted again, and is itself again; every other has ended."""
    with on(remembering, scripts=scripts) as context:
        visit = Visit(context.new_page(), origin)
        visit.answers_all(code)
        visit.sends()
        assert context.cookies(origin) == []
        for address, telling in looked_through(visit):
            if address.endswith("/send") and RECEIPT in visit.page.content():
                assert not visit.page.get_by_text("Completely true").count()
            else:
                assert telling == [], address
