"""Eight small questions whose answers together recognise a person, while none alone identifies them.

They ask for what stays the same and what nobody at work is likely to know, and nothing about sex, ethnicity
or age. Letters are asked for, not names, because many people share an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from types import MappingProxyType
from typing import Final


def _(message: str) -> str:
    """Mark a sentence for translation; the page that shows it translates it."""
    return message


ENOUGH: Final = 6
"""So many of the eight must agree, and so many must be answered for any to be kept.

Of two strangers six agree three times in a million; of one person's two sheets in more than nine of ten:
tests/unit/test_linking.py computes both.
"""
ANOTHER: Final = "another"
ALPHABETS: Final[Mapping[str, str]] = MappingProxyType({"ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"})
"""Where people write in other than Latin letters. Both times have to be in one script, or nothing agrees."""

LETTER: Final = "letter"
DAY: Final = "day"
DIGIT: Final = "digit"
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {DAY: tuple(str(day) for day in range(1, 32)), DIGIT: tuple(str(digit) for digit in range(10))}
)


@dataclass(frozen=True)
class Element:
    """A question; `asks` is the kind of its answers."""

    id: str
    asks: str
    text: str


ELEMENTS: Final[Mapping[str, Element]] = MappingProxyType(
    {
        each.id: each
        for each in (
            # Ids with a hyphen, which no item or context question can have.
            Element("own-mother", DAY, _("On which day of the month was your mother born?")),
            Element("own-father", DAY, _("On which day of the month was your father born?")),
            Element(
                "own-grandmother", LETTER, _("First letter of the first name of your mother\u2019s mother")
            ),
            Element("own-street", LETTER, _("First letter of the street of the first home you remember")),
            Element("own-house", DIGIT, _("Last digit of the house number of that home")),
            Element("own-friend", LETTER, _("First letter of the first name of your first friend")),
            Element("own-teacher", LETTER, _("First letter of the family name of your first teacher")),
            Element("own-animal", LETTER, _("First letter of the name of the first animal you knew")),
        )
    }
)


def offered(element: Element, language: str) -> tuple[str, ...]:
    """The answers in their order, as they are stored."""
    if element.asks != LETTER:
        return _NUMBERS[element.asks]
    return (*ALPHABETS.get(language, ascii_uppercase), ANOTHER)


def allowed(element: Element) -> frozenset[str]:
    """The answers in any language, since one given before the language was changed stays an answer."""
    return frozenset(offered(element, "")).union(*(offered(element, each) for each in ALPHABETS))
