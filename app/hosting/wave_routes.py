"""Addresses of a host's waves: codes, slips, opening, pausing, closing and deleting; no answers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from app import studies
from app.closing import maintenance
from app.config import is_private
from app.db import read, write
from app.errors import Refused, Unreadable
from app.form_data import NO_ATTEMPT, Attempt, Fields
from app.hosting.own import be_sure, own_wave
from app.hosting.slips import slips
from app.hosting.wave_pages import wave_page
from app.languages import SOURCE, moment
from app.middleware import see_other
from app.printing import pdf
from app.runtime import Service, now, service_of
from app.staff.authorise import Staff, admitted
from app.studies import waves
from app.templating import html

SLIPS_AT_ONCE: Final = 500
PATIENCE_SECONDS: Final = 5.0
NO_ADDRESS: Final = (
    "type the https address that people go to; the operator can set it for all: COUNTERPOISE_ORIGIN"
)

router = APIRouter(prefix="/host", include_in_schema=False)


@router.get("/waves/{wave}")
def show_wave(request: Request, wave: str) -> Response:
    """Show a wave and what can be done with it."""
    return html(_wave_page(request, admitted(request, "host"), wave))


@router.post("/waves/{wave}/take-back")
def take_wave_back(request: Request, wave: str) -> Response:
    """Undo the preparing of a wave for which no code has been made."""
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            study = own_wave(db, staff, wave).study
            waves.take_back(service, db, wave)
    except Refused as refused:
        return _refused(request, staff, wave, refused)
    return see_other(f"/host/studies/{study}")


@router.post("/waves/{wave}/codes")
def issue_codes(request: Request, wave: str, fields: Fields) -> Response:
    """Make codes and give them out once, as slips: they are not kept, so no page can list them again."""
    service, staff = service_of(request), admitted(request, "host")
    count, unit = fields.get("count", ""), fields.get("unit", "")
    address = service.settings.origin or fields.get("address", "").strip()
    try:
        if not is_private(address):
            raise Refused(NO_ADDRESS)  # noqa: TRY301 - told on the page like the others
        if not (count.isascii() and count.isdigit() and 1 <= int(count[:6]) <= SLIPS_AT_ONCE):
            raise Refused(f"ask for 1 to {SLIPS_AT_ONCE} codes at a time")  # noqa: TRY301 - told on the page like the others
        with write(service.engine) as db:
            found = own_wave(db, staff, wave)
            made = waves.issue_codes(service, db, wave, unit, int(count))
            of = studies.the_study(db, found.study).title
            group = next(each.title for each in studies.units(db, found.study) if each.id == unit)
    except Refused as refused:
        return _refused(request, staff, wave, refused, fields)
    name = f'attachment; filename="{wave}_{unit}_slips.pdf"'
    language = fields.get("language", SOURCE)
    language = language if language in found.words_hashes else next(iter(found.words_hashes))
    ends = moment(found.closes_at, found.zone, language) if found.closes_at else ""
    content = pdf(slips(made, address, of, group=group, ends=ends, language=language))
    return Response(content, media_type="application/pdf", headers={"content-disposition": name})


@router.post("/waves/{wave}/codes/{batch}/cancel")
def cancel_codes(request: Request, wave: str, batch: str) -> Response:
    """End the codes of a batch with which nobody has begun."""
    return _on_wave(request, wave, lambda service, db, of: waves.cancel_codes(service, db, of, batch))


@router.post("/waves/{wave}/end")
def plan_end(request: Request, wave: str, fields: Fields) -> Response:
    """Say when a wave ends, in a time zone."""

    def plan(service: Service, db: Connection, of: str) -> None:
        zone = fields.get("zone", "").strip()
        at = waves.read_end(fields.get("day", ""), fields.get("time", ""), zone)
        waves.plan_end(service, db, of, at, zone)

    return _on_wave(request, wave, plan, typed=fields)


@router.post("/waves/{wave}/on-paper")
def declare_paper(request: Request, wave: str, fields: Fields) -> Response:
    """Say whether answers on paper are taken too."""
    paper = fields.get("paper") == "yes"
    return _on_wave(request, wave, lambda service, db, of: waves.declare_paper(service, db, of, paper=paper))


@router.post("/waves/{wave}/open")
def open_wave(request: Request, wave: str, fields: Fields) -> Response:
    """Open a wave, after the host has ticked that they are sure, and of what."""
    confirmed = tuple(each for each in waves.CONFIRMATIONS if f"confirm_{each}" in fields)
    return _on_wave(
        request,
        wave,
        lambda service, db, of: waves.open_wave(service, db, of, confirmed=confirmed),
        sure=fields,
    )


@router.post("/waves/{wave}/pause")
def pause_wave(request: Request, wave: str) -> Response:
    """Stop a wave at once; what people have saved is kept."""
    return _on_wave(request, wave, waves.pause_wave)


@router.post("/waves/{wave}/resume")
def resume_wave(request: Request, wave: str) -> Response:
    """Go on with a paused wave."""
    return _on_wave(request, wave, waves.resume_wave)


@router.post("/waves/{wave}/close")
def close_wave(request: Request, wave: str, fields: Fields) -> Response:
    """Announce the end of a wave 24 hours ahead."""
    return _on_wave(
        request,
        wave,
        lambda service, db, of: waves.announce_close(service, db, of, now() + waves.ANNOUNCED),
        sure=fields,
    )


@router.post("/waves/{wave}/retire")
def retire_wave(request: Request, wave: str, fields: Fields) -> Response:
    """Delete the responses of a closed wave for good, after the host has ticked that they are sure."""
    service, staff = service_of(request), admitted(request, "host")
    with read(service.engine) as db:
        own_wave(db, staff, wave)
    try:
        be_sure(fields)
        maintenance.retire(service, wave, PATIENCE_SECONDS)
    except Refused as refused:
        return _refused(request, staff, wave, refused)
    return see_other(f"/host/waves/{wave}")


@router.post("/waves/{wave}/early/ask")
def ask_early(request: Request, wave: str, fields: Fields) -> Response:
    """Ask that the answers be deleted before their day."""
    who = admitted(request, "host").name
    return _on_wave(
        request, wave, lambda service, db, of: maintenance.ask_early(service, db, of, who), sure=fields
    )


@router.post("/waves/{wave}/early/keep")
def keep_after_all(request: Request, wave: str) -> Response:
    """Withdraw what was asked."""
    return _on_wave(request, wave, maintenance.keep_after_all)


@router.post("/waves/{wave}/early/confirm")
def confirm_early(request: Request, wave: str, fields: Fields) -> Response:
    """Delete the answers before their day, as the second person."""
    service, staff = service_of(request), admitted(request, "host")
    with read(service.engine) as db:
        own_wave(db, staff, wave)
    try:
        be_sure(fields)
        maintenance.retire_early(service, wave, staff.name, PATIENCE_SECONDS)
    except Refused as refused:
        return _refused(request, staff, wave, refused)
    return see_other(f"/host/waves/{wave}")


def _on_wave(
    request: Request,
    wave: str,
    change: Callable[[Service, Connection, str], object],
    sure: Mapping[str, str] | None = None,
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            own_wave(db, staff, wave)
            if sure is not None:
                be_sure(sure)
            change(service, db, wave)
    except Refused as refused:
        return _refused(request, staff, wave, refused, typed)
    return see_other(f"/host/waves/{wave}")


def _refused(
    request: Request,
    staff: Staff,
    wave: str,
    why: Refused,
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    """The wave's page, which says why, with what was typed."""
    page = _wave_page(request, staff, wave, Attempt(str(why), request.url.path, typed))
    return html(page, Unreadable.status)


def _wave_page(request: Request, staff: Staff, wave: str, attempt: Attempt = NO_ATTEMPT) -> Any:
    with read(service_of(request).engine) as db:
        found = own_wave(db, staff, wave)
        study = studies.the_study(db, found.study)
        units = studies.units(db, found.study)
        batches = waves.batches(db, wave)
    origin = service_of(request).settings.origin
    return wave_page(
        found,
        study,
        units,
        address=origin,
        today=now().date(),
        viewer=staff.name,
        batches=batches,
        attempt=attempt,
    )
