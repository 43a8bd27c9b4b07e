"""The whole report of many items, and of many rows, in turn with that of another commit.

    python -m tests.bench.large_reports [--against COMMIT] [--rounds 3] [--threads 1]

Each time `python -m analysis report` in a process of its own, from a CSV of SIMULATED answers to the text on
the disk: 100 items in ten scales from 3,000 people, and 30 items in one scale from 100,000. Prints the median
of wall and CPU time, the most memory, and ours as a ratio to the other commit's; exits with 1 where a limit
is not met. Limits are those for the commit `FIRST`: a tenth of its time, and 0.75 of it within 500 MB. Beside
them stands the least that the products of the bootstrap can take, at the speed at which this machine
multiplies single-precision matrices. A limit that is missed is followed by what took the time.
"""

import argparse
import cProfile
import io
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.bench.road import path_of, tree_of

ROOT = Path(__file__).parents[2]
FIRST = "d1ed1a3"
RESAMPLES = 2000
KEPT = 15  # lines of a profile


@dataclass(frozen=True)
class Case:
    name: str
    rows: int
    scales: int
    items: int
    limit: float
    """At most so many times the time that the commit `FIRST` took."""
    megabytes: float | None = None

    @property
    def columns(self) -> list[str]:
        letters = "abcdefghij"[: self.scales]
        return [f"{letter}{place}" for letter in letters for place in range(1, self.items + 1)]

    @property
    def products(self) -> float:
        """Multiplications and additions of the bootstrap of the items together."""
        k = len(self.columns)
        return 2.0 * self.rows * k * (k + 1) / 2 * RESAMPLES


@dataclass(frozen=True)
class Cost:
    wall: float
    cpu: float
    megabytes: float


CASES = (
    Case("100 items, 3,000 rows", 3000, 10, 10, 0.1),
    Case("30 items, 100,000 rows", 100_000, 1, 30, 0.75, megabytes=500),
)


def written(case: Case, folder: Path) -> tuple[Path, Path]:
    """Write answers and their questionnaire; return the file and the folder."""
    from analysis.simulation import higher_order, simulate

    k = len(case.columns)
    groups = max(case.scales, 6)
    loadings, phi = higher_order([0.8] * groups, np.arange(k) * groups // k, 0.7)
    drawn = simulate(case.rows, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi)
    file, questionnaire = folder / f"{k}.csv", folder / f"questionnaire{k}"
    marked = np.column_stack([drawn, np.ones(case.rows)])
    header = ",".join([*case.columns, "simulated"])
    np.savetxt(file, marked, fmt="%d", delimiter=",", header=header, comments="")
    columns = ("--items", ",".join(case.columns), "--codes", "0-4")
    words = [sys.executable, "-m", "analysis", "draft", str(file), *columns, "--out", str(questionnaire)]
    subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return file, questionnaire


def command(file: Path, questionnaire: Path) -> list[str]:
    return ["report", str(file), "--instrument", str(questionnaire), "--out", str(file.with_suffix(".txt"))]


def cost(tree: Path, words: list[str], threads: int) -> Cost:
    """Run a command of a tree's analysis and return what it took."""
    environment = {**path_of(tree), "OPENBLAS_NUM_THREADS": str(threads)}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "analysis", *words], cwd=tree, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def multiplying(threads: int) -> float:
    """Return how many single-precision operations a second the matrix library does here, with threads."""
    code = (
        "import numpy as np, time\n"
        "a = np.ones((2000, 2000), 'f4')\n"
        "a @ a\n"
        "start = time.perf_counter()\n"
        "for _ in range(5): a @ a\n"
        "print(5 * 2 * 2000**3 / (time.perf_counter() - start))\n"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=environment)
    return float(done.stdout)


def profile(words: list[str]) -> str:
    """Return the functions that took most of a command's time in this process."""
    from analysis.__main__ import main as analyse

    profiled = cProfile.Profile()
    profiled.runcall(analyse, words)
    text = io.StringIO()
    pstats.Stats(profiled, stream=text).strip_dirs().sort_stats("tottime").print_stats(KEPT)
    return text.getvalue()


def compared(case: Case, before: Path, folder: Path, rounds: int, threads: int) -> bool:
    """Let both trees take turns at a case; returns whether its limits are kept."""
    words = command(*written(case, folder))
    found: dict[Path, list[Cost]] = {before: [], ROOT: []}
    for number in range(rounds):
        for tree in found if number % 2 else reversed(found):
            found[tree].append(cost(tree, words, threads))
    middle = {
        tree: [statistics.median(value) for value in zip(*map(_numbers, several), strict=True)]
        for tree, several in found.items()
    }
    for tree, name in ((before, "before"), (ROOT, "now")):
        wall, cpu, megabytes = middle[tree]
        print(f"{case.name}, {name}: {wall:.2f} s, {cpu:.2f} s of CPU, {megabytes:.0f} MB", flush=True)
    ratio = middle[ROOT][0] / middle[before][0]
    most = max(each.megabytes for each in found[ROOT])
    kept = ratio <= case.limit and most <= (case.megabytes or np.inf)
    memory = f", memory at most {case.megabytes} MB" if case.megabytes else ""
    least = case.products / multiplying(threads)
    print(
        f"  now / before {ratio:.2f} of the time, {middle[ROOT][1] / middle[before][1]:.2f} of the CPU "
        f"(time at most {case.limit}{memory}){'' if kept else ': NOT MET'}; "
        f"{case.products / 1e9:.0f} G products of the bootstrap alone take {least:.2f} s here",
        flush=True,
    )
    if not kept:
        print(profile(words))
    return kept


def _numbers(each: Cost) -> tuple[float, float, float]:
    return each.wall, each.cpu, each.megabytes


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", metavar="COMMIT", default=FIRST)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of the matrix library; default: 1")
    asked = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"{asked.rounds} rounds against {asked.against}, load {load:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        before = tree_of(asked.against, Path(folder) / "before")
        kept = [compared(case, before, Path(folder), asked.rounds, asked.threads) for case in CASES]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
