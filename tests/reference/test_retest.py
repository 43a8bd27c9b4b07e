"""What two occasions say of a measurement's error, beside R."""

import numpy as np
import pytest

from analysis.agreement.intraclass import intraclass_correlation
from analysis.agreement.measurement_error import limits_of_agreement, measurement_error
from analysis.agreement.weighted_kappa import weighted_kappa


def pair(case, name):
    if name == "sum_t1_t2":
        return tuple(
            case.X[:, [case.names.index(f"i{j}_t{t}") for j in range(1, 5)]].sum(axis=1) for t in (1, 2)
        )
    return tuple(case.X[:, case.names.index(t)] for t in ("t1", "t2"))


def ends(estimate):
    return [estimate.low, estimate.high]


@pytest.mark.reference("retest_extra")
def test_limits_of_agreement_and_errors_of_measurement_are_those_of_r(case):
    closed, exact = case.tolerance["closed_form"], case.tolerance["exact_limits"]
    assert case.get("agreement")
    for name, r in case.get("agreement").items():
        first, second = pair(case, name)
        found = limits_of_agreement(first, second)
        assert found.bias.n == r["n"]
        assert [found.bias.value, found.sd] == pytest.approx(
            [r["mean_difference"], r["sd_difference"]], **closed
        )
        assert ends(found.bias) == pytest.approx(r["bias_ci95"], **closed)
        assert [found.low.value, found.high.value] == pytest.approx(r["loa"], **closed)
        assert ends(found.low) == pytest.approx(r["loa_lower_ci95_exact"], **exact)
        assert ends(found.high) == pytest.approx(r["loa_upper_ci95_exact"], **exact)
        rough = limits_of_agreement(first, second, interval="approximate")
        assert ends(rough.low) == pytest.approx(r["loa_lower_ci95_approx"], **closed)
        assert ends(rough.high) == pytest.approx(r["loa_upper_ci95_approx"], **closed)
        X = np.column_stack([first, second])
        for definition in ("consistency", "agreement", "within"):
            error = measurement_error(X, definition=definition)
            assert error.sem.value == pytest.approx(r[f"sem_{definition}"], **closed)
            assert error.sdc.value == pytest.approx(r[f"sdc95_{definition}"], **closed)
            if f"sem_{definition}_ci95" in r:
                assert ends(error.sem) == pytest.approx(r[f"sem_{definition}_ci95"], **closed)
        consistent = measurement_error(X, definition="consistency")
        assert consistent.sdc_group.value == pytest.approx(r["sdc95_group_consistency"], **closed)
        at_90 = measurement_error(X, definition="consistency", level=0.9)
        assert at_90.sdc.value == pytest.approx(r["sdc90_consistency"], **closed)
        icc = intraclass_correlation(X)
        for form, value in r["icc"].items():
            assert icc[form].value == pytest.approx(value, **closed)


@pytest.mark.reference("retest_extra", datasets=("sim_retest_a",))
def test_weighted_kappa_of_items_is_that_of_r(case):
    closed = case.tolerance["closed_form"]
    for item, r in case.get("kappa").items():
        first, second = (case.X[:, case.names.index(f"{item}_t{t}")] for t in (1, 2))
        for weights, name in (("none", "unweighted"), ("linear", "linear"), ("quadratic", "quadratic")):
            found = weighted_kappa(first, second, weights=weights, categories=r["levels"])
            assert found.n == r["n"]
            assert found.value == pytest.approx(r[name]["kappa"], **closed)
            assert ends(found) == pytest.approx(r[name]["ci95"], **closed)
        # psych's own interval of the weighted kappa rests on another error; that of the unweighted agrees.
        low, _, high = r["psych"]["confid"]["matrix"][0]
        within = case.tolerance["psych_kappa_and_unweighted_ci"]
        assert ends(weighted_kappa(first, second, weights="none")) == pytest.approx([low, high], **within)
