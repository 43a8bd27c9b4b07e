"""A research study in a browser: two hosts bring it to its opening, and a person answers its battery."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from app import studies
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.db import read, write
from app.runtime import Service
from app.staff import accounts
from app.studies import information, waves
from instrument import orders
from tests.e2e.person import ON_SQLITE, PHONE, WIDE, on
from tests.e2e.test_staff import Desk
from tests.lib.batteries import NAME, compose_here, on_a_shelf
from tests.lib.staff_accounts import ready

pytestmark = [pytest.mark.browser, ON_SQLITE]


@pytest.fixture
def service(service: Service, tmp_path: Path) -> Service:
    """The service with a battery in its folder of questionnaires."""
    made = on_a_shelf(service, tmp_path / "instruments")
    compose_here(made)
    return made


@pytest.mark.parametrize(("width", "scripts"), [(PHONE, False), (WIDE, True)])
def test_a_battery_from_its_approval_to_its_row(
    browser: Browser, service: Service, origin: str, width: int, *, scripts: bool
) -> None:
    for name in ("hana", "ines"):
        ready(service, name, host="*")
    with on(browser, width, scripts=scripts) as context:
        desk = Desk(context.new_page(), origin, service, scripts=scripts)
        desk.signs_in("hana")
        desk.goes(f"/host/studies?form={NAME}/{NAME}")
        desk.fills("Name", "Power and gardens")
        desk.fills("Short name", "trial")
        desk.fills("How many people do you expect to answer?", "60")
        desk.page.locator("input[name=kind][value=research]").check()
        desk.page.get_by_label("with nothing withheld", exact=False).check()
        desk.page.get_by_label("How old are you?").check()
        desk.page.get_by_label("Delete the answers of closed collections on").fill("2099-12-31")
        desk.looks_over("design of a research study")
        desk.presses("Make this study")
        desk.arrives("Power and gardens", "research study")
        with write(service.engine) as db:
            studies.declare_unit(service, db, "trial", "all", "Everybody")
            information.describe(service, db, studies.the_study(db, "trial"), information.example())
            accounts.give(service, db, "ines", "host", "trial")
        desk.fills("Committee, reference and date", "REC 26/0001, 1 May 2026")
        desk.presses("This is the approval")
        expect(desk.page.locator("#release")).to_contain_text("said by you")
        desk.looks_over("approval said")
    with on(browser, width, scripts=scripts) as context:
        desk = Desk(context.new_page(), origin, service, scripts=scripts, seen=10)
        desk.signs_in("ines")
        desk.goes("/host/studies/trial")
        desk.page.locator("#release input[name=sure]").check()
        desk.presses("Confirm, as the second person")
        expect(desk.page.locator("#release")).to_contain_text("confirmed by ines")
        desk.looks_over("approval confirmed")
        desk.presses("Prepare a collection")
        with write(service.engine) as db:
            waves.open_wave(service, db, "trial-1", confirmed=waves.CONFIRMATIONS)
            [code] = waves.issue_codes(service, db, "trial-1", "all", 1)
    form, shown = service.instruments[NAME].forms[NAME], []
    with on(browser, width, scripts=scripts) as context:
        desk = Desk(context.new_page(), origin, service, scripts=scripts, seen=20)
        page = desk.page
        page.goto(origin)
        desk.fills("Your code", code)
        page.locator("form#enter button").last.click()
        expect(page.locator("main")).to_contain_text("Ethics approval: REC 26/0001, 1 May 2026.")
        expect(page.locator("main")).to_contain_text("may be the only one with what they say of themselves")
        desk.looks_over("consent of a research study")
        page.locator("#study").check()
        page.locator("input[name=fairness]").check()
        desk.presses("Continue")
        seen_blocks: set[str] = set()
        while not page.url.endswith("/check"):
            radios = page.locator("input[type=radio]")
            names = [*dict.fromkeys(radios.evaluate_all("them => them.map(each => each.name)"))]
            for name in names:
                page.locator(f"input[name={name}]").first.check()
            items = [name for name in names if name in form.by_id]
            shown += items
            if items and (block := form.block_of[items[0]]) not in seen_blocks:
                seen_blocks.add(block)
                desk.looks_over(f"first page of {block}")
            if page.url.endswith("/self"):
                desk.arrives("A few questions about yourself", "questions agreed to separately")
            desk.presses("Continue")
        desk.looks_over("check")
        desk.presses("Send my answers")
        desk.arrives("Your answers were sent", "sent")
    with read(service.engine) as db:
        [row] = db.execute(select(RESPONSE))
        [apart] = db.execute(select(SPECIAL_ANSWER))
    assert apart.answers == {"self-age": "under_25"}
    assert "self-age" not in row.answers
    assert seen_blocks == {"ppiq", "say", "plot"}
    assert tuple(shown) == orders(form)[row.block_order - 1]
