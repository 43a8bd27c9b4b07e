"""How far the figures of two pools of the same sites are apart: what a smallest-cell rule costs."""

from collections.abc import Mapping
from typing import Any, Final

from analysis.report.document import Document, Section, Table, Value, sections_json

HOW: Final = (
    "Each figure of one report beside the same figure of the other; the largest difference of each column of "
    "each table. A figure that only one of the two has is not compared. Whoever has both kinds of counts can "
    "see by this what the rule costs; counts without the rule are kept like rows."
)
SKIPPED: Final = frozenset({"sites", "rows"})
Place = tuple[str, str, str, str]


def changes(one: Document, other: Document) -> Document:
    """Return the largest difference of every column of figures of two reports."""
    mine, theirs = figures(one.tree), figures(other.tree)
    largest: dict[tuple[str, str, str], tuple[float, str, int]] = {}
    for (section, table, row, head), value in mine.items():
        if (section, table, row, head) not in theirs:
            continue
        column = (section, table, head)
        gap = abs(value - theirs[section, table, row, head])
        before = largest.get(column, (-1.0, "", 0))
        count = before[2] + 1
        largest[column] = (gap, row, count) if gap > before[0] else (before[0], before[1], count)
    titles = {section.id: section.title for section in one.sections}
    sections = tuple(
        Section(
            id=section,
            title=titles[section],
            reading="",
            tables=(
                Table(
                    title="Largest differences",
                    headers=("figure", "difference", "at", "figures compared"),
                    rows=tuple(
                        _row(table, head, found)
                        for (where, table, head), found in largest.items()
                        if where == section
                    ),
                ),
            ),
        )
        for section in dict.fromkeys(place[0] for place in largest)
    )
    return Document(
        title=f"How far apart: {one.title}",
        lead="The largest difference of each figure between two pools of the same sites.",
        labels=one.labels,
        provenance=f"{one.provenance} Against: {other.provenance}",
        sections=sections,
        how=HOW,
        tree={"simulated": one.tree["simulated"], "sections": sections_json(sections)},
    )


def _row(table: str, head: str, found: tuple[float, str, int]) -> tuple[Value, ...]:
    gap, row, count = found
    return (f"{table}: {head}", gap, row, count)


def figures(tree: Mapping[str, Any]) -> dict[Place, float]:
    """Return every figure of a report's tables by its section, table, row and column."""
    found: dict[Place, float] = {}
    for section, said in tree["sections"].items():
        if section in SKIPPED:
            continue
        for table in said["tables"]:
            for row in table["rows"]:
                for place, value in enumerate(row[1:], 1):
                    if isinstance(value, int | float):
                        head = table["headers"][place]
                        repeated = table["headers"][:place].count(head)
                        name = (
                            f"{table['headers'][place - 1]}, {head}" if head == "change" or repeated else head
                        )
                        found[section, table["title"], str(row[0]), name] = float(value)
    return found
