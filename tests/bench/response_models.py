"""How fast response models are, beside the `mirt` of the Python index, and at which likelihood both end.

    python -m tests.bench.response_models [--sizes 300,3000] [--runs 3] [--peer PYTHON]

SIMULATED answers to 30 items of 5 categories. Ours is the graded model from two starts with errors; theirs
the same with errors, at 61 points as ours and at its default of 21. Both are timed in one run, wall and
processor time in milliseconds, the median of the runs. The likelihood of both estimates is by our rule: 61
equally spaced points. The project does not depend on mirt: `--peer` is an interpreter that has it (with numpy
and pandas), by default this one; without it only ours is timed. Exits with 1 where ours takes more than half
of the processor time of mirt's at 61 points, ends at a worse likelihood, or where C2 or S-X² take longer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analysis.item_response.graded_response import graded_response
from analysis.item_response.item_fit import s_x2
from analysis.item_response.limited_information import limited_fit
from analysis.item_response.marginal_likelihood import MarginalLikelihood
from analysis.item_response.response_patterns import response_patterns
from analysis.simulation import higher_order, simulate

K = 30
PEER = """
import json, sys, time
import numpy as np
import mirt

X, runs = np.load(sys.argv[1]), int(sys.argv[2])

def timed(work):
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return found, 1000 * float(np.median(walls)), 1000 * float(np.median(cpus))

told = {}
for points in (61, 21):
    found, wall, cpu = timed(lambda: mirt.fit_mirt(X, model="GRM", n_quadpts=points))
    told[f"graded, {points} points"] = {
        "wall": wall, "cpu": cpu, "converged": bool(found.converged),
        "slopes": np.asarray(found.model.parameters["discrimination"]).tolist(),
        "thresholds": np.asarray(found.model.parameters["thresholds"]).tolist(),
    }
    if points == 61:
        _, wall, cpu = timed(lambda: mirt.compute_m2(found, X, n_quadpts=61))
        told["M2 or C2"] = {"wall": wall, "cpu": cpu}
        _, wall, cpu = timed(lambda: mirt.itemfit(found, X, statistics=["S_X2"], n_quadpts=61))
        told["S-X2"] = {"wall": wall, "cpu": cpu}
print(json.dumps(told))
"""


def answers(n: int) -> np.ndarray:
    loadings, phi = higher_order([0.8] * 6, np.repeat(np.arange(6), 5), 0.7)
    return simulate(n, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi)


def timed(work: Callable[[], Any], runs: int) -> tuple[Any, float, float]:
    """Return what the work gives, and the median wall and processor time in milliseconds."""
    found, walls, cpus = work(), [], []  # the first call may compile
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return found, 1000 * float(np.median(walls)), 1000 * float(np.median(cpus))


def peer(X: np.ndarray, runs: int, python: str) -> dict[str, Any] | None:
    """Return what mirt takes and finds, or None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.npy"
        np.save(file, X.astype(np.int64))
        command = [python, "-c", PEER, str(file), str(runs)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if ran.returncode and "No module named 'mirt'" in ran.stderr:
        return None
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return json.loads(ran.stdout.splitlines()[-1])


def likelihood_of(X: np.ndarray, model: Any, theirs: dict[str, Any]) -> float:
    """Return the log-likelihood of mirt's estimates, by our rule."""
    a, b = np.array(theirs["slopes"]), np.array(theirs["thresholds"])
    free = np.column_stack([a, -a[:, None] * b]).ravel()
    at = MarginalLikelihood(response_patterns(X), model.structure).expectations(free)
    return float("-inf") if at is None else at.log_likelihood


def say(words: str, tool: str, wall: float, cpu: float, more: str = "") -> None:
    sys.stdout.write(f"{words:28}{tool:18}{wall:>10,.0f}{cpu:>10,.0f}  {more}\n")
    sys.stdout.flush()


def compare(n: int, runs: int, python: str) -> list[str]:
    """Time one size; return what misses a limit."""
    X, wrong = answers(n), []
    model, wall, cpu = timed(lambda: graded_response(X), runs)
    of_limited, of_items = (timed(lambda work=w: work(model, X), runs)[1:] for w in (limited_fit, s_x2))
    name = f"graded with errors, {n:,}"
    say(name, "ours", wall, cpu, f"log-likelihood {model.log_likelihood:.4f}, two starts")
    theirs = peer(X, runs, python)
    if theirs is None:
        sys.stdout.write("mirt is not installed: give an interpreter that has it with --peer\n")
        return []
    for points in (61, 21):
        found = theirs[f"graded, {points} points"]
        value = likelihood_of(X, model, found)
        apart = value - model.log_likelihood
        said = f"log-likelihood {value:.4f} ({apart:+.4f}), converged {found['converged']}"
        say(name, f"mirt, {points} points", found["wall"], found["cpu"], said)
        if value > model.log_likelihood + 1e-6:
            wrong.append(f"n = {n}: a worse likelihood than mirt's")
        if points == 61 and found["cpu"] < 2 * cpu:
            wrong.append(f"n = {n}: {found['cpu'] / cpu:.1f} times as fast as mirt, not 2")
    for words, (wall, cpu) in (("M2 or C2", of_limited), ("S-X2", of_items)):
        say(f"{words}, {n:,}", "ours", wall, cpu)
        say(f"{words}, {n:,}", "mirt", theirs[words]["wall"], theirs[words]["cpu"])
        if theirs[words]["cpu"] < cpu:
            wrong.append(f"n = {n}: {words} is slower than mirt's")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="300,3000", metavar="N,N")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    sys.stdout.write(f"{K} items, 5 categories, SIMULATED; milliseconds\n{'':46}{'wall':>10}{'CPU':>10}\n")
    wrong = [w for n in asked.sizes.split(",") for w in compare(int(n), asked.runs, asked.peer)]
    sys.stdout.write(("; ".join(wrong) if wrong else "every bar is met") + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
