"""A panel as tables: its judgements in long form, and what was decided of each item afterwards."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.content_validity.reading import Rater
from analysis.content_validity.sheet import Sheet
from analysis.files.table import Column, Table
from instrument.nodes import shown

HEADS: Final = ("item", "decision", "reason")
LONG: Final = (
    "item",
    "rater",
    "relevance",
    "clarity",
    "essential",
    "need",
    "sorted",
    "lived",
    "position",
)
DECISIONS: Final = ("keep", "rewrite", "move", "drop")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided of an item, and why."""

    decision: str
    reason: str


def empty_decisions(items: Iterable[str]) -> str:
    """Return the table to be filled: one row an item."""
    return "\n".join([",".join(HEADS), *(f"{item},," for item in items), ""])


def judgements_table(raters: Sequence[Rater], sheet: Sheet) -> Table:
    """Return the judgements as a table: a row for each item and rater, nothing where nothing was said."""
    rows = [
        (
            each.item,
            rater.name,
            said.relevance,
            said.clarity,
            None if said.need is None else "yes" if said.need == "essential" else "no",
            said.need,
            said.sorted,
            rater.background.get("lived"),
            rater.background.get("role"),
        )
        for rater in raters
        for each in sheet.by_facet
        for said in (rater.judgements[each.item],)
    ]
    columns = dict(zip(LONG, zip(*rows, strict=True), strict=True))
    return Table(file=Path("judgements"), columns={name: _column(cells) for name, cells in columns.items()})


def _column(cells: Sequence[str | int | None]) -> Column:
    if any(isinstance(cell, str) for cell in cells):
        return np.array(cells, dtype=object)
    return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)


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
