"""How fast polychoric correlations, their covariance and the reliabilities built on them are computed.

    python -m tests.bench.correlations [--only n]

Nothing here is collected by the test run. The peers' times were measured once on the same kind of machine
(2 cores): lavaan 0.6-14, psych 2.2.9, ordinalcorr 0.9. Each line runs in a process of its own, so that its
peak memory, the interpreter and the answers included, is its own. CPU is that of all threads: on a busy
machine it says more than the wall.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

K, FACETS = 30, 6


@dataclass(frozen=True)
class Line:
    """What is timed for how many rows, how often, and the bar and a peer's time in milliseconds."""

    what: str
    n: int
    work: Callable[[np.ndarray], object]
    repeats: int = 15
    bar: float | None = None
    peer: float | None = None


def matrix(X: np.ndarray) -> object:
    from analysis import polychoric

    return polychoric(X, se=False)


def with_errors(X: np.ndarray) -> object:
    from analysis import polychoric

    return polychoric(X)


def with_covariance(X: np.ndarray) -> object:
    from analysis import polychoric

    return polychoric(X, acov=True)


def hundred_draws(X: np.ndarray) -> object:
    from analysis import joint_counts, polychoric

    rng, codes = np.random.default_rng(2), X.astype(np.int8)
    return [polychoric(joint_counts(rng.permuted(codes, axis=0)), se=False) for _ in range(100)]


def together(X: np.ndarray) -> object:
    from analysis import polychoric

    return polychoric(X, method="joint")


def omega(X: np.ndarray) -> object:
    from analysis import categorical_omega

    return categorical_omega(X)


def omega_resampled(X: np.ndarray) -> object:
    from analysis import categorical_omega

    return categorical_omega(X[:, :5], interval="percentile", resamples=2000)


LINES = [
    Line("matrix", 300, matrix, peer=352),
    Line("matrix", 3000, matrix, bar=25, peer=503),
    Line("matrix", 100_000, matrix, peer=1900),
    Line("with standard errors", 3000, with_errors),
    Line("with covariance", 300, with_covariance, peer=653),
    Line("with covariance", 3000, with_covariance, bar=75, peer=1520),
    Line("with covariance", 100_000, with_covariance, repeats=5, bar=1000, peer=30_600),
    Line("100 matrices of permuted answers", 3000, hundred_draws, repeats=3, bar=3000, peer=137_000),
    Line("thresholds and r together", 3000, together, repeats=3, peer=8400),
    Line("categorical omega", 3000, omega),
    Line("its interval, 5 items, 2,000 resamples", 3000, omega_resampled, repeats=3, peer=2000 * 670),
]


def simulated(n: int) -> np.ndarray:
    """SIMULATED answers of six facets of one general factor."""
    from analysis.simulation import higher_order, simulate

    loadings, phi = higher_order([0.8] * FACETS, np.repeat(np.arange(FACETS), K // FACETS), 0.7)
    drawn = simulate(n, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi)
    return np.asarray(drawn, dtype=float)


def measure(line: Line) -> dict[str, float]:
    X = simulated(line.n)
    first = time.perf_counter()
    line.work(X)
    first = time.perf_counter() - first
    walls, cpus = [], []
    for _ in range(line.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        line.work(X)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "first": 1000 * first,
        "wall": 1000 * float(np.median(walls)),
        "cpu": 1000 * float(np.median(cpus)),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    if asked.only is not None:
        sys.stdout.write(json.dumps(measure(LINES[asked.only])))
        return
    heads = ("first ms", "wall ms", "cpu ms", "peak MB", "bar ms", "peer ms", "peer/wall")
    sys.stdout.write(f"{'30 items, 5 categories':52}" + "".join(f"{head:>10}" for head in heads) + "\n")
    for number, line in enumerate(LINES):
        command = [sys.executable, "-m", "tests.bench.correlations", "--only", str(number)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        ratio = None if line.peer is None else line.peer / found["wall"]
        figures = (found["first"], found["wall"], found["cpu"], found["peak"], line.bar, line.peer, ratio)
        cells = "".join(f"{'' if value is None else format(value, ',.1f'):>10}" for value in figures)
        sys.stdout.write(f"{f'{line.what}, n = {line.n:,}':52}{cells}\n")


if __name__ == "__main__":
    main()
