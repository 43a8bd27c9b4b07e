"""A real PgBouncer before the PostgreSQL of the tests: docs/proxy/pgbouncer.ini but for names and places."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from app.db import LOCK_TIMEOUT
from tests.lib.ports import free_port
from tests.lib.postgres_server import Postgres

EXAMPLE = Path(__file__).parents[2] / "docs" / "proxy" / "pgbouncer.ini"
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
CONNECTIONS = 4
"""To PostgreSQL, far fewer than two processes have: what belongs to a connection gets lost at once."""


@contextlib.contextmanager
def running_pgbouncer(cluster: Postgres, url: str) -> Iterator[str]:
    """Start a PgBouncer before the database at `url`; give the address through it."""
    assert PROGRAM, "NOT RUN: pgbouncer is not installed; `make proxy` installs it"
    home = Path(tempfile.mkdtemp(prefix="counterpoise-pgbouncer-"))
    name = str(make_url(url).database)
    port = free_port()
    settings = (
        EXAMPLE.read_text()
        .replace(
            "counterpoise = host=127.0.0.1 port=5432 dbname=counterpoise",
            f"{name} = host={cluster.socket} dbname={name}",
        )
        .replace("listen_port = 6432", f"listen_port = {port}")
        .replace("unix_socket_dir = /run/postgresql", f"unix_socket_dir = {home}")
        .replace("auth_type = scram-sha-256", "auth_type = trust")
        .replace("/etc/pgbouncer", str(home))
        .replace("default_pool_size = 20", f"default_pool_size = {CONNECTIONS}")
    )
    (home / "settings.ini").write_text(settings)
    (home / "userlist.txt").write_text('"postgres" ""\n')
    as_user = []
    if os.geteuid() == 0:
        as_user = ["--user", "postgres"]
        for each in (home, *home.iterdir()):
            shutil.chown(each, "postgres", "postgres")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, *as_user, str(home / "settings.ini")], stderr=log, stdout=log)
    try:
        _wait_for(port, name, home / "log")
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/{name}"
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(home)


def set_lock_timeout(cluster: Postgres, url: str) -> None:
    """What docs/proxy/pgbouncer.ini says to run once, for this database alone."""
    name = make_url(url).database
    with psycopg.connect(f"host={cluster.socket} user=postgres dbname=postgres", autocommit=True) as direct:
        direct.execute(
            f"ALTER ROLE postgres IN DATABASE \"{name}\" SET lock_timeout = '{LOCK_TIMEOUT}'".encode()
        )


def _wait_for(port: int, name: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname={name}").close()
            return
        time.sleep(0.1)
    raise AssertionError(f"PgBouncer does not answer: {log.read_text()}")
