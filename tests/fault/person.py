"""A person on a connection that is cut at every step, who tries again, reloads, or uses another phone.

They remember what a page has shown as saved, and look for it on every page they see again.
"""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import urlencode, urljoin

from app.languages import told_apart
from instrument import LEFT_BLANK
from tests.fault.line import HOST, Cut, Line, Moment
from tests.fault.serving import Server
from tests.lib.questionnaire_client import Form, Screen

MOMENTS: Final = (Moment.UNSENT, Moment.HALF_SENT, Moment.UNANSWERED, Moment.HALF_ANSWERED)
KILLS: Final = (Moment.KILLED, Moment.KILLED_AFTER)
KILLED_OFTEN, LOOKS_CUT_OFTEN = 0.04, 0.35
ANSWERED_OFTEN, CHANGED_OFTEN, BACK_OFTEN = 0.9, 0.2, 0.05
AGAIN, RELOADED, ELSEWHERE = "again", "reloaded", "another phone"
MAX_REQUESTS: Final = 300
BLANK: Final = str(LEFT_BLANK)
UNREAD: Final = "own-"
"""Questions with a list to choose from; what is chosen in it is chosen anew each time."""


@dataclass(frozen=True)
class Request:
    address: str
    fields: Mapping[str, str] | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What it saves, by question."""

    @property
    def step(self) -> str:
        """What is cut once: an address, in whatever language, separately for GET and POST."""
        return f"{'GET' if self.fields is None else 'POST'} {told_apart(self.address)[1]}"


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    screen: Screen


class Lost(Exception):
    def __init__(self, request: Request) -> None:
        super().__init__(request.step)
        self.request = request


@dataclass
class Phone:
    port: int
    cookie: str = ""

    def ask(self, request: Request) -> Answer:
        """Ask over a connection of its own; a cookie counts once its header was read, whatever follows."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        headers = {"Cookie": self.cookie} if self.cookie else {}
        try:
            if request.fields is None:
                connection.request("GET", request.address, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", request.address, urlencode(request.fields), headers)
            answer = connection.getresponse()
            for given in answer.msg.get_all("set-cookie") or []:
                self.cookie = "" if "Max-Age=0" in given else given.partition(";")[0]
            body = answer.read().decode()
        except (OSError, http.client.HTTPException):
            raise Lost(request) from None
        finally:
            connection.close()
        return Answer(answer.status, answer.getheader("location", ""), Screen(body))


@dataclass
class Told:
    """What pages have shown as saved, and what was being sent when the connection was cut."""

    saved: dict[str, str] = field(default_factory=dict)
    on_its_way: dict[str, set[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def as_saved(self, answers: Mapping[str, str]) -> None:
        for name, value in answers.items():
            self.saved[name] = value
            self.on_its_way.pop(name, None)

    def as_cut_off(self, answers: Mapping[str, str]) -> None:
        for name, value in answers.items():
            self.on_its_way.setdefault(name, set()).add(value)

    def compare(self, shown: Mapping[str, str], where: str) -> None:
        """Check that what was shown as saved is there, unless something sent after it is."""
        for name, value in self.saved.items():
            if name in shown and shown[name] not in {value, *self.on_its_way.get(name, ())}:
                self.missing.append(f"{where}: {name} is {shown[name]}, was saved as {value}")


@dataclass
class Person:
    code: str
    home: str
    line: Line
    server: Server
    chance: Random
    looks: Callable[[], None] = lambda: None
    """Called when the line was cut, and at the check page, with everything as it is then."""
    told: Told = field(default_factory=Told)
    cuts: Counter[tuple[str, str]] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    receipts: list[str] = field(default_factory=list)
    sheet: Request | None = None
    """What the check page sends; it stays open until the receipt is there."""
    words: str = ""
    """Copied from the page where they are shown."""

    def __post_init__(self) -> None:
        self.phone = Phone(self.line.port)

    def takes_part(self) -> Screen:
        """Take part from the first page to that of the receipt."""
        here = f"{self.home}/"
        request = Request(here)
        for _ in range(MAX_REQUESTS):
            try:
                here, answer = self._arrives(request)
            except Lost as lost:
                request = self._resumes(lost.request, here)
                continue
            if answer.status == http.client.NOT_FOUND:
                request = self._types_the_code()
            elif answer.status == http.client.CONFLICT:
                assert self.sheet is not None, "told that it was sent, before it was"
                request = self.sheet
            else:
                assert answer.status == http.client.OK, (here, answer.status)
                if "receipt" in answer.screen.text_of:
                    self.receipts.append(answer.screen.text_of["receipt"])
                    return answer.screen
                request = self._goes_on(answer.screen, here)
        raise AssertionError(f"no receipt after {MAX_REQUESTS} requests")

    def sees_the_result(self, screen: Screen) -> None:
        """Ask for the result from the page of the receipt; after a cut, again, or from that page anew."""
        for _ in range(MAX_REQUESTS):
            [form] = screen.forms
            try:
                answer = self._ask(Request(form.action, form.fields))
            except Lost:
                if self._chooses(AGAIN, RELOADED) == RELOADED:
                    screen = self.takes_part_again()
                continue
            assert answer.status == http.client.OK
            return

    def takes_part_again(self) -> Screen:
        """Send the very same sheet once more, as a browser does that reloads the receipt's page."""
        assert self.sheet is not None
        answer = self._ask(self.sheet)
        assert answer.status == http.client.OK, answer.status
        self.receipts.append(answer.screen.text_of["receipt"])
        return answer.screen

    def erases(self) -> None:
        """Type the receipt; after a cut, again, until the page says that it is gone."""
        tried = False
        for _ in range(MAX_REQUESTS):
            try:
                answer = self._ask(Request(f"{self.home}/erase", {"receipt": self.receipts[0]}))
            except Lost:
                tried = True
                continue
            gone = answer.status == http.client.OK
            assert gone or (tried and answer.status == http.client.UNPROCESSABLE_ENTITY), answer.status
            return

    def _arrives(self, request: Request) -> tuple[str, Answer]:
        answer = self._ask(request)
        while answer.status == http.client.SEE_OTHER:
            self.told.as_saved(request.answers)
            request = Request(urljoin(request.address, answer.location).partition("#")[0])
            answer = self._ask(request)
        return request.address, answer

    def _ask(self, request: Request) -> Answer:
        """Ask once; the first time that this step is taken the connection is cut at some moment."""
        looks = request.fields is None
        if request.step not in {step for step, _ in self.cuts} and (
            not looks or self.chance.random() < LOOKS_CUT_OFTEN
        ):
            moments = KILLS if self.chance.random() < KILLED_OFTEN else MOMENTS
            moment = self.chance.choice(moments)
            self.cuts[request.step, moment] += 1
            self.line.cut_next(Cut(moment, self.chance.random()))
        try:
            return self.phone.ask(request)
        except Lost:
            self.told.as_cut_off(request.answers)
            raise
        finally:
            if not self.server.runs():
                self.server.start()

    def _resumes(self, request: Request, here: str) -> Request:
        self.looks()
        way = self._chooses(AGAIN, RELOADED, ELSEWHERE)
        if way == ELSEWHERE:
            self.phone = Phone(self.line.port)
            return self._types_the_code()
        return request if way == AGAIN else Request(here)

    def _chooses(self, *ways: str) -> str:
        way = self.chance.choice(ways)
        self.ways[way] += 1
        return way

    def _types_the_code(self) -> Request:
        return Request(f"{self.home}/enter", {"code": self.code})

    def _goes_on(self, screen: Screen, here: str) -> Request:
        """Look at what the page shows, then fill it in; some questions stay blank, some answers change."""
        form = screen.forms[0]
        if form.action.endswith("/enter"):
            if "phrase" in form.fields:
                return Request(form.action, {**form.fields, "phrase": self.words})
            return self._types_the_code()
        self.words = screen.text_of.get("phrase", self.words)
        if form.action.endswith("/send"):
            self.told.compare(form.fields, here)
            self.looks()
            self.sheet = Request(form.action, form.fields)
            return self.sheet
        radios = {name: form.fields.get(name, BLANK) for name in form.choices if not name.startswith(UNREAD)}
        self.told.compare(radios, here)
        self.told.as_saved(radios)
        return self._filled_in(form, here)

    def _filled_in(self, form: Form, here: str) -> Request:
        fields = {**form.fields, **dict.fromkeys(form.boxes, "yes")}
        for name, offered in form.choices.items():
            often = CHANGED_OFTEN if name in fields else ANSWERED_OFTEN
            if name.startswith(UNREAD) or self.chance.random() < often:
                fields[name] = self.chance.choice(offered)
        answers = {name: fields.get(name, BLANK) for name in form.choices}
        if form.choices and self.chance.random() < BACK_OFTEN:
            fields["_go"] = "back"
            answers = {name: answer for name, answer in answers.items() if answer != BLANK}
        return Request(form.action or here, fields, answers)
