"""Indices of careless answering compared with R's careless."""

import numpy as np
import pytest

from analysis.estimate import Unavailable
from analysis.response_quality.careless import careless_indices


def same(ours, theirs, within):
    """Equal wherever ours is defined; there R has a figure too, and never the other way round."""
    defined = ~np.isnan(ours)
    assert defined.sum() > 0.9 * len(ours)
    np.testing.assert_allclose(ours[defined], theirs[defined], rtol=0, atol=within)


@pytest.mark.reference("careless")
def test_indices_are_those_of_careless(case):
    within = case.tolerance["abs"]
    ours = careless_indices(case.X, scales=case.get("scales"), parts=2)
    np.testing.assert_array_equal(ours.longstring, case.array("longstring", "longstr"))
    np.testing.assert_allclose(ours.average_string, case.array("longstring", "avgstr"), atol=within)
    np.testing.assert_allclose(ours.irv, case.array("irv"), atol=within)
    theirs = np.column_stack([case.array("irv_split", "irv1"), case.array("irv_split", "irv2")])
    np.testing.assert_allclose(ours.irv_parts, theirs, atol=within)
    np.testing.assert_allclose(ours.even_odd, case.array("evenodd"), atol=within)
    np.testing.assert_allclose(ours.mahalanobis, case.array("mahad", "d_sq"), atol=within)
    np.testing.assert_allclose(ours.person_total, case.array("person_total_r"), atol=within)
    same(ours.synonyms, case.array("psychsyn_.6"), case.tolerance["psychsyn"])


@pytest.mark.reference("careless")
def test_limits_are_those_that_were_set(case):
    ours = careless_indices(case.X, synonym_r=0.22, limits={"mahalanobis_p": 0.01})
    same(ours.synonyms, case.array("psychsyn_.22"), case.tolerance["psychsyn"])
    theirs = case.array("mahad", "flagged").astype(bool)
    np.testing.assert_array_equal(ours.flags["mahalanobis_p"] | (ours.uniform & theirs), theirs)
    assert theirs.sum() == case.get("n_flagged")


@pytest.mark.reference("careless")
def test_where_careless_finds_no_antonyms_there_are_none(case):
    assert not case.has("psychant_m.6")
    assert isinstance(careless_indices(case.X).antonyms, Unavailable)
