"""Fairness of 30 items beside R's loop over MASS::polr.

    python -m tests.bench.fairness [--people 3000] [--times 5]

Both fit the three cumulative logit models of each item, matched by the total, to the same SIMULATED answers;
ours also tests within scores, computes influences and corrects for the number of items. Times are CPU times,
which vary less than wall time on a busy machine. Exits with 1 where ours is not 20 times as fast. Without R
(Debian: r-base-core, r-cran-mass) only ours is timed.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from analysis.invariance.differential_item_functioning import differential_item_functioning
from analysis.simulation import simulate

ITEMS, RATIO = 30, 20.0
LOOP = """
suppressMessages(library(MASS)); x <- read.csv("answers.csv", header = FALSE)
g <- rep(0:1, each = nrow(x) / 2); m <- rowSums(x); m <- (m - mean(m)) / sd(m)
spent <- system.time(for (y in x) { d <- data.frame(y = factor(y, ordered = TRUE), m, g)
  for (f in list(y ~ m, y ~ m + g, y ~ m + g + m:g)) polr(f, d, Hess = TRUE) })
cat(spent[["user.self"]] + spent[["sys.self"]])
"""


def of_polr(X: np.ndarray) -> float | None:
    """CPU seconds of R's loop, None where R or MASS is not there."""
    r = shutil.which("Rscript")
    if r is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(Path(folder) / "answers.csv", X, fmt="%d", delimiter=",")
        found = subprocess.run([r, "-e", LOOP], cwd=folder, capture_output=True, text=True, check=False)
    return float(found.stdout) if found.returncode == 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fairness", description=__doc__)
    parser.add_argument("--people", type=int, default=3000)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    half = asked.people // 2
    X = simulate(2 * half, [0.7] * ITEMS, [-1.2, -0.3, 0.5, 1.3], np.random.default_rng(1)).astype(float)
    groups = np.repeat([0, 1], half)
    differential_item_functioning(X, groups, purify=False)  # compiled kernels are loaded once
    spent = []
    for _ in range(asked.times):
        started = time.process_time()
        differential_item_functioning(X, groups, purify=False)
        spent.append(time.process_time() - started)
    ours, polr = statistics.median(spent), of_polr(X)
    said = f"fairness of {ITEMS} items, {2 * half} SIMULATED people: ours {ours * 1000:.0f} ms CPU"
    if polr is None:
        print(f"{said}; R with MASS is not here")
        return 0
    print(f"{said}, MASS::polr {polr:.2f} s, {polr / ours:.0f} times (at least {RATIO:.0f})")
    return 0 if polr >= RATIO * ours else 1


if __name__ == "__main__":
    sys.exit(main())
