"""A phrase: six words that open a draft together with its code, so that the code alone opens nothing.

It is derived from the random key of the draft, so it is stored nowhere: whoever has opened the draft can be
shown it again, nobody else. There are 512 words for each language; each word is in one list only, so a phrase
is read without asking for its language. That makes 54 bits: somebody with the code, the secret and the whole
database would have to try half of 1.8e16 phrases, each with several hashes, in the days that a draft is kept.
"""

import hmac
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final
from unicodedata import combining, normalize

from app.languages import LANGUAGES

LISTS: Final = Path(__file__).parent / "words"
WORDS: Final = 6
BITS_OF_A_WORD: Final = 9
LONGEST: Final = 200
"""More than the longest phrase is with everything that is typed around it."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_READ_AS: Final = str.maketrans({"\u0649": "\u064a", "\u0629": "\u0647", "\u0640": None})
"""Arabic letters that are often written in place of others, and the sign that lengthens a word."""
Phrase = tuple[int, ...]
"""Which word of the list each of the six is."""


class Misread(Exception):
    """What was typed is no phrase; `unknown` are its words that are in no list."""

    def __init__(self, unknown: tuple[str, ...]) -> None:
        super().__init__()
        self.unknown = unknown


def phrase_of(key: bytes) -> Phrase:
    """The phrase of the draft that `key` opens."""
    number = int.from_bytes(hmac.new(key, b"phrase", sha256).digest())
    return tuple((number >> BITS_OF_A_WORD * place) % 2**BITS_OF_A_WORD for place in range(WORDS))


def in_words(phrase: Phrase, language: str) -> str:
    """Return a phrase in the words of a language."""
    words = word_list(language)
    return " ".join(words[each] for each in phrase)


def read_phrase(typed: str) -> Phrase:
    """Read a phrase as a person types it: case, accents and punctuation are ignored, in any language."""
    words = _WORD.findall(_plain(typed[:LONGEST]))
    unknown = tuple(word for word in words if word not in _numbers())
    if unknown or len(words) != WORDS:
        raise Misread(unknown)
    return tuple(_numbers()[word] for word in words)


@cache
def word_list(language: str) -> tuple[str, ...]:
    """Return the 512 words of a language, in the order of their numbers."""
    return tuple((LISTS / f"{language}.txt").read_text(encoding="utf-8").split())


@cache
def _numbers() -> Mapping[str, int]:
    """Each word of every list, in the form in which words are compared -> its place in the list."""
    return MappingProxyType(
        {_plain(word): place for each in LANGUAGES for place, word in enumerate(word_list(each))}
    )


def _plain(text: str) -> str:
    """Return a word without what a keyboard may lack: case, width, accents, hamza on its letter."""
    letters = normalize("NFKD", text.casefold())
    return "".join(each for each in letters if not combining(each)).translate(_READ_AS)
