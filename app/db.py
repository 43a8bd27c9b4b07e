"""One engine and two kinds of transaction, `read` and `write`; `outside` is for statements that allow none.

Both give a Connection and end with the block, so what an endpoint returns after a `write` block has been
committed before the response leaves. On SQLite a write begins with BEGIN IMMEDIATE: a deferred transaction
that turns into a write fails at once with "database is locked", whatever the timeout.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from select import POLLIN, poll
from threading import Lock
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.exc import InvalidatePoolError

from app.errors import ConfigurationError
from app.files.private import keep_private, open_private

SQLITE_PRAGMAS: Final = {
    "busy_timeout": "10000",
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "temp_store": "MEMORY",
    "trusted_schema": "OFF",
    "mmap_size": "0",
    "cell_size_check": "ON",
    "wal_autocheckpoint": "1000",
    "journal_size_limit": "4194304",
}
SQLITE_ENDINGS: Final = ("-wal", "-shm", "-tend", "-served")
HEADER: Final = 20
VERSIONS: Final = slice(18, 20)
WITHOUT_LOG: Final = b"\x01\x01"
SQLITE_POOL: Final = 4
POSTGRES_POOL: Final = 10
LOCK_TIMEOUT: Final = "10s"
ENCODING: Final = "UTF8"
"""Of a database of PostgreSQL: others do not take every word, or do not know where a letter ends."""
KEPT_ALIVE: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A connection whose server is gone without a word is known to be closed after a minute."""
PATIENCE: Final = 0.5
THROUGH_A_POOLER: Final = (
    "COUNTERPOISE_DATABASE_URL leads through a pooler such as PgBouncer, and this needs PostgreSQL itself: "
    "name its own address for this command"
)


def make_engine(url: str) -> Engine:
    """Make the engine of a database: SQLite by pysqlite3, PostgreSQL by psycopg."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    return _postgres(url)


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """Give a connection for reading; its transaction ends with the block."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """Give a connection for writing; the transaction is committed when the block ends without an error."""
    with (
        turn(engine),
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def outside(engine: Engine) -> Iterator[Connection]:
    """Give a connection outside any transaction, for VACUUM and similar statements, which allow none."""
    options = {"outside": True} if is_sqlite(engine) else {"isolation_level": "AUTOCOMMIT"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def turn(engine: Engine) -> Iterator[None]:
    """Queue for the one writer that SQLite allows, instead of asking it repeatedly, which costs CPU time.

    After `PATIENCE` seconds the caller goes on, and SQLite itself refuses it if the database is still locked.
    """
    one = engine.get_execution_options().get("turn")
    if one is None:
        yield
        return
    mine = one.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            one.release()


def respondents_pool(engine: Engine) -> Pool:
    """Return the connections that respondents use: on SQLite their own, so that staff never hold them all."""
    pool: Pool = engine.get_execution_options().get("respondents", engine.pool)
    return pool


def is_sqlite(connection: Connection | Engine) -> bool:
    """Whether the database is SQLite; the only other engine is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def lock_key(name: str) -> int:
    """The number of a PostgreSQL advisory lock."""
    return int.from_bytes(sha256(b"counterpoise " + name.encode()).digest()[:8], "big", signed=True)


def _postgres(url: str) -> Engine:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=POSTGRES_POOL,
        max_overflow=0,
        hide_parameters=True,
        json_deserializer=from_json,
        connect_args={
            "options": f"-c lock_timeout={LOCK_TIMEOUT} -c timezone=UTC",
            "client_encoding": ENCODING,
            **KEPT_ALIVE,
        },
    )

    @event.listens_for(engine, "connect")
    def _suit_a_pooler(connection: Any, _record: object) -> None:
        # Each transaction may come to another connection of the pooler, where nothing was prepared.
        if _is_through_a_pooler(connection):
            connection.prepare_threshold = None

    @event.listens_for(engine, "checkout")
    def _replace_what_was_closed(connection: Any, _record: object, _proxy: object) -> None:
        # An idle connection has nothing to read, unless it was closed: looking at its socket costs a
        # hundredth of asking the server.
        waiting = poll()
        waiting.register(connection.fileno(), POLLIN)
        if waiting.poll(0):
            raise InvalidatePoolError

    return engine


def check_direct(engine: Engine) -> None:
    """Refuse what PostgreSQL's own programs do, and what needs to know every connection, through a pooler."""
    if is_sqlite(engine):
        return
    with engine.connect() as connection:
        if _is_through_a_pooler(connection.connection.driver_connection):
            raise ConfigurationError(THROUGH_A_POOLER)


def _is_through_a_pooler(connection: Any) -> bool:
    """Whether a pooler such as PgBouncer answers, which makes up the number of the server's process."""
    [number] = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    return bool(number != connection.info.backend_pid)


def _sqlite(url: str) -> Engine:
    from pysqlite3 import dbapi2  # noqa: PLC0415 - the system's own SQLite may have the WAL-reset fault

    made_whole = _kept_private(Path(str(make_url(url).database)))
    engine = create_engine(
        url,
        module=dbapi2,
        pool_size=SQLITE_POOL,
        max_overflow=0,
        hide_parameters=True,
        json_deserializer=from_json,
        connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256},
        execution_options={"turn": Lock(), "made_whole": made_whole},
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: object) -> None:
        for name, value in SQLITE_PRAGMAS.items():
            connection.execute(f"PRAGMA {name}={value}").fetchall()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("outside", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate", False) else "BEGIN")

    respondents = engine.pool.recreate()
    engine.update_execution_options(respondents=respondents)
    event.listen(engine, "engine_disposed", lambda _engine: respondents.dispose())
    return engine


def sqlite_files(path: Path) -> list[Path]:
    """Return those of the files of a SQLite database that exist."""
    names = (path, *(path.with_name(f"{path.name}{ending}") for ending in SQLITE_ENDINGS))
    return [each for each in names if each.exists()]


def _kept_private(path: Path) -> bool:
    """Make the file private to its owner; tell whether it is a copy made whole, by VACUUM INTO.

    SQLite gives its log the access rights of the file. A file that was copied from a running service states
    that it has a log; one that VACUUM INTO made does not, until it is opened.
    """
    if not path.parent.is_dir():
        return False
    with open(path, "ab", opener=open_private):
        pass
    for each in sqlite_files(path):
        keep_private(each)
    with path.open("rb") as file:
        return file.read(HEADER)[VERSIONS] == WITHOUT_LOG
