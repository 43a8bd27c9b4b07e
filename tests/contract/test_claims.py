"""Nothing that anybody reads claims more of the questionnaire than the evidence holds: pages, paper, files.

What pages and files are made of is read first: every template, every translation, every sentence of the
program. Then what comes of it: every page that a link leads to, of people who answer in every language, and
of every role of staff; reports, exports, documents, and PDFs as a reader of PDFs reads them. Sentences that
say what may *not* be said are taken out, and no word of a claim is left.
"""

import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from analysis.report.render import RENDERERS
from app import studies
from app.db import read, write
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.hosted import brought
from app.languages import LANGUAGES, home
from app.operations.pack import declared, documents
from app.paper.pages import paper_form
from app.report.text import report_json, report_text
from app.runtime import Service
from app.staff import accounts
from app.staff.permissions import HOME, ROUTES
from app.studies import waves
from app.studies.information import example
from app.studies.study import STUDY, the_study
from app.templating import render
from instrument import ppiq
from instrument.exchange.hosted import hosted_files
from tests.lib.claims import claimed, readable, sources
from tests.lib.cohorts import another_study, close, take_part
from tests.lib.hosted import GARDEN, as_text
from tests.lib.questionnaire_client import Screen, filled_in, respond
from tests.lib.staff_accounts import EVERYWHERE, ready, sign_in
from tests.privacy.organisations import organisation

LATEST = sorted({*ppiq().forms} - {form.replaces for form in ppiq().forms.values()})
SPOKEN = [(form, language) for form, language in ppiq().words if form in LATEST and language in LANGUAGES]
ELSEWHERE = re.compile(r"/(static|leave|exit)\b")
"""Addresses that show nothing of ours, or end what is being read."""
AS_OTHERS = re.compile(r"/units/[^/]+(/slides)?\.pdf$|/paper\.pdf\?language=(?!ar)")
"""PDFs that are set from the markup of pages that are read here; of each kind one is read as a PDF."""


@pytest.fixture
def url(sqlite_url: str) -> str:
    """On SQLite alone: no engine has a part in what is said."""
    return sqlite_url


class Reader:
    """A browser that keeps all that it is shown, each with the address that it asked for."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.shown: list[tuple[str, bytes]] = []

    def get(self, address: str, **how: Any) -> Any:
        return self._kept(address, self.client.get(address, **how))

    def post(self, address: str, **how: Any) -> Any:
        return self._kept(address, self.client.post(address, **how))

    def _kept(self, address: str, answer: Any) -> Any:
        assert answer.status_code in (200, 303), (address, answer.status_code, answer.text)
        self.shown.append((address, answer.content))
        return answer

    def press(self, page: str, **fields: str) -> str:
        """Press a button of the last form on a page; return the page that follows."""
        form = Screen(page).forms[-1]
        return str(self.post(form.action or "/reflect", data={**form.fields, **fields}).text)

    def follow(self, *first: str, under: str = "/") -> None:
        """Open every page and file that a link leads to, one after the other."""
        waiting, seen = deque(first), {*first}
        while waiting:
            address = waiting.popleft()
            answer = self.get(address, follow_redirects=True)
            if answer.headers.get("content-type", "").startswith("text/html"):
                found = [each for each in links(answer.text) if each.startswith(under) and each not in seen]
                waiting.extend(dict.fromkeys(found))
                seen.update(found)

    def claims(self) -> dict[str, list[str]]:
        """Return what claims too much, by address."""
        found = ((address, claimed(readable(content))) for address, content in self.shown)
        return {address: said for address, said in found if said}


def links(page: str) -> Iterator[str]:
    for found in re.findall(r'href="([^"#]+)', page):
        address = unescape(found)
        if address.startswith("/") and not ELSEWHERE.search(address) and not AS_OTHERS.search(address):
            yield address


@pytest.fixture
def leaving() -> str:
    return "reports"


@pytest.fixture
def reader(client: TestClient) -> Reader:
    return Reader(client)


@pytest.mark.parametrize(
    "claim",
    [
        "<p>This questionnaire is <b>validated</b>.</p>",
        "Es un cuestionario validado y fiable.",
        "Mae'r holiadur yn ddibynadwy: dibynadwy.",
        "مقياس موثوق",
        "Structure supported in a sample of 612 (CFI 0.97).",
        "Content reviewed by 12 people, and understood as intended in 14 interviews.",
        "A score above the cut-off.",
    ],
)
def test_the_words_of_a_claim_are_found(claim: str) -> None:
    assert claimed(claim)
    assert not claimed("An unvalidated blueprint. " + " ".join(ppiq().claims.may_not_say))  # type: ignore[union-attr]


def test_nothing_that_pages_and_files_are_made_of_claims_anything() -> None:
    found = [(where, said) for where, text in sources() if (said := claimed(text))]
    assert found == []


def test_no_page_of_people_who_answer_claims_anything(service: Service, reader: Reader, study: str) -> None:
    reader.follow("/", *(f"{home(each)}/" for each in LANGUAGES))
    for language in LANGUAGES:
        reader.client.cookies.clear()
        with write(service.engine) as db:
            [code] = waves.issue_codes(service, db, f"{study}-1", "north", 1)
        respond(reader, code, role=None, first=f"{home(language)}/")
        address, sent = reader.shown[-1]
        assert address.endswith("/send"), "the receipt, beside the way to one's own answers"
        reader.press(sent.decode())
    assert reader.claims() == {}
    read_in = {address.split("/")[1] for address, _ in reader.shown}
    assert read_in >= {*LANGUAGES} - {"en"}


def test_no_private_reflection_claims_anything(reader: Reader) -> None:
    for form, language in SPOKEN:
        began = reader.post(f"{home(language)}/reflect", data={"_form": f"ppiq/{form}/{language}"}).text
        page = reader.press(began)
        while 'value="result"' not in page:
            [shown] = Screen(page).forms
            page = reader.press(page, **filled_in(shown, {}))
        reader.press(reader.press(page, _go="result"), _go="finish")
    assert {language for _, language in SPOKEN} == {*LANGUAGES}
    assert reader.claims() == {}


@pytest.mark.parametrize(("form", "language"), [*ppiq().words], ids="-".join)
def test_no_paper_form_claims_anything(form: str, language: str) -> None:
    """The PDF is set from this markup and holds nothing else."""
    assert claimed(render(paper_form(ppiq(), form, language))) == []


def test_no_page_or_file_of_staff_claims_anything(service: Service, reader: Reader, study: str) -> None:
    """Of every address that a role may look at, at least one is opened, so no new page is left out."""
    for unit, people in organisation(1, {"south": 12, "north": 11, "east": 24}).items():
        take_part(service, f"{study}-1", unit, people)
    close(service, f"{study}-1")
    with write(service.engine) as db:
        db.execute(update(STUDY).where(STUDY.c.id == study).values(people=60))  # its sample shows units
        wave = waves.make_wave(service, db, study)
        waves.declare_paper(service, db, wave, paper=True)
        waves.issue_codes(service, db, wave, "north", 3)
        waves.open_wave(service, db, wave)
    rows = another_study(service, "rows", leaving="rows")
    take_part(service, rows, "only", organisation(1, {"only": 24})["only"])
    close(service, rows)
    ready(service, "hana", host=EVERYWHERE)
    ready(service, "tara", trainer=study)
    ready(service, "rosa", researcher="rows")
    ready(service, "omar", operator=EVERYWHERE)
    files, _ = hosted_files(as_text(GARDEN))
    with write(service.engine) as db:
        for each in (study, "rows"):
            accounts.give(service, db, "hana", "host", each)
        brought.keep(service, db, "hana", files)
    for role, name in (("host", "hana"), ("trainer", "tara"), ("researcher", "rosa"), ("operator", "omar")):
        reader.client.cookies.clear()
        sign_in(service, reader.client, name)
        reader.follow(HOME[role], under=HOME[role])  # type: ignore[index]
    reader.follow("/staff", "/staff/help", "/staff/account", under="/staff/help")
    assert reader.claims() == {}
    opened = {urlsplit(address).path for address, _ in reader.shown}
    assert [route for route in ROUTES if _is_looked_at(route) and not _is_among(opened, route)] == []


def _is_looked_at(route: str) -> bool:
    """Whether it is a page or a file; what programs read is made of the same words."""
    return route.startswith("GET ") and "/api/" not in route and not AS_OTHERS.search(route)


def _is_among(opened: set[str], route: str) -> bool:
    pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.removeprefix("GET "))))
    return any(pattern.fullmatch(each) for each in opened)


def test_no_report_in_text_claims_anything(service: Service, study: str) -> None:
    for unit, people in organisation(1, {"south": 12, "north": 11, "east": 24}).items():
        take_part(service, f"{study}-1", unit, people)
    close(service, f"{study}-1")
    files = [report_text(service, f"{study}-1"), report_json(service, f"{study}-1")]
    assert [said for each in files if (said := claimed(each))] == []


@pytest.mark.parametrize("form", LATEST)
def test_no_document_of_a_pack_claims_anything(service: Service, form: str) -> None:
    """Manual, protocol, privacy, invitations, interviews, preregistration, and what people agree to."""
    with write(service.engine) as db:
        studies.make_study(db, id="spring", title="Spring", form=form, people=60, information=example())
        made = documents(declared(service, db, the_study(db, "spring")))
    found = {name: claimed(str(RENDERERS["text"](each))) for name, each in made.items()}
    assert {name: said for name, said in found.items() if said} == {}
    assert "user-manual" in found


class TestOfRows:
    @pytest.fixture
    def leaving(self) -> str:
        return "rows"

    def test_no_export_claims_anything(self, service: Service, study: str) -> None:
        for unit, people in organisation(1, {"south": 24, "north": 16, "east": 24}).items():
            take_part(service, f"{study}-1", unit, people)
        close(service, f"{study}-1")
        with read(service.engine) as db:
            data = microdata(service, db, f"{study}-1")
        found = {name: claimed(readable(each.make(data))) for name, each in FORMATS.items()}
        assert {name: said for name, said in found.items() if said} == {}
        assert "none yet" in FORMATS["claims"].make(data).decode()
