"""The result of a confirmatory factor analysis: estimates with errors, tests and measures of fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.estimate import Listing, Matrix, Probability, html_table, table
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory import fit_measures as measures
from analysis.factor_models.confirmatory import standardised as scaling
from analysis.factor_models.confirmatory.estimation.discrepancy import weighted
from analysis.factor_models.confirmatory.estimation.estimators import Estimator
from analysis.factor_models.confirmatory.estimation.fitting import (
    AnySolution,
    chi_square_of,
    solve_baseline,
    statistics_count,
)
from analysis.factor_models.confirmatory.estimation.full_solution import FullSolution
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.estimation.normal_solution import NormalSolution
from analysis.factor_models.confirmatory.estimation.solution import covariance_of_estimates
from analysis.factor_models.confirmatory.fit_measures import ChiSquare, Corrected
from analysis.factor_models.confirmatory.group_moments import sample_correlation, sample_moments
from analysis.factor_models.confirmatory.model.parameter_table import ParameterTable
from analysis.factor_models.confirmatory.robust_correlations import corrected_for_categories

_IMPROPER = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class EstimateRow:
    """One parameter's estimate.

    `se` is zero for fixed parameters; `low` and `high` limit the interval at the level of the fit; `std_lv`
    has factors standardised, `std_all` factors and items, `std_se` is the standard error of the latter.
    """

    lhs: str
    op: str
    rhs: str
    group: str
    label: str
    estimate: float
    se: float
    z: float | None
    p: float | None
    low: float
    high: float
    std_lv: float
    std_all: float
    std_se: float


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """A fitted factor model.

    Attributes
    ----------
    solution : the model at its minimum, for what computes more from it
    estimator, method : which, and what was done, in words
    groups : names of the groups, one empty name where there is one
    used, given : rows behind the fit, and rows of the data, by group
    level : of the intervals
    notes : what else a reader should know
    categories : of ordered items, the answers that each group uses of each item
    null : the baseline model, where another fit of the same data has computed it already
    """

    solution: AnySolution
    estimator: Estimator
    method: str
    groups: tuple[str, ...]
    used: tuple[int, ...]
    given: tuple[int, ...]
    level: float = 0.95
    notes: tuple[str, ...] = field(default=())
    categories: tuple[tuple[tuple[float, ...], ...], ...] = field(default=())
    null: AnySolution | None = None

    @property
    def table(self) -> ParameterTable:
        """The model's parameters."""
        return self.solution.structure.table

    @property
    def items(self) -> tuple[str, ...]:
        """The items, in the order of the solution's matrices."""
        return self.table.items

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors, in the order of the solution's matrices."""
        return self.table.factors

    @property
    def n(self) -> int:
        """Rows behind the fit."""
        return sum(self.used)

    @cached_property
    def covariance(self) -> Matrix:
        """Covariance matrix of the free parameters' estimates."""
        return covariance_of_estimates(self.solution)

    @cached_property
    def estimates(self) -> Matrix:
        """Value of each row of the table."""
        return scaling.estimates(self.solution.structure, self.solution.minimum.x)

    @cached_property
    def standard_errors(self) -> Matrix:
        """Standard error of each row of the table, zero where it is fixed."""
        variance = np.maximum(np.diagonal(self.covariance), 0)
        free = np.array([parameter.free for parameter in self.table.parameters])
        return np.where(free >= 0, np.sqrt(variance)[np.maximum(free, 0)], 0.0)

    @cached_property
    def standardised(self) -> Matrix:
        """Each row with factors and items standardised."""
        return scaling.standardised(self.solution.structure, self.solution.minimum.x)

    @cached_property
    def standardised_factors(self) -> Matrix:
        """Each row with factors standardised."""
        return scaling.standardised(self.solution.structure, self.solution.minimum.x, items=False)

    @cached_property
    def standardised_errors(self) -> Matrix:
        """Standard errors of `standardised`."""
        return scaling.standard_errors(self.solution.structure, self.solution.minimum.x, self.covariance)

    @cached_property
    def parameters(self) -> Listing[EstimateRow]:
        """All parameters with errors, tests and standardised values."""
        quantile = float(ndtri((1 + self.level) / 2))
        rows = []
        for place, parameter in enumerate(self.table.parameters):
            value, se = float(self.estimates[place]), float(self.standard_errors[place])
            z = value / se if se > 0 else None
            rows.append(
                EstimateRow(
                    lhs=parameter.lhs,
                    op=parameter.op,
                    rhs=parameter.rhs,
                    group=self.groups[parameter.group],
                    label=parameter.label,
                    estimate=value,
                    se=se,
                    z=z,
                    p=None if z is None else Probability(2 * ndtr(-abs(z))),
                    low=value - quantile * se,
                    high=value + quantile * se,
                    std_lv=float(self.standardised_factors[place]),
                    std_all=float(self.standardised[place]),
                    std_se=float(self.standardised_errors[place]),
                )
            )
        return Listing(rows)

    @cached_property
    def test(self) -> ChiSquare:
        """The test of the model against the saturated one."""
        return chi_square_of(self.solution)

    @cached_property
    def baseline(self) -> AnySolution:
        """The model of uncorrelated items; one for all models of the same data where they share it."""
        if self.null is not None:
            return self.null
        return solve_baseline(self.solution)

    @cached_property
    def baseline_test(self) -> ChiSquare:
        """The test of the model of uncorrelated items."""
        return chi_square_of(self.baseline)

    @cached_property
    def fit(self) -> dict[str, float]:
        """Every measure of fit under lavaan's name for it."""
        n = self._effective_n
        test, groups = self.test, len(self.groups)
        corrected = self._corrected
        found: dict[str, float] = {
            "npar": float(self.table.count),
            "fmin": test.value / (2 * self.n),
            "chisq": test.value,
            "df": float(test.df),
            "pvalue": test.p,
            "ntotal": float(self.n),
        }
        if test.scaled is not None and test.factor is not None:
            found |= {
                "chisq.scaled": test.scaled,
                "df.scaled": float(test.df),
                "pvalue.scaled": test.p_scaled,
                "chisq.scaling.factor": test.factor,
            }
        found |= measures.comparisons(test, self.baseline_test, corrected)
        found |= self._likelihoods
        found |= measures.approximation(test, n, groups, corrected)
        found |= self._residual_summaries
        found |= measures.absolute(test, n, self.table.count, statistics_count(self.solution), self._goodness)
        if self.table.ordered:
            found["wrmr"] = float(np.sqrt(test.value * len(self.groups) / statistics_count(self.solution)))
        return found

    def best(self, name: str) -> float:
        """Return a measure of fit in its robust form, else the scaled, else the plain; NaN without any."""
        scaled = ".scaled" if self.test.scaled is not None else ""
        forms = (self.fit.get(name + form, np.nan) for form in (".robust", scaled, ""))
        return next((value for value in forms if np.isfinite(value)), float("nan"))

    @property
    def _effective_n(self) -> float:
        return self.n if self.solution.recipe.discrepancy == "normal" else self.n - len(self.groups)

    @cached_property
    def _corrected(self) -> Corrected | None:
        """What the robust CFI, TLI and RMSEA are built from."""
        solution, baseline = self.solution, self.baseline
        if isinstance(solution, FullSolution) and isinstance(baseline, FullSolution):
            value, factor = solution.corrected
            null, null_factor = baseline.corrected
            df, df0 = self.test.df, self.baseline_test.df
            if df == 0:
                return None
            return Corrected(
                value=value, factor=factor / df, baseline=null, baseline_factor=null_factor / df0
            )
        if isinstance(solution, LeastSquaresSolution):
            if not self.table.ordered or solution.recipe.test == "standard" or self.test.df == 0:
                return None
            return corrected_for_categories(solution, self.test.df)
        test, null_test = self.test, self.baseline_test
        if test.factor is None or null_test.factor is None:
            return None
        return Corrected(
            value=test.value,
            factor=test.factor,
            baseline=null_test.value,
            baseline_factor=null_test.factor,
        )

    @cached_property
    def _likelihoods(self) -> dict[str, float]:
        solution = self.solution
        if isinstance(solution, LeastSquaresSolution):
            return {}
        saturated, count = 0.0, self.table.count
        if isinstance(solution, FullSolution):
            for group, moments in zip(solution.groups, solution.saturated, strict=True):
                saturated -= 0.5 * group.answers * np.log(2 * np.pi) + moments.value
        else:
            for complete in solution.groups:
                k = len(complete.mean)
                determinant = np.linalg.slogdet(complete.covariance)[1]
                saturated -= 0.5 * complete.n * (k * np.log(2 * np.pi) + determinant + k)
        model = float(saturated) - 0.5 * self.test.value
        found = measures.information_criteria(model, count, self.n)
        found["unrestricted.logl"] = float(saturated)
        traces = solution.traces
        if traces is not None and traces.saturated is not None and traces.model is not None:
            found["scaling.factor.h1"] = traces.saturated / statistics_count(solution)
            found["scaling.factor.h0"] = traces.model / self._unconstrained
        return found

    @property
    def _unconstrained(self) -> int:
        """Number of free rows of the table, equal ones counted apart."""
        return sum(parameter.free >= 0 for parameter in self.table.parameters)

    @cached_property
    def _residual_summaries(self) -> dict[str, float]:
        solution = self.solution
        total: dict[str, float] = {}
        for place, implied in enumerate(solution.implied):
            weight = self.used[place] / self.n
            if self.table.ordered:
                assert isinstance(solution, LeastSquaresSolution)
                R, thresholds = sample_correlation(solution, place)
                found = measures.residual_summaries(
                    R, implied.correlation, thresholds, implied.thresholds, ordered=True
                )
            else:
                mean, S = sample_moments(solution, place)
                mu = implied.mean if self.table.means else None
                found = measures.residual_summaries(
                    S, implied.covariance, mean if self.table.means else None, mu, ordered=False
                )
            for name, value in found.items():
                total[name] = total.get(name, 0.0) + weight * value
        total["srmr"] = total["srmr_bentler_nomean" if self.table.ordered else "srmr_bentler"]
        return total

    @cached_property
    def _goodness(self) -> float:
        """GFI: the share of the weighted squared statistics that the model reproduces."""
        total = 0.0
        for place, implied in enumerate(self.solution.implied):
            solution = self.solution
            if isinstance(solution, NormalSolution):
                mean, S = sample_moments(solution, place)
                gap = mean - implied.mean if self.table.means else np.zeros(len(S))
                mean = mean if self.table.means else gap
                W = inverse(implied.covariance)
                left = _squared(W, S - implied.covariance, gap)
                share = 1 - left / _squared(W, S, mean)
            else:
                s, V = self._goodness_weights(place)
                gap = s - implied.statistics
                share = 1 - float(gap @ weighted(V, gap)) / float(s @ weighted(V, s))
            total += self.used[place] / self.n * share
        return total

    def _goodness_weights(self, place: int) -> tuple[Matrix, Matrix]:
        solution = self.solution
        if isinstance(solution, LeastSquaresSolution):
            return solution.statistics[place], solution.V[place]
        assert isinstance(solution, FullSolution)
        group, implied = solution.groups[place], solution.implied[place]
        mean, S = group.pairwise
        V = group.moments(implied.mean, implied.covariance).information(expected=True)
        return np.concatenate([mean, S[np.triu_indices(len(S))]]), V

    @cached_property
    def improper(self) -> tuple[str, ...]:
        """Estimates outside the range that they can have in reality, each named with its figure."""
        found = []
        for group, implied in zip(self.groups, self.solution.implied, strict=True):
            where = f" in {group}" if group else ""
            for name, value in zip(self.items, implied.residual_variance, strict=True):
                if value < -_IMPROPER:
                    found.append(f"the residual variance of {name} is {value:.3f}{where}")
            psi = implied.matrices["factor"]
            for name, value in zip(self.factors, np.diagonal(psi), strict=True):
                if value < -_IMPROPER:
                    found.append(f"the variance of {name} is {value:.3f}{where}")
            found += [f"{what}{where}" for what in _beyond_one(implied.factor_covariance, self.factors)]
        return tuple(found)

    def _summary(self) -> tuple[list[str], list[list[object]]]:
        rows: list[list[object]] = [
            [row.lhs, row.op, row.rhs, row.group, row.estimate, row.se, row.z, row.p, row.std_all, row.std_se]
            for row in self.parameters
        ]
        return ["", "", "", "group", "estimate", "se", "z", "p", "std.all", "se.std"], rows

    def __str__(self) -> str:
        lines = [self.method, f"n = {self.n} of {sum(self.given)} rows", *self.notes, self.verdict, ""]
        lines += [f"improper solution: {what}" for what in self.improper]
        return "\n".join([*lines, table(*self._summary())])

    @property
    def verdict(self) -> str:
        """Test and main measures of fit on one line."""
        fit, scaled = self.fit, ".scaled" if self.test.scaled is not None else ""
        best = ".robust" if "cfi.robust" in fit else scaled
        return (
            f"chi-square{' (scaled)' if scaled else ''} {fit['chisq' + scaled]:.3f}, df {self.test.df}, "
            f"p {fit['pvalue' + scaled]:.3f}; CFI {fit['cfi' + best]:.3f}, TLI {fit['tli' + best]:.3f}, "
            f"RMSEA {fit.get('rmsea' + best, 0.0):.3f} "
            f"[{fit.get('rmsea.ci.lower' + best, 0.0):.3f}, {fit.get('rmsea.ci.upper' + best, 0.0):.3f}]"
            f"{' (robust)' if best == '.robust' else ''}, SRMR {fit['srmr']:.3f}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.verdict}</p>" + html_table(*self._summary())


def _squared(W: Matrix, S: Matrix, mean: Matrix) -> float:
    """Return ½ tr(W S W S) + m' W m: the squared length of moments in the metric of the normal likelihood."""
    turned = W @ S
    return 0.5 * float(np.sum(turned * turned.T)) + float(mean @ W @ mean)


def _beyond_one(covariance: Matrix, factors: Sequence[str]) -> list[str]:
    variances = np.diagonal(covariance)
    found = []
    for i in range(len(factors)):
        for j in range(i):
            if variances[i] > 0 and variances[j] > 0:
                r = covariance[i, j] / np.sqrt(variances[i] * variances[j])
                if abs(r) > 1 + _IMPROPER:
                    found.append(f"the correlation of {factors[j]} and {factors[i]} is {r:.3f}")
    return found
