"""Confirmatory models as lavaan fits them: estimates, errors, standardised values, measures of fit."""

import csv
import json

import numpy as np
import pytest

from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import confirmatory_factor_analysis
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from tests.reference.conftest import OPEN

# RMSEA and its like are exact; what is a probability, a likelihood or a scaled statistic is held to the
# chi-square's relative tolerance (scaled: that of the scaled chi-square).
RATIOS = ("cfi", "tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni", "rmsea", "srmr", "crmr", "rmr")


def keyed(columns, *values):
    named = zip(columns["lhs"], columns["op"], columns["rhs"], strict=True)
    groups = columns.get("group", [1] * len(columns["lhs"]))
    rows = zip(*(columns[value] for value in values), strict=True)
    return {(*key, group): row for key, group, row in zip(named, groups, rows, strict=True)}


def ours(fit):
    places = {label: place + 1 for place, label in enumerate(fit.groups)}
    return {(row.lhs, row.op, row.rhs, places[row.group]): row for row in fit.parameters}


def found(rows, key):
    lhs, op, rhs, group = key
    return rows[key] if key in rows else rows[rhs, op, lhs, group]


def compare(fit, theirs, tolerance):
    assert isinstance(fit, FittedModel), fit
    rows, est = ours(fit), tolerance["est"]["abs"]
    assert len(rows) == len(theirs["parameters"]["lhs"])
    for key, (value, se, std_lv, std_all) in keyed(
        theirs["parameters"], "est", "se", "std.lv", "std.all"
    ).items():
        row = found(rows, key)
        np.testing.assert_allclose(row.estimate, value, rtol=0, atol=est, err_msg=str(key))
        np.testing.assert_allclose(row.std_all, std_all, rtol=0, atol=est, err_msg=str(key))
        if key[1] != "~*~":  # lavaan's std.lv of a scale is its value, its errors none
            np.testing.assert_allclose(row.std_lv, std_lv, rtol=0, atol=est, err_msg=str(key))
        np.testing.assert_allclose(row.se, se or 0, rtol=tolerance["se"]["rel"], err_msg=str(key))
    for key, (value, se) in keyed(theirs["standardized"], "est.std", "se").items():
        row = found(rows, key)
        np.testing.assert_allclose(row.std_all, value, rtol=0, atol=est, err_msg=str(key))
        if key[1] != "~*~" and se is not None and se > est:
            np.testing.assert_allclose(row.std_se, se, rtol=tolerance["se"]["rel"], err_msg=str(key))
    compare_fit(fit.fit, theirs["fit_measures"], tolerance)


def compare_fit(fit, theirs, tolerance):
    for name, value in theirs.items():
        if isinstance(value, str) or value is None:
            continue
        if name.startswith(RATIOS):
            limit = tolerance["cfi_tli_rmsea_srmr"]["abs"]
            if "pvalue" in name:
                limit = 1e-4  # a tail of a noncentral distribution, whose statistic has this relative limit
            if name.endswith((".scaled", ".robust")):
                limit = max(limit, 1e-4)  # rests on the asymptotic covariance, as the scaled statistic does
            np.testing.assert_allclose(fit[name], value, rtol=0, atol=limit, err_msg=name)
        elif "pvalue" in name:
            np.testing.assert_allclose(fit[name], value, rtol=1e-3, atol=1e-6, err_msg=name)
        else:
            scaled = "scal" in name
            rtol = tolerance["scaled_chisq" if scaled else "chisq"]["rel"]
            np.testing.assert_allclose(fit[name], value, rtol=rtol, atol=1e-5, err_msg=name)


ONE_GROUP = (
    "cfa_ml",
    "cfa_ml_meanstructure",
    "cfa_ml_stdlv",
    "cfa_second_order",
    "cfa_bifactor",
    "cfa_fiml",
    "cfa_ordinal",
    "cfa_ordinal_listwise",
    "cfa_ordinal_pairwise",
)


def fitted(case, estimator):
    operation = case.operation
    bifactor = operation == "cfa_bifactor"
    missing = "full" if "fiml" in operation else "pairwise" if "pairwise" in operation else "complete"
    return confirmatory_factor_analysis(
        case.X,
        case.get("model"),
        names=case.names,
        estimator=estimator,
        ordered="ordinal" in operation,
        missing=missing,
        unit_variance=bifactor or operation == "cfa_ml_stdlv",
        orthogonal=bifactor,
        means=operation == "cfa_ml_meanstructure",
    )


@pytest.mark.reference(*ONE_GROUP)
def test_lavaan(case):
    for estimator in [name for name in case.values if name not in {"model", "n"}]:
        fit, theirs = fitted(case, estimator), case.get(estimator)
        if not theirs["converged"]:
            assert isinstance(fit, Unavailable)
            assert fit.reason == "did not converge"
            continue
        compare(fit, theirs, case.tolerance)
        assert bool(fit.improper) == (not theirs["post_check"])


@pytest.mark.parametrize("missing", ["complete", "full"])
def test_clusters(missing):
    """Errors and test that allow for clusters, as ``lavaan::cfa(..., estimator = "MLR", cluster =)``."""
    theirs = json.loads((OPEN.parent / "lavaan_clusters.json").read_text())
    with (OPEN / "hs1939.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [f"x{i}" for i in range(1, 10)]
    X = np.array([[float(row[name]) for name in names] for row in rows])
    if missing == "full":
        for item in range(9):
            X[item::23, item] = np.nan
    fit = confirmatory_factor_analysis(
        X,
        theirs["model"],
        names=names,
        estimator="MLR",
        missing=missing,
        clusters=np.arange(len(rows)) // 5,
    )
    rows = ours(fit)
    for key, (value, se) in keyed(theirs[missing]["est"], "est", "se").items():
        np.testing.assert_allclose(found(rows, key).estimate, value, rtol=0, atol=2e-4)
        np.testing.assert_allclose(found(rows, key).se, se, rtol=2e-3)
    for name, value in theirs[missing]["fit"].items():
        np.testing.assert_allclose(fit.fit[name], value, rtol=1e-3, err_msg=name)
