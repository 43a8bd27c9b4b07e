"""Staff with a browser: on a phone and a wide screen, with scripts and without, by keyboard alone."""

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from app import studies
from app.db import write
from app.runtime import Service
from app.staff import accounts
from app.studies import waves
from app.studies.information import ENTRIES, example
from tests.e2e.person import ON_SQLITE, Keyboard, faults, faults_enlarged, on, press
from tests.lib.cohorts import close, take_part
from tests.lib.staff_accounts import PASSWORD, code_of, ready
from tests.privacy.organisations import of_one_mind

pytestmark = [pytest.mark.browser, ON_SQLITE]
WIDTHS = (390, 1280)
SHOTS = os.environ.get("COUNTERPOISE_SCREENSHOTS")


@dataclass
class Desk:
    """What a member of staff does, in their words; every page they see is checked."""

    page: Page
    origin: str
    service: Service
    scripts: bool = True
    seen: int = 0

    def goes(self, path: str) -> None:
        self.page.goto(self.origin + path)
        self.looks_over(path)

    def looks_over(self, what: str) -> None:
        """Check that no fault is found and nothing is fetched from elsewhere."""
        self.page.wait_for_load_state()
        assert faults(self.page, scripts=self.scripts) == [], what
        assert faults_enlarged(self.page) == [], what
        self.seen += 1
        if SHOTS:
            width = self.page.viewport_size["width"] if self.page.viewport_size else 0
            name = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-") or "first"
            self.page.screenshot(path=f"{SHOTS}/{width}-{self.seen:02}-{name}.png", full_page=True)

    def signs_in(self, name: str, *, later: int = 0) -> None:
        self.goes("/staff")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_label("Code", exact=True).fill(code_of(self.service, name, later=later))
        self.presses("Sign in")

    def arrives(self, heading: str, what: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.looks_over(what)

    def presses(self, name: str) -> None:
        press(self.page.get_by_role("button", name=name))

    def fills(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=True).fill(value)


@pytest.fixture(params=[WIDTHS[0], pytest.param(WIDTHS[1], marks=pytest.mark.walks)])
def desk(request: pytest.FixtureRequest, browser: Browser, service: Service, origin: str) -> Iterator[Desk]:
    context = on(browser, request.param)
    context.set_default_timeout(120_000)  # two hundred slips take seconds, and longer beside other tests
    others: list[str] = []
    context.on("request", lambda sent: others.append(sent.url) if not sent.url.startswith(origin) else None)
    yield Desk(context.new_page(), origin, service)
    assert [url for url in others if not url.startswith(("data:", "blob:"))] == []
    context.close()


def test_a_trainer_sets_up_an_account_signs_in_and_reads_a_report(
    desk: Desk, service: Service, study: str
) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    with write(service.engine) as db:
        one_time = accounts.make_account(service, db, "tara")
        accounts.give(service, db, "tara", "trainer", study)
    desk.goes("/staff")
    desk.fills("Name", "tara")
    desk.fills("Password", one_time)
    desk.presses("Sign in")
    desk.arrives("Set up your account", "setting up")
    desk.fills("New password", PASSWORD)
    desk.fills("The same again", PASSWORD)
    desk.fills("The code that your device shows now", "000000")
    desk.presses("Finish")
    expect(desk.page.get_by_role("alert")).to_contain_text("not the one of this moment")
    desk.looks_over("setting up refused")
    desk.fills("New password", PASSWORD)
    desk.fills("The same again", PASSWORD)
    desk.fills("The code that your device shows now", code_of(service, "tara"))
    desk.presses("Finish")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Signed in as tara")
    desk.looks_over("signed in")
    desk.presses("Sign out")
    expect(desk.page.get_by_label("Password")).to_be_visible()
    desk.signs_in("tara", later=1)  # a code works once; the next is taken a step early
    expect(desk.page.get_by_role("heading", name="Reports of closed collections")).to_be_visible()
    desk.page.get_by_role("link", name="Demonstration").first.click()
    expect(desk.page.get_by_role("heading", level=1)).to_contain_text("What people said")
    desk.looks_over("report")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="PDF").click()
    printed = pypdf.PdfReader(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert "What people said" in printed.pages[0].extract_text()
    for forbidden in ("/host", "/operator", "/export", f"/export/waves/{study}-1/responses.csv"):
        answer = desk.page.goto(desk.origin + forbidden)
        assert answer is not None
        assert answer.status == 404, forbidden


def test_after_signing_out_back_shows_no_report(desk: Desk, service: Service, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    ready(service, "tara", trainer=study)
    desk.signs_in("tara")
    desk.page.get_by_role("link", name="Demonstration").first.click()
    desk.arrives("What people said", "report")
    desk.presses("Sign out")
    expect(desk.page.get_by_label("Password")).to_be_visible()
    for _ in range(2):
        desk.page.go_back()
        heading = desk.page.get_by_role("heading", level=1)
        expect(heading).to_have_text("For hosts, researchers, trainers and operators")


def test_a_host_makes_a_study_issues_slips_and_closes_a_wave(desk: Desk, service: Service) -> None:
    page = desk.page
    ready(service, "hana", host="*")
    desk.signs_in("hana")
    desk.arrives("Studies that you run", "studies")
    page.get_by_role("link", name="Make a study").click()
    desk.arrives("Which questions", "forms")
    page.get_by_role("link", name="form A", exact=False).first.click()
    desk.arrives("Make a study", "design empty")
    desk.fills("Name", "Spring placements")
    desk.fills("Short name", "spring")
    desk.fills("How many people do you expect to answer?", "60")
    desk.page.get_by_label("Delete the answers of closed collections on").fill("2099-12-31")
    page.locator("[name=leaving][value=reports]").check()
    page.locator("input[name=ask_length]").check()
    desk.presses("Make this study")
    expect(page.get_by_role("alert")).to_contain_text("is refused")
    desk.looks_over("design refused")
    desk.fills("How many people do you expect to answer?", "240")
    desk.presses("See what it gives away")
    expect(page.locator("#budget")).to_contain_text("the limit is 10%")
    desk.looks_over("design")
    desk.presses("Make this study")
    for title, short, level, above in (
        ("The college", "college", "organisation", None),
        ("North team", "north", "unit", "The college"),
        ("South team", "south", "unit", "The college"),
    ):
        page.locator("#unit-title").fill(title)
        page.locator("#unit-id").fill(short)
        page.get_by_label("What it is").select_option(level)
        if above:
            page.get_by_label("It belongs to").select_option(label=above)
        desk.presses("Declare it")
        expect(page.locator(".tree")).to_contain_text(title)
    expect(page.locator(".tree")).to_contain_text("South team")
    desk.looks_over("study")
    page.get_by_role("link", name="Write or read it").click()
    desk.arrives("What people read before they agree", "information")
    for name in ENTRIES:
        page.locator(f"#{name}").fill(example()[name])
    desk.presses("Save")
    expect(page.locator("main")).to_contain_text("All of it is written.")
    desk.presses("Prepare a collection")
    page.get_by_role("link", name="Collection 1").click()
    desk.arrives("Collection 1 is prepared", "prepared")
    page.get_by_label("For", exact=True).select_option("north")
    desk.fills("How many", "40")
    with page.expect_download() as download:
        page.get_by_role("button", name="Make slips to print").click()
    slips = pypdf.PdfReader(io.BytesIO(Path(download.value.path()).read_bytes()))
    text = "".join(each.extract_text() for each in slips.pages)
    assert len(set(re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", text))) == 40
    page.get_by_label("The units are complete and right.").check()
    page.get_by_label("No unit is the people of one supervisor", exact=False).check()
    page.get_by_label("I have checked the list of people to talk to", exact=False).check()
    desk.presses("Open this collection")
    expect(page.get_by_role("heading", level=1)).to_have_text("Collection 1 is open")
    desk.looks_over("open")
    desk.presses("Pause at once")
    expect(page.get_by_role("heading", level=1)).to_have_text("Collection 1 is paused")
    desk.looks_over("paused")
    desk.presses("Go on")
    page.get_by_label("It shall close in 24 hours.", exact=False).check()
    desk.presses("Close this collection")
    expect(page.locator("main")).to_contain_text("It closes on")
    desk.looks_over("closing announced")
    close(service, "spring-1")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Collection 1 is closed")
    desk.looks_over("closed")
    page.get_by_role("link", name="Spring placements").click()
    expect(page.locator("main")).to_contain_text("Locked since the first collection opened")
    desk.looks_over("locked")
    for forbidden in (
        "/report",
        "/report/waves/spring-1",
        "/export/waves/spring-1/responses.csv",
        "/operator",
    ):
        answer = page.goto(desk.origin + forbidden)
        assert answer is not None
        assert answer.status == 404, forbidden


def test_a_host_sees_what_questions_need_while_they_are_chosen(desk: Desk, service: Service) -> None:
    page = desk.page
    ready(service, "hana", host="*")
    desk.signs_in("hana")
    desk.goes("/host/studies?form=ppiq/a2")
    told = page.locator("#budget")
    expect(told).to_contain_text("need at least")
    before = told.inner_text()
    page.locator("input[name=ask_length]").check()
    expect(told).not_to_have_text(before)
    desk.fills("How many people do you expect to answer?", "20")
    expect(told).to_contain_text("or leave out")
    desk.looks_over("budget refused")
    page.locator("input[name=ask_length]").uncheck()
    desk.fills("How many people do you expect to answer?", "400")
    expect(told).to_contain_text("the limit is 10%")
    assert page.url.endswith("/host/studies?form=ppiq/a2"), "nothing was sent by a button"


def test_a_host_sees_a_sample_of_the_report(desk: Desk, service: Service) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="spring", title="Spring", form="a2", people=80, context=["role"])
        studies.make_study(db, id="rows", title="Rows", form="a2", people=80, context=[], leaving="rows")
        for study in ("spring", "rows"):
            for unit in ("north", "south"):
                studies.add_unit(db, study, unit, f"{unit.title()} team")
    ready(service, "hana", host="spring")
    with write(service.engine) as db:
        accounts.give(service, db, "hana", "host", "rows")
    desk.signs_in("hana")
    desk.goes("/host/studies/spring")
    desk.page.get_by_role("link", name="A sample of what it gives out").click()
    desk.arrives("(SIMULATED)", "sample")
    desk.page.get_by_role("link", name="North team").click()
    desk.arrives("North team (SIMULATED)", "sample of a unit")
    desk.goes("/host/studies/rows/sample")
    desk.arrives("What would leave this study (SIMULATED)", "sample of rows")


def test_a_host_types_in_a_paper(desk: Desk, service: Service, study: str) -> None:
    """In Arabic, so that questions of another direction stand on an English page."""
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, study)
        waves.declare_paper(service, db, wave, paper=True)
        waves.open_wave(service, db, wave)
        [code] = waves.issue_codes(service, db, wave, "south", 1)
    page = desk.page
    ready(service, "hana", host=study)
    desk.signs_in("hana")
    desk.goes(f"/host/waves/{study}-1")
    expect(page.locator("main")).to_contain_text("It takes none: that is declared before")
    desk.goes(f"/host/waves/{wave}")
    page.get_by_role("link", name="Type in a paper").click()
    desk.arrives("Type in a paper", "paper")
    page.get_by_role("link", name="العربية").click()
    desk.arrives("Type in a paper", "paper in arabic")
    desk.fills("Code on the paper", "0000-0000-0000")
    page.get_by_label("Yes, for this study").check()
    for question in page.locator("div[dir=rtl] fieldset").all()[:5]:
        question.locator("input").nth(1).check()
    press(page.get_by_role("button", name="Look it over").last)
    desk.arrives("Compare it with the paper", "paper with a wrong code to compare")
    desk.presses("Save this paper")
    expect(page.get_by_role("alert")).to_contain_text("no code of this collection")
    desk.looks_over("paper refused")
    desk.fills("Code on the paper", code)
    press(page.get_by_role("button", name="Look it over").last)
    desk.arrives("Compare it with the paper", "paper to compare")
    expect(page.locator("main")).to_contain_text("5 questions are answered.")
    desk.presses("Save this paper")
    desk.arrives("The paper was saved", "paper saved")
    page.get_by_role("link", name="Type in the next").click()
    expect(page.get_by_label("Code on the paper")).to_have_value("")


def test_an_operator_makes_an_account(desk: Desk, service: Service, study: str) -> None:
    ready(service, "omar", operator="*")
    ready(service, "tara", trainer=(study, ["south"]))
    desk.signs_in("omar")
    desk.arrives("Accounts of staff", "people")
    desk.fills("Name", "hana")
    desk.page.locator("#role-0").select_option("host")
    desk.page.locator("#study-0").select_option(study)
    desk.presses("Make this account")
    assert re.fullmatch(r"[0-9a-f]{4}(-[0-9a-f]{4}){4}", desk.page.locator(".secret").inner_text())
    desk.looks_over("account made")
    desk.page.get_by_text("Change hana").click()
    desk.looks_over("account open")
    desk.presses("Withdraw host of demo from hana")
    expect(desk.page.get_by_role("button", name="from hana")).to_have_count(0)


def test_without_scripts_everything_works_for_staff(browser: Browser, service: Service, origin: str) -> None:
    ready(service, "hana", host="*")
    with on(browser, scripts=False) as context:
        desk = Desk(context.new_page(), origin, service, scripts=False)
        desk.signs_in("hana")
        desk.goes("/host/studies?form=ppiq/a")
        desk.fills("Name", "Spring")
        desk.fills("Short name", "spring")
        desk.fills("How many people do you expect to answer?", "60")
        desk.page.locator("[name=leaving][value=reports]").check()
        desk.page.get_by_label("Delete the answers of closed collections on").fill("2099-12-31")
        desk.presses("Make this study")
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("Spring")
        desk.page.locator("#unit-title").fill("North team")
        desk.page.locator("#unit-id").fill("north")
        desk.page.get_by_label("What it is").select_option("unit")
        desk.presses("Declare it")
        desk.presses("Prepare a collection")
        expect(desk.page.get_by_role("link", name="Collection 1")).to_be_visible()


def test_by_keyboard_alone_a_host_opens_a_collection(browser: Browser, service: Service, origin: str) -> None:
    ready(service, "hana", host="*")
    with write(service.engine) as db:
        studies.make_study(
            db, id="spring", title="Spring", people=60, context=["role"], information=example()
        )
        studies.add_unit(db, "spring", "north", "North")
        accounts.give(service, db, "hana", "host", "spring")
        waves.make_wave(service, db, "spring")
    with on(browser, 1280) as context:
        page = context.new_page()
        keys = Keyboard(page)
        page.goto(f"{origin}/staff")
        for typed in ("hana", PASSWORD, code_of(service, "hana")):
            keys.goes_to("input")
            page.keyboard.type(typed)
        keys.enters()
        assert page.url == f"{origin}/host"
        page.goto(f"{origin}/host/waves/spring-1")
        keys.goes_to("[name=sure]")
        page.keyboard.press("Space")
        for confirmed in ("units", "people"):
            keys.goes_to(f"[name=confirm_{confirmed}]")
            page.keyboard.press("Space")
        keys.goes_to("form[action$='/open'] button")
        keys.enters()
        expect(page.get_by_role("heading", level=1)).to_have_text("Collection 1 is open")
