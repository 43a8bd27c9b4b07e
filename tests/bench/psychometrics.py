"""How fast the analysis is, beside its peers, against the bars it is held to.

    python -m tests.bench.psychometrics [--only WORDS] [--rows 10000000] [--threads 2]

Nothing here is collected by the test run. Every line runs in a process of its own, one after the other, so
that its peak memory, the interpreter and the answers included, is its own. OPENBLAS_NUM_THREADS is set to
--threads, by default the number of processors; where other programs want them too its threads wait for each
other, and 1 is faster: the report has 1, as its command gives itself. `first` is the first call, `median` and
`least` are of the calls after it; bars are for the median. CPU is that of all threads: on a busy machine it
says more than the wall. Peers that Python can run here (pingouin, plain NumPy) are run; those of R and MBESS
are QUOTED from measurements on the same kind of machine (2 cores; psych 2.2.9, lavaan 0.6-14, boot 1.3, MBESS
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
K, FACETS = 30, 6
ITEMS = [f"item{i}" for i in range(K)]
SIZES = (300, 3000, 100_000)
MILLION = 1_000_000
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Line:
    """What is timed: `make` returns the work, ready to be called; bars and quotations in milliseconds."""

    row: str
    n: int
    make: Callable[[int], Callable[[], object]]
    tool: str = "ours"
    repeats: int = 9
    per: int = 1  # the time is that of so many of what the row names
    bar: float | None = None
    megabytes: float | None = None
    threads: int | None = None
    quoted: dict[str, float] = field(default_factory=dict)


def codes(n: int) -> np.ndarray:
    """SIMULATED answers of six facets of one general factor; beyond a million the same ones again."""
    made = Path(os.environ["BENCH_FOLDER"]) / f"{n}.npy"
    return np.load(made) if made.exists() else _simulated(n)


def _simulated(n: int) -> np.ndarray:
    from analysis.simulation import higher_order, simulate

    loadings, phi = higher_order([0.8] * FACETS, np.repeat(np.arange(FACETS), K // FACETS), 0.7)
    rng = np.random.default_rng(1)
    drawn = simulate(min(n, MILLION), loadings, [-1.2, -0.4, 0.4, 1.2], rng, phi=phi).astype(np.int8)
    return drawn if n <= MILLION else np.tile(drawn, (-(-n // MILLION), 1))[:n]


def answers(n: int) -> np.ndarray:
    return codes(n).astype(float)


def alpha(n: int) -> Callable[[], object]:
    from analysis import cronbach_alpha, item_statistics

    X = answers(n)
    return lambda: (cronbach_alpha(X), item_statistics(X))


def alpha_pingouin(n: int) -> Callable[[], object]:
    import pandas as pd
    import pingouin

    frame = pd.DataFrame(answers(n))
    parts = [frame, *(frame.drop(columns=item) for item in frame)]
    return lambda: [pingouin.cronbach_alpha(part) for part in parts]


def resampled_alpha(n: int) -> Callable[[], object]:
    from analysis import cronbach_alpha

    X = answers(n)
    return lambda: cronbach_alpha(X, interval="bca", resamples=10_000)


def resampled_alpha_numpy(n: int) -> Callable[[], object]:
    X, rng = answers(n), np.random.default_rng(2)

    def once() -> float:
        rows = X[rng.integers(0, n, n)]
        return K / (K - 1) * (1 - rows.var(axis=0, ddof=1).sum() / rows.sum(axis=1).var(ddof=1))

    return lambda: np.quantile([once() for _ in range(10_000)], [0.025, 0.975])


def resampled_omega(n: int) -> Callable[[], object]:
    from analysis import mcdonald_omega

    X = answers(n)
    return lambda: mcdonald_omega(X, interval="bca", resamples=2000)


def polychorics(n: int) -> Callable[[], object]:
    from analysis import polychoric

    X = answers(n)
    return lambda: polychoric(X, se=False)


def polychorics_with_covariance(n: int) -> Callable[[], object]:
    from analysis import polychoric

    X = answers(n)
    return lambda: polychoric(X, acov=True)


def parallel(n: int) -> Callable[[], object]:
    from analysis import parallel_analysis

    X = answers(n)
    return lambda: parallel_analysis(X)


def parallel_numpy(n: int) -> Callable[[], object]:
    X, rng = answers(n), np.random.default_rng(2)

    def drawn() -> np.ndarray:
        return np.linalg.eigvalsh(np.corrcoef(rng.standard_normal((n, K)), rowvar=False))

    return lambda: (np.corrcoef(X, rowvar=False), [drawn() for _ in range(100)])


def parallel_polychoric(n: int) -> Callable[[], object]:
    from analysis import parallel_analysis

    X = answers(n)
    return lambda: parallel_analysis(X, correlation="polychoric")


def minres_oblimin(n: int) -> Callable[[], object]:
    from analysis import factor_analysis

    R = np.corrcoef(answers(n), rowvar=False)
    return lambda: factor_analysis(R, FACETS, n=n)


def mokken(n: int) -> Callable[[], object]:
    from analysis import mokken_scalability

    X = answers(n)
    return lambda: mokken_scalability(X)


def ratings(n: int) -> np.ndarray:
    """SIMULATED ratings by four raters."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, 1)) + rng.normal(size=(n, 4))


def icc(n: int) -> Callable[[], object]:
    from analysis import intraclass_correlation

    X = ratings(n)
    return lambda: intraclass_correlation(X)


def icc_pingouin(n: int) -> Callable[[], object]:
    import pandas as pd
    import pingouin

    long = pd.DataFrame(
        {"p": np.repeat(np.arange(n), 4), "r": np.tile(np.arange(4), n), "s": ratings(n).ravel()}
    )
    return lambda: pingouin.intraclass_corr(long, targets="p", raters="r", ratings="s")


def careless(n: int) -> Callable[[], object]:
    from analysis import careless_indices

    X, seconds = answers(n), np.full(n, 4.0)
    scales = [K // FACETS] * FACETS
    return lambda: careless_indices(X, scales=scales, seconds=seconds, synonym_r=0.4, antonym_r=-0.01)


def counts(n: int) -> Callable[[], object]:
    from analysis import joint_counts

    X = codes(n)
    return lambda: joint_counts(X)


def counts_numpy(n: int) -> Callable[[], object]:
    X = codes(n)

    def one_hot() -> np.ndarray:
        total = np.zeros((K * 5, K * 5))
        for start in range(0, n, 65_536):
            block = X[start : start + 65_536]
            hot = (block[:, :, None] == np.arange(5, dtype=np.int8)).reshape(len(block), -1)
            hot = hot.astype(np.float32)
            total += hot.T @ hot
        return total

    return one_hot


def alpha_of_file(n: int) -> Callable[[], object]:
    from analysis import cronbach_alpha, file_moments

    file = Path(os.environ["BENCH_FOLDER"]) / f"{n}.parquet"
    return lambda: cronbach_alpha(file_moments(file, ITEMS))


def write_parquet(file: Path, n: int) -> None:
    """Write SIMULATED answers as bytes, a million to a row group."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetWriter(file, pa.schema([(name, pa.int8()) for name in ITEMS])) as writer:
        drawn = codes(min(n, MILLION))
        for start in range(0, n, MILLION):
            part = drawn[: n - start]
            writer.write_table(pa.table({name: part[:, i] for i, name in enumerate(ITEMS)}))


def write_array(file: Path, n: int) -> None:
    """Write answers for another process, which then never holds what it takes to make them."""
    np.save(file, _simulated(n))


def write_csv(file: Path, n: int) -> None:
    """Write SIMULATED answers to form A of the PPIQ."""
    from instrument import ppiq

    form, drawn = ppiq().forms["a"], codes(n)
    facets = list(dict.fromkeys(item.id[:2] for item in form.items))
    places = [facets.index(item.id[:2]) * 5 + int(item.id[2:]) - 1 for item in form.items]
    turned = ppiq().key.reversed_items("a")
    columns = [
        4 - drawn[:, j] if i.id in turned else drawn[:, j] for i, j in zip(form.items, places, strict=True)
    ]
    rows = np.column_stack([*columns, np.ones(n, np.int8)])
    names = ",".join([*(item.id for item in form.items), "simulated"])
    np.savetxt(file, rows, fmt="%d", delimiter=",", header=names, comments="")


def report(n: int) -> Callable[[], object]:
    """What `python -m analysis report` does after its imports, in all three formats."""
    from analysis.dataset import read_dataset
    from analysis.render import RENDERERS
    from analysis.study import run
    from instrument import ppiq

    file = Path(os.environ["BENCH_FOLDER"]) / f"{n}.csv"

    def whole() -> list[str]:
        study = run(read_dataset(file, ppiq()))
        return [render(study) for render in RENDERERS.values()]

    return whole


def lines(rows: int) -> list[Line]:
    def sizes(row: str, work: Callable, tool: str = "ours", bar: float | None = None, **more) -> list[Line]:
        quoted = more.pop("quoted", {})
        limit = more.pop("megabytes", {})
        bars = {3000: bar, **more.pop("bars", {})}
        return [
            Line(
                row, n, work, tool, bar=bars.get(n), megabytes=limit.get(n), quoted=quoted.get(n, {}), **more
            )
            for n in more.pop("at", SIZES)
        ]

    r1, r2 = "alpha with interval, if dropped, item statistics", "bootstrap of alpha, 10,000 resamples"
    r3, r4, r5 = "bootstrap of omega, one resample", "polychoric matrix", "polychoric with covariance"
    r6, r7 = "parallel analysis, 100 draws, Pearson", "parallel analysis, 100 draws, polychoric"
    r8, r9 = "Mokken H with standard errors", "ICC, six forms, 4 raters"
    psych_icc = {300: {"psych": 24.0}, 3000: {"psych": 32_000.0}}
    return [
        *sizes(r1, alpha, bar=1, repeats=25, quoted=_quoted("psych", 24, 57, 2700)),
        *sizes(r1, alpha_pingouin, "pingouin", repeats=3),
        *_resampling(r2, r3),
        *sizes(r4, polychorics, bar=25, quoted=_quoted("lavaan", 415, 503, 7300)),
        *sizes(
            r5,
            polychorics_with_covariance,
            bar=75,
            bars={100_000: 1000},
            megabytes={100_000: 300},
            quoted=_quoted("lavaan", 653, 1520, 30_600),
        ),
        *sizes(r6, parallel, bar=30, quoted=_quoted("EFAtools", 46, 301, 9600)),
        *sizes(r6, parallel_numpy, "NumPy loop", repeats=2),
        *sizes(r7, parallel_polychoric, bar=3000, repeats=2, quoted={3000: {"psych": 137_000.0}}),
        *sizes("EFA minres and oblimin, 6 factors, from R", minres_oblimin, bar=8, repeats=25,
               quoted=_quoted("EFAtools", 10, 8, 8)),
        *sizes(r8, mokken, bar=150, quoted={300: {"mokken": 795.0}, 3000: {"mokken": 3760.0}}),
        *sizes(r9, icc, bar=1, repeats=25, quoted=psych_icc),
        *sizes(r9, icc_pingouin, "pingouin", repeats=3),
        *sizes("all careless indices", careless, bars={100_000: 500}, repeats=3,
               quoted={100_000: {"careless": 95_000.0}}),
        Line("joint counts from an array", MILLION, counts, repeats=3),
        Line("joint counts from an array", MILLION, counts_numpy, "one-hot product", repeats=1),
        Line("joint counts from an array", rows, counts, repeats=3, bar=2000, megabytes=600,
             quoted={"one-hot product": 17_000.0}),
        Line("alpha from Parquet", rows, alpha_of_file, repeats=3, bar=300, megabytes=500,
             quoted={"polars scan": 315.0, "pingouin": 2260.0}),
        Line("the whole report, file to page", 3000, report, repeats=1, bar=6000, megabytes=500, threads=1),
        Line("the whole report, file to page", 100_000, report, repeats=1, bar=15_000, megabytes=500,
             threads=1),
    ]  # fmt: skip


def _resampling(of_alpha: str, of_omega: str) -> list[Line]:
    boot = {300: {"boot": 2180.0}, 3000: {"boot": 20_700.0}}
    return [
        Line(of_alpha, 300, resampled_alpha, repeats=3, quoted=boot[300]),
        Line(of_alpha, 3000, resampled_alpha, repeats=3, bar=500, quoted=boot[3000]),
        Line(of_alpha, 100_000, resampled_alpha, repeats=1),
        Line(of_alpha, 300, resampled_alpha_numpy, "NumPy loop", repeats=1),
        Line(of_alpha, 3000, resampled_alpha_numpy, "NumPy loop", repeats=1),
        Line(of_omega, 300, resampled_omega, repeats=2, per=2000, quoted={"MBESS": 450.0}),
        Line(of_omega, 3000, resampled_omega, repeats=2, per=2000, bar=670 / 400, quoted={"MBESS": 670.0}),
        Line(of_omega, 100_000, resampled_omega, repeats=1, per=2000),
    ]


def _quoted(tool: str, *times: float) -> dict[int, dict[str, float]]:
    return {n: {tool: float(ms)} for n, ms in zip(SIZES, times, strict=True)}


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
    """Say what it costs before anything is computed: the interpreter, imports, and help."""
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
