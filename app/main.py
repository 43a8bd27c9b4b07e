"""The application: one service, its middleware, and the pages of respondents and of staff."""

from collections.abc import Iterable, Iterator
from copy import copy
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from app import migrate
from app.api.routes import router as api
from app.config import Settings
from app.db import read
from app.error_pages import refuse
from app.errors import AppError, NotFound
from app.export.routes import router as export
from app.hosting.batteries import router as batteries
from app.hosting.people import router as people
from app.hosting.questionnaires import router as questionnaires
from app.hosting.study_routes import router as host
from app.hosting.wave_routes import router as host_of_waves
from app.middleware import Surface
from app.paper_entry.routes import router as paper_entry
from app.preview.routes import router as preview
from app.reflect.routes import router as reflect
from app.report.routes import router as report
from app.runtime import Service, make_service, service_of
from app.staff.doors import refuse_or_ask
from app.staff.oidc.provider import Provider
from app.staff.oidc.routes import router as institution
from app.staff.routes import router as staff
from app.staff.throttle import Throttle
from app.studies.installed import missing
from app.support.routes import router as support
from app.support.signposts import DEFAULT, signposts
from app.survey.erase_routes import router as erasing
from app.survey.road import Road
from app.survey.routes import router as survey
from app.templating import STATIC, static_files

MEDIA_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}
FOR_EVER: Final = "public, max-age=31536000, immutable"
OFF: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}

router = APIRouter(include_in_schema=False)

PUBLIC: Final = (survey, erasing, router, reflect, support)
OF_STAFF: Final = (
    staff,
    institution,
    report,
    export,
    host,
    host_of_waves,
    batteries,
    questionnaires,
    preview,
    paper_entry,
    people,
    api,
)


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """Make the application, with its middleware, error pages and the routes of every feature."""
    app = FastAPI(
        title="Counterpoise",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=OFF,
        exception_handlers={
            NotFound: refuse_or_ask,
            AppError: refuse,
            HTTPException: refuse_or_ask,
            RequestValidationError: refuse,
        },
        # One flat list of routes: an included router would be matched three times for every request.
        routes=list(also_by_head((*PUBLIC, *OF_STAFF))),
    )
    service = service or make_service(settings)
    app.state.service = service
    app.state.throttle = Throttle(settings.proxies)
    app.state.provider = Provider(settings.institution) if settings.institution else None
    signposts(settings.signposts or DEFAULT)
    app.add_middleware(Road, routes=_road(), service=service)
    app.add_middleware(Surface, secure=settings.secure)
    return app


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A static file, by its address with a hash of its content."""
    found = _assets().get(f"/static/{name}")
    if found is None:
        raise NotFound
    content, media_type = found
    return Response(content, media_type=media_type, headers={"cache-control": FOR_EVER})


@router.get("/ready")
def ready(request: Request) -> Response:
    """Whether the database has the schema of this version, and every questionnaire is here that it asks."""
    service = service_of(request)
    is_ready = migrate.current(service.engine) == _head()
    if is_ready:
        with read(service.engine) as db:
            is_ready = not missing(service, db)
    return PlainTextResponse("ready\n" if is_ready else "not ready\n", 200 if is_ready else 503)


def also_by_head(routers: Iterable[APIRouter]) -> Iterator[BaseRoute]:
    """What is looked at may be asked for by HEAD, as monitors and programs do; the server sends no body.

    The routes are copied, since the interface for programs is described from those of its router.
    """
    for each in (route for router in routers for route in router.routes):
        if isinstance(each, APIRoute) and each.methods and "GET" in each.methods:
            also = copy(each)
            also.methods = {*each.methods, "HEAD"}
            yield also
        else:
            yield each


def _road() -> list[APIRoute]:
    """What takes a respondent through a survey."""
    return [
        each
        for each in (*survey.routes, *router.routes)
        if isinstance(each, APIRoute) and each.endpoint is not ready
    ]


@cache
def _assets() -> dict[str, tuple[bytes, str]]:
    return {
        address: ((STATIC / name).read_bytes(), MEDIA_TYPES[(STATIC / name).suffix])
        for name, address in static_files().items()
    }


@cache
def _head() -> str:
    return migrate.head()
