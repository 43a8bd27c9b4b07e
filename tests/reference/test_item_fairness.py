"""Fairness of items compared with R's polr, glm and mantelhaen.test."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from analysis.estimate import Unavailable
from analysis.invariance.differential_item_functioning import differential_item_functioning
from analysis.invariance.nested_logits import EFFECTS, QUANTILES
from tests.reference.conftest import OPEN

NODES = np.linspace(-6, 6, 61)


def scales_of(case):
    """Yield each scale of a case: its figures, its complete answers, its groups."""
    with (OPEN / f"{case.dataset}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    group = np.array([row[header.index(case.get("group"))] for row in rows])
    for figures in case.get("scales").values():
        X = case.X[:, [case.names.index(item) for item in figures["items"]]]
        if "binary" in case.operation:
            X = np.where(np.isnan(X), np.nan, X >= 3)
        yield figures, X, group


def posterior_means(slope_intercept):
    """Return the EAP of R's graded model: expected θ over 61 nodes, given all answers."""
    pars = np.array([[np.nan if v is None else v for v in row] for row in slope_intercept["matrix"]], float)
    weight = np.exp(-(NODES**2) / 2)

    def scores(X):
        like = np.tile(weight, (len(X), 1))
        for j, (a, *d) in enumerate(pars):
            at = a * NODES[:, None] + np.array([v for v in d if not np.isnan(v)])
            passed = np.column_stack([np.ones(61), expit(at), np.zeros(61)])
            cells = passed[:, :-1] - passed[:, 1:]
            like *= cells[:, np.searchsorted(np.unique(X[:, j]), X[:, j])].T
        return like @ NODES / like.sum(axis=1)

    return scores


def agree(found, expected, case):
    """Compare one matching variant's items with R's."""
    within = case.tolerance
    table = expected["table"]
    worse = []
    for i, item in enumerate(found.items):
        ours = item.logits
        get = lambda name, i=i: table[name][i]  # noqa: E731
        assert len(ours.values) == get("n_categories")
        assert ours.null == pytest.approx(get("logLik_null"), abs=within["logLik"]["abs"])
        for m, model in enumerate(ours.models):
            assert model.log_likelihood == pytest.approx(get(f"logLik_M{m}"), abs=within["logLik"]["abs"])
            worse.append(get(f"logLik_M{m}") - model.log_likelihood)
            r2 = within["pseudo_R2"]["abs"]
            assert ours.mcfadden(m) == pytest.approx(get(f"mcfadden_M{m}"), abs=r2)
            assert ours.nagelkerke(m) == pytest.approx(get(f"nagelkerke_M{m}"), abs=r2)
            assert ours.cox_snell(m) == pytest.approx(get(f"coxsnell_M{m}"), abs=r2)
            for slope, error, name in zip(
                model.slopes, model.errors[-(m + 1) :], ("m", "g", "mg")[: m + 1], strict=True
            ):
                assert slope == pytest.approx(get(f"M{m}_b_{name}"), **within["coefficients"])
                assert error == pytest.approx(get(f"M{m}_se_{name}"), rel=within["se"]["rel"])
            cuts = len(model.thresholds)
            zeta = np.array(expected[f"zeta_M{m}"]["matrix"][i][:cuts], float)
            np.testing.assert_allclose(
                model.thresholds, zeta, atol=within["coefficients"]["abs"], rtol=within["coefficients"]["rel"]
            )
        errors = np.array(expected["zeta_se_M2"]["matrix"][i][:cuts], float)
        np.testing.assert_allclose(model.errors[:cuts], errors, rtol=within["se"]["rel"])
        for effect in EFFECTS:
            test = ours.chi_square(effect)
            assert test.statistic == pytest.approx(get(f"chi2_{effect}"), abs=within["chi2"]["abs"])
            assert test.p == pytest.approx(get(f"p_{effect}"), rel=within["p"]["rel"])
            change = ours.mcfadden_change(effect, 0.95)
            assert change.value == pytest.approx(get(f"d_mcfadden_{effect}"), abs=within["pseudo_R2"]["abs"])
            assert change.low <= change.value
        assert ours.beta_change() == pytest.approx(get("beta_change"), abs=within["coefficients"]["abs"])
        abs_ = within["expected_difference"]["abs"]
        for name, value in (
            ("signed", item.difference.value),
            ("unsigned", ours.mean_difference(absolute=True)),
        ):
            assert value == pytest.approx(get(f"{name}_expected_difference_focal"), abs=abs_)
        at = np.quantile(ours.matching, QUANTILES)
        np.testing.assert_allclose(at, expected["matching_quantiles"]["matrix"][i], atol=max(abs_, 1e-9))
        for m in (1, 2):
            there = expected[f"expected_difference_M{m}"]["matrix"][i]
            np.testing.assert_allclose(ours.expected_difference(at, m), there, rtol=0, atol=abs_)
    return max(worse)


@pytest.mark.reference("dif_logistic", "dif_logistic_binary")
@pytest.mark.parametrize("matching", ["rest", "total"])
def test_three_logit_models_of_each_item_are_those_of_polr_and_glm(case, matching):
    for figures, X, group in scales_of(case):
        found = differential_item_functioning(
            X, group, matching=matching, purify=False, names=figures["items"]
        )
        assert (found.groups, found.n) == (tuple(figures["groups"]), tuple(figures["n_by_group"]))
        gain = agree(found, figures[matching], case)
        # R is never better: polr's own search may stop this much below the maximum, which is unique.
        assert gain < 1e-9


@pytest.mark.reference("dif_logistic_theta", "dif_logistic_binary_theta")
def test_people_matched_by_a_graded_models_scores_are_those_of_polr_and_glm(case):
    for figures, X, group in scales_of(case):
        score = posterior_means(figures["theta_model"]["slope_intercept"])
        found = differential_item_functioning(X, group, matching=score, purify=False)
        assert not isinstance(found, Unavailable)
        first = found.items[0].logits.matching[:60]
        np.testing.assert_allclose(
            first, figures["theta_first60"], rtol=0, atol=case.tolerance["theta"]["abs"]
        )
        agree(found, figures["theta"], case)


@pytest.mark.reference("dif_logistic_theta", "dif_logistic_binary_theta")
def test_people_matched_by_our_own_graded_model_are_those_of_polr_and_glm(case):
    for figures, X, group in scales_of(case):
        found = differential_item_functioning(X, group, matching="theta", purify=False)
        agree(found, figures["theta"], case)


MANTEL = json.loads((Path(__file__).parent / "mantel_haenszel.json").read_text())


@pytest.mark.parametrize("kind", ["ordinal", "binary"])
def test_comparison_within_scores_is_that_of_mantelhaen_test(kind, load):
    X = load("sim_dif_a")[0]
    with (OPEN / "sim_dif_a.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    group = [row[header.index("g")] for row in rows]
    X = (X >= 3).astype(float) if kind == "binary" else X
    found = differential_item_functioning(X, group, purify=False)
    within = MANTEL["tolerance"]
    for item, expected in zip(found.items, MANTEL[kind].values(), strict=True):
        ours = item.mantel_haenszel
        assert ours.strata == expected["strata"]
        assert ours.generalised.statistic == pytest.approx(expected["generalised"], **within)
        assert (ours.generalised.df, ours.generalised.p) == pytest.approx(
            (expected["df"], expected["p"]), **within
        )
        assert ours.mantel.statistic == pytest.approx(expected["mantel"], **within)
        assert ours.difference.value == pytest.approx(expected["smd"], **within)
        half = 1.959963984540054 * expected["smd_se"]
        assert ours.difference.high == pytest.approx(expected["smd"] + half, **within)
        if kind == "binary":
            ratio = ours.odds_ratio
            assert [ratio.value, ratio.low, ratio.high] == pytest.approx(expected["odds_ratio"], **within)
        else:
            assert ours.odds_ratio.reason == "not defined"
