"""The cohort report at the command line: the same figures as the page, and the same files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from analysis.disclosure.leaving import LEAVING, ORIGIN
from analysis.disclosure.release import FacetLine, Node, Report, report_from_json
from app.db import read
from app.errors import Refused
from app.figures.wording import format_figure, how_precise, how_sure, people
from app.languages import english_day
from app.report.compared import LACKING, Compared, compared, precision
from app.report.files import as_csv
from app.report.pages import find_node, nodes_below, report_page
from app.report.printed import as_pdf
from app.report.stored import instrument_of, stored_report
from app.runtime import Service


def report_json(service: Service, wave: str, unit: str | None = None) -> str:
    """Return the stored report, or that of one unit, as JSON."""
    kept = _kept(service, wave)
    if unit is not None:
        kept = {
            **kept,
            **{name: [each for each in kept[name] if each["id"] == unit] for name in ("parts", "nodes")},
        }
        if not kept["nodes"]:
            raise _nothing(wave, unit)
    return json.dumps(kept, ensure_ascii=False)


def report_csv(service: Service, wave: str, unit: str | None = None) -> bytes:
    """Return the figures of the report, or of one unit, as CSV."""
    report = report_from_json(_kept(service, wave))
    return as_csv(report if unit is None else replace(report, nodes=(_node(report, unit),)))


def report_pdf(service: Service, wave: str, unit: str | None = None) -> bytes:
    """Return the report, or that of one unit, as a PDF."""
    report = report_from_json(_kept(service, wave))
    page = report_page(report, unit, instrument_of(service, report))
    if page is None:
        raise _nothing(wave, unit)
    return as_pdf(page)


def report_text(service: Service, wave: str, unit: str | None = None) -> str:
    """Return the report, or that of one unit, as text for a terminal."""
    report = report_from_json(_kept(service, wave))
    about = report.about
    closed_on = english_day(date.fromisoformat(about.closed_on))
    head = [
        f"{about.title}, collection {about.ordinal}, closed on {closed_on}",
        *(["SIMULATED: these answers were made up."] if about.simulated else []),
        *([ORIGIN] if about.imported else []),
        f"A summary of answers, not a measurement. {_precision(report)}",
    ]
    node = find_node(report, None) if unit is None else _node(report, unit)
    if node is None and LEAVING[about.leaving].rows:
        return "\n".join([*head, "", "This study gives out rows, so no report is made of it."])
    if node is None:
        return "\n".join([*head, "", f"No unit had {about.k} answers, so nothing is shown."])
    titles = report.scheme.titles()
    body = [f"{node.title}: {people(node)}", "", *_table(report, [*node.facets, *node.totals], titles)]
    body += _more(compared(report, node, nodes_below(report, node)))
    parts = [each.id for each in report.parts if each.id != node.id]
    more = ["", f"Other parts: {', '.join(parts)}"] if unit is None and parts else []
    return "\n".join([*head, "", *body, *more])


def _precision(report: Report) -> str:
    if report.about.basis is None:
        return f"The precision of the questionnaire is unknown. {LACKING[report.about.lacking]}"
    shown = [*(f.id for f in report.scheme.facets if f.shown), *(each.id for each in report.scheme.totals)]
    return precision(report.about.basis, shown)


def _more(found: Compared | None) -> Iterator[str]:
    """Yield what evidence adds: the change, then the units side by side."""
    if found is None:
        return
    if found.changed:
        yield from ("", f"Beside collection {found.changed.ordinal}, closed on {found.changed.closed_on}")
        yield f"  {found.changed.said}"
    for row in found.changed.rows if found.changed else ():
        how = "".join(f", {each}" for each in (row.how_sure, row.error) if each)
        yield f"  {row.label}: {row.before}, now {row.now}: {row.change}{how}; {row.told}"
    yield from ("", found.no_change) if found.no_change else ()
    yield from ("", "Units side by side, in order of their names") if found.beside else ()
    for each in found.beside:
        yield f"  {each.title}"
        for unit in each.rows:
            error = f"error of measurement {unit.error}" if unit.error else ""
            yield f"    {unit.unit}: {f'{unit.text} {unit.how_sure} {error}'.strip()}"
    yield from (f"  {found.left_out}",) if found.left_out else ()
    yield from ("", found.no_beside) if found.no_beside else ()


def _sure(line: FacetLine) -> str:
    error = how_precise(line.error)
    return f"{how_sure(line.figure):<5}{f'  error of measurement {error}' if error else ''}".rstrip()


def _table(report: Report, lines: list[FacetLine], titles: dict[str, str]) -> list[str]:
    width = max(len(title) for title in titles.values())
    rows = [(titles[each.id], format_figure(each.figure), _sure(each)) for each in lines]
    figures = max(len(figure) for _, figure, _ in rows)
    units = f"from 0 to 100; units with fewer than {report.about.k} answers are in no figure"
    return [
        *(f"  {title:<{width}}  {figure:>{figures}}  {sure}".rstrip() for title, figure, sure in rows),
        "",
        units,
    ]


def _node(report: Report, unit: str) -> Node:
    node = find_node(report, unit)
    if node is None:
        raise _nothing(report.about.wave, unit)
    return node


def _nothing(wave: str, unit: str | None) -> Refused:
    return Refused(f"nothing is shown of {unit!r} in {wave!r}")


def _kept(service: Service, wave: str) -> dict[str, Any]:
    with read(service.engine) as db:
        kept = stored_report(service, db, wave, None)
    if kept is None:
        raise Refused(f"{wave!r} is no closed collection")
    return kept
