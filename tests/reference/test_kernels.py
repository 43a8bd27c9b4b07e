"""What the comparison of kernels must notice; `python -m tests.reference.kernels` makes it."""

import numpy as np
import pytest

from analysis.estimate import Estimate, Unavailable
from tests.reference.kernels import Kernel, changed, differences, flat, needed


def test_one_kernel_is_too_few_and_says_so():
    with pytest.raises(SystemExit, match="Only the kernel Haswell runs on this processor"):
        needed([Kernel("Haswell")])
    assert len(needed([Kernel("Haswell"), Kernel("Nehalem")])) == 2


def test_figures_are_compared_absolutely_or_relatively_and_none_is_passed_over():
    one = {"small": 0.5, "large": 1e6, "reason": "too few rows", "none": np.nan, "gone": 1.0}
    same = {**one, "small": 0.5 + 9e-11, "large": 1e6 + 9e-5}
    largest, lines = differences(one, same)
    assert largest == pytest.approx(9e-11, rel=1e-3)
    assert lines == []
    other = {"small": 0.5 + 2e-10, "large": 1e6 + 2e-4, "reason": "no variance", "none": 0.0, "new": 1.0}
    assert {line.split(":")[0] for line in differences(one, other)[1]} == {*one, "new"}


def test_every_number_and_reason_of_a_result_is_compared():
    found = Estimate(value=0.5, low=0.25, high=None, n=10, k=2, method="alpha")
    refused = Unavailable(reason="no variance")
    paths = dict(flat("alpha", {"a": found, "b": [refused, np.array([[1, 2]])]}))
    assert paths["alpha, a, low"] == 0.25
    assert paths["alpha, b 0, reason"] == "no variance"
    assert paths["alpha, b 1 [0, 1]"] == 2


def test_reports_are_compared_line_by_line():
    assert changed("alpha 0.800\nomega", "alpha 0.800\nomega") == []
    found = changed("alpha 0.800", "alpha 0.801\nomega")
    assert found == ["'alpha 0.800' and 'alpha 0.801'", "'' and 'omega'"]
