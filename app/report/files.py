"""A report as files of figures. Like the page, they are functions of the stored report alone."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import to_json

from analysis.disclosure.change import goes_beyond
from analysis.disclosure.release import Change, Figure, Node, Report, Untold
from app.csv_cells import cell

COLUMNS: Final = (
    "wave",
    "simulated",
    "part",
    "title",
    "level",
    "people_at_least",
    "units",
    "kind",
    "id",
    "words",
    "counts_the_other_way_round",
    "from",
    "to",
    "value",
    "bound",
    "interval_at_most",
    "not_shown_because",
    "imported",
    "error_of_measurement",
    "less_than_in",
    "told",
)
NEAREST: Final = "to the nearest 5"
Row = tuple[str | int | float | None, ...]


def as_json(report: Mapping[str, Any]) -> bytes:
    """The stored report as it is."""
    return to_json(report)


def as_csv(report: Report) -> bytes:
    """One line for each figure, facets and totals from 0 to 100, items on their own scale and keyed.

    A share is in percent, and `from` and `to` are the keyed answers that it joins.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    titles = {name: cell(title) for name, title in report.scheme.titles().items()}
    asked = {
        item.id: (item.id, cell(item.sentence), _yes(item.reversed), item.low, item.high)
        for facet in report.scheme.facets
        for item in facet.items
    }
    about = (cell(report.about.wave), _yes(report.about.simulated))
    imported = _yes(report.about.imported)
    for node in report.nodes:
        part = (*about, node.id, cell(node.title), node.level, node.n, node.units)
        writer.writerows((*part, *row, imported, *more) for row, more in _rows(node, titles, asked))
    return written.getvalue().encode()


def _rows(node: Node, titles: Mapping[str, str], asked: Mapping[str, Row]) -> Iterator[tuple[Row, Row]]:
    """Yield each figure with its error of measurement and, of a change, since when and whether it is told."""
    for kind, lines in (("facet", node.facets), ("total", node.totals)):
        for line in lines:
            yield (
                (kind, line.id, titles[line.id], None, 0, 100, *_figure(line.figure)),
                (line.error, None, None),
            )
    for each in node.items:
        item = asked[each.id]
        yield ("item", *item, *_figure(each.figure)), (None, None, None)
        for share in each.shares:
            row = ("share", *item[:3], share.low, share.high, share.percent, NEAREST, None, None)
            yield row, (None, None, None)
    if isinstance(node.change, Change):
        for line in node.change.lines:
            row = ("change", line.id, titles[line.id], None, -100, 100, *_figure(line.figure))
            yield row, (line.error, node.change.wave, _yes(goes_beyond(line)))
    elif node.change:
        yield (
            ("change", None, None, None, -100, 100, None, None, None, node.change.reason),
            (None, None, None),
        )


def _figure(figure: Figure | Untold) -> Row:
    if isinstance(figure, Untold):
        return None, None, None, figure.reason
    return f"{figure.value:g}", figure.bound, figure.half_width and f"{figure.half_width:g}", None


def _yes(so: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if so else "no"
