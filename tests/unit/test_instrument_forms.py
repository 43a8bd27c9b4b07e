"""A further form of the questionnaire is data: a short one with hidden pairs, a mirror that is not scored."""

import shutil
from pathlib import Path

import pytest

from instrument import DO_NOT_KNOW, PPIQ, Instrument, codebook, load, page, read_answers, score

SHORT = ("ec1", "vi5", "sd1", "ag4", "id1", "rr3", "ec5", "vi1", "sd4", "ag1", "id5", "rr2")
PAIRS = {
    "ec": "[ec1, -ec5]", "vi": "[vi1, -vi5]", "sd": "[sd1, -sd4]",
    "ag": "[ag1, -ag4]", "id": "[id1, -id5]", "rr": "[rr2, -rr3]",
}  # fmt: skip
FORM = """form: {form}
published: false
about: "Somebody"
window: "The last 3 months"
per_page: 6
context: [role]
scales:
  truth: {{codes: [0, 1, 2, 3, 4], missing: {{{missing}}}}}
items:
"""
WORDS = """form: {form}
language: en
direction: ltr
status: draft
title: "Working together"
stem: "How true is each sentence?"
scales:
  truth: {{0: "Zero", 1: "One", 2: "Two", 3: "Three", 4: "Four"}}
missing: {{{missing}}}
facets: {{{facets}}}
items:
"""


def add(folder: Path, form: str, items: tuple[str, ...], missing: dict[str, int], facets: str) -> None:
    codes = ", ".join(f"{kind}: {code}" for kind, code in missing.items())
    names = ", ".join(f'{kind}: "{kind}"' for kind in missing)
    asked = "".join(f"  - {{id: {item}, scale: truth}}\n" for item in items)
    said = "".join(f'  {item}: "Sentence {item}."\n' for item in items)
    (folder / f"forms/{form}.yaml").write_text(FORM.format(form=form, missing=codes) + asked, "utf-8")
    words = WORDS.format(form=form, missing=names, facets=facets)
    (folder / f"words/{form}.en.yaml").write_text(words + said, "utf-8")


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    """The questionnaire with a short form and a mirror beside form A."""
    folder = Path(shutil.copytree(PPIQ, tmp_path_factory.mktemp("family") / "ppiq"))
    (folder / "LOCK").unlink()
    add(folder, "s", SHORT, {"left_blank": -88, "rather_not_say": -99}, 'total: "Short total"')
    add(folder, "b", SHORT[:6], {"do_not_know": -55, "left_blank": -88, "rather_not_say": -99}, "")
    pairs = "".join(
        f"      pair_{name}: {{items: {items}, method: pomp, min_answered: 1, shown: false}}\n"
        for name, items in PAIRS.items()
    )
    parts = ", ".join(f"pair_{name}" for name in PAIRS)
    total = f"      total: {{of: [{parts}], method: mean, min_answered: 6, min_items: 10}}\n"
    with (folder / "key.yaml").open("a", encoding="utf-8") as key:
        key.write(f"  s:\n    subscales:\n{pairs}{total}")
    return load(folder)


def test_a_short_form_gives_a_total_from_ten_answers_in_six_pairs(family: Instrument) -> None:
    answers = dict.fromkeys(SHORT, 4)
    assert score(family, "s", answers)["total"].value == 50
    assert (
        score(family, "s", answers | {"ec1": -88, "vi1": -99})["total"].value == 100 * (0 + 0 + 4 * 0.5) / 6
    )
    nine = score(family, "s", answers | {"ec1": -88, "vi1": -99, "sd1": -88})["total"]
    assert (nine.value, nine.note) == (None, "not enough answers: 9 of the 10 needed")
    pair = score(family, "s", answers | {"ec1": -88, "ec5": -88})["total"]
    assert (pair.value, pair.lacking) == (None, ("pair_ec",))


def test_a_pair_that_is_not_shown_is_no_column(family: Instrument) -> None:
    names = [column.name for column in codebook(family, "s", "en") if column.kind in {"score", "answered"}]
    assert names == ["total", "total_answered"]


def test_a_mirror_takes_i_do_not_know_and_gives_no_score(family: Instrument) -> None:
    mirror = family.forms["b"]
    answers, problems = read_answers(mirror, {"ec1": "-55", "vi5": "-77"}, page(mirror, 1))
    assert answers["ec1"] == DO_NOT_KNOW
    assert [problem.item for problem in problems] == ["vi5"]
    assert score(family, "b", answers) == {}
    assert {c.kind for c in codebook(family, "b", "en")} == {"provenance", "context", "raw"}


def test_i_do_not_know_is_no_answer_to_the_other_forms(family: Instrument) -> None:
    assert read_answers(family.forms["s"], {"ec1": "-55"}, family.forms["s"].items)[1]


def test_a_new_form_leaves_form_a_as_it_was(family: Instrument) -> None:
    alone = load(PPIQ)
    assert family.forms["a"].hash == alone.forms["a"].hash
    assert family.words["a", "en"].hash == alone.words["a", "en"].hash
