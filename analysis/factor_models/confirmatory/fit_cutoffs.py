"""Cut-offs of fit measures by simulation: how well a right model of this size fits by chance."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binom

from analysis.estimate import Estimate, Matrix, PrintedTable, TableParts, Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import Part, fit_table, sample_of
from analysis.factor_models.confirmatory.estimation.full_solution import FullSolution
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.inference.bootstrap import SEED

MEASURES: Final = {"cfi": True, "tli": True, "rmsea": False, "srmr": False}
"""The measures, and whether a larger value means a better fit."""
FEWEST: Final = 100
"""The fewest simulated data sets from which a tail of 5 % is estimated."""
ESTIMATORS: Final = ("ML", "WLSMV")
PLANTED: Final = 0.3
"""The residual correlation of each pair in a model that is wrong, and one item in three is in a pair."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cutoff:
    """One measure: its value in the data, the cut-off, and the share of right models that fit as badly.

    `noticed` is the share of wrong models that lie on the bad side of the cut-off.
    """

    measure: str
    observed: float
    cutoff: Estimate
    as_bad: float
    noticed: float


@dataclass(frozen=True, kw_only=True)
class FitCutoffs(PrintedTable):
    """Cut-offs of fit measures for one model and one number of rows.

    Attributes
    ----------
    measures : one Cutoff each
    estimator : by which the sets were fitted, as the model was
    share : of right models that lie on the good side of a cut-off
    sets, failed : simulated data sets of right models behind the figures, and those without a solution
    wrong, planted : data sets of wrong models with a solution, and the pairs of items that made them wrong
    """

    measures: tuple[Cutoff, ...]
    estimator: str
    share: float
    sets: int
    failed: int
    wrong: int
    planted: tuple[tuple[str, str], ...]

    def _table(self) -> TableParts:
        headers = (
            "measure",
            "observed",
            "cut-off",
            "low",
            "high",
            "right models as bad",
            "wrong models noticed",
        )
        rows = [
            (
                *(each.measure, each.observed, each.cutoff.value, each.cutoff.low, each.cutoff.high),
                *(each.as_bad, each.noticed),
            )
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
    progress: Callable[[int, int], None] = lambda *_: None,
) -> FitCutoffs | Unavailable:
    """Simulate what CFI, TLI, RMSEA and SRMR are where the model is right, at these estimates and this n.

    A fixed cut-off such as CFI of .95 is too strict for a large model with few rows and too lenient for a
    small one, and answers of few categories move it again. Here rows are drawn from the moments that the
    fitted model implies, as many as there are, cut at its thresholds where the items are ordered; the model
    is fitted to each set, and the cut-off is what `share` of these right models reach. A hundred more sets
    are drawn in which the model is wrong by a little, to see whether the cut-off notices.

    Parameters
    ----------
    fit : a model fitted by ML to complete rows, or by WLSMV to ordered items
    sets : simulated data sets of right models, at least 100
    share : of right models on the good side of a cut-off
    level : of the interval of a cut-off, which is that of a quantile of `sets` draws
    rng : source of chance; by default one with a fixed seed
    progress : told how many sets are done, and how many there are

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
    between (1 - level) / 2 and (1 + level) / 2. The measures are those that are reported: of ordered items
    the robust ones where there are such, else the scaled ones.

    A wrong model has a residual correlation of .30 in pairs of items that take in one item in three, each of
    a pair from another half of the items, so mostly from another factor. Of one factor this is level 1 of
    dynamic cut-offs (``dynamic::cfaOne``). It says whether a cut-off tells such a model from a right one, and
    nothing of a model that is wrong in another way. Rows that are drawn have no gaps and no clusters.

    Equals ``FCO::flex_co(FCO::gen_fit(...), index = ...)`` up to the simulation's own error.

    References
    ----------
    Niemand and Mai (2018). Flexible cutoff values for fit indices in the evaluation of structural equation
    models. Journal of the Academy of Marketing Science, 46, 1148-1172.

    McNeish and Wolf (2023). Dynamic fit index cutoffs for confirmatory factor analysis models. Psychological
    Methods, 28, 61-88.

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
    if fit.estimator not in ESTIMATORS or isinstance(fit.solution, FullSolution):
        detail = "cut-offs are simulated for ML of complete rows and for WLSMV of ordered items alone"
        return Unavailable(reason="not defined", detail=detail)
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    if fit.test.df == 0:
        return Unavailable(reason="not defined", detail="the model is saturated: every data set fits it")
    rng = np.random.default_rng(SEED) if rng is None else rng
    pairs = _pairs(len(fit.items))
    right = _measured(fit, (), sets, rng, lambda done: progress(done, sets + FEWEST))
    if len(right) < FEWEST:
        detail = f"{len(right)} of {sets} simulated data sets have a solution, not {FEWEST}"
        return Unavailable(reason="too few rows", detail=detail)
    wrong = _measured(fit, pairs, FEWEST, rng, lambda done: progress(sets + done, sets + FEWEST))
    return FitCutoffs(
        measures=tuple(
            _cutoff(name, fit.best(name), right[:, place], wrong[:, place], share=share, level=level)
            for place, name in enumerate(MEASURES)
        ),
        estimator=fit.estimator,
        share=share,
        sets=len(right),
        failed=sets - len(right),
        wrong=len(wrong),
        planted=tuple((fit.items[i], fit.items[j]) for i, j in pairs),
    )


def _pairs(k: int) -> tuple[tuple[int, int], ...]:
    """Pair every third item of the first half with its counterpart in the second; one pair at the least."""
    return tuple((i, i + k // 2) for i in range(0, max(k // 2, 1), 3))


def _measured(
    fit: FittedModel,
    pairs: tuple[tuple[int, int], ...],
    sets: int,
    rng: np.random.Generator,
    progress: Callable[[int], None],
) -> Matrix:
    """Return the measures of the model in sets drawn from it (sets with a solution x measures)."""
    found = []
    for done in range(sets):
        progress(done)
        if (measures := _refitted(fit, pairs, rng)) is not None:
            found.append(measures)
    return np.array(found).reshape(-1, len(MEASURES))


def _refitted(
    fit: FittedModel, pairs: tuple[tuple[int, int], ...], rng: np.random.Generator
) -> list[float] | None:
    """Return the measures of the model in rows drawn from it, or None where it has no solution there."""
    ordered = fit.table.ordered
    parts = [
        Part(label=label, X=_rows(implied, pairs, n, rng), names=fit.items)
        for label, implied, n in zip(fit.groups, fit.solution.implied, fit.used, strict=True)
    ]
    if ordered and any(
        len(np.unique(column)) < len(met)
        for part, of_group in zip(parts, fit.categories, strict=True)
        for column, met in zip(part.X.T, of_group, strict=True)
    ):
        return None  # nobody gave an answer that the model has a threshold for
    sample = sample_of(parts, fit.items, "complete", ordered=ordered)
    if isinstance(sample, Unavailable):
        return None
    again = fit_table(
        fit.table, sample, parts, fit.estimator, missing="complete", start=fit.solution.minimum.x
    )
    return None if isinstance(again, Unavailable) else [again.best(name) for name in MEASURES]


def _rows(implied: Implied, pairs: tuple[tuple[int, int], ...], n: int, rng: np.random.Generator) -> Matrix:
    """Draw n rows from implied moments with residuals correlated in `pairs`; ordered items as categories."""
    ordered = implied.structure.ordered
    covariance = (implied.correlation if ordered else implied.covariance).copy()
    sd = np.sqrt(np.maximum(implied.residual_variance, 0)) * (implied.scale if ordered else 1.0)
    for i, j in pairs:
        covariance[i, j] = covariance[j, i] = covariance[i, j] + PLANTED * sd[i] * sd[j]
    normal = rng.normal(size=(n, len(covariance))) @ np.linalg.cholesky(covariance).T
    if not ordered:
        return np.asarray(implied.mean + normal)
    item = implied.structure.threshold_item
    above = (normal[:, item] > implied.thresholds).astype(float)
    return np.asarray(above @ (item[:, None] == np.arange(len(covariance))).astype(float))


def _cutoff(
    measure: str, observed: float, drawn: Matrix, wrong: Matrix, *, share: float, level: float
) -> Cutoff:
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
    noticed = wrong < cutoff.value if more_is_better else wrong > cutoff.value
    return Cutoff(
        measure=measure,
        observed=observed,
        cutoff=cutoff,
        as_bad=float(as_bad.mean()),
        noticed=float(noticed.mean()) if len(wrong) else float("nan"),
    )
