"""Answers to items as bars that diverge from the middle answer."""

from collections.abc import Sequence
from math import ceil, isfinite

from analysis.graphics import svg
from analysis.graphics.charts import Figure
from analysis.graphics.svg import LABELS, LINE, SMALL, WIDTH, Box, Direction

_BAR = 26.0
_FEWEST, _MOST = 2, 7
_CLOSE, _WIDE = 4.0, 10.0  # between hatching lines, for the outermost answers and for the innermost


def item_distributions(
    items: Sequence[str],
    shares: Sequence[Sequence[float] | None],
    options: Sequence[str],
    *,
    reading: str,
    n: Sequence[int | None] | None = None,
    whole: float | None = None,
    title: str = "Answers to each item",
    hidden: str = "not shown",
    direction: Direction = "ltr",
) -> Figure:
    """Return bars of answers around the middle answer: to the left of it less, to the right more.

    Parameters
    ----------
    items
        Label of each item.
    shares
        For each item the count or share of each option, in the order of `options`; None where the item may
        not be shown.
    options
        The answers, at most seven, from least to most.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    n
        Number of answers to each item, shown after its label.
    whole
        The total of all answers to an item in the unit of `shares`; by default their sum. With a total given,
        rounded shares are drawn and written as they are, although they may not add up to it.
    hidden
        What stands for an item that may not be shown, and for one without an answer.
    direction
        In which direction labels read.

    Returns
    -------
    Figure
        The middle option, where there is one, lies half to each side. Outer answers are darker and hatched
        more closely, the two sides in opposite directions. ValueError where the numbers do not fit.

    Examples
    --------
    >>> found = item_distributions(["q1"], [[1, 1, 2]], ["no", "partly", "yes"], reading="Half say yes.")
    >>> found.rows
    (('q1', '25 %', '25 %', '50 %'),)
    """
    c = len(options)
    if not _FEWEST <= c <= _MOST or len(items) != len(shares) or (n is not None and len(n) != len(items)):
        raise ValueError("bars need two to seven options, and shares (and n) for each item")
    parts = [None if row is None else _portions(row, c, whole) for row in shares]
    reach = _reach(parts)
    left, right = LABELS + 36, WIDTH - 24
    centre, scale = (left + right) / 2, (right - left) / 2 / reach
    legend, top = _legend(options, direction)
    start, rows = top, list[str]()
    for label, row, count in zip(items, parts, n or [None] * len(items), strict=True):
        lines = svg.counted(label, count)
        height = max(len(lines) * LINE, _BAR) + 12
        middle = top + height / 2
        rows.append(svg.text(LABELS, middle, lines, side="right", direction=direction))
        if row is None:
            rows.append(svg.plated(centre, middle, hidden, direction=direction, tone="quiet"))
        else:
            rows.extend(_bar(row, centre, scale, middle))
        top += height
    body = [legend, *_axis(centre, scale, reach, start, top), *rows]
    return Figure(
        drawing=svg.drawing(top + 30, title, reading, body),
        reading=reading,
        headers=("", *options) if n is None else ("", *options, "n"),
        rows=tuple(
            (
                label,
                *((hidden if row is None else f"{100 * share:.0f} %") for share in (row or [0.0] * c)),
                *(() if n is None else ("" if n[i] is None else str(n[i]),)),
            )
            for i, (label, row) in enumerate(zip(items, parts, strict=True))
        ),
    )


def _portions(row: Sequence[float], c: int, whole: float | None) -> list[float] | None:
    """Return shares of the whole; None where nobody answered."""
    if len(row) != c or not all(isfinite(v) and v >= 0 for v in row):
        raise ValueError(f"each item needs {c} shares, none negative")
    total = sum(row)
    return [v / (whole or total) for v in row] if total > 0 else None


def _sides(row: Sequence[float]) -> tuple[float, float]:
    """Return how far the bar reaches to each side of the middle."""
    c = len(row)
    middle = row[c // 2] / 2 if c % 2 else 0.0
    return sum(row[: c // 2]) + middle, sum(row[(c + 1) // 2 :]) + middle


def _reach(rows: Sequence[Sequence[float] | None]) -> float:
    """Return what share half of the axis stands for: the longest side, up to a full quarter."""
    longest = max((side for row in rows if row is not None for side in _sides(row)), default=1.0)
    return ceil(round(4 * longest, 9)) / 4


def _shade(i: int, c: int) -> tuple[str, float]:
    """Return the tone of an option, and how strong it is."""
    steps = c // 2
    if c % 2 and i == steps:
        return "middle", 1.0
    return ("balance", (steps - i) / steps) if i < steps else ("imbalance", (i - (c - 1 - steps)) / steps)


def _segment(at: Box, i: int, c: int) -> str:
    tone, strength = _shade(i, c)
    drawn = svg.box(at, tone, opacity=strength)
    gap = _WIDE - (_WIDE - _CLOSE) * strength
    return drawn if tone == "middle" else drawn + svg.hatch(at, gap, rising=tone == "balance")


def _bar(row: Sequence[float], centre: float, scale: float, middle: float) -> list[str]:
    x = centre - _sides(row)[0] * scale
    drawn = []
    for i, share in enumerate(row):
        width = share * scale
        if width > 0:
            at = Box(x, middle - _BAR / 2, max(width - 1, 0.5), _BAR)
            drawn.append(_segment(at, i, len(row)))
        words = f"{100 * share:.0f}"
        if width > svg.extent(words, SMALL) + 10:
            drawn.append(svg.plated(x + width / 2, middle, words))
        x += width
    return drawn


def _legend(options: Sequence[str], direction: Direction) -> tuple[str, float]:
    drawn, x, y = [], 0.0, 10.0
    for i, option in enumerate(options):
        width = 24 + svg.extent(option, SMALL) + 18
        if x and x + width > WIDTH:
            x, y = 0.0, y + LINE + 4
        drawn.append(_segment(Box(x, y - 7, 18, 14), i, len(options)))
        drawn.append(svg.text(x + 24, y, option, size=SMALL, tone="quiet", direction=direction))
        x += width
    return "".join(drawn), y + 18


def _axis(centre: float, scale: float, reach: float, top: float, bottom: float) -> list[str]:
    places = [(centre + side * reach * scale, f"{100 * reach:.0f} %") for side in (-1, 1)]
    return [
        *(svg.rule(x, top, x, bottom, "hairline") for x, _ in places),
        svg.rule(centre, top, centre, bottom + 4, "ink"),
        *(
            svg.text(x, bottom + 14, words, side="middle", size=SMALL, tone="quiet")
            for x, words in [*places, (centre, "0")]
        ),
    ]
