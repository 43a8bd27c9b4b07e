"""One factor of ordinal items as lavaan fits it, and its reliabilities as semTools computes them."""

import numpy as np
import pytest

from analysis import Estimate
from analysis.reliability.composite import average_variance_extracted
from analysis.reliability.ordinal import OrdinalFactor, categorical_omega, ordinal_alpha, ordinal_factor


def close(ours, theirs, limit):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit)


@pytest.mark.reference("omega_sem_ordinal")
def test_semtools(case):
    if not case.has("reliability"):
        assert case.get("model").count("=~") > 1  # several factors: beyond the one-factor model
        return
    limit = case.tolerance["abs"]
    rows = dict(zip(case.get("reliability", "rows"), case.array("reliability")[:, 0], strict=True))
    observed, model = categorical_omega(case.X), categorical_omega(case.X, variance="model")
    alpha, fit = ordinal_alpha(case.X), ordinal_factor(case.X)
    assert isinstance(observed, Estimate)
    assert isinstance(fit, OrdinalFactor)
    close(alpha.value, rows["alpha.ord"], limit)
    close(alpha.value, case.array("compRelSEM_tau_eq_ordscale_false")[0], limit)
    close(observed.value, rows["omega3"], limit)
    close(observed.value, case.array("compRelSEM")[0], limit)
    close(model.value, [rows["omega"], rows["omega2"]], limit)
    close(model.value, case.array("compRelSEM_obs_var_false")[0], limit)
    close(fit.latent_omega, case.array("compRelSEM_ordscale_false")[0], limit)
    close(fit.maximal_reliability, case.get("maximalRelia"), limit)
    close(average_variance_extracted(fit.loadings), [rows["avevar"], case.array("AVE")[0]], limit)


@pytest.mark.reference("cfa_ordinal", "cfa_ordinal_listwise", "cfa_ordinal_pairwise")
def test_lavaan_loadings(case):
    if case.get("model").count("=~") > 1:
        return
    fit = ordinal_factor(case.X, missing="pairwise" if case.operation.endswith("pairwise") else "complete")
    parameters = case.get("WLSMV", "parameters")
    loadings = [
        value for op, value in zip(parameters["op"], parameters["std.all"], strict=True) if op == "=~"
    ]
    close(fit.loadings, loadings, case.tolerance["est"]["abs"])
