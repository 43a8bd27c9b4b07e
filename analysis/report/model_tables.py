"""Tables of a fitted factor model, as every report shows them."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from analysis.estimate import Probability, Unavailable
from analysis.factor_models.confirmatory.fitted_model import EstimateRow, FittedModel
from analysis.factor_models.confirmatory.model_reliability import (
    factor_reliability,
    general_factor,
    heterotrait_monotrait,
    higher_order_reliability,
)
from analysis.factor_models.confirmatory.modification_indices import modification_indices
from analysis.factor_models.confirmatory.residuals import residuals, root_mean_square
from analysis.graphics.path_diagram import path_diagram
from analysis.graphics.residual_map import residual_map
from analysis.report.document import Table, Value

LISTED: Final = 15
NONE: Final = "none"  # shown where a figure has no such version
FIXED: Final = "fixed"
MEASURES: Final[Mapping[str, str]] = {
    "chisq": "chi-square",
    "cfi": "CFI",
    "tli": "TLI",
    "rmsea": "RMSEA",
    "rmsea.ci.lower": "RMSEA, 90 % interval, low",
    "rmsea.ci.upper": "RMSEA, 90 % interval, high",
    "rmsea.pvalue": "p that RMSEA is at most 0.05",
}


def told(value: float | None, otherwise: str = NONE) -> Value:
    """Return a figure, or a word where there is none."""
    return otherwise if value is None or not np.isfinite(value) else value


def rivals_table(fits: Mapping[str, FittedModel | Unavailable], title: str) -> Table:
    """Return the test and the main measures of fit of several models of the same answers."""
    criteria = any(isinstance(fit, FittedModel) and "aic" in fit.fit for fit in fits.values())
    headers = ["model", "chi-square", "df", "p", "CFI", "TLI", "RMSEA", "low", "high", "SRMR"]
    headers += ["AIC", "BIC"] if criteria else []
    rows: list[tuple[Value, ...]] = []
    for name, fit in fits.items():
        if isinstance(fit, Unavailable):
            rows.append((name, *[fit] * (len(headers) - 1)))
            continue
        rows.append((name + (" (improper)" if fit.improper else ""), *fit_row(fit, criteria=criteria)))
    return Table(title=title, headers=tuple(headers), rows=tuple(rows))


def fit_row(fit: FittedModel, *, criteria: bool) -> tuple[Value, ...]:
    """Return the scaled test where there is one, and the robust measures, else the scaled, else the plain."""
    found, scaled = fit.fit, ".scaled" if fit.test.scaled is not None else ""
    row: list[Value] = [found["chisq" + scaled], fit.test.df, Probability(found["pvalue" + scaled])]
    row += [fit.best(name) for name in ("cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper")]
    row.append(found["srmr"])
    if criteria:
        row += [told(found.get("aic")), told(found.get("bic"))]
    return tuple(_known(value) for value in row)


def _known(value: Value) -> Value:
    if isinstance(value, float) and not np.isfinite(value):
        return Unavailable(reason="not defined", detail="the model has no degrees of freedom")
    return value


def measures_table(fit: FittedModel) -> Table:
    """Return the measures of fit, plain, scaled and robust beside each other, and those with one form."""
    found = fit.fit

    def cell(name: str) -> Value:
        return told(found.get(name))

    rows: list[tuple[Value, ...]] = [
        (words, cell(name), cell(name + ".scaled"), cell(name + ".robust"))
        for name, words in MEASURES.items()
    ]
    rows.insert(1, ("degrees of freedom", fit.test.df, fit.test.df if fit.test.scaled else NONE, NONE))
    rows.insert(2, ("p", Probability(found["pvalue"]), cell("pvalue.scaled"), NONE))
    for name, words in (
        ("srmr", "SRMR"),
        ("chisq.scaling.factor", "scaling factor"),
        ("baseline.chisq", "chi-square of the baseline"),
        ("gfi", "GFI"),
        ("logl", "log-likelihood"),
        ("aic", "AIC"),
        ("bic", "BIC"),
        ("bic2", "BIC adjusted for sample size"),
        ("npar", "free parameters"),
    ):
        if cell(name) != NONE:
            rows.append((words, cell(name), cell(name + ".scaled"), NONE))
    if fit.test.df > 0 and len(fit.groups) == 1:
        rms = root_mean_square(fit)
        rows += [
            ("SRMR, unbiased", rms.unbiased, NONE, NONE),
            ("SRMR, unbiased, 90 % interval, low", rms.low, NONE, NONE),
            ("SRMR, unbiased, 90 % interval, high", rms.high, NONE, NONE),
            ("p that SRMR is at most 0.05", rms.p_close, NONE, NONE),
        ]
    return Table(title="Measures of fit", headers=("measure", "plain", "scaled", "robust"), rows=tuple(rows))


def solution_tables(fit: FittedModel, general: str | None = None) -> tuple[Table, ...]:
    """Return loadings with their picture, factor variances and correlations, and thresholds or intercepts."""
    rows = list(fit.parameters)
    tables = [_diagram(fit, rows, general), _loadings(fit, rows)]
    covariances = [row for row in rows if row.op == "~~" and row.lhs in fit.factors]
    if covariances:
        tables.append(_estimates(covariances, "Variances and covariances of factors", "correlation"))
    residual = [row for row in rows if row.op == "~~" and row.lhs in fit.items]
    tables.append(_estimates(residual, "Residual variances and covariances", "standardised"))
    positions = [
        row for row in rows if row.op == ("|" if fit.table.ordered else "~1") and row.lhs in fit.items
    ]
    if positions:
        words = "Thresholds" if fit.table.ordered else "Intercepts"
        tables.append(_estimates(positions, words, "standardised"))
    return tuple(tables)


def _diagram(fit: FittedModel, rows: list[EstimateRow], general: str | None) -> Table:
    shown: dict[str, dict[str, float]] = {}
    higher: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.op == "=~" and row.group == fit.groups[0]:
            (shown if row.rhs in fit.items else higher).setdefault(row.lhs, {})[row.rhs] = row.std_all
    sizes = [abs(value) for found in (*shown.values(), *higher.values()) for value in found.values()]
    reading = (
        f"Standardised loadings from {min(sizes):.2f} to {max(sizes):.2f} in size; a thicker line is a "
        "larger loading, a dashed one a negative loading."
    )
    beside = general if general in shown and len(shown) > 1 else None
    listed = [(name, found) for group in (shown, higher) for name, found in group.items()]
    return Table(
        title="The model and its standardised loadings",
        headers=("factor", "indicators and their loadings"),
        rows=tuple(
            (name, ", ".join(f"{target} {loading:.2f}" for target, loading in found.items()))
            for name, found in listed
        ),
        figure=path_diagram(shown, fit.items, reading=reading, higher=higher, general=beside),
    )


def _loadings(fit: FittedModel, rows: list[EstimateRow]) -> Table:
    loadings = [row for row in rows if row.op == "=~"]
    explained = {
        (name, group): 1 - variance / total
        for group, implied in zip(fit.groups, fit.solution.implied, strict=True)
        for name, variance, total in zip(
            fit.items, implied.residual_variance, np.diagonal(implied.covariance), strict=True
        )
    }
    explained |= {
        (row.lhs, row.group): 1 - row.std_all
        for row in rows
        if row.op == "~~" and row.lhs == row.rhs and row.lhs in fit.factors
    }
    return Table(
        title="Loadings",
        headers=("factor", "indicator", "loading", "se", "standardised", "se", "low", "high", "R\u00b2"),
        rows=tuple(
            (
                row.lhs,
                row.rhs + (f" ({row.group})" if row.group else ""),
                row.estimate,
                row.se,
                row.std_all,
                row.std_se,
                row.std_all - 1.959964 * row.std_se,
                row.std_all + 1.959964 * row.std_se,
                float(explained[row.rhs, row.group]) if (row.rhs, row.group) in explained else NONE,
            )
            for row in loadings
        ),
    )


def _estimates(rows: list[EstimateRow], title: str, standard: str) -> Table:
    return Table(
        title=title,
        headers=("parameter", "estimate", "se", "low", "high", standard, "se"),
        rows=tuple(
            (
                f"{row.lhs} {row.op} {row.rhs}".strip() + (f" ({row.group})" if row.group else ""),
                row.estimate,
                row.se if row.se > 0 else FIXED,
                row.low if row.se > 0 else FIXED,
                row.high if row.se > 0 else FIXED,
                told(row.std_all),
                row.std_se,
            )
            for row in rows
        ),
    )


def misfit_tables(fit: FittedModel) -> tuple[Table, ...]:
    """Return the residual correlations, all and the largest, and the largest modification indices."""
    found = residuals(fit)[0]
    beyond = int((np.abs(found.correlation[np.triu_indices(len(found.names), 1)]) > 0.1).sum())  # noqa: PLR2004
    pairs = len(found.names) * (len(found.names) - 1) // 2
    picture = residual_map(
        found.correlation,
        found.names,
        reading=f"{beyond} of {pairs} residual correlations are larger than 0.10 in size.",
    )
    largest = Table(
        title="Largest residual correlations",
        headers=("item", "item", "residual correlation", "z"),
        rows=tuple((a, b, r, z) for a, b, r, z in found.largest(LISTED)),
    )
    lower: tuple[tuple[Value, ...], ...] = tuple(
        (name, *map(float, found.correlation[i])) for i, name in enumerate(found.names)
    )
    every = Table(title="Residual correlations", headers=("item", *found.names), rows=lower, figure=picture)
    indices = sorted(modification_indices(fit), key=lambda row: -np.nan_to_num(row.index, nan=-1.0))
    changes = Table(
        title="Largest modification indices",
        headers=("parameter", "index", "expected change", "standardised"),
        rows=tuple(
            (f"{row.lhs} {row.op} {row.rhs}", row.index, row.change, row.change_all)
            for row in indices[:LISTED]
        ),
    )
    return largest, every, changes


def reliability_tables(fit: FittedModel, general: str | None = None) -> tuple[Table, ...]:
    """Return omega of every factor, variance extracted, HTMT, and what a higher factor explains."""
    rows = factor_reliability(fit)
    refused: tuple[tuple[Value, ...], ...]
    headers = ("factor", "items", "omega", "omega, model variance", "omega, own factor", "alpha", "AVE", "CR")
    if isinstance(rows, Unavailable):
        refused = tuple((factor, *[rows] * (len(headers) - 1)) for factor in fit.factors)
        return (Table(title="Reliability of sums", headers=headers, rows=refused),)
    tables = [
        Table(
            title="Reliability of sums",
            headers=headers,
            rows=tuple(
                (
                    row.factor + (f" ({row.group})" if row.group else ""),
                    len(row.items),
                    row.omega,
                    row.omega_model,
                    told(row.hierarchical, "same"),
                    row.alpha,
                    row.extracted,
                    row.composite,
                )
                for row in rows
            ),
        )
    ]
    ratios = heterotrait_monotrait(fit)
    if ratios and not any(row.hierarchical is not None for row in rows):
        tables.append(
            Table(
                title="Heterotrait-monotrait ratios",
                headers=("factor", "factor", "HTMT"),
                rows=tuple((a, b, value) for (a, b), value in ratios.items()),
            )
        )
    if general is not None:
        tables += _general(fit, general)
    return tuple(tables)


def _general(fit: FittedModel, general: str) -> list[Table]:
    if any(name in fit.factors for name in fit.table.indicators(general)):
        higher = higher_order_reliability(fit)
        if isinstance(higher, Unavailable) or fit.table.ordered:
            return []
        return [
            Table(
                title="What the higher factor explains",
                headers=("factor", "of the sum, model variance", "of the sum, observed", "of the factors"),
                rows=tuple((row.factor, row.total, row.observed, row.of_factors) for row in higher),
            )
        ]
    if len(fit.factors) == 1:
        return []
    found = general_factor(fit, general)
    if isinstance(found, Unavailable):
        return []
    return [
        Table(
            title="What the general factor explains",
            headers=("factor", "omega total", "omega hierarchical", "ECV", "PUC"),
            rows=tuple(
                (
                    row.factor,
                    row.omega_total,
                    row.omega_hierarchical,
                    row.explained_common_variance,
                    row.uncontaminated,
                )
                for row in found
            ),
        )
    ]
