"""A subscale of the key as one line, to be read by people and read back from another tool's file."""

import re
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from instrument.model import Subscale

_LINE: Final = re.compile(
    r"(?P<id>[a-z0-9_]+): (?P<method>pomp|mean|sum) of (?P<scores>scores )?"
    r"(?P<parts>-?[a-z0-9_]+(, -?[a-z0-9_]+)*)"
    r"; min_answered (?P<min_answered>[0-9]{1,3})"
    r"(; min_items (?P<min_items>[0-9]{1,3}))?(?P<hidden>; not shown)?"
)


def key_line(subscale: Subscale, name: Callable[[str], str] = str) -> str:
    """Write ``ec: pomp of ec1, -ec4; min_answered 2``, with the names that a tool knows."""
    items = [f"{'-' if item.reversed else ''}{name(item.id)}" for item in subscale.items]
    parts = ", ".join(items) or f"scores {', '.join(map(name, subscale.of))}"
    line = f"{name(subscale.id)}: {subscale.method} of {parts}; min_answered {subscale.min_answered}"
    if subscale.min_items:
        line += f"; min_items {subscale.min_items}"
    return line if subscale.shown else f"{line}; not shown"


def subscale_of(line: str) -> Subscale | None:
    """Read such a line; None for anything else."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        return None
    parts = found["parts"].split(", ")
    try:
        return Subscale.model_validate(
            {
                "id": found["id"],
                "of" if found["scores"] else "items": tuple(parts),
                "method": found["method"],
                "min_answered": int(found["min_answered"]),
                "min_items": int(found["min_items"] or 0),
                "shown": not found["hidden"],
            }
        )
    except ValidationError:
        return None
