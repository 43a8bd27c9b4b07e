"""How fast the analysis is, compared with other packages and with the limits set for it.

    python -m tests.bench.psychometrics [--only WORDS] [--rows 10000000] [--threads 2]

Nothing here is collected by the test run. Every line runs in a process of its own, one after the other, so
that its peak memory, including interpreter and answers, is its own. OPENBLAS_NUM_THREADS is set to --threads,
by default the number of processors. Where other programs use these too, threads wait for each other, and 1 is
faster: the report runs with 1, as its command sets it. `first` is the first call, `median` and `least` are of
the calls after it; limits are for the median. CPU is that of all threads, which varies less than wall time on
a busy machine. Packages that Python can run here (pingouin, plain NumPy) are run; times of R and MBESS are
QUOTED from measurements on the same kind of machine (2 cores; psych 2.2.9, lavaan 0.6-14, boot 1.3, MBESS
4.9, EFAtools 0.6, mokken 3.1.2, careless 1.2.2).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.bench._timed import K, Line, alpha_of_file, lines, report, write_array, write_csv, write_parquet

ROOT = Path(__file__).parents[2]
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def measure(line: Line) -> dict[str, float]:
    """Make the work and time it, in this process."""
    work = line.make(line.n)
    first = time.perf_counter()
    work()
    first = time.perf_counter() - first
    walls, cpus = [], []
    for _ in range(line.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "first": 1000 * first / line.per,
        "wall": 1000 * float(np.median(walls)) / line.per,
        "least": 1000 * min(walls) / line.per,
        "cpu": 1000 * float(np.median(cpus)) / line.per,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def cell(value: float | None, width: int = 10) -> str:
    if value is None:
        return " " * width
    return f"{value:>{width},.0f}" if value >= 100 else f"{value:>{width}.3g}"


def told(line: Line, found: dict[str, float], ours: float | None) -> str:
    within = line.bar is None or found["wall"] <= line.bar
    small = line.megabytes is None or found["peak"] <= line.megabytes
    judged = line.bar is not None or line.megabytes is not None
    met = ("yes" if within and small else "NO") if judged else ""
    ratio = "" if ours is None or line.tool == "ours" else f"{found['wall'] / ours:.0f}x ours"
    figures = "".join(cell(found[name]) for name in ("first", "wall", "least", "cpu", "peak"))
    limits = cell(line.bar, 9) + cell(line.megabytes, 8)
    return f"{line.row:50}{line.n:>11,}  {line.tool:16}{figures}{limits}{met:>6}  {ratio}"


def quotations(line: Line, ours: float) -> list[str]:
    return [
        f"{'':50}{line.n:>11,}  {tool:16}{'quoted':>10}{cell(ms)}{'':47}{'':6}  {ms / ours:.0f}x ours"
        for tool, ms in line.quoted.items()
    ]


def child(*arguments: str, folder: str, threads: int) -> str:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "BENCH_FOLDER": folder}
    command = [sys.executable, "-m", "tests.bench.psychometrics", *arguments]
    found = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=ROOT)
    return found.stdout


def starting() -> None:
    """Measure what it takes before anything is computed: the interpreter, imports, and help."""
    wanted = {
        "python alone": ["-c", "pass"],
        "import analysis": ["-c", "import analysis"],
        "import and alpha's module": ["-c", "from analysis import cronbach_alpha"],
        "import and polychoric's": ["-c", "from analysis import polychoric"],
        "python -m analysis --help": ["-m", "analysis", "--help"],
        "python -m analysis factor --help": ["-m", "analysis", "factor", "--help"],
    }
    for words, arguments in wanted.items():
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
            times.append(1000 * (time.perf_counter() - start))
        bar = 300 if "help" in words else None
        met = "" if bar is None else "yes" if np.median(times) <= bar else "NO"
        figures = cell(times[0]) + cell(float(np.median(times))) + cell(min(times))
        say(f"{words:50}{'':29}{figures}{'':20}{cell(bar, 9)}{'':8}{met:>6}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="WORDS", default="", help="only the rows that hold these words")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the largest table")
    parser.add_argument("--threads", type=int, default=THREADS, help="of OpenBLAS; default: the processors")
    parser.add_argument("--line", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    todo = lines(asked.rows)
    if asked.write is not None:
        writers = {".csv": write_csv, ".parquet": write_parquet, ".npy": write_array}
        writers[asked.write.suffix](asked.write, int(asked.write.stem))
    elif asked.line is not None:
        say(json.dumps(measure(todo[asked.line])))
    else:
        compare(todo, asked)


def compare(todo: list[Line], asked: argparse.Namespace) -> None:
    only, rows, threads = asked.only, asked.rows, asked.threads
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    say(f"{K} items, 5 categories; milliseconds and megabytes; {threads} threads; load {load:.1f}")
    heads = "".join(f"{head:>10}" for head in ("first", "median", "least", "CPU", "peak MB"))
    say(f"{'':50}{'n':>11}  {'':16}{heads}{'bar':>9}{'MB':>8}{'met':>6}")
    if not only:
        starting()
    ours: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        chosen = [line for line in todo if only in line.row]
        files = {f"{line.n}.npy" for line in chosen}
        files |= {f"{line.n}.csv" for line in chosen if line.make is report}
        files |= {f"{line.n}.parquet" for line in chosen if line.make is alpha_of_file}
        for name in sorted(files):
            child("--write", str(Path(folder) / name), folder=folder, threads=threads)
        for number, line in enumerate(todo):
            if only not in line.row:
                continue
            arguments = ("--line", str(number), "--rows", str(rows))
            found = json.loads(child(*arguments, folder=folder, threads=line.threads or threads))
            if line.tool == "ours":
                ours[line.row, line.n] = found["wall"]
            say(told(line, found, ours.get((line.row, line.n))))
            for quotation in quotations(line, found["wall"]):
                say(quotation)


if __name__ == "__main__":
    main()
