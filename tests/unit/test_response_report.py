"""The response command: its output in every format, on ordinary and unusual answers."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import main
from analysis.commands.page_commands import RESPONSE_MODELS
from analysis.estimate import Unavailable
from analysis.graphics.response_curves import category_probabilities, person_item_map, precision
from analysis.report.render import RENDERERS
from analysis.report.response_report import MODELS, Scales, response_report
from analysis.report.response_sections import Scale
from analysis.simulation import simulate

SCIENCE = Path(__file__).parents[1] / "reference/open/science.csv"
SEVEN = Path(__file__).parents[1] / "instruments/seven"
ITEMS = "Comfort,Work,Future,Benefit"


def answers(n=200, k=5, seed=1):
    return simulate(n, [0.7] * k, [-1, 0, 1], np.random.default_rng(seed)).astype(float)


AWKWARD = {
    "nobody": np.zeros((0, 5)),
    "one person": answers(1),
    "nobody answered": np.full((20, 5), np.nan),
    "one answer for all": np.ones((20, 5)),
    "at one end or the other": np.repeat([[0.0] * 5, [3.0] * 5], 20, axis=0),
    "fewer people than items": answers(4),
    "holes": np.where(np.random.default_rng(2).random((200, 5)) < 0.3, np.nan, answers()),
    "different numbers of categories": np.column_stack([answers()[:, :4], answers()[:, 4] > 1]),
    "halves that never meet": np.where(
        (np.arange(200)[:, None] < 100) == (np.arange(5) < 2), np.nan, answers()
    ),
}


def report(X, model="graded"):
    names = tuple(f"q{j}" for j in range(X.shape[1]))
    scale = Scale(label="A scale", names=names, X=X)
    asked = Scales(title="Title", about="About.", labels=(), scales=(scale,))
    return response_report(asked, model=model, progress=lambda *_: None)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("X", AWKWARD.values(), ids=AWKWARD)
def test_whatever_the_answers_no_cell_is_empty_and_every_format_can_be_read(X, model):
    found = report(X, model)
    for section in found.sections:
        for table in section.tables:
            for row in table.rows:
                assert len(row) == len(table.headers)
                assert all(isinstance(cell, Unavailable) or cell not in {None, ""} for cell in row)
                assert not any(isinstance(cell, float) and not np.isfinite(cell) for cell in row)
    for write in RENDERERS.values():
        page = write(found)
        if isinstance(page, str):  # a word processor's file is read in test_manuscript
            assert "nan" not in re.sub("[a-z]+nan[a-z]*", "", page.lower())
    json.loads(RENDERERS["json"](found))


def test_the_models_that_the_command_offers_are_those_there_are():
    assert tuple(MODELS) == RESPONSE_MODELS


@pytest.mark.parametrize("model", RESPONSE_MODELS)
def test_a_table_of_answers_gets_its_report(model, capsys):
    assert main(["response", str(SCIENCE), "--items", ITEMS, "--model", model]) == 0
    said = capsys.readouterr().out
    for words in ("Thresholds", "Fit of the items", "Precision along θ", "People and items", "n = 392"):
        assert words in said
    assert "SIMULATED" not in said


def test_the_scales_of_an_instrument_are_modelled_one_by_one(tmp_path, capsys):
    from instrument import load

    form = load(SEVEN).forms["seven"]
    X = simulate(150, [0.7] * len(form.items), np.linspace(-1.5, 1.5, 6), np.random.default_rng(3)) + 1
    file = tmp_path / "answers.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["simulated", *(i.id for i in form.items)], *([1, *row] for row in X)])
    assert main(["response", str(file), "--instrument", str(SEVEN), "--format", "json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["simulated"]
    assert len(tree["scales"]) > 1
    titles = [section["title"] for section in tree["sections"].values()]
    assert [t.split(":")[0] for t in titles if t.endswith("graded response model")] == list(tree["scales"])


@pytest.mark.parametrize(
    ("items", "words"),
    [("Comfort,Comfort,Work", "more than once"), ("Comfort,Nowhere", "Nowhere")],
)
def test_what_cannot_be_used_is_named(items, words, capsys):
    assert main(["response", str(SCIENCE), "--items", items]) == 2
    assert words in capsys.readouterr().err


def test_a_page_draws_curves_precision_and_people_each_with_its_table(capsys):
    main(["response", str(SCIENCE), "--items", ITEMS, "--format", "html"])
    page = capsys.readouterr().out
    assert page.count("<svg") == 3
    assert page.count("The figures as a table") == 3
    for name in ITEMS.split(","):
        assert page.count(f">{name}</text>") == 2  # a panel and a row of the map


def test_drawings_escape_names_and_refuse_what_does_not_match():
    curves = [[[0.7, 0.5, 0.3], [0.3, 0.5, 0.7]]]
    drawn = category_probabilities(["<b>"], [-1, 0, 1], curves, [["no", "yes & no"]], reading="They cross.")
    assert "<b>" not in drawn.drawing
    assert "yes &amp; no" in drawn.drawing
    assert drawn.rows == (("<b>", "no", "0.70", "0.50", "0.30"), ("<b>", "yes & no", "0.30", "0.50", "0.70"))
    with pytest.raises(ValueError, match="label for each curve"):
        category_probabilities(["q"], [-1, 0, 1], curves, [["no"]], reading="")
    with pytest.raises(ValueError, match="each point"):
        precision([0, 1], [1.0], [1.0], [1.0], [1.0], reading="")
    with pytest.raises(ValueError, match="needs people"):
        person_item_map([], ["q"], [[0.0]], reading="")


def test_everybody_is_on_the_map():
    scores = np.random.default_rng(5).normal(size=500).tolist()
    drawn = person_item_map(scores, ["q1", "q2"], [[-1.0, 1.0], [0.3]], reading="")
    for row, cuts in zip(drawn.rows, ([-1.0, 1.0], [0.3]), strict=True):
        counts = [int(n) for n in row[2].split(", ")]
        assert counts == np.histogram(scores, [-np.inf, *cuts, np.inf])[0].tolist()
    assert drawn.drawing.count("<circle") == 3
