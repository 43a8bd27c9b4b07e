"""The sentences of the PPIQ keep the rules they were chosen by."""

import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from instrument import NOT_SAID, PPIQ, Form, Words, load, ppiq
from instrument.catalog import load_unlocked
from instrument.nodes import read

ROLES = ("supervisor", "practice_educator", "line_manager", NOT_SAID)
NOUNS = {
    "supervisor": "my supervisor",
    "practice_educator": "my practice educator",
    "line_manager": "my line manager",
    NOT_SAID: "this person",
}
FACETS = ("ec", "vi", "sd", "ag", "id", "rr")
NEGATION = re.compile(
    r"\b(no|not|never|none|nothing|nobody|nowhere|neither|nor|without|hardly|rarely|seldom|barely|only|cannot|"
    r"lacks?|fails?|refuses?|avoids?|dis(?!cuss)\w+|un(?!der|til|ion|ite|ique)\w+|\w+less|\w+n't)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def form() -> Form:
    return ppiq().forms["a"]


@pytest.fixture(scope="module")
def words() -> Words:
    return ppiq().words["a", "en"]


def sentences(form: Form, words: Words, role: str) -> list[str]:
    return [words.sentence(item.id, role) for item in form.items]


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


def test_the_syllable_rule_agrees_with_counting_by_hand_and_errs_upwards(form: Form, words: Words) -> None:
    used = {word for role in ROLES for text in sentences(form, words, role) for word in bare(text)}
    assert used >= BY_HAND.keys()
    counted = {word: syllables(word) for word in BY_HAND}
    assert all(abs(counted[word] - count) <= 1 for word, count in BY_HAND.items())
    assert sum(counted[word] == count for word, count in BY_HAND.items()) >= 14
    assert sum(counted.values()) >= sum(BY_HAND.values())
    assert [syllables(w) for w in ("people", "role", "agree", "judged", "expected", "changes", "makes")] == [
        2, 1, 2, 1, 3, 2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_sentences_are_short(role: str, form: Form, words: Words) -> None:
    lengths = [len(text.split()) for text in sentences(form, words, role)]
    assert max(lengths) <= 15
    assert sum(lengths) / len(lengths) <= 12


@pytest.mark.parametrize("role", ROLES)
def test_sentences_can_be_read_after_eight_years_of_school(role: str, form: Form, words: Words) -> None:
    assert grade(sentences(form, words, role)) <= 8


def test_a_harder_text_would_fail_the_reading_level() -> None:
    assert grade(["Institutional accountability necessitates transparent evaluative documentation."]) > 8


@pytest.mark.parametrize("role", ROLES)
def test_sentences_have_one_idea_and_no_negation(role: str, form: Form, words: Words) -> None:
    for text in sentences(form, words, role):
        assert not NEGATION.search(text), text
        assert not re.search(r"\b(and|or|but)\b|[;:()/]", text), text
        assert text.endswith("."), text
        assert text.count(".") == 1, text


@pytest.mark.parametrize(
    "text", ["I am unsure.", "They never ask.", "I can't say.", "It is useless.", "I disagree."]
)
def test_a_negation_would_be_seen(text: str) -> None:
    assert NEGATION.search(text)


def test_a_sentence_differs_between_roles_by_the_role_alone(form: Form, words: Words) -> None:
    for item in form.items:
        spoken = {role: words.sentence(item.id, role) for role in ROLES}
        general = {
            re.sub(noun, "{other}", spoken[role], count=1, flags=re.IGNORECASE)
            for role, noun in NOUNS.items()
        }
        assert len(general) == 1, spoken
        assert len(set(spoken.values())) in {1, len(ROLES)}
        assert not re.search("supervisor|educator|manager|this person", general.pop())


def test_every_role_has_a_stem_with_the_window_of_three_months(words: Words) -> None:
    stems = {words.stem(role) for role in ROLES}
    assert len(stems) == len(ROLES)
    assert all("last 3 months" in stem and "if that is shorter" in stem for stem in stems)


def test_a_role_kept_to_oneself_has_sentences_of_its_own(words: Words) -> None:
    assert words.sentence("ec2", None) == words.sentence("ec2", NOT_SAID) == words.sentence("ec2", "-99")
    assert words.sentence("ec2", "supervisor") != words.sentence("ec2")


def test_facets_are_keyed_both_ways(form: Form) -> None:
    key = ppiq().key.subscales("a")
    ways = {facet: Counter(not item.reversed for item in key[facet].items) for facet in FACETS}
    assert {facet: (way[True], way[False]) for facet, way in ways.items()} == {
        "ec": (3, 2), "vi": (3, 2), "sd": (3, 2), "ag": (2, 3), "id": (3, 2), "rr": (2, 3),
    }  # fmt: skip
    assert sum((Counter(way) for way in ways.values()), Counter()) == {True: 16, False: 14}
    assert sorted(item.id for facet in FACETS for item in key[facet].items) == sorted(form.by_id)


def test_the_order_mixes_facets_and_begins_and_ends_gently(form: Form) -> None:
    order = [item.id for item in form.items]
    reversed_ = ppiq().key.reversed_items("a")
    assert all(a[:2] != b[:2] for a, b in pairwise(order))
    assert not order[0].startswith("id")
    assert order[0] != "ec3"
    assert order[0] in reversed_
    assert set(order[-3:]) <= reversed_
    assert all(len({item[:2] for item in order[at : at + 5]}) == 5 for at in range(0, 30, 5))
    assert all(len({item in reversed_ for item in order[at : at + 5]}) == 2 for at in range(0, 30, 5))


def test_items_are_the_cells_of_the_blueprint(form: Form) -> None:
    assert {item.cell for item in form.items} == {
        f"{facet.upper()}{n}" for facet in FACETS for n in range(1, 6)
    }
    assert all(item.cell == item.id.upper() for item in form.items)


def test_does_not_apply_is_offered_on_four_items_alone(form: Form) -> None:
    assert {item.id for item in form.items if item.does_not_apply} == {"ec2", "ec5", "sd4", "rr4"}


def test_answers_are_five_degrees_of_truth(form: Form, words: Words) -> None:
    (scale,) = form.scales.values()
    assert [words.label(scale.id, code) for code in scale.codes] == [
        "Not at all true", "Slightly true", "Partly true", "Mostly true", "Completely true",
    ]  # fmt: skip
    assert words.label(scale.id, -99) == "Rather not say"


def test_the_first_identity_item_lists_what_who_i_am_may_mean(form: Form, words: Words) -> None:
    first = next(item.id for item in form.items if item.id.startswith("id"))
    assert first == "id1"
    help_ = words.help("id1") or ""
    assert all(word in help_ for word in ("class", "language", "job title", "ethnicity", "disability"))


def history() -> dict[str, Any]:
    document = read(PPIQ / "history" / "a.yaml", "history/a.yaml")
    assert document.problems == []
    return {cell["item"]: cell for cell in document.data["cells"]}


def test_every_sentence_has_its_history(form: Form, words: Words) -> None:
    cells = history()
    assert cells.keys() == form.by_id.keys()
    reversed_ = ppiq().key.reversed_items("a")
    for item, cell in cells.items():
        chosen = cell["chosen"].replace("{other}", "my supervisor").replace("{Other}", "My supervisor")
        assert words.sentence(item, "supervisor") == chosen
        assert cell["keyed"] == ("balance" if item in reversed_ else "imbalance")
        written = [cell["chosen"], *(other["words"] for other in cell["rejected"])]
        assert len(set(written)) == len(written) >= 4
        assert all(other["why"] for other in cell["rejected"])
        assert all(cell[part] for part in ("cell", "content", "seeds", "literature", "why"))


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


@pytest.mark.parametrize("name", ["words/a.en.yaml", "words/context.en.yaml"])
def test_any_changed_sentence_changes_the_hash_of_the_words(name: str, tmp_path: Path) -> None:
    folder = copy(tmp_path)
    original = (folder / name).read_text("utf-8")
    hashes = {ppiq().words["a", "en"].hash}
    found = list(re.finditer(r'(?<=: )"[^"]+"', original))
    for text in found:
        changed = f"{original[: text.end() - 1]}!{original[text.end() - 1 :]}"
        (folder / name).write_text(changed, "utf-8")
        hashes.add(load_unlocked(folder).words["a", "en"].hash)
    assert len(hashes) == len(found) + 1 > 40
