"""The shapes and words of drawings, as strings of SVG that are the same bytes every time.

Colours stand in presentation attributes, so that a drawing needs no style sheet and works under a strict
content security policy; classes let a style sheet replace them (dark pages, forced colours), see `STYLE`.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Final, Literal, NamedTuple

Side = Literal["left", "middle", "right"]
Direction = Literal["ltr", "rtl"]

WIDTH: Final = 680
SIZE: Final = 14
SMALL: Final = 12
LINE: Final = 18
LABELS: Final = 220.0  # width that labels may take

# Tone: light, dark (look of the whole project).
TOKENS: Final[dict[str, tuple[str, str]]] = {
    "ground": ("#fbfaf7", "#14181a"),
    "panel": ("#ffffff", "#1b2124"),
    "ink": ("#1b2226", "#eceae4"),
    "quiet": ("#4a555b", "#b4bdc1"),
    "hairline": ("#c9cdc8", "#3a454a"),
    "accent": ("#0b5563", "#7cc7d4"),
    "imbalance": ("#8c510a", "#dfa76a"),
    "balance": ("#01665e", "#6fc3b8"),
    "middle": ("#d9d6cc", "#4a5256"),
}

_FORCED: Final = {"ground": "Canvas", "panel": "Canvas", "hairline": "GrayText"}


class Box(NamedTuple):
    """Where a rectangle stands: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float


def _style() -> str:
    rules = [
        f".cp-{name} {{ fill: var(--{name}, {light}); }}\n"
        f".cp-{name}-line {{ stroke: var(--{name}, {light}); }}"
        for name, (light, _) in TOKENS.items()
    ]
    forced = [
        f"  .cp-{name} {{ fill: {_FORCED.get(name, 'CanvasText')}; }}\n"
        f"  .cp-{name}-line {{ stroke: {_FORCED.get(name, 'CanvasText')}; }}"
        for name in ("ground", "panel", "ink", "quiet", "hairline", "accent")
    ]
    return "\n".join(
        [
            ".cp-drawing { max-width: 100%; height: auto; }",
            ".cp-numbers { font-variant-numeric: tabular-nums; }",
            *rules,
            "@media (forced-colors: active) {",
            *forced,
            "}",
            "",
        ]
    )


def _root() -> str:
    light = " ".join(f"--{name}: {pair[0]};" for name, pair in TOKENS.items())
    dark = " ".join(f"--{name}: {pair[1]};" for name, pair in TOKENS.items())
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


STYLE: Final = _style()  # for a page that defines the colours as custom properties
ROOT: Final = _root()  # the colours, for a page without other style sheets

_CONTROLS: Final = dict.fromkeys(
    code for code in range(160) if unicodedata.category(chr(code)) == "Cc" and chr(code) not in "\t\n\r"
)


def tag(name: str, content: str = "", **attributes: float | str | None) -> str:
    """Return an element; attributes are escaped, ``_`` in their names is ``-``, None leaves one out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def safe(words: str) -> str:
    """Return words escaped for text and attributes alike, without characters that XML forbids."""
    return escape(words.translate(_CONTROLS), quote=True)


def number(value: float) -> str:
    """Return a coordinate with at most two digits, never ``-0``."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def fill(tone: str) -> dict[str, str]:
    """Return the attributes that fill a shape or words with a tone."""
    return {"class_": f"cp-{tone}", "fill": TOKENS[tone][0]}


def stroke(tone: str) -> dict[str, str]:
    """Return the attributes that draw a line in a tone."""
    return {"class_": f"cp-{tone}-line", "stroke": TOKENS[tone][0], "fill": "none"}


def text(
    x: float,
    y: float,
    words: str | Sequence[str],
    *,
    side: Side = "left",
    size: float = SIZE,
    tone: str = "ink",
    direction: Direction = "ltr",
    weight: str | None = None,
) -> str:
    """Return words whose left end, middle or right end stands at x; several lines stand around y."""
    lines = [words] if isinstance(words, str) else list(words)
    # The anchor is logical in SVG: the start of a right-to-left line is its right end.
    start, end = ("start", "end") if direction == "ltr" else ("end", "start")
    anchor = {"left": start, "middle": "middle", "right": end}[side]
    top = y - (len(lines) - 1) * LINE / 2 + 0.35 * size  # the baseline that puts the middle of a line at y
    spans = (
        safe(lines[0])
        if len(lines) == 1
        else "".join(tag("tspan", safe(line), x=x, y=top + i * LINE) for i, line in enumerate(lines))
    )
    return tag(
        "text",
        spans,
        x=x,
        y=top,
        text_anchor=anchor,
        font_size=size,
        font_weight=weight,
        direction=None if direction == "ltr" else direction,
        unicode_bidi=None if direction == "ltr" else "isolate",
        **fill(tone),
    )


def rule(
    x1: float, y1: float, x2: float, y2: float, tone: str, *, width: float = 1, dash: str | None = None
) -> str:
    """Return a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke_width=width, stroke_dasharray=dash, **stroke(tone))


def path(points: Iterable[tuple[float, float]], tone: str, *, dash: str | None = None) -> str:
    """Return a line through points."""
    through = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return tag("polyline", points=through, stroke_width=2, stroke_dasharray=dash, **stroke(tone))


def dot(x: float, y: float, tone: str, *, hollow: bool = False) -> str:
    """Return a dot, or a ring."""
    inside = fill("ground" if hollow else tone)
    ring = {"stroke": TOKENS[tone][0], "class_": f"{inside['class_']} cp-{tone}-line"}
    return tag("circle", cx=x, cy=y, r=5, stroke_width=2, **(inside | ring))


def box(at: Box, tone: str, *, opacity: float | None = None) -> str:
    """Return a filled rectangle."""
    return tag("rect", **at._asdict(), fill_opacity=opacity, **fill(tone))


def hatch(at: Box, gap: float, *, rising: bool) -> str:
    """Return slanted lines that fill a rectangle, so that it is distinct when printed in black and white.

    They are lines, not a `pattern`: printers of web pages draw them all, and they need no id.
    """
    moves = []
    for i in range(1, int((at.width + at.height) / gap) + 1):
        u1, v2 = min(i * gap, at.width), min(i * gap, at.height)
        v1, u2 = i * gap - u1, i * gap - v2
        if not rising:
            u1, u2 = at.width - u1, at.width - u2
        ends = [number(z) for z in (at.x + u1, at.y + v1, at.x + u2, at.y + v2)]
        moves.append("M{} {}L{} {}".format(*ends))
    return tag("path", d="".join(moves), stroke_width=1.2, stroke_opacity=0.6, **stroke("ink"))


def plated(x: float, y: float, words: str, *, direction: Direction = "ltr", tone: str = "ink") -> str:
    """Return small words around x on a rectangle of the background's colour, readable over any drawing."""
    width = extent(words, SMALL) + 6
    plate = box(Box(x - width / 2, y - 8, width, 16), "ground", opacity=0.9)
    return plate + text(x, y, words, side="middle", size=SMALL, tone=tone, direction=direction)


def counted(label: str, n: int | None) -> list[str]:
    """Return a label in lines, with the number of people behind it where there is one."""
    return wrap(label if n is None else f"{label} (n\u00a0=\u00a0{n})", LABELS)


def extent(words: str, size: float = SIZE) -> float:
    """Return the estimated width of words; full-width characters count double, combining marks not at all."""
    em = 0.0
    for character in words:
        if unicodedata.combining(character):
            continue
        em += 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.54
    return em * size


def wrap(words: str, width: float, size: float = SIZE) -> list[str]:
    """Return words in lines of at most about `width`; a longer word is split.

    A line breaks at spaces, but not at no-break spaces.
    """
    lines = [""]
    for word in words.split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if extent(joined, size) <= width:
            lines[-1] = joined
            continue
        pieces = list(_pieces(word, width, size))
        lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, width: float, size: float) -> Iterable[str]:
    piece = ""
    for character in word:
        if piece and extent(piece + character, size) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def identity(*parts: object) -> str:
    """Return a short name for a drawing, the same for the same content."""
    return "cp" + sha256(repr(parts).encode()).hexdigest()[:10]


def drawing(height: float, title: str, description: str, body: Sequence[str]) -> str:
    """Return the whole drawing, named and described for those who do not see it."""
    id_ = identity(title, *body)
    return tag(
        "svg",
        tag("title", safe(title), id=f"{id_}-title")
        + tag("desc", safe(description), id=f"{id_}-desc")
        + "".join(body),
        xmlns="http://www.w3.org/2000/svg",
        class_="cp-drawing",
        role="img",
        aria_labelledby=f"{id_}-title",
        aria_describedby=f"{id_}-desc",
        direction="ltr",
        viewBox=f"0 0 {WIDTH} {number(height)}",
        width=WIDTH,
        height=height,
        font_family="system-ui, sans-serif",
    )
