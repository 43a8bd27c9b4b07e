"""What a study gives out: reports by unit, or rows, and never both.

A report by units describes each unit, and whoever holds the rows beside it can assign rows to units: exactly
by a whole-number programme, and closely by likeness alone (tests.attack.units). So a study declares before it
opens which of the two it gives out, people are told before they agree, and what was not declared is not given
out: no figure rests on rows that leave, and no row leaves on which a figure rests. That includes the report
of the whole wave: the difference between a kept report and the rows left after an erasure would reveal the
erased answers. The service applies this in app.closing.snapshots and app.export.leaving.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from analysis.disclosure.base_table import BaseTable, Pair


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """What a study gives out of a closed wave: reports, or rows, which may carry their unit."""

    reports: bool = False
    rows: bool = False
    units: bool = False
    withheld: bool = True
    """Whether rare combinations of what is known of a person are withheld from rows."""


LEAVING: Final[Mapping[str, Leaving]] = MappingProxyType(
    {
        "reports": Leaving(reports=True),
        "rows": Leaving(rows=True),
        "rows with units": Leaving(rows=True, units=True),
        "rows unwithheld": Leaving(rows=True, withheld=False),
    }
)
"""What a study may declare, by the word that is stored with it."""

ORIGIN: Final = (
    "These answers were given elsewhere and came in as a file. What was shown to those people, and what they "
    "agreed to, is not known here, and no receipt erases their answers."
)
"""Stands beside whatever is told of a wave whose answers came from a file."""


def settle(table: BaseTable, declared: Leaving) -> BaseTable:
    """Keep of a wave's base table what its study gives out, once, when the wave closes.

    Parameters
    ----------
    table
        The base table of the wave. Where rows leave it must be made of this wave's answers alone: answers
        that an earlier wave held out leave with no later one.
    declared
        What the study declared before it opened.

    Returns
    -------
    BaseTable
        The table as it is where reports leave, and without a figure where they do not. `used` stays: it is
        the decision which answers count, and with them which rows leave.
    """
    return table if declared.reports else replace(table, units=(), atoms=())


def rows_leave(table: BaseTable, declared: Leaving) -> frozenset[Pair]:
    """Return the (wave, unit) pairs whose rows leave, by the table that was kept at the close.

    Parameters
    ----------
    table
        The base table as it was kept.
    declared
        What the study declared before it opened.

    Returns
    -------
    frozenset of Pair
        Those with K answers or more; none where the study gives out reports, and none that a figure of the
        table rests on, whatever is declared now. Rows of a unit that was held out never leave, whatever is
        erased or comes later.
    """
    return frozenset(table.used) if declared.rows and not table.atoms else frozenset()
