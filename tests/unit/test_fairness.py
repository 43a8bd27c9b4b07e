"""The command fairness, as used from the shell and from scripts."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main

ROOT = Path(__file__).parents[2]
BFI25 = ROOT / "tests/instruments/bfi25"
OPEN = ROOT / "tests/reference/open"
SIX = "v1,v2,v3,v4,v5,v6"


@pytest.fixture(name="command")
def _command(capsys):
    """Run a command; (exit code, what it printed, complaint)."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_items_that_were_made_to_differ_are_named_with_what_they_do_to_the_score(command):
    code, out, _ = command("fairness", OPEN / "sim_dif_a.csv", "--items", SIX, "--group", "g")
    assert code == 0
    assert "350 people of 1 and 350 of 2" in out
    assert "v3, v5" in out
    assert "v5        -0.486  -0.597  -0.376" in out
    for words in ("Cumulative logit models", "Mantel-Haenszel", "What the items that differ do to the score"):
        assert words in out
    assert "SIMULATED" not in out  # the file does not say so


def test_json_holds_full_precision_and_turns_with_the_reference(command):
    arguments = ("fairness", OPEN / "sim_dif_a.csv", "--items", SIX, "--group", "g", "--format", "json")
    one = json.loads(command(*arguments)[1])
    two = json.loads(command(*arguments, "--reference", 2)[1])
    assert (one["reference"], two["reference"]) == ("1", "2")
    here = one["scales"]["all_items"]["groups"]["2"]["items"]["v5"]
    there = two["scales"]["all_items"]["groups"]["1"]["items"]["v5"]
    assert here["verdict"] == there["verdict"] == "a difference"
    assert here["log_odds"]["value"] == pytest.approx(-there["log_odds"]["value"], abs=1e-7)
    assert here["tests"]["total"]["statistic"] == pytest.approx(there["tests"]["total"]["statistic"])
    assert one["scales"]["all_items"]["scores"]["pairs"][0]["hedges_g"]["low"] > 0


@pytest.mark.parametrize(
    ("matching", "words"),
    [("rest", "without the one in question"), ("theta", "the position under a graded response model of 4")],
)
def test_people_are_matched_as_asked_and_the_page_says_by_what(command, matching, words):
    arguments = ("--items", SIX, "--group", "g", "--matching", matching)
    out = " ".join(command("fairness", OPEN / "sim_dif_a.csv", *arguments)[1].split())
    assert words in out
    assert "v5" in out[out.index("Answered differently") : out.index("Matched by")]


def test_every_scale_of_an_instrument_is_compared_in_every_group(command):
    arguments = ("--instrument", BFI25, "--group", "education", "--reference", "3", "--format", "json")
    code, out, _ = command("fairness", OPEN / "bfi25.csv", *arguments)
    found = json.loads(out)
    assert code == 0
    assert set(found["scales"]["agree"]["groups"]) == {"1", "2", "4", "5"}
    assert found["scales"]["agree"]["groups"]["1"]["groups"] == {"3": 1202, "1": 220}
    rows = found["sections"]["groups"]["tables"][0]["rows"]
    assert [row[1] for row in rows] == [224, 292, 1249, 394, 418]


def test_the_page_draws_each_item_with_the_table_behind_it(command, tmp_path):
    frame = pd.read_csv(OPEN / "sim_dif_a.csv").assign(
        simulated="true", g=lambda f: f.g.map({1: "a & b", 2: "<c>"})
    )
    file = tmp_path / "answers.csv"
    frame.to_csv(file, index=False)
    out = command("fairness", file, "--items", SIX, "--group", "g", "--format", "html")[1]
    assert "<strong>SIMULATED</strong>" in out
    assert "a &amp; b less those of &lt;c&gt;" in out
    assert "<c>" not in out
    drawing = out[out.index("<svg") : out.index("</svg>") + 6]
    said = "".join(ET.fromstring(drawing).itertext())
    for item in SIX.split(","):
        assert item in said
    assert ".51" in said


def test_small_groups_get_figures_and_no_verdict(command, tmp_path):
    file = tmp_path / "answers.csv"
    pd.read_csv(OPEN / "sim_dif_a.csv").iloc[::5].to_csv(file, index=False)
    out = command("fairness", file, "--items", SIX, "--group", "g")[1]
    assert "A group is smaller than 200: effects are shown, and no verdict is given." in out
    assert out.count("no verdict") >= 6
    assert "a small difference" not in out


def test_awkward_answers_are_told_apart(command, tmp_path):
    frame = pd.read_csv(OPEN / "sim_dif_a.csv").astype(object)
    frame["v2"] = 3
    frame.loc[:10, "v1"] = -99
    frame.loc[20:22, "g"] = np.nan
    frame.loc[23, "g"] = -88
    file = tmp_path / "answers.csv"
    frame.to_csv(file, index=False)
    out = command("fairness", file, "--items", SIX, "--group", "g")[1]
    assert "4 rows have no group and are left out." in out
    assert "Left aside: v2, since every answer is 3." in " ".join(out.split())
    json.loads(command("fairness", file, "--items", SIX, "--group", "g", "--format", "json")[1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--items", SIX, "--group", "sex"), "has no column sex; it has v1"),
        (("--items", SIX, "--group", "v1"), "v1 is named more than once"),
        (("--items", "v1,v2,v2", "--group", "g"), "v2 is named more than once"),
        (("--items", "v1,v2,v9", "--group", "g"), "has no column v9"),
        (("--items", SIX, "--group", "g", "--reference", "7"), "no one is in the group '7'"),
        (("--items", "v1,v2,v3", "--group", "row"), "row has 700 different values"),
        (("--items", "v1,v2,v3", "--group", "one"), "one has 1 different values"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_to_do(command, tmp_path, arguments, says):
    frame = pd.read_csv(OPEN / "sim_dif_a.csv").assign(row=range(700), one=1)
    file = tmp_path / "answers.csv"
    frame.to_csv(file, index=False)
    code, out, err = command("fairness", file, *arguments)
    assert (code, out) == (2, "")
    assert says in err


def test_two_items_are_too_few_and_the_page_says_so(command):
    out = command("fairness", OPEN / "sim_dif_a.csv", "--items", "v1,v2", "--group", "g")[1]
    assert "Items are not compared because there are too few items" in out


def test_response_model_adds_a_table_of_each_item_with_a_curve_for_each_group(command):
    arguments = ("fairness", OPEN / "sim_dif_a.csv", "--items", SIX, "--group", "g", "--response-model")
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    table = out[out.index("Likelihood ratio of one curve and two") :]
    rows = [
        line.split() for line in table.splitlines() if line.split()[:1] and line.split()[0] in SIX.split(",")
    ]
    assert [row[0] for row in rows] == SIX.split(",")
    tree = json.loads(command(*arguments, "--format", "json")[1])
    [scale] = tree["scales"].values()
    [group] = scale["groups"].values()
    said = {item["name"]: item for item in group["response_model"]["items"]}
    assert set(group["response_model"]["differing"]) == {n for n, i in said.items() if i["test"]["p"] < 0.05}
    assert float(rows[2][1]) == pytest.approx(said["v3"]["test"]["statistic"], abs=0.01)
