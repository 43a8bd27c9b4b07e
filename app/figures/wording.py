"""How figures of a report are worded, on the page and in the terminal."""

from typing import Final

from analysis.disclosure.base_table import Bound, Item
from analysis.disclosure.release import Figure, ItemLine, Node, Share, Untold
from app.languages import _

HEADINGS: Final = {"explain": _("Explain"), "address": _("Address"), "agree": _("Agree")}
"""What actions are for, in the order in which they are listed."""
STRENGTH: Final = {
    3: ("●●●", "a randomised experiment"),
    2: ("●●○", "studies of what goes together"),
    1: ("●○○", "interviews, shared practice or our own judgement"),
}
_OTHER_WAY: Final[dict[Bound, Bound]] = {"exact": "exact", "at most": "at least", "at least": "at most"}


def format_figure(figure: Figure | Untold) -> str:
    """Return a figure as text: "54.0", "at most 12.5" or "cannot be shown"."""
    if isinstance(figure, Untold):
        return "cannot be shown"
    return f"{figure.value:.1f}" if figure.bound == "exact" else f"{figure.bound} {figure.value:.1f}"


def how_sure(figure: Figure | Untold) -> str:
    """Return the half-width of a figure's interval as text; empty where there is none."""
    if isinstance(figure, Untold) or figure.half_width is None:
        return ""
    return f"± {figure.half_width:.0f}"


def how_precise(error: float | None) -> str:
    """Return as text how far error of measurement moves a figure; empty where nothing is known of it."""
    return "" if error is None else f"± {error:.1f}"


def format_change(figure: Figure | Untold) -> str:
    """Return a difference as text with its sign: "+6.0", "at most +1.5" or "cannot be shown"."""
    if isinstance(figure, Untold):
        return "cannot be shown"
    signed = f"{figure.value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return signed if figure.bound == "exact" else f"{figure.bound} {signed}"


def people(node: Node) -> str:
    """Say how many people, at least, answered in a unit or in several."""
    units = f" of {node.units} units" if node.units > 1 else ""
    return f"at least {node.n} people{units}"


def as_answered(item: Item, line: ItemLine) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The mean and the shares of an item as people answered it, with a reversed item turned back."""
    figure = line.figure
    if isinstance(figure, Figure) and item.reversed:
        value = item.low + item.high - figure.value
        figure = Figure(value=value, bound=_OTHER_WAY[figure.bound])
    shares = [(_band(item, share), _percent(share)) for share in line.shares]
    return format_figure(figure), tuple(reversed(shares) if item.reversed else shares)


def _band(item: Item, share: Share) -> str:
    low, high = share.low, share.high
    if item.reversed:
        low, high = item.low + item.high - high, item.low + item.high - low
    return in_words(item, low, high)


def in_words(item: Item, low: int, high: int) -> str:
    """The answers from `low` to `high`, as they were worded."""
    ends = [item.labels[code - item.low] for code in (low, high)]
    return ends[0] if low == high else f"{ends[0]} to {ends[1][0].lower()}{ends[1][1:]}"


def _percent(share: Share) -> str:
    return {0: "under 5 %", 100: "over 95 %"}.get(share.percent, f"{share.percent} %")
