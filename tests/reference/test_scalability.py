"""Scalability coefficients and their standard errors compared with R's mokken."""

import numpy as np
import pytest

from analysis.counts.joint import joint_counts
from analysis.estimate import Unavailable
from analysis.item_response.mokken import mokken_scalability


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


@pytest.mark.reference("mokken")
def test_scalability_of_items_pairs_and_scale_is_that_of_mokken(case):
    ours = mokken_scalability(case.X)
    if not case.has("with_se", "H"):
        assert ours == Unavailable(reason="constant item", detail=ours.detail)
        return
    H, se = case.tolerance["H"]["abs"], case.tolerance["se"]["rel"]
    assert ours.n == case.get("n")
    np.testing.assert_allclose(ours.items.value, case.array("Hi"), rtol=0, atol=H)
    np.testing.assert_allclose(
        off_diagonal(ours.pairs.value), off_diagonal(case.array("Hij")), rtol=0, atol=H
    )
    assert ours.scale.value == pytest.approx(case.get("H"), abs=H)
    # R leaves 2e-84 where an item is a copy of another; ours is zero.
    np.testing.assert_allclose(ours.items.se, case.array("with_se", "se.Hi").ravel(), rtol=se, atol=1e-12)
    np.testing.assert_allclose(
        off_diagonal(ours.pairs.se), off_diagonal(case.array("with_se", "se.Hij")), rtol=se, atol=1e-12
    )
    assert ours.scale.se == pytest.approx(case.get("with_se", "se.H"), rel=se)


@pytest.mark.reference("mokken")
def test_joint_counts_of_complete_rows_give_the_same_but_for_what_needs_rows(case):
    complete = case.X[~np.isnan(case.X).any(axis=1)]
    whole, counted = mokken_scalability(complete), mokken_scalability(joint_counts(complete))
    if isinstance(whole, Unavailable):
        assert counted == whole
        return
    np.testing.assert_array_equal(counted.pairs.se, whole.pairs.se)
    np.testing.assert_array_equal(counted.items.value, whole.items.value)
    assert (counted.items.se, counted.scale.se) == (None, None)
