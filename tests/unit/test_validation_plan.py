"""PLAN.yaml and RECORD.yaml: what is wrong is named with its file, line and cure."""

from pathlib import Path

import pytest

from analysis.validation.plan import PlanError, read_plan
from analysis.validation.record import read_record
from instrument import ppiq

PLAN = """\
plan: spring
title: "A study"
responsible: "A. Person"
instrument: ppiq
form: a
language: en
population: "Social workers"
seed: 1
criteria:
  safety: {column: safety, words: "Psychological safety"}
hypotheses:
  h1: {criterion: safety, expect: "-0.70 to -0.45", source: "a paper"}
  k1: {score: ag, group: agreement, higher: "no", than: "yes", expect: "0.40 or more", source: "a paper"}
retest: {id: person, anchor: changed, stable: ["no"]}
"""


def plan_of(tmp_path: Path, text: str):
    file = tmp_path / "PLAN.yaml"
    file.write_text(text, "utf-8")
    return read_plan(file, ppiq())


def test_a_plan_is_read_with_its_ranges_and_its_hash(tmp_path: Path) -> None:
    found = plan_of(tmp_path, PLAN)
    expected = found.plan.hypotheses["h1"].expect
    assert [figure in expected for figure in (-0.8, -0.7, -0.5, 0.5)] == [False, True, True, False]
    assert 2.0 in found.plan.hypotheses["k1"].expect
    assert found.plan.phases == tuple(range(15))
    assert found.sha256 != plan_of(tmp_path, PLAN.replace("seed: 1", "seed: 2")).sha256


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed: 1", "seed: x", "PLAN.yaml:8: a whole number is wanted here"),
        ("-0.70 to -0.45", "strong", 'PLAN.yaml:12: `strong` is no range: write "0.50 to 0.70"'),
        ("-0.70 to -0.45", "0.7 to 0.4", "PLAN.yaml:12: the range ends before it begins"),
        (
            "criterion: safety",
            "criterion: trust",
            "PLAN.yaml:12: there is no criterion `trust`; the plan has safety",
        ),
        (
            "criterion: safety, ",
            "",
            "PLAN.yaml:12: name a `criterion`, or a `group` with `higher` and `than`",
        ),
        ('higher: "no", ', "", "PLAN.yaml:13: a difference of groups needs both"),
        ("score: ag", "score: xx", "PLAN.yaml:13: form `a` has no score `xx`; it has ec, vi"),
        ("score: ag,", "score: ag, without: [zz9],", "PLAN.yaml:13: form `a` has no item `zz9`"),
        ("form: a\n", "form: q\n", "PLAN.yaml:5: there is no form `q`; the forms are a,"),
        ("language: en", "language: fr", "PLAN.yaml:6: form `a` has no words in `fr`"),
        ("instrument: ppiq", "instrument: other", "PLAN.yaml:4: the plan is for `other`"),
        ("anchor: changed, ", "", "PLAN.yaml:14: who did not change is told by both"),
        ("seed: 1\n", "seed: 1\nrival: x\n", "PLAN.yaml:9: `rival` is not known here"),
        ("seed: 1\n", "seed: 1\nphases: [6, 15]\n", "PLAN.yaml:9: this should be 14 or less"),
        (
            "seed: 1\n",
            'seed: 1\nthresholds: {cfi: {value: "0.90", why: "easier"}}\n',
            "PLAN.yaml:9: `cfi` is at least 0.95 in the programme (decided by this project): a plan may be",
        ),
        (
            "seed: 1\n",
            'seed: 1\nthresholds: {fit: {value: 1, why: "x"}}\n',
            "PLAN.yaml:9: there is no threshold `fit`",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_cure(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in PLAN
    with pytest.raises(PlanError) as refused:
        plan_of(tmp_path, PLAN.replace(old, new))
    assert said in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = PLAN.replace("score: ag", "score: xx").replace("language: en", "language: fr")
    with pytest.raises(PlanError) as refused:
        plan_of(tmp_path, wrong)
    assert len(str(refused.value).splitlines()) == 2


def test_a_record_of_another_plan_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "RECORD.yaml"
    file.write_text('record: autumn\ndates: "May"\n', "utf-8")
    with pytest.raises(PlanError, match=r"RECORD.yaml:1: the record is of `autumn`, the plan `spring`"):
        read_record(file, "spring")
