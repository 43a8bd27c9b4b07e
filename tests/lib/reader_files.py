"""SIMULATED files for whoever follows a page: what its commands take as given."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from analysis.__main__ import main
from analysis.content_validity.sheet import panel_sheet
from analysis.simulation import simulate
from analysis.validation.rehearsal import rehearse
from instrument import PPIQ, ppiq
from tests.unit.test_panel import agreeing, filled
from tests.unit.test_planning import PLAN

SCALES = {"q": 8, "a": 5, "ease_": 4, "talk_": 4}
"""Scales of made-up items by the beginning of their names: how many items each has."""


def make_tables(people: int = 240) -> None:
    """Tables of answers to form A, to made-up items, and of two occasions, in every kind of file."""
    rehearse(ppiq(), "a", Path("made"), n=people)
    chance = np.random.default_rng(1)
    table = pd.read_csv("made/main.csv").drop(columns="form_hash")
    for name, items in SCALES.items():
        X = 1 + simulate(people, [0.7] * items, [-1.2, -0.4, 0.4, 1.2], chance)
        table[[f"{name}{number}" for number in range(1, items + 1)]] = X
    table["role"] = np.where(np.arange(people) % 2, "student", "employee")
    table["team"] = np.where(np.arange(people) % 2, "East", "West")
    table.to_csv("answers.csv", index=False)
    table.to_excel("answers.xlsx", index=False)
    pyreadstat.write_sav(table, "answers.sav")
    later = pd.read_csv("made/retest.csv")
    for name in ("first", "before"):
        table.to_csv(f"{name}.csv", index=False)
    later.to_csv("second.csv", index=False)
    later.to_parquet("after.parquet")
    words = table[[f"q{number}" for number in range(1, 9)]].astype(object).sub(1).clip(upper=2)
    words = words.mask(chance.random(words.shape) < 0.05, 9).replace({0: "Never", 1: "Seldom"})
    words.to_csv("mixed.csv", index=False)


def make_studies() -> None:
    """What stands beside the tables: a model, a plan, the counts of another site, sheets of a panel."""
    Path("model.txt").write_text("one =~ q1 + q2 + q3 + q4\n")
    Path("PLAN.yaml").write_text(PLAN.replace("[60, 120]", "[60]"))
    assert main(["counts", "answers.csv", "--instrument", str(PPIQ), "--out", "south.counts"]) == 0
    sheet = panel_sheet(ppiq(), "a2")
    Path("filled").mkdir()
    for rater in ("ada", "bea"):
        said = agreeing(sheet, comment=f"What {rater} says")
        filled(sheet, Path("filled") / f"{rater}.xlsx", {"rater": rater}, said)
