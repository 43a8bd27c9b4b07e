"""Reliability against R: psych, boot and semTools."""

import numpy as np
import pytest

from analysis.estimate import Estimate, Unavailable, complete_rows
from analysis.inference import bootstrap
from analysis.moments import Moments, moments
from analysis.reliability.alpha import cronbach_alpha, item_statistics, standardised_alpha
from analysis.reliability.omega import mcdonald_omega

RULES = {"pairwise": "pairwise", "listwise": "complete"}
Z = 1.959963984540054


def estimate(found) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def varying(X):
    """The items that psych keeps."""
    return X[:, np.nanstd(X, axis=0) > 0]


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_alpha_and_its_feldt_interval_equal_the_formula_in_r(case, rule):
    found = estimate(cronbach_alpha(case.X, missing=RULES[rule]))
    assert found.value == pytest.approx(case.get(rule, "alpha_raw_formula"), abs=1e-10, rel=0)
    interval = case.get(rule, "feldt_ci95_formula")
    assert [found.low, found.high] == pytest.approx([interval["lower"], interval["upper"]], abs=1e-8, rel=0)
    assert (found.n, found.k, found.level) == (case.get(rule, "n"), case.get(rule, "k"), 0.95)


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_alpha_equals_psych(case, rule):
    X, total = varying(case.X), case.get(rule, "total")
    raw = estimate(cronbach_alpha(X, missing=RULES[rule], interval="normal"))
    assert raw.value == pytest.approx(total["raw_alpha"], abs=1e-10, rel=0)
    assert (raw.value - raw.low) / Z == pytest.approx(total["ase"], abs=1e-9, rel=0)
    standardised = estimate(standardised_alpha(X, missing=RULES[rule]))
    assert standardised.value == pytest.approx(total["std.alpha"], abs=1e-9, rel=0)


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_what_each_item_does_equals_psych(case, rule):
    items = item_statistics(varying(case.X), missing=RULES[rule])
    assert not isinstance(items, Unavailable)
    stats, dropped = case.get(rule, "item_stats"), case.get(rule, "alpha_drop")
    for ours, theirs in (("n", "n"), ("mean", "mean"), ("sd", "sd"), ("item_rest", "r.drop")):
        assert [getattr(item, ours) for item in items] == pytest.approx(stats[theirs], abs=1e-9, rel=0)
    alphas = [item.alpha_if_dropped for item in items]
    assert alphas == pytest.approx(dropped["raw_alpha"], abs=1e-10, rel=0)


@pytest.mark.reference("alpha")
@pytest.mark.parametrize("rule", RULES)
def test_covariances_equal_r(case, rule):
    found = moments(case.X, missing=RULES[rule])
    assert isinstance(found, Moments)
    assert found.covariance == pytest.approx(case.array(rule, "cov"), abs=1e-9, rel=0)


def resamples_of_r(n: int, resamples: int, seed: int = 20260101) -> np.ndarray:
    """The weights of the resamples that `set.seed(seed); boot::boot(...)` draws, by R's own generator."""
    state = seed
    for _ in range(50):
        state = (69069 * state + 1) & 0xFFFFFFFF
    key = []
    for _ in range(625):
        state = (69069 * state + 1) & 0xFFFFFFFF
        key.append(state)
    twister = np.random.MT19937()
    twister.state = {
        "bit_generator": "MT19937",
        "state": {"key": np.array(key[1:], dtype=np.uint32), "pos": 624},
    }
    bits, wanted = int(np.ceil(np.log2(n))), n * resamples
    drawn = np.empty(0, np.int64)
    while len(drawn) < wanted:
        raw = (twister.random_raw(wanted).astype(np.int64) >> 16) & ((1 << bits) - 1)
        drawn = np.concatenate([drawn, raw[raw < n]])
    rows = drawn[:wanted].reshape(n, resamples).T
    return np.stack([np.bincount(row, minlength=n) for row in rows]).astype(np.float32)


def influence_of_boot(replicates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`boot::empinf(type = "reg")`: slopes of the replicates on the frequencies, the first row left out."""
    n = weights.shape[1]
    design = weights[:, 1:].astype(np.float64) / n
    design -= design.mean(axis=0)
    slopes = np.linalg.solve(design.T @ design, design.T @ replicates)
    return np.concatenate([[0.0], slopes]) - slopes.sum() / n


@pytest.mark.reference("alpha_bootstrap")
def test_on_the_resamples_of_r_the_bootstrap_intervals_are_those_of_boot(case):
    X = complete_rows(case.X)
    (n, k), se = X.shape, case.get("boot_se")
    weights = resamples_of_r(n, case.get("B"))
    traces, totals = bootstrap.resampled_variances(X, [weights])
    replicates = k / (k - 1) * (1 - traces / totals)
    assert replicates.mean() == pytest.approx(case.get("boot_mean"), abs=1e-12, rel=0)
    between = 1e-5 * se  # between two replicates boot goes by normal quantiles, not straight
    percentile = bootstrap.percentile_interval(replicates, 0.95)
    assert percentile == pytest.approx(case.array("percentile"), abs=between, rel=0)
    if n <= 500:  # the regression is as wide as the data are long
        influence = influence_of_boot(replicates, weights)
        bca = bootstrap.bca_interval(case.get("t0"), replicates, influence, 0.95)
        assert bca == pytest.approx(case.array("bca"), abs=between, rel=0)


@pytest.mark.reference("alpha_bootstrap")
@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_our_own_resamples_give_the_intervals_of_boot_within_monte_carlo_error(case, interval):
    """The file's own tolerance, 0.042 boot_se, is less than one standard error of R's 5,000 resamples."""
    found = estimate(cronbach_alpha(case.X, interval=interval, resamples=5000))
    assert found.value == pytest.approx(case.get("t0"), abs=1e-10, rel=0)
    error_of_two_quantiles = np.sqrt(2 * 0.025 * 0.975 / 5000) / 0.0584 * case.get("boot_se")
    assert [found.low, found.high] == pytest.approx(
        case.array(interval), abs=4 * error_of_two_quantiles, rel=0
    )


def test_the_distribution_free_interval_equals_another_implementation(load):
    """alphaci 1.0.1 prints 0.6828923 to 0.7246195; it takes Student's t and n - 1 where we take z and n."""
    X, _ = load("bfi_agree")
    found = estimate(cronbach_alpha(X, interval="adf"))
    t, n = 1.9608310, 2709
    half = (found.high - found.low) / 2 * t / Z * np.sqrt((n - 1) / n) * np.sqrt(n / (n - 1))
    assert [found.value - half, found.value + half] == pytest.approx([0.6828923, 0.7246195], abs=2e-7, rel=0)


@pytest.mark.reference("omega_sem_ml", datasets=("bfi_agree", "bfi_consc"))
def test_omega_of_a_one_factor_model_equals_semtools(case):
    within = {"abs": case.tolerance["abs"], "rel": 0}
    model = estimate(mcdonald_omega(case.X))
    assert model.value == pytest.approx(case.get("compRelSEM_obs_var_false", "F"), **within)
    observed = estimate(mcdonald_omega(case.X, variance="observed"))
    assert observed.value == pytest.approx(case.get("compRelSEM", "F"), **within)
    assert model.n == len(complete_rows(case.X))


@pytest.mark.parametrize("dataset", ["bfi_agree", "bfi_consc", "bfi25"])
def test_alpha_equals_pingouin_on_complete_rows(load, dataset):
    import pandas as pd
    import pingouin

    X = complete_rows(load(dataset)[0])
    value, (low, high) = pingouin.cronbach_alpha(pd.DataFrame(X))
    found = estimate(cronbach_alpha(X))
    assert found.value == pytest.approx(value, abs=1e-12, rel=0)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5.1e-4, rel=0)  # pingouin rounds
