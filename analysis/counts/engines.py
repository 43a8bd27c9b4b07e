"""Engines that count the parts of a large table: threads of this machine, or the workers of Dask or Spark.

An engine applies one function to many parts and yields what it returns, in any order. What it returns are
whole numbers that add up, so neither the engine nor the number of workers changes a digit, and a part whose
worker is lost is counted anew by another.

Workers bring back as a value what they refuse, and never raise it: Dask and Spark write what is raised into
their logs. What they raise themselves becomes an EngineError without its words, which may hold answers.
"""

import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from analysis.counts.joint import processors

Part = TypeVar("Part")
Found = TypeVar("Found")
Engine = Callable[[Callable[[Any], Any], Sequence[Any], str], Iterator[Any]]
"""Takes the function, the parts, and the address of a scheduler; an empty one starts what is needed here."""
NO_PAGES: Final[dict[str, list[str]]] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
"""How a Dask serves no page."""
ALONE: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.authenticate": "true",
}
"""How a Spark on this machine listens to nobody else."""


class EngineError(ValueError):
    """An engine cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class _Refused:
    """Why a part cannot be counted: of whatever worker, and however often it tries."""

    error: ValueError


def in_threads(
    work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str = "", *, threads: int | None = None
) -> Iterator[Found]:
    """Count the parts in threads of this process, by default as many as it may use processors.

    Raises
    ------
    EngineError
        A scheduler is named, which threads have none of.

    Examples
    --------
    >>> sorted(in_threads(abs, [-2, 1]))
    [1, 2]
    """
    if scheduler:
        raise EngineError("threads are those of this machine: name --engine dask or spark with --scheduler")
    with ThreadPoolExecutor(threads or processors()) as pool:
        yield from pool.map(work, parts)


def on_dask(work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str = "") -> Iterator[Found]:
    """Count the parts by the workers of a Dask scheduler, or of a cluster of processes on this machine.

    The workers need this package, and read the files themselves. Dask gives the parts of a lost worker to
    another one.

    Raises
    ------
    EngineError
        Dask is not installed, no scheduler answers, or its workers fail.
    """
    return _by_workers("Dask", _dask_counts(partial(_tried, work), parts, scheduler))


def on_spark(work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str = "") -> Iterator[Found]:
    """Count the parts in tasks of Spark (`mapInArrow`), by default in a Spark on this machine.

    The workers need this package, and read the files themselves, past the Java machine. Spark gives a task
    that failed to another worker as often as its master allows (`local[2,4]`, `spark.task.maxFailures`). A
    session that runs in this process is used, and left running.

    Raises
    ------
    EngineError
        Spark or Java is not installed, no master answers, or its workers fail; or a scheduler is named while
        a session runs.
    """
    return _by_workers("Spark", _spark_counts(partial(_tried, work), parts, scheduler))


def engine_of(name: str) -> Engine:
    """Return an engine by its name.

    Raises
    ------
    EngineError
        There is none of that name.
    """
    if name not in ENGINES:
        raise EngineError(f"there is no engine {name!r}; name one of {', '.join(ENGINES)}")
    return ENGINES[name]


def _tried(work: Callable[[Part], Found], part: Part) -> Found | _Refused:
    try:
        return work(part)
    except ValueError as error:
        return _Refused(error)


def _by_workers(engine: str, counted: Generator[Found | _Refused, None, None]) -> Iterator[Found]:
    """Yield what workers found, raise what they refused; EngineError in place of what an engine raises."""
    with closing(counted):
        while True:
            try:
                found = next(counted)
            except StopIteration:
                return
            except EngineError:
                raise
            except Exception as error:
                raise EngineError(
                    f"{engine} could not count every part ({type(error).__name__}). Each worker needs this "
                    "package in the same version, the files under the same path or address, and memory for a "
                    "row group; the workers' logs say more"
                ) from error
            if isinstance(found, _Refused):
                raise found.error
            yield found


def _dask_counts(
    work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str
) -> Generator[Found, None, None]:
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError("Dask is not installed: pip install 'counterpoise[dask]'") from error
    dask: Any = distributed  # its classes bear no types
    with ExitStack() as opened:
        try:
            cluster = scheduler or opened.enter_context(local_dask())
            client = opened.enter_context(dask.Client(cluster))
        except Exception as error:
            raise EngineError(
                f"no Dask scheduler answers at {scheduler}: {error}"
                if scheduler
                else f"Dask could not start workers on this machine: {error}"
            ) from error
        # Impure: files that have changed since the last call are read anew.
        for future in dask.as_completed(client.map(work, parts, pure=False)):
            yield future.result()
            future.release()


@contextmanager
def local_dask() -> Iterator[Any]:
    """Start a Dask on this machine that only this process can join, and that serves no page."""
    import dask  # noqa: PLC0415 - an extra
    from distributed import LocalCluster  # noqa: PLC0415

    # Without a dashboard there is still a server of other pages: on a free port, as several commands may run.
    pages = {"dashboard_address": "127.0.0.1:0"}
    start: Any = LocalCluster  # it bears no types
    with (
        dask.config.set(NO_PAGES),
        start(dashboard_address=None, scheduler_kwargs=pages, security=True) as it,
    ):
        yield it


def _spark_counts(
    work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str
) -> Generator[Found, None, None]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only where Spark is asked for
        import pyspark  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise EngineError("Spark is not installed: pip install 'counterpoise[spark]', and Java") from error

    def counted(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            for place in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pydict({"found": [pickle.dumps(work(parts[place]))]})

    session, started = _spark_session(scheduler)
    places = session.range(0, len(parts), numPartitions=max(1, len(parts)))
    kept = places.mapInArrow(counted, "found binary").persist()
    try:
        kept.count()  # all parts at a time; workers keep what they found, and it comes here part by part
        for row in kept.toLocalIterator():
            yield pickle.loads(row["found"])  # noqa: S301 - made by our own tasks
    finally:
        kept.unpersist()
        if started:
            session.stop()


def _spark_session(scheduler: str) -> tuple[Any, bool]:
    """Return a session, and whether it was started here."""
    from pyspark import SparkContext  # noqa: PLC0415 - an extra
    from pyspark.sql import SparkSession  # noqa: PLC0415

    running = SparkContext._active_spark_context  # noqa: SLF001 - other threads' sessions are not active here
    if running is not None:
        if scheduler:
            raise EngineError(
                f"a Spark session already runs in this process, at {running.master}: leave out the scheduler "
                "to count there, or stop the session"
            )
        return SparkSession.builder.getOrCreate(), False
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("counterpoise").config("spark.ui.enabled", "false")
    builder = builder.master(scheduler) if scheduler else builder.master("local[*]").config(map=ALONE)
    try:
        return builder.getOrCreate(), True
    except Exception as error:
        where = f"no Spark master answers at {scheduler}" if scheduler else "Spark could not be started here"
        raise EngineError(
            f"{where} ({type(error).__name__}); it needs Java 17 or newer on this machine"
        ) from error


ENGINES: Final[dict[str, Engine]] = {
    "threads": in_threads,
    "dask": on_dask,
    "spark": on_spark,
}
