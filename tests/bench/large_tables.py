"""Large tables from Parquet on one machine: alpha beside a scan by polars, all pair tables beside its query.

    python -m tests.bench.large_tables [--rows 10000000] [--rounds 5] [--only alpha|pairs]

Contestants take turns, each time in a process of its own: one call that is not timed, then the least of
three, or of as many as take five seconds. Ratios are those of medians over the rounds, ours over the peer's;
exits with 1 above a limit. Alpha may take 1.5 times as long as polars takes to read the columns and add each
up, which computes no product; all pair tables half as long as one query of polars, or of DuckDB where it is
installed. Every contestant prints a sum of what it found, which must be the same. CPU is that of all threads.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations, product
from pathlib import Path

from tests.bench._timed import ITEMS, K, write_parquet

ROOT = Path(__file__).parents[2]
CODES = range(5)
LONG = 5.0  # seconds after which a contestant is not called again
PAIRS = tuple(combinations(ITEMS, 2))
Work = Callable[[], int]
"""Does what is timed, and returns a sum of what it found."""


@dataclass(frozen=True)
class Contestant:
    task: str
    name: str
    work: Callable[[Path], Work]
    limit: float | None = None
    """How long ours may take, in times of this one."""
    needs: str = "numpy"


def our_alpha(file: Path) -> Work:
    from analysis import cronbach_alpha, file_moments

    def work() -> int:
        found = file_moments(file, ITEMS)
        cronbach_alpha(found)
        return round(float((found.means * found.n).sum()))

    return work


def scan_by_polars(file: Path) -> Work:
    import polars as pl

    scanned = pl.scan_parquet(file).select(pl.all().cast(pl.Int64).sum())
    return lambda: sum(scanned.collect(engine="streaming").row(0))


def alpha_by_polars(file: Path) -> Work:
    import polars as pl

    total = pl.sum_horizontal(pl.all().cast(pl.Int16)).var().alias("total")
    sums = pl.all().cast(pl.Int64).sum().name.suffix("_sum")
    query = pl.scan_parquet(file).select(pl.all().var(), total, sums)
    return lambda: sum(query.collect(engine="streaming").row(0)[-K:])


def our_pairs(file: Path) -> Work:
    from analysis import file_counts

    def work() -> int:
        counts = file_counts(file, ITEMS)
        places = [(ITEMS.index(i), ITEMS.index(j)) for i, j in PAIRS]
        return checksum(int(n) for i, j in places for n in counts.tables[i, j].ravel())

    return work


def pairs_by_polars(file: Path) -> Work:
    import polars as pl

    cells = [
        ((pl.col(i) == a) & (pl.col(j) == b)).sum().alias(f"{i} {j} {a} {b}")
        for i, j in PAIRS
        for a, b in product(CODES, CODES)
    ]
    query = pl.scan_parquet(file).select(cells)
    return lambda: checksum(query.collect(engine="streaming").row(0))


def pairs_by_duckdb(file: Path) -> Work:
    import duckdb

    cells = ", ".join(f"histogram({i} * 5 + {j})" for i, j in PAIRS)

    def work() -> int:
        (found,) = duckdb.execute(f"select {cells} from '{file}'").fetchall()
        return checksum(each.get(a * 5 + b, 0) for each in found for a, b in product(CODES, CODES))

    return work


def checksum(counts) -> int:
    """A sum of counts in which each has a weight of its own."""
    return sum(place * int(n) for place, n in enumerate(counts, start=1)) % (2**61 - 1)


CONTESTANTS = (
    Contestant("alpha", "ours", our_alpha),
    Contestant("alpha", "polars, a scan", scan_by_polars, limit=1.5),
    Contestant("alpha", "polars, alpha", alpha_by_polars),
    Contestant("pairs", "ours", our_pairs),
    Contestant("pairs", "polars", pairs_by_polars, limit=0.5),
    Contestant("pairs", "DuckDB", pairs_by_duckdb, limit=0.5, needs="duckdb"),
)


def measured(work: Work) -> dict[str, float]:
    found, walls, cpus = work(), list[float](), list[float]()
    while len(walls) < 3 and sum(walls) < LONG:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall": min(walls), "cpu": min(cpus), "sum": found}


def child(number: int, file: Path) -> dict[str, float]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.large_tables",
        "--contestant",
        str(number),
        "--file",
        str(file),
    ]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    return json.loads(done.stdout)


def costs(task: str, rows: int, size: int) -> str:
    """Bytes and operations, from which the least possible time follows."""
    read = f"{size / 1e6:,.0f} MB of Parquet, {rows * K / 1e6:,.0f} MB of answers"
    if task == "alpha":
        return f"{read}; {rows * K * (K + 1) / 2 / 1e9:.2f} G multiply-adds of whole numbers"
    planes = K * len(CODES)
    words = rows / 64 * planes * (planes + 1) / 2
    return f"{read}; {words / 1e9:.2f} G words of 64 bits joined and counted"


def compare(task: str, file: Path, rows: int, rounds: int) -> bool:
    """Let the contestants of a task take turns; returns whether every limit is kept."""
    print(f"{task}: {rows:,} rows x {K} items; {costs(task, rows, file.stat().st_size)}")
    those = [
        (number, each)
        for number, each in enumerate(CONTESTANTS)
        if each.task == task and find_spec(each.needs) is not None
    ]
    found: dict[str, list[dict[str, float]]] = {each.name: [] for _, each in those}
    for _ in range(rounds):
        for number, each in those:
            found[each.name].append(child(number, file))
    assert len({one["sum"] for several in found.values() for one in several}) == 1, "different counts"
    walls = {name: statistics.median(one["wall"] for one in several) for name, several in found.items()}
    kept = True
    for _, each in those:
        cpu = statistics.median(one["cpu"] for one in found[each.name])
        line = f"  {each.name:16}{1000 * walls[each.name]:9,.0f} ms{1000 * cpu:9,.0f} ms of CPU"
        if each.name != "ours":
            ratio = walls["ours"] / walls[each.name]
            line += f"   ours / this {ratio:.2f}"
            if each.limit is not None:
                line += f" (at most {each.limit})" + ("" if ratio <= each.limit else ": NOT MET")
                kept = kept and ratio <= each.limit
        print(line, flush=True)
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("alpha", "pairs"))
    parser.add_argument("--contestant", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contestant is not None:
        print(json.dumps(measured(CONTESTANTS[asked.contestant].work(asked.file))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BENCH_FOLDER"] = folder
        file = Path(folder) / "answers.parquet"
        write_parquet(file, asked.rows)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        print(f"{asked.rounds} rounds, load {load:.1f}", flush=True)
        tasks = [asked.only] if asked.only else ["alpha", "pairs"]
        kept = [compare(task, file, asked.rows, asked.rounds) for task in tasks]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
