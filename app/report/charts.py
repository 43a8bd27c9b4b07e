"""The drawings of a report, made from its figures alone."""

from collections.abc import Sequence
from typing import Final

from analysis.disclosure.base_table import Facet, Item
from analysis.disclosure.release import ItemLine, Share
from analysis.graphics import svg
from analysis.graphics.item_bars import item_distributions
from app.figures.plot import TICKS, Line
from app.figures.wording import in_words

LEFT: Final = svg.LABELS + 24
RIGHT: Final = svg.WIDTH - 110.0
ROW: Final = 36.0


def distributions(facet: Facet, lines: Sequence[ItemLine]) -> str | None:
    """Draw bars of the answers to a facet's questions as given, in the finest bands that all of them have.

    None where no question of the facet has shares, or where its questions are answered on several scales.
    """
    items = {item.id: item for item in facet.items}
    several = [_as_given(items[line.id], line.shares) for line in lines]
    told = [shares for shares in several if shares]
    if not told or len({item.labels for item in facet.items}) > 1:
        return None
    item = facet.items[0]
    cuts = sorted(set.intersection(*({high for _, high, _ in shares} for shares in told)))
    bands = list(zip([item.low, *(cut + 1 for cut in cuts)], cuts, strict=False))
    return item_distributions(
        [items[line.id].sentence for line in lines],
        [_in_bands(shares, bands) for shares in several],
        [in_words(item, low, high) for low, high in bands],
        whole=100,
        title=f"{facet.title}: how people answered",
        reading="The same shares are told in words under each question.",
    ).drawing


def _as_given(item: Item, shares: Sequence[Share]) -> list[tuple[int, int, int]]:
    """Return the bands of the answers as they were given, with reversed items turned back."""
    if not item.reversed:
        return [(share.low, share.high, share.percent) for share in shares]
    ends = item.low + item.high
    return [(ends - share.high, ends - share.low, share.percent) for share in reversed(shares)]


def _in_bands(shares: Sequence[tuple[int, int, int]], bands: Sequence[tuple[int, int]]) -> list[float] | None:
    if not shares:
        return None
    return [
        float(sum(percent for start, end, percent in shares if low <= start and end <= high))
        for low, high in bands
    ]


def facets(lines: Sequence[Line], title: str) -> str:
    """Draw the plot of the page for paper: the same dots, arrows and intervals, at fixed places."""
    bottom = 8 + ROW * len(lines)
    body = [
        svg.rule(_x(tick), 4, _x(tick), bottom + 4, "quiet" if tick in (0, 100) else "hairline")
        for tick in TICKS
    ]
    for place, line in enumerate(lines):
        body.extend(_row(line, 8 + ROW * (place + 0.5)))
    body += [
        svg.text(_x(tick), bottom + 16, f"{tick}", side="middle", size=svg.SMALL, tone="quiet")
        for tick in TICKS
    ]
    return svg.drawing(bottom + 30, title, "The table that follows says the same.", body)


def _row(line: Line, y: float) -> list[str]:
    weight = "bold" if line.is_total else None
    words = svg.wrap(line.label, svg.LABELS)
    drawn = [
        svg.text(svg.LABELS, y, words, side="right", weight=weight),
        svg.text(RIGHT + 16, y, line.text, size=svg.SMALL, weight=weight),
    ]
    if line.error:
        low, high = (_x(_place(end)) for end in line.error)
        drawn.append(svg.rule(low, y, high, y, "hairline", width=14))
    if line.before and line.dot:
        then, now = _x(_place(line.before)), _x(_place(line.dot))
        drawn += [
            svg.rule(then, y, now, y, "accent", width=2, dash="5 3"),
            svg.dot(then, y, "accent", hollow=True),
        ]
    if line.reach:
        low, high = (_x(_place(end)) for end in line.reach)
        drawn.append(svg.rule(low, y, high, y, "ink", width=2, dash="2 4" if line.arrow else None))
    if line.dot and line.arrow:
        x, tip = _x(_place(line.dot)), -12 if line.arrow == "left" else 12
        drawn.append(svg.path([(x, y - 7), (x + tip, y), (x, y + 7), (x, y - 7)], "accent"))
    elif line.dot:
        drawn.append(svg.dot(_x(_place(line.dot)), y, "accent"))
    return drawn


def _place(percent: str) -> float:
    return float(percent.removesuffix("%"))


def _x(value: float) -> float:
    return LEFT + (RIGHT - LEFT) * value / 100
