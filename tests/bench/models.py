"""How fast confirmatory models are, beside lavaan and semopy on the same SIMULATED answers in the same run.

    python -m tests.bench.models [--only WORDS] [--no-install]

3,000 people, 30 items of five categories, six factors; ours and the peer run in turn, in processes of their
own, with one thread of BLAS, so that the ratio of their medians does not depend on the machine. R with lavaan
comes from Debian (r-cran-lavaan), semopy from the index into a folder of its own; `--no-install` installs
neither, and a peer that is missing is left out. Exits with 1 where a limit is missed.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from analysis.simulation import higher_order, simulate

ROOT = Path(__file__).parents[2]
NAMES = [f"x{i}" for i in range(30)]
MODEL = "\n".join(f"f{j} =~ " + " + ".join(NAMES[5 * j : 5 * j + 5]) for j in range(6))
# Ours, the peer's name, its bar, and how often the peer runs (the slow ones once).
LINES = {
    "ml": ("CFA ML with all fit measures", {"lavaan": (10, 3), "semopy": (4, 3)}),
    "wlsmv": ("CFA WLSMV with all fit measures", {"lavaan": (20, 1)}),
    "fiml": ("CFA full information, 5 % missing", {"lavaan": (20, 1)}),
    "modification": ("modification indices", {"lavaan": (20, 3)}),
    "invariance": ("invariance ML, three steps and tests", {"lavaan": (5, 1)}),
    "ordered": ("invariance WLSMV, two steps and a test", {"lavaan": (20, 1)}),
    "large": ("CFA WLSMV, n = 100,000", {"lavaan": (20, 1)}),
}
# In ms, estimated from the number of operations.
LIMITS = {"ml": 4, "wlsmv": 25, "fiml": 1400, "ordered": 100, "large": 400}


def data(n: int) -> np.ndarray:
    loadings, phi = higher_order([0.8] * 6, np.repeat(np.arange(6), 5), 0.7)
    return simulate(n, loadings, [-1.2, -0.4, 0.4, 1.2], np.random.default_rng(1), phi=phi).astype(float)


def with_holes(X: np.ndarray) -> np.ndarray:
    X = X.copy()
    X[np.random.default_rng(2).random(X.shape) < 0.05] = np.nan
    return X


def ours(what: str) -> Callable[[], object]:
    from analysis.factor_models.confirmatory.confirmatory_factor_analysis import (
        check_request,
        sample_of,
        split_groups,
        threshold_counts,
    )
    from analysis.factor_models.confirmatory.confirmatory_factor_analysis import (
        confirmatory_factor_analysis as cfa,
    )
    from analysis.factor_models.confirmatory.model.parameter_table import specify
    from analysis.factor_models.confirmatory.modification_indices import modification_indices
    from analysis.invariance.difference_tests import difference_test
    from analysis.invariance.multigroup import Request

    X = data(100_000 if what == "large" else 3000)
    groups = np.arange(len(X)) % 2

    def ladder(steps: list[tuple[str, ...]], *, ordered: bool) -> object:
        estimator = "WLSMV" if ordered else "ML"
        check_request(X, NAMES, estimator, "complete", ordered=ordered, clustered=False)
        parts = split_groups(X, NAMES, groups)
        steps_of = threshold_counts(X, NAMES) if ordered else None
        base = specify(
            MODEL,
            thresholds=steps_of,
            groups=2,
            means=True,
            unit_variance=ordered,
            scale="theta" if ordered else "delta",
        )
        sample = sample_of(parts, base.items, "complete", ordered=ordered)
        request = Request(base=base, sample=sample, parts=parts, estimator=estimator, missing="complete")
        fits = [request.fit(step) for step in steps]
        return [difference_test(a, b) for a, b in pairwise(fits)]

    if what == "modification":
        fit = cfa(X, MODEL, names=NAMES)
        return lambda: modification_indices(fit)
    holes = with_holes(X) if what == "fiml" else X
    return {
        "ml": lambda: cfa(X, MODEL, names=NAMES).fit,
        "wlsmv": lambda: cfa(X, MODEL, names=NAMES, ordered=True).fit,
        "large": lambda: cfa(X, MODEL, names=NAMES, ordered=True).fit,
        "fiml": lambda: cfa(holes, MODEL, names=NAMES, missing="full").parameters,
        "invariance": lambda: ladder([(), ("loadings",), ("loadings", "intercepts")], ordered=False),
        "ordered": lambda: ladder([(), ("thresholds", "loadings", "intercepts")], ordered=True),
    }[what]


R_WORK = {
    "ml": "{f <- cfa(m, x[v]); fitMeasures(f)}",
    "wlsmv": "{f <- cfa(m, x[v], ordered=v); fitMeasures(f)}",
    "large": "{f <- cfa(m, x[v], ordered=v); fitMeasures(f)}",
    "fiml": "cfa(m, x[v], missing='fiml')",
    "modification": "modindices(fit)",
    "invariance": "{f <- lapply(list('', 'loadings', c('loadings','intercepts')), function(e) "
    "cfa(m, x, group='g', group.equal=e)); do.call(lavTestLRT, f)}",
    "ordered": "{f <- lapply(list('', c('thresholds','loadings')), function(e) "
    "cfa(m, x, group='g', ordered=v, group.equal=e)); do.call(lavTestLRT, f)}",
}


def peer_lavaan(what: str, repeats: int, folder: Path) -> dict[str, float]:
    X = data(100_000 if what == "large" else 3000)
    X = with_holes(X) if what == "fiml" else X
    groups = np.arange(len(X)) % 2
    file = folder / "answers.csv"
    np.savetxt(file, np.column_stack([X, groups]), delimiter=",", header=",".join([*NAMES, "g"]), comments="")
    fit = "fit <- cfa(m, x[v]);" if what == "modification" else ""
    script = folder / "peer.R"
    script.write_text(
        f"""suppressPackageStartupMessages(library(lavaan)); options(warn = -1); m <- "{MODEL}"
x <- read.csv("{file}", na.strings = c("NA", "nan")); v <- paste0("x", 0:29); {fit} w <- c()
for (i in 1:{repeats}) w <- c(w, system.time({R_WORK[what]})[["elapsed"]])
s <- readLines("/proc/self/status"); p <- sub("[^0-9]*([0-9]+).*", "\\\\1", s[grep("VmHWM", s)])
cat(median(w) * 1000, as.numeric(p) / 1024)"""
    )
    out = subprocess.run(
        ["Rscript", str(script)],
        capture_output=True,
        text=True,
        check=True,
        env=one_thread(),
    ).stdout.split()
    return {"wall": float(out[-2]), "peak": float(out[-1])}


def peer_semopy(repeats: int, folder: Path) -> dict[str, float]:
    script = f"""
import time, json, resource, sys
sys.path.insert(0, {str(folder)!r})
import pandas as pd, semopy
from tests.bench.models import NAMES, MODEL, data
frame = pd.DataFrame(data(3000), columns=NAMES)
def work():
    model = semopy.Model(MODEL); model.fit(frame); model.inspect(); return semopy.calc_stats(model)
work(); walls = []
for _ in range({repeats}):
    began = time.perf_counter(); work(); walls.append(time.perf_counter() - began)
print(json.dumps({{"wall": 1000 * sorted(walls)[len(walls) // 2],
  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}))
"""
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, env=one_thread()
    )
    return dict(json.loads(out.stdout.splitlines()[-1]))


def measured(what: str, repeats: int) -> dict[str, float]:
    """Run ours in a process of its own: median of the calls after the first, and peak memory."""
    script = f"""
import time, json, resource
from tests.bench.models import ours
work = ours({what!r}); work(); walls = []
for _ in range({repeats}):
    began = time.perf_counter(); work(); walls.append(time.perf_counter() - began)
print(json.dumps({{"wall": 1000 * sorted(walls)[len(walls) // 2],
  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}))
"""
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, env=one_thread()
    )
    return dict(json.loads(out.stdout.splitlines()[-1]))


def one_thread() -> dict[str, str]:
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def has_lavaan(*, install: bool) -> bool:
    if install and shutil.which("Rscript") is None and os.geteuid() == 0:
        for step in (["update"], ["install", "--yes", "--no-install-recommends", "r-cran-lavaan"]):
            subprocess.run(["apt-get", "-qq", *step], check=True)
    if shutil.which("Rscript") is None:
        return False
    tried = subprocess.run(["Rscript", "-e", "library(lavaan)"], capture_output=True, check=False)
    return tried.returncode == 0


def has_semopy(folder: Path, *, install: bool) -> bool:
    if install:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "semopy"]
        subprocess.run(command, check=False)
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import semopy"
    tried = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    return tried.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--no-install", action="store_true")
    asked = parser.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = {
            "lavaan": has_lavaan(install=not asked.no_install),
            "semopy": has_semopy(folder / "semopy", install=not asked.no_install),
        }
        for peer in [peer for peer, found in there.items() if not found]:
            sys.stdout.write(f"{peer} is not there: its lines are left out\n")
        for what, (words, peers) in LINES.items():
            if asked.only not in words and asked.only != what:
                continue
            slow = what in {"fiml", "large"}
            first = measured(what, 3 if slow else 7)
            for peer, (bar, repeats) in peers.items():
                if not there[peer]:
                    continue
                theirs = (
                    peer_lavaan(what, repeats, folder)
                    if peer == "lavaan"
                    else peer_semopy(repeats, folder / "semopy")
                )
                again = measured(what, 3 if slow else 7)
                mine = min(first["wall"], again["wall"])
                ratio = theirs["wall"] / mine
                limit = f", {mine / LIMITS[what]:.1f} times the limit" if what in LIMITS else ""
                missed += ratio < bar
                sys.stdout.write(
                    f"{words}: {mine:.1f} ms ({first['peak']:.0f} MB){limit}; {peer} {theirs['wall']:.0f} ms "
                    f"({theirs['peak']:.0f} MB): {ratio:.1f} times, bar {bar}"
                    f"{'' if ratio >= bar else '  MISSED'}\n"
                )
                sys.stdout.flush()
    sys.stdout.write(f"{time.strftime('%F')}: {missed or 'no'} bar missed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
