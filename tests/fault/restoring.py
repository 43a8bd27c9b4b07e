"""Back up and put back, again and again, while people send, and damage each backup.

    python -m tests.fault.restoring [--rounds 20] [--bytes 100] [--seed 1] [--db sqlite,postgres]

In each round people send at once while a backup is written. Put back, it must hold everything that had been
acknowledged before it began, the closed wave byte by byte, and of what was being sent whole responses alone.
Of those who were in it some have erased since: nothing of them may come back. Then one byte after the other
of a backup is changed, and each time it must be refused. Exits with 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from pyrage.x25519 import Identity
from sqlalchemy import func, make_url, select, text

from app import studies
from app.closing.erasure import erase
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE
from app.config import Settings
from app.db import is_sqlite, outside, read, write
from app.ended import ledger
from app.errors import Refused
from app.operations.backup import write_backup
from app.operations.restore import read_through, restore
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.waves import FINISHED
from tests.conftest import SECRET
from tests.lib.attack_runs import Make, databases, last_line, tell
from tests.lib.cohorts import close, next_wave
from tests.lib.respondents import answer, people, rows, sheet

CLOSED, OPEN = "demo-1", "demo-2"
SENDERS, OF_EACH, ERASED = 4, 20, 3


@dataclass
class Outcome:
    rounds: int = 0
    acknowledged: int = 0
    """Responses that were there when a backup began."""
    lost: int = 0
    half: int = 0
    changed: int = 0
    """Closed waves that came back in another way."""
    back: int = 0
    """Erased responses that came back."""
    damaged: int = 0
    refused: int = 0
    seconds: float = 0.0
    """That the slowest round took, from the backup to the end of the restore."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.half or self.changed or self.back) and self.refused == self.damaged

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds, {self.acknowledged} acknowledged; lost {self.lost}, half {self.half}, "
            f"closed waves changed {self.changed}, erased ones back {self.back}; "
            f"{self.refused} of {self.damaged} changed bytes refused; "
            f"the slowest round took {self.seconds:.1f} s"
        )


def restoring(make: Make, folder: Path, rounds: int, flips: int, seed: int) -> Outcome:
    key, outcome = Identity.generate(), Outcome()
    kept = {"ledger": folder / "elsewhere.ledger", "backup_key": str(key.to_public())}
    settings = Settings(database_url=make("served.sqlite"), secret=SECRET, secure=False, **kept)
    service = make_service(settings)
    check_secret(service)
    ledger.begin(service)
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True)
        studies.add_unit(db, "demo", "south", "South")
    people(service, next_wave(service, "demo"), finished=20)
    close(service, CLOSED)
    next_wave(service, "demo")
    file = folder / "none"
    for number in range(rounds):
        file = folder / f"{number}.age"
        chance, began = Random(f"{seed} {number}"), time.monotonic()
        before, gone = _backed_up(service, file, chance)
        outcome.rounds += 1
        outcome.acknowledged += len(before)
        place = replace(settings, database_url=_empty(service, folder, number))
        restore(place, file, [key])
        outcome.seconds = max(outcome.seconds, time.monotonic() - began)
        restored = make_service(place)
        _compare(service, restored, before, gone, outcome)
        restored.engine.dispose()
    service.engine.dispose()
    _damage(file, key, flips, Random(seed), outcome)
    return outcome


def _empty(service: Service, folder: Path, number: int) -> str:
    """The address of a place without a table."""
    if is_sqlite(service.engine):
        return f"sqlite:///{folder / f'restored-{number}.sqlite'}"
    with outside(service.engine) as db:
        db.execute(text(f"CREATE DATABASE empty_{number}"))
    return make_url(service.settings.database_url).set(database=f"empty_{number}").render_as_string()


def _backed_up(service: Service, file: Path, chance: Random) -> tuple[set[bytes], set[bytes]]:
    """Write a backup while people send; return who had sent before it, and who of them erased after it."""
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, OPEN, "south", (SENDERS + 1) * OF_EACH)
    first = [answer(service, each, sheet(service, OPEN, chance)) for each in codes[:OF_EACH]]
    before = set(_receipts(service))

    def send(mine: list[str], own: Random) -> None:
        for each in mine:
            answer(service, each, sheet(service, OPEN, own))

    threads = [
        threading.Thread(target=send, args=(codes[n * OF_EACH : (n + 1) * OF_EACH], Random(chance.random())))
        for n in range(1, SENDERS + 1)
    ]
    for each in threads:
        each.start()
    write_backup(service, file)
    for each in threads:
        each.join()
    for receipt in first[:ERASED]:
        with write(service.engine) as db:
            assert erase(service, db, receipt)
    return before, {service.vault.receipt_hmac(each) for each in first[:ERASED]}


def _receipts(service: Service) -> list[bytes]:
    return [row.receipt_hmac for row in rows(service, RESPONSE, wave=OPEN)]


def _compare(
    service: Service, restored: Service, before: set[bytes], gone: set[bytes], outcome: Outcome
) -> None:
    present, there = (
        _receipts(restored),
        {row.receipt_hmac: row for row in rows(service, RESPONSE, wave=OPEN)},
    )
    outcome.lost += len(before - gone - set(present))
    outcome.back += len(gone & set(present))
    outcome.half += len(present) - len(set(present))
    for row in rows(restored, RESPONSE, wave=OPEN):
        outcome.half += row.receipt_hmac not in there or row.answers != there[row.receipt_hmac].answers
    with read(restored.engine) as db:
        used = select(func.count()).select_from(CODE).where(CODE.c.wave == OPEN, CODE.c.state == FINISHED)
        erased = ledger.count(service.settings.ledger or Path()) - 1
        outcome.half += not len(present) <= db.execute(used).scalar_one() <= len(present) + erased
    outcome.changed += rows(restored, RESPONSE, wave=CLOSED) != rows(service, RESPONSE, wave=CLOSED)


def _damage(file: Path, key: Identity, flips: int, chance: Random, outcome: Outcome) -> None:
    whole, changed = file.read_bytes(), file.with_name("changed.age")
    for _ in range(flips):
        place = chance.randrange(len(whole))
        changed.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        )
        outcome.damaged += 1
        try:
            read_through(changed, [key])
        except Refused:
            outcome.refused += 1


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rounds", type=int, default=20)
    asked.add_argument("--bytes", type=int, default=100)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()
    failed = False
    for engine in given.db.split(","):
        with tempfile.TemporaryDirectory() as name, databases(engine, Path(name)) as (make, _):
            (folder := Path(name) / "restoring").mkdir()
            outcome = restoring(make, folder, given.rounds, given.bytes, given.seed)
        failed |= not outcome.holds
        tell(f"{engine:8} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
