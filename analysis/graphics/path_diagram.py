"""Path diagrams of factor models: factors, items, and the loadings between them."""

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.graphics import svg
from analysis.graphics.charts import Figure
from analysis.graphics.svg import SMALL, Box

_ROW: Final = 26.0
_ITEM: Final = Box(430, 0, 96, 20)
_FACTOR: Final = (240.0, 52.0, 22.0)  # centre, half width, half height of a factor's ellipse
_ABOVE: Final = 64.0
_BESIDE: Final = 628.0
_STEEP: Final = 6.0


def path_diagram(
    loadings: Mapping[str, Mapping[str, float]],
    items: Sequence[str],
    *,
    reading: str,
    higher: Mapping[str, Mapping[str, float]] | None = None,
    general: str | None = None,
    title: str = "The model and its standardised loadings",
) -> Figure:
    """Return a path diagram: items as boxes, factors as ellipses, an arrow for each loading.

    Parameters
    ----------
    loadings
        For each factor the standardised loading of each of its items.
    items
        The items from top to bottom.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    higher
        For each factor of factors the standardised loading of each of these.
    general
        A factor of all items that stands on the other side of them.

    Returns
    -------
    Figure
        A thicker line is a larger loading, a dashed one a negative loading; each is written at its item.
    """
    top = 24.0
    middle = {item: top + place * _ROW for place, item in enumerate(items)}
    height = top + len(items) * _ROW
    centres = _centres({name: rows for name, rows in loadings.items() if name != general}, middle, height)
    body: list[str] = []
    x, half, tall = _FACTOR
    for name, centre in centres.items():
        for item, loading in loadings[name].items():
            body += _arrow(x + half, centre, _ITEM.x, middle[item], loading)
    if general is not None:
        for item, loading in loadings[general].items():
            body += _arrow(_BESIDE - half, height / 2, _ITEM.x + _ITEM.width, middle[item], loading)
    for name, rows in (higher or {}).items():
        for factor, loading in rows.items():
            body += _arrow(_ABOVE + half, height / 2, x - half, centres[factor], loading)
        body += _ellipse(_ABOVE, height / 2, half, tall, name)
    for item, y in middle.items():
        body.append(svg.box(_ITEM._replace(y=y - _ITEM.height / 2), "panel"))
        body.append(_frame(_ITEM._replace(y=y - _ITEM.height / 2)))
        body.append(svg.text(_ITEM.x + _ITEM.width / 2, y, item[:14], side="middle", size=SMALL))
    for name, centre in centres.items():
        body += _ellipse(x, centre, half, tall, name)
    if general is not None:
        body += _ellipse(_BESIDE, height / 2, half, tall, general)
    listed = [
        (name, target, f"{loading:.3f}")
        for group in (loadings, higher or {})
        for name, targets in group.items()
        for target, loading in targets.items()
    ]
    return Figure(
        drawing=svg.drawing(height + 8, title, reading, body),
        reading=reading,
        headers=("factor", "indicator", "standardised loading"),
        rows=tuple(listed),
    )


def _centres(
    loadings: Mapping[str, Mapping[str, float]], middle: Mapping[str, float], height: float
) -> dict[str, float]:
    """Return the height of each factor: in the middle of its items, and clear of the factor above."""
    wanted = {name: sum(middle[item] for item in rows) / len(rows) for name, rows in loadings.items()}
    placed: dict[str, float] = {}
    gap = min(2 * _FACTOR[2] + 6, (height - 2 * _FACTOR[2]) / max(len(wanted), 1))
    lowest = 0.0
    for name in sorted(wanted, key=lambda factor: wanted[factor]):
        placed[name] = max(wanted[name], lowest)
        lowest = placed[name] + gap
    over = max(lowest - gap + _FACTOR[2] - height, 0.0)
    return {name: y - over if over else y for name, y in placed.items()}


def _arrow(x1: float, y1: float, x2: float, y2: float, loading: float) -> list[str]:
    toward = 1 if x2 > x1 else -1
    line = svg.rule(
        x1,
        y1,
        x2 - toward * _STEEP,
        y2,
        "accent",
        width=0.6 + 2.4 * min(abs(loading), 1.0),
        dash="5 4" if loading < 0 else None,
    )
    head = svg.path([(x2 - toward * _STEEP, y2 - 3), (x2, y2), (x2 - toward * _STEEP, y2 + 3)], "accent")
    share = 0.78
    words = f"{loading:.2f}".replace("-", "\u2212")
    return [line, head, svg.plated(x1 + share * (x2 - x1), y1 + share * (y2 - y1), words)]


def _ellipse(x: float, y: float, half: float, tall: float, name: str) -> list[str]:
    shape = svg.tag("ellipse", cx=x, cy=y, rx=half, ry=tall, **svg.fill("panel"))
    edge = svg.tag("ellipse", cx=x, cy=y, rx=half, ry=tall, stroke_width=1.5, **svg.stroke("ink"))
    return [shape, edge, svg.text(x, y, name[:13], side="middle", size=SMALL, weight="600")]


def _frame(at: Box) -> str:
    return svg.tag("rect", **at._asdict(), stroke_width=1, **svg.stroke("quiet"))
