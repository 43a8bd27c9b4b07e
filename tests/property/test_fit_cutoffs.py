"""Cut-offs of fit by simulation compared with theory, and what is refused."""

import numpy as np
import pytest
from scipy.stats import chi2

from analysis import confirmatory_factor_analysis, fit_cutoffs
from analysis.estimate import Unavailable

NAMES = [f"i{number}" for number in range(8)]
MODEL = "f =~ i0 + i1 + i2 + i3\ng =~ i4 + i5 + i6 + i7"


def rows(n, seed=1, cross=0.0):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 2)) @ np.linalg.cholesky([[1, 0.4], [0.4, 1]]).T
    loadings = np.zeros((8, 2))
    loadings[:4, 0] = loadings[4:, 1] = 0.7
    loadings[1, 1] = cross
    return factors @ loadings.T + 0.7 * rng.normal(size=(n, 8))


def fitted(X, **how):
    return confirmatory_factor_analysis(X, MODEL, names=NAMES, **how)


def test_the_cutoff_of_rmsea_is_what_chi_square_says_it_is():
    fit = fitted(rows(500))
    found = fit_cutoffs(fit, sets=500)
    rmsea = {each.measure: each for each in found.measures}["rmsea"]
    df = fit.test.df
    theory = np.sqrt(max(chi2.ppf(0.95, df) - df, 0) / (df * 500))
    assert rmsea.cutoff.low - 0.003 <= theory <= rmsea.cutoff.high + 0.003
    assert rmsea.cutoff.low <= rmsea.cutoff.value <= rmsea.cutoff.high
    assert found.sets + found.failed == 500


def test_fewer_rows_allow_a_worse_fit_and_a_wrong_model_is_beyond_it():
    few, many = (fit_cutoffs(fitted(rows(n)), sets=200) for n in (100, 1000))
    for small, large in zip(few.measures, many.measures, strict=True):
        better = small.cutoff.value < large.cutoff.value
        assert better is (small.measure in {"cfi", "tli"})
    wrong = fit_cutoffs(fitted(rows(1000, cross=0.5)), sets=200)
    assert all(each.as_bad < 0.02 for each in wrong.measures)


def test_the_same_seed_says_the_same_and_groups_are_drawn_each_by_itself():
    groups = np.repeat(["a", "b"], 150)
    fit = fitted(rows(300), groups=groups)
    assert str(fit_cutoffs(fit, sets=100)) == str(fit_cutoffs(fit, sets=100))
    assert "cfi" in str(fit_cutoffs(fit, sets=100))


def test_what_has_no_cutoff_says_why():
    X = rows(200)
    assert isinstance(fit_cutoffs(fitted(X, estimator="MLR"), sets=100), Unavailable)
    three = confirmatory_factor_analysis(X[:, :3], "f =~ i0 + i1 + i2", names=NAMES[:3])
    assert "saturated" in fit_cutoffs(three, sets=100).detail
    with pytest.raises(ValueError, match="at least 100"):
        fit_cutoffs(fitted(X), sets=10)
    with pytest.raises(ValueError, match="share"):
        fit_cutoffs(fitted(X), sets=100, share=1.0)
