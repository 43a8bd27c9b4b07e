"""How fast dimensions and factors are found, beside the peers' measured times and the limit.

Run it as ``python -m tests.bench.factors``; nothing here is collected by the test run. Peers' figures were
measured once on the same kind of machine (2 cores): EFAtools 0.6.0, psych 2.2.9, factor_analyzer 0.5.1.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis import (
    bartlett,
    factor_analysis,
    joint_counts,
    kmo,
    minimum_average_partial,
    omega_hierarchical,
    parallel_analysis,
)
from analysis.simulation import simulate

N, K, CATEGORIES, M = 3000, 30, 5, 6


@dataclass(frozen=True)
class Line:
    """What is timed, how often, and what it is compared with, in milliseconds."""

    what: str
    work: Callable[[], object]
    repeats: int
    bar: float | None
    peer: float | None
    limit: float | None


def simulated() -> np.ndarray:
    """SIMULATED answers of six correlated factors."""
    loadings = np.kron(np.eye(M), np.full((K // M, 1), 0.7))
    phi = 0.4 + 0.6 * np.eye(M)
    return simulate(N, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi)


def lines() -> list[Line]:
    X = simulated().astype(np.float64)
    R, counts = np.corrcoef(X, rowvar=False), joint_counts(X)

    def extract(method: str, rotation: str) -> Callable[[], object]:
        return lambda: factor_analysis(R, M, n=N, method=method, rotation=rotation)

    return [
        Line("KMO and Bartlett, from rows", lambda: (kmo(X), bartlett(X)), 50, None, 2.6, None),
        Line("MAP, from R", lambda: minimum_average_partial(R, n=N), 50, None, 136, None),
        Line("parallel analysis, 100 draws", lambda: parallel_analysis(X), 30, 30, 301, 5),
        Line("the same of factors", lambda: parallel_analysis(X, basis="factors"), 10, None, 2500, None),
        Line("the same, permuted rows", lambda: parallel_analysis(X, chance="permuted"), 5, None, None, 200),
        Line(
            "parallel analysis, polychoric, 100 draws",
            lambda: parallel_analysis(counts, correlation="polychoric"),
            3,
            3000,
            137_000,
            500,
        ),
        Line("EFA minres and oblimin, 6 factors, from R", extract("minres", "oblimin"), 50, 8, 8, 3),
        Line("EFA ml and varimax", extract("ml", "varimax"), 50, None, 10, None),
        Line("EFA minres and promax", extract("minres", "promax"), 50, None, None, None),
        Line("EFA minres and geomin, 10 starts", extract("minres", "geomin"), 20, None, None, None),
        Line("omega hierarchical, 6 groups", lambda: omega_hierarchical(R, M, n=N), 30, None, 37, None),
    ]


def milliseconds(work: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Return the first call, and the median and the least of the others: on a busy machine they differ."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return times[0], float(np.median(times[1:])), min(times[1:])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    todo = lines()
    say(f"n = {N}, {K} items, {CATEGORIES} categories, {M} factors; milliseconds")
    say(
        f"{'':42}{'first':>9}{'median':>9}{'least':>9}{'bar':>8}{'peer':>9}{'peer/ours':>11}{'ours/limit':>12}"
    )
    for line in todo:
        first, median, least = milliseconds(line.work, line.repeats)
        bar = f"{line.bar:.0f}" if line.bar else ""
        peer, ahead = (f"{line.peer:g}", f"{line.peer / median:.0f}x") if line.peer else ("", "")
        behind = f"{median / line.limit:.1f}x" if line.limit else ""
        say(f"{line.what:42}{first:9.2f}{median:9.2f}{least:9.2f}{bar:>8}{peer:>9}{ahead:>11}{behind:>12}")


if __name__ == "__main__":
    main()
