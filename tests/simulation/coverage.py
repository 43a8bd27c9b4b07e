"""Coverage of intervals and size of tests: confirmatory models of SIMULATED answers whose true values are
known.

    python -m tests.simulation.coverage [--sets 500] [--lavaan]

For each design so many data sets: the mean coverage of the 95 % intervals of all free parameters, which is to
lie between 93 and 97 %, and the share of true models that the 5 % test rejects, which is to lie within three
Monte-Carlo errors of 5 %. At n = 200 both are printed without a limit; with --lavaan (R with lavaan must be
installed) beside lavaan's on the same sets. Exits with 1 where a limit is missed.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from analysis.correlation import bivariate_normal as bivariate
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import confirmatory_factor_analysis
from analysis.factor_models.confirmatory.fitted_model import FittedModel

NAMES = tuple(f"x{i}" for i in range(1, 9))
MODEL = "f =~ x1 + x2 + x3 + x4\ng =~ x5 + x6 + x7 + x8"
LOADING, PHI = 0.7, 0.4
CUTS = np.array([0.25, 0.84, 1.28, 1.75])  # skewed: three in five give the lowest of five answers
SIZES = (200, 500, 1000)


@dataclass(frozen=True)
class Design:
    """Data, estimator, and the true value of each kind of parameter; None for no bar on its rejections."""

    words: str
    draw: Callable[[int, np.random.Generator], np.ndarray]
    estimator: str
    options: dict[str, object]
    truth: dict[str, float]
    lavaan: str


def latent(n: int, rng: np.random.Generator) -> np.ndarray:
    general = rng.normal(size=(n, 1))
    factors = np.sqrt(PHI) * general + np.sqrt(1 - PHI) * rng.normal(size=(n, 2))
    unique = rng.normal(size=(n, 8)) * np.sqrt(1 - LOADING**2)
    return LOADING * factors[:, [0] * 4 + [1] * 4] + unique


def with_holes(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    X = X.astype(float)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X


def normal_with_holes(n: int, rng: np.random.Generator) -> np.ndarray:
    return with_holes(latent(n, rng), rng)


def skewed(n: int, rng: np.random.Generator) -> np.ndarray:
    return with_holes(np.digitize(latent(n, rng), CUTS), rng)


def truth_of_codes() -> dict[str, float]:
    """Parameters of the answers as measurements: all items alike, so that the model holds exactly."""
    cuts = CUTS[None]

    def covariance(r: float) -> float:
        both = bivariate.cumulative(cuts, cuts, np.array([r]))[0]
        return float((both - np.outer(ndtr(CUTS), ndtr(CUTS))).sum())

    above = 1 - ndtr(CUTS)
    mean = above.sum()
    variance = float(((2 * np.arange(4) + 1) * above).sum() - mean**2)
    within, between = covariance(LOADING**2), covariance(LOADING**2 * PHI)
    return {
        "=~": float(np.sqrt(within)),
        "residual": variance - within,
        "factor": between / within,
        "~1": float(mean),
    }


NORMAL = {"=~": LOADING, "residual": 1 - LOADING**2, "factor": PHI, "~1": 0.0}
DESIGNS = (
    Design("normal answers", latent, "ML", {}, NORMAL, "estimator='ML'"),
    Design(
        "normal answers, 5 % missing, full information",
        normal_with_holes,
        "ML",
        {"missing": "full"},
        NORMAL,
        "estimator='ML', missing='fiml'",
    ),
    Design(
        "skewed, five categories, 5 % missing, as measurements",
        skewed,
        "MLR",
        {"missing": "full"},
        truth_of_codes(),
        "estimator='MLR', missing='fiml'",
    ),
    Design(
        "skewed, five categories, 5 % missing, as categories",
        skewed,
        "WLSMV",
        {"missing": "pairwise", "ordered": True},
        NORMAL,
        "estimator='WLSMV', ordered=v, missing='pairwise'",
    ),
)


def true_value(design: Design, op: str, lhs: str, rhs: str) -> float:
    if op == "|":
        return float(CUTS[int(rhs[1:]) - 1])
    if op == "~~":
        return design.truth["residual" if lhs == rhs else "factor"]
    return design.truth[op]


def covered(design: Design, fit: FittedModel) -> float:
    rows = [row for row in fit.parameters if row.se > 0]
    inside = [row.low <= true_value(design, row.op, row.lhs, row.rhs) <= row.high for row in rows]
    return float(np.mean(inside))


def rejected(fit: FittedModel) -> bool:
    return (fit.test.p if fit.test.scaled is None else fit.test.p_scaled) < 0.05


def run(design: Design, n: int, sets: int, keep: list[np.ndarray] | None) -> tuple[float, float, int]:
    coverage, rejections, failed = [], [], 0
    for place in range(sets):
        X = design.draw(n, np.random.default_rng([n, place]))
        if keep is not None:
            keep.append(X)
        fit = confirmatory_factor_analysis(
            X, MODEL, names=NAMES, estimator=design.estimator, unit_variance=True, **design.options
        )
        if not isinstance(fit, FittedModel):
            failed += 1
            continue
        coverage.append(covered(design, fit))
        rejections.append(rejected(fit))
    return float(np.mean(coverage)), float(np.mean(rejections)), failed


LAVAAN = """
suppressPackageStartupMessages(library(lavaan)); options(warn = -1)
a <- commandArgs(TRUE); d <- read.csv(a[1]); v <- paste0("x", 1:8); truth <- eval(parse(text = a[2]))
cuts <- c(0.25, 0.84, 1.28, 1.75); ok <- rej <- c()
for (s in unique(d$set)) { x <- d[d$set == s, v]; x <- x[rowSums(!is.na(x)) > 0, ]
  f <- try(eval(parse(text = paste0("cfa(a[4], x, std.lv = TRUE, ", a[3], ")"))), silent = TRUE)
  if (inherits(f, "try-error") || !lavInspect(f, "converged")) next
  p <- parameterEstimates(f); p <- p[p$se > 0 & p$op != "~*~", ]
  t <- ifelse(p$op == "|", cuts[as.integer(sub("t", "", p$rhs))], ifelse(p$op == "~~", ifelse(p$lhs == p$rhs,
    truth["residual"], truth["factor"]), truth[p$op])); ok <- c(ok, mean(p$ci.lower <= t & t <= p$ci.upper))
  m <- fitMeasures(f); q <- if ("pvalue.scaled" %in% names(m)) m["pvalue.scaled"] else m["pvalue"]
  rej <- c(rej, q < .05) }
cat(mean(ok), mean(rej), length(ok))
"""


def lavaan(design: Design, kept: list[np.ndarray]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "sets.csv", Path(folder) / "fit.R"
        with data.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*NAMES, "set"])
            for place, X in enumerate(kept):
                writer.writerows([*("" if np.isnan(x) else x for x in row), place] for row in X)
        script.write_text(LAVAAN)
        truth = "c(" + ", ".join(f"'{name}'={value!r}" for name, value in design.truth.items()) + ")"
        done = subprocess.run(
            ["Rscript", str(script), str(data), truth, design.lavaan, MODEL],
            capture_output=True,
            text=True,
            check=True,
        )
    coverage, rejections, fitted = done.stdout.split()[-3:]
    return f"lavaan {100 * float(coverage):.1f} %, {100 * float(rejections):.1f} % ({fitted} fits)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--lavaan", action="store_true")
    asked = parser.parse_args()
    error = np.sqrt(0.05 * 0.95 / asked.sets)
    missed = 0
    sys.stdout.write("SIMULATED answers: coverage of 95 % intervals, rejections at 5 %\n")
    for design in DESIGNS:
        for n in SIZES:
            kept: list[np.ndarray] | None = [] if asked.lavaan and n == SIZES[0] else None
            coverage, rejections, failed = run(design, n, asked.sets, kept)
            said = f"{design.words}, {design.estimator}, n = {n}: "
            said += f"{100 * coverage:.1f} %, {100 * rejections:.1f} %"
            said += f", {failed} without a solution" if failed else ""
            if n != SIZES[0]:
                good = 0.93 <= coverage <= 0.97 and abs(rejections - 0.05) <= 3 * error
                missed += not good
                said += "" if good else "  MISSED"
            if kept is not None:
                said += f"; {lavaan(design, kept)}"
            sys.stdout.write(said + "\n")
            sys.stdout.flush()
    sys.stdout.write(
        f"{asked.sets} sets each; Monte-Carlo error of a rejection rate {100 * error:.1f} points; "
        f"{missed or 'no'} bar missed\n"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
