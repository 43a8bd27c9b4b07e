"""An organisation in a database of its own, and all that anyone may read of it over HTTP."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from sqlalchemy import Connection, delete, insert, select

from analysis.disclosure.base_table import BaseTable, Group, base_table, rules, table_as_json
from analysis.disclosure.release import NoChange, release, report_as_json
from analysis.validation.thresholds import THRESHOLDS
from app import studies
from app.closing import maintenance
from app.closing.snapshots import RESPONSE, SNAPSHOT, compute_snapshot
from app.config import Settings
from app.db import write
from app.evidence.basis import LAST
from app.evidence.standing import CONFIRMED, ERROR, EVIDENCE
from app.main import create_app
from app.runtime import Service, check_secret, make_service, now
from app.studies import waves
from app.tables import RETIRED
from app.vault import new_code
from tests.lib.postgres_server import Postgres
from tests.lib.respondents import make_due
from tests.privacy.attackers import Groups, Person
from tests.privacy.organisations import ABOUT, FORM, INSTRUMENT, tree

STUDY: Final = "demo"
WAVE: Final = "demo-1"
FIRST: Final = NoChange(reason="first")
POPULATION: Final = "SIMULATED people"
REPORT: Final = f"/report/waves/{WAVE}"
FILES: Final = (f"{REPORT}.json", f"{REPORT}.csv")
Pages = dict[str, bytes]


@dataclass
class Server:
    """The service as the demonstration runs it: a trainer's pages open without a password."""

    service: Service
    app: FastAPI
    portal: BlockingPortal
    units: list[str] = field(default_factory=list)
    stored: Groups = field(default_factory=dict)
    receipts: dict[str, list[str]] = field(default_factory=dict)
    earlier: BaseTable | NoChange = FIRST
    """What is kept of the collection before."""

    def load(self, groups: Groups, k: int, leaving: str = "reports", *, before: Groups | None = None) -> None:
        """Declare the units, open a wave, and store everybody's answers at once.

        With a collection `before`, reports compare, and the register holds evidence that allows it.
        """
        service, population = self.service, "" if before is None else POPULATION
        with write(service.engine) as db:
            studies.make_study(
                db, id=STUDY, title="Attack", k=k, simulated=True, leaving=leaving, population=population
            )
            for unit in tree(groups):
                studies.add_unit(db, STUDY, unit.id, unit.title, level=unit.level, parent=unit.parent)
            waves.open_wave(service, db, waves.make_wave(service, db, STUDY))
            self._store(db, groups)
            if before is not None:
                add_evidence(db)
                self.earlier = close_before(db, before, k)
        self.units = [unit.id for unit in tree(groups)]

    def answer(self, db: Connection, unit: str, people: Iterable[Person]) -> None:
        rows = [_response(unit, person) for person in people]
        receipts = [new_code() for _ in rows]
        for row, receipt in zip(rows, receipts, strict=True):
            row["receipt_hmac"] = self.service.vault.receipt_hmac(receipt)
        self.receipts[unit] = receipts
        db.execute(insert(RESPONSE), rows)

    def close(self) -> None:
        make_due(self.service, WAVE)
        maintenance.run_due_tasks(self.service)

    def publish_again(self, groups: Groups) -> None:
        """Make the report as it would have been with these answers.

        No part of the service does this: a snapshot is never made twice.
        """
        with write(self.service.engine) as db:
            db.execute(delete(SNAPSHOT).where(SNAPSHOT.c.wave == WAVE))
            self._store(db, groups)
            compute_snapshot(self.service, db, WAVE)

    def _store(self, db: Connection, groups: Groups) -> None:
        for unit, people in groups.items():
            if people is not self.stored.get(unit):
                db.execute(delete(RESPONSE).where(RESPONSE.c.unit == unit))
                self.answer(db, unit, people)
        self.stored = groups

    def everything(self) -> Pages:
        """The page of every part, hidden or not, the index, and the whole report as files."""
        return self.read(["/report", REPORT, *(f"{REPORT}/units/{unit}" for unit in self.units), *FILES])

    def read(self, paths: Iterable[str]) -> Pages:
        """Read pages; of a page that does not exist, the status."""
        return self.portal.call(self._read, list(paths))

    def report(self) -> bytes:
        [body] = self.read([f"{REPORT}.json"]).values()
        return body

    def post(self, path: str, **fields: str) -> bytes:
        return self.portal.call(_ask, self.app, "POST", path, urlencode(fields).encode())

    async def _read(self, paths: list[str]) -> Pages:
        pages = {path: await _ask(self.app, "GET", path) for path in paths}
        broken = [path for path, page in pages.items() if page.startswith(b"500")]
        assert not broken, f"an attack on pages that fail proves nothing: {broken}"
        return pages


@contextmanager
def a_copy(migrated: Path | Postgres, name: str) -> Iterator[str]:
    """The address of a copy of the migrated database, which ends with the block."""
    if isinstance(migrated, Path):
        with tempfile.TemporaryDirectory(dir=migrated.parent) as folder:
            yield f"sqlite:///{shutil.copy(migrated, folder)}"
        return
    url = migrated.create(name, template="migrated")
    try:
        yield url
    finally:
        migrated.drop(url)


@contextmanager
def serving(url: str) -> Iterator[Server]:
    """Serve a migrated, empty database; requests pass through the whole application, without a socket."""
    service = make_service(Settings(database_url=url, secret=bytes(range(32)), secure=False, demo=True))
    check_secret(service)
    try:
        # A loop in a thread of its own: a browser's may be running in this one.
        with start_blocking_portal() as portal:
            yield Server(service, create_app(service.settings, service), portal)
    finally:
        service.engine.dispose()


def add_evidence(db: Connection) -> None:
    """Put evidence of the last stage into the register, in every language, as two operators would."""
    form = INSTRUMENT.forms[FORM]
    for language in sorted(language for of, language in INSTRUMENT.words if of == FORM):
        row = {
            "id": uuid4(),
            "seal": language * 32,
            "stage": LAST,
            "instrument": INSTRUMENT.id,
            "form": FORM,
            "form_hash": form.hash,
            "edition": FORM,
            "language": language,
            "words_hash": INSTRUMENT.words[FORM, language].hash,
            "key_hash": INSTRUMENT.key.hash,
            "population": POPULATION,
            "n": 500,
            "figures": dict.fromkeys(THRESHOLDS, 1.0)
            | {f"{ERROR}{each}": 8.0 for each in INSTRUMENT.key.subscales(FORM)},
            "ethics": "none",
            "preregistration": "none",
            "responsible": "nobody",
            "added_by": "ada",
            "added_at": now(),
            "state": CONFIRMED,
            "second": "bea",
            "reason": "",
        }
        db.execute(insert(EVIDENCE).values(row))


def close_before(db: Connection, groups: Groups, k: int) -> BaseTable:
    """Keep of a collection before what the service keeps of one whose answers have been deleted."""
    about = replace(ABOUT, study=STUDY, title="Attack", wave="demo-0", ordinal=0, k=k)
    several = [Group(unit=unit, pairs=((about.wave, unit),), people=each) for unit, each in groups.items()]
    kept = base_table(about, INSTRUMENT, several, tree(groups), rules(k))
    [wave] = db.execute(select(waves.WAVE)).mappings()
    row = {**wave, "id": about.wave, "ordinal": about.ordinal, "state": RETIRED, "closes_at": now()}
    db.execute(insert(waves.WAVE).values(row))
    published = report_as_json(release(kept))
    db.execute(
        insert(SNAPSHOT).values(wave=about.wave, base_table=table_as_json(kept), report=published, figures={})
    )
    return kept


def _response(unit: str, answers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "wave": WAVE,
        "unit": unit,
        "language": "en",
        "words_hash": "w" * 64,
        "consent_hash": "c" * 64,
        "purposes": ["study", "archive"],
        "layout": "vertical-5",
        "answers": {**answers, "role": "supervisor"},
    }


async def _ask(app: FastAPI, method: str, path: str, body: bytes = b"") -> bytes:
    """Send one request and return the status and the body; headers are the same for every answer."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status, parts = 0, list[bytes]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"%d\n" % status + b"".join(parts)


def body(page: bytes) -> Any:
    """What a JSON page says."""
    status, _, text = page.partition(b"\n")
    assert status == b"200", page[:200]
    return json.loads(text)
