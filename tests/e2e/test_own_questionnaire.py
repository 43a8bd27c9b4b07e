"""A questionnaire from a host's spreadsheet to a person's result, on a phone without scripts."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app import studies
from app.db import read, write
from app.hosted.brought import publish, the_brought
from app.runtime import Service, make_service
from app.studies import information, waves
from tests.e2e.person import ON_SQLITE, PHONE, WIDE, Keyboard, on
from tests.e2e.test_staff import Desk
from tests.lib.hosted import changed, xlsx
from tests.lib.staff_accounts import ready

pytestmark = [pytest.mark.browser, ON_SQLITE]
ALSO_LOOKED_AT = ((PHONE, True), (WIDE, True)) if os.environ.get("COUNTERPOISE_SCREENSHOTS") else ()


@pytest.fixture
def service(url: str, service: Service, tmp_path: Path) -> Service:
    """The service with a folder of questionnaires."""
    return make_service(replace(service.settings, database_url=url, instruments=tmp_path / "instruments"))


def sends(desk: Desk, content: bytes) -> None:
    sheet = {"name": "garden.xlsx", "mimeType": "application/octet-stream", "buffer": content}
    desk.page.get_by_label("The spreadsheet").set_input_files(sheet)
    desk.presses("Send it")


def answers(page: Page, highest: str, desk: Desk) -> None:
    """Answer the four questions and go on."""
    for item in ("joy_1", "joy_2", "yield_1", "yield_2"):
        page.locator(f"input[name={item}][value='{highest if item == 'joy_1' else 1}']").check()
    desk.presses("Continue")


def glances(desk: Desk, what: str) -> None:
    """Take a picture of a page that other tests look over."""
    if ALSO_LOOKED_AT:
        desk.looks_over(what)


def sees_the_result(desk: Desk) -> None:
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Your answers, by topic")
    expect(desk.page.locator("main")).to_contain_text("the garden is more of a pleasure")
    assert desk.page.locator("circle.dot").first.get_attribute("cx") == "100.0%"


@pytest.mark.parametrize(("width", "scripts"), [(PHONE, False), *ALSO_LOOKED_AT])
def test_from_a_spreadsheet_to_a_result(
    browser: Browser, service: Service, origin: str, width: int, *, scripts: bool
) -> None:
    ready(service, "hana", host="*")
    with on(browser, width, scripts=scripts) as context:
        page = context.new_page()
        desk = Desk(page, origin, service, scripts=scripts)
        desk.signs_in("hana")
        page.get_by_role("link", name="Your own questionnaires").click()
        desk.arrives("Your own questionnaires", "questionnaires")
        sends(desk, xlsx(changed("items", 3, "text", "Where do you live?")))
        expect(page.get_by_role("alert")).to_contain_text("items, B3")
        desk.looks_over("complaint")
        sends(desk, xlsx())
        desk.arrives("Our shared garden", "draft")
        keyboard = Keyboard(page)
        keyboard.presses("a.button")
        expect(page.locator("main")).to_contain_text("This is a preview")
        glances(desk, "preview begin")
        desk.presses("Continue")
        glances(desk, "preview questions")
        answers(page, "4", desk)
        desk.presses("Show my answers by topic")
        sees_the_result(desk)
        glances(desk, "preview result")
        page.get_by_role("link", name="Back to the questionnaire").click()
        desk.presses("Hand it over")
        expect(page.locator("main")).to_contain_text("With the operator")
        desk.looks_over("handed over")
        with write(service.engine) as db:
            publish(service, db, the_brought(db, page.url.rpartition("/")[2]))
        page.reload()
        glances(desk, "published")
        page.get_by_role("link", name="Make a study with it").click()
        glances(desk, "design")
        desk.fills("Name", "Plot seven")
        desk.fills("Short name", "plot")
        desk.fills("How many people do you expect to answer?", "60")
        page.locator("[name=leaving][value=reports]").check()
        page.get_by_label("Delete the answers of closed collections on").fill("2099-12-31")
        desk.presses("Make this study")
        glances(desk, "study")
        with write(service.engine) as db:
            studies.declare_unit(service, db, "plot", "one", "One", level="unit", parent=None)
            information.describe(service, db, studies.the_study(db, "plot"), information.example())
        page.reload()
        desk.presses("Prepare a collection")
        with write(service.engine) as db:
            waves.open_wave(service, db, "plot-1", confirmed=waves.CONFIRMATIONS)
            [code] = waves.issue_codes(service, db, "plot-1", "one", 1)
    with on(browser, width, scripts=scripts) as context:
        desk = Desk(context.new_page(), origin, service, scripts=scripts, seen=20)
        desk.page.goto(origin)
        desk.fills("Your code", code)
        desk.page.locator("form#enter button").last.click()
        expect(desk.page.locator("main")).to_contain_text("This is about the garden that you share.")
        desk.looks_over("consent")
        desk.page.locator("#study").check()
        desk.presses("Continue")
        glances(desk, "questions")
        answers(desk.page, "4", desk)
        desk.presses("Send")
        glances(desk, "sent")
        expect(desk.page.locator("main")).not_to_contain_text("could be tried")  # the garden has no actions
        desk.presses("Show my answers by topic")
        sees_the_result(desk)
        desk.looks_over("result")
    with read(service.engine) as db:
        assert [wave.state for wave in waves.waves(db, "plot")] == ["open"]
