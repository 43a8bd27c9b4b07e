"""Properties of indices of careless answering for any data, and who is flagged."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.estimate import Unavailable
from analysis.response_quality.careless import careless_indices
from analysis.simulation import simulate

INDICES = (
    "longstring",
    "average_string",
    "irv",
    "even_odd",
    "synonyms",
    "antonyms",
    "mahalanobis",
    "person_total",
)
answers = st.tuples(st.integers(0, 14), st.integers(0, 6)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, np.nan]))
)


def people(n=200, k=12, seed=1, **options):
    return simulate(n, [0.7] * k, [-1, 0, 1, 2], np.random.default_rng(seed), **options).astype(float)


def indices(X, **options):
    found = careless_indices(X, scales=[[i, i + 1] for i in range(0, X.shape[1] - 1, 2)], **options)
    return {name: getattr(found, name) for name in INDICES}


def assert_same(one, two, order=slice(None), atol=1e-9):
    for name in INDICES:
        if isinstance(one[name], Unavailable):
            assert two[name] == one[name]
        else:
            np.testing.assert_allclose(two[name], one[name][order], atol=atol, rtol=1e-7, err_msg=name)


@given(answers)
def test_every_index_is_a_figure_per_person_or_says_why(X):
    found = careless_indices(X, scales=[[i] for i in range(X.shape[1])], seconds=np.ones(len(X)), parts=2)
    for name in INDICES:
        index = getattr(found, name)
        assert isinstance(index, Unavailable) or index.shape == (len(X),)
    assert found.flagged.shape == (len(X),)
    assert str(found).startswith(f"n = {len(X)}")


@given(answers, st.integers(0, 10))
def test_each_person_keeps_the_figures_in_another_order_of_rows(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    assert_same(indices(X), indices(X[order]), order)


def test_the_zero_point_of_the_codes_does_not_matter():
    X = people()
    assert_same(indices(X), indices(X + 1))


def test_missing_answers_leave_indices_of_other_people_alone_where_they_are_personal():
    X = people()
    holed = X.copy()
    holed[0, 3] = np.nan
    before, after = indices(X), indices(holed)
    for name in ("longstring", "irv", "even_odd"):
        np.testing.assert_allclose(after[name][1:], before[name][1:])
    assert np.isfinite(after["irv"][0])


def test_longest_string_by_hand():
    nan = np.nan
    found = careless_indices([[1, 1, 1, 2, 2], [1, 2, 3, 4, 0], [1, 1, nan, 1, 1], [nan] * 5])
    np.testing.assert_array_equal(found.longstring, [3, 1, 2, nan])
    np.testing.assert_array_equal(found.average_string, [2.5, 1, 5 / 3, nan])


def test_even_odd_by_hand():
    consistent, contrary = [0, 0, 1, 1, 2, 2], [0, 2, 1, 1, 2, 0]
    found = careless_indices([consistent, contrary, [1] * 6], scales=[2, 2, 2])
    np.testing.assert_allclose(found.even_odd, [-1, 1, np.nan])


def test_scales_may_lie_apart():
    X = people(k=8)
    apart = careless_indices(X[:, [0, 4, 1, 5, 2, 6, 3, 7]], scales=[[0, 2, 4, 6], [1, 3, 5, 7]])
    np.testing.assert_allclose(careless_indices(X, scales=[4, 4]).even_odd, apart.even_odd)


def test_even_odd_reads_the_keyed_answers():
    X = people(reversed_items=[1, 3, 5])
    keyed = X.copy()
    keyed[:, [1, 3, 5]] = 4 - keyed[:, [1, 3, 5]]
    scales = [4, 4, 4]
    given_keyed = careless_indices(X, keyed=keyed, scales=scales)
    np.testing.assert_array_equal(given_keyed.even_odd, careless_indices(keyed, scales=scales).even_odd)
    np.testing.assert_array_equal(given_keyed.longstring, careless_indices(X).longstring)


def test_synonyms_and_antonyms_tell_the_careful_from_the_random():
    rng = np.random.default_rng(5)
    X = simulate(600, [0.95] * 10, [-1, 0, 1, 2], rng, reversed_items=[1, 3, 5, 7, 9]).astype(float)
    X[:100] = rng.integers(0, 5, (100, 10))
    found = careless_indices(X, synonym_r=0.5, antonym_r=-0.5)
    assert np.nanmean(found.synonyms[:100]) < np.nanmean(found.synonyms[100:]) - 0.2
    assert np.nanmean(found.antonyms[:100]) > np.nanmean(found.antonyms[100:]) + 0.2
    assert np.nanmean(found.person_total[:100]) < np.nanmean(found.person_total[100:]) - 0.2


def test_synonyms_need_three_answered_pairs():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 5, (100, 3)).astype(float)
    X = np.column_stack([first, np.where(rng.random((100, 3)) < 0.05, 2.0, first)])
    X[0] = [0, 1, 2, 0, 1, 2]
    assert careless_indices(X).synonyms[0] == pytest.approx(1)
    X[0, 5] = np.nan
    assert np.isnan(careless_indices(X).synonyms[0])


def test_a_missing_answer_is_as_far_off_as_the_mean():
    X = people()
    X[0, 3] = np.nan
    filled = X.copy()
    filled[0, 3] = np.nanmean(X[:, 3])
    deviation = filled - np.nanmean(X, axis=0)
    seen = (~np.isnan(X)).astype(float)
    together = seen.T @ seen
    sums = deviation.T @ seen
    pairwise = (deviation.T @ deviation - sums * sums.T / together) / (together - 1)
    expected = np.einsum("ij,ij->i", deviation @ np.linalg.inv(pairwise), deviation)
    np.testing.assert_allclose(careless_indices(X).mahalanobis, expected, rtol=1e-9)


def test_distance_is_that_of_mahalanobis():
    X = people()
    deviation = X - X.mean(axis=0)
    expected = (deviation * np.linalg.solve(np.cov(X.T), deviation.T).T).sum(axis=1)
    np.testing.assert_allclose(careless_indices(X).mahalanobis, expected)


@pytest.mark.parametrize("extreme", [0.0, 4.0])
def test_uniform_extreme_answers_flag_nobody_however_they_lie(extreme):
    X = np.where(people(500) > 2, 2.0, 1.0)
    X += np.random.default_rng(2).integers(0, 2, X.shape)
    X[0] = extreme
    limits = {"mahalanobis_p": 0.5, "person_total": 0.9, "seconds": 2.0}
    found = careless_indices(X, seconds=np.full(500, 5.0), limits=limits)
    assert found.mahalanobis_p[0] < 0.001
    assert not found.flagged[0]
    assert found.flagged[1:].any()
    hurried = careless_indices(X, seconds=np.r_[0.5, np.full(499, 5.0)], limits=limits)
    assert hurried.flagged[0]


def test_answers_uniform_once_keyed_flag_nobody_either():
    X = people(500)
    keyed = X.copy()
    keyed[0] = 4
    X[0] = [4, 0] * 6
    found = careless_indices(X, keyed=keyed, limits={"mahalanobis_p": 0.9})
    assert found.uniform[0]
    assert not found.flagged[0]


def test_neither_longest_string_nor_variability_may_have_a_limit():
    for name in ("longstring", "irv", "average_string"):
        with pytest.raises(ValueError, match="may have a limit"):
            careless_indices(people(), limits={name: 3})


def test_nothing_is_deleted_or_changed():
    X = people()
    before = X.copy()
    careless_indices(X, scales=[6, 6])
    np.testing.assert_array_equal(X, before)


def test_no_distance_where_rounding_would_decide_it():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 4))
    X[:, 3] = X[:, 0] + X[:, 1] + 1e-5 * rng.normal(size=60)
    why = careless_indices(X).mahalanobis
    assert why.reason == "singular matrix"
    assert "rounding would decide" in why.detail


def test_a_copy_of_an_item_leaves_no_distance():
    X = people()
    found = careless_indices(np.column_stack([X, X[:, 0]]))
    assert found.mahalanobis.reason == "singular matrix"
    assert found.mahalanobis_p.reason == "singular matrix"
    assert not found.flagged.any()


def test_what_was_not_given_is_said():
    found = careless_indices(people())
    assert found.seconds == Unavailable(reason="not defined", detail="seconds not given")
    assert found.even_odd.detail == "scales not given"
    assert careless_indices(people(), scales=[12]).even_odd.detail == "even-odd needs at least two scales"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seconds": [1.0]}, "seconds per item"),
        ({"seconds": np.full(200, -1.0)}, "none negative"),
        ({"keyed": np.ones((2, 2))}, "same rows"),
        ({"scales": [99, 3]}, "name some of the 12 items"),
        ({"scales": [[], [0]]}, "name some of the 12 items"),
        ({"parts": 0}, "parts"),
    ],
)
def test_wrong_arguments_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        careless_indices(people(), **options)


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        careless_indices(people()).n = 3
