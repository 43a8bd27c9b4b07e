"""Correlations with criteria, and their differences, compared with R."""

import numpy as np
import pytest

from analysis.group_comparison.criterion_correlations import criterion_correlations
from analysis.group_comparison.dependent_correlations import (
    nonoverlapping_difference,
    overlapping_difference,
)


def measures(case):
    """Return each scale's items and the criterion, by name."""
    found = {
        name: case.X[:, [case.names.index(item) for item in items]]
        for name, items in case.get("scales").items()
    }
    return {**found, "crit": case.X[:, case.names.index("crit")]}


def ends(estimate):
    return [estimate.low, estimate.high]


@pytest.mark.reference("mtmm_validity")
def test_correlations_with_criteria_are_those_of_r(case):
    exact, data, table = case.tolerance["closed_form"], measures(case), case.get("correlations")
    for i, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        if x == "crit":
            continue
        found = criterion_correlations(data[x], {y: data[y]}, resamples=1)[y]
        assert found.pearson.n == case.get("n")
        assert [found.pearson.value, *ends(found.pearson)] == pytest.approx(
            [table[name][i] for name in ("r", "fisher_lower", "fisher_upper")], **exact
        )
        assert found.p == pytest.approx(table["p"][i], rel=1e-8)
        assert found.p_holm == found.p
        assert [found.spearman.value, *ends(found.spearman)] == pytest.approx(
            [
                table[name][i]
                for name in ("spearman", "spearman_lower_bonett_wright", "spearman_upper_bonett_wright")
            ],
            **exact,
        )
        assert found.kendall == pytest.approx(table["kendall_tau_b"][i], **exact)


@pytest.mark.reference("mtmm_validity")
def test_disattenuated_correlations_are_those_of_r(case):
    exact, data, table = case.tolerance["closed_form"], measures(case), case.get("disattenuated")
    se, limits = case.tolerance["bootstrap"]["se"]["rel"], case.tolerance["bootstrap"]["limits"]["abs"]
    for i, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        found = criterion_correlations(data[x], {y: data[y]}, resamples=5000)[y]
        alpha_y = 1.0 if table["alpha_y"][i] in {None, "NA"} else table["alpha_y"][i]
        assert found.reliabilities == pytest.approx((table["alpha_x"][i], alpha_y), **exact)
        delta = found.disattenuated
        assert [delta.value, *ends(delta)] == pytest.approx(
            [table[name][i] for name in ("disattenuated", "delta_lower", "delta_upper")], **exact
        )
        drawn = found.disattenuated_bootstrap
        assert ends(drawn) == pytest.approx([table["boot_lower"][i], table["boot_upper"][i]], abs=limits)
        assert (drawn.high - drawn.low) / 3.92 == pytest.approx(table["se_bootstrap"][i], rel=se)


@pytest.mark.reference("mtmm_validity")
def test_differences_of_dependent_correlations_are_those_of_r(case):
    exact = case.tolerance["closed_form"]
    for r in case.get("dependent_overlapping").values():
        found = overlapping_difference(r["r12"], r["r13"], r["r23"], r["n"])
        assert found.difference.value == pytest.approx(r["difference"], **exact)
        assert ends(found.difference) == pytest.approx(r["zou_ci95"], **exact)
        for test, name in (
            (found.williams, "williams"),
            (found.steiger, "steiger"),
            (found.dunn_clark, "dunn_clark"),
        ):
            statistic = next(r[key] for key in (f"{name}_t", f"{name}_z", f"{name}_z_pooled") if key in r)
            assert (test.statistic, test.p) == pytest.approx((statistic, r[f"{name}_p"]), **exact)
        assert (found.williams.statistic, found.williams.p) == pytest.approx(
            tuple(r["psych_r_test"].values()), **exact
        )
    table = case.get("correlations")
    names = [*case.get("scales"), "crit"]
    R = np.eye(5)
    for x, y, value in zip(table["x"], table["y"], table["r"], strict=True):
        i, j = names.index(x), names.index(y)
        R[i, j] = R[j, i] = value
    for r in case.get("dependent_nonoverlapping").values():
        at = [names.index(name) for name in (*r["jk"], *r["hm"])]
        found = nonoverlapping_difference(R[np.ix_(at, at)], r["n"])
        assert found.difference.value == pytest.approx(r["difference"], **exact)
        assert ends(found.difference) == pytest.approx(r["zou_ci95"], **exact)
        assert (found.steiger.statistic, found.steiger.p) == pytest.approx(
            (r["steiger_z_pooled"], r["steiger_p"]), **exact
        )
        assert (found.dunn_clark.statistic, found.dunn_clark.p) == pytest.approx(
            (r["dunn_clark_z"], r["dunn_clark_p"]), **exact
        )
        assert found.williams is None


def test_several_criteria_are_corrected_for_their_number():
    rng = np.random.default_rng(0)
    scale = rng.normal(size=(80, 4))
    found = criterion_correlations(scale, {"a": rng.normal(size=80), "b": scale.sum(axis=1)}, resamples=50)
    assert found["b"].p_holm == pytest.approx(2 * found["b"].p)
    assert found["a"].p_holm == found["a"].p
