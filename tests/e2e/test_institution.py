"""Signing in by the institution in a real browser: two sites, strict cookies, with scripts and without.

The provider is at `localhost` and the service at 127.0.0.1, so that to the browser they are two sites.
"""

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from app.db import write
from app.main import create_app
from app.operations.server import server
from app.runtime import Service
from app.staff import accounts
from app.staff.accounts import ACCOUNT
from tests.lib.oidc_provider import Provider, running_provider
from tests.lib.staff_accounts import code_of

pytestmark = [pytest.mark.browser]


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def origin(service: Service, provider: Provider, unused_port: int) -> Iterator[str]:
    origin = f"http://127.0.0.1:{unused_port}"
    configured = replace(
        service, settings=replace(service.settings, institution=provider.institution(origin))
    )
    running = server(create_app(configured.settings, configured), "127.0.0.1", unused_port)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield origin
    running.should_exit = True
    thread.join(10)


@dataclass
class Person:
    """What somebody does, in a browser with its usual rules."""

    page: Page
    provider: Provider

    def goes_by_the_institution(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()
        if self.provider.clicks:
            self.page.get_by_role("link", name="Yes").click()
        expect(self.page).to_have_url(re.compile(r"^http://127\.0\.0\.1:\d+/staff/institution/code$"))
        self.sees("One step is left")

    def types(self, code: str) -> None:
        self.page.get_by_label("The code that your device shows now").fill(code)
        self.page.get_by_role("button", name="Continue").click()

    def sees(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    def finds_no_barrier(self) -> None:
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()


def stays_here(answer: BaseHTTPRequestHandler) -> None:
    """Answer so that a browser stays on the page where it is, as if the way to the provider took long."""
    answer.send_response(204)
    answer.end_headers()


def waits_until(happened: Callable[[], bool], page: Page) -> None:
    for _ in range(600):
        if happened():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it has not happened in half a minute")


def is_invited(page: Page, origin: str, service: Service) -> None:
    with write(service.engine) as db:
        one_time = accounts.make_account(service, db, "ada")
        accounts.give(service, db, "ada", "operator", "*")
    page.goto(f"{origin}/staff")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(one_time)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["presses there", "no scripts, sent back at once"])
def test_somebody_links_their_account_and_signs_in_by_the_institution(
    browser: Browser, origin: str, service: Service, provider: Provider, scripts: bool
) -> None:
    provider.clicks = scripts
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    person = Person(context.new_page(), provider)
    is_invited(person.page, origin, service)
    person.sees("Set up your account")
    person.goes_by_the_institution("Use Test College")
    person.types("000000")
    expect(person.page.get_by_role("alert")).to_contain_text("We could not sign you in")
    person.types(code_of(service, "ada"))
    person.sees("Accounts of staff")
    person.page.get_by_role("button", name="Sign out").click()
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).values(last_step=0))
    person.goes_by_the_institution("Sign in with Test College")
    person.types(code_of(service, "ada"))
    person.sees("Accounts of staff")
    names = {each["name"] for each in context.cookies()}
    assert names == {"device", "staff"}, "nothing of the way is left"
    person.page.go_back()
    assert "code=" not in person.page.url, "the way back is not in the history"
    context.close()


def test_its_pages_have_no_barrier(
    browser: Browser, origin: str, service: Service, provider: Provider
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    person = Person(context.new_page(), provider)
    person.page.goto(f"{origin}/staff")
    person.finds_no_barrier()
    provider.instead["/authorize"] = stays_here
    person.page.get_by_role("button", name="Sign in with Test College").click()
    waits_until(lambda: provider.asked.count("/authorize") >= 1, person.page)
    person.sees("To the page of Test College")
    person.finds_no_barrier()
    go_on = person.page.get_by_role("link", name="Go on")
    there = f"{go_on.get_attribute('href')}"
    asked = provider.asked.count("/authorize")
    go_on.click()
    waits_until(lambda: provider.asked.count("/authorize") > asked, person.page)
    provider.instead.clear()
    person.page.goto(there)
    person.sees("One step is left")
    person.finds_no_barrier()
    person.types("000000")
    expect(person.page.get_by_role("alert")).to_be_visible()
    person.finds_no_barrier()
    provider.on_return = {"error": "access_denied"}
    person.page.goto(f"{origin}/staff")
    person.page.get_by_role("button", name="Sign in with Test College").click()
    expect(person.page.get_by_role("alert")).to_contain_text("did not come to its end")
    person.finds_no_barrier()
    is_invited(person.page, origin, service)
    person.sees("Set up your account")
    person.finds_no_barrier()
    context.close()
