"""The forms beside form A are data: a mirror, a form for service users, a short form, a module."""

import json
import re
import shutil
from pathlib import Path

import pytest

from analysis.report.dataset import DatasetError
from analysis.report.fitted import make_dataset
from instrument import (
    DO_NOT_KNOW,
    LEFT_BLANK,
    PPIQ,
    InstrumentError,
    codebook,
    load,
    page,
    ppiq,
    read_answers,
    score,
)
from instrument.catalog import load_unlocked
from instrument.values import sha256

A_HASH = "44f52c3604996425a677e29925cc4ad7adf49d31125198968bc79a9f1ba58274"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))
    (copy / "LOCK").unlink()
    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InstrumentError) as refused:
        load(folder)
    return str(refused.value).splitlines()


def test_form_a_is_as_it_was_published() -> None:
    assert ppiq().forms["a"].hash == A_HASH
    assert ppiq().forms["a"].result == "facets"


def test_what_a_person_may_be_shown_is_said_by_the_form() -> None:
    assert {form.id: form.result for form in ppiq().forms.values()} == {
        "a": "facets", "a2": "facets", "b": "guess", "b2": "guess", "c": "facets", "c2": "facets",
        "s": "total", "s2": "total",
        "who_decides": "areas", "who_decides2": "areas", "g": "areas",
    }  # fmt: skip


# The second edition of form A


def test_a_later_edition_leaves_the_first_as_it_was() -> None:
    for form in ("a", "b", "c", "s", "who_decides"):
        second = ppiq().forms[f"{form}2"]
        assert (ppiq().forms[form].edition, second.edition, second.replaces) == (1, 2, form)
        assert second.audience == ppiq().forms[form].audience
    scored = {form: ppiq().key.subscales(form).values() for form in ("a", "c", "s")}
    before = sha256({form: [each.model_dump() for each in scores] for form, scores in scored.items()})
    assert before == json.loads((PPIQ / "LOCK").read_text("utf-8"))["key"]["2"]


def answered(form: str, n: int = 40) -> dict[str, list[str | int | float | None]]:
    items = ppiq().forms[form].items
    return {"form_hash": [ppiq().forms[form].hash] * n, **{each.id: [2] * n for each in items}}


def test_answers_to_two_editions_are_never_read_as_one() -> None:
    first, second = answered("a"), answered("a2")
    pooled = {
        name: [*first.get(name, [None] * 40), *second.get(name, [None] * 40)] for name in first | second
    }
    for form in ("a", "a2", None):
        with pytest.raises(DatasetError):
            make_dataset(pooled, ppiq(), form)
    with pytest.raises(DatasetError, match="form a2 of this instrument is"):
        make_dataset({**second, "form_hash": first["form_hash"]}, ppiq(), "a2")
    assert make_dataset(second, ppiq()).form.id == "a2"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("replaces: a\n", "replaces: z\n", "forms/a2.yaml:6: there is no form `z`"),
        ("edition: 2", "edition: 3", "forms/a2.yaml:5: this replaces edition 1, so it is edition 2"),
        ("replaces: a\n", "", "forms/a2.yaml:5: edition 2 does not say which form it `replaces`"),
    ],
)
def test_an_edition_says_which_one_it_follows(old: str, new: str, says: str, folder: Path) -> None:
    edit(folder / "forms/a2.yaml", old, new)
    assert problems_of(folder) == [says]


def test_an_edition_is_part_of_what_is_published(folder: Path) -> None:
    for line in ("edition: 2\n", "replaces: a\n"):
        edit(folder / "forms/a2.yaml", line, "")
    assert load_unlocked(folder).forms["a2"].hash != ppiq().forms["a2"].hash


# B: a guess about somebody else


@pytest.mark.parametrize("form", ["b", "b2"])
def test_the_mirror_takes_i_do_not_know_on_every_item_and_does_not_apply_on_none(form: str) -> None:
    mirror = ppiq().forms[form]
    answers, problems = read_answers(mirror, {item.id: "-55" for item in mirror.items}, mirror.items)
    assert set(answers.values()) == {DO_NOT_KNOW}
    assert problems == ()
    assert len(read_answers(mirror, {item.id: "-77" for item in mirror.items}, mirror.items)[1]) == 30
    assert ppiq().words[form, "en"].label("truth", DO_NOT_KNOW) == "I do not know"


@pytest.mark.parametrize("form", ["b", "b2"])
def test_the_mirror_gives_no_score_whatever_is_answered(form: str) -> None:
    assert score(ppiq(), form, {item.id: 4 for item in ppiq().forms[form].items}) == {}
    assert {column.kind for column in codebook(ppiq(), form, "en")} == {"provenance", "context", "raw"}


def test_i_do_not_know_is_an_answer_to_the_mirror_and_no_gap() -> None:
    raw = [column for column in codebook(ppiq(), "b", "en") if column.kind == "raw"]
    assert all(column.values[DO_NOT_KNOW] == "I do not know" for column in raw)
    assert all(set(column.missing) == {-88, -99} for column in raw)
    assert {column.measure for column in raw} == {"nominal"}  # it is no degree of truth


@pytest.mark.parametrize("form", ["b", "b2"])
def test_the_mirror_says_that_it_is_a_guess(form: str) -> None:
    words = ppiq().words[form, "en"]
    assert words.after[0] == "This is your guess, not a measure of the other person."
    assert all("Guess how it is for them." in words.stem(role) for role in (None, "supervisee", "student"))


def test_i_do_not_know_is_no_answer_to_the_other_forms() -> None:
    for form in (form for form in ppiq().forms.values() if form.id not in {"b", "b2"}):
        item = form.items[0]
        assert read_answers(form, {item.id: "-55"}, [item])[1], form.id


def test_the_role_of_the_other_person_is_another_question_in_the_mirror() -> None:
    words = ppiq().words["b", "en"]
    assert (ppiq().forms["a"].role, ppiq().forms["b"].role) == ("role", "other_role")
    assert words.sentence("b_sd5", "student") == "My student gets support in our meetings."
    assert words.sentence("b_sd5", "supervisor") == words.sentence("b_sd5")
    assert words.option("other_role", "team_member") == "My team member"


def test_questions_on_identity_are_about_the_one_who_answers_in_the_first_edition() -> None:
    words = ppiq().words["b", "en"]
    for number in range(1, 6):
        assert " I " in f" {words.sentence(f'b_id{number}')} "
        assert "about what you do" in (words.help(f"b_id{number}") or "")


# C: a form for people who use services


@pytest.mark.parametrize("form", ["c", "c2"])
def test_form_c_tells_beforehand_what_answers_may_be_used_for_and_who_may_help(form: str) -> None:
    words = ppiq().words[form, "en"]
    told = " ".join(words.before)
    assert all(word in told for word in ("court", "tribunal", "advocate", "Your worker may not"))
    assert words.option("helped", "yes") == "Yes"
    assert "cannot be compared" in words.after[0]


def test_form_c_needs_three_of_four_and_twenty_of_twenty_four() -> None:
    full = {item.id: 4 for item in ppiq().forms["c"].items}
    twenty = full | dict.fromkeys(("c_ec1", "c_vi2", "c_sd1", "c_ag1"), LEFT_BLANK)
    assert score(ppiq(), "c", twenty)["total"].value is not None
    nineteen = score(ppiq(), "c", twenty | {"c_id1": LEFT_BLANK})
    assert nineteen["id"].value is not None
    assert (nineteen["total"].value, nineteen["total"].needed) == (None, 20)
    assert score(ppiq(), "c", full | dict.fromkeys(("c_ec1", "c_ec2"), -99))["ec"].value is None


# S: twelve items of form A, in its words


@pytest.mark.parametrize(("of_twelve", "of_thirty"), [("s", "a"), ("s2", "a2")])
def test_the_short_form_speaks_as_form_a_does_in_every_language(of_twelve: str, of_thirty: str) -> None:
    short, whole = ppiq().forms[of_twelve], ppiq().forms[of_thirty]
    languages = {language for form, language in ppiq().words if form == of_thirty}
    assert languages == {language for form, language in ppiq().words if form == of_twelve}
    for language in languages:
        own, from_a = ppiq().words[of_twelve, language], ppiq().words[of_thirty, language]
        assert own.stems == from_a.stems
        assert own.labels == from_a.labels
        assert own.facet("total") == from_a.facet("total")
        for item in short.items:
            assert item == whole.by_id[item.id]
            assert own.sentences[item.id] == from_a.sentences[item.id]
            assert own.help(item.id) == from_a.help(item.id)
        assert own.sentences.keys() == short.by_id.keys() > own.helps.keys()
        assert own.hash != from_a.hash


def test_the_short_form_gives_a_total_from_ten_answers_in_six_pairs() -> None:
    answers = {item.id: 4 for item in ppiq().forms["s"].items}
    assert score(ppiq(), "s", answers)["total"].value == 50
    ten = score(ppiq(), "s", answers | {"ec1": -88, "vi1": -99})["total"]
    assert ten.value == 100 * (0 + 0 + 4 * 0.5) / 6
    nine = score(ppiq(), "s", answers | {"ec1": -88, "vi1": -99, "sd1": -88})["total"]
    assert (nine.value, nine.note) == (None, "not enough answers: 9 of the 10 needed")
    pair = score(ppiq(), "s", answers | {"ec1": -88, "ec5": -88})["total"]
    assert (pair.value, pair.lacking) == (None, ("pair_ec",))


def test_a_pair_that_is_not_shown_is_no_column_and_has_no_name() -> None:
    shown = [column for column in codebook(ppiq(), "s", "en") if column.kind in {"score", "answered"}]
    assert [column.name for column in shown] == ["total", "total_answered"]
    assert shown[0].label == "All six together (mean of all 6 scores, from at least 10 answers)"
    assert ppiq().words["s", "en"].facet("pair_ec") == "pair_ec"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("words: a\n", "words: z\n", "forms/s.yaml:9: there is no form `z`"),
        ("words: a\n", "words: s\n", "forms/s.yaml:9: form `s` has no words of its own"),
        ("words: a\n", "words: b\n", "forms/s.yaml:9: form `b` is worded for other roles"),
        ("words: a\n", "", "forms/s.yaml:2: this form has no words"),
        ("{id: rr2,", "{id: rr9,", "form `a` has no words for item `rr9`"),
        ("RR2, scale: truth", "RR2, scale: other", "form `a` has another scale for item `rr2`"),
        ("codes: [0, 1, 2, 3, 4]", "codes: [0, 1, 2, 3]", "scale `truth` differs from that of form `a`"),
        ("context: [role, length", "context: [length", "form `a` is worded for other roles"),
    ],
)
def test_words_that_are_taken_must_fit(old: str, new: str, says: str, folder: Path) -> None:
    edit(folder / "forms/s.yaml", old, new)
    assert [p for p in problems_of(folder) if says in p]


def test_a_form_has_words_of_its_own_or_those_of_another(folder: Path) -> None:
    words = (folder / "words/c.en.yaml").read_text("utf-8").replace("form: c", "form: s")
    (folder / "words/s.en.yaml").write_text(words, "utf-8")
    assert "words/s.en.yaml:2: form `s` takes its words from form `a`" in problems_of(folder)


# Who decides?


def test_who_decides_asks_eight_areas_as_they_are_and_as_wished() -> None:
    form, words = ppiq().forms["who_decides"], ppiq().words["who_decides", "en"]
    areas = [item.cell for item in form.items]
    assert areas == [f"WD{n}" for n in range(1, 9) for _ in range(2)]
    for now, wish in zip(form.items[::2], form.items[1::2], strict=True):
        assert (now.id.rpartition("_")[2], wish.id.rpartition("_")[2]) == ("now", "wish")
        area = words.sentence(now.id).removesuffix(", now")
        assert words.sentence(wish.id) == f"{area}, as I would like it"
    assert all(len({item.cell for item in page(form, n)}) == 2 for n in range(1, 5))


def test_who_decides_offers_seven_names_that_nothing_adds_up() -> None:
    form = ppiq().forms["who_decides"]
    columns = codebook(ppiq(), "who_decides", "en")
    raw = [column for column in columns if column.kind == "raw"]
    assert {column.measure for column in raw} == {"nominal"}
    assert all(list(column.values) == [1, 2, 3, 4, 5, 6, 7] for column in raw)
    assert raw[0].values[6] == "A rule or someone else"
    assert {column.kind for column in columns} == {"provenance", "raw"}
    assert score(ppiq(), form.id, {item.id: 1 for item in form.items}) == {}


def test_the_second_edition_asks_eleven_single_areas_each_in_two_questions() -> None:
    form, words = ppiq().forms["who_decides2"], ppiq().words["who_decides2", "en"]
    assert (form.edition, form.replaces, form.result) == (2, "who_decides", "areas")
    assert sorted({item.cell for item in form.items}) == sorted(f"WD{n}" for n in range(1, 12))
    for now, wish in zip(form.items[::2], form.items[1::2], strict=True):
        assert now.cell == wish.cell
        area = words.sentence(now.id).removeprefix("Who decides now ")
        assert words.sentence(wish.id) == f"Who would you like to decide {area}"
        assert not re.search(r"\b(and|or)\b", area), area
    assert all(page(form, n)[at].cell == page(form, n)[at + 1].cell for n in range(1, 6) for at in (0, 2))
    columns = [column for column in codebook(ppiq(), form.id, "en") if column.kind == "raw"]
    assert {column.measure for column in columns} == {"nominal"}
    assert [words.label("who", code) for code in (6, 7)] == ["A rule", "Somebody else"]


# The global item


def test_the_global_item_is_one_question_from_nought_to_ten_that_no_score_takes_in() -> None:
    form = ppiq().forms["g"]
    [item] = form.items
    assert form.scale_of(item.id).codes == tuple(range(11))
    assert not any(item.id in each.by_id for each in ppiq().forms.values() if each.id != "g")
    assert ppiq().key.subscales("g") == {}
    assert score(ppiq(), "g", {item.id: 10}) == {}
    for language in ("en", "cy", "es", "ar"):
        words = ppiq().words["g", language]
        assert [words.label("say", code).split(":")[0] for code in range(11)] == [str(n) for n in range(11)]
        assert words.sentence(item.id, "supervisor") != words.sentence(item.id)
    [column] = [column for column in codebook(ppiq(), "g", "en") if column.kind == "raw"]
    assert column.measure == "ordinal"


def test_names_of_answers_are_never_scored(folder: Path) -> None:
    key = folder / "key.yaml"
    key.write_text(
        key.read_text("utf-8")
        + "  who_decides:\n    subscales:\n      say: {items: [topics_now], method: mean, min_answered: 1}\n",
        "utf-8",
    )
    assert any("have no order, so `topics_now` has no score" in problem for problem in problems_of(folder))


@pytest.mark.parametrize(
    ("old", "new"),
    [("    measure: nominal\n", ""), ("result: areas", "result: total"), ("result: areas\n", "")],
)
def test_measure_and_result_are_part_of_what_is_published(old: str, new: str, folder: Path) -> None:
    edit(folder / "forms/who_decides.yaml", old, new)
    assert load_unlocked(folder).forms["who_decides"].hash != ppiq().forms["who_decides"].hash


# What every form must be


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("forms/b.yaml", "role: other_role", "role: length", "forms/b.yaml:7: `length` must be asked first"),
        ("forms/b.yaml", "role: other_role", "role: nobody", "forms/b.yaml:8: `nobody` is not asked"),
        ("forms/b.yaml", "result: guess", "result: verdict", "forms/b.yaml:9: this should be 'facets'"),
        (
            "context.yaml",
            "[supervisee, student,",
            "[not_said, student,",
            "`not_said` is kept for those who do not say: `other_role` may not offer it",
        ),
        ("forms/c.yaml", "form: c\n", "form: claims\n", "`claims` is the name of other words"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(
    file: str, old: str, new: str, says: str, folder: Path
) -> None:
    edit(folder / file, old, new)
    assert [p for p in problems_of(folder) if says in p], problems_of(folder)
