"""Dask counts what threads count, whoever of its workers dies. Spark and real clusters: tests/engines."""

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import dask
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from analysis.__main__ import main
from analysis.counts.engines import EngineError, local_dask, on_dask
from analysis.files.parquet_parts import files_of
from analysis.files.tally import Wanted, tally
from analysis.simulation import simulate
from tests.lib.counted_parts import PATIENCE, report_of, waiting
from tests.property.test_tallies import assert_same

ITEMS = ("a", "b", "c", "d")
WANTED = Wanted(items=ITEMS, missing=((9,),) * 4, sets=((0, 1, 2, 3), (1, 3)))


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight files of SIMULATED answers, one item turned round, with holes."""
    rng = np.random.default_rng(5)
    codes = simulate(8000, [0.7, -0.7, 0.6, 0.5], [-1, 0, 1], rng) + 1.0
    codes[rng.random(codes.shape) < 0.03] = np.nan
    codes[rng.random(codes.shape) < 0.03] = 9
    place = tmp_path_factory.mktemp("answers")
    for number, part in enumerate(np.split(codes, 8)):
        pd.DataFrame(part, columns=ITEMS).astype("Int8").to_parquet(place / f"{number}.parquet")
    return place


@pytest.fixture(name="cluster", scope="module")
def _cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


def test_one_two_and_seven_workers_count_what_threads_count(folder, cluster):
    expected = tally(files_of(folder), WANTED, sample=50)
    for workers in (1, 2, 7):
        cluster.scale(workers)
        with Client(cluster) as client:
            client.wait_for_workers(workers)
        assert_same(
            tally(files_of(folder), WANTED, sample=50, engine=on_dask, scheduler=cluster.scheduler_address),
            expected,
        )
    cluster.scale(2)


def test_a_worker_that_is_killed_in_the_middle_changes_no_count(folder, cluster, tmp_path):
    def engine(work, parts, scheduler):
        found = on_dask(partial(waiting, work, tmp_path), parts, scheduler)
        yield next(found)
        while not (pids := list(tmp_path.glob("*.pid"))):
            time.sleep(0.02)
        os.kill(int(pids[0].stem), signal.SIGKILL)
        (tmp_path / "go").touch()
        yield from found

    found = tally(files_of(folder), WANTED, sample=50, engine=engine, scheduler=cluster.scheduler_address)
    assert_same(found, tally(files_of(folder), WANTED, sample=50))


def test_a_report_by_dask_is_that_of_threads(folder, cluster, capsys):
    asked = report_of(folder)
    assert main(asked) == 0
    expected = capsys.readouterr().out
    assert main([*asked, "--engine", "dask", "--scheduler", cluster.scheduler_address]) == 0
    assert capsys.readouterr().out == expected


def test_what_a_worker_refuses_is_said_as_threads_say_it_and_stands_in_no_log(cluster, tmp_path, capsys):
    frame = pd.DataFrame({name: ["1", "2", "Nevermore"] for name in ITEMS})
    frame.to_parquet(tmp_path / "a.parquet")
    asked = ["alpha", str(tmp_path), "--items", "a,b", "--codes", "1-4"]
    assert main(asked) == 2
    expected = capsys.readouterr().err
    assert main([*asked, "--engine", "dask", "--scheduler", cluster.scheduler_address]) == 2
    assert capsys.readouterr().err == expected
    assert "a.parquet, a: not every cell" in expected
    with Client(cluster) as client:
        logs = str([client.get_worker_logs(), client.get_scheduler_logs()])
    assert "Failed" not in logs
    assert "Nevermore" not in logs


def test_too_many_codes_are_said_as_threads_say_it(cluster, tmp_path, capsys):
    for number, codes in enumerate((range(100), range(-20, 20))):
        pd.DataFrame(dict.fromkeys(("a", "b"), codes)).to_parquet(tmp_path / f"{number}.parquet")
    asked = ["alpha", str(tmp_path), "--items", "a,b"]
    assert main(asked) == 2
    expected = capsys.readouterr().err
    assert main([*asked, "--engine", "dask", "--scheduler", cluster.scheduler_address]) == 2
    assert capsys.readouterr().err == expected
    assert f"{tmp_path}, a: more than 64 different codes" in expected


def fails(_: int) -> None:
    raise RuntimeError("Nevermore")


def dies(_: int) -> None:
    os._exit(1)


@pytest.mark.parametrize(("work", "kind"), [(fails, "RuntimeError"), (dies, "KilledWorker")])
def test_workers_that_fail_are_told_without_their_words(work, kind, cluster, monkeypatch):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    with pytest.raises(EngineError, match=rf"Dask could not count every part \({kind}\)") as failed:
        list(on_dask(work, [1], cluster.scheduler_address))
    assert "Nevermore" not in str(failed.value)


def waits(part: int) -> int:
    if part:
        time.sleep(PATIENCE)
    return part


def test_a_scheduler_that_is_lost_is_told():
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        found = on_dask(waits, [0, 1], cluster.scheduler_address)
        assert next(found) == 0
    with pytest.raises(EngineError, match=r"Dask could not count every part \(FutureCancelledError\)"):
        next(found)


@pytest.mark.parametrize("scheduler", ["nothing://127.0.0.1:1", "tcp://127.0.0.1:1", "127.0.0.1:none"])
def test_a_scheduler_that_does_not_answer_is_named(scheduler, folder, capsys):
    with dask.config.set({"distributed.comm.timeouts.connect": "200ms"}):
        assert main([*report_of(folder), "--engine", "dask", "--scheduler", scheduler]) == 2
    assert f"no Dask scheduler answers at {scheduler}" in capsys.readouterr().err


def test_a_dask_that_is_started_here_serves_no_page_and_lets_nobody_in():
    with local_dask() as cluster:
        assert cluster.scheduler_address.startswith("tls://127.0.0.1:")
        port = cluster.scheduler.http_server.port
        for page in ("status", "health", "metrics", "json/counts.json", "info/main/workers.html"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"http://127.0.0.1:{port}/{page}")
        with pytest.raises(TypeError, match="TLS expects"):
            Client(cluster.scheduler_address)
