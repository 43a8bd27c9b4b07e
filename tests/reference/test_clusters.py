"""Reliability and means of people in clusters compared with lavaan, lme4 and clubSandwich."""

import csv

import numpy as np
import pytest

from analysis.group_comparison.cluster_reliability import cluster_reliability
from analysis.group_comparison.clusters import cluster_sizes, cluster_variance
from analysis.reliability.alpha import cronbach_alpha
from tests.reference.conftest import OPEN


def clusters(case):
    with (OPEN / f"{case.dataset}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    return [row[header.index("cluster")] for row in rows]


@pytest.fixture(scope="module")
def found():
    made = {}

    def of(case):
        if case.dataset not in made:
            made[case.dataset] = cluster_reliability(case.X, clusters(case), resamples=5000)
        return made[case.dataset]

    return of


def ends(estimate):
    return [estimate.low, estimate.high]


@pytest.mark.reference("cluster")
def test_what_clusters_share_is_that_of_lmer_and_of_mean_squares(case):
    exact, lmer = case.tolerance["closed_form"]["rel"], case.tolerance["lmer"]["rel"]
    scores = {"score": case.X.mean(axis=1), **dict(zip(case.names, case.X.T, strict=True))}
    for name, y in scores.items():
        r = case.get("icc", name)
        for method, part in (("reml", "REML"), ("ml", "ML")):
            ours, there = cluster_variance(y, clusters(case), method=method), r[part]
            assert [ours.between, ours.within, ours.icc.value, ours.mean, ours.mean_error] == pytest.approx(
                [there[key] for key in ("var_between", "var_within", "icc1", "mean", "se_mean")], rel=lmer
            )
            # The likelihood is not below lmer's: its search stops within 1e-11 of ours.
            assert ours.log_likelihood >= there["logLik"] - 1e-11
            assert ours.log_likelihood == pytest.approx(there["logLik"], rel=lmer)
            assert ours.icc.low < ours.icc.value < ours.icc.high
            if method == "reml":
                assert ours.design_effect == pytest.approx(r["deff_mean_size_REML"], rel=lmer)
                assert ours.design_effect_weighted == pytest.approx(r["deff_weighted_size_REML"], rel=lmer)
        ours = cluster_variance(y, clusters(case), method="anova")
        assert ours.icc.value == pytest.approx(r["anova"]["icc1"], rel=exact)
        assert ours.within == pytest.approx(r["anova"]["MSW"], rel=exact)
        assert ours.design_effect == pytest.approx(r["deff_mean_size_anova"], rel=exact)


@pytest.mark.reference("cluster")
def test_errors_of_the_mean_and_alpha_in_clusters_are_those_of_r(case, found):
    exact, ours = case.tolerance["closed_form"]["rel"], found(case)
    sizes, r = ours.sizes, case.get("cluster_size")
    assert (sizes.n, sizes.clusters) == (case.get("n"), case.get("clusters"))
    assert [sizes.mean, sizes.smallest, sizes.largest, sizes.weighted] == pytest.approx(
        [r[key] for key in ("mean", "min", "max", "weighted")], rel=exact
    )
    mean, r = ours.mean, case.get("mean_score")
    n = sizes.n
    assert mean.estimate.value == pytest.approx(r["mean"], rel=exact)
    assert mean.error_independent * np.sqrt(n / (n - 1)) == pytest.approx(r["se_naive"], rel=exact)
    assert [mean.error_cr0, mean.error_cr1] == pytest.approx([r["se_CR0"], r["se_CR1"]], rel=exact)
    assert [mean.error_cr0, mean.error_cr1] == pytest.approx(
        [r["clubSandwich"]["CR0"], r["clubSandwich"]["CR1"]], rel=exact
    )
    assert mean.error_cr1 == pytest.approx(r["survey_svymean_se"], rel=exact)
    assert ends(mean.estimate) == pytest.approx(r["ci95_CR1_t"], rel=exact)
    alpha, r = ours.alpha, case.get("alpha")
    assert alpha.estimate.value == pytest.approx(r["alpha"], rel=exact)
    assert alpha.error_independent == pytest.approx(r["se_iid_linearised"], rel=exact)
    assert [alpha.error_cr0, alpha.error_cr1] == pytest.approx(
        [r["se_cluster_linearised_CR0"], r["se_cluster_linearised_CR1"]], rel=exact
    )
    assert ends(alpha.estimate) == pytest.approx(r["ci95_CR1_t"], rel=exact)
    assert alpha.design_effect == pytest.approx(r["deff_CR1"], rel=exact)


@pytest.mark.reference("cluster")
def test_resampled_clusters_give_the_limits_that_r_gets(case, found):
    ours = found(case)
    for name, estimate, r in (
        ("mean_bootstrap", ours.mean.bootstrap, case.get("mean_score", "cluster_bootstrap")),
        ("alpha_bootstrap", ours.alpha.bootstrap, case.get("alpha", "cluster_bootstrap")),
        (
            "alpha_bootstrap_iid",
            cronbach_alpha(case.X, interval="percentile", resamples=5000),
            case.get("alpha", "iid_bootstrap"),
        ),
    ):
        within = case.tolerance[name]
        assert ends(estimate) == pytest.approx(r["percentile95"], abs=within["limits"]["abs"])
        assert (estimate.high - estimate.low) / 3.92 == pytest.approx(r["se"], rel=within["se"]["rel"])


@pytest.mark.reference("cluster")
def test_alpha_and_omega_of_both_levels_are_those_of_lavaan(case, found):
    ours = found(case).two_level
    est, se = case.tolerance["two_level_est"]["abs"], case.tolerance["two_level_se"]["rel"]
    r = case.get("two_level_saturated")
    for estimate, value, error in zip(
        (ours.alpha_within, ours.alpha_between), r["defined"]["est"], r["defined"]["se"], strict=True
    ):
        assert estimate.value == pytest.approx(value, abs=est)
        assert (estimate.high - estimate.low) / (2 * 1.959963984540054) == pytest.approx(error, rel=se)
    lai = r["lai2021"]
    assert ours.alpha_two_level.value == pytest.approx(lai["alpha_two_level"], abs=est)
    assert ours.alpha_observed_means.value == pytest.approx(lai["alpha_between_observed_means"], abs=est)
    assert ours.log_likelihood >= r["logLik"]
    assert ours.log_likelihood == pytest.approx(r["logLik"], abs=est)
    one = case.get("two_level_one_factor")
    for estimate, value, error in zip(
        (ours.omega_within, ours.omega_between), one["defined"]["est"], one["defined"]["se"], strict=True
    ):
        assert estimate.value == pytest.approx(value, abs=est)
        assert (estimate.high - estimate.low) / (2 * 1.959963984540054) == pytest.approx(error, rel=se)
    # lavaan's own chi-square takes the saturated model from a search that stops 0.004 short of its maximum,
    # which lavaan itself finds when asked for that model: ours is the difference of the two likelihoods.
    assert ours.chi_square == pytest.approx(2 * (r["logLik"] - one["fit"]["logl"]), abs=1e-6)
    assert ours.chi_square == pytest.approx(one["fit"]["chisq"], abs=0.01)


def test_sizes_of_clusters_are_counted():
    sizes = cluster_sizes(np.array([0, 0, 0, 1]))
    assert (sizes.clusters, sizes.n, sizes.mean, sizes.weighted) == (2, 4, 2.0, 2.5)
