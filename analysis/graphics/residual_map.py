"""Residual correlations as a map: where items correlate more, or less, than the model implies."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.estimate import Matrix
from analysis.graphics import svg
from analysis.graphics.charts import Figure
from analysis.graphics.svg import SMALL, WIDTH, Box

_FULL: Final = 0.3  # a residual of this size has the full colour
_DEEPEST: Final = 0.6
_WRITTEN: Final = 14
_NOTABLE: Final = 0.1
_ROOM: Final = 16.0  # a cell that a dot fits into


def residual_map(
    residuals: Matrix,
    names: Sequence[str],
    *,
    reading: str,
    title: str = "Residual correlations",
) -> Figure:
    """Return a map of residual correlations, the lower triangle; negative ones are hatched.

    Parameters
    ----------
    residuals
        k x k residual correlations.
    names
        The items.
    reading, title
        One sentence that says what can be seen, and the name of the figure.

    Returns
    -------
    Figure
        Figures are written in the cells of small maps; of larger ones those beyond 0.1 are marked. The table
        holds all.
    """
    k = len(names)
    left = 120.0
    cell = min((WIDTH - left - 8) / max(k, 1), 40.0)
    body: list[str] = []
    for i in range(k):
        middle = 8 + (i + 0.5) * cell
        body.append(
            svg.text(left - 6, middle, names[i][:16], side="right", size=min(SMALL, cell), tone="quiet")
        )
        body += [_cell(left, cell, i, j, float(residuals[i, j]), written=k <= _WRITTEN) for j in range(i)]
    for j in range(k - 1):
        body.append(
            svg.text(
                left + (j + 0.5) * cell,
                8 + k * cell + 10,
                str(j + 1),
                side="middle",
                size=min(SMALL, cell * 0.7),
                tone="quiet",
            )
        )
    rows = tuple(
        (f"{i + 1} {name}", *(_words(float(residuals[i, j])) if j < i else "" for j in range(k - 1)))
        for i, name in enumerate(names)
    )
    return Figure(
        drawing=svg.drawing(k * cell + 30, title, reading, body),
        reading=reading,
        headers=("", *(str(j + 1) for j in range(k - 1))),
        rows=rows,
    )


def _cell(left: float, cell: float, i: int, j: int, r: float, *, written: bool) -> str:
    at = Box(left + j * cell + 0.5, 8 + i * cell + 0.5, cell - 1, cell - 1)
    share = min(abs(r) / _FULL, 1.0) if np.isfinite(r) else 0.0
    drawn = svg.box(at, "balance" if r >= 0 else "imbalance", opacity=0.04 + _DEEPEST * share)
    if r < 0 and abs(r) > _NOTABLE:
        drawn += svg.hatch(at, 6.0, rising=False)
    x, y = at.x + at.width / 2, at.y + at.height / 2
    if written:
        return drawn + svg.plated(x, y, _words(r))
    return drawn + (svg.dot(x, y, "ink", hollow=r < 0) if abs(r) > _NOTABLE and cell > _ROOM else "")


def _words(r: float) -> str:
    return f"{r:.2f}".replace("0.", ".", 1).replace("-", "\u2212")
