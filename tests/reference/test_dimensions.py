"""KMO, Bartlett, MAP and parallel analysis against psych, and against draws made in R."""

import numpy as np
import pytest

from analysis import bartlett, joint_counts, kmo, minimum_average_partial, parallel_analysis, polychoric
from analysis.estimate import Unavailable

MEASUREMENTS = {"hs1939", "sim_collinear_a", "sim_heywood_a"}
NEARLY_SINGULAR = {"sim_collinear_a": 1e-4}  # what the case allows where R has eigenvalues near 1e-9


def chance_error(ours, draws_of_r):
    """Standard errors of the difference of our eigenvalues of chance from R's: mean and 95 % point.

    The eigenvalues' spread is read off the distance of the 95 % point from the mean, 1.64 standard deviations
    of a normal variable; the density there is .103 over that deviation.
    """
    sd = (ours.reference - ours.mean) / 1.64
    per_root_draw = np.sqrt(1 / ours.draws + 1 / draws_of_r)
    return sd * per_root_draw, sd * np.sqrt(0.95 * 0.05) / 0.103 * per_root_draw


def agree(ours, in_r, case):
    """Whether the numbers kept are equal, or the eigenvalue they differ on lies next to its threshold."""
    if ours.n_factors == in_r:
        return True
    first = min(ours.n_factors, in_r)
    return abs(ours.observed[first] - ours.reference[first]) < case.tolerance["pa_q95"]["abs"]


@pytest.mark.reference("kmo_bartlett")
@pytest.mark.parametrize(("missing", "in_r"), [("complete", "listwise"), ("pairwise", "pairwise")])
def test_sampling_adequacy_and_sphericity_are_those_of_psych(case, missing, in_r):
    adequacy, sphericity = kmo(case.X, missing=missing), bartlett(case.X, missing=missing)
    if case.dataset == "sim_constant_a":
        assert adequacy == sphericity == Unavailable(reason="constant item", detail="item 4")
        return
    if case.dataset == "sim_duplicate_a":  # psych gives .5 and an infinite chi-square
        assert adequacy.reason == sphericity.reason == "singular matrix"
        return
    rel = NEARLY_SINGULAR.get(case.dataset, case.tolerance["rel"])
    assert adequacy.n == sphericity.n == case.get(in_r, "n")
    assert adequacy.value == pytest.approx(case.get(in_r, "MSA"), rel=rel)
    np.testing.assert_allclose(adequacy.items, case.array(in_r, "MSAi"), rtol=rel)
    assert sphericity.chi2 == pytest.approx(case.get(in_r, "bartlett", "chisq"), rel=rel)
    assert sphericity.df == case.get(in_r, "bartlett", "df")
    assert sphericity.p == pytest.approx(case.get(in_r, "bartlett", "p.value"), rel=1e-6, abs=1e-300)


@pytest.mark.reference("kmo_bartlett")
def test_joint_counts_give_the_pairwise_figures(case):
    if case.dataset in MEASUREMENTS:
        with pytest.raises(ValueError, match="measurements"):
            joint_counts(case.X)
        return
    counts = joint_counts(case.X)
    rows, counted = kmo(case.X, missing="pairwise"), kmo(counts)
    if isinstance(rows, Unavailable):
        assert counted.reason == rows.reason
        assert bartlett(counts).reason == rows.reason
        return
    np.testing.assert_allclose(counted.items, rows.items, rtol=1e-10)
    assert bartlett(counts).chi2 == pytest.approx(bartlett(case.X, missing="pairwise").chi2, rel=1e-10)


@pytest.mark.reference("dimensionality")
def test_average_partials_are_those_of_psych(case):
    in_r = case.array("map")
    ours = minimum_average_partial(case.X, missing="pairwise")
    np.testing.assert_allclose(
        ours.squared[1 : len(in_r) + 1], in_r, rtol=0, atol=case.tolerance["map"]["abs"]
    )
    assert ours.n_factors == 1 + np.argmin(in_r)
    if case.has("map_polychoric"):  # the correlations themselves agree to 2e-5 only
        in_r = case.array("map_polychoric")
        ours = minimum_average_partial(polychoric(case.X))
        np.testing.assert_allclose(ours.squared[1 : len(in_r) + 1], in_r, rtol=0, atol=1e-5)


@pytest.mark.reference("dimensionality")
def test_components_and_their_number_are_those_of_r(case):
    ours = parallel_analysis(case.X, missing="pairwise", draws=1000)
    np.testing.assert_allclose(
        ours.observed, case.array("eigen_pearson"), rtol=0, atol=case.tolerance["eigen"]["abs"]
    )
    mean_error, point_error = chance_error(ours, case.get("pa_normal", "iter"))
    np.testing.assert_array_less(np.abs(ours.mean - case.array("pa_normal", "mean")), 5 * mean_error)
    np.testing.assert_array_less(np.abs(ours.reference - case.array("pa_normal", "q95")), 5 * point_error)
    assert agree(ours, case.get("pa_normal", "n_components_q95"), case)
    assert agree(ours, case.get("psych_fa_parallel", "ncomp"), case)


@pytest.mark.reference("dimensionality")
def test_permuted_answers_have_the_eigenvalues_of_permutations_made_in_r(case):
    ours = parallel_analysis(case.X, missing="pairwise", chance="permuted", draws=200)
    mean_error, point_error = chance_error(ours, case.get("pa_permuted", "iter"))
    np.testing.assert_array_less(np.abs(ours.mean - case.array("pa_permuted", "mean")), 5 * mean_error)
    np.testing.assert_array_less(np.abs(ours.reference - case.array("pa_permuted", "q95")), 5 * point_error)


@pytest.mark.reference("dimensionality")
def test_factors_and_their_number_are_those_of_psych(case):
    ours = parallel_analysis(case.X, missing="pairwise", basis="factors", draws=200)
    in_r = case.get("psych_fa_parallel")
    np.testing.assert_allclose(ours.observed, in_r["fa.values"], rtol=0, atol=1e-4)  # minres in R: 1e-4
    mean_error, _ = chance_error(ours, 200)
    np.testing.assert_array_less(np.abs(ours.mean - in_r["fa.sim"]), 5 * mean_error)
    assert agree(ours, in_r["nfact"], case)


@pytest.mark.reference("dimensionality")
def test_polychoric_eigenvalues_are_those_of_lavaan(case):
    if not case.has("eigen_polychoric"):
        assert case.dataset in MEASUREMENTS
        return
    ours = parallel_analysis(case.X, missing="pairwise", correlation="polychoric", draws=20)
    np.testing.assert_allclose(ours.observed, case.array("eigen_polychoric"), rtol=0, atol=1e-5)
    assert ours.draws == 20


@pytest.mark.reference("dimensionality")
def test_polychoric_components_are_counted_against_those_of_shuffled_answers(case):
    """R's counts are of product-moment correlations; so lavaan's eigenvalues meet draws made plainly here."""
    if case.dataset in MEASUREMENTS:
        return
    ours = parallel_analysis(case.X, missing="pairwise", correlation="polychoric")
    rng, draws = np.random.default_rng(7), 20
    chance = []
    for _ in range(draws):
        shuffled = case.X.copy()
        for column in shuffled.T:
            answered = ~np.isnan(column)
            column[answered] = rng.permutation(column[answered])
        chance.append(np.linalg.eigvalsh(polychoric(shuffled, se=False).r)[::-1])
    mean_error, point_error = chance_error(ours, draws)
    point = np.quantile(chance, 0.95, axis=0)
    np.testing.assert_array_less(np.abs(ours.mean - np.mean(chance, axis=0)), 5 * mean_error)
    np.testing.assert_array_less(np.abs(ours.reference - point), 5 * point_error)
    in_r = case.array("eigen_polychoric")
    assert agree(ours, int(np.cumprod(in_r > point).sum()), case)
