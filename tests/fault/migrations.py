"""Kill every migration at every statement, and check that it can be run again.

    python -m tests.fault.migrations [--every 1] [--db sqlite,postgres]

From each schema to the next, on a database with rows, the migration is run in a process that is killed before
its first, second ... statement or commit, until it is through; each time the schema must be the old one
still, with its tables and rows as they were, and the next run begin as the first did. Then

piecemeal  each statement is committed by itself, as SQLite does where nobody prevents it

must be noticed. Exits with 1 if a schema is left in between or a run fails of itself. `--every 7` takes every
seventh statement.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import MetaData, inspect, select

from app import migrate
from app.db import make_engine, read, write
from tests.lib.attack_runs import last_line, tell
from tests.lib.postgres_server import running_postgres

PIECEMEAL: Final = "piecemeal"
MAX_STATEMENTS: Final = 500
VERSION: Final = "alembic_version"
ROWS: Final = (
    "INSERT INTO study (id, title, instrument, form, k, simulated) VALUES ('s', 'S', 'ppiq', 'a', 10, false)",
    "INSERT INTO unit (study, id, title, level) VALUES ('s', 'north', 'North', 'unit')",
    (
        "INSERT INTO wave (id, study, ordinal, form_hash, words_hashes, items_per_page, state) "
        "VALUES ('s-1', 's', 1, 'f', '{}', 5, 'open')"
    ),
)
KILLED: Final = """
import os, signal, sys
from alembic import command, config
from sqlalchemy import event
from app import migrate
from app.db import make_engine, outside

def run(url, to, left, piecemeal):
    engine = make_engine(url)
    if piecemeal:
        migrate.write = outside
    def count(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    for moment in ("before_cursor_execute", "commit"):
        event.listen(engine, moment, count)
    migrate.upgrade(engine, to)

for line in sys.stdin:
    url, to, left, piecemeal = line.split()
    child = os.fork()
    if not child:
        run(url, to, int(left), piecemeal == "1")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Run = Callable[[str, str, int, bool], int]


@dataclass
class Outcome:
    migrations: int = 0
    kills: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        first = f": {self.faults[0]}" if self.faults else ""
        return f"{self.migrations} migrations, {self.kills} kills, {len(self.faults)} faults{first}"


@contextmanager
def runner() -> Iterator[Run]:
    """Run a migration in a process killed before its n-th statement or commit; return how it ended."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
        env=environment,
    ) as process:
        questions, answers = process.stdin, process.stdout
        assert questions is not None
        assert answers is not None

        def run(url: str, to: str, left: int, piecemeal: bool) -> int:
            questions.write(f"{url} {to} {left} {int(piecemeal)}\n")
            return int(answers.readline())

        yield run
        questions.close()


def migrations(url: str, every: int = 1, *, piecemeal: bool = False) -> Outcome:
    """Kill every migration at every so many statements; the database at `url` is empty."""
    outcome = Outcome()
    with runner() as run:
        for number in numbers():
            outcome.migrations += 1
            before = contents(url)
            for left in range(0, MAX_STATEMENTS, every):
                ended = run(url, number, left, piecemeal)
                if ended == 0:
                    break
                outcome.kills += 1
                if ended != -signal.SIGKILL:
                    outcome.faults.append(f"{number} fails of itself when run again")
                    return outcome
                if contents(url) != before:
                    outcome.faults.append(f"{number} killed at statement {left + 1} leaves a part")
            if _version(url) != number:
                outcome.faults.append(f"{number} does not arrive")
            if number == numbers()[0]:
                _fill(url)
    return outcome


def numbers() -> list[str]:
    """The migrations, in their order."""
    return sorted(path.name.partition("_")[0] for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))


def contents(url: str) -> dict[str, list[str]]:
    """Every table with its columns and rows; none for one that only counts the version and has no row."""
    engine = make_engine(url)
    try:
        tables = MetaData()
        tables.reflect(engine)
        with read(engine) as db:
            found = {
                name: [*each.columns.keys(), *sorted(str(tuple(row)) for row in db.execute(select(each)))]
                for name, each in tables.tables.items()
            }
    finally:
        engine.dispose()
    return {name: each for name, each in found.items() if name != VERSION or len(each) > 1}


def _version(url: str) -> str | None:
    engine = make_engine(url)
    try:
        return migrate.current(engine)
    finally:
        engine.dispose()


def _fill(url: str) -> None:
    engine = make_engine(url)
    assert inspect(engine).has_table("study")
    with write(engine) as db:
        for statement in ROWS:
            db.exec_driver_sql(statement)
    engine.dispose()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--every", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()
    failed = False
    for engine in given.db.split(","):
        with empty_databases(engine) as make:
            for piecemeal in (False, True):
                outcome = migrations(make(f"killed_{piecemeal:d}"), given.every, piecemeal=piecemeal)
                failed |= outcome.holds is piecemeal
                tell(f"{engine:8} {PIECEMEAL if piecemeal else 'as it is':12} {outcome}")
    return last_line(failed)


@contextmanager
def empty_databases(engine: str) -> Iterator[Callable[[str], str]]:
    """Give a maker of databases without a table."""
    if engine == "sqlite":
        with TemporaryDirectory() as folder:
            yield lambda name: f"sqlite:///{Path(folder) / name}"
    else:
        with running_postgres() as cluster:
            yield cluster.create


if __name__ == "__main__":
    sys.exit(main())
