"""How fast reliability, its bootstrap intervals and joint counts are computed.

    python -m tests.bench.reliability [--rows 10000000]

Nothing here is collected by the test run. pingouin runs beside us; the other peers' times were measured
once on the same kind of machine (2 cores): psych 2.2.9, boot 1.3, MBESS 4.9. CPU is that of all threads: on
a busy machine it says more than the wall.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pingouin

from analysis.bounds import greatest_lower_bound, guttman_lambda, split_half
from analysis.counts import joint_counts
from analysis.items import describe
from analysis.omega import mcdonald_omega
from analysis.reliability import cronbach_alpha, item_statistics, standardised_alpha
from analysis.simulation import higher_order, simulate

K, FACETS = 30, 6


@dataclass(frozen=True)
class Line:
    """What is timed, how often, its bar and the time of a peer, in milliseconds."""

    what: str
    work: Callable[[], object]
    repeats: int = 15
    bar: float | None = None
    peer: float | None = None


def simulated(n: int) -> np.ndarray:
    """SIMULATED answers of six facets of one general factor."""
    loadings, phi = higher_order([0.8] * FACETS, np.repeat(np.arange(FACETS), K // FACETS), 0.7)
    return simulate(n, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi)


def of_pingouin(X: np.ndarray) -> Callable[[], object]:
    """Alpha with its interval, and once more without each item."""
    frame = pd.DataFrame(X)
    without = [frame.drop(columns=item) for item in frame]
    return lambda: [pingouin.cronbach_alpha(part) for part in (frame, *without)]


def lines(rows: int) -> list[Line]:
    found = []
    for n, psych in ((300, 24.0), (3000, 57.0), (100_000, 2700.0)):
        codes = simulated(n).astype(np.int8)
        X = codes.astype(float)
        bar = 1.0 if n == 3000 else None
        found += [
            Line(
                f"alpha with interval, if dropped, item statistics, n = {n}",
                lambda X=X: (cronbach_alpha(X), item_statistics(X)),
                bar=bar,
                peer=psych,
            ),
            Line(f"  pingouin called {K + 1} times", of_pingouin(X), repeats=3),
            Line(f"joint counts, n = {n}", lambda codes=codes: joint_counts(codes)),
        ]
    X = simulated(3000).astype(float)
    many = simulated(1_000_000).astype(np.int8)
    many = np.tile(many, (-(-rows // len(many)), 1))[:rows]
    return [
        *found,
        Line("standardised alpha", lambda: standardised_alpha(X)),
        Line("omega with interval", lambda: mcdonald_omega(X), peer=61.0),
        Line("descriptions", lambda: describe(X)),
        Line("six lambdas", lambda: guttman_lambda(X)),
        Line("greatest lower bound", lambda: greatest_lower_bound(X), peer=3.6),
        Line("10,000 split halves", lambda: split_half(X), peer=194.0),
        Line(
            "bootstrap of alpha, 10,000 resamples",
            lambda: cronbach_alpha(X, interval="bca", resamples=10_000),
            repeats=5,
            bar=500.0,
            peer=20_700.0,
        ),
        Line(
            "bootstrap of omega, 2,000 resamples",
            lambda: mcdonald_omega(X, interval="bca", resamples=2000),
            repeats=5,
            bar=2000 * 670.0 / 400,
            peer=2000 * 670.0,
        ),
        Line(f"joint counts, n = {rows}", lambda: joint_counts(many), repeats=5, bar=2000.0, peer=17_000.0),
    ]


def milliseconds(line: Line) -> tuple[float, float]:
    line.work()
    walls, cpus = [], []
    for _ in range(line.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        line.work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return 1000 * float(np.median(walls)), 1000 * float(np.median(cpus))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    asked = parser.parse_args()
    sys.stdout.write(f"{'':62}{'wall ms':>10}{'cpu ms':>10}{'bar':>9}{'peer':>12}{'peer/wall':>11}\n")
    for line in lines(asked.rows):
        wall, cpu = milliseconds(line)
        bar = "" if line.bar is None else f"{line.bar:.0f}"
        peer, ratio = ("", "") if line.peer is None else (f"{line.peer:.0f}", f"{line.peer / wall:.0f}")
        sys.stdout.write(f"{line.what:62}{wall:10.2f}{cpu:10.2f}{bar:>9}{peer:>12}{ratio:>11}\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    sys.stdout.write(
        f"peak memory {peak:.0f} MB, of which the answers themselves {asked.rows * K / 1e6:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
