"""A person at the questionnaire, without a browser: reads the forms that are shown and fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

MAX_STEPS = 60
PAGES = 6
NOTHING = {"_": ""}
"""A form in which nothing was chosen; the client sends no form at all for an empty one."""


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    """What is sent if nothing is touched."""
    choices: dict[str, list[str]] = field(default_factory=dict)
    """Each group of radio buttons and what it offers."""
    boxes: list[str] = field(default_factory=list)
    required: set[str] = field(default_factory=set)


class Screen(HTMLParser):
    """The forms, links and words of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.assets: list[str] = []
        self.text_of: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attributes}
        name = at.get("name", "")
        if tag not in ("meta", "link", "input", "br"):
            self._open.append((tag, at.get("class", "") or at.get("id", "")))
        if tag == "form":
            self.forms.append(Form(at.get("action", ""), at.get("method", "get")))
        elif tag == "a":
            self.links.append(at["href"])
        elif tag == "link":
            self.assets.append(at["href"])
        elif tag == "script":
            self.assets.append(at["src"])
        elif tag == "select":
            self.forms[-1].choices[name] = []
        elif tag == "textarea" and self.forms:
            self.forms[-1].fields[name] = ""
        elif tag == "option" and at["value"]:
            [*_, group] = self.forms[-1].choices
            self.forms[-1].choices[group].append(at["value"])
        elif tag == "input" and self.forms:
            self._read_input(self.forms[-1], at, name)

    def _read_input(self, form: Form, at: Mapping[str, str], name: str) -> None:
        kind = at.get("type", "text")
        if "required" in at:
            form.required.add(name)
        if kind == "radio":
            form.choices.setdefault(name, []).append(at["value"])
        if kind == "checkbox":
            form.boxes.append(name)
        if kind not in ("radio", "checkbox") or "checked" in at:
            form.fields[name] = at.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        for _, mark in self._open[-1:]:
            if mark:
                self.text_of[mark] = self.text_of.get(mark, "") + data.strip()


def respond(
    client: Any,
    code: str,
    answers: Mapping[str, Any] | None = None,
    role: str | None = "supervisor",
    *,
    archive: bool = False,
    first: str = "/",
) -> str:
    """Take part with a code, from the first page of a language, and return the receipt.

    `answers` by item or context question; the others get the first answer that is offered. An answer of None
    is left blank. `client` is any HTTP client of httpx's shape.
    """
    given = {"role": role, **(answers or {})}
    screen, here = open_page(client, first)
    [form] = screen.forms
    screen, here = submit(client, here, form, {"code": code})
    for _ in range(MAX_STEPS):
        if "receipt" in screen.text_of:
            return screen.text_of["receipt"]
        [form] = screen.forms
        screen, here = submit(client, here, form, filled_in(form, given, archive=archive))
    raise AssertionError(f"no receipt after {MAX_STEPS} pages; the last was {here}")


def filled_in(form: Form, given: Mapping[str, Any], *, archive: bool = False) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, offered in form.choices.items():
        answer = given.get(name, offered[0])
        if answer is not None:
            assert str(answer) in offered, f"{name}: {answer!r} is not offered, only {offered}"
            fields[name] = str(answer)
    for box in form.boxes:
        if box in form.required or archive:
            fields[box] = "yes"
    return fields


def open_page(client: Any, address: str) -> tuple[Screen, str]:
    return _arrive(client, address, client.get(address))


def submit(client: Any, here: str, form: Form, fields: Mapping[str, str]) -> tuple[Screen, str]:
    address = urljoin(here, form.action) if form.action else here
    sent = {"content-type": "application/x-www-form-urlencoded"}  # a browser says so of an empty form, too
    return _arrive(client, address, client.post(address, data={**form.fields, **fields}, headers=sent))


def _arrive(client: Any, address: str, response: Any) -> tuple[Screen, str]:
    while response.status_code == 303:
        address = urljoin(address, response.headers["location"]).partition("#")[0]
        response = client.get(address)
    assert response.status_code == 200, f"{urlsplit(address).path}: {response.status_code}\n{response.text}"
    return Screen(response.text), address


def enter(client: Any, code: str) -> str:
    """Type a code; return the page it leads to."""
    answer = client.post("/enter", data={"code": code})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def six_words(client: Any) -> str:
    """Return the words that open the draft that this browser has open."""
    return Screen(client.get("/later").text).text_of["phrase"]


def come_back(client: Any, code: str, words: str) -> str:
    """Type a code and, since something is saved under it, the words that open it; return where they lead."""
    asked = client.post("/enter", data={"code": code})
    assert asked.status_code == 200, asked.text
    opening, _ = Screen(asked.text).forms
    answer = client.post(opening.action, data={**opening.fields, "phrase": words})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def agree(client: Any) -> str:
    return client.post("/consent", data={"study": "yes"}).headers["location"]


def fill(client: Any, path: str, **given: object) -> str:
    """Fill in a page, the first answer where none is given, None for a blank; return where it leads."""
    [form] = Screen(client.get(path).text).forms
    return client.post(path, data=filled_in(form, given)).headers["location"]


def at_check(client: Any, code: str) -> None:
    enter(client, code)
    assert agree(client) == "/about"
    fill(client, "/about")
    for number in range(1, PAGES + 1):
        fill(client, f"/page/{number}")
