"""Nothing that anybody reads claims more of the questionnaire than the evidence holds: pages, paper, files.

Every public page is followed from the first one, in every language; a report and an export are made; each
form is laid out for paper in each of its languages. Sentences that say what may *not* be said are taken out,
and no word of a claim is left.
"""

import io
import json
import re
import zipfile
from collections import deque
from collections.abc import Iterator
from html import unescape

import pytest
from starlette.testclient import TestClient

from app.db import read
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.languages import LANGUAGES
from app.paper.pages import paper_form
from app.report.text import report_json, report_text
from app.runtime import Service
from app.templating import render
from instrument import ppiq
from tests.lib.cohorts import close, signed_in, take_part
from tests.privacy.organisations import organisation

pytestmark = pytest.mark.either

CLAIMS = re.compile(
    r"(?<!un)validated|\bis (?:a )?valid\b|\breliable\b|(?<!no )\bnorms?\b|cut-?off|clinical|\bproven\b"
    r"|scientifically|\bmeasures (?:power|imbalance)|\bdetects\b|(?:high|low) scores?\b|\bdiagnos"
    r"|\bvalidad[oa]s?\b|\bfiables?\b|\bdiagnóstic|\bbaremos?\b"
    r"|\bdilys\b|\bdibynadwy\b|\bwedi['’]i ddilysu"
    r"|موثوق|مُثبت علم|معايير مرجعية",
    re.IGNORECASE,
)
MOST_PAGES = 400


def text_of(page: str) -> str:
    """Return what a page says, without the sentences on what may not be said."""
    shown = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    said = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown)))
    for claims in ppiq().claims_in.values():
        for line in (*claims.may_not_say, *claims.always, *claims.may_say):
            said = said.replace(line, " ")
    return said


def claimed(text: str) -> list[str]:
    said = text_of(text)
    return [said[max(0, found.start() - 60) : found.end() + 40] for found in CLAIMS.finditer(said)]


def addresses(page: str) -> Iterator[str]:
    for found in re.findall(r'href="([^"#]+)', page):
        address = unescape(found)
        if address.startswith("/") and not re.search(r"/(static|leave|staff)\b|\.pdf$", address):
            yield address


@pytest.fixture
def leaving() -> str:
    return "reports"


def test_the_words_of_a_claim_are_found() -> None:
    assert claimed("<p>This questionnaire is <b>validated</b>.</p>")
    assert claimed("Es un cuestionario validado y fiable.")
    assert claimed("Mae'r holiadur yn ddibynadwy: dibynadwy.")
    assert not claimed("An unvalidated blueprint. " + " ".join(ppiq().claims.may_not_say))  # type: ignore[union-attr]


def test_no_public_page_claims_anything(client: TestClient, study: str) -> None:
    assert study
    waiting = deque(["/", *(f"/{language}" for language in LANGUAGES if language != "en"), "/reflect"])
    seen: set[str] = set()
    found: dict[str, list[str]] = {}
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.popleft()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address, follow_redirects=True)
        if answer.headers.get("content-type", "").startswith("text/html"):
            if said := claimed(answer.text):
                found[address] = said
            waiting.extend(addresses(answer.text))
    assert found == {}
    assert len(seen) > 4 * len(LANGUAGES)
    assert {language for language in LANGUAGES if any(a.startswith(f"/{language}") for a in seen)} >= {
        *LANGUAGES
    } - {"en"}


@pytest.mark.parametrize(("form", "language"), [*ppiq().words], ids="-".join)
def test_no_paper_form_claims_anything(form: str, language: str) -> None:
    """The PDF is set from this markup and holds nothing else."""
    assert claimed(render(paper_form(ppiq(), form, language))) == []


def test_no_report_claims_anything(service: Service, client: TestClient, study: str) -> None:
    for unit, people in organisation(1, {"south": 12, "north": 11, "east": 24}).items():
        take_part(service, f"{study}-1", unit, people)
    close(service, f"{study}-1")
    signed_in(service, client, "trainer", study)
    first = f"/report/waves/{study}-1"
    listed = client.get(first)
    assert listed.status_code == 200
    of_report = [address for address in addresses(listed.text) if address.startswith(first)]
    pages = [client.get("/report").text, listed.text, *(client.get(each).text for each in of_report)]
    files = [report_text(service, f"{study}-1"), report_json(service, f"{study}-1")]
    assert len(pages) > 2
    assert [said for each in (*pages, *files) if (said := claimed(each))] == []


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
        found = {name: claimed(_readable(each.make(data))) for name, each in FORMATS.items()}
        assert {name: said for name, said in found.items() if said} == {}
        assert "none yet" in FORMATS["claims"].make(data).decode()


def _readable(content: bytes) -> str:
    """Return the text in a file: of an archive, the text of its parts."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = [archive.read(name) for name in archive.namelist()]
        return " ".join(part.decode("utf-8", "ignore") for part in parts)
    text = content.decode("utf-8", "ignore")
    return json.dumps(json.loads(text), ensure_ascii=False) if text.startswith("{") else text
