"""What the commands of the attacks share: empty databases of each engine, runs with and without a fault."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from app import migrate
from app.db import make_engine
from tests.lib.postgres_server import running_postgres

Make = Callable[[str], str]
"""Gives the address of a migrated, empty database of this name."""
Outcome = TypeVar("Outcome")


@contextmanager
def databases(engine: str, folder: Path) -> Iterator[tuple[Make, Path]]:
    """Give a maker of migrated, empty databases of an engine, and the folder of its cluster."""
    if engine == "sqlite":
        template = folder / "migrated.sqlite"
        migrated(f"sqlite:///{template}")
        yield lambda name: f"sqlite:///{shutil.copy(template, folder / name)}", folder
    else:
        with running_postgres() as cluster:
            migrated(cluster.create("migrated"))
            yield lambda name: cluster.create(name, template="migrated"), cluster.data


def migrated(url: str) -> None:
    """Bring the database at this address to the present schema."""
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_each(
    engines: str,
    faults: Iterable[str],
    attack: Callable[[str, str], Outcome],
    as_it_must_be: Callable[[Outcome, str], bool],
) -> int:
    """Attack on each engine, as the service is and then with each fault put in, and tell every outcome.

    Parameters
    ----------
    engines
        Names with commas between them, as `--db` takes them.
    faults
        What can be put in to see the attack win.
    attack
        Takes the address of a migrated, empty database and a fault, `""` for none.
    as_it_must_be
        Whether this outcome is right for this fault: nothing won without one, everything with one.

    Returns
    -------
    int
        0 if every outcome is as it must be, else 1: what the command exits with.
    """
    failed = False
    for engine in engines.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, _):
            for fault in ("", *faults):
                outcome = attack(make(f"attacked_{fault.replace('-', '_')}"), fault)
                failed |= not as_it_must_be(outcome, fault)
                tell(f"{engine:8} {fault or 'as it is':12} {outcome}")
    return last_line(failed)


def last_line(failed: bool) -> int:
    """Say whether everything is as it must be; give what the command exits with."""
    tell("NOT AS IT MUST BE" if failed else "as it must be")
    return int(failed)
