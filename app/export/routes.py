"""Pages and files for researchers: of closed waves of their own study only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.closing.withholding import FEWEST
from app.db import read
from app.errors import NotFound, Refused
from app.export.bundle import Files, bundle, linked_bundle, zipped
from app.export.closed_wave import NoRows, TooFew
from app.export.formats import FORMATS, as_codebook
from app.export.microdata import QUEUE, linked_microdata, microdata
from app.export.pages import (
    FileLink,
    ResearcherPage,
    WaveLink,
    codebook_page,
    no_rows_page,
    reliability_page,
    wave_page,
)
from app.export.questionnaire import PURPOSES, WRITERS, offered, written
from app.export.reliability import as_json, reliability
from app.export.rows import DoesNotFit, Reliability
from app.export.trail import note_read, note_taken
from app.languages import english_day
from app.runtime import Service, service_of
from app.staff.authorise import Staff, admitted, prove_again
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED
from app.templating import html

router = APIRouter(prefix="/export", include_in_schema=False)
T = TypeVar("T")
HERE: Final = "/waves/{wave}"
OPENS: Final = {name: each for name, each in FORMATS.items() if each.path.startswith("labelled/")}
"""Formats offered first, beside the CSV and the codebook; the others follow, folded."""


@router.get("")
def index(request: Request) -> Response:
    """List the closed waves of the researcher's studies."""
    staff = admitted(request, "researcher")
    with read(service_of(request).engine) as db:
        found = _closed(db, staff)
    waves = tuple(
        WaveLink(
            f"/export/waves/{wave.id}", wave.title, wave.ordinal, english_day(wave.closes_at), wave.imported
        )
        for wave in found
    )
    return html(ResearcherPage(simulated=any(wave.simulated for wave in found), waves=waves))


@router.get(HERE)
def wave_overview(request: Request, wave: str) -> Response:
    """Show what can be taken out of a wave, or why nothing can."""
    service, staff = service_of(request), admitted(request, "researcher")
    with QUEUE.take(), read(service.engine) as db:
        about = _one(db, staff, wave)
        try:
            data = microdata(service, db, wave)
        except NoRows as refused:
            return html(no_rows_page(wave, about.title, refused, simulated=about.simulated))
        except TooFew:
            data = None
    here = f"/export/waves/{wave}/files"
    files = {name: FileLink(f"{here}/{name}", each.title, each.purpose) for name, each in FORMATS.items()}
    beside = [FileLink(f"{here}/{name}", name, PURPOSES[name]) for name in (offered(data) if data else ())]
    page = wave_page(
        wave,
        about.title,
        simulated=about.simulated,
        imported=about.imported,
        data=data,
        files=tuple(files[name] for name in OPENS),
        rest=tuple(each for name, each in files.items() if name not in {*OPENS, "csv"}),
        questionnaire=tuple(beside),
        fewest=FEWEST,
    )
    return html(page)


@router.get(f"{HERE}/responses.csv")
def responses(request: Request, wave: str) -> Response:
    """The rows themselves: only after a fresh sign-in, and always noted in the trail."""
    if not admitted(request, "researcher").fresh:
        return prove_again(f"/export/waves/{wave}")
    with _data(request, wave, microdata) as data:
        content = FORMATS["csv"].make(data)
    note_taken(service_of(request), wave)
    return _file(content, "text/csv; charset=utf-8", f"{wave}_responses.csv")


@router.get(f"{HERE}/files/{{name}}")
def one_file(request: Request, wave: str, name: str) -> Response:
    """One file of an export, made by its entry in the table of formats."""
    if not admitted(request, "researcher").fresh:
        return prove_again(f"/export/waves/{wave}")
    if name in WRITERS:
        return _of_questionnaire(request, wave, name)
    if name not in FORMATS:
        raise NotFound
    chosen = FORMATS[name]
    with _data(request, wave, microdata) as data:
        made, path = chosen.make(data), chosen.path_of(data)
    note_taken(service_of(request), wave)
    return _file(made, chosen.media_type, Path(path).name)


def _of_questionnaire(request: Request, wave: str, name: str) -> Response:
    with _data(request, wave, microdata) as data:
        made = written(data, name)
    return _file(made, guess_type(name)[0] or "application/octet-stream", f"{data.form.id}_{name}")


@router.get(f"{HERE}/all.zip")
def everything(request: Request, wave: str, *, linked: bool = False) -> Response:
    """The folder that the command line writes, as one ZIP: of a wave, or of both waves of a pair."""
    if not admitted(request, "researcher").fresh:
        return prove_again(f"/export/waves/{wave}")
    if linked:
        with _data(request, wave, linked_microdata) as both:
            made, waves = linked_bundle(*both), [each.wave for each in both]
            return _everything(request, waves, made)
    with _data(request, wave, microdata) as data:
        return _everything(request, [wave], bundle(data))


def _everything(request: Request, waves: Sequence[str], files: Files) -> Response:
    name = "_".join(waves)
    made = zipped(files, name)
    for each in waves:
        note_taken(service_of(request), each)
    return _file(made, "application/zip", f"{name}.zip")


@router.get(f"{HERE}/codebook.json")
def codebook_as_json(request: Request, wave: str) -> Response:
    """The codebook as JSON."""
    with _data(request, wave, microdata) as data:
        return JSONResponse(as_codebook(data))


@router.get(f"{HERE}/codebook.html")
def codebook(request: Request, wave: str) -> Response:
    """The codebook as a page."""
    with _data(request, wave, microdata) as data:
        return html(codebook_page(data))


@router.get(f"{HERE}/reliability.json")
def reliability_as_json(request: Request, wave: str) -> Response:
    """The kept reliability figures as JSON."""
    return _figures(request, wave, lambda found: JSONResponse(as_json(found)))


@router.get(f"{HERE}/reliability.html")
def reliability_as_page(request: Request, wave: str) -> Response:
    """The kept reliability figures as a page."""
    return _figures(request, wave, lambda found: html(reliability_page(found)))


def _figures(request: Request, wave: str, shown: Callable[[Reliability], Response]) -> Response:
    """Show figures of rows; like rows, only after a fresh sign-in and noted in the trail."""
    service, staff = service_of(request), admitted(request, "researcher")
    if not staff.fresh:
        return prove_again(f"/export/waves/{wave}")
    with read(service.engine) as db:
        _one(db, staff, wave)
        try:
            found = reliability(service, db, wave)
        except TooFew:
            raise NotFound from None
    note_read(service, wave)
    return shown(found)


@contextmanager
def _data(request: Request, wave: str, reader: Callable[[Service, Connection, str], T]) -> Iterator[T]:
    """Read the rows of a wave when it is this request's turn; it takes a connection only then."""
    service, staff = service_of(request), admitted(request, "researcher")
    with QUEUE.take():
        with read(service.engine) as db:
            _one(db, staff, wave)
            try:
                data = reader(service, db, wave)
            except TooFew:
                raise NotFound from None
            except Refused as why:  # as a command would say it; the other wave of a pair may be open still
                raise DoesNotFit(str(why)) from None
        yield data


def _one(db: Connection, staff: Staff, wave: str) -> Row[Any]:
    found = _closed(db, staff, wave)
    if not found:
        raise NotFound
    return found[0]


def _closed(db: Connection, staff: Staff, wave: str | None = None) -> list[Row[Any]]:
    query = (
        select(WAVE, STUDY.c.title, STUDY.c.simulated)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .where(WAVE.c.state == CLOSED)
        .order_by(STUDY.c.title, WAVE.c.ordinal)
    )
    query = query.where(staff.may_see())
    return list(db.execute(query if wave is None else query.where(WAVE.c.id == wave)))


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
    )
