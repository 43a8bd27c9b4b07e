"""Real engines count what threads count: Dask's own commands, and Spark with its Java. Run by `make engines`.

`make test` runs Dask within one process tree in tests/unit/test_engines.py.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from analysis.__main__ import main
from analysis.counts.engines import EngineError, on_dask, on_spark
from analysis.files.parquet_parts import files_of
from analysis.files.tally import Wanted, tally
from analysis.simulation import simulate
from tests.lib.counted_parts import report_of, waiting
from tests.property.test_tallies import assert_same

pytestmark = [pytest.mark.engines, pytest.mark.filterwarnings("default")]
ITEMS = ("a", "b", "c", "d")
WANTED = Wanted(items=ITEMS, missing=((9,),) * 4, sets=((0, 1, 2, 3), (1, 3)))
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve files of SIMULATED answers, one item turned round, with holes."""
    rng = np.random.default_rng(6)
    codes = simulate(12_000, [0.7, -0.7, 0.6, 0.5], [-1, 0, 1], rng) + 1.0
    codes[rng.random(codes.shape) < 0.03] = np.nan
    codes[rng.random(codes.shape) < 0.03] = 9
    place = tmp_path_factory.mktemp("answers")
    for number, part in enumerate(np.split(codes, 12)):
        pd.DataFrame(part, columns=ITEMS).astype("Int8").to_parquet(place / f"{number:02}.parquet")
    return place


@contextmanager
def dask(workers: int, folder: Path) -> Iterator[str]:
    """Start a scheduler and workers by Dask's own commands; yields the scheduler's address."""
    file = folder / "scheduler.json"
    log = (folder / "log").open("wb")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(file))
    quiet = ("--host", "127.0.0.1", "--no-dashboard")
    with ExitStack() as running:
        running.enter_context(log)
        servers = [subprocess.Popen([*command, "--port", "0", *quiet], stdout=log, stderr=log, cwd=ROOT)]
        try:
            wait_for(file.exists)
            for _ in range(workers):
                worker = (sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file))
                options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder), *quiet)
                servers.append(
                    subprocess.Popen([*worker, *options], stdout=log, stderr=log, env=environment, cwd=ROOT)
                )
            yield address_of(file, workers)
        finally:
            for server in reversed(servers):
                server.kill()
                server.wait()


def address_of(file: Path, workers: int) -> str:
    from distributed import Client

    with Client(scheduler_file=str(file)) as client:
        client.wait_for_workers(workers, timeout=PATIENCE)
        return str(client.scheduler.address)


def wait_for(ready, patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while not ready():
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.05)


def killing(engine, folder: Path):
    """An engine of which a worker is killed while it counts a part."""

    def killed(work, parts, scheduler):
        found = engine(partial(waiting, work, folder), parts, scheduler)
        first = next(found)
        wait_for(lambda: [*folder.glob("*.pid")])
        os.kill(int(next(folder.glob("*.pid")).stem), signal.SIGKILL)
        (folder / "go").touch()
        yield first
        yield from found

    return killed


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_dask_s_own_workers_count_what_threads_count(workers, folder, tmp_path):
    with dask(workers, tmp_path) as scheduler:
        found = tally(files_of(folder), WANTED, sample=50, engine=on_dask, scheduler=scheduler)
    assert_same(found, tally(files_of(folder), WANTED, sample=50))


def test_a_worker_of_dask_that_is_killed_changes_no_count(folder, tmp_path):
    with dask(2, tmp_path) as scheduler:
        engine = killing(on_dask, tmp_path)
        found = tally(files_of(folder), WANTED, sample=50, engine=engine, scheduler=scheduler)
    assert_same(found, tally(files_of(folder), WANTED, sample=50))


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_spark_counts_what_threads_count(workers, folder):
    found = tally(files_of(folder), WANTED, sample=50, engine=on_spark, scheduler=f"local[{workers}]")
    assert_same(found, tally(files_of(folder), WANTED, sample=50))


def test_a_worker_of_spark_that_is_killed_changes_no_count(folder, tmp_path):
    from threading import Thread

    def kill() -> None:
        wait_for(lambda: [*tmp_path.glob("*.pid")])
        os.kill(int(next(tmp_path.glob("*.pid")).stem), signal.SIGKILL)
        (tmp_path / "go").touch()

    def engine(work, parts, scheduler):
        # Spark yields when all parts are counted, so somebody else has to kill.
        killer = Thread(target=kill)
        killer.start()
        yield from on_spark(partial(waiting, work, tmp_path), parts, scheduler)
        killer.join()

    found = tally(files_of(folder), WANTED, sample=50, engine=engine, scheduler="local[2,4]")
    assert_same(found, tally(files_of(folder), WANTED, sample=50))


def test_a_report_by_spark_is_that_of_threads(folder, capfd):
    asked = report_of(folder)
    assert main(asked) == 0
    expected = capfd.readouterr().out
    assert main([*asked, "--engine", "spark", "--scheduler", "local[2]"]) == 0
    assert capfd.readouterr().out == expected


@pytest.fixture(name="session")
def _session() -> Iterator[Any]:
    """A Spark session of our own, whose driver takes a megabyte of results of one job at the most."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.maxResultSize", "1m").getOrCreate()
    yield session
    session.stop()


@pytest.mark.usefixtures("session")
def test_spark_sends_what_it_counts_part_by_part():
    """Together they are more than the driver takes."""
    assert [*on_spark(kilobytes, [300] * 12)] == [b"x" * 300_000] * 12


def kilobytes(part: int) -> bytes:
    return b"x" * (1000 * part)


def meeting(folder: Path, part: int) -> int:
    """Wait for the other of two parts."""
    (folder / str(part)).touch()
    wait_for((folder / str(1 - part)).exists)
    return part


def test_spark_counts_parts_at_the_same_time(tmp_path):
    assert sorted(on_spark(partial(meeting, tmp_path), [0, 1], "local[2]")) == [0, 1]


def test_a_session_that_runs_is_used_and_left_running(session):
    def count() -> list[int]:
        return sorted(on_spark(abs, [-2, 1]))

    with ThreadPoolExecutor(1) as another:
        assert count() == another.submit(count).result() == [1, 2]
    assert session.range(3).count() == 3


def test_a_scheduler_beside_a_session_that_runs_is_refused(session):
    with pytest.raises(
        EngineError, match=r"already runs in this process, at local\[2\]: leave out the scheduler"
    ):
        list(on_spark(abs, [1], "local[1]"))
    assert session.range(3).count() == 3


def test_a_session_that_was_started_is_stopped():
    from pyspark import SparkContext

    assert sorted(on_spark(abs, [-2, 1], "local[1]")) == [1, 2]
    assert SparkContext._active_spark_context is None


def test_a_spark_that_is_started_here_listens_on_this_machine_alone():
    found = on_spark(abs, [-2, 1])
    next(found)
    listening = {
        each.laddr.ip
        for process in psutil.Process().children(recursive=True)
        for each in process.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }
    next(found)
    assert listening
    assert {each.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}


def test_what_a_worker_of_spark_refuses_is_said_as_threads_say_it(tmp_path, capfd):
    frame = pd.DataFrame({name: ["1", "2", "Nevermore"] for name in ITEMS})
    frame.to_parquet(tmp_path / "a.parquet")
    asked = ["alpha", str(tmp_path), "--items", "a,b", "--codes", "1-4"]
    assert main(asked) == 2
    expected = capfd.readouterr().err
    assert "a.parquet, a: not every cell" in expected
    assert main([*asked, "--engine", "spark", "--scheduler", "local[2]"]) == 2
    said = capfd.readouterr().err
    assert said.endswith(expected)
    assert "Nevermore" not in said


def fails(_: int) -> None:
    raise RuntimeError("Nevermore")


def test_workers_of_spark_that_fail_are_told_without_their_words():
    with pytest.raises(EngineError, match=r"Spark could not count every part \(PythonException\)") as failed:
        list(on_spark(fails, [1], "local[1]"))
    assert "Nevermore" not in str(failed.value)


@pytest.mark.parametrize(
    ("scheduler", "environment", "reason"),
    [
        ([], {"JAVA_HOME": "/nowhere"}, "Spark could not be started here"),
        (["--scheduler", "spark://127.0.0.1:1"], {}, "no Spark master answers at spark://127.0.0.1:1"),
        (["--scheduler", "nothing://there"], {}, "no Spark master answers at nothing://there"),
    ],
)
def test_a_spark_that_cannot_be_used_is_told(scheduler, environment, reason, folder):
    words = [sys.executable, "-m", "analysis", *report_of(folder), "--engine", "spark", *scheduler]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "it needs Java 17 or newer" in done.stderr
    assert "Traceback" not in done.stderr
