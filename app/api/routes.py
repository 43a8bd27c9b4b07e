"""The interface for programs, version 1: `/api/v1`, read only, closed waves alone.

A token of a researcher reads files of rows, one of a trainer reads reports; either reads what there is. Each
answer has a model in app.api.answers, from which the description at `/api/v1/openapi.json` is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.openapi.utils import get_openapi
from sqlalchemy import Select, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api import answers
from app.api.instruments import about_instrument, whole_form
from app.closing.snapshots import SNAPSHOT
from app.db import read
from app.errors import NotFound
from app.export.bundle import bundle, digest, zipped
from app.export.closed_wave import TooFew
from app.export.formats import FORMATS
from app.export.microdata import QUEUE, microdata
from app.export.rows import Microdata
from app.export.trail import note_compared, note_taken
from app.report.stored import narrowed, stored_report
from app.runtime import service_of
from app.staff.authorise import OF_TOKENS, Staff, admitted
from app.staff.permissions import ROUTES, Role
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.tables import CLOSED, RETIRED

VERSION: Final = "1"
ALL: Final = "all"
"""The name under which the whole folder of an export is given, as a ZIP."""
PAGE: Final = 50
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    403: {"model": answers.ErrorAnswer, "description": "The study gives out reports and no rows"},
    404: {"model": answers.ErrorAnswer, "description": "Not there, or not for this token"},
    422: {"model": answers.ErrorAnswer, "description": "A parameter cannot be read, or a file not be made"},
    503: {"model": answers.ErrorAnswer, "description": "Busy; try again after the seconds of Retry-After"},
}
ZIP: Final = "application/zip"
KINDS: Final = sorted({ZIP, *(each.media_type.partition(";")[0] for each in FORMATS.values())})
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {kind: {} for kind in KINDS}},
    304: {"description": "The answers are those of the ETag given"},
}

Limit = Annotated[int, Query(ge=1, le=100, description="How many to a page")]
After = Annotated[str | None, Query(max_length=80, description="The id after which the page begins")]

router = APIRouter(prefix=f"/api/v{VERSION}", responses=ERRORS)


@router.get("/openapi.json", include_in_schema=False)
def description() -> JSONResponse:
    """Describe every call, for authors of programs; nothing about any study is in it."""
    tree = get_openapi(
        title="Counterpoise",
        version=VERSION,
        description="Closed waves, their files and reports. Show a token: `Authorization: Bearer cpt_...`",
        routes=router.routes,
    )
    tree["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    tree["security"] = [{"token": []}]
    return JSONResponse(tree)


@router.get("/studies")
def studies(request: Request, limit: Limit = PAGE, after: After = None) -> answers.StudiesAnswer:
    """The studies that the token is for."""
    staff = _program(request)
    query = select(STUDY.c.id, STUDY.c.title, STUDY.c.simulated, STUDY.c.instrument, STUDY.c.form)
    rows, following = _page(request, query.where(staff.may_see()), STUDY.c.id, limit, after)
    return answers.StudiesAnswer(
        items=[answers.StudyAnswer(**dict(row._mapping)) for row in rows],  # noqa: SLF001 - a row's public name
        next=following,
    )


@router.get("/studies/{study}/waves")
def waves(request: Request, study: str, limit: Limit = PAGE, after: After = None) -> answers.WavesAnswer:
    """The closed waves of a study; others are not shown, not even that they exist."""
    staff = _program(request)
    query = (
        select(WAVE.c.id, WAVE.c.study, WAVE.c.ordinal, WAVE.c.closes_at, WAVE.c.imported)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .join(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)  # a restore may have retired one without a report
        .where(staff.may_see(), STUDY.c.id == study, WAVE.c.state.in_((CLOSED, RETIRED)))
    )
    rows, following = _page(request, query, WAVE.c.id, limit, after)
    if not rows and after is None and not _has_study(request, staff, study):
        raise NotFound
    items = [
        answers.WaveAnswer(
            id=row.id,
            study=row.study,
            ordinal=row.ordinal,
            closed_on=row.closes_at.date().isoformat(),
            imported=row.imported,
        )
        for row in rows
    ]
    return answers.WavesAnswer(items=items, next=following)


@router.get("/waves/{wave}/exports")
def exports(request: Request, wave: str) -> answers.FilesAnswer:
    """The files that a closed wave can be taken out as."""
    with _rows(request, wave) as data:
        paths = {name: each.path_of(data) for name, each in FORMATS.items()}
    return answers.FilesAnswer(
        items=[
            answers.FileAnswer(
                name=name,
                title=each.title,
                purpose=each.purpose,
                media_type=each.media_type,
                path=paths[name],
            )
            for name, each in FORMATS.items()
        ]
    )


@router.get("/waves/{wave}/exports/{name}", response_class=Response, responses=BYTES)
def export(request: Request, wave: str, name: str) -> Response:
    """One file of a closed wave or, by the name `all`, the whole folder as a ZIP; written into the trail.

    Rows are shuffled and their ids drawn anew each time. The ETag is the digest of the answers, so a program
    that has them already takes nothing out; that it asked is written down too.
    """
    with _rows(request, wave) as data:
        if name not in {ALL, *FORMATS}:
            raise NotFound
        tag = f'W/"{digest(data)}"'
        if tag in map(str.strip, request.headers.get("if-none-match", "").split(",")):
            note_compared(service_of(request), wave)
            return Response(status_code=304, headers={"etag": tag})
        made = zipped(bundle(data), wave) if name == ALL else FORMATS[name].make(data)
    note_taken(service_of(request), wave)
    media_type = ZIP if name == ALL else FORMATS[name].media_type
    return Response(made, media_type=media_type, headers={"etag": tag})


@router.get("/waves/{wave}/reports")
def reports(request: Request, wave: str) -> answers.PartsAnswer:
    """The parts of a closed wave of which its report publishes anything."""
    kept = _report(request, wave)
    return answers.PartsAnswer(
        items=[answers.PartAnswer(id=part["id"], title=part["title"]) for part in kept["parts"]]
    )


@router.get("/waves/{wave}/report")
def report(request: Request, wave: str) -> dict[str, Any]:
    """The stored report of a closed wave, as its trainers see it."""
    return _report(request, wave)


@router.get("/waves/{wave}/reports/{part}")
def report_of_part(request: Request, wave: str, part: str) -> dict[str, Any]:
    """What the stored report publishes of one part."""
    kept = narrowed(_report(request, wave), part)
    return {**kept, "parts": [each for each in kept["parts"] if each["id"] == part]}


@router.get("/instruments")
def instruments(request: Request) -> answers.InstrumentsAnswer:
    """The questionnaires that are installed."""
    _program(request)
    found = service_of(request).instruments.values()
    return answers.InstrumentsAnswer(items=[about_instrument(each) for each in found])


@router.get("/instruments/{instrument}/forms/{form}")
def form(
    request: Request, instrument: str, form: str, language: str | None = None
) -> answers.WholeFormAnswer:
    """A form with its items in one language, by default English or the original's, and how it is scored."""
    _program(request)
    found = service_of(request).instruments.get(instrument)
    if found is None or form not in found.forms:
        raise NotFound
    words = found.words_for_staff(form) if language is None else found.words.get((form, language))
    if words is None:
        raise NotFound
    return whole_form(found, form, words.language)


def _program(request: Request, *roles: Role) -> Staff:
    """Return who asks, from a token of one of the roles. A browser's session does not work here."""
    route = f"GET {request.scope['route'].path}"
    for role in roles or sorted(ROUTES[route]):
        try:
            staff = admitted(request, role)
        except NotFound:
            continue
        if staff.name == OF_TOKENS or staff.studies is None:
            return staff
    raise NotFound


def _page(
    request: Request, query: Select[Any], place: Any, limit: int, after: str | None
) -> tuple[list[Any], str | None]:
    """Return one page of rows in the order of their ids, and the id after which the next page begins."""
    if after is not None:
        query = query.where(place > after)
    with read(service_of(request).engine) as db:
        rows = list(db.execute(query.order_by(place).limit(limit + 1)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def _has_study(request: Request, staff: Staff, study: str) -> bool:
    with read(service_of(request).engine) as db:
        found = db.execute(select(STUDY.c.id).where(staff.may_see(), STUDY.c.id == study)).first()
    return found is not None


@contextmanager
def _rows(request: Request, wave: str) -> Iterator[Microdata]:
    """Read the rows of a wave when it is this request's turn, in the queue that the pages use too."""
    service, staff = service_of(request), _program(request, "researcher")
    mine = (
        select(WAVE.c.id)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .where(WAVE.c.id == wave, WAVE.c.state == CLOSED, staff.may_see())
    )
    with QUEUE.take():
        with read(service.engine) as db:
            if db.execute(mine).first() is None:
                raise NotFound
            try:
                data = microdata(service, db, wave)
            except TooFew:
                raise NotFound from None
        yield data


def _report(request: Request, wave: str) -> dict[str, Any]:
    staff = _program(request, "trainer")
    with read(service_of(request).engine) as db:
        kept = stored_report(service_of(request), db, wave, staff)
    if kept is None:
        raise NotFound
    return kept
