"""The plot of a report: a dot for each facet on an axis from 0 to 100, placed in percent of the width.

Because places are in percent, the drawing can be as wide as the screen while its words keep the page's size.
"""

from dataclasses import dataclass
from typing import Final, Literal

from analysis.disclosure.release import Figure, Untold
from app.figures.wording import format_figure

TICKS: Final = (0, 25, 50, 75, 100)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row: `dot` is filled; an `arrow` is open, and points to where the figure lies beyond it."""

    label: str
    text: str
    dot: str | None = None
    arrow: Literal["left", "right"] | None = None
    reach: tuple[str, str] | None = None
    """The ends of the line through the dot, or of the dashed one from the arrow to the end of the axis."""
    is_total: bool = False
    error: tuple[str, str] | None = None
    """The ends of the bar behind the dot: how far error of measurement moves it."""
    before: str | None = None
    """Where an open dot stands for the same figure of an earlier time."""


def line(label: str, figure: Figure | Untold, *, is_total: bool = False, error: float | None = None) -> Line:
    """Make the row of a figure: a dot with its interval, an arrow for a bound, or words alone.

    `error` is the half-width of the bar behind the dot.
    """
    if isinstance(figure, Untold):
        return Line(label=label, text=format_figure(figure), is_total=is_total)
    value, half = figure.value, figure.half_width
    if figure.bound == "at most":
        ends, arrow = (0.0, value), "left"
    elif figure.bound == "at least":
        ends, arrow = (value, 100.0), "right"
    else:
        ends, arrow = _around(value, half or 0), None
    return Line(
        label=label,
        text=format_figure(figure),
        dot=_percent(value),
        arrow=arrow,  # type: ignore[arg-type]  # mypy widens the literals of a tuple
        reach=(_percent(ends[0]), _percent(ends[1])) if arrow or half else None,
        is_total=is_total,
        error=None
        if error is None
        else (_percent(_around(value, error)[0]), _percent(_around(value, error)[1])),
    )


def _around(value: float, half: float) -> tuple[float, float]:
    return max(0.0, value - half), min(100.0, value + half)


def _percent(value: float) -> str:
    return f"{value:g}%"
