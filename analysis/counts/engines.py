"""Engines that count the parts of a large table: threads of this machine, or the workers of Dask or Spark.

An engine applies one function to many parts and yields what it returns, in any order. What it returns are
whole numbers that add up, so neither the engine nor the number of workers changes a digit, and a part whose
worker is lost is counted anew by another.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final, TypeVar

from analysis.counts.joint import processors

Part = TypeVar("Part")
Found = TypeVar("Found")
Engine = Callable[[Callable[[Any], Any], Sequence[Any], str], Iterator[Any]]
"""Takes the function, the parts, and the address of a scheduler; an empty one starts what is needed here."""


class EngineError(ValueError):
    """An engine cannot be used; the message says why, and what to do."""


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
        Dask is not installed, or no scheduler answers.
    """
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError("Dask is not installed: pip install 'counterpoise[dask]'") from error
    dask: Any = distributed  # its classes bear no types
    with ExitStack() as opened:
        try:
            # A port that is free: several commands may run at a time.
            cluster = scheduler or opened.enter_context(dask.LocalCluster(dashboard_address="127.0.0.1:0"))
            client = opened.enter_context(dask.Client(cluster))
        except (OSError, ValueError) as error:
            raise EngineError(
                f"no Dask scheduler answers at {scheduler or 'this machine'}: {error}"
            ) from error
        # Impure: files that have changed since the last call are read anew.
        futures = dask.as_completed(client.map(work, parts, pure=False), with_results=True)
        for future, found in futures:
            yield found
            future.release()


def on_spark(work: Callable[[Part], Found], parts: Sequence[Part], scheduler: str = "") -> Iterator[Found]:
    """Count the parts in tasks of Spark (`mapInArrow`), by default in a Spark on this machine.

    The workers need this package, and read the files themselves, past the Java machine. Spark gives a task
    that failed to another worker as often as its master allows (`local[2,4]`, `spark.task.maxFailures`).

    Raises
    ------
    EngineError
        Spark is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - only where Spark is asked for
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EngineError("Spark is not installed: pip install 'counterpoise[spark]', and Java") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

    def counted(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            for place in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pydict({"found": [pickle.dumps(work(parts[place]))]})

    running = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("counterpoise").config("spark.ui.enabled", "false")
    session = running or builder.master(scheduler or "local[*]").getOrCreate()
    try:
        places = session.range(0, len(parts), numPartitions=max(1, len(parts)))
        for row in places.mapInArrow(counted, "found binary").collect():
            yield pickle.loads(row["found"])  # noqa: S301 - made by our own tasks
    finally:
        if running is None:
            session.stop()


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


ENGINES: Final[dict[str, Engine]] = {
    "threads": in_threads,
    "dask": on_dask,
    "spark": on_spark,
}
