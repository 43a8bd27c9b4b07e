"""The six words: enough of them, distinct, read however they are typed, and never changed."""

from collections.abc import Iterator
from hashlib import sha256
from random import Random
from unicodedata import combining, normalize

import pytest

from app.languages import LANGUAGES
from app.survey.phrases import BITS_OF_A_WORD, WORDS, Misread, in_words, phrase_of, read_phrase, word_list
from app.vault import new_key

LISTS = {
    "en": "538897c51bb5103a",
    "cy": "7708ee78bea0ff01",
    "es": "6307a896378205ee",
    "ar": "a56105647e050ef8",
}
"""Of the lists as they are: changed words would not open what is saved, for as long as it is kept."""
SHORTEST, LONGEST = 3, 9


def plain(word: str) -> str:
    return "".join(each for each in normalize("NFKD", word) if not combining(each))


def one_slip_from(word: str) -> Iterator[str]:
    """The word with one letter missing, or two neighbouring letters exchanged; `?` is any letter."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield f"{word[:at]}?{word[at + 1 :]}"
        yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


def test_a_phrase_has_fifty_bits_and_more() -> None:
    assert {len(set(word_list(language))) for language in LANGUAGES} == {2**BITS_OF_A_WORD}
    assert WORDS * BITS_OF_A_WORD >= 50


def test_every_word_of_every_place_is_drawn_as_often() -> None:
    """4,096 phrases of six: each of 512 words 48 times; beyond 90 or under 15 comes once in some millions."""
    drawn = [0] * 2**BITS_OF_A_WORD
    for seed in range(4_096):
        for each in phrase_of(Random(seed).randbytes(32)):
            drawn[each] += 1
    assert sum(drawn) == 4_096 * WORDS
    assert 15 < min(drawn) <= max(drawn) < 90
    assert len({phrase_of(new_key()) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slip_of_the_pen_makes_no_other_word(language: str) -> None:
    words = [plain(each) for each in word_list(language)]
    assert all(each.isalpha() and SHORTEST <= len(each) <= LONGEST for each in words)
    others: dict[str, str] = {}
    for word in words:
        for slip in one_slip_from(word):
            assert slip == word or slip not in words, (slip, word)
            if "?" in slip:
                assert others.setdefault(slip, word) == word, (slip, word, others[slip])


def test_a_word_stands_in_one_language_alone() -> None:
    words = [plain(word) for language in LANGUAGES for word in word_list(language)]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_that_people_wrote_down_stay(language: str) -> None:
    """Another list needs a migration that ends the drafts, or fifteen days in which nobody answers."""
    assert sha256(" ".join(word_list(language)).encode()).hexdigest()[:16] == LISTS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_read_as_it_was_shown(language: str) -> None:
    for seed in range(500):
        phrase = phrase_of(Random(seed).randbytes(32))
        assert read_phrase(in_words(phrase, language)) == phrase


@pytest.mark.parametrize(
    ("shown", "typed"),
    [
        ("acorn zinc oasis quill tulip wool", "  Acorn, ZINC\tOasis - quill; “tulip” WOOL. "),
        ("azafrán búho ciprés cigüeña otoño rubí", "azafran buho cipres ciguena otono RUBI"),
        ("balŵn brân crëyr sgwâr jiráff plât", "balwn bran creyr sgwar jiraff plat"),
        ("إبرة أحمر شاطئ لؤلؤ خزامى مدينة", "ابرة احمر شاطي لولو خزامي مدينه"),
        ("ساعة قلم قمح", None),
    ],
)
def test_it_is_read_as_a_person_types_it(shown: str, typed: str | None) -> None:
    if typed is None:
        with pytest.raises(Misread):
            read_phrase(shown)
    else:
        assert read_phrase(typed) == read_phrase(shown)


@pytest.mark.parametrize(
    ("typed", "unknown"),
    [
        ("", ()),
        ("acorn zinc oasis quill tulip", ()),
        ("acorn zinc oasis quill tulip wool wool", ()),
        ("acorn zink oasis quil tulip wool", ("zink", "quil")),
        ("7K2M-7K2M-7K2M", ("k", "m", "k", "m", "k", "m")),
        ("\u202e\x00 ' OR 1=1 --", ("or",)),
    ],
)
def test_what_is_no_phrase_says_which_words_are_unknown(typed: str, unknown: tuple[str, ...]) -> None:
    with pytest.raises(Misread) as misread:
        read_phrase(typed)
    assert misread.value.unknown == unknown
