"""Properties of joint counts for any answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.counts import joint as module
from analysis.counts.joint import joint_counts

ANSWERS = st.one_of(st.sampled_from([1.0, 2.0, 3.0, 4.0, 7.0]), st.just(np.nan))


def tables(fewest=0, most=150):
    return st.tuples(st.integers(fewest, most), st.integers(1, 5)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=ANSWERS)
    )


def plain(X, categories):
    """Count row by row."""
    k, place = X.shape[1], {value: a for a, value in enumerate(categories)}
    found = np.zeros((k, k, len(categories), len(categories)), int)
    for row in X:
        for i in range(k):
            for j in range(k):
                if row[i] in place and row[j] in place:
                    found[i, j, place[row[i]], place[row[j]]] += 1
    return found


@given(tables())
def test_tables_are_what_counting_row_by_row_gives(X):
    counts = joint_counts(X)
    assert counts.n == len(X)
    assert counts.categories == tuple(np.unique(X[~np.isnan(X)]))
    assert np.array_equal(counts.tables, plain(X, counts.categories))


@given(tables(), st.integers(0, 150))
def test_counts_of_two_parts_add_up_to_counts_of_the_whole(X, cut):
    assert joint_counts(X[:cut]) + joint_counts(X[cut:]) == joint_counts(X)
    assert sum(joint_counts(part) for part in np.array_split(X, 3)) == joint_counts(X)


@given(tables(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter_and_order_of_items_follows(X, random):
    rows, items = list(range(len(X))), list(range(X.shape[1]))
    random.shuffle(rows)
    random.shuffle(items)
    assert joint_counts(X[rows]) == joint_counts(X)
    found = joint_counts(X).take(items)
    again = joint_counts(X[:, items])
    assert found == again


@given(tables(2, 60))
def test_every_kind_of_number_gives_the_same_counts(X):
    filled = np.where(np.isnan(X), -99, X)
    expected = joint_counts(X).tables
    for kind in (np.int8, np.int64, np.float32):
        assert np.array_equal(joint_counts(filled.astype(kind), missing=(-99,)).tables, expected)
    assert np.array_equal(joint_counts(np.asfortranarray(filled), missing=(-99,)).tables, expected)


@given(tables())
def test_the_compiled_and_the_plain_kernel_count_alike(X):
    values = (1.0, 2.0, 3.0, 4.0, 7.0)
    planes = module._planes(X, values)
    found = [np.zeros((len(planes), len(planes)), np.int64) for _ in range(2)]
    module._add_counts(planes, len(values), found[0])
    module._compiled_counts()(planes, len(values), found[1])
    assert np.array_equal(*map(np.triu, found))


def test_many_blocks_are_shared_among_processors_and_none_is_lost():
    X = np.random.default_rng(5).integers(0, 3, (130_001, 4), dtype=np.int8)
    X[::7, 2] = -99
    counts = joint_counts(X, missing=(-99,))
    assert counts.n == len(X)
    expected = [[np.sum((X[:, 1] == a) & (X[:, 2] == b)) for b in range(3)] for a in range(3)]
    assert np.array_equal(counts.tables[1, 2], expected)


@pytest.mark.parametrize("n", [module.BLOCK_ROWS, module.COMPILE_FROM - 1, module.COMPILE_FROM])
def test_an_answer_that_everybody_gives_is_counted_whole(n):
    X = np.ones((n, 2), np.int8)
    assert joint_counts(X).tables.tolist() == [[[[len(X)]]] * 2] * 2


def test_given_categories_stand_even_where_nobody_chose_them():
    counts = joint_counts([[1, 2], [2, 2]], categories=(1, 2, 3))
    assert counts.categories == (1.0, 2.0, 3.0)
    assert counts.item_counts.tolist() == [[1, 1, 0], [0, 2, 0]]


@pytest.mark.parametrize(
    ("X", "options", "said"),
    [
        ([[1, 2], [1, 9]], {"categories": (1, 2)}, "row 2, item 2: 9"),
        ([[1, 2], [1, 9]], {"categories": (1, 2), "names": ("a", "b")}, "row 2, b: 9"),
        ([[1.0, np.inf]], {}, "finite"),
        ([1, 2], {}, "n x k"),
        ([[1, 2]], {"names": ("a",)}, "1 names for 2 items"),
        (np.random.default_rng(1).normal(size=(100, 2)), {}, "measurements"),
    ],
)
def test_what_cannot_be_counted_is_refused(X, options, said):
    with pytest.raises(ValueError, match=said):
        joint_counts(X, **options)


def test_counts_of_different_items_do_not_add_up():
    with pytest.raises(ValueError, match="do not add up"):
        joint_counts([[1, 2]]) + joint_counts([[1, 2, 3]])


def test_counts_print_as_a_table_of_items_by_categories():
    counts = joint_counts([[1, 2], [2, np.nan]], names=("ease", "talk"))
    assert str(counts).splitlines()[2].split() == ["ease", "1", "1", "0"]
    assert "<td>talk</td>" in counts._repr_html_()
