"""Groups, criteria, clusters and Mokken scales compared with independent calculations; unusual data."""

from itertools import permutations

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from analysis.agreement.measurement_error import limits_of_agreement, measurement_error
from analysis.estimate import Estimate, Unavailable
from analysis.group_comparison.cluster_reliability import cluster_reliability
from analysis.group_comparison.clusters import cluster_variance, clustered_errors
from analysis.group_comparison.criterion_correlations import criterion_correlations
from analysis.group_comparison.dependent_correlations import (
    nonoverlapping_difference,
    overlapping_difference,
)
from analysis.group_comparison.known_groups import known_groups
from analysis.group_comparison.two_level import two_level_reliability
from analysis.inference.noncentral import (
    noncentral_chi_square_limits,
    noncentral_f_limits,
    noncentral_t_limits,
)
from analysis.item_response.mokken import mokken_scalability
from analysis.item_response.mokken_selection import mokken_scales, monotonicity


def nested(J, m, k=4, shared=0.5, seed=0):
    """Return SIMULATED answers of J clusters of m people, and their clusters."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(J), m)
    between = shared * rng.normal(size=(J, 1))[cluster]
    return between + rng.normal(size=(J * m, 1)) + rng.normal(size=(J * m, k)), cluster


# Groups


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12))
def test_cliffs_delta_is_the_mean_sign_of_all_differences(seed, n1, n2):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, n1).astype(float), rng.integers(0, 5, n2).astype(float)
    assume(np.ptp(a) + np.ptp(b) > 0)
    (pair,) = known_groups([*a, *b], ["a"] * n1 + ["b"] * n2).pairs
    signs = np.sign(np.subtract.outer(a, b))
    assert pair.cliffs_delta.value == pytest.approx(signs.mean(), abs=1e-12)
    if pair.cliffs_delta.low is not None:
        assert -1 <= pair.cliffs_delta.low <= pair.cliffs_delta.high <= 1


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000))
def test_effects_do_not_depend_on_the_units_of_the_score(seed, unit, origin):
    rng = np.random.default_rng(seed)
    y, g = rng.integers(0, 7, 30).astype(float), np.repeat(["a", "b", "c"], 10)
    one, two = known_groups(y, g), known_groups(y * unit + origin, g)
    assert two.omega_squared.value == pytest.approx(one.omega_squared.value, abs=1e-9)
    assert two.kruskal_wallis.statistic == pytest.approx(one.kruskal_wallis.statistic, abs=1e-9)
    for here, there in zip(one.pairs, two.pairs, strict=True):
        assert there.cohens_d.value == pytest.approx(here.cohens_d.value, abs=1e-8)
        assert there.cliffs_delta.value == here.cliffs_delta.value


def test_half_of_each_limit_lies_beyond_what_was_observed():
    low, high = noncentral_t_limits(1.7, 20, 0.9)
    assert [stats.nct.cdf(1.7, 20, low), stats.nct.cdf(1.7, 20, high)] == pytest.approx([0.95, 0.05])
    low, high = noncentral_f_limits(3.0, 4, 60, 0.9)
    assert [stats.ncf.cdf(3.0, 4, 60, low), stats.ncf.cdf(3.0, 4, 60, high)] == pytest.approx([0.95, 0.05])
    low, high = noncentral_chi_square_limits(9.0, 2, 0.9)
    assert [stats.ncx2.cdf(9.0, 2, low), stats.ncx2.cdf(9.0, 2, high)] == pytest.approx([0.95, 0.05])
    assert noncentral_f_limits(0.0, 3, 40) == (0.0, 0.0)
    assert noncentral_chi_square_limits(0.0, 2) == (0.0, 0.0)


def test_limits_of_d_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    inside, root = 0, np.sqrt(20 * 25 / 45)
    for _ in range(1000):
        t = stats.ttest_ind(rng.normal(0.5, 1, 20), rng.normal(0, 1, 25)).statistic
        low, high = noncentral_t_limits(t, 43)
        inside += low <= 0.5 * root <= high
    assert 930 <= inside <= 970


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_pingouin_has_the_same_analysis_of_variance():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": rng.normal(size=60), "g": np.repeat(["a", "b", "c"], 20)})
    theirs = pingouin.anova(data=frame, dv="y", between="g").iloc[0]
    ours = known_groups(frame["y"], frame["g"].to_numpy())
    assert (ours.anova.statistic, ours.anova.p) == pytest.approx((theirs["F"], theirs["p_unc"]))
    assert ours.eta_squared.value == pytest.approx(theirs["np2"])


def test_groups_that_do_not_overlap_have_a_delta_without_an_interval():
    (pair,) = known_groups([1, 2, 3, 7, 8, 9], list("aaabbb")).pairs
    assert (pair.cliffs_delta.value, pair.cliffs_delta.low) == (-1.0, None)
    assert pair.cohens_d.high < 0


@pytest.mark.parametrize(
    ("scores", "groups", "reason"),
    [
        ([1, 2, 3], ["a", "a", None], "too few rows"),
        ([1, 2, 3, 4], ["a", "a", "a", "b"], "too few rows"),
        ([2, 2, 3, 3], ["a", "a", "b", "b"], "no variance"),
        ([np.nan] * 4, ["a", "a", "b", "b"], "too few rows"),
    ],
)
def test_groups_that_cannot_be_compared_say_why(scores, groups, reason):
    assert known_groups(scores, groups).reason == reason


def test_two_constant_groups_beside_one_that_varies_are_answered():
    found = known_groups([1, 1, 2, 2, 3, 5], list("aabbcc"))
    assert found.pairs[0].cohens_d.reason == "no variance"
    assert found.welch.reason == "no variance"
    assert np.isnan(found.pairs[0].p_holm)
    assert found.pairs[0].difference.value == -1.0
    assert isinstance(found.omega_squared, Estimate)


def test_scores_and_groups_must_match_and_be_finite():
    with pytest.raises(ValueError, match="give one for each"):
        known_groups([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="finite"):
        known_groups([1, 2, np.inf, 3], list("aabb"))


# Criteria


def test_delta_limits_are_as_wide_as_the_spread_of_samples():
    rng = np.random.default_rng(5)
    drawn, errors = [], []
    for _ in range(300):
        trait = rng.normal(size=(200, 1))
        scale = trait + rng.normal(size=(200, 4))
        other = 0.6 * trait + rng.normal(size=(200, 3))
        found = criterion_correlations(scale, {"other": other}, resamples=1)["other"].disattenuated
        drawn.append(found.value)
        errors.append((found.high - found.low) / 3.92)
    assert np.mean(errors) == pytest.approx(np.std(drawn), rel=0.1)


def test_the_order_of_two_variables_does_not_matter():
    forward, backward = overlapping_difference(0.5, 0.3, 0.4, 90), overlapping_difference(0.3, 0.5, 0.4, 90)
    assert forward.difference.low == pytest.approx(-backward.difference.high)
    assert forward.williams.p == pytest.approx(backward.williams.p)
    R = np.array([[1, 0.5, 0.3, 0.2], [0.5, 1, 0.25, 0.3], [0.3, 0.25, 1, 0.4], [0.2, 0.3, 0.4, 1]])
    swapped = R[np.ix_([2, 3, 0, 1], [2, 3, 0, 1])]
    one, two = nonoverlapping_difference(R, 90), nonoverlapping_difference(swapped, 90)
    assert one.difference.low == pytest.approx(-two.difference.high)
    assert one.steiger.p == pytest.approx(two.steiger.p)


def test_tests_of_equal_correlations_reject_as_often_as_they_say():
    rng = np.random.default_rng(1)
    R = np.array([[1, 0.4, 0.4], [0.4, 1, 0.5], [0.4, 0.5, 1]])
    rejected = np.zeros(3)
    for _ in range(500):
        r = np.corrcoef(rng.multivariate_normal([0, 0, 0], R, 80), rowvar=False)
        found = overlapping_difference(r[0, 1], r[0, 2], r[1, 2], 80)
        tests = (found.williams, found.steiger, found.dunn_clark)
        rejected += [test.p < 0.05 for test in tests]
    assert (np.abs(rejected / 500 - 0.05) < 0.03).all()


def test_criteria_that_bear_no_correlation_say_why_and_spare_the_others():
    rng = np.random.default_rng(0)
    scale = rng.normal(size=(50, 3))
    opposed = np.column_stack([scale[:, 0], -scale[:, 0] + 0.1 * rng.normal(size=50)])
    found = criterion_correlations(
        scale,
        {
            "flat": np.ones(50),
            "few": np.where(np.arange(50) < 3, 1.0, np.nan),
            "opposed": opposed,
            "fine": rng.normal(size=50),
        },
        resamples=20,
    )
    assert found["flat"].reason == "no variance"
    assert found["few"].reason == "too few rows"
    assert found["opposed"].disattenuated.reason == "not defined"
    assert isinstance(found["fine"].pearson, Estimate)
    assert "unavailable" in str(found)


def test_impossible_and_singular_correlations_are_refused():
    with pytest.raises(ValueError, match="no variables can have"):
        overlapping_difference(0.9, -0.9, 0.9, 50)
    assert overlapping_difference(0.5, 0.5, 1.0, 50).reason == "singular matrix"
    assert overlapping_difference(0.5, 0.3, 0.2, 3).reason == "too few rows"
    with pytest.raises(ValueError, match="4 x 4"):
        nonoverlapping_difference(np.eye(3), 50)


# Clusters


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_variance_components_are_at_the_maximum_of_the_likelihood(method):
    X, cluster = nested(25, 4, shared=0.7, seed=2)
    y, c = X.mean(axis=1)[:-3], cluster[:-3]
    Z = (c[:, None] == np.arange(25)).astype(float)

    def deviance(logs):
        V = np.exp(logs[0]) * Z @ Z.T + np.exp(logs[1]) * np.eye(len(y))
        W = np.linalg.inv(V)
        total = W.sum()
        r = y - (W @ y).sum() / total
        found = np.linalg.slogdet(V)[1] + r @ W @ r
        return found + (np.log(total) if method == "reml" else 0.0)

    best = minimize(deviance, [-1, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    found = cluster_variance(y, c, method=method)
    assert [found.between, found.within] == pytest.approx(np.exp(best.x), rel=1e-5)
    df = len(y) - (method == "reml")
    assert -2 * found.log_likelihood == pytest.approx(best.fun + df * np.log(2 * np.pi), abs=1e-8)


def test_interval_of_icc_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(4)
    cluster, inside = np.repeat(np.arange(40), 5), 0
    for _ in range(300):
        y = rng.normal(0, 0.5, 40)[cluster] + rng.normal(size=200)
        icc = cluster_variance(y, cluster).icc
        inside += icc.low <= 0.2 <= icc.high
    assert 0.915 <= inside / 300 <= 0.985


def test_people_who_share_nothing_have_an_icc_of_nought():
    y = np.tile([1.0, 2, 3, 4], 10)
    found = cluster_variance(y, np.repeat(np.arange(10), 4))
    assert (found.icc.value, found.icc.low) == (0.0, 0.0)
    assert cluster_variance(y, np.repeat(np.arange(10), 4), method="anova").icc.value < 0


@given(st.integers(0, 1000))
def test_clusters_of_one_person_each_leave_the_usual_error(seed):
    u = np.random.default_rng(seed).normal(size=20)
    cr0, cr1 = clustered_errors(u - u.mean(), np.arange(20))
    assert cr1 == pytest.approx(u.std(ddof=1) / np.sqrt(20))
    assert cr0 < cr1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda X, c: (X, np.zeros(len(c))), "too few rows"),
        (lambda X, c: (X, np.arange(len(c))), "too few rows"),
        (lambda X, c: (X, [None] * len(c)), "no complete rows"),
        (lambda X, c: (X[:, :1], c), "too few items"),
        (lambda X, c: (np.full_like(X, np.nan), c), "no complete rows"),
    ],
)
def test_clusters_that_tell_nothing_are_refused(change, reason):
    X, cluster = change(*nested(12, 3))
    assert cluster_reliability(X, cluster, resamples=5).reason == reason


def test_parts_that_cannot_be_had_say_why_and_spare_the_others():
    X, cluster = nested(8, 6)
    X[:, 3] = 1.0
    found = cluster_reliability(X, cluster, resamples=20)
    assert found.two_level.alpha_within.reason == "constant item"
    assert isinstance(found.omega, Unavailable)
    assert isinstance(found.mean.estimate, Estimate)
    assert isinstance(found.items[3], Unavailable)
    few = cluster_reliability(*nested(4, 10, k=6), resamples=20)
    assert few.two_level.alpha_between.reason == "too few rows"
    assert few.alpha.estimate.low < few.alpha.estimate.high
    assert "alpha between" in str(few)


def test_nothing_shared_leaves_no_alpha_between_clusters():
    X, cluster = nested(30, 5, shared=0.0, seed=1)
    found = two_level_reliability(X, cluster)
    assert found.alpha_between.reason == "improper solution"
    assert isinstance(found.alpha_within, Estimate)


@settings(max_examples=15)
@given(st.integers(0, 1000))
def test_two_level_figures_do_not_depend_on_units_or_the_order_of_people(seed):
    X, cluster = nested(20, 5, shared=1.0, seed=seed)
    one = two_level_reliability(X, cluster)
    order = np.random.default_rng(seed).permutation(len(X))
    two = two_level_reliability(X[order] * 10 + 3, cluster[order])
    for name in ("alpha_within", "alpha_between", "omega_within"):
        here, there = getattr(one, name), getattr(two, name)
        if isinstance(here, Estimate):
            assert [there.value, there.low] == pytest.approx([here.value, here.low], abs=1e-6)
        else:
            assert there == here


def test_resampled_clusters_and_the_robust_error_agree():
    X, cluster = nested(80, 5, shared=0.8, seed=6)
    found = cluster_reliability(X, cluster, resamples=1000)
    for figure in (found.mean, found.alpha, found.omega):
        width = (figure.bootstrap.high - figure.bootstrap.low) / 3.92
        assert width == pytest.approx(figure.error_cr1, rel=0.12)


# Mokken scales


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_each_scale_holds_what_its_definition_asks(seed):
    rng = np.random.default_rng(seed)
    traits = rng.normal(size=(150, 2))
    X = np.round(traits[:, rng.integers(0, 2, 6)] + rng.normal(size=(150, 6)))
    found = mokken_scales(X)
    for scale in range(1, max(found.scales) + 1):
        members = [j for j, s in enumerate(found.scales) if s == scale]
        ours = mokken_scalability(X[:, members])
        assert ours.items.value.min() >= 0.3 - 0.05  # an item may sink a little when others come
        assert ours.pairs.value.min() >= 0


def test_the_level_of_a_scale_is_shared_by_all_that_was_tried():
    rng = np.random.default_rng(6)
    trait = rng.normal(size=(40, 1))
    close, weak = trait + 0.4 * rng.normal(size=(40, 2)), 0.45 * trait + rng.normal(size=(40, 1))
    X = (np.column_stack([close, weak]) > np.array([-0.3, 0.3, 1.2])).astype(float)
    C = np.cov(X, rowvar=False)
    z = C[2, :2].sum() * np.sqrt(39) / np.sqrt(C[2, 2] * (C[0, 0] + C[1, 1]))
    # Enough for the three pairs, not for the three pairs and the item itself.
    assert stats.norm.isf(0.05 / 3) < z < stats.norm.isf(0.05 / 4)
    assert mokken_scales(X).scales == (1, 1, 0)
    assert mokken_scales(X, alpha=0.06).scales == (1, 1, 1)


def test_items_may_stand_in_any_order():
    rng = np.random.default_rng(2)
    traits = rng.normal(size=(400, 2))
    X = np.round(traits[:, [0, 0, 0, 1, 1]] * 1.5 + rng.normal(size=(400, 5)))
    whole = mokken_scales(X).scales
    for order in list(permutations(range(5)))[::17]:
        found = mokken_scales(X[:, order]).scales
        together = {(a, b) for a in range(5) for b in range(5) if whole[a] == whole[b]}
        assert {(order[a], order[b]) for a in range(5) for b in range(5) if found[a] == found[b]} == together


def test_mokken_scales_refuse_what_cannot_scale():
    X = np.random.default_rng(0).integers(0, 3, (100, 4)).astype(float)
    X[:, 1] = 2
    assert mokken_scales(X).reason == "constant item"
    assert [isinstance(item, Unavailable) for item in monotonicity(X)] == [False, True, False, False]
    assert monotonicity(X[:60]).reason == "too few rows"
    assert monotonicity(X[:, :1]).reason == "too few items"
    with pytest.raises(ValueError, match="whole numbers"):
        monotonicity(X + 0.5 * np.eye(100, 4))
    with pytest.raises(ValueError, match="4 items and 2 names"):
        mokken_scales(np.random.default_rng(0).integers(0, 3, (40, 4)), names=["a", "b"])


# Retest


def test_exact_limits_cover_the_truth_where_the_approximation_falls_short():
    rng = np.random.default_rng(7)
    inside = {"exact": 0, "approximate": 0}
    for _ in range(1000):
        first, second = rng.normal(size=(2, 8))
        for interval in inside:
            high = limits_of_agreement(first, second, interval=interval).high
            inside[interval] += high.low <= 1.959963984540054 * np.sqrt(2) <= high.high
    assert 930 <= inside["exact"] <= 970
    with pytest.raises(ValueError, match="interval must be"):
        limits_of_agreement([1, 2, 3], [2, 3, 5], interval="other")


def test_a_negative_variance_of_occasions_counts_as_none():
    X = np.array([[1.0, 2.0], [4.0, 3.0], [6.0, 7.0], [9.0, 8.0]])
    agreement, consistency = (measurement_error(X, definition=d) for d in ("agreement", "consistency"))
    assert agreement.sem.value == consistency.sem.value
    assert measurement_error(X, definition="within").sem.value == pytest.approx(np.sqrt(0.5))
