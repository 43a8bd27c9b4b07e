"""The stored report of a closed wave, and what one member of staff may read of it."""

from functools import lru_cache
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Text, cast, select

from analysis.disclosure.basis import Basis
from analysis.disclosure.release import Report, report_from_json
from app.closing.snapshots import SNAPSHOT
from app.db import read
from app.errors import NotFound
from app.evidence.basis import stands
from app.evidence.claims import with_evidence
from app.report.pages import parents_below, report_page
from app.runtime import Service
from app.staff.authorise import Staff
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, RETIRED
from app.templating import Page
from instrument import Instrument


def stored_report(service: Service, db: Connection, wave: str, staff: Staff | None) -> dict[str, Any] | None:
    """The stored report of a closed wave; `staff` is None at the command line, which may see all of it.

    What it says on the strength of evidence is left out once that evidence no longer holds.
    """
    query = (
        select(cast(SNAPSHOT.c.report, Text))
        .join(WAVE, WAVE.c.id == SNAPSHOT.c.wave)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .where(SNAPSHOT.c.wave == wave, WAVE.c.state.in_((CLOSED, RETIRED)))
    )
    stored = db.execute(query if staff is None else query.where(staff.may_see())).scalar()
    if stored is None:
        return None
    report = _read(stored)
    about = report["about"]
    if about.get("basis") and not stands(
        db, service.instruments.get(about["instrument"]), Basis(**about["basis"])
    ):
        report = _without_basis(report)
    return report if staff is None else _of_named_units(report, staff)


@lru_cache(maxsize=4)
def _read(stored: str) -> dict[str, Any]:
    """Parse a report once for all its pages: with two hundred units that is most of a page's time."""
    report: dict[str, Any] = from_json(stored)
    return report


def _without_basis(report: dict[str, Any]) -> dict[str, Any]:
    """Take out what rests on evidence: how precise figures are, and what is compared."""
    nodes = [
        {
            **node,
            **{
                name: [{**line, "error": None, "of_few": False} for line in node[name]]
                for name in ("facets", "totals")
            },
            "change": None,
        }
        for node in report["nodes"]
    ]
    return {**report, "about": {**report["about"], "basis": None, "lacking": "lapsed"}, "nodes": nodes}


def _of_named_units(report: dict[str, Any], staff: Staff) -> dict[str, Any]:
    """Keep the units that this trainer was named for, where these are not all."""
    units = staff.units.get(report["about"]["study"])
    if units is None:
        return report
    return {
        **report,
        "parts": [part for part in report["parts"] if part["id"] in units],
        "nodes": [node for node in report["nodes"] if node["id"] in units],
    }


def narrowed(kept: dict[str, Any], unit: str) -> dict[str, Any]:
    """Keep what is published of one unit, before the rest of a large report is parsed."""
    nodes = [node for node in kept["nodes"] if node["id"] == unit]
    if not nodes:
        raise NotFound
    return {**kept, "nodes": nodes}


def page_for(service: Service, kept: dict[str, Any], unit: str | None) -> Page:
    """The page of a stored report, from what it says of one unit and, to lay side by side, of those below."""
    wanted = unit or next((part["id"] for part in kept["parts"]), None)
    report = report_from_json(kept if wanted is None else with_those_below(kept, wanted))
    page = report_page(report, unit, instrument_of(service, report))
    if page is None:
        raise NotFound
    return page


def with_those_below(kept: dict[str, Any], unit: str) -> dict[str, Any]:
    """Keep what is published of one unit, and of those right below it where units may be compared."""
    alone = narrowed(kept, unit)
    if not kept["about"].get("basis"):
        return alone
    below = [node for node in kept["nodes"] if node["id"] != unit and node["parent"] in parents_below(unit)]
    return {**alone, "nodes": [*alone["nodes"], *below]}


def instrument_of(service: Service, report: Report) -> Instrument | None:
    """Return the questionnaire of a report, with what evidence lets be said of its form today."""
    instrument = service.instruments.get(report.about.instrument)
    if instrument is None or report.about.form not in instrument.forms:
        return instrument
    with read(service.engine) as db:
        return with_evidence(db, instrument, report.about.form)
