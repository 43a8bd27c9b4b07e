"""The sentences of the PPIQ keep the rules by which they were chosen."""

import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from instrument import NOT_SAID, PPIQ, Instrument, load, ppiq
from instrument.catalog import load_unlocked
from instrument.nodes import read

NOUNS = {
    "a": {
        "supervisor": "my supervisor",
        "practice_educator": "my practice educator",
        "line_manager": "my line manager",
        NOT_SAID: "this person",
    },
    "b": {
        "supervisee": "my supervisee",
        "student": "my student",
        "team_member": "my team member",
        NOT_SAID: "this person",
    },
    "c": {NOT_SAID: "my worker"},
}
NOUNS |= {"a2": NOUNS["a"], "b2": NOUNS["b"], "c2": NOUNS["c"]}
READERS = {"a": 8, "a2": 8, "b": 8, "b2": 8, "c": 6, "c2": 6}  # years of school
SPOKEN = [(form, role) for form, nouns in NOUNS.items() for role in nouns]
FACETS = ("ec", "vi", "sd", "ag", "id", "rr")
NEGATION = re.compile(
    r"\b(no|not|never|none|nothing|nobody|nowhere|neither|nor|without|hardly|rarely|seldom|barely|only|cannot|"
    r"lacks?|fails?|refuses?|avoids?|dis(?!cuss)\w+|un(?!der|til|ion|ite|ique)\w+|\w+less|\w+n't)\b",
    re.IGNORECASE,
)


def sentences(form: str, role: str) -> list[str]:
    words = ppiq().words[form, "en"]
    return [words.sentence(item.id, role) for item in ppiq().forms[form].items]


def bare(sentence: str) -> list[str]:
    return [re.sub(r"[^a-z]", "", re.sub(r"'s$", "", word)) for word in sentence.lower().split()]


def syllables(word: str) -> int:
    """Count groups of vowels (a e i o u y).

    Less one for a last e, unless it follows l after a consonant; for -ed, unless after t or d; and for -es,
    unless after s, z, x, c, g, sh or ch. At least one.
    """
    groups = len(re.findall(r"[aeiouy]+", word))
    silent_e = re.search(r"[^aeiouy]e$", word) and not re.search(r"[^aeiouy]le$", word)
    silent_ed = re.search(r"[^aeiouytd]ed$", word)
    silent_es = re.search(r"[^aeiouyszxcg]es$", word) and not re.search(r"[sc]hes$", word)
    return max(1, groups - bool(silent_e or silent_ed or silent_es))


# The twenty longest words that differ in kind, counted by hand.
BY_HAND = {
    "independent": 4, "relationship": 4, "responsible": 4, "information": 4, "arrangement": 3,
    "supervisor": 4, "educator": 4, "judgements": 2, "influences": 4, "difficult": 3,
    "important": 3, "different": 3, "elsewhere": 2, "decisions": 3, "something": 2,
    "background": 2, "struggling": 2, "reaction": 3, "official": 3, "evidence": 3,
}  # fmt: skip


def grade(texts: list[str]) -> float:
    """Flesch-Kincaid grade, each sentence by itself."""
    words = [word for text in texts for word in bare(text)]
    return 0.39 * len(words) / len(texts) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_syllable_rule_agrees_with_counting_by_hand_and_errs_upwards() -> None:
    used = {word for role in NOUNS["a"] for text in sentences("a", role) for word in bare(text)}
    assert used >= BY_HAND.keys()
    counted = {word: syllables(word) for word in BY_HAND}
    assert all(abs(counted[word] - count) <= 1 for word, count in BY_HAND.items())
    assert sum(counted[word] == count for word, count in BY_HAND.items()) >= 14
    assert sum(counted.values()) >= sum(BY_HAND.values())
    assert [syllables(w) for w in ("people", "role", "agree", "judged", "expected", "changes", "makes")] == [
        2, 1, 2, 1, 3, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(("form", "role"), SPOKEN)
def test_sentences_are_short(form: str, role: str) -> None:
    lengths = [len(text.split()) for text in sentences(form, role)]
    assert max(lengths) <= 15
    # In the second edition, which names the person more often, the average is that of a role of two words.
    longer = len(NOUNS[form][role].split()) - 2 if form in {"a2", "b2"} else 0
    named = sum(NOUNS[form][role] in text.lower() for text in sentences(form, role))
    assert (sum(lengths) - longer * named) / len(lengths) <= 12


@pytest.mark.parametrize(("form", "role"), SPOKEN)
def test_sentences_can_be_read_after_so_many_years_of_school(form: str, role: str) -> None:
    assert grade(sentences(form, role)) <= READERS[form]


def test_a_harder_text_would_fail_the_reading_level() -> None:
    assert grade(["Institutional accountability necessitates transparent evaluative documentation."]) > 8
    assert grade(sentences("a", "supervisor")) > READERS["c"]


@pytest.mark.parametrize("form", ["c", "c2"])
def test_the_lines_around_the_questions_of_form_c_can_be_read_as_easily(form: str) -> None:
    words = ppiq().words[form, "en"]
    help_ = [text for item in ppiq().forms[form].items if (text := words.help(item.id))]
    for texts in (words.before, words.after, help_):
        single = [part for text in texts for part in re.split(r"(?<=[.:?])\s", text)]
        assert grade(single) <= READERS["c"], single


@pytest.mark.parametrize(("form", "role"), SPOKEN)
def test_sentences_have_one_idea_and_no_negation(form: str, role: str) -> None:
    for text in sentences(form, role):
        assert not NEGATION.search(text), text
        assert not re.search(r"\b(and|or|but)\b|[;:()/]", text), text
        assert text.endswith("."), text
        assert text.count(".") == 1, text


@pytest.mark.parametrize(
    "text", ["I am unsure.", "They never ask.", "I can't say.", "It is useless.", "I disagree."]
)
def test_a_negation_would_be_seen(text: str) -> None:
    assert NEGATION.search(text)


@pytest.mark.parametrize("form", ["a", "a2", "b", "b2"])
def test_a_sentence_differs_between_roles_by_the_role_alone(form: str) -> None:
    words, nouns = ppiq().words[form, "en"], NOUNS[form]
    for item in ppiq().forms[form].items:
        spoken = {role: words.sentence(item.id, role) for role in nouns}
        general = {
            re.sub(noun, "{other}", spoken[role], count=1, flags=re.IGNORECASE)
            for role, noun in nouns.items()
        }
        assert len(general) == 1, spoken
        assert len(set(spoken.values())) in {1, len(nouns)}
        assert not re.search("superv|student|educator|manager|member|this person", general.pop())


@pytest.mark.parametrize("form", ["a", "a2", "b", "b2"])
def test_every_role_has_a_stem_with_the_window_of_three_months(form: str) -> None:
    stems = {ppiq().words[form, "en"].stem(role) for role in NOUNS[form]}
    assert len(stems) == len(NOUNS[form])
    assert all("last 3 months" in stem and "if that is shorter" in stem for stem in stems)


def test_a_role_kept_to_oneself_has_sentences_of_its_own() -> None:
    words = ppiq().words["a", "en"]
    assert words.sentence("ec2", None) == words.sentence("ec2", NOT_SAID) == words.sentence("ec2", "-99")
    assert words.sentence("ec2", "supervisor") != words.sentence("ec2")


def cells(form: str) -> list[str]:
    return [item.cell or "" for item in ppiq().forms[form].items]


def ways(form: str) -> dict[str, tuple[int, int]]:
    """How many items of each facet are keyed to imbalance, and how many to balance."""
    turned = ppiq().key.reversed_items(form)
    counts = Counter(
        (item.cell[:2].lower(), item.id in turned) for item in ppiq().forms[form].items if item.cell
    )
    return {facet: (counts[facet, False], counts[facet, True]) for facet in FACETS}


def test_facets_are_keyed_both_ways() -> None:
    assert ways("a") == {
        "ec": (3, 2), "vi": (3, 2), "sd": (3, 2), "ag": (2, 3), "id": (3, 2), "rr": (2, 3),
    }  # fmt: skip
    assert ways("a2") == ways("a")
    assert ways("c") == dict.fromkeys(FACETS, (2, 2))
    assert ways("c2") == ways("c")
    assert ways("s") == ways("s2") == dict.fromkeys(FACETS, (1, 1))


@pytest.mark.parametrize("form", ["a", "a2", "c", "c2", "s", "s2"])
def test_every_item_is_scored_once_in_the_facet_of_its_cell(form: str) -> None:
    subscales = [s for s in ppiq().key.subscales(form).values() if s.items]
    homes = {item.id: subscale.id for subscale in subscales for item in subscale.items}
    assert sum(len(subscale.items) for subscale in subscales) == len(homes)
    assert homes.keys() == ppiq().forms[form].by_id.keys()
    for item in ppiq().forms[form].items:
        assert item.cell
        assert homes[item.id].removeprefix("pair_") == item.cell[:2].lower()


def test_a_cell_is_keyed_alike_in_every_form() -> None:
    key = ppiq().key
    turned = {
        form: {item.cell for item in ppiq().forms[form].items if item.id in key.reversed_items(form)}
        for form in ("a", "a2", "c", "c2", "s", "s2")
    }
    assert turned["a2"] == turned["a"]
    for form in ("c", "c2", "s", "s2"):
        assert turned[form] == turned["a"] & set(cells(form)), form


@pytest.mark.parametrize("form", ["a", "a2", "b", "b2", "c", "c2"])
def test_the_order_mixes_facets_and_begins_and_ends_gently(form: str) -> None:
    order, balance = cells(form), {cell["cell"] for cell in history(form) if cell["keyed"] == "balance"}
    assert all(a[:2] != b[:2] for a, b in pairwise(order))
    assert order[0] == "SD5"
    assert order[0] in balance
    assert set(order[-3:]) <= balance
    shown = [order[at : at + 5] for at in range(0, len(order), 5)]
    assert all(len({cell[:2] for cell in page}) == len(page) for page in shown)
    assert all(len({cell in balance for cell in page}) == 2 for page in shown)


@pytest.mark.parametrize("form", ["s", "s2"])
def test_the_short_form_begins_and_ends_gently_too(form: str) -> None:
    order = [item.id for item in ppiq().forms[form].items]
    turned = ppiq().key.reversed_items(form)
    assert all(a[:2] != b[:2] for a, b in pairwise(order))
    assert order[0].removesuffix("_2") == "vi5"
    assert {order[0], *order[-2:]} <= turned
    plain = [each.removesuffix("_2") for each in order]
    assert plain.index("id1") < plain.index("id5")  # its help says what "who I am" may mean


def test_items_are_the_cells_of_the_blueprint() -> None:
    everything = {f"{facet.upper()}{n}" for facet in FACETS for n in range(1, 6)}
    assert set(cells("a")) == set(cells("a2")) == set(cells("b")) == everything
    assert cells("b2") == cells("a2")  # the mirror asks in the order of what it mirrors
    assert set(cells("c")) == everything - {"EC3", "VI1", "SD3", "AG5", "ID2", "RR4"}
    assert set(cells("c2")) == set(cells("c")) - {"EC2", "VI3"} | {"EC3", "VI1"}
    assert set(cells("s2")) == set(cells("s")) - {"EC1", "EC5"} | {"EC2", "EC4"}
    assert set(cells("s")) == {
        "EC1", "EC5", "VI1", "VI5", "SD1", "SD4", "AG1", "AG4", "ID1", "ID5", "RR2", "RR3",
    }  # fmt: skip
    for form, prefix in (("a", ""), ("b", "b_"), ("c", "c_"), ("s", "")):
        items = ppiq().forms[form].items
        assert [item.id for item in items] == [f"{prefix}{(item.cell or '').lower()}" for item in items]


def test_does_not_apply_is_offered_on_a_fixed_list_of_items_alone() -> None:
    offered = {
        form.id: {item.cell for item in form.items if item.does_not_apply} for form in ppiq().forms.values()
    }
    assert offered == {
        "a": {"EC2", "EC5", "SD4", "RR4"}, "a2": {"EC5"}, "b": set(), "b2": set(),
        "c": {"EC2", "EC5", "SD4"}, "c2": {"EC5"}, "s": {"EC5", "SD4"}, "s2": set(),
        "who_decides": set(), "who_decides2": {f"WD{n}" for n in range(1, 12)}, "g": set(),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["a", "a2", "b", "b2", "c", "c2", "s", "s2"])
def test_answers_are_five_degrees_of_truth(form: str) -> None:
    words, (scale,) = ppiq().words[form, "en"], ppiq().forms[form].scales.values()
    assert [words.label(scale.id, code) for code in scale.codes] == [
        "Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true",
    ]  # fmt: skip
    assert words.label(scale.id, -99) == "Rather not say"


@pytest.mark.parametrize("form", ["a", "a2", "b", "b2", "c", "c2"])
def test_the_first_identity_item_lists_what_who_i_am_may_mean(form: str) -> None:
    first = next(item for item in ppiq().forms[form].items if item.cell and item.cell.startswith("ID"))
    assert first.cell == "ID1"
    help_ = ppiq().words[form, "en"].help(first.id) or ""
    assert all(word in help_ for word in ("class", "language", "ethnicity", "disability"))


def history(form: str) -> list[dict[str, Any]]:
    document = read(PPIQ / "history" / f"{form}.yaml", f"history/{form}.yaml")
    assert document.problems == []
    assert document.data["form"] == form
    cells: list[dict[str, Any]] = document.data["cells"]
    return cells


@pytest.mark.parametrize("form", ["a", "b", "c"])
def test_every_sentence_has_its_history(form: str) -> None:
    told = {cell["item"]: cell for cell in history(form)}
    words, items = ppiq().words[form, "en"], ppiq().forms[form].by_id
    assert told.keys() == items.keys()
    role, noun = next(iter(NOUNS[form].items()))
    for item, cell in told.items():
        chosen = cell["chosen"].replace("{other}", noun).replace("{Other}", noun.capitalize())
        assert words.sentence(item, role) == chosen
        assert cell["cell"] == items[item].cell
        written = [cell["chosen"], *(other["words"] for other in cell["rejected"])]
        assert len(set(written)) == len(written) >= 4
        assert all(other["why"] for other in cell["rejected"])
        assert all(cell[part] for part in ("content", "seeds", "literature", "why"))


@pytest.mark.parametrize("form", ["a", "a2", "c", "c2"])
def test_the_history_and_the_key_turn_the_same_items_round(form: str) -> None:
    balance = {cell["item"] for cell in history(form) if cell["keyed"] == "balance"}
    assert balance == ppiq().key.reversed_items(form)


def test_no_form_words_an_item_as_another_does() -> None:
    said = {form: {words for role in NOUNS[form] for words in sentences(form, role)} for form in NOUNS}
    assert not said["a"] & said["b"]
    assert not said["a"] & said["c"]
    assert not said["b"] & said["c"]


# The second edition


def document(name: str) -> Any:
    found = read(PPIQ / "history" / f"{name}.yaml", f"history/{name}.yaml")
    assert found.problems == []
    return found.data


def test_what_changed_has_a_new_id_and_what_has_the_id_of_before_is_the_same_sentence() -> None:
    for form, first, prefix, kept in (("a2", "a", "", 5), ("b2", "b", "b_", 4), ("c2", "c", "c_", 7)):
        before, after = ppiq().words[first, "en"].sentences, ppiq().words[form, "en"].sentences
        for item in ppiq().forms[form].items:
            earlier = prefix + (item.cell or "").lower()
            same = after[item.id] == before.get(earlier, after[item.id])
            assert item.id == (earlier if same else f"{earlier}_2")
        assert len(after.keys() & before.keys()) == kept


@pytest.mark.parametrize(("form", "role"), [("a2", "supervisor"), ("b2", "supervisee"), ("c2", NOT_SAID)])
def test_every_sentence_of_the_second_edition_has_its_history_and_the_first_editions_is_kept(
    form: str, role: str
) -> None:
    words, told = ppiq().words[form, "en"], {cell["item"]: cell for cell in history(form)}
    noun = NOUNS[form][role]
    first = {cell["cell"]: cell["chosen"] for cell in history(form[0])}
    assert told.keys() == ppiq().forms[form].by_id.keys()
    for item, cell in told.items():
        chosen = cell["chosen"].replace("{other}", noun).replace("{Other}", noun.capitalize())
        assert words.sentence(item, role) == chosen
        assert form == "b2" or cell["names"] is bool(
            re.search(r"\{other\}|my worker", cell["chosen"], re.IGNORECASE)
        )
        rejected = {other["words"] for other in cell["rejected"]}
        assert cell["chosen"] not in rejected
        before = first.get(cell["cell"], cell["chosen"])
        assert (before in rejected) is (before != cell["chosen"])
        assert all(cell["why"] and other["why"] for other in cell["rejected"])


def test_the_mirror_confesses_nothing_and_guesses_at_identity_too() -> None:
    """A sentence begins with what the other person meets, or with both: never with what I do to them."""
    told = ppiq().words["b2", "en"]
    for item in ppiq().forms["b2"].items:
        sentence = told.sentence(item.id, "student")
        assert not re.match(r"I\b|Because of who", sentence), sentence
        if item.cell and item.cell.startswith("ID"):
            assert "my student" in sentence.lower()
    keyed = {cell["cell"]: cell["keyed"] for cell in history("a2")}
    assert {cell["cell"]: cell["keyed"] for cell in history("b2")} == keyed


@pytest.mark.parametrize(("form", "role"), [each for each in SPOKEN if each[0] in {"a2", "b2", "c2"}])
def test_no_sentence_takes_for_granted_that_somebody_spoke_up_or_did_wrong(form: str, role: str) -> None:
    """Who never dares would answer "not at all true" to what happens when they speak."""
    event = r"\bwhen (I|we) (?!see\b)|\bwhat went wrong\b"
    assert not [text for text in sentences(form, role) if re.search(event, text, re.IGNORECASE)]


def test_the_mirror_sends_nobody_to_ask() -> None:
    words = ppiq().words["b2", "en"]
    assert "guess" in words.title
    assert any("do not ask the other person" in line for line in words.before)
    assert any("do not put these sentences to the other person" in line for line in words.after)
    lines = [*words.before, *words.after, *filter(None, map(words.help, ppiq().forms["b2"].by_id))]
    single = [part for line in lines for part in re.split(r"(?<=[.:?])\s", line)]
    assert not [each for each in single if re.match(r"(Please )?[Aa]sk\b", each)]
    for said in ("aged 18", "at least twice", "several people", "in a group only", "no right or wrong"):
        assert said in " ".join(words.before)


def test_the_other_person_is_named_about_as_often_in_both_keyings() -> None:
    for form, most in (("a2", 0.05), ("c2", 0.1)):
        named: dict[str, list[bool]] = {"imbalance": [], "balance": []}
        for cell in history(form):
            named[cell["keyed"]].append(cell["names"])
        shares = {keyed: sum(each) / len(each) for keyed, each in named.items()}
        assert abs(shares["imbalance"] - shares["balance"]) <= most, form
    first = {cell["item"]: "{" in cell["chosen"].lower() for cell in history("a")}
    turned = ppiq().key.reversed_items("a")
    imbalance = [names for item, names in first.items() if item not in turned]
    balance = [names for item, names in first.items() if item in turned]
    assert sum(imbalance) / len(imbalance) - sum(balance) / len(balance) > 0.3  # what it mends


def test_sentences_that_depend_on_each_other_are_declared_and_stand_on_different_pages() -> None:
    pairs = [each["pair"] for each in document("a2")["local_dependence"]]
    assert pairs == [["EC1", "EC2"], ["SD2", "SD4"], ["VI1", "VI3"], ["AG4", "RR1"]]
    place = {cell: at // ppiq().forms["a2"].per_page for at, cell in enumerate(cells("a2"))}
    assert all(place[one] != place[other] for one, other in pairs)


def test_what_the_keying_of_the_next_sentence_is_cannot_be_told_from_the_last_ones() -> None:
    turned = ppiq().key.reversed_items("a2")
    changes = [(a.id in turned) != (b.id in turned) for a, b in pairwise(ppiq().forms["a2"].items)]
    assert not any(all(changes[at : at + 5]) for at in range(len(changes) - 4))


def test_whom_it_is_for_and_how_not_to_answer_is_said_before_anybody_begins() -> None:
    words = ppiq().words["a2", "en"]
    told = " ".join(words.before)
    for said in ("aged 18", "at least twice", "several people", "in a group only", "no right or wrong",
                 "blank", words.label("truth", -99), words.label("truth", -77)):  # fmt: skip
        assert said in told
    assert grade([part for text in words.before for part in re.split(r"(?<=[.:?])\s", text)]) <= 8


def test_the_pool_has_fifty_four_places_and_keeps_the_rules() -> None:
    pool, core = document("pool"), {cell["cell"]: cell for cell in history("a2")}
    more = {each["cell"]: each for each in pool["sentences"]}
    assert Counter(cell[:2] for cell in [*core, *more]) == pool["places"]
    assert sum(pool["places"].values()) == 54
    assert {cell for cell in [*core, *more] if cell[:2] == "VI"} == {*pool["voice"], *pool["information"]}
    assert (len(pool["voice"]), len(pool["information"])) == (5, 5)
    keyed = {cell: each["keyed"] for cell, each in {**core, **more}.items()}
    assert {one[:2].lower() for one, other in pool["mirrors"] if keyed[one] != keyed[other]} == set(FACETS)
    assert all(keyed[one] != keyed[other] for one, other in pool["mirrors"])
    for each in more.values():
        for noun in NOUNS["a2"].values():
            text = each["sentence"].replace("{other}", noun).replace("{Other}", noun.capitalize())
            assert len(text.split()) <= 15, text
            assert not NEGATION.search(text), text
            assert not re.search(r"\b(and|or|but)\b|[;:()/]", text), text
            assert text.endswith("."), text


def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PPIQ, tmp_path / "ppiq"))


def test_a_comment_leaves_the_hash_of_the_words_alone(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    for name in ("words/a.en.yaml", "words/context.en.yaml"):
        text = (folder / name).read_text("utf-8")
        (folder / name).write_text(f"# A remark.\n{text}\n\n# Another.\n", "utf-8")
    status = (folder / "words/a.en.yaml").read_text("utf-8").replace("status: draft", "status: reviewed")
    (folder / "words/a.en.yaml").write_text(status, "utf-8")
    assert load(folder).words["a", "en"].hash == ppiq().words["a", "en"].hash


def english(instrument: Instrument) -> tuple[str, ...]:
    """The hashes of all that is said in English."""
    return tuple(words.hash for (_, language), words in instrument.words.items() if language == "en")


@pytest.mark.parametrize("name", ["words/a.en.yaml", "words/context.en.yaml"])
def test_any_changed_sentence_changes_the_hash_of_the_words(name: str, tmp_path: Path) -> None:
    folder = copy(tmp_path)
    original = (folder / name).read_text("utf-8")
    hashes = {english(ppiq())}
    found = list(re.finditer(r'(?<=: )"[^"]+"', original))
    sections = [re.findall(r"^(\w+):", original[: text.start()], re.MULTILINE)[-1] for text in found]
    # Of each section the first two and every tenth: reading the whole folder takes a third of a second.
    some = [text for n, text in enumerate(found) if n % 10 == 0 or sections[:n].count(sections[n]) < 2]
    for text in some:
        changed = f"{original[: text.end() - 1]}!{original[text.end() - 1 :]}"
        (folder / name).write_text(changed, "utf-8")
        hashes.add(english(load_unlocked(folder)))
    assert len(hashes) == len(some) + 1 > 10
