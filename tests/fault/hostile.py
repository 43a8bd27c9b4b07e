"""Type hostile text into every field there is, and look whether any of it acts.

    python -m tests.fault.hostile [--texts 200] [--seed 1] [--db sqlite,postgres]

A respondent, a host, an operator and a stranger follow every link from their first page and send every form
that they find; each field of text holds one hostile text after the other: markup that leaves where it stands,
addresses that run, templates, SQL, formulas, characters that act. A host also brings questionnaires with them
in every cell of words. Exits with 1 if text becomes an element or an attribute, if a template is filled in,
or if a request fails by a fault of ours. Then

unescaped  the pages are made without escaping

must be noticed.
"""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle, islice, product
from random import Random
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from starlette.testclient import TestClient

from app import templating
from app.db import write
from app.main import create_app
from app.runtime import Service
from app.studies import waves
from app.templating import environment, shared_html
from tests.fault.sending import WAVE, open_study
from tests.lib.attack_runs import run_each
from tests.lib.hosted import GARDEN, xlsx
from tests.lib.questionnaire_client import at_check
from tests.lib.staff_accounts import ready, sign_in

UNESCAPED: Final = "unescaped"
TEXTS_OF_A_FAULT: Final = 20
HOME: Final = "http://127.0.0.1"
PAGES: Final = 150
"""That one visitor opens at most."""
FAULTS_OF_OURS: Final = 500
TYPED: Final = ("text", "search", "password", "email", "url", "tel", "number", "date", "")
LEAVING: Final = (
    "",
    '">',
    "'>",
    "</title>",
    "</textarea>",
    "</script>",
    "-->",
    "</option></select>",
    "]]>",
    "\u2028",
)
ACTING: Final = (
    "<acts>",
    "<img src=acts onerror=acts>",
    "<svg/onload=acts>",
    '<a href="javascript:acts">',
    '" onfocus=acts autofocus="',
    "' onfocus=acts autofocus='",
    "<script>acts</script>",
    "<scr<script>ipt>acts</script>",
    "%3Cacts%3E",
    "&lt;acts&gt;<acts>",
    "{{ 70007*7 }}",
    "{% for x in range(9) %}acts{% endfor %}",
    "${70007*7}",
    "'; DROP TABLE unit; --",
    "1 OR 1=1",
    "=HYPERLINK(70007*7)",
    "@SUM(1)",
    "\x1b[2Jacts",
    "\u202eacts",
    "\ufffe\ud7ff acts",
)
FILLED_IN: Final = str(70007 * 7)
OF_OURS: Final = frozenset({"html", "head", "body"})


@dataclass
class Outcome:
    sent: int = 0
    pages: int = 0
    fields: set[str] = field(default_factory=set)
    faults: set[str] = field(default_factory=set)

    @property
    def holds(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        first = f": {min(self.faults)}" if self.faults else ""
        return (
            f"{self.sent} forms sent by {len(self.fields)} fields, {self.pages} pages read, "
            f"{len(self.faults)} faults{first}"
        )


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


class Looked(HTMLParser):
    """A page as a browser takes it: its links and forms, and whatever acts that we have not written."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.acts: list[str] = []
        self.feed(markup)
        if FILLED_IN in markup:
            self.acts.append("a template was filled in")

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attributes}
        self.acts += [f"<{tag} {name}>" for name, value in at.items() if name.startswith("on") and value]
        self.acts += [f"<{tag}>"] * (tag in ("acts", "svg") and "acts" in str(at) + tag)
        where = at.get("href") or at.get("src") or at.get("action") or ""
        if where.lower().startswith("javascript:") or (tag == "script" and not where.startswith("/static/")):
            self.acts.append(f"<{tag}> {where}")
        if tag == "a":
            self.links.append(where)
        elif tag == "form":
            self.forms.append(Form(where, at.get("method", "get")))
        elif self.forms and (name := at.get("name")):
            form = self.forms[-1]
            if tag == "textarea" or (tag == "input" and at.get("type", "") in TYPED):
                form.texts.append(name)
            elif tag == "input" and at.get("type") != "file":
                form.fields.setdefault(name, at.get("value", "yes"))

    def error(self, message: str) -> None:
        self.acts.append(message)


@dataclass
class Visitor:
    """Somebody who follows every link and sends every form with what they type."""

    client: TestClient
    texts: Iterator[str]
    outcome: Outcome
    most: int = PAGES
    seen: set[str] = field(default_factory=set)

    def look(self, answer: Any, where: str) -> Looked:
        self.outcome.pages += 1
        if answer.status_code >= FAULTS_OF_OURS and "retry-after" not in answer.headers:
            self.outcome.faults.add(f"{where}: {answer.status_code}")
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        looked = Looked(answer.text if is_page else "")
        self.outcome.faults |= {f"{where}: {each}" for each in looked.acts}
        return looked

    def visit(self, *first: str, forms: bool = True) -> None:
        waiting = deque(first)
        self.seen.clear()
        while waiting and len(self.seen) < self.most:
            address = waiting.popleft()
            path = urlsplit(address).path
            if path in self.seen or path in {"/exit", "/staff/sign-out"} or urlsplit(address).netloc:
                continue
            self.seen.add(path)
            looked = self.look(self.client.get(address, follow_redirects=True), path)
            waiting += [urljoin(address, each) for each in looked.links]
            for form in looked.forms if forms else ():
                waiting += self.send(path, form)

    def send(self, path: str, form: Form) -> list[str]:
        """Send a form with hostile text in one field after the other; return where it leads."""
        address = urljoin(path, form.action) if form.action else path
        if urlsplit(address).netloc or address.endswith(("/sign-out", "/exit")):
            return []
        leads = []
        for name in form.texts:
            harmless = dict.fromkeys(form.texts, "Garden")
            fields = {**form.fields, **harmless, name: next(self.texts)}
            self.outcome.fields.add(f"{address} {name}")
            self.outcome.sent += 1
            if form.method.lower() == "post":
                answer = self.client.post(address, data=fields)
            else:
                answer = self.client.get(address, params=fields)
            self.look(answer, address)
            if location := answer.headers.get("location"):
                leads.append(location)
        return leads


def hostile(url: str, texts: int, seed: int, fault: str = "") -> Outcome:
    """Type so many texts as somebody of each kind."""
    service, outcome = open_study(url), Outcome()
    every = list(islice(cycle(before + acts for before, acts in product(LEAVING, ACTING)), texts))
    Random(seed).shuffle(every)
    with _escaping(on=fault != UNESCAPED):
        _visits(service, cycle(every), outcome, texts)
    service.engine.dispose()
    return outcome


@contextmanager
def _escaping(*, on: bool) -> Iterator[None]:
    """Make the pages anew, with or without escaping; afterwards as they are."""
    made = (environment, shared_html, templating._template)
    try:
        for each in made:
            each.cache_clear()
        environment("en").autoescape = on
        yield
    finally:
        for each in made:
            each.cache_clear()


def _visits(service: Service, typed: Iterator[str], outcome: Outcome, texts: int) -> None:
    with write(service.engine) as db:
        begun, at_the_end = waves.issue_codes(service, db, WAVE, "south", 2)
    ready(service, "hana", host="*")
    ready(service, "olga", operator="*")
    least = 0
    while outcome.sent < texts and outcome.sent >= least:
        least = outcome.sent + 1
        for name in ("stranger", "hana", "olga"):
            with _browser(service) as client:
                visitor = Visitor(client, typed, outcome, most=min(PAGES, texts))
                if name == "stranger":
                    visitor.visit("/", "/erase", "/safety", "/staff/sign-in", "/private")
                    continue
                sign_in(service, client, name)
                visitor.visit("/host/studies", "/staff", "/people")
                if name == "hana":
                    _bring(visitor, texts)
                visitor.visit("/host/studies", "/host/questionnaires", "/staff", "/people", forms=False)
    with _browser(service) as client:
        at_check(client, begun)
        Visitor(client, typed, outcome, most=min(PAGES, texts)).visit("/check", "/about", "/page/1")
    with _browser(service) as client:
        client.post("/enter", data={"code": at_the_end})
        Visitor(client, typed, outcome).visit("/consent", "/later")


def _browser(service: Service) -> TestClient:
    return TestClient(
        create_app(service.settings, service),
        base_url=HOME,
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def _bring(visitor: Visitor, most: int) -> None:
    """Bring a questionnaire with hostile text in each cell of words in turn, a quarter as often as typed."""
    cells = [
        (sheet, row, column)
        for sheet, lines in GARDEN.items()
        for row, line in enumerate(lines)
        for column, cell in enumerate(line)
        if row and isinstance(cell, str)
    ]
    for sheet, row, column in cells[: most // 4]:
        sheets = {name: [list(line) for line in lines] for name, lines in GARDEN.items()}
        sheets[sheet][row][column] = "".join(filter(str.isprintable, next(visitor.texts)))
        visitor.outcome.sent += 1
        visitor.outcome.fields.add(f"{sheet} {row} {column}")
        answer = visitor.client.post("/host/questionnaires", files={"file": ("garden.xlsx", xlsx(sheets))})
        visitor.look(answer, "/host/questionnaires")
        if location := answer.headers.get("location"):
            visitor.look(visitor.client.get(location), "a questionnaire that was brought")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--texts", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def typed(url: str, fault: str) -> Outcome:
        return hostile(url, TEXTS_OF_A_FAULT if fault else given.texts, given.seed, fault)

    return run_each(given.db, [UNESCAPED], typed, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
