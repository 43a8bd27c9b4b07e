"""Item selection and monotonicity compared with R's mokken."""

import numpy as np
import pytest

from analysis.estimate import Unavailable
from analysis.item_response.mokken_selection import Monotonicity, mokken_scales, monotonicity


@pytest.mark.reference("mokken")
def test_items_are_sorted_into_the_scales_that_aisp_finds(case):
    ours = mokken_scales(case.X, names=case.names)
    if not case.has("aisp"):
        assert ours.reason == "constant item"
        return
    assert ours.n == case.get("n")
    if case.dataset == "sim_tiny_a":  # 12 people: no pair is significant, aisp has none either
        assert set(ours.scales) == {0}
    assert list(ours.scales) == [int(scale) for (scale,) in case.get("aisp", "matrix")]


@pytest.mark.reference("mokken")
def test_steps_rise_with_the_rest_score_where_mokken_says_so(case):
    ours = monotonicity(case.X, names=case.names)
    if not case.has("monotonicity"):
        assert isinstance(ours, Unavailable)
        assert ours.reason == "too few rows"
        return
    r = case.get("monotonicity")
    for item, row in zip(ours, r["matrix"], strict=True):
        there = dict(zip(r["cols"], [np.nan if v in {None, "NaN"} else v for v in row], strict=True))
        if isinstance(item, Unavailable):
            assert (item.reason, np.isnan(there["ItemH"])) == ("constant item", True)
            continue
        # mokken's summary has two digits, the mean violation four.
        assert [item.comparisons, item.violations, item.significant, item.criterion] == [
            there[name] for name in ("#ac", "#vi", "#zsig", "crit")
        ]
        for value, name in ((item.h, "ItemH"), (item.largest, "maxvi"), (item.sum, "sum"), (item.z, "zmax")):
            assert value == pytest.approx(there[name], abs=0.005 + 1e-9)
        assert item.per_comparison == pytest.approx(there["sum/#ac"], abs=5e-5 + 1e-9, nan_ok=True)


def test_an_item_against_the_order_is_seen():
    rng = np.random.default_rng(0)
    trait = rng.normal(size=(600, 1))
    X = (trait + rng.normal(size=(600, 5)) > np.array([-0.5, 0, 0, 0.5, 0.2])).astype(float)
    X[:, 2] = 1 - X[:, 2]
    fair, odd = monotonicity(X)[0], monotonicity(X)[2]
    assert isinstance(odd, Monotonicity)
    assert (fair.violations, fair.criterion) == (0, 0)
    assert odd.significant > 0
    assert odd.criterion > 80
    assert sum(people for _, _, people, _ in odd.groups) == 600
