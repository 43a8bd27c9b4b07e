"""Sizes by simulation recover what is known, and one file makes the planning and the preregistration."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import nct, t

from analysis.__main__ import main
from analysis.planning.aims import Case
from analysis.planning.population import population
from analysis.planning.running import planned
from analysis.planning.settings import Apart, Planning, Precision, Retested, Shifted
from instrument import PPIQ

SCALES = {"a": [f"a{n}" for n in range(5)], "b": [f"b{n}" for n in range(5)]}
BOUNDS = {"cfi": 0.95, "rmsea": 0.06, "srmr": 0.08}
PLAN = """plan: trial
title: "A first study"
responsible: "Somebody"
instrument: ppiq
form: a2
language: en
population: "People aged 18 or over who are supervised."
seed: 7
phases: [6, 9]
criteria:
  safety: {column: safety, words: "Psychological safety"}
hypotheses:
  h1: {criterion: safety, expect: "-0.70 to -0.45", source: "PPDS 2025"}
planning:
  sizes: [60, 120]
  replications: 20
  groups: {d: "0.90"}
"""


def run(seed: int = 1, **asked: Any) -> Any:
    settings = Planning(**{"replications": 400, **asked})
    case = Case(people=population(SCALES, settings), planning=settings, bounds=BOUNDS)
    return planned(case, seed, progress=lambda *_: None)


def test_the_width_of_the_icc_is_bonetts() -> None:
    """The blueprint's figures: 0.20 wide at an ICC of 0.80 needs 51 people, 0.15 needs 90."""
    figures = run(sizes=(51, 90), retest=Retested(icc=0.80, width=0.20))["retest"].figures
    assert figures[51]["width of the interval"].value == pytest.approx(0.20, abs=0.012)
    assert figures[90]["width of the interval"].value == pytest.approx(0.15, abs=0.012)


def test_the_width_of_alpha_is_bonetts() -> None:
    """0.10 wide at an alpha of 0.80 needs 159 people, of five items: s² = 2k / ((k - 1)(n - 2))."""
    settings = {"sizes": (159,), "loading": 0.71, "shares": (0.2,) * 5, "precision": Precision(width=0.10)}
    figures = run(**settings)["precision"].figures[159]
    assert figures["alpha"].value == pytest.approx(0.80, abs=0.015)
    assert figures["width of alpha's interval"].value == pytest.approx(0.10, abs=0.01)


@pytest.mark.parametrize("d", [0.0, 0.4])
def test_power_of_known_groups_is_that_of_the_noncentral_t(d: float) -> None:
    found = run(sizes=(120,), replications=1_000, groups=Apart(d=d))["groups"].figures[120]
    size, power = found["d of the totals"].value if d else 0.0, found["the difference is found"]
    critical = t.ppf(0.975, 118)
    known = 1 - nct.cdf(critical, 118, size * np.sqrt(30)) + nct.cdf(-critical, 118, size * np.sqrt(30))
    assert power.low < known < power.high  # the interval of the simulation's own error, nothing added


def test_fair_items_are_accused_as_seldom_as_the_level_says() -> None:
    none = run(sizes=(200,), replications=200, fairness=Shifted(shift=0.0))["fairness"].figures[200]
    some = run(sizes=(200,), replications=40, fairness=Shifted(shift=1.0))["fairness"].figures[200]
    assert none["another item is found"].low < 0.05
    assert some["every such item is found"].value > 0.9


def test_fit_and_invariance_find_what_is_there() -> None:
    asked = {"sizes": (300,), "replications": 20, "fit": True, "invariance": Shifted(shift=-0.6, items=2)}
    found = run(loading=0.7, general=0.5, **asked)
    assert found["fit"].figures[300]["primary kept and every rival refused"].value > 0.7
    assert found["invariance"].figures[300]["the step of equal intercepts is refused"].value > 0.9


def test_other_sizes_and_aims_change_no_sample() -> None:
    one = run(sizes=(60,), replications=20, groups=Apart(d=0.3))["groups"].figures[60]
    other = run(sizes=(30, 60), replications=20, groups=Apart(d=0.3), retest=Retested())["groups"].figures[60]
    assert one == other
    assert run(2, sizes=(60,), replications=20, groups=Apart(d=0.3))["groups"].figures[60] != one


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> Path:
    file = tmp_path / "PLAN.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


def test_the_command_names_the_smallest_size_that_does(plan: Path, capsys: Any) -> None:
    assert main(["plan", str(plan), "--instrument", str(PPIQ), "--format", "json", "--progress"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert (found["simulated"], found["seed"]) == (True, 7)
    assert found["aims"]["groups"]["enough"] in {60, 120}
    assert "groups, n = 120" in printed.err
    assert main(["plan", str(plan), "--instrument", str(PPIQ), "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert "<strong>SIMULATED</strong>" in page
    assert "<svg" in page


def test_the_preregistration_says_what_was_decided_and_what_is_open(plan: Path, capsys: Any) -> None:
    asked = ["plan", str(plan), "--instrument", str(PPIQ), "--preregistration"]
    assert main(asked) == 0
    said = " ".join(capsys.readouterr().out.split())
    for part in ("r -0.70 to -0.45", "PPDS 2025", "at least 0.95", "[To be written by", "60, 120", "d 0.9"):
        assert part in said, part
    assert main([*asked, "--format", "docx", "--out", str(plan.with_suffix(".docx"))]) == 0
    assert plan.with_suffix(".docx").read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("sizes: [60, 120]", "sizes: [6]", "PLAN.yaml:15"),
        ('groups: {d: "0.90"}', "", "planning: name an aim: precision, retest, fit"),
        ("replications: 20", 'shares: ["0.5", "0.5"]', "has 5 answers, and there are 2 shares"),
        ("replications: 20", 'shares: ["0.5", "0.4"]', "must add up to 1"),
        ("seed: 7", 'seed: 7\nprimary: "two factors"', "there is no model 'two factors'"),
    ],
)
def test_a_plan_that_cannot_be_simulated_says_why(
    plan: Path, was: str, becomes: str, said: str, capsys: Any
) -> None:
    text = PLAN.replace(was, becomes)
    if "two factors" in becomes:
        text = text.replace('groups: {d: "0.90"}', "fit: true")
    plan.write_text(text, encoding="utf-8")
    assert main(["plan", str(plan), "--instrument", str(PPIQ)]) == 2
    assert said in capsys.readouterr().err
