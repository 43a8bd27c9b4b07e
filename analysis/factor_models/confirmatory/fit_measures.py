"""Measures of how well a factor model fits, under lavaan's names and definitions."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, chndtr

from analysis.estimate import Matrix

CLOSE: Final = 0.05
NOT_CLOSE: Final = 0.08
LEVEL: Final = 0.90


@dataclass(frozen=True, kw_only=True, slots=True)
class ChiSquare:
    """A test of fit: the statistic, its degrees of freedom and its scaled version.

    `factor` is what the plain statistic is divided by, `shift` what is then added; `reference` the degrees
    of freedom with which RMSEA takes the plain statistic (tr(UΓ)) where the scaled one is a plain ratio.
    """

    value: float
    df: int
    scaled: float | None = None
    factor: float | None = None
    shift: float = 0.0
    reference: float | None = None

    @property
    def p(self) -> float:
        """Probability of a statistic as large if the model holds."""
        return _p(self.value, self.df)

    @property
    def p_scaled(self) -> float:
        """Probability of a scaled statistic as large if the model holds."""
        return float("nan") if self.scaled is None else _p(self.scaled, self.df)


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """Statistics that the robust CFI, TLI and RMSEA are built from, with their correction factors."""

    value: float
    factor: float
    baseline: float
    baseline_factor: float


def _p(value: float, df: float) -> float:
    return float(chdtrc(df, value)) if df > 0 else float("nan")


def comparative(
    value: float,
    df: float,
    baseline: float,
    baseline_df: float,
    *,
    factor: float = 1,
    baseline_factor: float = 1,
) -> float:
    """Return the comparative fit index (CFI)."""
    model = max(value - factor * df, 0)
    worst = max(model, baseline - baseline_factor * baseline_df, 0)
    return 1 - model / worst if worst > 0 else 1.0


def tucker_lewis(
    value: float,
    df: float,
    baseline: float,
    baseline_df: float,
    *,
    factor: float = 1,
    baseline_factor: float = 1,
) -> float:
    """Return the Tucker-Lewis index (TLI, also non-normed fit index)."""
    model, null = value - factor * df, baseline - baseline_factor * baseline_df
    if df <= 0 or null == 0:
        return 1.0
    return 1 - (model * baseline_df) / (null * df)


def relative_noncentrality(
    value: float,
    df: float,
    baseline: float,
    baseline_df: float,
    *,
    factor: float = 1,
    baseline_factor: float = 1,
) -> float:
    """Return the relative noncentrality index (RNI): CFI without its limits."""
    null = baseline - baseline_factor * baseline_df
    return 1 - (value - factor * df) / null if null != 0 else float("nan")


def rmsea(value: float, df: float, n: float, groups: int, factor: float = 1) -> float:
    """Return the root mean square error of approximation."""
    if df <= 0:
        return 0.0
    return float(np.sqrt(max(value / (n * df) - factor / n, 0)) * np.sqrt(groups))


def rmsea_limits(
    value: float, df: float, n: float, groups: int, *, factor: float = 1, level: float = LEVEL
) -> tuple[float, float]:
    """Return the limits of RMSEA's interval from the noncentral chi-square; `value` is scaled."""
    limits = []
    for tail in ((1 + level) / 2, (1 - level) / 2):
        if df < 1 or value <= 0 or 1 - chdtrc(df, value) < tail:
            limits.append(0.0)
            continue
        high = max(n, 4 * value)
        while chndtr(value, df, high) > tail:
            high *= 2
        ncp = brentq(lambda at: chndtr(value, df, at) - tail, 0, high, xtol=1e-10)  # noqa: B023
        limits.append(float(np.sqrt(factor * ncp / (n * df)) * np.sqrt(groups)))
    return limits[0], limits[1]


def rmsea_p(
    value: float, df: float, n: float, *, groups: int, at: float, factor: float = 1, below: bool = False
) -> float:
    """Return the p of the hypothesis that RMSEA is at most `at`, or with `below` that it is at least `at`."""
    if df <= 0:
        return float("nan")
    ncp = n * df * at**2 / (groups * factor)
    below_value = float(chndtr(value, df, ncp))
    return below_value if below else max(1 - below_value, 0.0)


def comparisons(test: ChiSquare, baseline: ChiSquare, corrected: Corrected | None) -> dict[str, float]:
    """Return the measures that compare with the baseline model of uncorrelated items."""
    x, df, x0, df0 = test.value, test.df, baseline.value, baseline.df
    found = {
        "baseline.chisq": x0,
        "baseline.df": df0,
        "baseline.pvalue": baseline.p,
        "cfi": comparative(x, df, x0, df0),
        "tli": tucker_lewis(x, df, x0, df0),
        "nnfi": tucker_lewis(x, df, x0, df0),
        **_normed(x, df, x0, df0, ""),
        "rni": relative_noncentrality(x, df, x0, df0),
    }
    if test.scaled is not None and baseline.scaled is not None and baseline.factor is not None:
        s, s0 = test.scaled, baseline.scaled
        found |= {
            "baseline.chisq.scaled": s0,
            "baseline.df.scaled": df0,
            "baseline.pvalue.scaled": baseline.p_scaled,
            "baseline.chisq.scaling.factor": baseline.factor,
            "cfi.scaled": comparative(s, df, s0, df0),
            "tli.scaled": tucker_lewis(s, df, s0, df0),
            "nnfi.scaled": tucker_lewis(s, df, s0, df0),
            **_normed(s, df, s0, df0, ".scaled"),
            "rni.scaled": relative_noncentrality(s, df, s0, df0),
        }
    if corrected is not None:
        parts = (corrected.value, df, corrected.baseline, df0)
        factors = {"factor": corrected.factor, "baseline_factor": corrected.baseline_factor}
        found |= {
            "cfi.robust": comparative(*parts, **factors),
            "tli.robust": tucker_lewis(*parts, **factors),
            "nnfi.robust": tucker_lewis(*parts, **factors),
            "rni.robust": relative_noncentrality(*parts, **factors),
        }
    return found


def _normed(x: float, df: float, x0: float, df0: float, suffix: str) -> dict[str, float]:
    found = {}
    if df > 0 and x0 > 0:
        rfi = (x0 / df0 - x / df) / (x0 / df0)
        found["rfi" + suffix] = rfi
    if x0 > 0:
        found["nfi" + suffix] = (x0 - x) / x0
        found["pnfi" + suffix] = df / df0 * (x0 - x) / x0
    found["ifi" + suffix] = (x0 - x) / (x0 - df) if x0 != df else float("nan")
    return found


def approximation(test: ChiSquare, n: float, groups: int, corrected: Corrected | None) -> dict[str, float]:
    """Return RMSEA, its interval and tests, plain, scaled and robust."""
    found: dict[str, float] = {}

    def add(suffix: str, value: float, df: float, scaled: float, factor: float) -> None:
        found["rmsea" + suffix] = rmsea(value, df, n, groups, factor)
        low, high = rmsea_limits(scaled, df, n, groups, factor=factor)
        found["rmsea.ci.lower" + suffix], found["rmsea.ci.upper" + suffix] = low, high
        found["rmsea.pvalue" + suffix] = rmsea_p(scaled, df, n, groups=groups, at=CLOSE, factor=factor)
        found["rmsea.notclose.pvalue" + suffix] = rmsea_p(
            scaled, df, n, groups=groups, at=NOT_CLOSE, factor=factor, below=True
        )

    add("", test.value, test.df, test.value, 1)
    if test.scaled is not None and test.df > 0:
        if test.reference is None:
            add(".scaled", test.scaled, test.df, test.scaled, 1)
        else:
            add(".scaled", test.value, test.reference, test.value, 1)
    if corrected is not None and test.df > 0:
        scaled = corrected.value / corrected.factor if corrected.factor > 0 else float("nan")
        add(".robust", corrected.value, test.df, scaled, corrected.factor)
    return found | {"rmsea.ci.level": LEVEL, "rmsea.close.h0": CLOSE, "rmsea.notclose.h0": NOT_CLOSE}


def residual_summaries(
    S: Matrix, sigma: Matrix, mean: Matrix | None, mu: Matrix | None, *, ordered: bool
) -> dict[str, float]:
    """Return one group's root mean square residuals; of ordered items, S and Σ are correlations.

    For ordered items `mean` and `mu` are thresholds, sample and implied.
    """
    k = len(S)
    i, j = np.triu_indices(k)
    sd, sd_model = np.sqrt(np.diagonal(S)), np.sqrt(np.diagonal(sigma))
    raw = (S - sigma)[i, j]
    bentler = raw / (sd[i] * sd[j])
    bollen = (S / np.outer(sd, sd) - sigma / np.outer(sd_model, sd_model))[i, j]
    gap = np.zeros(0) if mean is None or mu is None else mean - mu
    scaled = gap if ordered or not gap.size else gap / sd
    pairs = k * (k - 1) / 2
    found = {
        "rmr_nomean": _root_mean(raw),
        "srmr_bentler_nomean": _root_mean(bentler),
        "crmr_nomean": float(np.sqrt((bollen**2).sum() / pairs)) if pairs else 0.0,
        "rmr": _root_mean(np.concatenate([raw, gap])),
        "srmr_bentler": _root_mean(np.concatenate([bentler, scaled])),
        "crmr": float(np.sqrt(((bollen**2).sum() + (scaled**2).sum()) / (pairs + len(gap)))),
    }
    if not ordered:
        diagonal = (np.diagonal(S) - np.diagonal(sigma)) / np.diagonal(S)
        squares = (bollen**2).sum() + (diagonal**2).sum()
        found["srmr_mplus_nomean"] = found["srmr_mplus"] = float(np.sqrt(squares / len(raw)))
        if mean is not None and mu is not None:
            squares += ((mean / sd - mu / sd_model) ** 2).sum()
            found["srmr_mplus"] = float(np.sqrt(squares / (len(raw) + k)))
    return found


def _root_mean(values: Matrix) -> float:
    return float(np.sqrt((values**2).mean())) if values.size else 0.0


def absolute(test: ChiSquare, n: float, count: int, statistics: int, gfi: float) -> dict[str, float]:
    """Return Hoelter's critical n, GFI with its variants, McDonald's index, and ECVI."""
    df = test.df
    found = {"gfi": gfi, "mfi": float(np.exp(-0.5 * (test.value - df) / n))}
    if df > 0:
        found["agfi"] = 1 - statistics / df * (1 - gfi)
        found["pgfi"] = df / statistics * gfi
        for name, p in (("cn_05", 0.05), ("cn_01", 0.01)):
            found[name] = float(chdtri(df, p)) / (test.value / n) + 1 if test.value > 0 else float("inf")
    found["ecvi"] = test.value / n + 2 * count / n
    return found


def information_criteria(log_likelihood: float, count: int, n: int) -> dict[str, float]:
    """Return AIC, BIC and the sample-size adjusted BIC (`bic2`)."""
    return {
        "logl": log_likelihood,
        "aic": -2 * log_likelihood + 2 * count,
        "bic": -2 * log_likelihood + count * float(np.log(n)),
        "bic2": -2 * log_likelihood + count * float(np.log((n + 2) / 24)),
    }
