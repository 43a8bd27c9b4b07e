"""Response models beside mirt and ltm, the precision of sums beside its closed form.

Data of the bfi are complete rows, as in the figures. Where R's figure is not that of its own definition, the
definition is computed here in another way.
"""

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest

from analysis.item_response.category_curves import category_curves
from analysis.item_response.graded_response import graded_response
from analysis.item_response.information import information, marginal_reliability
from analysis.item_response.item_fit import s_x2
from analysis.item_response.limited_information import limited_fit
from analysis.item_response.partial_credit import partial_credit
from analysis.item_response.scoring import empirical_reliability, person_scores
from analysis.item_response.sum_scores import sum_scores
from tests.reference.conftest import cases, load

MODELS = {
    "graded": graded_response,
    "2PL": graded_response,
    "gpcm": partial_credit,
    "Rasch": functools.partial(partial_credit, slopes="equal"),
}
FITTED = [
    (case, kind) for case in cases("irt") for kind in MODELS if case.has(kind, "logLik")
]  # every model of every data set
# mirt stops 2e-3 of log-likelihood below its maximum here, and its points end at 6, 3.7 standard deviations.
WORSE = ("sim_binary_a", "Rasch")
each_model = pytest.mark.parametrize(("case", "kind"), FITTED, ids=[f"{c.dataset}-{k}" for c, k in FITTED])


@functools.cache
def answers(dataset):
    X, _ = load(dataset)
    rows = ~np.isnan(X).any(axis=1) if dataset.startswith("bfi") else ~np.isnan(X).all(axis=1)
    return X[rows]


@functools.cache
def fitted(dataset, kind):
    return MODELS[kind](answers(dataset))


def log_likelihood(family, slopes, intercepts, sd, X, *, points=2001, end=10.0):
    """Log-likelihood by a finer rule than any program's: rows one by one, logarithms added."""
    nodes = np.linspace(-end, end, points)
    weights = np.exp(-(nodes**2) / 2)
    P = category_curves(family, slopes, intercepts, sd * nodes).probability
    total = np.tile(np.log(weights / weights.sum()), (len(X), 1))
    for j, column in enumerate(X.T):
        given = ~np.isnan(column)
        codes = np.searchsorted(np.unique(column[given]), column[given])
        total[given] += np.log(P[j])[codes]
    most = total.max(axis=1)
    return float((most + np.log(np.exp(total - most[:, None]).sum(axis=1))).sum())


def mirt_intercepts(case, kind):
    """The slopes and intercepts of mirt, k and k x (C - 1), and its standard deviation of θ."""
    matrix, names = case.array(kind, "slope_intercept"), case.get(kind, "slope_intercept")["cols"]
    wanted = [j for j, name in enumerate(names) if name.startswith("d") and name != "d0"]
    return matrix[:, names.index("a1")], matrix[:, wanted]


def mirt_errors(case, kind):
    """Standard errors of mirt in the order of ours: one slope and its intercepts an item."""
    found = []
    for item in case.get(kind, "se_slope_intercept").values():
        errors = dict(zip(item["cols"], item["matrix"][1], strict=True))
        found.append((errors["a1"], [e for name, e in errors.items() if name[0] == "d" and name != "d0"]))
    return found


@each_model
def test_estimates_and_likelihood_are_those_of_mirt(case, kind):
    ours, tolerance = fitted(case.dataset, kind), case.tolerance
    theirs = case.array(kind, "irt_pars")
    assert ours.parameters == case.get(kind, "nest")
    assert ours.log_likelihood > case.get(kind, "logLik") - 1e-4
    if (case.dataset, kind) == WORSE:
        return
    assert ours.log_likelihood == pytest.approx(case.get(kind, "logLik"), abs=tolerance["logLik"]["abs"])
    assert ours.aic == pytest.approx(case.get(kind, "AIC"), abs=2 * tolerance["logLik"]["abs"])
    assert ours.bic == pytest.approx(case.get(kind, "BIC"), abs=2 * tolerance["logLik"]["abs"])
    np.testing.assert_allclose(ours.slopes, theirs[:, 0], rtol=0, atol=tolerance["a"]["abs"])
    b = theirs[:, 1 : 1 + ours.thresholds.shape[1]]
    assert (np.isnan(b) == np.isnan(ours.thresholds)).all()
    # The note of the figures: thresholds of rarely used categories, |b| above 4, to 2e-3 of their size.
    room = np.where(np.abs(b) < 4, tolerance["b"]["abs"], 2e-3 * np.abs(b))
    assert (np.abs(ours.thresholds - b) <= room)[~np.isnan(b)].all()


@each_model
def test_our_estimates_are_at_the_better_likelihood_by_a_finer_rule(case, kind):
    ours, X = fitted(case.dataset, kind), answers(case.dataset)
    slopes, intercepts = mirt_intercepts(case, kind)
    sd = np.sqrt(case.array(kind, "group_pars", "cov")[0, 0])
    fine = log_likelihood(ours.family, ours.slopes, ours.intercepts, ours.sd, X)
    assert fine == pytest.approx(ours.log_likelihood, abs=5e-4)
    assert fine >= log_likelihood(ours.family, slopes, intercepts, sd, X) - 1e-7


@each_model
def test_standard_errors_are_those_of_mirt(case, kind):
    ours, tolerance = fitted(case.dataset, kind), case.tolerance["se"]["rel"]
    for j, (slope, intercepts) in enumerate(mirt_errors(case, kind)):
        np.testing.assert_allclose(ours.intercepts_se[j, : len(intercepts)], intercepts, rtol=tolerance)
        if kind == "Rasch":
            assert np.isnan(ours.slopes_se[j])
        else:
            assert ours.slopes_se[j] == pytest.approx(slope, rel=tolerance)
    if kind == "Rasch":
        variance, error = (row[1] for row in case.array(kind, "se_group"))
        assert 2 * ours.sd * ours.sd_se == pytest.approx(error, rel=tolerance)
        assert ours.sd**2 == pytest.approx(variance, rel=tolerance)


@each_model
def test_information_and_expected_answers_are_those_of_mirt(case, kind):
    ours, theta = fitted(case.dataset, kind), case.array(kind, "theta_grid")
    found = information(ours, theta)
    tolerance = case.tolerance["testinfo"]["rel"]
    np.testing.assert_allclose(found.test, case.array(kind, "test_information"), rtol=tolerance)
    # mirt numbers the categories that occur from the lowest answer on, without gaps.
    numbered = replace(
        ours, categories=tuple(tuple(range(int(c[0]), int(c[0]) + len(c))) for c in ours.categories)
    )
    expected = information(numbered, theta).expected
    np.testing.assert_allclose(expected, case.array(kind, "expected_test"), rtol=tolerance)
    if kind != "Rasch":  # mirt weighs by a standard normal θ whatever its variance is
        assert marginal_reliability(ours) == pytest.approx(case.get(kind, "marginal_rxx"), abs=1e-4)


@each_model
def test_scores_are_those_of_mirt(case, kind):
    ours, X = fitted(case.dataset, kind), answers(case.dataset)
    eap = person_scores(ours, X)
    theirs, tolerance = case.array(kind, "EAP_first60"), case.tolerance["EAP"]["abs"]
    if (case.dataset, kind) != WORSE:
        np.testing.assert_allclose(eap.theta[:60], theirs[:, 0], rtol=0, atol=tolerance)
        np.testing.assert_allclose(eap.se[:60], theirs[:, 1], rtol=0, atol=tolerance)
        rxx = case.get(kind, "empirical_rxx")
        rxx = rxx["F1"] if isinstance(rxx, dict) else rxx
        assert empirical_reliability(eap) == pytest.approx(rxx, abs=tolerance)
        of_mode = case.array(kind, "MAP_first60")
        mode = person_scores(ours, X, method="map")
        np.testing.assert_allclose(mode.theta[:60], of_mode[:, 0], rtol=0, atol=tolerance)
    ml, theirs = person_scores(ours, X, method="ml"), case.array(kind, "ML_first60")
    finite = np.isfinite(theirs[:, 0])
    assert (np.isfinite(ml.theta[:60]) == finite).all()
    assert (np.sign(ml.theta[:60]) == np.sign(theirs[:, 0]))[~finite].all()
    # As for the parameters they are made of: b to 3e-3.
    room = {"rtol": 0, "atol": 5e-3 if (case.dataset, kind) == WORSE else 1e-3}
    np.testing.assert_allclose(ml.theta[:60][finite], theirs[finite, 0], **room)
    np.testing.assert_allclose(ml.se[:60][finite], theirs[finite, 1], rtol=case.tolerance["se"]["rel"])


def test_where_mirt_stops_before_its_maximum_ours_is_higher_by_its_own_rule():
    (case,) = (each for each in cases("irt") if each.dataset == WORSE[0])
    ours, (slopes, intercepts) = fitted(*WORSE), mirt_intercepts(case, WORSE[1])
    sd = np.sqrt(case.array(WORSE[1], "group_pars", "cov")[0, 0])

    def by_its_rule(a, d, spread):  # 61 points from -6 to 6 in units of θ, however far θ spreads
        return log_likelihood("adjacent", a, d, spread, answers(WORSE[0]), points=61, end=6 / spread)

    theirs = by_its_rule(slopes, intercepts, sd)
    assert theirs == pytest.approx(case.get(WORSE[1], "logLik"), abs=1e-6)
    assert by_its_rule(ours.slopes, ours.intercepts, ours.sd) > theirs + 1e-3


def test_where_mirt_cuts_the_population_off_ours_is_the_posterior_mean():
    ours, X = fitted(*WORSE), answers(WORSE[0])[:60]
    nodes = np.linspace(-20, 20, 8001)
    P = category_curves(ours.family, ours.slopes, ours.intercepts, nodes).probability
    posterior = np.exp(-((nodes / ours.sd) ** 2) / 2) * np.prod(
        [P[j, X[:, j].astype(int)] for j in range(ours.k)], axis=0
    )
    posterior /= posterior.sum(axis=1, keepdims=True)
    found = person_scores(ours, X)
    np.testing.assert_allclose(found.theta, posterior @ nodes, atol=1e-6)


@each_model
def test_item_fit_is_that_of_mirt(case, kind):
    if case.dataset == "sim_missing_a":  # mirt refuses
        assert not case.has(kind, "itemfit_SX2")
        return
    found = s_x2(fitted(case.dataset, kind), answers(case.dataset))
    rel = case.tolerance["SX2"]["rel"]
    assert [item.df for item in found] == case.get(kind, "itemfit_SX2", "df.S_X2")
    np.testing.assert_allclose(
        [item.chi2 for item in found], case.array(kind, "itemfit_SX2", "S_X2"), rtol=rel
    )
    theirs = case.array(kind, "itemfit_SX2", "p.S_X2")
    np.testing.assert_allclose([item.p for item in found], theirs, atol=rel, rtol=rel)


def by_enumeration(model, X):
    """C2 by its definition, over every pattern of answers that there is."""
    points, weights = model.points()
    codes = np.array(list(itertools.product(*(range(size) for size in model.sizes))))

    def patterns(slopes, intercepts, sd):
        P = category_curves(model.family, slopes, intercepts, sd * points / model.sd).probability
        return np.prod([P[j, codes[:, j]] for j in range(model.k)], axis=0) @ weights

    pairs = list(itertools.combinations(range(model.k), 2))
    moments = np.column_stack(
        [codes[:, j] == c for j, size in enumerate(model.sizes) for c in range(1, size)]
        + [codes[:, i] * codes[:, j] for i, j in pairs]
    ).astype(float)
    shares = patterns(model.slopes, model.intercepts, model.sd)
    expected = shares @ moments
    covariance = (moments.T * shares) @ moments - np.outer(expected, expected)
    moves, step = [], 1e-5
    for j, size in enumerate(model.sizes):
        for slot in range(0 if model.free_slopes else 1, size):
            ends = []
            for h in (step, -step):
                a, d = model.slopes.copy(), model.intercepts.copy()
                if slot == 0:
                    a[j] += h
                else:
                    d[j, slot - 1] += h
                ends.append(patterns(a, d, model.sd) @ moments)
            moves.append((ends[0] - ends[1]) / (2 * step))
    if not model.free_slopes:
        up, down = (patterns(model.slopes, model.intercepts, model.sd + h) @ moments for h in (step, -step))
        moves.append((up - down) / (2 * step))
    lowest = [c[0] for c in model.categories]
    seen = X - lowest
    observed = np.concatenate(
        [
            [np.mean(seen[:, j] == c) for j, size in enumerate(model.sizes) for c in range(1, size)],
            [np.mean(seen[:, i] * seen[:, j]) for i, j in pairs],
        ]
    )
    e, delta, inverse = observed - expected, np.array(moves).T, np.linalg.inv(covariance)
    middle = inverse - inverse @ delta @ np.linalg.solve(delta.T @ inverse @ delta, delta.T @ inverse)
    return len(X) * e @ middle @ e


# In the others mirt's figure is not that of the definition: see the tests after this one.
LIMITED = [(c, k) for c, k in FITTED if k != "gpcm" and c.dataset != "sim_missing_a"]


@pytest.mark.parametrize(("case", "kind"), LIMITED, ids=[f"{c.dataset}-{k}" for c, k in LIMITED])
def test_limited_information_fit_is_that_of_mirt(case, kind):
    found = limited_fit(fitted(case.dataset, kind), answers(case.dataset))
    theirs, rel = case.get(kind, "M2"), case.tolerance["M2"]["rel"]
    assert found.df == theirs["df"]
    assert found.chi2 == pytest.approx(theirs["M2"], rel=rel)
    assert found.p == pytest.approx(theirs["p"], rel=rel, abs=1e-6)
    assert found.rmsea == pytest.approx(theirs["RMSEA"], rel=rel, abs=1e-6)
    # The limits of mirt are by a search that ends at 1e-4 or so.
    assert found.rmsea_low == pytest.approx(theirs["RMSEA_5"], rel=rel, abs=3e-4)
    assert found.rmsea_high == pytest.approx(theirs["RMSEA_95"], rel=rel, abs=3e-4)
    assert found.srmsr == pytest.approx(theirs["SRMSR"], rel=rel)
    assert found.cfi == pytest.approx(theirs["CFI"], rel=rel)
    assert found.tli == pytest.approx(theirs["TLI"], rel=rel)


@pytest.mark.parametrize("kind", ["graded", "gpcm", "Rasch"])
def test_limited_information_fit_is_its_definition(kind):
    model, X = fitted("science", kind), answers("science")
    assert limited_fit(model, X).chi2 == pytest.approx(by_enumeration(model, X), rel=1e-6)


@pytest.mark.parametrize("dataset", ["bfi_agree", "bfi_consc", "science", "sim_floor_a"])
def test_of_the_partial_credit_model_mirt_agrees_in_all_but_its_own_c2(dataset):
    (case,) = (each for each in cases("irt") if each.dataset == dataset)
    found, theirs = limited_fit(fitted(dataset, "gpcm"), answers(dataset)), case.get("gpcm", "M2")
    assert found.df == theirs["df"]
    assert found.srmsr == pytest.approx(theirs["SRMSR"], abs=1e-5)
    assert found.null_chi2 == pytest.approx(_null(theirs), rel=case.tolerance["M2"]["rel"])
    assert found.chi2 >= theirs["M2"] * 0.999


def _null(theirs):
    """The statistic of unrelated items that lies behind R's CFI and TLI."""
    per_df = (theirs["M2"] / theirs["df"] - theirs["TLI"]) / (1 - theirs["TLI"])
    df_null = (
        (theirs["M2"] - theirs["df"]) / (1 - theirs["CFI"]) / (per_df - 1) if theirs["CFI"] < 1 else None
    )
    return per_df * (28 if df_null is None else round(df_null))


def test_where_answers_are_missing_moments_count_whom_they_have():
    (case,) = (each for each in cases("irt") if each.dataset == "sim_missing_a")
    X, theirs = answers("sim_missing_a"), case.get("graded", "M2")
    found = limited_fit(fitted("sim_missing_a", "graded"), X)
    assert (found.df, found.n) == (theirs["df"], len(X))
    assert found.srmsr == pytest.approx(theirs["SRMSR"], rel=1e-3)  # the same moments
    # R takes the residuals for those of 397 people each, though a tenth of the answers are missing: its p is
    # 2e-5 on answers that were made by this very model. See the simulation tier for the size of ours.
    assert theirs["p"] < 1e-4
    assert found.p > 0.05


@pytest.mark.reference("irt_ltm")
def test_estimates_are_those_of_ltm(case):
    tolerance = case.tolerance
    for name, kind in (("grm", "graded"), ("gpcm", "gpcm"), ("twopl", "2PL")):
        if not case.has(name):
            continue
        ours = fitted(case.dataset, kind)
        assert ours.log_likelihood == pytest.approx(case.get(name, "logLik"), abs=tolerance["logLik"])
        theirs = case.array(name, "coef")
        own = np.column_stack([ours.thresholds, ours.slopes])
        np.testing.assert_allclose(own, theirs, rtol=0, atol=tolerance["abs"])
    if case.has("rasch_estimated_discrimination"):
        ours = fitted(case.dataset, "Rasch")
        theirs = case.array("rasch_estimated_discrimination", "coef")
        assert ours.log_likelihood == pytest.approx(
            case.get("rasch_estimated_discrimination", "logLik"), abs=tolerance["logLik"]
        )
        np.testing.assert_allclose(
            ours.thresholds[:, 0] / ours.sd, theirs[:, 0], rtol=0, atol=tolerance["abs"]
        )
        np.testing.assert_allclose(ours.sd, theirs[:, 1], rtol=0, atol=tolerance["abs"])


@pytest.mark.reference("score_precision")
@pytest.mark.parametrize("own", [False, True], ids=["given", "own fit"])
def test_precision_of_sums_is_its_closed_form(case, own):
    model = fitted(case.dataset, "graded")
    lowest = int(case.get("lowest_category"))
    model = replace(model, categories=tuple(tuple(range(lowest, lowest + size)) for size in model.sizes))
    if own:
        room = {"rtol": case.tolerance["own_fit"]["rel"], "atol": 1e-3}
    else:
        given = case.array("irt_pars")
        model = replace(model, slopes=given[:, 0], intercepts=-given[:, :1] * given[:, 1:])
        room = {"rtol": case.tolerance["given_pars"]["rel"], "atol": case.tolerance["given_pars"]["abs"]}
    sums, along = sum_scores(model), information(model, case.array("theta"))
    for ours, *name in (
        (sums.value, "sum_score"),
        (sums.probability, "probability"),
        (sums.eap, "eap_sum"),
        (sums.posterior_sd, "posterior_sd_sum"),
        (sums.posterior_se, "csem_posterior_mean"),
        (sums.theta, "theta_at_expected_sum"),
        (sums.conditional_se, "csem_at_expected_sum"),
        (along.expected, "expected_sum"),
        (along.conditional_se, "csem_sum"),
        (along.slope, "slope_expected_sum"),
        (along.test, "test_information"),
        (along.se, "se_theta"),
        (along.conditional_se / along.slope, "se_theta_from_sum_score"),
        (sums.mean, "population", "mean"),
        (sums.true_variance, "population", "true_variance"),
        (sums.error_variance, "population", "error_variance"),
        (sums.reliability, "population", "reliability_sum"),
        (sums.reliability_eap, "population", "reliability_eap_sum"),
        (sums.mean_se, "population", "mean_csem"),
    ):
        np.testing.assert_allclose(ours, case.array(*name), err_msg=str(name), **room)
