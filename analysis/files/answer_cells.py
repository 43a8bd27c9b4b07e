"""What the cells of a column mean as answers: numbers, marks for missing, codes with words, words."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

MISSING_MARKS: Final = frozenset({"", ".", "na", "n/a", "nan", "#n/a", "#null!"})
"""In any case; every other mark has to be said."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA: Final = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_CODE_FIRST: Final = re.compile(r"[(\[]?([+-]?\d+)[)\]]?\s*(?:[-–—=:.,|]\s*|\s)\(?([^\W\d_].*)", re.DOTALL)
_CODE_LAST: Final = re.compile(r"([^\W\d_].*?)\s*(?:[-–—=:]\s*|\s)?[(\[]([+-]?\d+)[)\]]", re.DOTALL)
_LETTERED: Final = re.compile(r"([A-Za-z]{1,3})0*(\d{1,3})", re.ASCII)
_PRECISE: Final = 15  # significant digits that a float holds exactly
DecimalComma = Literal["yes", "unless thousands", "no"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How cells are to be read.

    `words` gives the code of each word that stands for one; `marks` are the cells that mean no answer,
    besides those that do so in every file. Both are folded. `decimal_comma` says how 4,5 is read: as a number
    ("yes"), as a number unless the comma may separate thousands ("unless thousands"), or as text ("no").
    """

    words: Mapping[str, float] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    decimal_comma: DecimalComma = "no"


@dataclass(frozen=True, kw_only=True)
class Codes:
    """The code of each distinct cell, NaN for no answer; `unread` are the cells without a meaning, in order.

    `lettered` is the letters before the numbers of codes like A1, empty where there are none.
    """

    by_cell: Mapping[str, float]
    unread: tuple[str, ...]
    lettered: str = ""


def folded(cell: str) -> str:
    """Return a cell as it is compared: no case, no blanks around, single blanks within."""
    return " ".join(cell.casefold().split())


def number(cell: str, *, decimal_comma: DecimalComma = "no") -> float | None:
    """Return the number that a cell's text is, None if it is none.

    Examples
    --------
    >>> number(" 4 "), number("4,5"), number("4,5", decimal_comma="yes"), number("1_000"), number("inf")
    (4.0, None, 4.5, None, None)
    >>> [number("1,000", decimal_comma=said) for said in ("yes", "unless thousands")]
    [1.0, None]
    """
    text = cell.strip().replace("−", "-")
    if not text.isascii():
        text = "".join(str(int(letter)) if letter.isdecimal() else letter for letter in text)
    if decimal_comma != "no" and _COMMA.fullmatch(text):
        if decimal_comma == "unless thousands" and _THOUSANDS.fullmatch(text):
            return None
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def is_missing(cell: str) -> bool:
    """Return whether a cell's text means no answer in every file."""
    return cell.strip().casefold() in MISSING_MARKS


def keeps_its_text(cell: str) -> bool:
    """Return whether a text holds more than its number: leading zeros, or digits that a float loses.

    Examples
    --------
    >>> keeps_its_text("007"), keeps_its_text("1098765432109876543"), keeps_its_text("0.50")
    (True, True, False)
    """
    digits = cell.strip().lstrip("+-")
    return digits.isdigit() and (len(digits) > _PRECISE or (len(digits) > 1 and digits[0] == "0"))


def codes_of(cells: Iterable[str], reading: Reading) -> Codes:
    """Return what each distinct cell of a column means.

    These ways of reading are tried in turn, and the first that reads every cell is used for the whole column:
    numbers, and words that have a code; a code and its word in one cell, with one word for each code; letters
    before a number (A1, A2); true and false.
    """
    distinct = list(dict.fromkeys(cells))
    plain = {cell: _plain(cell, reading) for cell in distinct}
    unread = [cell for cell, code in plain.items() if code is None]
    for rest, lettered in ((_with_words(unread), ""), _lettered(plain, unread), (_truth(plain, unread), "")):
        if rest is not None:
            return Codes(by_cell={**_known(plain), **rest}, unread=(), lettered=lettered)
    return Codes(by_cell=_known(plain), unread=tuple(unread))


def _known(plain: Mapping[str, float | None]) -> dict[str, float]:
    return {cell: code for cell, code in plain.items() if code is not None}


def _plain(cell: str, reading: Reading) -> float | None:
    word = folded(cell)
    if word in MISSING_MARKS or word in reading.marks:
        return math.nan
    if word in reading.words:
        return reading.words[word]
    return number(cell, decimal_comma=reading.decimal_comma)


def _with_words(unread: Sequence[str]) -> dict[str, float] | None:
    """Return the codes of cells like `4 - Agree` or `Agree (4)`, where each code has one word."""
    for shape, code_at, word_at in ((_CODE_FIRST, 1, 2), (_CODE_LAST, 2, 1)):
        found = {cell: shape.fullmatch(cell.strip()) for cell in unread}
        if not all(found.values()):
            continue
        pairs = {
            (float(match[code_at]), folded(match[word_at]).rstrip(")]"))
            for match in found.values()
            if match is not None
        }
        if len({code for code, _ in pairs}) == len({word for _, word in pairs}) == len(pairs):
            return {cell: float(match[code_at]) for cell, match in found.items() if match is not None}
    return None if unread else {}


def _truth(plain: Mapping[str, float | None], unread: Sequence[str]) -> dict[str, float] | None:
    """Return the codes of true and false, 1 and 0, where a column holds nothing else."""
    alone = all(code != code for code in _known(plain).values())  # noqa: PLR0124 - NaN
    found = {cell: {"true": 1.0, "false": 0.0}.get(folded(cell)) for cell in unread}
    codes = {cell: code for cell, code in found.items() if code is not None}
    return codes if alone and len(codes) == len(found) else None


def _lettered(
    plain: Mapping[str, float | None], unread: Sequence[str]
) -> tuple[dict[str, float] | None, str]:
    """Return the codes of cells like `A3`, where all cells are such and begin with the same letters."""
    found = {cell: _LETTERED.fullmatch(cell.strip()) for cell in unread}
    letters = {match[1] for match in found.values() if match is not None}
    numbers = any(code == code for code in _known(plain).values())  # noqa: PLR0124 - not NaN
    if not all(found.values()) or len(letters) != 1 or numbers:
        return None, ""
    return {cell: float(match[2]) for cell, match in found.items() if match is not None}, letters.pop()


def numbers_of(cells: Sequence[str], parse: Callable[[str], float | None]) -> list[float] | None:
    """Return a column's cells as numbers, NaN for empty ones; None where one of them is text."""
    values: dict[str, float] = {}
    for cell in set(cells):
        value = math.nan if is_missing(cell) else parse(cell)
        if value is None or (value == value and keeps_its_text(cell)):  # noqa: PLR0124 - not NaN
            return None
        values[cell] = value
    return [values[cell] for cell in cells]
