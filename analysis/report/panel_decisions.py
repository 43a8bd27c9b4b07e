"""What was decided of each item after a panel: a table that people write, checked against the items."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from instrument.nodes import shown

HEADS: Final = ("item", "decision", "reason")
DECISIONS: Final = ("keep", "rewrite", "move", "drop")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided of an item, and why."""

    decision: str
    reason: str


def empty_decisions(items: Iterable[str]) -> str:
    """Return the table to be filled: one row an item."""
    return "\n".join([",".join(HEADS), *(f"{item},," for item in items), ""])


def read_decisions(file: Path, items: Iterable[str]) -> Mapping[str, Decision]:
    """Read the decisions on items; rows without a decision are left out.

    Raises
    ------
    ValueError
        The table has other columns, names no item of this form or one twice, or decides without a reason.
    """
    known = {*items}
    try:
        rows = [*csv.reader(file.read_text(encoding="utf-8-sig").splitlines())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} is no table of decisions: {error}") from error
    if not rows or tuple(rows[0]) != HEADS:
        raise ValueError(f"{file} does not begin with {','.join(HEADS)}")
    found: dict[str, Decision] = {}
    for place, row in enumerate(rows[1:], 2):
        item, decision, reason = (each.strip() for each in (*row, "", "", "")[:3])
        if not (item and decision):
            continue
        where = f"{file}, row {place}"
        if item not in known:
            raise ValueError(f"{where}: {shown(item)} is no item that was judged")
        if item in found:
            raise ValueError(f"{where}: {item} was decided above already; leave one of the two")
        if decision not in DECISIONS:
            raise ValueError(f"{where}: {shown(decision)} is no decision; give {', '.join(DECISIONS)}")
        if not reason:
            raise ValueError(f"{where}: {item} has a decision and no reason; write why")
        found[item] = Decision(decision=decision, reason=reason)
    return found
