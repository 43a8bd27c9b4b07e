"""The lone unit: an attacker links the only answer of a unit with the only code that was used in it.

    python -m tests.attack.lone_unit --units 30 --db sqlite,postgres

Each unit has three codes, of which one is used. The wave closes, and the attacker takes every row and file. A
code whose unit can be read in its row, or in the bytes behind its HMAC, is given the answer of that unit; of
several codes the one that was used is taken, or one is guessed. By chance one in three is right, where the
unit is known.

The control breaks the closing on purpose, and the attack must win: with keep-units codes stay as they were.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from unittest.mock import patch

from sqlalchemy import select

from app import studies
from app.closing import maintenance
from app.closing.purge import CODE
from app.config import Settings
from app.db import read, write
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.vault import read_code
from tests.attack.traces import STATE_WITHIN, hits
from tests.lib.attack_runs import databases, last_line, tell
from tests.lib.disk_bytes import stolen
from tests.lib.respondents import answer, make_due, sheet

STUDY, WAVE = "lone", "lone-1"
CODES = 3
CONTROLS = ("keep-units",)


@dataclass(frozen=True)
class Outcome:
    linked: int
    of: int

    def __str__(self) -> str:
        return f"linked {self.linked} of {self.of}"


def attack(url: str, data: Path, units: int, seed: int, control: str = "") -> Outcome:
    """Let one person of each unit answer, close, and link; the database at `url` is migrated and empty."""
    service = make_service(Settings(database_url=url, secret=Random(seed).randbytes(32), secure=False))
    check_secret(service)
    used = _answered(service, [f"unit-{number:03}" for number in range(units)], Random(seed))
    make_due(service, WAVE)
    with broken(control):
        maintenance.run_due_tasks(service)
    guessed = guess(service, stolen(service, data), Random(seed))
    service.engine.dispose()
    return Outcome(sum(guessed.get(unit) == code for unit, code in used.items()), len(used))


def _answered(service: Service, units: list[str], chance: Random) -> Mapping[str, bytes]:
    """Return the code that was used in each unit, as the database knows it."""
    used = {}
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="Lone", simulated=True)
        for unit in units:
            studies.add_unit(db, STUDY, unit, unit)
        waves.make_wave(service, db, STUDY)
        waves.open_wave(service, db, WAVE)
        issued = {unit: waves.issue_codes(service, db, WAVE, unit, CODES) for unit in units}
    for unit, codes in issued.items():
        answer(service, codes[0], sheet(service, WAVE, chance))
        used[unit] = service.vault.code_hmac(str(read_code(codes[0])))
    return used


def guess(service: Service, files: Mapping[str, bytes], chance: Random) -> dict[str, bytes]:
    """Return the code to which the attacker assigns the answer of each unit."""
    known: dict[str | None, set[tuple[bytes, bool]]] = {}
    with read(service.engine) as db:
        units = [str(each.id) for each in studies.units(db, STUDY)]
        for row in db.execute(select(CODE)):
            known.setdefault(row.unit, set()).add((row.hmac, row.state == "finished"))
        codes = [code for these in known.values() for code, _ in these]
    for content in files.values():
        for at, code in hits(content, codes):
            behind = content[at + len(code) : at + len(code) + STATE_WITHIN + len(WAVE)]
            for unit in units:
                if unit.encode() in behind:
                    known.setdefault(unit, set()).add((code, b"finished" in behind))
    return {unit: _chosen(known[unit], chance) for unit in units if unit in known}


def _chosen(candidates: set[tuple[bytes, bool]], chance: Random) -> bytes:
    used = sorted(code for code, finished in candidates if finished)
    return chance.choice(used or sorted(code for code, _ in candidates))


@contextmanager
def broken(control: str) -> Iterator[None]:
    with patch.object(maintenance, "purge", lambda *_: None) if control else patch.dict({}):
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Link the only answer of a unit with its code.")
    parser.add_argument("--units", type=int, default=30)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    failed = False
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, data):
            for control in ("", *CONTROLS):
                outcome = attack(make(f"lone_{control}"), data, asked.units, 1, control)
                failed |= bool(outcome.linked) if not control else outcome.linked < outcome.of
                tell(f"{engine:8} {control or 'as it is':10} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
