"""Scores of groups and their effects compared with R."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from analysis.group_comparison.known_groups import known_groups
from tests.reference.conftest import OPEN

SCALES = {
    "sim_dif_a": {"all": [f"v{i}" for i in range(1, 7)]},
    "bfi25": {f: [f"{f}{i}" for i in range(1, 6)] for f in "ACENO"},
    "hs1939": {
        "visual": ["x1", "x2", "x3"],
        "textual": ["x4", "x5", "x6"],
        "speed": ["x7", "x8", "x9"],
    },
}


# R's row means of hs1939's first scale break ties by rounding (177 values of 171), and ranks follow them.
# What depends on ranks there is R's of the same means to 12 digits.
TIED = json.loads((Path(__file__).parent / "known_groups_tied.json").read_text())


def column(dataset, name):
    with (OPEN / f"{dataset}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    if name == "school_sex":
        return [f"{row[header.index('school')]}_{row[header.index('sex')]}" for row in rows]
    return [None if row[header.index(name)] == "NA" else row[header.index(name)] for row in rows]


def comparisons(case, kind):
    for by, scores in case.get(kind).items():
        for scale, figures in scores.items():
            items = [case.names.index(item) for item in SCALES[case.dataset][scale]]
            tied = TIED[by] if (case.dataset, scale) == ("hs1939", "visual") else None
            yield known_groups(case.X[:, items].mean(axis=1), column(case.dataset, by)), figures, tied


def ends(estimate):
    return [estimate.low, estimate.high]


@pytest.mark.reference("known_groups")
def test_two_groups_differ_as_r_says(case):
    exact, p, ncp = (case.tolerance[name] for name in ("closed_form", "p", "ncp_ci"))
    found = list(comparisons(case, "two_groups"))
    assert found
    for ours, r, tied in found:
        (pair,) = ours.pairs
        assert [g.label for g in ours.groups] == r["groups"]
        assert [g.n for g in ours.groups] == r["n"]
        assert [g.mean for g in ours.groups] == pytest.approx(r["mean"], **exact)
        assert [g.sd for g in ours.groups] == pytest.approx(r["sd"], **exact)
        assert pair.difference.value == pytest.approx(r["mean_difference"], **exact)
        assert ends(pair.difference) == pytest.approx(r["welch"]["ci95"], **exact)
        assert (pair.welch.statistic, pair.welch.df) == pytest.approx(
            (r["welch"]["t"], r["welch"]["df"]), **exact
        )
        assert pair.welch.p == pytest.approx(r["welch"]["p"], **p)
        assert pair.p_holm == pair.welch.p
        assert pair.cohens_d.value == pytest.approx(r["cohens_d"], **exact)
        assert pair.hedges_g.value == pytest.approx(r["hedges_g"], **exact)
        assert ends(pair.cohens_d) == pytest.approx(list(r["cohens_d_ci95_ncp"].values()), **ncp)
        assert ends(pair.hedges_g) == pytest.approx(list(r["hedges_g_ci95"].values()), **ncp)
        other = r["effectsize_cohens_d"]
        assert [pair.cohens_d.value, *ends(pair.cohens_d)] == pytest.approx(
            [other["d"], other["lower"], other["upper"]], **case.tolerance["effectsize_ci"]
        )
        cliff = tied["cliff"] if tied else r["cliff"]
        assert pair.cliffs_delta.value == pytest.approx(cliff["delta"], **exact)
        assert ends(pair.cliffs_delta) == pytest.approx(cliff["ci95_unbiased_t"], **exact)
        # Student's t is the analysis of variance of two groups.
        assert ours.anova.statistic == pytest.approx(r["student"]["t"] ** 2, **exact)
        assert ours.anova.p == pytest.approx(r["student"]["p"], **p)
        assert ours.welch.p == pytest.approx(r["welch"]["p"], **p)
        by_ranks = tied["mann_whitney_p"] if tied else r["mann_whitney"]["p_normal_ties_no_correction"]
        assert ours.kruskal_wallis.p == pytest.approx(by_ranks, **p)


@pytest.mark.reference("known_groups", datasets=("bfi25", "hs1939"))
def test_several_groups_differ_as_r_says(case):
    exact, p, ncp = (case.tolerance[name] for name in ("closed_form", "p", "ncp_ci"))
    for ours, r, tied in comparisons(case, "anova"):
        assert [g.label for g in ours.groups] == r["groups"]
        assert [g.n for g in ours.groups] == r["n"]
        assert [g.mean for g in ours.groups] == pytest.approx(r["mean"], **exact)
        assert (ours.anova.statistic, ours.anova.df, ours.anova.df2) == pytest.approx(
            (r["F"], r["df_between"], r["df_within"]), **exact
        )
        assert ours.anova.p == pytest.approx(r["p"], **p)
        assert ours.eta_squared.value == pytest.approx(r["eta_squared"], **exact)
        assert ours.omega_squared.value == pytest.approx(r["omega_squared"], **exact)
        assert ends(ours.omega_squared) == pytest.approx(list(r["eta_squared_ci95_ncf"].values()), **ncp)
        there = r["welch"]
        assert (ours.welch.statistic, ours.welch.df, ours.welch.df2) == pytest.approx(
            (there["F"], there["df1"], there["df2"]), **exact
        )
        assert ours.welch.p == pytest.approx(there["p"], **p)
        there = tied or r["kruskal"]
        assert ours.kruskal_wallis.statistic == pytest.approx(there["H"], **exact)
        assert ours.kruskal_wallis.df == r["kruskal"]["df"]
        assert ours.kruskal_wallis.p == pytest.approx(there["p"], **p)
        if not tied:
            assert ours.rank_epsilon_squared == pytest.approx(there["epsilon_squared"], **exact)


def test_pairs_of_several_groups_are_corrected_for_their_number():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(m, 1, 40) for m in (0, 0.2, 0.8)])
    found = known_groups(scores, np.repeat(["a", "b", "c"], 40))
    assert [(p.first, p.second) for p in found.pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    smallest = min(found.pairs, key=lambda pair: pair.welch.p)
    assert smallest.p_holm == pytest.approx(3 * smallest.welch.p)
