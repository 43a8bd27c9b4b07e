"""`read` and `write` for respondents: the statements of SQLAlchemy, compiled once and run on the driver.

A completed survey is some forty requests of one or two short statements each, and making such a statement's
context and result anew took longer than the database. What is given here stands in for a Connection as far as
those statements go: `execute` with `first`, `scalar` and `rowcount`. Tables, types and errors are
SQLAlchemy's.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, Executable, PoolProxiedConnection, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.sql.compiler import SQLCompiler

from app.db import is_sqlite, respondents_pool, turn

NOTHING: Final[Mapping[str, Any]] = {}
_BEGIN: Final = text("BEGIN IMMEDIATE")


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """Give a connection for reading; each statement reads by itself, outside any transaction."""
    with _connected(engine) as driver, driver.outside():
        yield cast(Connection, driver)


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """Give a connection for writing; the transaction is committed when the block ends without an error."""
    with turn(engine), _connected(engine) as driver:
        if is_sqlite(engine):  # psycopg begins by itself
            driver.execute(_BEGIN)
        yield cast(Connection, driver)
        driver.commit()


@dataclass(frozen=True)
class Found:
    """What a statement found, or how many rows it changed."""

    rows: Sequence[Any]
    rowcount: int

    def first(self) -> Any:
        return self.rows[0] if self.rows else None

    def scalar(self) -> Any:
        return self.rows[0][0] if self.rows else None


@dataclass(frozen=True)
class Compiled:
    """A statement as the driver takes it, and what its types do to values on their way in and out."""

    words: str
    order: Sequence[str] | None
    """The names of the parameters in order, where the driver takes them so."""
    given: Mapping[str, Any]
    """The parameters that the statement itself has."""
    into: Mapping[str, Callable[[Any], Any]]
    row: Callable[..., Any] | None
    out_of: Sequence[Callable[[Any], Any] | None]

    def bound(self, parameters: Mapping[str, Any]) -> Any:
        values = {**self.given, **parameters}
        for name, process in self.into.items():
            values[name] = process(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def read(self, rows: Sequence[Any]) -> Sequence[Any]:
        if self.row is None:
            return rows
        return [
            self.row(
                *(
                    value if each is None else each(value)
                    for each, value in zip(self.out_of, row, strict=True)
                )
            )
            for row in rows
        ]


_COMPILED: Final[WeakKeyDictionary[Executable, dict[tuple[str, ...], Compiled]]] = WeakKeyDictionary()


class Driver:
    """A connection of the driver's own, which stands in for SQLAlchemy's."""

    def __init__(self, connection: PoolProxiedConnection, engine: Engine) -> None:
        self._connection = connection
        self.engine = engine
        self.dialect = engine.dialect

    def execute(self, statement: Executable, parameters: Mapping[str, Any] = NOTHING) -> Found:
        """Run a statement and take all that it finds, so that nothing stays open."""
        compiled = _compiled(statement, self.dialect, parameters)
        bound = compiled.bound(parameters)
        with _as_sqlalchemy(self.engine, self._connection):
            cursor = self._connection.cursor()
            cursor.execute(compiled.words, bound)
            rows = cursor.fetchall() if cursor.description else ()
        return Found(compiled.read(rows), cursor.rowcount)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Begin no transaction, which psycopg would do, and ask the server twice more for one statement."""
        if self.dialect.name == "sqlite":
            yield
            return
        psycopg: Any = self._connection.driver_connection
        with _as_sqlalchemy(self.engine, self._connection):
            psycopg.autocommit = True
        try:
            yield
        finally:
            if not psycopg.closed:
                psycopg.autocommit = False

    def commit(self) -> None:
        with _as_sqlalchemy(self.engine, self._connection):
            self._connection.commit()


@contextmanager
def _connected(engine: Engine) -> Iterator[Driver]:
    with _as_sqlalchemy(engine):
        try:
            connection = respondents_pool(engine).connect()
        except InvalidRequestError as error:  # each that was tried had been closed by the server
            raise NoConnection from error
    try:
        yield Driver(connection, engine)
    finally:
        connection.close()


@contextmanager
def _as_sqlalchemy(engine: Engine, connection: PoolProxiedConnection | None = None) -> Iterator[None]:
    """Raise an error of the driver as SQLAlchemy does; where a connection is lost, so are those before it."""
    base = engine.dialect.loaded_dbapi.Error
    try:
        yield
    except base as error:
        lost = connection is not None and engine.dialect.is_disconnect(
            error, connection.driver_connection, None
        )
        if connection is not None and lost:
            connection.invalidate(error)
            engine.pool._invalidate(connection, error)  # noqa: SLF001 - as an Engine does
        raise DBAPIError.instance(
            None,
            None,
            error,
            base,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=engine.dialect,
        ) from error


def _compiled(statement: Executable, dialect: Dialect, parameters: Mapping[str, Any]) -> Compiled:
    """Return the statement as compiled for these parameters; one that is kept is compiled once."""
    key = (dialect.name, *parameters)
    kept = _COMPILED.setdefault(statement, {})
    if key not in kept:
        kept[key] = _compile(statement, dialect, parameters)
    return kept[key]


def _compile(statement: Any, dialect: Dialect, parameters: Mapping[str, Any]) -> Compiled:
    made: SQLCompiler = statement.compile(dialect=dialect, column_keys=[*parameters] or None)
    if made.post_compile_params or made.insert_prefetch or made.update_prefetch:
        raise TypeError("a statement that SQLAlchemy completes when it runs cannot be run on the driver")
    if missing := [name for name, each in made.binds.items() if each.required and name not in parameters]:
        raise TypeError(f"the statement needs a value for {', '.join(missing)}")
    columns = getattr(statement, "exported_columns", None)
    into = {
        name: each.type.dialect_impl(dialect).bind_processor(dialect)
        for each, name in made.bind_names.items()
    }
    return Compiled(
        words=made.string,
        order=made.positiontup if made.positional else None,
        given={name: value for name, value in made.params.items() if name not in parameters},
        into={name: process for name, process in into.items() if process},
        row=namedtuple("Row", columns.keys()) if columns else None,  # noqa: PYI024 - the names are known when it runs
        out_of=[each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns or ()],
    )
