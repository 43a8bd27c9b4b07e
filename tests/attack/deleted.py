"""Deleted: an attacker with every byte looks for a study, its codes and its trail after their day.

    python -m tests.attack.deleted --people 12 --seed 1 --db sqlite,postgres

A study is made whose names, ids, texts and units are marks. People answer, the wave closes, PostgreSQL looks
at its tables for statistics, the answers are deleted: no hash of a code may be left. The study is deleted:
nothing of it may be left but what the trail says of it. The trail is deleted after its day: no mark may be
left at all. Each time the attacker searches every file of tables, indexes and statistics, and the log.

not-rewritten  deleted rows are not rewritten, nor written over on SQLite; the attack must win.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

from sqlalchemy import select, text

from app import db as databases_of
from app import studies
from app.audit import acts, audit
from app.closing import deleting, maintenance
from app.closing.purge import CODE
from app.config import Settings
from app.db import is_sqlite, outside, read, write
from app.runtime import Service, check_secret, make_service, now
from app.staff.authorise import TOKEN, make_token
from app.studies import waves
from tests.attack.leftovers import files
from tests.lib.attack_runs import databases, last_line, tell
from tests.lib.respondents import answer, make_due, sheet

NOT_REWRITTEN = "not-rewritten"
LATER = timedelta(days=400)


@dataclass(frozen=True)
class Outcome:
    """How many of the marks were found, after each of the three deletions."""

    codes: int
    study: int
    trail: int
    of: int
    before: int
    """How many were found before anything was deleted."""

    def __str__(self) -> str:
        return (
            f"found after the day of the answers {self.codes} hashes of codes, after deleting the study "
            f"{self.study} of its marks, after deleting the trail {self.trail}; before {self.before} of "
            f"{self.of}"
        )

    @property
    def won(self) -> bool:
        return bool(self.codes or self.study or self.trail)


def attack(url: str, data: Path, people: int, seed: int, control: str = "") -> Outcome:
    """Make a study, let so many people answer, and delete it; the database at `url` is migrated and empty."""
    with broken(control):
        service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
        check_secret(service)
        chance = Random(seed)

        def found(marks: Iterable[bytes]) -> int:
            every = b"".join(files(service, data))
            return sum(mark in every for mark in marks)

        marks, ids, codes = made(service, people, chance)
        before = found((*marks, *ids, *codes))
        if not is_sqlite(service.engine):  # what PostgreSQL does by itself where much has changed
            with outside(service.engine) as db:
                db.execute(text("ANALYZE"))
        maintenance.retire(service, f"{ids[0].decode()}-1")
        left_of_codes = found(codes)
        with write(service.engine) as db:
            deleting.delete_study(service, db, ids[0].decode())
        maintenance.run_due_tasks(service)
        left_of_study = found(marks)
        with patch.object(deleting, "now", lambda: now() + LATER), write(service.engine) as db:
            deleting.delete_trail(service, db, (now() + timedelta(days=1)).date())
        maintenance.run_due_tasks(service)
        left = found((*marks, *ids, *codes))
        service.engine.dispose()
    return Outcome(left_of_codes, left_of_study, left, len(marks) + len(ids) + len(codes), before)


def made(service: Service, people: int, chance: Random) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Make a study with a closed wave; return marks in its tables alone, marks in the trail, and codes."""

    def mark() -> str:
        return f"m{chance.randbytes(12).hex()}"

    study, unit, by = mark(), mark(), mark()
    texts = [mark() for _ in range(3)]
    with acts(by), write(service.engine) as db:
        studies.make_study(
            db, id=study, title=texts[0], simulated=True, k=5, information={"purpose": texts[1]}
        )
        studies.add_unit(db, study, unit, texts[2])
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave)
        codes = waves.issue_codes(service, db, wave, unit, people)
        make_token(service, db, "trainer", study, 1)
        audit(service.vault, db, {"action": "study made", "study": study})
    with read(service.engine) as db:
        hmacs = list(db.execute(select(CODE.c.hmac)).scalars())
        tokens = list(db.execute(select(TOKEN.c.hash)).scalars())
    for code in codes:
        answer(service, code, sheet(service, wave, chance))
    with acts(by):
        make_due(service, wave)
        maintenance.run_due_tasks(service)
    return [each.encode() for each in (*texts, *tokens)], [each.encode() for each in (study, unit, by)], hmacs


@contextmanager
def broken(control: str) -> Iterator[None]:
    with ExitStack() as parts:
        if control == NOT_REWRITTEN:
            parts.enter_context(patch.dict(databases_of.SQLITE_PRAGMAS, secure_delete="OFF"))
            parts.enter_context(patch.object(maintenance, "rewrite", lambda _: None))
            parts.enter_context(patch.object(maintenance, "clean", maintenance.scrub))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Look for what was deleted after its day.")
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    failed = False
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, data):
            for control in ("", NOT_REWRITTEN):
                outcome = attack(make(f"deleted_{control[:3]}"), data, asked.people, asked.seed, control)
                failed |= outcome.won is not bool(control)
                tell(f"{engine:8} {control or 'as it is':13} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
