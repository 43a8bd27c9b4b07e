"""The change of a part since the collection before: a function of two reports, and of who tells each figure.

It is what each figure is less the same figure of the report before, as both are published: rounded, clamped,
and with their intervals. People who answered in both are not looked for. A change in which only they counted
would be a second figure of answers that are in one already, and the difference between the two would tell
about the few who answered once.

A figure is compared where the same units tell it at both times and 20 people answered it each time. So a
report tells, of a part of 20 people or more, which of its facets fewer answered.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import ceil, hypot
from typing import Final

from analysis.disclosure.base_table import ITEMS_FROM, BaseTable, Bound, Unit
from analysis.disclosure.release import (
    EVERYONE,
    ROUND_TO,
    TINY,
    Change,
    FacetLine,
    Figure,
    NoChange,
    Node,
    Report,
    Untold,
    release,
    told_by,
)

FEWEST: Final = ITEMS_FROM
"""R9: fewer people in either collection show no change."""
_TURNED: Final[dict[Bound, Bound]] = {"exact": "exact", "at most": "at least", "at least": "at most"}


def with_change(report: Report, table: BaseTable, earlier: BaseTable | NoChange) -> Report:
    """Add to each part of a report its change since the collection before, where evidence allows it.

    Parameters
    ----------
    report
        The report of a wave that is being closed.
    table
        Its base table.
    earlier
        The base table that was kept of the wave before, or why it cannot be used.

    Returns
    -------
    Report
        The same where its base table rests on no evidence.
    """
    if report.about.basis is None:
        return report
    if isinstance(earlier, BaseTable) and earlier.scheme != report.scheme:
        earlier = NoChange(reason="other words")
    if isinstance(earlier, NoChange):
        return replace(report, nodes=tuple(replace(node, change=earlier) for node in report.nodes))
    # Its figures stay as they are: the evidence adds how precise they are.
    before = release(replace(earlier, about=replace(earlier.about, basis=report.about.basis)))
    now, then = told_by(table), told_by(earlier)

    def with_own(node: Node) -> Node:
        alike = {name for name, units in now[node.id].items() if units == then.get(node.id, {}).get(name)}
        return _changed(report, node, before, alike)

    return replace(report, nodes=tuple(with_own(node) for node in report.nodes))


def _changed(report: Report, node: Node, before: Report, alike: AbstractSet[str]) -> Node:
    """Add to a part its change; `alike` are the figures that the same units tell at both times."""
    then = next((each for each in before.nodes if each.id == node.id), None)
    if then is None or _units(report.parts, node.id) != _units(before.parts, then.id):
        return replace(node, change=NoChange(reason="other units"))
    if min(node.n, then.n) < FEWEST:
        return replace(node, change=NoChange(reason="too few people"))
    old, new, about = (*then.facets, *then.totals), (*node.facets, *node.totals), before.about

    def line(now: FacetLine, was: FacetLine) -> FacetLine:
        comparable = now.id in alike and not (now.of_few or was.of_few)
        return less(now, was) if comparable else FacetLine(id=now.id, figure=Untold(reason="too few answers"))

    change = Change(
        wave=about.wave,
        ordinal=about.ordinal,
        closed_on=about.closed_on,
        before=tuple(FacetLine(id=each.id, figure=each.figure) for each in old),
        lines=tuple(line(now, was) for now, was in zip(new, old, strict=True)),
    )
    return replace(node, change=change)


def goes_beyond(line: FacetLine) -> bool:
    """Whether a change is more than chance in who answered, and error of measurement, make by themselves."""
    figure = line.figure
    if (
        isinstance(figure, Untold)
        or figure.bound != "exact"
        or figure.half_width is None
        or line.error is None
    ):
        return False
    return abs(figure.value) > max(figure.half_width, line.error)


def _units(parts: tuple[Unit, ...], name: str) -> frozenset[str]:
    """Return the units that a part rests on."""
    parents = {part.id: part.parent for part in parts}

    def lies_below(unit: str) -> bool:
        at: str | None = unit
        while at is not None and at != name:
            at = parents[at]
        return name in (at, EVERYONE)

    return frozenset(part.id for part in parts if part.level == "unit" and lies_below(part.id))


def less(now: FacetLine, before: FacetLine) -> FacetLine:
    """Return a figure less the one before.

    The half-width is that of two samples of other people, which is wide of the mark, if anything, where some
    answered twice; it is rounded up as both of its parts are. A bound stays one; where two bounds leave the
    difference open to both sides there is none.
    """
    first, second = before.figure, now.figure
    if isinstance(first, Untold) or isinstance(second, Untold):
        return FacetLine(id=now.id, figure=second if isinstance(second, Untold) else first)
    bounds: set[Bound] = {second.bound, _TURNED[first.bound]} - {"exact"}
    if len(bounds) > 1:
        return FacetLine(id=now.id, figure=Untold(reason="points both ways"))
    half = None
    if first.half_width is not None and second.half_width is not None:
        half = float(ROUND_TO * ceil(hypot(first.half_width, second.half_width) / ROUND_TO - TINY))
    value, bound = round(second.value - first.value, 1), bounds.pop() if bounds else "exact"
    error = None
    if now.error is not None and before.error is not None and bound == "exact":
        error = ceil(10 * hypot(now.error, before.error) - TINY) / 10
    return FacetLine(id=now.id, figure=Figure(value=value, bound=bound, half_width=half), error=error)
