"""Figures for reports: drawings with their tables, from plain numbers and labels.

Each function returns a `Figure`: the drawing (SVG), a sentence that says what it shows, and the same figures
as a table. Words are arguments, so that a page in another language gives its own. `direction` says which way
labels read; the axes always run from left to right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

from analysis.graphics import svg
from analysis.graphics.svg import LABELS, LINE, SMALL, WIDTH, Box, Direction

Write = Callable[[float], str]

_WRITTEN = 16  # the most items for which figures fit into the cells of a map
_FULLEST = 0.46
_GAP = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A drawing, a sentence that says what it shows, and a table of the same figures."""

    drawing: str
    reading: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def table(self) -> str:
        """Return the table as HTML; the first cell of a row is its header."""
        head = "".join(svg.tag("th", svg.safe(words) or " ", scope="col") for words in self.headers)
        body = "".join(
            f'<tr><th scope="row">{svg.safe(first)}</th>'
            + "".join(f"<td>{svg.safe(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def html(self, *, summary: str = "The figures as a table") -> str:
        """Return the drawing, its sentence, and the table inside a `details` element."""
        return (
            f'<figure class="cp-figure">{self.drawing}<figcaption>{svg.safe(self.reading)}</figcaption>'
            f"<details><summary>{svg.safe(summary)}</summary>{self.table()}</details></figure>"
        )


def scree(
    observed: Sequence[float],
    reference: Sequence[float],
    *,
    n_factors: int,
    reading: str,
    title: str = "Eigenvalues of the data and of random data",
    words: tuple[str, str, str, str, str] = ("Factor", "Eigenvalue", "the data", "random data", "kept"),
    write: Write = "{:.2f}".format,
) -> Figure:
    """Return eigenvalues against those of random data; the factors kept are filled dots.

    Parameters
    ----------
    observed, reference
        Eigenvalues of the data and of random data, largest first, equally many.
    n_factors
        How many factors are kept.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    words
        What a factor, its eigenvalue, the data, random data and a kept factor are called.
    write
        How a figure is written.

    Returns
    -------
    Figure
        ValueError where the two differ in length, or a figure is not a number.

    Examples
    --------
    >>> scree([2.1, 0.6, 0.3], [1.2, 1.0, 0.8], n_factors=1, reading="One factor stands out.").rows[0]
    ('1', '2.10', '1.20', 'kept')
    """
    k = len(observed)
    if k != len(reference) or k == 0 or not all(isfinite(v) for v in (*observed, *reference)):
        raise ValueError(
            "a scree needs as many eigenvalues of random data as of the data, all of them numbers"
        )
    factor, eigenvalue, data, random, kept = words
    left, right, top, bottom = 52.0, WIDTH - 16.0, 36.0, 300.0
    ticks = _ticks(min(0.0, *observed, *reference), max(*observed, *reference))

    def x(i: int) -> float:
        return left + 20 + (right - left - 40) * (i / (k - 1) if k > 1 else 0.5)

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - ticks[0]) / (ticks[-1] - ticks[0])

    body = [
        *(svg.rule(left, y(t), right, y(t), "quiet" if t == 0 else "hairline") for t in ticks),
        *(svg.text(left - 8, y(t), f"{t:g}", side="right", size=SMALL, tone="quiet") for t in ticks),
        *(
            svg.text(x(i), bottom + 16, str(i + 1), side="middle", size=SMALL, tone="quiet")
            for i in range(0, k, ceil(k / 15))
        ),
        svg.text(8, 12, eigenvalue, size=SMALL, tone="quiet"),
        svg.text((left + right) / 2, bottom + 36, factor, side="middle", size=SMALL, tone="quiet"),
        svg.path([(x(i), y(v)) for i, v in enumerate(reference)], "quiet", dash="5 4"),
        svg.path([(x(i), y(v)) for i, v in enumerate(observed)], "accent"),
        *(svg.dot(x(i), y(v), "accent", hollow=i >= n_factors) for i, v in enumerate(observed)),
        svg.text(x(0) + 12, y(observed[0]), data, tone="accent", weight="600"),
        svg.text(right - 16, y(reference[-1]) - 16, random, side="right", tone="quiet"),
    ]
    return Figure(
        drawing=svg.drawing(bottom + 50, title, reading, body),
        reading=reading,
        headers=(factor, data, random, kept),
        rows=tuple(
            (str(i + 1), write(o), write(r), kept if i < n_factors else "")
            for i, (o, r) in enumerate(zip(observed, reference, strict=True))
        ),
    )


def correlation_map(
    R: Sequence[Sequence[float]],
    names: Sequence[str],
    *,
    reading: str,
    title: str = "Correlations of the items",
    write: Write | None = None,
) -> Figure:
    """Return the lower triangle of a correlation matrix as a map.

    Parameters
    ----------
    R
        k x k correlations; what is not a number is left empty.
    names
        Names of the items.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    write
        How a correlation is written; by default with two digits and no leading zero.

    Returns
    -------
    Figure
        The stronger a correlation the fuller its cell; a negative one is hatched, so that its sign is seen
        in black and white. Up to 16 items the figures stand in the cells. ValueError where `R` and `names`
        do not match.

    Examples
    --------
    >>> correlation_map([[1.0, -0.25], [-0.25, 1.0]], ["a", "b"], reading="They are opposed.").rows
    (('a', '1', ''), ('b', '−.25', '1'))
    """
    k = len(names)
    if k == 0 or len(R) != k or any(len(row) != k for row in R):
        raise ValueError("a correlation map needs a square of correlations, and a name for each item")
    say = write or _hundredths
    labels = [svg.wrap(name, 140, SMALL)[0] for name in names]
    left = max(svg.extent(label, SMALL) for label in labels) + 34
    cell = min(44.0, (WIDTH - left - 8) / k)
    body: list[str] = []
    for i, label in enumerate(labels):
        middle = 8 + (i + 0.5) * cell
        body.append(svg.text(left - 28, middle, label, side="right", size=min(SMALL, cell)))
        body.append(svg.text(left - 6, middle, str(i + 1), side="right", size=min(SMALL, cell), tone="quiet"))
        body.append(
            svg.text(
                left + (i + 0.5) * cell,
                8 + k * cell + 12,
                str(i + 1),
                side="middle",
                size=min(SMALL, cell * 0.7),
                tone="quiet",
            )
        )
        body.extend(
            _cell(
                Box(left + j * cell + 0.5, 8 + i * cell + 0.5, cell - 1, cell - 1),
                R[i][j],
                say(R[i][j]) if k <= _WRITTEN else "",
            )
            for j in range(i)
            if isfinite(R[i][j])
        )
    return Figure(
        drawing=svg.drawing(k * cell + 32, title, reading, body),
        reading=reading,
        headers=("", *(str(i + 1) for i in range(k))),
        rows=tuple(
            (
                name,
                *("1" if i == j else (say(R[i][j]) if j < i and isfinite(R[i][j]) else "") for j in range(k)),
            )
            for i, name in enumerate(names)
        ),
    )


def _cell(at: Box, r: float, words: str) -> str:
    # At most half of the colour's strength, so that figures stay readable on it, on light and dark pages.
    drawn = svg.box(at, "balance" if r >= 0 else "imbalance", opacity=0.04 + _FULLEST * min(abs(r), 1.0))
    x, y = at.x + at.width / 2, at.y + at.height / 2
    if r < 0:
        return drawn + svg.hatch(at, _GAP, rising=False) + (svg.plated(x, y, words) if words else "")
    return drawn + (svg.text(x, y, words, side="middle", size=SMALL) if words else "")


def intervals(
    labels: Sequence[str],
    values: Sequence[float | None],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    axis: tuple[float, float],
    reading: str,
    title: str,
    n: Sequence[int | None] | None = None,
    ends: tuple[str, str] = ("", ""),
    words: tuple[str, str, str] = ("figure", "from", "to"),
    hidden: str = "not shown",
    direction: Direction = "ltr",
    write: Write = "{:.0f}".format,
) -> Figure:
    """Return a dot for each figure and a line for its interval, on one axis that shows both its ends.

    Parameters
    ----------
    labels, values, lows, highs
        One each; a value of None is not shown, a low or high of None has no interval.
    axis
        The ends of the scale; ValueError where a figure lies beyond them.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    n
        Number of people behind each figure, shown after its label.
    ends
        What the two ends of the axis mean.
    words
        Headers of the table: the figure, the low and the high end of its interval.
    hidden
        What stands for a figure that is not shown.
    direction
        In which direction labels read.
    write
        How a figure is written.

    Returns
    -------
    Figure

    Examples
    --------
    >>> intervals(["Voice"], [54.0], [48.0], [60.0], axis=(0, 100), reading="About half.", title="Means").rows
    (('Voice', '54', '48', '60'),)
    """
    if not len(labels) == len(values) == len(lows) == len(highs) or (n is not None and len(n) != len(labels)):
        raise ValueError("intervals need one value, low and high (and n) for each label")
    given = [v for v in (*values, *lows, *highs) if v is not None]
    if not axis[0] < axis[1] or any(not axis[0] <= v <= axis[1] for v in given):
        raise ValueError(f"a figure lies beyond the axis from {axis[0]:g} to {axis[1]:g}")
    left, right = LABELS + 24, WIDTH - 110.0

    def x(value: float) -> float:
        return left + (right - left) * (value - axis[0]) / (axis[1] - axis[0])

    top, rows = 8.0, []
    for label, value, low, high, count in zip(
        labels, values, lows, highs, n or [None] * len(labels), strict=True
    ):
        lines = svg.counted(label, count)
        height = max(len(lines) * LINE, 20.0) + 14
        middle = top + height / 2
        rows.append(svg.text(LABELS, middle, lines, side="right", direction=direction))
        if value is None:
            rows.append(svg.text(left, middle, hidden, size=SMALL, tone="quiet", direction=direction))
        else:
            said = write(value)
            if low is not None and high is not None:
                rows.append(svg.rule(x(low), middle, x(high), middle, "ink", width=2))
                said += f"  ({write(low)}–{write(high)})"
            rows.append(svg.dot(x(value), middle, "accent"))
            rows.append(svg.text(right + 16, middle, said, size=SMALL))
        top += height
    body = [
        *(svg.rule(x(t), 4, x(t), top + 4, "hairline") for t in _quarters(*axis)),
        *rows,
        *(
            svg.text(x(t), top + 16, f"{t:g}", side="middle", size=SMALL, tone="quiet")
            for t in _quarters(*axis)
        ),
        svg.text(left, top + 36, ends[0], size=SMALL, tone="quiet", direction=direction),
        svg.text(right, top + 36, ends[1], side="right", size=SMALL, tone="quiet", direction=direction),
    ]
    return Figure(
        drawing=svg.drawing(top + (48 if any(ends) else 30), title, reading, body),
        reading=reading,
        headers=("", *words) if n is None else ("", *words, "n"),
        rows=tuple(
            (
                label,
                *(
                    (hidden if i == 0 and v is None else "" if v is None else write(v))
                    for i, v in enumerate(figures)
                ),
                *(() if n is None else ("" if n[row] is None else str(n[row]),)),
            )
            for row, (label, *figures) in enumerate(zip(labels, values, lows, highs, strict=True))
        ),
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return about five round numbers from `low` or below it to `high` or above it."""
    span = (high - low) or 1.0
    power = 10.0 ** floor(log10(span / 4))
    step = next(power * times for times in (1.0, 2.0, 2.5, 5.0, 10.0) if power * times >= span / 5)
    return [round(i * step, 10) for i in range(floor(low / step), ceil(high / step) + 1)]


def _quarters(low: float, high: float) -> list[float]:
    return [low + (high - low) * i / 4 for i in range(5)]


def _hundredths(r: float) -> str:
    return f"{r:.2f}".replace("0.", ".", 1).replace("-", "\u2212")
