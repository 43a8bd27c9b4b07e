"""Cohort reports of closed waves, read from the stored snapshot alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select
from starlette.requests import Request
from starlette.responses import Response

from analysis.disclosure.leaving import LEAVING
from analysis.disclosure.release import report_from_json
from app.closing.snapshots import SNAPSHOT
from app.db import read
from app.errors import NotFound
from app.languages import english_day
from app.printing import pdf
from app.report.files import as_csv, as_json
from app.report.pages import IndexPage, Link, ReportPage, discussion_page
from app.report.printed import as_pdf
from app.report.starts import DiscussionPage, Slides
from app.report.stored import narrowed, page_for, stored_report
from app.runtime import Service, service_of
from app.staff.authorise import Staff, admitted
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, RETIRED
from app.templating import html
from app.work_queue import BoundedQueue

QUEUE: Final = BoundedQueue(at_once=1, waiting=3)
"""A report of two hundred units is long to read and to lay out."""

router = APIRouter(prefix="/report", include_in_schema=False)


@router.get("")
def index(request: Request) -> Response:
    """List the closed waves of the trainer's studies, with links to their reports."""
    service, staff = service_of(request), admitted(request, "trainer")
    with QUEUE.take(), read(service.engine) as db:
        found = closed_waves(db, staff)
        links = tuple(link for wave in found for link in _links(service, db, wave, staff))
    return html(IndexPage(simulated=any(wave.simulated for wave in found), waves=links))


@router.get("/waves/{wave}.json")
def wave_as_json(request: Request, wave: str) -> Response:
    """The stored report of a wave as JSON."""
    with _kept(request, wave) as kept:
        return _json(kept)


@router.get("/waves/{wave}.csv")
def wave_as_csv(request: Request, wave: str) -> Response:
    """The figures of a wave as CSV."""
    return _csv(request, wave, None)


@router.get("/waves/{wave}.pdf")
def wave_as_pdf(request: Request, wave: str) -> Response:
    """The report of a wave as a PDF."""
    return _pdf(request, wave, None)


@router.get("/waves/{wave}")
def wave_report(request: Request, wave: str) -> Response:
    """The report of a wave as a page."""
    return _page(request, wave, None)


@router.get("/waves/{wave}/discuss")
def wave_to_discuss(request: Request, wave: str) -> Response:
    """A page to discuss the report of a wave from."""
    return html(_discussion(request, wave, None))


@router.get("/waves/{wave}/slides.pdf")
def wave_as_slides(request: Request, wave: str) -> Response:
    """The same as slides."""
    return _slides(request, wave, None)


@router.get("/waves/{wave}/units/{unit}/discuss")
def unit_to_discuss(request: Request, wave: str, unit: str) -> Response:
    """A page to discuss the report of one unit from."""
    return html(_discussion(request, wave, unit))


@router.get("/waves/{wave}/units/{unit}/slides.pdf")
def unit_as_slides(request: Request, wave: str, unit: str) -> Response:
    """The same as slides."""
    return _slides(request, wave, unit)


@router.get("/waves/{wave}/units/{unit}.json")
def unit_as_json(request: Request, wave: str, unit: str) -> Response:
    """The stored report of one unit as JSON."""
    with _kept(request, wave) as kept:
        parts = [part for part in kept["parts"] if part["id"] == unit]
        return _json({**narrowed(kept, unit), "parts": parts})


@router.get("/waves/{wave}/units/{unit}.csv")
def unit_as_csv(request: Request, wave: str, unit: str) -> Response:
    """The figures of one unit as CSV."""
    return _csv(request, wave, unit)


@router.get("/waves/{wave}/units/{unit}.pdf")
def unit_as_pdf(request: Request, wave: str, unit: str) -> Response:
    """The report of one unit as a PDF."""
    return _pdf(request, wave, unit)


@router.get("/waves/{wave}/units/{unit}")
def unit_report(request: Request, wave: str, unit: str) -> Response:
    """The report of one unit as a page."""
    return _page(request, wave, unit)


def closed_waves(db: Connection, staff: Staff) -> list[Row[Any]]:
    """The closed waves that this member of staff may see; that there are open ones is not shown."""
    query = (
        select(
            *(WAVE.c.id, WAVE.c.study, WAVE.c.ordinal, WAVE.c.closes_at, WAVE.c.imported),
            *(STUDY.c.title, STUDY.c.simulated, STUDY.c.leaving),
        )
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .join(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)  # a restore may have retired one without a report
        .where(WAVE.c.state.in_((CLOSED, RETIRED)))
        .order_by(STUDY.c.title, WAVE.c.ordinal)
    )
    return list(db.execute(query.where(staff.may_see())))


def _links(service: Service, db: Connection, wave: Row[Any], staff: Staff) -> Iterator[Link]:
    """Return a link for the wave, or one for each named unit of which anything is published.

    Where a study gives out rows, the one page says why there is no report.
    """
    beside, address = f"{wave.ordinal}, {english_day(wave.closes_at)}", f"/report/waves/{wave.id}"
    beside += ", imported from a file" if wave.imported else ""
    if wave.study not in staff.units or LEAVING[wave.leaving].rows:
        yield Link(address, wave.title, beside)
        return
    kept = stored_report(service, db, wave.id, staff)
    for part in kept["parts"] if kept else ():
        yield Link(f"{address}/units/{part['id']}", f"{wave.title}: {part['title']}", beside)


@contextmanager
def _kept(request: Request, wave: str) -> Iterator[dict[str, Any]]:
    """Read the stored report when it is this request's turn; it takes a connection only then."""
    staff = admitted(request, "trainer")
    with QUEUE.take():
        with read(service_of(request).engine) as db:
            kept = stored_report(service_of(request), db, wave, staff)
        if kept is None:
            raise NotFound
        yield kept


def _page(request: Request, wave: str, unit: str | None) -> Response:
    with _kept(request, wave) as kept:
        return html(page_for(service_of(request), kept, unit))


def _pdf(request: Request, wave: str, unit: str | None) -> Response:
    """Print in a queue of its own, so that nobody who only wants to read waits for the printer."""
    with _kept(request, wave) as kept:
        page = page_for(service_of(request), kept, unit)
    return _file(as_pdf(page), "application/pdf", _name(wave, unit, "pdf"))


def _discussion(request: Request, wave: str, unit: str | None) -> DiscussionPage:
    with _kept(request, wave) as kept:
        page = page_for(service_of(request), kept, unit)
    if not isinstance(page, ReportPage):
        raise NotFound
    return discussion_page(page)


def _slides(request: Request, wave: str, unit: str | None) -> Response:
    page = Slides(**vars(_discussion(request, wave, unit)))
    return _file(pdf(page), "application/pdf", _name(wave, unit, "pdf").replace("_report", "_slides"))


def _json(report: dict[str, Any]) -> Response:
    return Response(as_json(report), media_type="application/json")


def _csv(request: Request, wave: str, unit: str | None) -> Response:
    with _kept(request, wave) as kept:
        content = as_csv(report_from_json(kept if unit is None else narrowed(kept, unit)))
    return _file(content, "text/csv; charset=utf-8", _name(wave, unit, "csv"))


def _name(wave: str, unit: str | None, ending: str) -> str:
    return f"{wave}{f'_{unit}' if unit else ''}_report.{ending}"


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
