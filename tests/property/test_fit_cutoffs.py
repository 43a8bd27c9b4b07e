"""Cut-offs of fit by simulation compared with theory, and what is refused."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from analysis import confirmatory_factor_analysis, fit_cutoffs
from analysis.estimate import Unavailable
from analysis.factor_models.confirmatory.fit_cutoffs import PLANTED, _rows
from analysis.report.structure_report import cutoffs_section

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


# ---- ordered items ----


def ordered(n, **how):
    """The same people, who answer in four categories, the lowest of them seldom."""
    return np.digitize(rows(n, **how), [-1.2, 0.0, 1.0]).astype(float)


def fitted_in_order(X):
    return fitted(X, estimator="WLSMV", ordered=True)


def test_ordered_answers_are_drawn_as_the_model_has_them():
    """Against the normal variables behind them: shares by the thresholds, and pairs by what was planted."""
    [implied] = fitted_in_order(ordered(500)).solution.implied
    pairs = ((0, 4),)
    drawn = _rows(implied, pairs, 40_000, np.random.default_rng(1))
    expected = [norm.cdf(t) for t in implied.thresholds]
    for item in range(8):
        cuts = np.array(expected)[implied.structure.threshold_item == item]
        found = np.array([(drawn[:, item] <= each).mean() for each in range(3)])
        assert found == pytest.approx(cuts, abs=0.01)
    apart = np.sqrt(implied.residual_variance[0] * implied.residual_variance[4])
    again = fitted_in_order(drawn[:4_000]).solution
    gap = again.statistics[0][24:] - implied.correlation[np.triu_indices(8, 1)]
    assert gap[3] == pytest.approx(PLANTED * apart, abs=0.06)
    assert np.abs(np.delete(gap, 3)).max() < 0.07


def test_cutoffs_of_ordered_answers_are_those_of_their_own_estimator():
    """The scaled test follows chi-square, so the cut-off of RMSEA is near what that says."""
    fit = fitted_in_order(ordered(500))
    found = fit_cutoffs(fit, sets=100)
    rmsea = {each.measure: each for each in found.measures}["rmsea"]
    df = fit.test.df
    theory = np.sqrt(max(chi2.ppf(0.95, df) - df, 0) / (df * 500))
    assert rmsea.observed == fit.best("rmsea")
    assert rmsea.cutoff.low - 0.01 <= theory <= rmsea.cutoff.high + 0.01
    assert (found.estimator, found.sets + found.failed, found.wrong) == ("WLSMV", 100, 100)
    assert found.planted == (("i0", "i4"), ("i3", "i7"))
    assert str(fit_cutoffs(fit, sets=100)) == str(found)


def test_a_cutoff_notices_a_wrong_model_where_there_are_many_rows_and_seldom_where_there_are_few():
    few, many = (fit_cutoffs(fitted(rows(n)), sets=100) for n in (60, 1000))
    for small, large in zip(few.measures, many.measures, strict=True):
        assert small.noticed < 0.5, small.measure
        assert large.noticed > 0.95, small.measure


def test_the_section_tells_the_usual_cutoff_beside_its_own_and_how_far_it_has_come():
    steps = []
    usual = {"cfi": "at least 0.95 (a source)"}
    section = cutoffs_section(
        fitted(rows(200)), sets=100, progress=lambda *each: steps.append(each), conventional=usual
    )
    [table] = section.tables
    assert [row[2] for row in table.rows] == ["at least 0.95 (a source)", "none", "none", "none"]
    assert "SIMULATED" in section.reading
    assert "i0 with i4" in section.reading
    assert steps == [(done, 200) for done in range(200)]


def test_what_has_no_cutoff_says_why():
    X = rows(200)
    assert isinstance(fit_cutoffs(fitted(X, estimator="MLR"), sets=100), Unavailable)
    three = confirmatory_factor_analysis(X[:, :3], "f =~ i0 + i1 + i2", names=NAMES[:3])
    assert "saturated" in fit_cutoffs(three, sets=100).detail
    with pytest.raises(ValueError, match="at least 100"):
        fit_cutoffs(fitted(X), sets=10)
    with pytest.raises(ValueError, match="share"):
        fit_cutoffs(fitted(X), sets=100, share=1.0)
