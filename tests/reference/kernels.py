"""Whether every figure and every report is the same under each kernel that the processor can run.

    python -m tests.reference.kernels [--only reference] [--processes 2]
    python -m tests.reference.kernels --second

A kernel is the code with which OpenBLAS, the library under NumPy and SciPy, multiplies matrices; it picks one
by the processor, and each adds in an order of its own. `OPENBLAS_CORETYPE` asks for another. A name that is
unknown silently runs some other kernel, and one that the processor lacks ends the process, so each is tried
in a process of its own, and threadpoolctl reads which one ran. NumPy has loops by processor too: they are run
once without.

Under each kernel the reference and property tests run (--only one of the two), figures of all open data sets
are compared to 1e-10, absolute or relative, and the printed reports of bfi25 and of the demonstration to the
letter. `--second` runs the reference tests alone, under one kernel that is not the processor's own. The exit
code is 1 where anything fails or differs, or where fewer than two kernels run.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
TESTS = {"reference": "tests/reference", "property": "tests/property"}
AGREE = 1e-10
SHOWN = 10
NAMES = (
    "Nehalem", "Haswell", "SkylakeX", "Cooperlake", "Sapphirerapids", "Zen", "Sandybridge", "Prescott",
    "NEOVERSEN1", "NEOVERSEV1", "CORTEXA57", "ARMV8", "VORTEX", "POWER8", "POWER9", "POWER10", "Z13", "Z14",
)  # fmt: skip
PROBE = """
import json
import numpy as np
import scipy.linalg
import threadpoolctl
X = np.random.default_rng(1).normal(size=(200, 40))
for precision in (np.float32, np.float64):
    C = np.cov(X.astype(precision), rowvar=False, dtype=precision) @ np.eye(40, dtype=precision)
    np.linalg.eigh(C), np.linalg.solve(C, C[0]), scipy.linalg.eigh(C), scipy.linalg.svd(C)
blas = [found["architecture"] for found in threadpoolctl.threadpool_info() if found["user_api"] == "blas"]
loops = np._core._multiarray_umath
print(json.dumps({
    "kernel": ", ".join(sorted(set(blas))),
    "loops": [name for name in loops.__cpu_dispatch__ if loops.__cpu_features__.get(name)],
}))
"""


@dataclass(frozen=True)
class Kernel:
    """One way to compute: what ran, and the variables of the environment that make it run."""

    name: str
    asks: Mapping[str, str] = field(default_factory=dict)
    loops: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **self.asks}


def tried(asks: Mapping[str, str]) -> Kernel | None:
    """Return what runs when it is asked for so, None where the processor cannot run that."""
    environment = Kernel("", asks).environment
    found = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if found.returncode:
        return None
    said = json.loads(found.stdout)
    return Kernel(said["kernel"], asks, tuple(said["loops"]))


def kernels() -> list[Kernel]:
    """Return the kernels that run here and differ, the processor's own first."""
    own = tried({})
    if own is None:
        raise SystemExit(f"NumPy does not run here:\n{PROBE}")
    found = {own.name: own}
    for name in NAMES:
        kernel = tried({"OPENBLAS_CORETYPE": name})
        if kernel is not None:
            found.setdefault(kernel.name, kernel)
    return list(found.values())


def needed(found: list[Kernel]) -> list[Kernel]:
    """Return the kernels; end with the reason where there is but one."""
    if len(found) > 1:
        return found
    raise SystemExit(
        f"Only the kernel {found[0].name} runs on this processor, whichever OPENBLAS_CORETYPE asks for: "
        "whether figures are the same under another cannot be told here. Run this on a processor that has "
        "two or more (any x86-64 with AVX2 has Haswell, Sandybridge and Nehalem), with NumPy from the index."
    )


def without_loops(own: Kernel) -> Kernel | None:
    """Return the processor's own kernel without the loops of NumPy that are made for the processor."""
    if not own.loops:
        return None
    bare = tried({**own.asks, "NPY_DISABLE_CPU_FEATURES": " ".join(own.loops)})
    return bare and Kernel(f"{own.name}, NumPy without {' '.join(own.loops)}", bare.asks)


def passes(kernel: Kernel, folders: list[str], processes: int) -> tuple[bool, str]:
    """Run tests under a kernel; return whether all passed, and pytest's last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(processes), "--dist", "worksteal", *folders]
    found = subprocess.run(
        command, env=kernel.environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if found.returncode:
        say(found.stdout[-6000:] + found.stderr[-2000:])
    return found.returncode == 0, (found.stdout.strip().splitlines() or ["no output"])[-1]


def child(kernel: Kernel, task: str) -> str | None:
    command = [sys.executable, "-m", "tests.reference.kernels", "--task", task]
    found = subprocess.run(
        command, env=kernel.environment, capture_output=True, text=True, check=False, cwd=ROOT
    )
    if found.returncode:
        say(f"{kernel.name}, {task}: {found.stderr[-3000:]}")
        return None
    return found.stdout


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write_demonstration(file: Path) -> None:
    """Write the SIMULATED answers of the demonstration as its researcher would have them."""
    from app.operations.demo import people
    from instrument import ppiq

    rows = [{**answers, "simulated": 1} for _, answers in people(ppiq(), form_id="a")]
    with file.open("w", newline="") as out:
        written = csv.DictWriter(out, list(rows[0]))
        written.writeheader()
        written.writerows(rows)


def report(file: Path, instrument: Path) -> str:
    from analysis.report.build import run
    from analysis.report.fitted import read_dataset
    from analysis.report.render import RENDERERS
    from instrument import load

    study = run(read_dataset(file, load(instrument)))
    return "\n".join(RENDERERS[name](study) for name in ("text", "html"))


def figures() -> dict[str, float | str]:
    """Return the figures of all open data sets, each under its path."""
    found: dict[str, float | str] = {}
    for dataset in datasets():
        for name, value in statistics(dataset):
            found.update(flat(f"{dataset}: {name}", value))
    return found


def datasets() -> list[str]:
    return sorted(
        path.name.removesuffix("__meta.json") for path in ROOT.glob("tests/reference/open/*__meta.json")
    )


def statistics(dataset: str) -> Iterator[tuple[str, Any]]:
    """Yield every figure of the analysis for a data set, by name."""
    import analysis
    from analysis.estimate import complete_rows
    from analysis.reliability.omega import alpha_and_omega
    from tests.reference.conftest import load

    X, _ = load(dataset)
    rows = complete_rows(X)
    for missing in ("complete", "pairwise"):
        yield f"alpha, {missing}", analysis.cronbach_alpha(X, missing=missing)
        yield f"standardised alpha, {missing}", analysis.standardised_alpha(X, missing=missing)
        yield f"items, {missing}", analysis.item_statistics(X, missing=missing)
        yield f"omega, {missing}", analysis.mcdonald_omega(X, missing=missing)
        yield f"lambdas, {missing}", analysis.guttman_lambda(X, missing=missing)
        yield f"greatest lower bound, {missing}", analysis.greatest_lower_bound(X, missing=missing)
        yield f"KMO, {missing}", analysis.kmo(X, missing=missing)
        yield f"Bartlett, {missing}", analysis.bartlett(X, missing=missing)
        yield f"partials, {missing}", analysis.minimum_average_partial(X, missing=missing)
        for basis in ("components", "factors"):
            yield (
                f"parallel analysis of {basis}, {missing}",
                analysis.parallel_analysis(X, missing=missing, basis=basis),
            )
    for interval in ("bonett", "normal", "adf", "percentile", "bca"):
        yield f"alpha, {interval}", analysis.cronbach_alpha(X, interval=interval)
    yield "alpha and omega", alpha_and_omega(rows, resamples=500)
    yield "items described", analysis.describe(X)
    yield "Mardia", analysis.mardia(X)
    yield "rank correlations", analysis.spearman(X)
    yield "careless answering", analysis.careless_indices(X)
    for method, rotation in (
        ("minres", "oblimin"),
        ("ml", "geomin"),
        ("minres", "promax"),
        ("ml", "varimax"),
    ):
        for m in (1, 2, 3):
            yield (
                f"{m} factors, {method}, {rotation}",
                analysis.factor_analysis(X, m, method=method, rotation=rotation, missing="pairwise"),
            )
    yield "hierarchy", analysis.omega_hierarchical(X, 3, missing="pairwise")
    if np.unique(X[~np.isnan(X)]).size <= 10:
        yield "polychoric", analysis.polychoric(X, missing="pairwise")
        yield "categorical omega", analysis.categorical_omega(X[:, :5], interval="percentile", resamples=200)
        yield "ordinal alpha", analysis.ordinal_alpha(X, missing="pairwise")
        yield "scalability", analysis.mokken_scalability(X)


def flat(path: str, value: Any) -> Iterator[tuple[str, float | str]]:
    """Yield the numbers and words of a result, each with the way to it."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from flat(f"{path}, {each.name}", getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from flat(f"{path}, {key}", part)
    elif isinstance(value, np.ndarray):
        for place, part in np.ndenumerate(value):
            yield from flat(f"{path} {list(place)}", part)
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from flat(f"{path} {place}", part)
    elif isinstance(value, bool | np.bool_ | str) or value is None:
        yield path, str(value)
    else:
        yield path, float(value)


def distance(one: Any, other: Any) -> float:
    """Return how far two figures lie apart: absolutely, or relative to the larger where that is less."""
    if isinstance(one, str) or isinstance(other, str):
        return 0.0 if one == other else math.inf
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    apart = abs(one - other) / max(1.0, abs(one), abs(other))
    return math.inf if math.isnan(apart) else apart


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, list[str]]:
    """Return the largest distance of two sets of figures, and a line for each that is too far."""
    largest, lines = 0.0, []
    for path in sorted(one.keys() | other.keys()):
        first, second = one.get(path, "none"), other.get(path, "none")
        apart = distance(first, second)
        largest = max(largest, apart if apart <= AGREE else 0.0)
        if apart > AGREE:
            lines.append(f"{path}: {first!r} and {second!r}")
    return largest, lines


def task(name: str) -> str:
    if name == "figures":
        return json.dumps(figures())
    if name == "bfi25":
        return report(ROOT / "tests/reference/open/bfi25.csv", ROOT / "tests/instruments/bfi25")
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "demonstration.csv"
        write_demonstration(answers)
        return answers.read_text() + report(answers, ROOT / "instrument/ppiq")


def second(processes: int) -> int:
    """Run the reference tests under a kernel that is not the processor's own."""
    own, other, *_ = needed(kernels())
    say(f"The processor's own kernel is {own.name}; the reference tests run under {other.name}.")
    passed, last = passes(other, [TESTS["reference"]], processes)
    say(f"{other.name}: {last}")
    return 0 if passed else 1


def every(folders: list[str], processes: int) -> int:
    """Run and compare everything under every kernel."""
    found = needed(kernels())
    bare = without_loops(found[0])
    ways = [*found, *([bare] if bare else [])]
    say("Kernels that run here: " + "; ".join(kernel.name for kernel in ways))
    faults, count, worst = 0, 0, 0.0
    first: dict[str, str | None] = {}
    for kernel in ways:
        passed, last = passes(kernel, folders, processes) if folders else (True, "no tests")
        said = [last]
        faults += not passed
        for name in ("figures", "bfi25", "demonstration"):
            made_here = child(kernel, name)
            before = first.setdefault(name, made_here)
            if made_here is None or before is None:
                faults += 1
                said.append(f"{name}: none")
            elif name == "figures":
                one, other = json.loads(before), json.loads(made_here)
                largest, lines = differences(one, other)
                count, worst, faults = len(one), max(worst, largest), faults + len(lines)
                said.append(f"{len(lines)} of {len(one)} figures differ, the others by {largest:.1g} at most")
                said += [f"\n  {line}" for line in lines[:SHOWN]]
            else:
                lines = changed(before, made_here)
                faults += len(lines)
                said.append(f"report of {name}: {'identical' if not lines else f'{len(lines)} lines differ'}")
                said += [f"\n  {line}" for line in lines[:SHOWN]]
        say(f"{kernel.name}: " + "; ".join(said))
    verdict = "the same under all" if not faults else f"{faults} faults"
    say(f"{len(ways)} kernels, {count} figures (largest difference {worst:.1g}), 2 reports: {verdict}")
    return 1 if faults else 0


def changed(one: str, other: str) -> list[str]:
    """Return the lines in which two texts differ."""
    first, second_ = one.splitlines(), other.splitlines()
    length = max(len(first), len(second_))
    pairs = zip(first + [""] * (length - len(first)), second_ + [""] * (length - len(second_)), strict=True)
    return [f"{a!r} and {b!r}" for a, b in pairs if a != b]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--second", action="store_true", help="the reference tests under one other kernel")
    parser.add_argument("--only", choices=[*TESTS, "none"], help="these tests alone; none: compare figures")
    parser.add_argument("--processes", type=int, default=2, help="for the tests; default: 2")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        sys.stdout.write(task(asked.task))
        return 0
    if asked.second:
        return second(asked.processes)
    return every([path for name, path in TESTS.items() if asked.only in {None, name}], asked.processes)


if __name__ == "__main__":
    sys.exit(main())
