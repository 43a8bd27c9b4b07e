"""Cut-offs of fit measures by simulation: how well a right model of this size fits by chance."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binom

from analysis.estimate import Estimate, Matrix, PrintedTable, TableParts, Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import Part, fit_table, sample_of
from analysis.factor_models.confirmatory.estimation.normal_solution import NormalSolution
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.inference.bootstrap import SEED

MEASURES: Final = {"cfi": True, "tli": True, "rmsea": False, "srmr": False}
"""The measures, and whether a larger value means a better fit."""
FEWEST: Final = 100
"""The fewest simulated data sets from which a tail of 5 % is estimated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cutoff:
    """One measure: its value in the data, the cut-off, and the share of right models that fit as badly."""

    measure: str
    observed: float
    cutoff: Estimate
    as_bad: float


@dataclass(frozen=True, kw_only=True)
class FitCutoffs(PrintedTable):
    """Cut-offs of fit measures for one model and one number of rows.

    Attributes
    ----------
    measures : one Cutoff each
    share : of right models that lie on the good side of a cut-off
    sets, failed : simulated data sets behind the figures, and those without a solution
    """

    measures: tuple[Cutoff, ...]
    share: float
    sets: int
    failed: int

    def _table(self) -> TableParts:
        headers = ("measure", "observed", "cut-off", "low", "high", "right models as bad")
        rows = [
            (each.measure, each.observed, each.cutoff.value, each.cutoff.low, each.cutoff.high, each.as_bad)
            for each in self.measures
        ]
        return headers, rows


def fit_cutoffs(
    fit: FittedModel,
    *,
    sets: int = 500,
    share: float = 0.95,
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> FitCutoffs | Unavailable:
    """Simulate what CFI, TLI, RMSEA and SRMR are where the model is right, at these estimates and this n.

    A fixed cut-off such as CFI of .95 is too strict for a large model with few rows and too lenient for a
    small one. Here normal rows are drawn from the moments that the fitted model implies, as many as there
    are, the model is fitted to each set, and the cut-off is what `share` of these right models reach.

    Parameters
    ----------
    fit : a model fitted by maximum likelihood to complete rows
    sets : simulated data sets, at least 100
    share : of right models on the good side of a cut-off
    level : of the interval of a cut-off, which is that of a quantile of `sets` draws
    rng : source of chance; by default one with a fixed seed

    Returns
    -------
    FitCutoffs
        Or Unavailable: another estimator, an improper solution, a saturated model, or fewer than 100
        simulated sets with a solution.

    Raises
    ------
    ValueError
        `sets` is below 100, or `share` or `level` does not lie between 0 and 1.

    Notes
    -----
    The cut-off is the empirical quantile q of the measure over the sets: at 1 - share where more is better,
    at share otherwise. Its interval is that of order statistics: the ranks that a binomial (sets, q) leaves
    between (1 - level) / 2 and (1 + level) / 2. What it says is about a right model; it does not say how
    wrong a model is that a cut-off rejects.

    Equals ``FCO::flex_co(FCO::gen_fit(...), index = ...)`` up to the simulation's own error.

    References
    ----------
    Niemand and Mai (2018). Flexible cutoff values for fit indices in the evaluation of structural equation
    models. Journal of the Academy of Marketing Science, 46, 1148-1172.

    Examples
    --------
    >>> from analysis import confirmatory_factor_analysis
    >>> factor = np.random.default_rng(1).normal(size=(300, 1))
    >>> X = factor + np.random.default_rng(2).normal(size=(300, 4))
    >>> fit = confirmatory_factor_analysis(X, "f =~ a + b + c + d", names=["a", "b", "c", "d"])
    >>> [each.measure for each in fit_cutoffs(fit, sets=100).measures]
    ['cfi', 'tli', 'rmsea', 'srmr']
    """
    if sets < FEWEST:
        raise ValueError(f"sets must be at least {FEWEST}, not {sets}")
    for name, value in (("share", share), ("level", level)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")
    if fit.estimator != "ML" or not isinstance(fit.solution, NormalSolution):
        detail = "cut-offs are simulated for maximum likelihood of complete rows alone"
        return Unavailable(reason="not defined", detail=detail)
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    if fit.test.df == 0:
        return Unavailable(reason="not defined", detail="the model is saturated: every data set fits it")
    rng = np.random.default_rng(SEED) if rng is None else rng
    drawn = [_right_model(fit, rng) for _ in range(sets)]
    found = np.array([each for each in drawn if each is not None])
    if len(found) < FEWEST:
        detail = f"{len(found)} of {sets} simulated data sets have a solution, not {FEWEST}"
        return Unavailable(reason="too few rows", detail=detail)
    return FitCutoffs(
        measures=tuple(
            _cutoff(name, fit.fit[name], found[:, place], share, level) for place, name in enumerate(MEASURES)
        ),
        share=share,
        sets=len(found),
        failed=sets - len(found),
    )


def _right_model(fit: FittedModel, rng: np.random.Generator) -> list[float] | None:
    """Return the measures of the model in rows drawn from it, or None where it has no solution there."""
    parts = [
        Part(label=label, X=_normal_rows(implied.covariance, implied.mean, n, rng), names=fit.items)
        for label, implied, n in zip(fit.groups, fit.solution.implied, fit.used, strict=True)
    ]
    sample = sample_of(parts, fit.items, "complete", ordered=False)
    if isinstance(sample, Unavailable):
        return None
    again = fit_table(fit.table, sample, parts, "ML", missing="complete", start=fit.solution.minimum.x)
    return None if isinstance(again, Unavailable) else [again.fit[name] for name in MEASURES]


def _normal_rows(covariance: Matrix, mean: Matrix, n: int, rng: np.random.Generator) -> Matrix:
    return np.asarray(mean + rng.normal(size=(n, len(covariance))) @ np.linalg.cholesky(covariance).T)


def _cutoff(measure: str, observed: float, drawn: Matrix, share: float, level: float) -> Cutoff:
    more_is_better = MEASURES[measure]
    tail = 1 - share if more_is_better else share
    ranked = np.sort(drawn)
    low, high = (int(binom.ppf(side, len(ranked), tail)) for side in ((1 - level) / 2, (1 + level) / 2))
    cutoff = Estimate(
        value=float(np.quantile(ranked, tail)),
        low=float(ranked[max(low - 1, 0)]),
        high=float(ranked[min(high, len(ranked) - 1)]),
        level=level,
        n=len(ranked),
        k=1,
        method="quantile of simulated right models",
    )
    as_bad = drawn <= observed if more_is_better else drawn >= observed
    return Cutoff(measure=measure, observed=observed, cutoff=cutoff, as_bad=float(as_bad.mean()))
