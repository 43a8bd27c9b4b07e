"""How fast scalability, agreement and careless answering are computed, and alpha of a file of ten million.

    python -m tests.bench.persons [--rows 10000000]

Nothing here is collected by the test run. pingouin runs beside us; the other peers' times were measured
once on the same kind of machine (2 cores): mokken 3.1.2, careless 1.2.2, psych 2.2.9, a polars scan. CPU is
that of all threads: on a busy machine it says more than the wall.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pyarrow as pa
from pyarrow import parquet

from analysis.agreement import intraclass_correlation
from analysis.blocks import file_counts, file_moments
from analysis.careless import careless_indices
from analysis.counts import joint_counts
from analysis.reliability import cronbach_alpha
from analysis.scalability import mokken_scalability
from analysis.simulation import higher_order, simulate

K, FACETS = 30, 6
ITEMS = [f"item{i}" for i in range(K)]


@dataclass(frozen=True)
class Line:
    """What is timed, how often, and what it is compared with, in milliseconds."""

    what: str
    work: Callable[[], object]
    repeats: int = 20
    bar: float | None = None
    peer: float | None = None


def simulated(n: int, seed: int = 1) -> np.ndarray:
    """SIMULATED answers of six facets of one general factor."""
    loadings, phi = higher_order([0.8] * FACETS, np.repeat(np.arange(FACETS), K // FACETS), 0.7)
    return simulate(n, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(seed), phi=phi)


def ratings(n: int = 3000, k: int = 4) -> np.ndarray:
    """SIMULATED ratings of n people by k raters."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, k))


def of_pingouin(X: np.ndarray) -> Callable[[], object]:
    n, k = X.shape
    long = pd.DataFrame({"p": np.repeat(np.arange(n), k), "r": np.tile(np.arange(k), n), "s": X.ravel()})
    return lambda: pingouin.intraclass_corr(long, targets="p", raters="r", ratings="s")


def write_answers(file: Path, rows: int) -> None:
    """Write SIMULATED answers as bytes, a million to a row group."""
    schema = pa.schema([(name, pa.int8()) for name in ITEMS])
    with parquet.ParquetWriter(file, schema) as writer:
        for start in range(0, rows, 1_000_000):
            answers = simulated(min(1_000_000, rows - start), seed=start).astype(np.int8)
            writer.write_table(pa.table({name: answers[:, i] for i, name in enumerate(ITEMS)}))


def lines(file: Path, rows: int) -> list[Line]:
    X, many = simulated(3000).astype(float), simulated(100_000).astype(float)
    rated, holed, seconds = ratings(), ratings(), np.full(100_000, 4.0)
    holed[np.random.default_rng(3).random(holed.shape) < 0.1] = np.nan
    counts = joint_counts(X)
    return [
        Line("Mokken H with errors, n = 3,000", lambda: mokken_scalability(X), bar=150, peer=3760),
        Line("the same from joint counts", lambda: mokken_scalability(counts)),
        Line("the same, n = 100,000", lambda: mokken_scalability(many), repeats=3),
        Line("ICC, six forms, 3,000 x 4", lambda: intraclass_correlation(rated), bar=1, peer=14),
        Line("pingouin, here and now", of_pingouin(rated)),
        Line("ICC by REML, a tenth missing", lambda: intraclass_correlation(holed, missing="reml"), peer=199),
        Line(
            "all careless indices, n = 100,000",
            lambda: careless_indices(
                many, scales=[5] * FACETS, seconds=seconds, synonym_r=0.4, antonym_r=-0.01
            ),
            repeats=5,
            bar=500,
            peer=95_000,
        ),
        Line(
            f"alpha from Parquet, {rows:,} rows",
            lambda: cronbach_alpha(file_moments(file, ITEMS)),
            repeats=5,
            bar=300,
            peer=315,
        ),
        Line("joint counts from the same", lambda: file_counts(file, ITEMS), repeats=1),
    ]


def measured(work: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Return the first call, the median of the others, and their median CPU, in milliseconds."""
    walls, cpus = [], []
    for _ in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    return walls[0], float(np.median(walls[1:])), float(np.median(cpus[1:]))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.parquet"
        write_answers(file, rows)
        say(f"{K} items, 5 categories; milliseconds; load {os.getloadavg()[0]:.1f}")
        say(f"{'':40}{'first':>9}{'median':>9}{'CPU':>9}{'bar':>7}{'peer':>8}{'peer/ours':>11}")
        for line in lines(file, rows):
            first, median, cpu = measured(line.work, line.repeats)
            bar = f"{line.bar:g}" if line.bar else ""
            peer, ahead = (f"{line.peer:g}", f"{line.peer / median:.0f}x") if line.peer else ("", "")
            say(f"{line.what:40}{first:9.2f}{median:9.2f}{cpu:9.2f}{bar:>7}{peer:>8}{ahead:>11}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"peak memory of all of it, peers and making the data included: {peak:.0f} MB")


if __name__ == "__main__":
    main()
