"""Invariance as lavaan and semTools compute it: every step, its fit, and the tests between steps."""

import csv

import numpy as np
import pytest

from analysis.invariance.difference_tests import Difference
from analysis.invariance.multigroup import measurement_invariance
from tests.reference.conftest import OPEN
from tests.reference.test_confirmatory import compare


def grouped(case):
    """Return the rows without holes in any column, as R was given them, and their groups.

    lavaan takes groups in the order in which they appear, we in sorted order: hence the number before a name.
    """
    with (OPEN / f"{case.dataset}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    met = list(dict.fromkeys(row[case.get("group")] for row in rows))
    groups = np.array([f"{met.index(row[case.get('group')])} {row[case.get('group')]}" for row in rows])
    complete = ~np.isnan(case.X).any(axis=1)
    return case.X[complete], groups[complete]


def check_difference(step, theirs, place, rel):
    if place == 0:
        assert step.difference is None
        return
    assert isinstance(step.difference, Difference)
    assert step.difference.df == theirs["Df diff"][place]
    np.testing.assert_allclose(step.difference.value, theirs["Chisq diff"][place], rtol=rel)
    np.testing.assert_allclose(step.difference.p, theirs["Pr(>Chisq)"][place], rtol=0.01, atol=1e-6)


@pytest.mark.reference("invariance_ml")
@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_continuous(case, estimator):
    X, groups = grouped(case)
    ladder = measurement_invariance(X, case.get("model"), groups, names=case.names, estimator=estimator)
    scaled = case.tolerance["scaled_chisq" if estimator == "MLR" else "chisq"]["rel"]
    assert [step.name for step in ladder.steps] == ["configural", "metric", "scalar", "strict"]
    for place, step in enumerate(ladder.steps):
        compare(step.fit, case.get(estimator, step.name), case.tolerance)
        check_difference(step, case.get(f"{estimator}_LRT"), place, scaled)


@pytest.mark.reference("invariance_ordinal", "invariance_ordinal_AC")
def test_ordered(case):
    X, groups = grouped(case)
    ladder = measurement_invariance(X, case.get("model"), groups, names=case.names, ordered=True)
    for place, name in enumerate(("configural", "thresholds", "metric", "scalar")):
        compare(ladder[name].fit, case.get("wu_estabrook_theta", name), case.tolerance)
        check_difference(
            ladder[name], case.get("wu_estabrook_LRT"), place, case.tolerance["scaled_chisq"]["rel"]
        )
    # What lavaan 0.6-14 calls equal thresholds and loadings has intercepts equal as well: the scalar model.
    for scale in ("delta", "theta"):
        theirs = case.get(f"WLSMV_{scale}", "thresholds_loadings", "fit_measures")
        ours = ladder["scalar"].fit.fit
        for name in ("chisq", "df", "chisq.scaled", "npar"):
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-3 if "scaled" in name else 1e-4)
