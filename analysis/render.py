"""A finished study as text, JSON or HTML. Nothing is computed here, and only here is anything rounded."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from html import escape
from importlib.resources import files
from typing import Any, Final

from analysis.estimate import Estimate, Unavailable, cell, table
from analysis.sections import Section, Table, Value
from analysis.study import Figure, ItemReport, ScaleReport, Study

SIMULATED: Final = "SIMULATED: these answers were made up by a program; nobody gave them."
HOW: Final = (
    "Headline figures rest on the rows with an answer to every item of the scale; pairwise figures use every "
    "answer there is. Items are turned the way they are scored. The interval of alpha is Feldt's; omega is "
    "omega total of a one-factor model by maximum likelihood; bootstrap intervals are bias-corrected and "
    "accelerated. A coefficient says how consistently the items rank these people, not what they measure."
)
COEFFICIENTS: Final = {
    "alpha": "Alpha",
    "alpha_bootstrap": "Alpha, bootstrap interval",
    "alpha_pairwise": "Alpha, pairwise",
    "alpha_standardised": "Alpha, standardised",
    "omega": "Omega total",
    "omega_bootstrap": "Omega total, bootstrap interval",
}


def as_json(study: Study) -> str:
    """Return the study as JSON in full precision; what cannot be computed is ``{"unavailable": reason}``."""
    tree = {
        "form": study.form,
        "form_hash": study.form_hash,
        "key_revision": study.key_revision,
        "simulated": study.simulated,
        "n": study.n,
        "scales": {name: _scale_json(scale) for name, scale in study.scales.items()},
        "sections": {section.id: _section_json(section) for section in study.sections},
    }
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _scale_json(scale: ScaleReport) -> dict[str, Any]:
    return {
        "label": scale.label,
        "k": scale.k,
        "n": scale.n,
        "mean": scale.mean,
        "sd": scale.sd,
        **{name: _figure_json(getattr(scale, name)) for name in COEFFICIENTS},
        "alpha_standardised": _number_json(scale.alpha_standardised),
        "omega_total": _number_json(scale.omega),
        "items": {name: _item_json(item) for name, item in scale.items.items()},
    }


def _item_json(item: ItemReport) -> dict[str, Any]:
    return {
        **{name: _value_json(value) for name, value in _item_figures(item).items()},
        "missing": sum(item.missing.values()),
        "missing_by_kind": dict(item.missing),
        "floor": item.floor,
        "ceiling": item.ceiling,
        "reversed": item.reversed,
    }


def _item_figures(item: ItemReport) -> dict[str, Value]:
    names = ("mean", "sd", "item_rest", "alpha_if_dropped")
    found = item.statistics
    return {name: found if isinstance(found, Unavailable) else getattr(found, name) for name in names}


def _section_json(section: Section) -> dict[str, Any]:
    tables = [
        {
            "title": t.title,
            "headers": t.headers,
            "rows": [[_value_json(value) for value in r] for r in t.rows],
        }
        for t in section.tables
    ]
    return {"title": section.title, "reading": section.reading, "tables": tables}


def _figure_json(figure: Figure) -> Any:
    return asdict(figure) if isinstance(figure, Estimate) else _value_json(figure)


def _number_json(figure: Figure) -> Any:
    return figure.value if isinstance(figure, Estimate) else _value_json(figure)


def _value_json(value: Value) -> Any:
    return {"unavailable": value.why} if isinstance(value, Unavailable) else value


def as_text(study: Study) -> str:
    """Return the study for a terminal: figures to three digits, the reason where there is none."""
    parts = [study.title, *_labels(study), _provenance(study)]
    for scale in study.scales.values():
        parts += [_heading(scale), *_tables_text(_tables(scale))]
    for section in study.sections:
        parts += [f"{section.title}\n{section.reading}", *_tables_text(section.tables)]
    return "\n\n".join([*parts, HOW]) + "\n"


def _labels(study: Study) -> list[str]:
    simulated = SIMULATED if study.simulated else None
    return [label for label in (simulated, study.stage) if label is not None]


def _provenance(study: Study) -> str:
    return (
        f"n = {study.n} rows. Form {study.form} (hash {study.form_hash}), key revision {study.key_revision}."
    )


def _heading(scale: ScaleReport) -> str:
    return f"{scale.label}: {scale.k} items, n = {scale.n} complete rows"


def _tables(scale: ScaleReport) -> tuple[Table, Table]:
    coefficients = Table(
        title="Reliability",
        headers=("coefficient", "value", "low", "high", "n"),
        rows=tuple(_coefficient(words, getattr(scale, name)) for name, words in COEFFICIENTS.items()),
    )
    items = Table(
        title="Items",
        headers=("item", "mean", "sd", "item-rest r", "alpha without", "lowest", "highest", "missing"),
        rows=tuple(
            (
                item.id + (" (reversed)" if item.reversed else ""),
                *_item_figures(item).values(),
                _percent(item.floor),
                _percent(item.ceiling),
                ", ".join(f"{count} {kind.lower()}" for kind, count in item.missing.items()) or "none",
            )
            for item in scale.items.values()
        ),
    )
    return coefficients, items


def _coefficient(words: str, figure: Figure) -> tuple[Value, ...]:
    if isinstance(figure, Unavailable):
        return (words, figure, None, None, None)
    return (words, figure.value, figure.low, figure.high, figure.n)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"


def _reasons(tables: Sequence[Table]) -> Iterable[str]:
    """Yield once each reason why a cell has no figure."""
    reasons: dict[str, list[str]] = {}
    for part in tables:
        for row in part.rows:
            for header, value in zip(part.headers, row, strict=True):
                if isinstance(value, Unavailable):
                    reasons.setdefault(value.why, []).append(f"{row[0]}, {header}")
    for why, missing in reasons.items():
        yield f"Not available because {why}: {'; '.join(missing)}."


def _tables_text(tables: Sequence[Table]) -> Iterable[str]:
    for part in tables:
        yield f"{part.title}\n" + table(part.headers, [[_dash(value) for value in row] for row in part.rows])
    yield from _reasons(tables)


def _dash(value: Value) -> str | float | int | None:
    return "–" if isinstance(value, Unavailable) else value


def as_html(study: Study) -> str:
    """Return the study as one page that needs nothing else: no script, no font, no second file."""
    labels = "".join(f'<p class="stage">{_said(text)}</p>' for text in _labels(study))
    scales = "".join(_part(_heading(scale), "", _tables(scale)) for scale in study.scales.values())
    sections = "".join(_part(s.title, s.reading, s.tables, s.figures) for s in study.sections)
    style = files("analysis").joinpath("report.css").read_text(encoding="utf-8")
    return PAGE.format(
        title=escape(study.title),
        style=style,
        labels=labels,
        provenance=escape(_provenance(study)),
        parts=scales + sections,
        how=escape(HOW),
    )


PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>How well its items hang together, and what was left unanswered.</p>
{labels}
<p class="quiet">{provenance}</p>
{parts}
<h2>How to read this</h2>
<p>{how}</p>
</main>
</body>
</html>
"""


def _said(text: str) -> str:
    word, colon, rest = text.partition(":")
    return f"<strong>{word}</strong>{colon}{escape(rest)}" if word == "SIMULATED" else escape(text)


def _part(title: str, reading: str, tables: Sequence[Table], figures: Iterable[str] = ()) -> str:
    said = f"<p>{escape(reading)}</p>\n" if reading else ""
    reasons = "".join(f"<p>{escape(reason)}</p>\n" for reason in _reasons(tables))
    drawn = "".join(f"<figure>{figure}</figure>\n" for figure in figures)
    shown = "".join(map(_table_html, tables))
    return f"<section>\n<h2>{escape(title)}</h2>\n{said}{drawn}{shown}{reasons}</section>\n"


def _table_html(part: Table) -> str:
    numbers = [
        any(isinstance(row[place], int | float) or str(row[place]).endswith("%") for row in part.rows)
        for place in range(len(part.headers))
    ]
    columns = [' class="number"' if number else "" for number in numbers]
    head = "".join(
        f'<th scope="col"{column}>{escape(text)}</th>'
        for column, text in zip(columns, part.headers, strict=True)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(cell(row[0]))}</th>'
        + "".join(
            f"<td{column}>{escape(cell(_dash(value)))}</td>"
            for column, value in zip(columns[1:], row[1:], strict=True)
        )
        + "</tr>\n"
        for row in part.rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(part.title)}"><table>'
        f"<caption>{escape(part.title)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>"
        "</table></div>\n"
    )


RENDERERS: Final[dict[str, Callable[[Study], str]]] = {"text": as_text, "json": as_json, "html": as_html}
