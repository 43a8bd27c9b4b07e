"""What is computed from a confirmatory solution, as lavaan and semTools have it."""

import numpy as np
import pytest

from analysis.factor_models.confirmatory.confirmatory_factor_analysis import confirmatory_factor_analysis
from analysis.factor_models.confirmatory.factor_scores import factor_scores
from analysis.factor_models.confirmatory.model_reliability import (
    factor_reliability,
    heterotrait_monotrait,
    higher_order_reliability,
    maximal_reliability,
)
from analysis.factor_models.confirmatory.modification_indices import modification_indices
from analysis.factor_models.confirmatory.residuals import residuals, root_mean_square


def close(ours, theirs, limit):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit)


def fitted(case):
    complete = ~np.isnan(case.X).any(axis=1)  # R was given complete rows
    ordered = case.operation.endswith("wlsmv")
    return case.X[complete], confirmatory_factor_analysis(
        case.X[complete], case.get("model"), names=case.names, ordered=ordered
    )


@pytest.mark.reference("cfa_residuals_ml", "cfa_residuals_wlsmv")
def test_residuals(case):
    _, fit = fitted(case)
    found, limit = residuals(fit)[0], case.tolerance["residual_cor"]["abs"]
    close(found.correlation, case.array("residual_cor_bollen"), limit)
    close(found.scaled, case.array("residual_cor_bentler"), limit)
    if case.has("residual_standardized"):
        close(found.standardised, case.array("residual_standardized"), case.tolerance["residual_z"]["abs"])
        close(found.normalised, case.array("residual_normalized"), case.tolerance["residual_z"]["abs"])
    summary, rms = case.get("lavResiduals_summary"), root_mean_square(fit)
    column = summary["cor" if fit.table.ordered else "cov"]
    theirs = dict(zip(summary[".rows"], column, strict=True))
    for ours, name, tolerance in (
        (rms.value, "srmr", limit),
        (rms.se, "srmr.se", limit),
        (rms.unbiased, "usrmr", limit),
        (rms.unbiased_se, "usrmr.se", limit),
        (rms.low, "usrmr.ci.lower", limit),
        (rms.high, "usrmr.ci.upper", limit),
        (rms.p_close, "usrmr.closefit.pvalue", 1e-3),
        (rms.p, "srmr.exactfit.pvalue", 1e-3),
    ):
        close(ours, theirs[name], tolerance)


@pytest.mark.reference("cfa_residuals_ml", "cfa_residuals_wlsmv")
def test_modification_indices(case):
    _, fit = fitted(case)
    ours = {(row.lhs, row.op, row.rhs): row for row in modification_indices(fit)}
    theirs = case.get("modindices")
    rows = zip(
        *(theirs[name] for name in ("lhs", "op", "rhs", "mi", "epc", "sepc.lv", "sepc.all")), strict=True
    )
    met = 0
    for lhs, op, rhs, mi, epc, by_factor, whole in rows:
        row = ours[lhs, op, rhs]
        met += 1
        np.testing.assert_allclose(
            row.index, mi, rtol=case.tolerance["mi"]["rel"], atol=case.tolerance["mi"]["abs"]
        )
        close(
            [row.change, row.change_lv, row.change_all], [epc, by_factor, whole], case.tolerance["epc"]["abs"]
        )
    assert met == len(ours)


@pytest.mark.reference("cfa_residuals_ml")
@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_scores(case, method):
    X, fit = fitted(case)
    found, limit = factor_scores(fit, X, method=method), case.tolerance["scores"]["abs"]
    close(found.scores[:60], case.array(f"scores_{method}_first60"), limit)
    close(found.se, case.array(f"scores_{method}_se"), limit)


@pytest.mark.reference("cfa_residuals_wlsmv")
def test_scores_of_ordered_items(case):
    X, fit = fitted(case)
    close(
        factor_scores(fit, X[:60]).scores,
        case.array("scores_EBM_first60"),
        case.tolerance["scores_EBM"]["abs"],
    )
    theirs = case.array("scores_ML_first60")
    usable = (np.abs(theirs) < 4).all(axis=1)
    assert usable.sum() > 40
    close(
        factor_scores(fit, X[:60], method="ML").scores[usable],
        theirs[usable],
        case.tolerance["scores_ML_where_all_below_4"]["abs"],
    )


@pytest.mark.reference("cfa_residuals_ml", "cfa_residuals_wlsmv")
def test_validity(case):
    _, fit = fitted(case)
    rows, limit = {row.factor: row for row in factor_reliability(fit)}, case.tolerance["ave_cr"]["abs"]
    for factor, row in rows.items():
        close(row.extracted, case.get("formula", "ave", factor), limit)
        close(row.composite, case.get("formula", "cr", factor), limit)
        close(row.omega, case.get("semTools", "compRelSEM", factor), limit)
        if case.has("semTools", "compRelSEM_obs_var_false"):
            close(row.omega_model, case.get("semTools", "compRelSEM_obs_var_false", factor), limit)
    implied = fit.solution.implied[0].factor_covariance
    sd = np.sqrt(np.diagonal(implied))
    close(implied / np.outer(sd, sd), case.array("formula", "factor_cor"), limit)
    for geometric, name in ((False, "htmt"), (True, "htmt2")):
        theirs = case.array("semTools", name)
        for (a, b), value in heterotrait_monotrait(fit, geometric=geometric).items():
            place = fit.factors.index(a), fit.factors.index(b)
            close(value, theirs[place], case.tolerance["htmt"]["abs"])
    if case.has("semTools", "maximalRelia"):
        close(maximal_reliability(fit), case.get("semTools", "maximalRelia"), limit)


@pytest.mark.reference("omega_sem_ml", "omega_sem_ordinal", "omega_sem_second_order")
def test_omega(case):
    ordered, limit = case.operation.endswith("ordinal"), case.tolerance["abs"]
    fit = confirmatory_factor_analysis(
        case.X, case.get("model"), names=case.names, ordered=ordered, unit_variance=True
    )
    for row in factor_reliability(fit):
        close(row.omega, case.get("compRelSEM", row.factor), limit)
        if not case.has("reliability"):
            continue
        table = case.get("reliability")
        column = case.array("reliability")[:, table["cols"].index(row.factor)]
        theirs = dict(zip(table["rows"], column, strict=True))
        close(row.omega, theirs["omega3"], limit)
        close(row.omega_model, [theirs["omega"], theirs["omega2"]], limit)
        close(row.omega_model, case.get("compRelSEM_obs_var_false", row.factor), limit)
        if ordered:
            close(row.alpha, theirs["alpha.ord"], limit)
            close(row.omega_latent, case.get("compRelSEM_ordscale_false", row.factor), limit)
            close(row.extracted, theirs["avevar"], limit)
        else:
            close(row.alpha, [theirs["alpha"], case.get("compRelSEM_tau_eq", row.factor)], limit)
    if case.has("maximalRelia"):
        close(maximal_reliability(fit), case.get("maximalRelia"), limit)
    if case.has("reliabilityL2"):
        higher = higher_order_reliability(fit)[0]
        close(higher.total, case.get("reliabilityL2", "omegaL1"), limit)
        close(higher.of_factors, case.get("reliabilityL2", "omegaL2"), limit)
        close(higher.partial, case.get("reliabilityL2", "partialOmegaL1"), limit)
        close(higher.observed, case.get("compRelSEM_higher", "g"), limit)
