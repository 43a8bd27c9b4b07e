"""Drawings of response models with their tables: category curves, precision, people beside items."""

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10

from analysis.graphics import svg
from analysis.graphics.charts import Figure, Write
from analysis.graphics.svg import SMALL, WIDTH, Box

_PANELS = 3  # panels beside each other
_DASHES: tuple[str | None, ...] = (None, "7 3", "2 3", "9 3 2 3", "4 2", "1 2")
_BARS = 33


def category_probabilities(
    names: Sequence[str],
    theta: Sequence[float],
    curves: Sequence[Sequence[Sequence[float]]],
    labels: Sequence[Sequence[str]],
    *,
    reading: str,
    title: str = "How likely each answer is along θ",
    write: Write = "{:.2f}".format,
) -> Figure:
    """Return one small panel per item: the probability of each of its answers along θ.

    Parameters
    ----------
    names
        Of the items.
    theta
        Q points, ascending.
    curves
        For each item, for each of its answers, Q probabilities.
    labels
        For each item, what its answers are called.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    write
        How a probability is written.

    Returns
    -------
    Figure
        Each curve bears the label of its answer where it is highest; the table gives every curve at the whole
        numbers of θ. ValueError where lengths do not match.

    Examples
    --------
    >>> found = category_probabilities(
    ...     ["q1"], [-1, 0, 1], [[[0.7, 0.5, 0.3], [0.3, 0.5, 0.7]]], [["no", "yes"]], reading="They cross."
    ... )
    >>> found.headers, found.rows[1]
    (('item', 'answer', '−1', '0', '1'), ('q1', 'yes', '0.30', '0.50', '0.70'))
    """
    if not len(names) == len(curves) == len(labels) or any(
        len(item) != len(said) or any(len(curve) != len(theta) for curve in item)
        for item, said in zip(curves, labels, strict=False)
    ):
        raise ValueError("each item needs a label for each curve, and each curve one probability per point")
    width, height = WIDTH / _PANELS, 150.0
    body: list[str] = []
    for place, (name, item, said) in enumerate(zip(names, curves, labels, strict=True)):
        left, top = (place % _PANELS) * width + 30, (place // _PANELS) * (height + 34) + 24
        at = Box(left, top, width - 42, height - 22)
        body.append(svg.text(left, top - 12, svg.wrap(name, at.width, SMALL)[0], size=SMALL, weight="600"))
        body += _frame(at, theta, ("0", "1"))
        for c, curve in enumerate(item):
            points = [
                (_along(at, theta, t), at.y + at.height * (1 - p)) for t, p in zip(theta, curve, strict=True)
            ]
            body.append(svg.path(points, "accent", dash=_DASHES[c % len(_DASHES)]))
        for c, curve in enumerate(item):
            peak = max(range(len(theta)), key=lambda q, curve=curve: curve[q])  # type: ignore[misc]
            x = min(max(_along(at, theta, theta[peak]), at.x + 12), at.x + at.width - 12)
            y = max(at.y + at.height * (1 - curve[peak]), at.y + 8)
            body.append(svg.plated(x, y, said[c]))
    rows = -(-len(names) // _PANELS)
    whole = [q for q, t in enumerate(theta) if abs(t - round(t)) < 1e-9]  # noqa: PLR2004 - rounding
    return Figure(
        drawing=svg.drawing(rows * (height + 34) + 16, title, reading, body),
        reading=reading,
        headers=("item", "answer", *(_whole(theta[q]) for q in whole)),
        rows=tuple(
            (name, said[c], *(write(curve[q]) for q in whole))
            for name, item, said in zip(names, curves, labels, strict=True)
            for c, curve in enumerate(item)
        ),
    )


def precision(
    theta: Sequence[float],
    information: Sequence[float],
    error: Sequence[float],
    expected: Sequence[float],
    conditional: Sequence[float],
    *,
    reading: str,
    title: str = "How precise the items are along θ",
    write: Write = "{:.2f}".format,
) -> Figure:
    """Return the information along θ, and under it the conditional standard error of the sum.

    Parameters
    ----------
    theta
        Q points, ascending.
    information, error
        Of the test, and the standard error of θ.
    expected, conditional
        The expected sum of the answers, and its standard error given θ.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    write
        How a figure is written.

    Returns
    -------
    Figure
        The table gives all four at every point. ValueError where lengths do not match.

    Examples
    --------
    >>> precision([0, 1], [4, 1], [0.5, 1], [2.5, 3], [0.9, 0.8], reading="Less at 1.").rows[1]
    ('1', '1.00', '1.00', '3.00', '0.80')
    """
    if not len(theta) == len(information) == len(error) == len(expected) == len(conditional):
        raise ValueError("each point needs its information, errors and expected sum")
    body: list[str] = []
    for top, values, said, tone in (
        (34.0, information, "Information", "accent"),
        (244.0, conditional, "Standard error of the sum, given θ", "ink"),
    ):
        at = Box(52.0, top, WIDTH - 80.0, 150.0)
        ceiling = _round_up(max(values))
        body.append(svg.text(8, top - 18, said, size=SMALL, tone="quiet"))
        body += _frame(at, theta, ("0", f"{ceiling:g}"))
        points = [
            (_along(at, theta, t), at.y + at.height * (1 - v / ceiling))
            for t, v in zip(theta, values, strict=True)
        ]
        body.append(svg.path(points, tone))
    return Figure(
        drawing=svg.drawing(430, title, reading, body),
        reading=reading,
        headers=("θ", "information", "standard error of θ", "expected sum", "standard error of the sum"),
        rows=tuple(
            (f"{t:g}".replace("-", "\u2212"), *(write(v) if isfinite(v) else "" for v in figures))
            for t, *figures in zip(theta, information, error, expected, conditional, strict=True)
        ),
    )


def person_item_map(
    scores: Sequence[float],
    names: Sequence[str],
    thresholds: Sequence[Sequence[float]],
    *,
    reading: str,
    title: str = "People and items on one scale",
    write: Write = "{:.2f}".format,
) -> Figure:
    """Return how people are spread along θ, and under it where each item's thresholds are.

    Parameters
    ----------
    scores
        θ of the people.
    names, thresholds
        Of the items; each has its thresholds.
    reading, title
        One sentence that says what can be seen, and the name of the figure.
    write
        How a figure is written.

    Returns
    -------
    Figure
        Both are drawn on one axis that holds all of them; the table gives the thresholds, and how many people
        are below, between and above them. ValueError without a score or an item.

    Examples
    --------
    >>> found = person_item_map([-1.0, 0.5, 2.0], ["q1"], [[-0.5, 1.0]], reading="Spread alike.")
    >>> found.rows
    (('q1', '−0.50, 1.00', '1, 1, 1'),)
    """
    given = [t for item in thresholds for t in item]
    if not scores or not given or len(names) != len(thresholds):
        raise ValueError("a map needs people, and a name and thresholds for each item")
    low, high = floor(min(*scores, *given)), ceil(max(*scores, *given))
    ends = (float(low), float(max(high, low + 1)))
    left = max(svg.extent(svg.wrap(name, 140, SMALL)[0], SMALL) for name in names) + 16
    at = Box(left, 30, WIDTH - left - 24, 110)
    counts = [0] * _BARS
    for score in scores:
        counts[min(int(_BARS * (score - ends[0]) / (ends[1] - ends[0])), _BARS - 1)] += 1
    body = [svg.text(8, 12, "People", size=SMALL, tone="quiet")]
    step = at.width / _BARS
    body += [
        svg.box(
            Box(
                at.x + i * step + 0.5,
                at.y + at.height * (1 - n / max(counts)),
                step - 1,
                at.height * n / max(counts),
            ),
            "balance",
        )
        for i, n in enumerate(counts)
        if n
    ]
    row, top = 24.0, at.y + at.height + 30
    body += _frame(Box(at.x, at.y, at.width, at.height), ends, ("", ""))
    for place, (name, item) in enumerate(zip(names, thresholds, strict=True)):
        y = top + place * row
        body.append(svg.rule(at.x, y, at.x + at.width, y, "hairline"))
        body.append(svg.text(at.x - 8, y, svg.wrap(name, 140, SMALL)[0], side="right", size=SMALL))
        body += [svg.dot(_along(at, ends, t), y, "accent") for t in item]
    return Figure(
        drawing=svg.drawing(top + len(names) * row + 4, title, reading, body),
        reading=reading,
        headers=("item", "thresholds", "people below, between and above"),
        rows=tuple(
            (
                name,
                ", ".join(write(t).replace("-", "\u2212") for t in item),
                ", ".join(str(n) for n in _between(scores, item)),
            )
            for name, item in zip(names, thresholds, strict=True)
        ),
    )


def _between(scores: Sequence[float], thresholds: Sequence[float]) -> list[int]:
    """Count people below the lowest threshold, between neighbours, and from the highest on."""
    cuts = sorted(thresholds)
    places = [sum(score >= cut for cut in cuts) for score in scores]
    return [places.count(place) for place in range(len(cuts) + 1)]


def _frame(at: Box, theta: Sequence[float], ends: tuple[str, str]) -> list[str]:
    """Draw the axes of a panel: θ below, its ends beside it."""
    first, last = ceil(theta[0]), floor(theta[-1])
    every = max(1, ceil((last - first) / 8))
    bottom = at.y + at.height
    ticks = [t for t in range(first, last + 1) if t % every == 0]
    return [
        svg.rule(at.x, bottom, at.x + at.width, bottom, "quiet"),
        svg.rule(at.x, at.y, at.x + at.width, at.y, "hairline"),
        svg.text(at.x - 6, bottom, ends[0], side="right", size=SMALL, tone="quiet"),
        svg.text(at.x - 6, at.y, ends[1], side="right", size=SMALL, tone="quiet"),
        svg.text(at.x + at.width + 4, bottom, "θ" if at.width > WIDTH / 2 else "", size=SMALL, tone="quiet"),
        *(
            svg.text(_along(at, theta, t), bottom + 12, _whole(t), side="middle", size=SMALL, tone="quiet")
            for t in ticks
        ),
    ]


def _along(at: Box, theta: Sequence[float], value: float) -> float:
    return at.x + at.width * (value - theta[0]) / (theta[-1] - theta[0])


def _whole(value: float) -> str:
    return f"{round(value)}".replace("-", "\u2212")


def _round_up(value: float) -> float:
    """Return the next round number, at most a quarter above."""
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next(
        power * times
        for times in (1.0, 1.2, 1.5, 1.8, 2.2, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0)
        if power * times >= value
    )
