"""A report as a file of figures. Like the page it is a function of the report, and of nothing else."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from analysis.release import Figure, Node, Report, Untold
from app.export.formats import cell

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
)
Row = tuple[str | int | float | None, ...]


def as_csv(report: Report) -> bytes:
    """One line for each figure, facets and totals from 0 to 100, items on their own scale and keyed.

    A share is in percent, and `from` and `to` are the keyed answers that it joins.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for node in report.nodes:
        about = (report.about.wave, _yes(report.about.simulated), node.id, node.title, node.level)
        for row in _rows(report, node):
            writer.writerow([cell(each) for each in (*about, node.n, node.units, *row)])
    return written.getvalue().encode()


def _rows(report: Report, node: Node) -> Iterator[Row]:
    titles = report.scheme.titles()
    for kind, lines in (("facet", node.facets), ("total", node.totals)):
        for line in lines:
            yield kind, line.id, titles[line.id], None, 0, 100, *_figure(line.figure)
    items = {item.id: item for facet in report.scheme.facets for item in facet.items}
    for each in node.items:
        item = items[each.id]
        asked = (item.id, item.sentence, _yes(item.reversed))
        yield "item", *asked, item.low, item.high, *_figure(each.figure)
        for share in each.shares:
            yield "share", *asked, share.low, share.high, share.percent, "to the nearest 5", None, None


def _figure(figure: Figure | Untold) -> Row:
    if isinstance(figure, Untold):
        return None, None, None, figure.reason
    return figure.value, figure.bound, figure.half_width, None


def _yes(so: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if so else "no"
