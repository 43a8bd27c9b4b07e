"""Leftovers: an attacker with every byte looks for what was erased, and for what links answers with codes.

    python -m tests.attack.leftovers --erased 30 --seed 1 --db sqlite,postgres

Some people answer, an older transaction holds its snapshot, some erase their answers, whoever sent last among
them, and the due tasks run. Then the attacker searches every file of tables and indexes and the write-ahead
log for the answers of each. Then the wave closes, and the attacker searches for the ids that responses had
while it was open: the log holds them beside the codes that were finished in the same transactions.

The controls break the cleaning on purpose, and the attack must win. They are for PostgreSQL only, since
SQLite has one way to clean:

vacuum-only  what was erased is vacuumed, not rewritten.
keep-log     the log is neither ended nor recycled.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import select, text

from app import studies
from app.closing import cleaning, maintenance
from app.closing.erasure import erase
from app.closing.mixing import RESPONSE
from app.config import Settings
from app.db import is_sqlite, read, write
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from tests.lib.attack_runs import databases, last_line, tell
from tests.lib.disk_bytes import stolen
from tests.lib.respondents import answer, make_due, sheet

STUDY, WAVE = "left", "left-1"
CONTROLS = ("vacuum-only", "keep-log")


@dataclass(frozen=True)
class Outcome:
    in_tables: int
    in_log: int
    of: int
    linked: int
    people: int

    def __str__(self) -> str:
        return (
            f"erased answers found in tables {self.in_tables}, in the log {self.in_log} of {self.of}; "
            f"links of {self.linked} of {self.people} people"
        )

    @property
    def won(self) -> bool:
        return bool(self.in_tables or self.in_log or self.linked)


def attack(url: str, data: Path, erased: int, seed: int, control: str = "") -> Outcome:
    """Let twice as many answer as erase; the database at `url` is migrated and empty."""
    service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
    check_secret(service)
    chance = Random(seed)
    receipts = _answered(service, 2 * erased, chance)
    going = dict(list(receipts.items())[-erased:])
    with broken(control):
        with ExitStack() as reader:
            if not is_sqlite(service.engine):
                reader.enter_context(an_older_transaction(service))
            for receipt in going.values():
                with write(service.engine) as db:
                    assert erase(service, db, receipt)
            maintenance.run_due_tasks(service)
        tables, log = files(service, data)
        in_tables, in_log = (sum(mark in every for mark in going) for every in (tables, log))
        with read(service.engine) as db:
            ids = [_spelt(service, each) for each in db.execute(select(RESPONSE.c.id)).scalars()]
        make_due(service, WAVE)
        maintenance.run_due_tasks(service)
    tables, log = files(service, data)
    linked = sum(each in tables or each in log for each in ids)
    service.engine.dispose()
    return Outcome(in_tables, in_log, len(going), linked, len(ids))


def _answered(service: Service, count: int, chance: Random) -> Mapping[bytes, str]:
    """Return the receipts by a mark that each has among the answers."""
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="Left", simulated=True)
        studies.add_unit(db, STUDY, "only", "Only")
        waves.make_wave(service, db, STUDY)
        waves.open_wave(service, db, WAVE)
        codes = waves.issue_codes(service, db, WAVE, "only", count)
    marked = {}
    for code in codes:
        filled, mark = sheet(service, WAVE, chance), f"mark-{chance.randbytes(16).hex()}"
        filled = replace(filled, answers={**filled.answers, "role": mark})
        marked[mark.encode()] = answer(service, code, filled)
    return marked


@contextmanager
def an_older_transaction(service: Service) -> Iterator[None]:
    """Hold a snapshot from before what comes: vacuuming, also in full, keeps dead rows for it."""
    with read(service.engine) as db:
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        db.execute(text("SELECT count(*) FROM evidence"))
        yield


def _spelt(service: Service, number: UUID) -> bytes:
    return number.hex.encode() if is_sqlite(service.engine) else number.bytes


def files(service: Service, data: Path) -> tuple[bytes, bytes]:
    """Every byte of tables and indexes, and every byte of the log, the recycled files of it too."""
    found = stolen(service, data)
    log = [content for name, content in found.items() if name.endswith(("-wal", "-shm"))]
    tables = [content for name, content in found.items() if not name.endswith(("-wal", "-shm"))]
    if not is_sqlite(service.engine):
        log = [path.read_bytes() for path in sorted((data / "pg_wal").iterdir()) if path.is_file()]
    return b"".join(tables), b"".join(log)


@contextmanager
def broken(control: str) -> Iterator[None]:
    with ExitStack() as parts:
        if control == "vacuum-only":
            parts.enter_context(patch.object(maintenance, "rewrite", lambda _: None))
        elif control == "keep-log":
            parts.enter_context(patch.object(cleaning, "renew", lambda _: None))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for what was erased, and for what links.")
    parser.add_argument("--erased", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    failed = False
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, data):
            for control in ("", *(CONTROLS if engine == "postgres" else ())):
                outcome = attack(make(f"left_{control}"), data, asked.erased, asked.seed, control)
                failed |= outcome.won if not control else not outcome.won
                tell(f"{engine:8} {control or 'as it is':11} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
