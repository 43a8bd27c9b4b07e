"""Cut the connection at every step, and check that no answer is lost that was shown as saved.

    python -m tests.fault.connection [--runs 100] [--seed 1] [--db sqlite,postgres]

In each run a person takes part over a real server and a connection that is cut at each post and at a third of
the pages: before, within and after the request, and within the answer; sometimes the server is killed
instead. They try again, reload, or type the code into another phone. Exits with 1 if anything shown as saved
is lost, if a response is stored other than once, or if its receipt does not erase it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import Row

from app import studies
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION
from app.config import Settings
from app.db import write
from app.languages import LANGUAGES, home
from app.questionnaire.sheet import Sheet
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.linking.elements import ELEMENTS
from app.studies.waves import ISSUED
from app.survey.phrases import read_phrase
from app.vault import read_code, unpad, unseal
from tests.conftest import SECRET
from tests.fault.line import Line
from tests.fault.person import BLANK, Person, Request
from tests.fault.serving import Server, served
from tests.lib.attack_runs import databases
from tests.lib.linked_waves import EARLIER, declared
from tests.lib.respondents import rows

WAVES: Final = ("demo-1", EARLIER)


@dataclass
class Outcome:
    runs: int = 0
    saved: int = 0
    """Answers that pages had shown as saved when they were looked for in the database."""
    cuts: Counter[str] = field(default_factory=Counter)
    steps: set[str] = field(default_factory=set)
    ways: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = [
            f"{self.runs} runs, {self.cuts.total()} cuts at {len(self.steps)} steps",
            ", ".join(f"{count} {moment}" for moment, count in sorted(self.cuts.items())),
            ", ".join(f"{count} {way}" for way, count in sorted(self.ways.items())),
            f"{self.saved} answers shown as saved, {len(self.faults)} faults",
        ]
        return "; ".join(told)


def connection(url: str, log: Path, runs: int, seed: int) -> Outcome:
    """Let one person after the other take part over a connection that is cut."""
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    codes = _waves(service, runs)
    outcome = Outcome()
    with served(url, log) as server, line_to(server) as line:
        for run, code in enumerate(codes):
            chance = Random(f"{seed} {run}")
            person = Person(code, home(chance.choice(list(LANGUAGES))), line, server, chance)
            faults = _one(service, person, outcome)
            outcome.faults += [f"run {run + 1}: {fault}" for fault in faults]
    service.engine.dispose()
    return outcome


@contextmanager
def line_to(server: Server) -> Iterator[Line]:
    line = Line(server.port, server.kill)
    try:
        yield line
    finally:
        line.close()


def _one(service: Service, person: Person, outcome: Outcome) -> list[str]:
    """Let one person take part; return what went wrong."""

    def look() -> None:
        """Check that the draft, opened by code and words, has what was shown as saved."""
        if person.sheet is None:
            saved = drafted(service, person.code, person.words)
            outcome.saved += len(person.told.saved)
            person.told.compare({name: saved.get(name, BLANK) for name in person.told.saved}, "the draft")

    person.looks = look
    before = {row.id for row in rows(service, RESPONSE)}
    try:
        page = person.takes_part()
        kept = [row for row in rows(service, RESPONSE) if row.id not in before]
        faults = [*person.told.missing, *_not_as_sent(service, person, kept)]
        person.sees_the_result(page)
        person.erases()
        if len(set(person.receipts)) != 1:
            faults.append("the receipts differ")
        if {row.id for row in rows(service, RESPONSE)} != before:
            faults.append("the receipt did not erase")
    except AssertionError as error:
        faults = [*person.told.missing, f"{error}"]
    outcome.runs += 1
    outcome.steps |= {step for step, _ in person.cuts}
    outcome.cuts.update(moment for _, moment in person.cuts)
    outcome.ways += person.ways
    return faults


def _not_as_sent(service: Service, person: Person, kept: list[Row[Any]]) -> Iterator[str]:
    hmac = service.vault.code_hmac(str(read_code(person.code)))
    receipt = service.vault.receipt_hmac(str(read_code(person.receipts[0])))
    assert person.sheet is not None
    if [row.receipt_hmac for row in kept] != [receipt]:
        yield f"{len(kept)} responses were kept, not the one that was sent"
    elif {name: str(each) for name, each in kept[0].answers.items()} != sent(person.sheet):
        yield "the response is not what was sent"
    left = [*rows(service, DRAFT, code_hmac=hmac), *rows(service, SESSION, code_hmac=hmac)]
    if left or [row.state for row in rows(service, CODE, hmac=hmac)] != ["finished"]:
        yield "the code is not finished"


def sent(sheet: Request) -> Mapping[str, str]:
    fields = sheet.fields or {}
    return {name: each for name, each in fields.items() if name[0] != "_" and name not in ELEMENTS}


def drafted(service: Service, code: str, words: str) -> Mapping[str, str]:
    """The answers in the draft that a code and the words of its draft open."""
    plain = str(read_code(code))
    [kept] = rows(service, CODE, hmac=service.vault.code_hmac(plain))
    drafts = rows(service, DRAFT, code_hmac=kept.hmac)
    if not drafts:
        return {}
    [draft] = drafts
    if kept.state == ISSUED:
        return {}
    key = unseal(service.vault.key_for_draft(kept.wave, plain, read_phrase(words)), draft.key_by_code)
    assert key is not None
    sealed = unseal(key, draft.ciphertext)
    assert sealed is not None
    return {name: str(answer) for name, answer in Sheet.from_bytes(unpad(sealed)).answers.items()}


def _waves(service: Service, runs: int) -> list[str]:
    """Codes of a wave alone and of one that is linked, in turn."""
    declared(service)
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True)
        studies.add_unit(db, "demo", "south", "South")
        waves.open_wave(service, db, waves.make_wave(service, db, "demo"))
        issued = [waves.issue_codes(service, db, wave, "south", runs // 2 + 1) for wave in WAVES]
    return [code for both in zip(*issued, strict=True) for code in both][:runs]


def main() -> int:
    parser = argparse.ArgumentParser(description="Cut the connection at every step of the road.")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    faults = 0
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, _):
            outcome = connection(make("connection"), Path(folder) / "log", asked.runs, asked.seed)
        print(f"{engine}: {outcome}", flush=True)
        for fault in outcome.faults:
            print(f"  {fault}")
        faults += len(outcome.faults)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
