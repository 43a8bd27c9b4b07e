"""The kinds of value that a file may hold, each with a plain message for values it refuses."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from instrument.nodes import Name, shown

MAX_ITEMS: Final = 500

# An identifier becomes a variable of SPSS and Stata, which reserve these words.
KEPT_WORDS: Final = frozenset(
    "all and by eq ge gt le lt ne not or to with if in using byte int long float double".split()  # noqa: SIM905 - a sentence of words
)
_IDENTIFIER: Final = re.compile(r"[a-z](_?[a-z0-9]){0,25}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_CELL: Final = re.compile(r"[A-Z]{1,4}[0-9]{1,3}")
_MARKS_OF_DIRECTION: Final = frozenset("\u200c\u200d\u200e\u200f")


class Model(BaseModel):
    """A part of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


K = TypeVar("K")
V = TypeVar("V")


def _identifier(value: str) -> str:
    if not _IDENTIFIER.fullmatch(value) or len(value) > 26:  # noqa: PLR2004 - with `raw_` under Stata's 32
        raise ValueError(
            f"`{shown(value)}` is no identifier: up to 26 of a-z, 0-9 and single _, a letter first, no _ last"
        )
    if value in KEPT_WORDS:
        raise ValueError(f"`{value}` is a word that SPSS or Stata keeps for itself")
    return str(value)


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError(f"`{shown(value)}` is no language: write it as en, cy or pt-BR")
    return str(value)


def _cell(value: str) -> str:
    if not _CELL.fullmatch(value):
        raise ValueError(f"`{shown(value)}` is no cell: capital letters and a number, as EC1")
    return str(value)


def _quoted(value: Any) -> Any:
    if isinstance(value, Name):
        raise ValueError(f"text must be in quotes: {shown(value)}")  # noqa: TRY004 - pydantic collects ValueErrors
    return value


def _clean(value: str) -> str:
    if value != value.strip() or "  " in value:
        raise ValueError("the text has a space too many")
    if value != unicodedata.normalize("NFC", value):
        raise ValueError("the text must be in Unicode normal form C, so that equal words have equal hashes")
    kinds = {unicodedata.category(c) for c in value if c not in _MARKS_OF_DIRECTION}
    if any(kind[0] == "C" or kind in {"Zl", "Zp"} for kind in kinds):
        raise ValueError("the text has a control character or a line break")
    return value


def _distinct(values: tuple[V, ...]) -> tuple[V, ...]:
    twice = [str(value) for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"listed twice: {shown(', '.join(twice))}")
    return values


def _named(value: Any) -> Any:
    """Give each part of a mapping its key as `id`."""
    if not isinstance(value, dict):
        return value
    return {k: {**v, "id": k} if isinstance(v, dict) and "id" not in v else v for k, v in value.items()}


Identifier = Annotated[str, AfterValidator(_identifier)]
Language = Annotated[str, AfterValidator(_language)]
Cell = Annotated[str, AfterValidator(_cell)]
Text = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_clean), BeforeValidator(_quoted)]
Code = Annotated[int, Field(strict=True, ge=-999, le=9999)]
Count = Annotated[int, Field(strict=True, ge=1, le=MAX_ITEMS)]
Flag = Annotated[bool, Field(strict=True)]
Distinct = Annotated[tuple[V, ...], AfterValidator(_distinct)]
Frozen = Annotated[Mapping[K, V], AfterValidator(MappingProxyType)]
# A sentence in a file: one string for everybody, or one for each role of the other person.
Sentences = Annotated[
    Mapping[str, Text], BeforeValidator(lambda v: v if isinstance(v, dict) else {"": v}), Field(min_length=1)
]
Named = Annotated[Mapping[Identifier, V], BeforeValidator(_named), AfterValidator(MappingProxyType)]


def sha256(structure: Any) -> str:
    """Hash plain data in one canonical form, independent of the order and layout of its file."""
    spelling = json.dumps(structure, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(spelling.encode()).hexdigest()
