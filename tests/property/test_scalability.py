"""Properties of Mokken's scalability for any data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.counts.joint import JointCounts, joint_counts
from analysis.estimate import Unavailable
from analysis.item_response.mokken import Mokken, mokken_scalability
from analysis.simulation import simulate

answers = st.tuples(st.integers(0, 14), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 1.0, 2.0, 4.0, np.nan]))
)


def scale(n=300, k=5, seed=1, **options):
    return simulate(n, [0.7] * k, [-1, 0, 1], np.random.default_rng(seed), **options).astype(float)


def figures(X):
    m = mokken_scalability(X)
    if isinstance(m, Unavailable):
        return m.reason
    return m.items.value, m.items.se, m.pairs.value, m.pairs.se, m.scale.value, m.scale.se


def assert_same(one, two, atol=1e-10):
    if isinstance(one, str):
        assert one == two
        return
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=atol)


@given(answers)
def test_it_answers_or_says_why(X):
    found = mokken_scalability(X)
    assert isinstance(found, Mokken | Unavailable)
    if isinstance(found, Mokken):
        for part in (found.items, found.pairs, found.scale):
            assert np.isfinite(part.value).all()
            assert (np.asarray(part.value) <= 1 + 1e-12).all()
            assert np.isfinite(part.se).all()


@given(answers)
def test_row_order_unit_and_zero_point_do_not_matter(X):
    expected = figures(X)
    assert_same(expected, figures(X[::-1]))
    assert_same(expected, figures(5 * X - 3))


@given(answers)
def test_turning_every_item_round_changes_nothing(X):
    assert_same(figures(X), figures(7 - X), atol=1e-7)


@given(answers, st.randoms(use_true_random=False))
def test_items_carry_their_figures_with_them(X, random):
    order = list(range(X.shape[1]))
    random.shuffle(order)
    one, two = figures(X), figures(X[:, order])
    if isinstance(one, str):
        assert one == two
        return
    np.testing.assert_allclose(two[0], one[0][order], atol=1e-10)
    np.testing.assert_allclose(two[1], one[1][order], atol=1e-10)
    np.testing.assert_allclose(two[3], one[3][np.ix_(order, order)], atol=1e-10)


def test_people_twice_over_give_the_same_figures_with_smaller_errors():
    X = scale()
    once, twice = mokken_scalability(X), mokken_scalability(np.vstack([X, X]))
    np.testing.assert_allclose(twice.items.value, once.items.value)
    np.testing.assert_allclose(twice.items.se, once.items.se / np.sqrt(2))
    assert twice.scale.se == pytest.approx(once.scale.se / np.sqrt(2))


def test_counts_of_parts_add_up_to_the_counts_of_the_whole():
    X = scale()
    codes = (0.0, 1.0, 2.0, 3.0)
    parts = joint_counts(X[:100], categories=codes) + joint_counts(X[100:], categories=codes)
    np.testing.assert_allclose(mokken_scalability(parts).pairs.se, mokken_scalability(X).pairs.se)


def test_a_copy_of_an_item_scales_perfectly_with_it_and_without_error():
    X = scale()
    found = mokken_scalability(np.column_stack([X, X[:, 0]]))
    assert found.pairs.value[0, -1] == 1
    assert found.pairs.se[0, -1] == pytest.approx(0, abs=1e-12)


def test_standard_errors_are_those_of_repeated_samples():
    samples = [mokken_scalability(scale(seed=seed)) for seed in range(400)]
    spread = np.std([s.scale.value for s in samples])
    assert np.mean([s.scale.se for s in samples]) == pytest.approx(spread, rel=0.12)


def test_an_unused_category_in_the_middle_is_as_wide_as_it_is():
    X = scale()
    X[X == 1] = 0
    joined = mokken_scalability(np.where(X >= 2, X - 1, X))
    assert mokken_scalability(X).scale.value != pytest.approx(joined.scale.value, abs=1e-6)
    assert mokken_scalability(X).categories == (0.0, 2.0, 3.0)


def test_an_item_against_the_others_scales_negatively():
    found = mokken_scalability(scale(reversed_items=[0]))
    assert found.items.value[0] < 0 < found.items.value[1]


def test_a_constant_item_is_named():
    counts = joint_counts(np.column_stack([scale(), np.ones(300)]), names=["a", "b", "c", "d", "e", "same"])
    assert mokken_scalability(counts) == Unavailable(reason="constant item", detail="same")


@pytest.mark.parametrize(
    ("X", "reason"),
    [
        (np.empty((0, 0)), "too few items"),
        (np.ones((5, 1)), "too few items"),
        (np.eye(2), "too few rows"),
        (np.full((9, 3), np.nan), "too few rows"),
        (np.column_stack([np.arange(9.0), np.full(9, np.nan)]), "too few rows"),
    ],
)
def test_too_little_to_scale(X, reason):
    assert mokken_scalability(X).reason == reason


def test_pairs_are_counted_where_both_answered_in_joint_counts():
    X = scale()
    X[:150, 0] = np.nan
    counts = joint_counts(X)
    assert isinstance(counts, JointCounts)
    expected = mokken_scalability(X[150:])
    found = mokken_scalability(counts)
    np.testing.assert_allclose(found.pairs.value[0], expected.pairs.value[0])
    np.testing.assert_allclose(found.pairs.se[0], expected.pairs.se[0])
    assert found.n == 300


def test_infinite_answers_and_measurements_are_refused():
    with pytest.raises(ValueError, match="finite"):
        mokken_scalability([[1.0, np.inf], [0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(ValueError, match="measurements rather than categories"):
        mokken_scalability(np.random.default_rng(0).normal(size=(100, 3)))


def test_it_prints_as_a_table_in_terminal_and_notebook():
    found = mokken_scalability(scale())
    assert str(found).splitlines()[1].split() == ["item", "H", "se"]
    assert "<td>scale</td>" in found._repr_html_()
