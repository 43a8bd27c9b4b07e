"""Matching: how many marks must agree, how often that finds the right person, and never a guess."""

from collections.abc import Sequence
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.studies.linking.elements import ALPHABETS, DAY, DIGIT, ELEMENTS, ENOUGH, LETTER, allowed, offered
from app.studies.linking.matching import Marks, match

WEIGHTS = {
    # Names begin with some letters far more often than with others; house numbers end in small digits more.
    LETTER: [0.85**rank for rank in range(26)],
    DAY: [1.0] * 28 + [0.95, 0.9, 0.6],
    DIGIT: [0.94**rank for rank in range(10)],
}
KINDS = [element.asks for element in ELEMENTS.values()]
CAREFUL, CARELESS = 0.09, 0.3
"""How often an answer is another one the second time: for nine people in ten, and for the tenth."""


def chance(kind: str) -> float:
    """How often two strangers give the same answer."""
    return sum(weight**2 for weight in WEIGHTS[kind]) / sum(WEIGHTS[kind]) ** 2


def at_least(count: int, chances: Sequence[float]) -> float:
    """The probability that at least so many of independent events happen."""
    likely = [1.0, *[0.0] * len(chances)]
    for each in chances:
        likely = [before * (1 - each) + (likely[n - 1] * each if n else 0) for n, before in enumerate(likely)]
    return sum(likely[count:])


STRANGERS = [chance(kind) for kind in KINDS]


def found_again(count: int) -> float:
    return 0.9 * at_least(count, [1 - CAREFUL] * 8) + 0.1 * at_least(count, [1 - CARELESS] * 8)


def wrong_links(count: int, people: int, stayed: float) -> float:
    """The expected number: a stranger is linked only where neither of the two finds their own sheet."""
    alone = people * (1 - stayed * found_again(count))
    return alone**2 * at_least(count, STRANGERS)


def test_strangers_agree_as_rarely_as_is_said() -> None:
    assert [KINDS.count(kind) for kind in (LETTER, DAY, DIGIT)] == [5, 2, 1]
    assert 0.08 < chance(LETTER) < 0.085
    assert 0.032 < chance(DAY) < 0.034
    assert 0.1 < chance(DIGIT) < 0.11
    assert at_least(8, [0.5] * 8) == pytest.approx(1 / 256)
    assert at_least(ENOUGH, STRANGERS) == pytest.approx(2.7e-6, rel=0.1)


def test_six_of_eight_is_the_one_number_that_does() -> None:
    """500 people asked twice, of whom two thirds come back: five link strangers, seven lose people."""
    assert ENOUGH == 6
    assert wrong_links(6, 500, 2 / 3) < 0.15
    assert wrong_links(5, 500, 2 / 3) > 2
    assert found_again(6) == pytest.approx(0.925, abs=0.01)
    assert found_again(7) < 0.8
    assert found_again(8) == pytest.approx(0.43, abs=0.01)


# ---- 200 people ----


def person(draw: Random) -> list[str]:
    return [str(draw.choices(range(len(WEIGHTS[kind])), WEIGHTS[kind])[0]) for kind in KINDS]


def again(sheet: Marks, draw: Random) -> list[str | None]:
    """The same person later: now and then an answer has changed to any other."""
    slips = CAREFUL if draw.random() < 0.9 else CARELESS
    return [
        draw.choice([str(each) for each in range(len(WEIGHTS[kind])) if str(each) != answer])
        if draw.random() < slips
        else answer
        for kind, answer in zip(KINDS, sheet, strict=True)
    ]


def simulated(seed: int, people: int, stayed: int) -> tuple[int, int, int]:
    """How many who came back are linked to themselves by six of eight, how many by all, and wrong links."""
    draw = Random(seed)
    earlier = [person(draw) for _ in range(people)]
    later = [again(sheet, draw) for sheet in earlier[:stayed]]
    later += [person(draw) for _ in range(people - stayed)]
    order = draw.sample(range(people), people)
    mixed = [later[each] for each in order]
    links = match(earlier, mixed).links
    right = sum(one == order[other] and one < stayed for one, other in links)
    exact = sum(one == order[other] and one < stayed for one, other in match(earlier, mixed, 8).links)
    return right, exact, len(links) - right


def test_of_200_people_nine_in_ten_are_found_where_equality_finds_four_and_nobody_wrongly() -> None:
    runs = [simulated(seed, people=200, stayed=200) for seed in range(20)]
    right, exact, wrong = (sum(column) for column in zip(*runs, strict=True))
    assert 0.90 < right / 4000 < 0.94, right / 4000
    assert 0.38 < exact / 4000 < 0.46, exact / 4000
    assert wrong == 0


def test_those_who_did_not_come_back_are_taken_for_nobody_else() -> None:
    runs = [simulated(seed, people=200, stayed=120) for seed in range(20)]
    assert sum(wrong for *_, wrong in runs) == 0
    assert sum(right for right, *_ in runs) > 0.89 * 20 * 120


# ---- matching ----


def sheets(*answers: str) -> list[list[str | None]]:
    return [[None if each == "-" else each for each in sheet] for sheet in answers]


def test_six_that_agree_link_and_five_do_not() -> None:
    assert match(sheets("abcdefgh"), sheets("abcdefxy")).links == ((0, 0),)
    assert match(sheets("abcdefgh"), sheets("abcdexyz")).links == ()


def test_what_was_left_blank_agrees_with_nothing() -> None:
    assert match(sheets("abcdef--"), sheets("abcdef--")).links == ((0, 0),)
    assert match(sheets("abcde---"), sheets("abcde---")).links == ()


def test_a_mark_agrees_in_its_own_place_alone() -> None:
    assert match(sheets("abcdefgh"), sheets("bcdefgha")).links == ()


def test_twins_are_told_of_and_not_guessed_at() -> None:
    """One of two like sheets came back, wholly or almost: it cannot be decided whose it is."""
    for returned in ("abcdefgh", "abcdefgy"):
        found = match(sheets("abcdefgh", "abcdefgx", "stuvwxyz"), sheets(returned, "stuvwxyz"))
        assert found.links == ((2, 1),)
        assert (found.ambiguous_earlier, found.ambiguous_later) == (2, 1)
    found = match(sheets("abcdefgh"), sheets("abcdefgh", "abcdefgx"))
    assert found.links == ()
    assert (found.ambiguous_earlier, found.ambiguous_later) == (1, 2)


FEW = st.lists(st.lists(st.sampled_from(["a", "b", None]), min_size=8, max_size=8), min_size=0, max_size=6)


@given(FEW, FEW)
def test_a_link_is_the_only_one_that_either_could_have(earlier: list[Marks], later: list[Marks]) -> None:
    def agree(one: Marks, other: Marks) -> bool:
        return sum(mark is not None and mark == beside for mark, beside in zip(one, other, strict=True)) >= 6

    pairs = {(i, j) for i, one in enumerate(earlier) for j, other in enumerate(later) if agree(one, other)}
    alone = {(i, j) for i, j in pairs if not any((i == k) != (j == m) for k, m in pairs)}
    found = match(earlier, later)
    assert set(found.links) == alone
    assert found.ambiguous_earlier == len({i for i, _ in pairs}) - len(alone)
    assert found.ambiguous_later == len({j for _, j in pairs}) - len(alone)


# ---- questions ----


def test_the_questions_are_no_items_and_ask_nothing_of_who_somebody_is() -> None:
    assert len(ELEMENTS) == 8
    assert all("-" in each for each in ELEMENTS)
    asked = " ".join(element.text.lower() for element in ELEMENTS.values())
    assert not any(
        word in asked for word in ("age", "year", "sex", "gender", "ethnic", "religion", "your name")
    )


def test_no_two_answers_are_one_and_every_language_has_letters() -> None:
    for element, language in (
        (each, spoken) for each in ELEMENTS.values() for spoken in ("en", "cy", *ALPHABETS)
    ):
        answers = offered(element, language)
        assert len(set(answers)) == len(answers) >= 10
        assert set(answers) <= allowed(element)
    first, second = (offered(ELEMENTS["own-street"], language) for language in ("en", "ar"))
    assert set(first) & set(second) == {"another"}
    assert not any(not answer or answer.startswith("-") for answer in first + second)


def test_the_wrong_links_of_all_numbers_fall_as_more_must_agree() -> None:
    for fewer, more in combinations(range(4, 9), 2):
        assert at_least(fewer, STRANGERS) > at_least(more, STRANGERS)
