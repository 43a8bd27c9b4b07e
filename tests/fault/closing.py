"""Kill the close of a collection at every statement, and check that the next one makes it good.

    python -m tests.fault.closing [--every 1] [--db sqlite,postgres]

Due tasks run in a process that is killed before its first, second ... statement or commit, until a wave is
closed. After each kill every answer and every code must be there, once. At the end no draft, session or key
is left, one report is there, and no table that does not belong. Then

piecemeal  each statement of the close is committed by itself

must be noticed. Exits with 1 if anything is otherwise. `--every 3` takes every third statement.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.closing.snapshots import SNAPSHOT
from app.runtime import Service
from app.tables import CLOSED, SQLModel
from tests.fault.sending import WAVE, open_study
from tests.lib.attack_runs import run_each
from tests.lib.killed_maintenance import maintenance_killed
from tests.lib.respondents import kept, make_due, people, rows, state

MAX_STATEMENTS: Final = 500
PIECEMEAL: Final = "piecemeal"
FAULTS: Final = {
    "": "",
    PIECEMEAL: "from app import db\nfrom app.closing import maintenance\nmaintenance.write = db.outside\n",
}


@dataclass
class Outcome:
    kills: int = 0
    states: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        way = " > ".join(each for each, _ in groupby(self.states))
        first = f": {self.faults[0]}" if self.faults else ""
        return f"{self.kills} kills, {way}; {len(self.faults)} faults{first}"


def closing(url: str, every: int = 1, fault: str = "") -> Outcome:
    """Close a wave of twelve who have sent and four who have not; the database at `url` is migrated."""
    service, outcome = open_study(url), Outcome()
    answered = people(service, WAVE, finished=12, unfinished=4)
    make_due(service, WAVE)
    codes = {row.hmac for row in rows(service, CODE)}
    outcome.states.append(state(service, WAVE))
    with maintenance_killed(url, FAULTS[fault]) as tended:
        for number in range(0, MAX_STATEMENTS, every):
            ended = tended(number)
            try:
                outcome.states.append(state(service, WAVE))
                whole = kept(service, WAVE) == answered and {row.hmac for row in rows(service, CODE)} == codes
            except DBAPIError:
                whole = False
            if not whole:
                outcome.faults.append(f"killed at statement {number + 1}, not every answer and code is there")
                break
            if ended == 0:
                break
            outcome.kills += 1
            if ended != -signal.SIGKILL:
                outcome.faults.append(f"at statement {number + 1} it fails of itself")
                break
    if not outcome.faults:
        outcome.faults += _left(service)
    service.engine.dispose()
    return outcome


def _left(service: Service) -> Iterator[str]:
    """What is not as it must be when the wave is closed."""
    if state(service, WAVE) != CLOSED:
        yield "it is not closed"
    if rows(service, DRAFT) or rows(service, SESSION) or rows(service, SUBMIT_KEY):
        yield "drafts, sessions or keys are left"
    if len(rows(service, SNAPSHOT, wave=WAVE)) != 1:
        yield "there is not one report"
    if set(inspect(service.engine).get_table_names()) != {*SQLModel.metadata.tables, "alembic_version"}:
        yield "tables are left"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--every", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()
    return run_each(
        given.db,
        [PIECEMEAL],
        lambda url, fault: closing(url, given.every, fault),
        lambda outcome, fault: outcome.holds is not bool(fault),
    )


if __name__ == "__main__":
    sys.exit(main())
