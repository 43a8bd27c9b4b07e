"""A real PostgreSQL for the tests alone, which leaves nothing behind."""

import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

_names = count()


@dataclass(frozen=True)
class Postgres:
    data: Path
    socket: Path
    control: Callable[..., None]
    """Runs pg_ctl on this cluster, with these arguments."""

    def crash(self) -> None:
        """End it as a crash would; it is gone when this returns."""
        self.control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again; it is ready when this returns."""
        self.control("start")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket}"

    def create(self, name: str | None = None, template: str = "template1") -> str:
        name = name or f"test_{os.getpid()}_{next(_names)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def end_connections(self, url: str) -> None:
        """End every connection to a database, as an administrator or a restart does, and wait until it is."""
        name = url.partition("@/")[2].partition("?")[0]
        self._run(f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'")

    def _run(self, statement: str) -> None:
        with psycopg.connect(
            f"host={self.socket} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


@contextlib.contextmanager
def running_postgres(
    log_file_mb: int = 16, encoding: str = "UTF8", more: Sequence[str] = ()
) -> Iterator[Postgres]:
    """Start a cluster in a folder of its own over a unix socket; PostgreSQL refuses to run as root.

    The options `more` come last, so they stand above the others.

    Its write-ahead log consists of files of `log_file_mb` MB, 16 where nobody chooses. Each close of a wave
    writes over several of them, so the tests take 1 MB.
    """
    binaries = _binaries()
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="counterpoise-postgres-"))
    if user:
        shutil.chown(home, "postgres", "postgres")
    data = home / "data"

    run = partial(_run, binaries, data, user)
    size = f"--wal-segsize={log_file_mb}"
    of_any = [] if encoding == "UTF8" else ["--locale=C"]
    run("initdb", "-U", "postgres", "-A", "trust", "-E", encoding, *of_any, "-N", size)
    options = (
        f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off -c max_connections=200 "
        f"-c min_wal_size={2 * log_file_mb}MB -c max_wal_size={4 * log_file_mb}MB "
        f"-c log_min_error_statement=panic -c log_error_verbosity=terse {shlex.join(more)}"
    )
    with (data / "postgresql.conf").open("a") as settings:  # where a test can set another
        settings.write("log_checkpoints = off\n")
    control = partial(run, "pg_ctl", "-l", str(home / "log"), "-o", options, "-w")
    control("start")
    try:
        yield Postgres(data, home, control)
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(home)


def _run(binaries: Path, data: Path, user: Mapping[str, Any], program: str, *options: str) -> None:
    """Run a program of PostgreSQL on a cluster; at the module's level, so that processes can be handed it."""
    command = [str(binaries / program), "-D", str(data), *options]
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **user)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError(
            "PostgreSQL is not installed: `make test` installs it, or apt-get install postgresql"
        )
    return Path(on_path).parent
