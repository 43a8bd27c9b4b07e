"""Intraclass correlations, measurement error and limits of agreement compared with R."""

import numpy as np
import pandas as pd
import pingouin
import pytest
from statsmodels.stats import inter_rater

from analysis.agreement.intraclass import FORMS, intraclass_correlation
from analysis.agreement.measurement_error import (
    limits_of_agreement,
    measurement_error,
)
from analysis.agreement.weighted_kappa import weighted_kappa

IRR = {
    "ICC1": "oneway_single",
    "ICC1k": "oneway_average",
    "ICC2": "twoway_agreement_single",
    "ICC2k": "twoway_agreement_average",
    "ICC3": "twoway_consistency_single",
    "ICC3k": "twoway_consistency_average",
}


@pytest.mark.reference("icc")
def test_six_forms_with_their_intervals_are_those_of_psych_and_irr(case):
    ours = intraclass_correlation(case.X)
    psych = case.get("anova_listwise")
    abs_value, abs_interval = case.tolerance["icc_anova"]["abs"], case.tolerance["ci"]["abs"]
    assert list(ours) == psych["type"]
    for i, name in enumerate(psych["type"]):
        assert ours[name].value == pytest.approx(psych["ICC"][i], abs=abs_value)
        assert ours[name].low == pytest.approx(psych["lower bound"][i], abs=abs_interval)
        assert ours[name].high == pytest.approx(psych["upper bound"][i], abs=abs_interval)
        assert (ours[name].n, ours[name].k) == (case.get("n"), case.get("k"))
        irr = case.get("irr", IRR[name])
        within = case.tolerance["irr"]["abs"]
        assert ours[name].value == pytest.approx(irr["value"], abs=within)
        if name != "ICC2k":  # irr takes other degrees of freedom there than Shrout and Fleiss, and psych
            np.testing.assert_allclose(
                [ours[name].low, ours[name].high], [irr["lbound"], irr["ubound"]], rtol=0, atol=within
            )


@pytest.mark.reference("icc")
def test_everyone_with_a_measurement_counts_in_restricted_maximum_likelihood(case):
    ours = intraclass_correlation(case.X, missing="reml")
    lmer = case.get("lmer_all_rows")
    for i, name in enumerate(lmer["type"]):
        assert ours[name].value == pytest.approx(lmer["ICC"][i], abs=case.tolerance["lmer"]["abs"])
        # psych prints an interval for complete data of all rows; there is none to stand behind.
        assert ours[name].low is None


@pytest.mark.reference("icc")
def test_two_occasions_differ_as_bland_and_altman_have_it(case):
    pairs = case.X[~np.isnan(case.X).any(axis=1)][:, :2]
    expected = case.get("pair12")
    limits = limits_of_agreement(*pairs.T)
    error = measurement_error(pairs, definition="consistency")
    assert limits.bias.n == expected["n"]
    assert limits.bias.value == pytest.approx(expected["mean_diff"], abs=1e-9)
    assert limits.sd == pytest.approx(expected["sd_diff"], abs=1e-9)
    np.testing.assert_allclose([limits.low.value, limits.high.value], expected["loa"], atol=1e-9)
    assert error.sem.value == pytest.approx(expected["typical_error"], abs=1e-9)
    assert error.sdc.value == pytest.approx(expected["sdc95"], abs=1e-9)


@pytest.mark.reference("icc")
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
def test_pingouin_agrees_to_the_digits_it_prints(case):
    complete = case.X[~np.isnan(case.X).any(axis=1)]
    n, k = complete.shape
    long = pd.DataFrame(
        {
            "person": np.repeat(np.arange(n), k),
            "rater": np.tile(np.arange(k), n),
            "score": complete.ravel(),
        }
    )
    theirs = pingouin.intraclass_corr(long, targets="person", raters="rater", ratings="score")
    ours = intraclass_correlation(complete)
    for name, (_, row) in zip(FORMS, theirs.iterrows(), strict=True):
        assert ours[name].value == pytest.approx(row["ICC"], abs=1e-9)
        interval = row[next(c for c in theirs.columns if c.startswith("CI95"))]
        np.testing.assert_allclose([ours[name].low, ours[name].high], interval, atol=0.0051)


def test_weighted_kappa_and_its_interval_are_those_of_statsmodels():
    table = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    first, second = np.repeat(np.argwhere(table >= 0), table.ravel(), axis=0).T
    for weights, name in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        theirs = inter_rater.cohens_kappa(table, wt=name)
        ours = weighted_kappa(first, second, weights=weights)
        assert ours.value == pytest.approx(theirs.kappa, abs=1e-12)
        np.testing.assert_allclose([ours.low, ours.high], [theirs.kappa_low, theirs.kappa_upp], atol=1e-9)
