"""Scores follow the key, for every test vector, and unanswered items never count as nought."""

import json
from pathlib import Path
from typing import Any

import pytest

from instrument import PPIQ, Instrument, Score, keyed, load, ppiq, score
from instrument.scoring import METHODS

INSTRUMENTS = Path(__file__).parents[1] / "instruments"
VECTORS = json.loads((PPIQ / "vectors.json").read_text("utf-8"))["forms"]
CASES = [
    pytest.param(form, vector, id=f"{form}: {vector['name']}")
    for form, file in VECTORS.items()
    for vector in file["vectors"]
]
ITEMS = {item.id for item in ppiq().forms["a"].items}


@pytest.fixture(scope="module")
def seven() -> Instrument:
    return load(INSTRUMENTS / "seven")


@pytest.fixture(scope="module")
def bfi25() -> Instrument:
    return load(INSTRUMENTS / "bfi25")


def test_every_form_has_vectors_of_its_own_and_of_this_key() -> None:
    assert VECTORS.keys() == ppiq().forms.keys()
    for form, file in VECTORS.items():
        assert (file["form"], file["form_hash"]) == (form, ppiq().forms[form].hash)
        assert file["key_revision"] == ppiq().key.revision


@pytest.mark.parametrize(("form", "vector"), CASES)
def test_every_vector_is_met(form: str, vector: dict[str, Any]) -> None:
    scores = score(ppiq(), form, vector["answers"])
    assert list(scores) == list(vector["scores"])
    for name, wanted in vector["scores"].items():
        found = {field: getattr(scores[name], field) for field in wanted}
        assert found == {**wanted, "value": pytest.approx(wanted["value"], abs=VECTORS[form]["tolerance"])}


@pytest.mark.parametrize("form", VECTORS)
def test_a_code_that_the_vectors_refuse_is_refused(form: str) -> None:
    item = ppiq().forms[form].items[0].id
    for code in VECTORS[form]["refused"]:
        with pytest.raises(ValueError, match=f"form {form} has no answer {code} to {item}"):
            score(ppiq(), form, {item: code})


@pytest.mark.parametrize("form", ["a", "a2", "c", "c2", "s", "s2"])
def test_the_vectors_reach_every_edge(form: str) -> None:
    scores = [s for vector in VECTORS[form]["vectors"] for s in vector["scores"].values()]
    notes = {s["note"] for s in scores}
    edges = {
        "a": {"from 4 answers", "not enough answers: 3 of the 4 needed"},
        "c": {
            "from 3 answers",
            "not enough answers: 2 of the 3 needed",
            "not enough answers: 19 of the 20 needed",
        },
        "s": {
            "from 1 answers",
            "not enough answers: 0 of the 1 needed",
            "not enough answers: 9 of the 10 needed",
        },
    }
    assert {0.0, 100.0, None} <= {s["value"] for s in scores}
    edges |= {"a2": edges["a"], "c2": edges["c"], "s2": edges["s"]}
    assert edges[form] <= notes
    assert form == "s2" or any(s["does_not_apply"] for s in scores)  # which offers it nowhere
    assert any(s["rather_not_say"] for s in scores)
    assert any(s["left_blank"] for s in scores)


def test_two_cells_that_do_not_apply_leave_a_facet_without_a_figure() -> None:
    scores = [s for vector in VECTORS["a"]["vectors"] for s in vector["scores"].values()]
    assert any(s["does_not_apply"] == 2 and s["value"] is None for s in scores)


def test_what_a_missing_figure_lacks_is_told_in_figures_too() -> None:
    """Pages in other languages word the note anew."""
    answers = dict.fromkeys(ITEMS, 4) | {"sd1": -88, "sd2": -88}
    scores = score(ppiq(), "a", answers)
    assert (scores["sd"].value, scores["sd"].answered, scores["sd"].needed) == (None, 3, 4)
    assert (scores["total"].lacking, scores["total"].needed) == (("sd",), None)
    assert scores["ec"].needed is None


def test_the_total_is_the_mean_of_six_facets_and_names_those_it_lacks() -> None:
    answers = dict.fromkeys(ITEMS, 4) | {"sd1": -88, "sd2": -88, "rr1": -99, "rr2": -77}
    total = score(ppiq(), "a", answers)["total"]
    assert total.value is None
    assert total.lacking == ("sd", "rr")
    assert total.note == "not enough answers for sd, rr"
    assert (total.answered, total.of) == (26, 30)


def test_a_total_of_unequal_facets_weighs_facets_not_items() -> None:
    answers = dict.fromkeys(ITEMS, 0) | {"ec1": 4, "ec2": -77}
    scores = score(ppiq(), "a", answers)
    assert scores["ec"].value == 75  # 4, 0, and two turned zeros, of four answers
    facets = [scores[facet].value for facet in ("ec", "vi", "sd", "ag", "id", "rr")]
    assert scores["total"].value == pytest.approx(sum(f for f in facets if f is not None) / 6)


def test_context_beside_the_answers_is_left_aside() -> None:
    answers: dict[str, Any] = dict.fromkeys(ITEMS, 2) | {"role": "supervisor", "length": -99}
    assert score(ppiq(), "a", answers)["total"].value == 50


@pytest.mark.parametrize("code", [5, -1, -66, 44])
def test_a_stored_code_that_no_answer_has_is_an_error(code: int) -> None:
    with pytest.raises(ValueError, match=f"form a has no answer {code} to ec1"):
        score(ppiq(), "a", {"ec1": code})


def test_a_form_without_a_key_has_no_scores(seven: Instrument) -> None:
    assert seven.key.subscales("other") == {}


def test_sums_means_and_percentages_of_seven_points(seven: Instrument) -> None:
    answers = {item.id: 6 for item in seven.forms["seven"].items}
    scores = score(seven, "seven", answers)
    assert scores["talk"].value == 6 + 2 + 6
    assert scores["range"].value == (6 + 2 + 6 + 2) / 4
    assert scores["ease"].value == pytest.approx(100 * (5 + 1 + 5 + 5) / 24)
    assert set(METHODS) == {"pomp", "mean", "sum"}


def test_missing_codes_of_their_own_are_understood(seven: Instrument) -> None:
    scores = score(seven, "seven", {"range_1": 7, "range_2": 1, "range_3": 9, "range_4": 8, "talk_1": 99})
    assert scores["range"] == Score(
        value=7, answered=2, of=4, does_not_apply=1, left_blank=1, note="from 2 answers"
    )
    assert scores["talk"].rather_not_say == 1
    assert scores["talk"].value is None


def test_keyed_answers(seven: Instrument, bfi25: Instrument) -> None:
    assert keyed(ppiq(), "a", "ec1", 3) == 3
    assert keyed(ppiq(), "a", "ec4", 3) == 1
    assert keyed(ppiq(), "a", "ec4", -99) is None
    assert keyed(seven, "seven", "ease_2", 7) == 1
    assert keyed(seven, "seven", "ease_2", 9) is None
    assert keyed(bfi25, "bfi25", "a1", 2) == 5


def test_bfi25_reverses_the_seven_items_of_its_description(bfi25: Instrument) -> None:
    assert bfi25.key.reversed_items("bfi25") == {"a1", "c4", "c5", "e1", "e2", "o2", "o5"}
    subscales = bfi25.key.subscales("bfi25")
    assert {name: len(s.items) for name, s in subscales.items()} == {
        "agree": 5, "consc": 5, "extra": 5, "neuro": 5, "open": 5, "total25": 25,
    }  # fmt: skip
    first = dict(
        zip((i.id for i in bfi25.forms["bfi25"].items), [2, 4, 3, 4, 4, 2, 3, 3, 4, 4], strict=False)
    )
    scores = score(bfi25, "bfi25", first)
    assert scores["agree"].value == (5 + 4 + 3 + 4 + 4) / 5
    assert scores["consc"].value == (2 + 3 + 3 + 3 + 3) / 5
    assert scores["total25"].value is None
