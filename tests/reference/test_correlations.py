"""Polychoric correlations as lavaan, psych and polycor compute them."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis import Unavailable, polychoric
from analysis.correlation.polychoric import Polychoric, tetrachoric

GAMMA = json.loads((Path(__file__).parent / "lavaan_gamma.json").read_text())
RULES = {"listwise": "complete", "pairwise": "pairwise"}

# polycor's search (Nelder-Mead, 500 evaluations) gives up before the maximum on these pairs of items. Its own
# likelihood, maximised by optim(method = "BFGS", control = list(reltol = 1e-15)), arrives at these r.
POLYCOR_SETTLED = {
    ("bfi25", 0, 1): 0.41049745,
    ("bfi_agree", 0, 1): 0.41049745,
    ("bfi_consc", 1, 3): 0.43504501,
    ("sim_missing_a", 1, 3): 0.49337560,
    ("sim_negalpha_a", 0, 3): -0.24618505,
    ("sim_negalpha_a", 1, 3): 0.35255640,
    ("sim_seven_a", 0, 1): 0.40610185,
    ("sim_seven_a", 0, 2): 0.49420768,
}


def found(case, *, complete=False, **options):
    X = np.array(case.X)
    varying = [np.unique(column[~np.isnan(column)]).size > 1 for column in X.T]
    result = polychoric(X[:, varying], missing="complete" if complete else "pairwise", **options)
    assert isinstance(result, Polychoric)
    return result


def upper(matrix):
    return matrix[np.triu_indices(len(matrix), 1)]


def close(ours, theirs, **limits):
    np.testing.assert_allclose(ours, theirs, **{"rtol": 0, "atol": 0, **limits})


@pytest.mark.reference("polychoric")
@pytest.mark.parametrize("rows", ["pairwise", "listwise"])
def test_lavaan(case, rows):
    rule = f"lavaan_{rows}"
    if not case.has(rule):
        assert "only 1 level" in case.get(rule, "error")
        why = polychoric(case.X)
        assert isinstance(why, Unavailable)
        assert why.reason == "constant item"
        return
    ours = found(case, complete=rows == "listwise")
    close(ours.r, case.array(rule, "rho"), atol=case.tolerance["lavaan_rho"]["abs"])
    thresholds = case.array(rule, "thresholds")
    close(np.concatenate(ours.thresholds), thresholds, atol=case.tolerance["lavaan_thresholds"]["abs"])
    close(upper(ours.se), case.array(rule, "table", "se"), rtol=case.tolerance["lavaan_se"]["rel"])


@pytest.mark.parametrize("case", GAMMA["cases"], ids=lambda case: case["dataset"])
def test_lavaan_covariance_of_all_estimates(case, load):
    X, names = load(case["dataset"])
    chosen = X[:, [names.index(item) for item in case["items"]]]
    ours = polychoric(chosen, missing=RULES[case["missing"]], acov=True)
    gamma = np.array(case["gamma"])
    scale = np.sqrt(np.diag(gamma))
    answered = (~np.isnan(X).all(axis=1)).sum()
    close(ours.acov * (answered - 1) / np.outer(scale, scale), gamma / np.outer(scale, scale), atol=1e-4)
    close(np.sqrt(np.diag(ours.acov))[-len(upper(ours.r)) :], upper(ours.se), rtol=1e-12)
    k = len(chosen.T)
    assert case["order"][-k * (k - 1) // 2 :] == [
        f"{case['items'][i]}~~{case['items'][j]}" for i, j in zip(*np.triu_indices(k, 1), strict=True)
    ]


def beside_an_empty_cell(ours):
    """Pairs of binary items with an empty cell: psych's search stops anywhere on the way to the bound."""
    flat = np.zeros_like(ours.r, dtype=bool)
    for i, j in ours.empty:
        flat[i, j] = flat[j, i] = len(ours.categories[i]) == len(ours.categories[j]) == 2
    return flat


@pytest.mark.reference("polychoric")
@pytest.mark.parametrize("rule", ["psych_correct0", "psych_correct0_listwise", "psych_correct.5"])
def test_psych(case, rule):
    ours = found(case, complete=rule.endswith("listwise"), correct="psych" if rule.endswith(".5") else 0)
    flat = beside_an_empty_cell(ours)
    assert not flat.any() or case.dataset == "sim_binary_a"
    close(ours.r[~flat], case.array(rule, "rho")[~flat], atol=case.tolerance["psych_rho"]["abs"])


@pytest.mark.reference("polychoric")
def test_polycor(case):
    rule = "polycor_ML_pairs"
    limit = case.tolerance["polycor_ML"]["abs"]
    i, j, theirs, errors = (case.array(rule, name) for name in ("i", "j", "rho", "se"))
    for a, b, r, se in zip(i.astype(int) - 1, j.astype(int) - 1, theirs, errors, strict=True):
        if np.isnan(r):
            assert polychoric(case.X[:, [a, b]], method="joint").reason == "constant item"
            continue
        ours = polychoric(case.X[:, [a, b]], method="joint")
        settled = POLYCOR_SETTLED.get((case.dataset, int(a), int(b)))
        close(ours.r[0, 1], r if settled is None else settled, atol=limit if settled is None else 1e-6)
        close(ours.se[0, 1], se, atol=limit)


def test_tetrachoric_is_polychoric_for_binary_items(load):
    X, _ = load("lsat7")
    close(tetrachoric(X).r, polychoric(X).r)
    with pytest.raises(ValueError, match="4 categories"):
        tetrachoric(load("science")[0])
