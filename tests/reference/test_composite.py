"""Figures of loadings against semTools and a published table."""

import pytest

from analysis.factor_models.one_factor import one_factor
from analysis.moments import moments
from analysis.reliability.composite import (
    average_variance_extracted,
    composite_reliability,
    maximal_reliability,
)

# Nelson et al. (2019), BMC Public Health 19:1046: loadings, composite reliability, variance extracted.
PUBLISHED = [
    ((0.353, 0.388, 0.894, 0.624), 0.668, 0.366),
    ((0.419, 0.473, 0.790, 0.680), 0.689, 0.371),
    ((0.475, 0.792, 0.519, 0.941), 0.789, 0.502),
    ((0.646, 0.891, 0.877, 0.974), 0.915, 0.732),
]


@pytest.mark.parametrize(("loadings", "reliability", "extracted"), PUBLISHED)
def test_published_composite_reliabilities_come_out_again(loadings, reliability, extracted):
    assert round(composite_reliability(loadings), 3) == reliability
    assert round(average_variance_extracted(loadings), 3) == extracted


@pytest.mark.reference("omega_sem_ml", datasets=("bfi_agree", "bfi_consc"))
def test_figures_of_a_one_factor_fit_equal_semtools(case):
    fit = one_factor(moments(case.X).covariance)
    within = {"abs": case.tolerance["abs"], "rel": 0}
    extracted = average_variance_extracted(fit.loadings, fit.uniquenesses)
    assert extracted == pytest.approx(case.get("AVE", "F"), **within)
    best = maximal_reliability(fit.loadings, fit.uniquenesses)
    assert best == pytest.approx(case.get("maximalRelia"), **within)
