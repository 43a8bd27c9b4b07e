"""Properties of agreement, measurement error and change for any data, and independent calculations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.agreement.intraclass import intraclass_correlation
from analysis.agreement.measurement_error import (
    limits_of_agreement,
    measurement_error,
    reliable_change,
)
from analysis.agreement.weighted_kappa import weighted_kappa
from analysis.estimate import Estimate, Unavailable

ratings = st.tuples(st.integers(3, 12), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(0, 6))
)
holed = st.tuples(st.integers(0, 9), st.integers(0, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 5.0, np.nan]))
)


def figures(X, **options):
    return np.array(
        [
            [getattr(r, end, None) for end in ("value", "low", "high")]
            for r in intraclass_correlation(X, **options).values()
        ],
        dtype=float,
    )


@given(ratings)
def test_neither_the_order_of_people_nor_of_raters_matters(X):
    expected = figures(X)
    np.testing.assert_allclose(figures(X[::-1]), expected, atol=1e-9)
    np.testing.assert_allclose(figures(X[:, ::-1]), expected, atol=1e-9)


@given(ratings, st.floats(0.1, 50), st.floats(-1e4, 1e4))
def test_neither_unit_nor_zero_point_nor_direction_matters(X, unit, zero):
    np.testing.assert_allclose(figures(zero - unit * X), figures(X), rtol=1e-6, atol=1e-7)


@given(holed, st.sampled_from(["complete", "reml"]))
def test_every_form_answers_or_says_why(X, missing):
    for result in intraclass_correlation(X, missing=missing).values():
        assert isinstance(result, Estimate | Unavailable)
        if isinstance(result, Estimate):
            assert np.isfinite(result.value)
            assert result.value <= 1 + 1e-9
            assert result.low is None or result.low <= result.value + 1e-9 <= result.high + 2e-9


@given(holed)
def test_precision_answers_or_says_why(X):
    for definition in ("agreement", "consistency"):
        error = measurement_error(X, definition=definition)
        assert isinstance(error, Unavailable) or error.sem.value >= 0
    if X.shape[1] < 2:
        return
    limits = limits_of_agreement(X[:, 0], X[:, 1])
    assert isinstance(limits, Unavailable) or limits.low.value <= limits.bias.value <= limits.high.value
    for weights in ("quadratic", "linear", "none"):
        kappa = weighted_kappa(X[:, 0], X[:, 1], weights=weights)
        assert isinstance(kappa, Unavailable) or -1 - 1e-9 <= kappa.value <= 1 + 1e-9


@given(ratings)
def test_kappa_does_not_know_who_rated_first_nor_the_unit(X):
    one, two = X[:, 0], X[:, 1]
    expected = weighted_kappa(one, two)
    for other in (weighted_kappa(two, one), weighted_kappa(10 - 3 * one, 10 - 3 * two)):
        if isinstance(expected, Unavailable):
            assert other == expected
        else:
            assert other.value == pytest.approx(expected.value, abs=1e-9)


def test_complete_data_give_restricted_maximum_likelihood_the_same_answer():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 1)) + np.array([0.0, 0.4, -0.2]) + rng.normal(size=(80, 3))
    np.testing.assert_allclose(figures(X, missing="reml")[:, 0], figures(X)[:, 0], atol=1e-5)


def test_a_constant_shift_costs_agreement_but_not_consistency():
    one = np.array([1.0, 2.0, 4.0, 7.0, 3.0])
    found = intraclass_correlation(np.column_stack([one, one + 2]))
    assert found["ICC3"].value == 1
    assert found["ICC3"].low is None
    assert found["ICC1"].value < found["ICC2"].value < 1
    assert measurement_error(np.column_stack([one, one + 2]), definition="consistency").sem.value == 0
    assert measurement_error(np.column_stack([one, one + 2])).sem.value == pytest.approx(np.sqrt(2))


def test_perfect_agreement_has_no_interval():
    one = np.array([1.0, 2.0, 4.0])
    for name, result in intraclass_correlation(np.column_stack([one, one])).items():
        assert (name, result.value, result.low, result.level) == (name, 1.0, None, None)
    assert weighted_kappa(one, one).value == 1
    assert weighted_kappa(one, one).low is None


def test_raters_who_contradict_each_other_give_a_negative_figure():
    found = intraclass_correlation([[1, 5], [2, 4], [3, 3], [4, 2], [5, 1.5]])
    assert found["ICC3"].value < -0.9
    assert found["ICC3"].low < found["ICC3"].value < found["ICC3"].high


def test_people_who_do_not_differ_have_no_reliability_of_means():
    found = intraclass_correlation([[1, 2], [2, 1], [1, 2], [2, 1]])
    assert found["ICC3k"].reason == "not defined"
    assert found["ICC3"].value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        ([[1.0], [2.0], [3.0]], "too few items"),
        ([[1.0, 2.0], [2.0, 3.0]], "too few rows"),
        ([[1.0, np.nan], [2.0, np.nan], [3.0, np.nan]], "too few rows"),
        (np.ones((5, 3)), "no variance"),
        (np.empty((0, 0)), "too few items"),
    ],
)
def test_too_little_to_compare(X, reason):
    assert {r.reason for r in intraclass_correlation(X).values()} == {reason}
    assert measurement_error(X).reason == reason


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: intraclass_correlation([[1.0, np.inf]] * 4), "finite"),
        (lambda: intraclass_correlation([1.0, 2.0]), "n x k"),
        (lambda: intraclass_correlation(np.eye(4), level=1.0), "level"),
        (lambda: intraclass_correlation(np.eye(4), missing="drop"), "complete"),
        (lambda: measurement_error(np.eye(4), definition="other"), "agreement"),
        (lambda: limits_of_agreement([1, 2], [1, 2, 3]), "same length"),
        (lambda: reliable_change([1], [2], sem=0), "positive"),
        (lambda: weighted_kappa([1, 2, 3], [1, 2, 9], categories=[1, 2, 3]), "not among the categories"),
        (lambda: weighted_kappa([1, 2, 3], [1, 2, 2], weights="cubic"), "quadratic"),
    ],
)
def test_wrong_arguments_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_reliable_change_counts_from_first_to_second_in_units_of_its_error():
    np.testing.assert_allclose(reliable_change([50, 70], [70, 55], sem=7.7), [1.8366, -1.3775], atol=1e-4)


def test_reliable_change_leaves_out_people_without_both():
    np.testing.assert_array_equal(
        np.isnan(reliable_change([1, np.nan, 3], [2, 2, np.nan], sem=1)), [False, True, True]
    )


def test_results_print_as_tables_in_terminal_and_notebook():
    X = np.random.default_rng(4).normal(size=(20, 2))
    X[:, 1] += X[:, 0]
    for result in (intraclass_correlation(X), measurement_error(X), limits_of_agreement(*X.T)):
        header, *rows = str(result).splitlines()
        assert header.split()[-3:] == ["value", "low", "high"]
        assert result._repr_html_().count("<tr>") == len(rows) + 1
    assert "there are too few items" in str(intraclass_correlation(X[:, :1]))


def test_reml_names_what_it_lacks():
    nan = np.nan
    assert (
        intraclass_correlation([[1, nan], [2, nan], [nan, 3]], missing="reml")["ICC1"].reason == "no variance"
    )
    assert (
        intraclass_correlation([[1, 2], [nan, nan], [3, 4]], missing="reml")["ICC1"].reason == "too few rows"
    )
    assert intraclass_correlation([[1], [2], [3]], missing="reml")["ICC1"].reason == "too few items"
