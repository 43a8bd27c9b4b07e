"""Schmid-Leiman solutions and their omegas against psych::omega."""

import numpy as np
import pytest

from analysis import factor_analysis, omega_hierarchical, polychoric, schmid_leiman

FITS = ("minres_oblimin", "ml_oblimin", "one_factor", "poly_minres_oblimin")


def fitted(case, key):
    data = polychoric(case.X, correct="psych") if key.startswith("poly") else case.X
    m = 1 if key == "one_factor" else case.get("nf")
    method = "ml" if key.startswith("ml") else "minres"
    return omega_hierarchical(data, m, method=method, missing="pairwise")


@pytest.mark.reference("omega_psych")
def test_omegas_are_those_of_psych(case):
    tolerance = {name: bound["abs"] for name, bound in case.tolerance.items()}
    for key in filter(case.has, FITS):
        ours = fitted(case, key)
        assert ours.omega_h == pytest.approx(case.get(key, "omega_h"), abs=tolerance["omega_h"]), key
        assert ours.omega_total == pytest.approx(case.get(key, "omega.tot"), abs=tolerance["omega_tot"]), key
        assert ours.ecv == pytest.approx(case.get(key, "ECV"), abs=tolerance["omega_h"]), key
        if key == "one_factor":  # psych gives one above 1, with a warning that it means nothing
            assert ours.omega_limit is None
            assert ours.puc == 0
        else:
            limit = case.get(key, "omega.lim")
            assert ours.omega_limit == pytest.approx(limit, abs=tolerance["omega_h"]), key


@pytest.mark.reference("omega_psych")
def test_schmid_leiman_loadings_are_those_of_psych(case):
    tolerance = case.tolerance["loadings"]["abs"]
    for key in filter(case.has, FITS):
        ours, reference = fitted(case, key).solution, case.array(key, "sl")
        np.testing.assert_allclose(ours.general, reference[:, 0], rtol=0, atol=tolerance)
        groups = reference[:, 1:-3]
        best = np.abs(ours.groups.T @ groups).argmax(axis=0) if groups.any() else np.zeros(1, int)
        np.testing.assert_allclose(np.abs(ours.groups[:, best]), np.abs(groups), rtol=0, atol=tolerance)
        communalities = ours.first_order.communalities
        np.testing.assert_allclose(communalities, reference[:, -3], rtol=0, atol=tolerance)


@pytest.mark.reference("omega_psych")
def test_omegas_of_the_groups_are_those_of_psych(case):
    ours, in_r = fitted(case, "minres_oblimin"), case.get("minres_oblimin", "omega.group")
    for field in ("total", "general", "group"):
        mine = sorted(getattr(group, field) for group in ours.groups)
        assert mine == pytest.approx(sorted(in_r[field][1:]), abs=case.tolerance["omega_h"]["abs"])


@pytest.mark.reference("omega_psych")
def test_notes_say_what_limits_the_solution(case):
    two = any("do not identify" in note for note in fitted(case, "minres_oblimin").solution.notes)
    assert two == (case.get("nf") == 2)
    against = [note for note in fitted(case, "one_factor").solution.notes if "against" in note]
    assert bool(against) == bool((case.array("one_factor", "sl")[:, 0] < 0).any())


def test_a_known_hierarchy_is_found_again():
    group = np.kron(np.eye(3), np.full((3, 1), 0.5))
    general = np.array([0.7, 0.65, 0.6] * 3)[:, None]
    pattern = np.hstack([general, group * general / 0.7])
    R = pattern @ pattern.T
    np.fill_diagonal(R, 1)
    solution = schmid_leiman(R, 3, n=500)
    np.testing.assert_allclose(solution.general, pattern[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        np.sort(solution.groups.sum(axis=0)), np.sort(pattern[:, 1:].sum(axis=0)), atol=1e-6
    )
    assert factor_analysis(R, 3, n=500).heywood == ()
