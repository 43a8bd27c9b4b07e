"""Simulated answers have the structure that was asked for."""

import numpy as np
import pytest

from analysis.simulation import higher_order, simulate, thresholds_from


def correlation(answers):
    return np.corrcoef(answers.astype(float), rowvar=False)


def test_the_same_seed_gives_the_same_answers():
    one, two = (simulate(50, [0.7] * 4, [-1, 0, 1], np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_answers_have_the_shares_that_were_asked_for():
    shares = [0.4, 0.3, 0.15, 0.1, 0.05]
    answers = simulate(40_000, [0.6] * 3, thresholds_from(shares), np.random.default_rng(1))
    for item in answers.T:
        np.testing.assert_allclose(np.bincount(item, minlength=5) / 40_000, shares, atol=0.01)


def test_items_with_their_own_thresholds():
    cuts = thresholds_from([[0.9, 0.1], [0.1, 0.9]])
    answers = simulate(20_000, [0.5, 0.5], cuts, np.random.default_rng(2))
    np.testing.assert_allclose(answers.mean(axis=0), [0.1, 0.9], atol=0.01)


def test_two_binary_items_correlate_as_the_model_says():
    # For cuts at the median, P(both above) = 1/4 + arcsin(rho) / (2 pi).
    answers = simulate(200_000, [0.8, 0.9], [0.0], np.random.default_rng(3))
    assert (answers.all(axis=1)).mean() == pytest.approx(0.25 + np.arcsin(0.72) / (2 * np.pi), abs=0.004)


def test_a_reversed_item_is_the_mirror_of_itself():
    plain = simulate(100, [0.7] * 3, [-1, 0, 1, 2], np.random.default_rng(4))
    turned = simulate(100, [0.7] * 3, [-1, 0, 1, 2], np.random.default_rng(4), reversed_items=[1])
    np.testing.assert_array_equal(turned[:, 1], 4 - plain[:, 1])
    np.testing.assert_array_equal(turned[:, [0, 2]], plain[:, [0, 2]])


def test_facets_of_a_general_factor_correlate_more_within_than_between():
    loadings, phi = higher_order([0.8, 0.7], [0, 0, 1, 1], 0.8)
    r = correlation(simulate(50_000, loadings, np.linspace(-2, 2, 7), np.random.default_rng(6), phi=phi))
    assert r[0, 1] == pytest.approx(0.64, abs=0.04)
    assert r[0, 2] == pytest.approx(0.64 * 0.56, abs=0.03)


def test_a_unit_with_a_higher_mean_answers_higher():
    means = np.repeat([[0.0], [1.0]], 500, axis=0)
    answers = simulate(1000, [0.8] * 5, [-1, 0, 1], np.random.default_rng(7), means=means)
    assert answers[500:].mean() > answers[:500].mean() + 0.4


def test_missing_answers_by_kind_leave_the_others_as_they_were():
    plain = simulate(20_000, [0.7, 0.7], [0.0], np.random.default_rng(8))
    missing = {-77: [0.0, 0.1], -99: 0.05}
    holed = simulate(20_000, [0.7, 0.7], [0.0], np.random.default_rng(8), missing=missing)
    np.testing.assert_array_equal(holed[holed >= 0], plain[holed >= 0])
    np.testing.assert_allclose((holed == -77).mean(axis=0), [0.0, 0.1], atol=0.01)
    np.testing.assert_allclose((holed == -99).mean(axis=0), [0.05, 0.05], atol=0.01)


def test_a_general_factor_may_be_perfect():
    loadings, phi = higher_order([1.0, 1.0], [0, 1], 1.0)
    answers = simulate(200, loadings, [0.0], np.random.default_rng(9), phi=phi)
    np.testing.assert_array_equal(answers[:, 0], answers[:, 1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"loadings": [1.2]}, "item 1 would have a communality above 1"),
        ({"loadings": [0.5, 0.6, 1.2]}, "item 3 would have a communality above 1"),
        ({"loadings": [[0.5, 0.5]], "phi": [[1.0, 1.5], [1.5, 1.0]]}, "no negative eigenvalue"),
        ({"loadings": [[0.5, 0.5]], "phi": np.eye(3)}, "symmetric 2 x 2"),
        ({"loadings": [0.5], "thresholds": [1.0, 0.0]}, "increasing"),
        ({"loadings": [0.5], "thresholds": []}, "increasing"),
        ({"loadings": [0.5, 0.5], "thresholds": [[0.0]]}, "2 items but 1 rows"),
        ({"loadings": [np.nan]}, "finite"),
        ({"loadings": [0.5], "missing": {-99: 0.7, -88: 0.7}}, "add up to at most 1"),
    ],
)
def test_what_is_no_model_is_refused(arguments, words):
    given = {"thresholds": [0.0]} | arguments
    with pytest.raises(ValueError, match=words):
        simulate(5, rng=np.random.default_rng(0), **given)


def test_shares_must_add_up_to_one():
    with pytest.raises(ValueError, match="add up to 1"):
        thresholds_from([0.5, 0.4])
