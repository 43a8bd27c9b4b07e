"""The size of every page as it is sent, for people on a slow connection: every form in every language."""

import httpx2
import pytest
from playwright.sync_api import Browser, Request

from app import studies
from app.db import write
from app.languages import LANGUAGES, home
from app.runtime import Service
from app.studies import waves
from instrument import ppiq
from tests.e2e.person import ON_SQLITE, on
from tests.lib.linked_waves import EARLIER, declared
from tests.lib.questionnaire_client import Screen, filled_in, respond

pytestmark = [pytest.mark.browser, ON_SQLITE]
A_VISIT, A_PAGE = 30 * 1024, 12 * 1024
REQUESTS = 4
FIRST_PAGES = ("/", "/ar/", "/reflect", "/ar/reflect", "/safety", "/support", "/sheet", "/erase", "/nothing")


class Pages:
    """Every page that came, and how large it was with its head."""

    def __init__(self) -> None:
        self.asking: list[int] = []
        self.all: list[tuple[str, int]] = []
        self.assets: dict[str, int] = {}

    def note(self, answer: httpx2.Response) -> None:
        answer.read()
        size = len(answer.content) + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
        assert "content-encoding" not in answer.headers
        if answer.url.path.startswith("/static/"):
            self.assets[answer.url.path] = size
        elif answer.content:
            self.all.append((answer.text, size))
            if 'id="questions"' in answer.text:
                self.asking.append(size)

    def are_small(self, client: httpx2.Client) -> None:
        """Each page alone, and each as the first that somebody comes to."""
        assert max(self.asking) <= A_PAGE
        for text, size in list(self.all):
            needed = Screen(text).assets
            for address in needed:
                if address not in self.assets:
                    assert client.get(address).status_code == 200
            if "staff-" not in text:  # the page of the figures is never the first
                assert len(needed) < REQUESTS
            assert size + sum(self.assets[address] for address in needed) <= A_VISIT


def browsing(origin: str, pages: Pages) -> httpx2.Client:
    return httpx2.Client(base_url=origin, timeout=60, event_hooks={"response": [pages.note]})


def test_every_page_of_a_wave_is_small_in_every_form_and_language(origin: str, service: Service) -> None:
    for form in ppiq().forms:
        with write(service.engine) as db:
            study = form.replace("_", "-")
            studies.make_study(db, id=study, title="Small", form=form, simulated=True)
            studies.add_unit(db, study, "one", "One")
            waves.open_wave(service, db, wave := waves.make_wave(service, db, study))
            codes = iter(waves.issue_codes(service, db, wave, "one", len(LANGUAGES)))
        for language in (spoken for asked, spoken in ppiq().words if asked == form):
            pages = Pages()
            with browsing(origin, pages) as client:
                respond(client, next(codes), role=None, first=home(language) + "/")
                pages.are_small(client)
            assert len(pages.asking) > len(ppiq().forms[form].items) // 5


def test_every_page_of_a_linked_wave_is_small_in_every_language(origin: str, service: Service) -> None:
    declared(service)
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, EARLIER, "south", len(LANGUAGES))
    for code, language in zip(codes, LANGUAGES, strict=True):
        pages = Pages()
        with browsing(origin, pages) as client:
            respond(client, code, first=home(language) + "/")
            pages.are_small(client)
        assert any("own-mother" in text for text, _ in pages.all)


def test_every_private_page_is_small_in_every_form_and_language(origin: str) -> None:
    for form, language in ppiq().words:
        at, pages = home(language), Pages()
        with browsing(origin, pages) as client:
            client.get(f"{at}/reflect")
            answer = client.post(f"{at}/reflect", data={"_form": f"ppiq/{form}/{language}"})
            while 'value="result"' not in answer.text:
                [*_, shown] = Screen(answer.text).forms
                answer = client.post(f"{at}/reflect", data={**shown.fields, **filled_in(shown, {})})
            pages.are_small(client)


def test_a_first_visit_to_any_page_is_few_requests_and_few_bytes(browser: Browser, origin: str) -> None:
    for path in FIRST_PAGES:
        with on(browser) as context:
            page = context.new_page()
            made: list[Request] = []
            page.on("requestfinished", lambda request, made=made: made.append(request))
            page.goto(origin + path, wait_until="networkidle")
            sizes = [each.sizes() for each in made]
        assert len(made) <= REQUESTS, path
        came = sum(each["responseHeadersSize"] + each["responseBodySize"] for each in sizes)
        assert came <= A_VISIT, path
