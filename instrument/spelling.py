"""Writes a file of words in one fixed layout, so that the same words are the same bytes."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from instrument.nodes import is_name

# Invisible marks of direction and joining are written as escapes, so that a reader of the file sees them.
_UNSEEN: Final = re.compile("[\u200c-\u200f]")


def spelled(words: dict[str, Any], bare: frozenset[str], remark: str = "") -> str:
    """Write words below a remark; every text is in quotes except names under a key of `bare`."""
    return remark + "".join(f"{line}\n" for line in _mapping(words, bare, ""))


def remark_of(text: str) -> str:
    """Return the lines of remark at the head of a file."""
    lines = text.splitlines(keepends=True)
    remark = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:remark])


def _mapping(values: dict[Any, Any], bare: frozenset[str], indent: str) -> Iterator[str]:
    for key, value in values.items():
        name = str(key) if isinstance(key, int) or is_name(key) else _quoted(key)
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:"
            yield from _mapping(value, frozenset(), f"{indent}  ")
        elif isinstance(value, list) and value:
            yield f"{indent}{name}:"
            yield from (f"{indent}  - {_quoted(text)}" for text in value)
        elif isinstance(value, str):
            yield f"{indent}{name}: {value if key in bare and is_name(value) else _quoted(value)}"
        else:
            yield f"{indent}{name}: {'[]' if isinstance(value, list) else '{}'}"


def _quoted(text: str) -> str:
    written = json.dumps(str(text), ensure_ascii=False)
    return _UNSEEN.sub(lambda mark: f"\\u{ord(mark[0]):04x}", written)
