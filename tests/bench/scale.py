"""Reports of more rows than fit in memory: time, and the peak of memory of each worker.

    python -m tests.bench.scale [--rows 100000000] [--workers 2] [--folder FOLDER] [--only report]

Writes a folder of Parquet files with a million SIMULATED rows of 30 items each (13 MB a file), runs
`alpha`, `report` and `structure` over it by threads and by Dask, and deletes the folder. Every file holds
the same rows, so the counts of the whole must be those of one file times the number of files, which is
checked, as is that both engines print the same page. Exits with 1 where a worker takes more than 1 GB.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.bench._timed import ITEMS, MILLION, write_parquet

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 1000
RUN = """
import sys
from analysis.__main__ import main
from tests.bench.scale import peak
code = main(sys.argv[1:])
print(peak(), file=sys.stderr)
sys.exit(code)
"""
ASKED = ("--items", "item0-item29", "--reverse", "item3", "--codes", "0-4", "--format", "json")


def written(folder: Path, rows: int) -> None:
    os.environ["BENCH_FOLDER"] = str(folder)
    first = folder / "000.parquet"
    write_parquet(first, min(rows, MILLION))
    for number in range(1, -(-rows // MILLION)):
        shutil.copyfile(first, folder / f"{number:03}.parquet")


def check_counts(folder: Path) -> None:
    from analysis import file_counts

    files = sorted(folder.glob("*.parquet"))
    one, whole = file_counts(files[0], ITEMS), file_counts(folder, ITEMS)
    assert (whole.tables == len(files) * one.tables).all()
    print(
        f"{whole.n:,} rows in {len(files)} files of {files[0].stat().st_size / 1e6:.0f} MB: counts are exact"
    )


def by_threads(command: str, folder: Path) -> tuple[bytes, float, float]:
    """Run the command in a process of its own: its page, seconds, and megabytes at the most."""
    start = time.perf_counter()
    words = [sys.executable, "-c", RUN, command, str(folder), *ASKED]
    done = subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
    return done.stdout, time.perf_counter() - start, float(done.stderr.split()[-1])


def by_dask(command: str, folder: Path, workers: int) -> tuple[bytes, float, float]:
    """Run the command by Dask: its page, seconds, and megabytes of the largest worker."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        start = time.perf_counter()
        scheduler = ("--engine", "dask", "--scheduler", cluster.scheduler_address)
        words = [sys.executable, "-m", "analysis", command, str(folder), *ASKED, *scheduler]
        page = subprocess.run(words, check=True, stdout=subprocess.PIPE, cwd=ROOT).stdout
        return page, time.perf_counter() - start, max(client.run(peak).values())


def apart(work: Callable[[], None]) -> None:
    """Do some work in a process of its own, so that its memory is none of the workers'."""
    process = get_context("spawn").Process(target=work)
    process.start()
    process.join()
    assert process.exitcode == 0


def peak() -> float:
    """The most memory that this process has had, in megabytes: what it got from its parent does not count."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10 * MILLION)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--folder", type=Path, help="where the files lie for the time; default: a temporary one"
    )
    parser.add_argument("--only", choices=("alpha", "report", "structure"))
    asked = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    kept = True
    with tempfile.TemporaryDirectory(dir=asked.folder) as above:
        folder = Path(above) / "answers"
        folder.mkdir()
        for work in (partial(written, folder, asked.rows), partial(check_counts, folder)):
            apart(work)
        for command in [asked.only] if asked.only else ["alpha", "report", "structure"]:
            pages = []
            for engine in ("threads", "dask"):
                found = (
                    by_threads(command, folder)
                    if engine == "threads"
                    else by_dask(command, folder, asked.workers)
                )
                page, seconds, megabytes = found
                pages.append(page)
                met = "" if megabytes <= MOST_MEGABYTES else ": NOT MET"
                print(
                    f"{command:10}{engine:8}{seconds:8.1f} s{megabytes:8.0f} MB a worker "
                    f"(at most {MOST_MEGABYTES}){met}",
                    flush=True,
                )
                kept = kept and not met
            assert pages[0] == pages[1], "the engines differ"
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
