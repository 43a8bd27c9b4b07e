"""Addresses of a host: declaring studies, issuing codes, opening, pausing and closing waves; no answers."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select
from starlette.requests import Request
from starlette.responses import Response

from app import studies
from app.closing import maintenance
from app.config import is_private
from app.db import read, write
from app.errors import NotFound, Refused, Unreadable
from app.form_data import Fields
from app.hosting.information import information_page
from app.hosting.pages import (
    Link,
    StudiesPage,
    design_page,
    forms_page,
    read_design,
    study_page,
    wave_page,
)
from app.hosting.slips import slips
from app.languages import SOURCE, moment
from app.middleware import see_other
from app.printing import pdf
from app.runtime import Service, now, service_of
from app.staff import accounts
from app.staff.authorise import AGAIN, Staff, admitted
from app.studies import information, waves
from app.studies.study import STUDY
from app.studies.waves import WAVE
from app.templating import html
from instrument import Form, Instrument

SLIPS_AT_ONCE: Final = 500
PATIENCE_SECONDS: Final = 5.0
NO_NUMBER: Final = "the smallest group and the people expected are whole numbers, the day is a date"
NO_ADDRESS: Final = (
    "type the https address that people go to; the operator can set it for all: COUNTERPOISE_ORIGIN"
)
HOSTS_GIVE: Final = ("trainer", "researcher")
NOT_SURE: Final = "tick the box above the button: this cannot be taken back"

router = APIRouter(prefix="/host", include_in_schema=False)


@router.get("")
def index(request: Request) -> Response:
    """List the studies of this host."""
    staff = admitted(request, "host")
    with read(service_of(request).engine) as db:
        found = list(db.execute(select(STUDY).where(staff.may_see()).order_by(STUDY.c.title)))
    links = tuple(Link(f"/host/studies/{each.id}", each.title, each.id) for each in found)
    return html(
        StudiesPage(
            simulated=service_of(request).settings.demo, studies=links, may_make=staff.may_make_studies
        )
    )


@router.get("/studies")
def new_study(request: Request) -> Response:
    """Choose a form, then show the design of a new study with its defaults."""
    service, staff = service_of(request), admitted(request, "host")
    _may_make(staff)
    if "form" not in request.query_params:
        return html(forms_page(service.instruments.values()))
    instrument, form = _form(service, request.query_params["form"])
    usual = {"k": str(studies.USUAL_K), **({f"ask_{form.role}": "yes"} if form.role in form.context else {})}
    return html(design_page(service, instrument, form, usual))


@router.post("/studies")
def make_study(request: Request, fields: Fields) -> Response:
    """Make the study, or show what its design would give away."""
    service, staff = service_of(request), admitted(request, "host")
    _may_make(staff)
    instrument, form = _form(service, fields.get("form", ""))
    if "look" in fields:
        return html(design_page(service, instrument, form, fields))
    try:
        design = read_design(fields, instrument, form, simulated=service.settings.demo)
        with write(service.engine) as db:
            studies.declare_study(service, db, design)
            if staff.studies is not None:
                accounts.give(service, db, staff.name, "host", design.id)
    except ValueError:
        return html(design_page(service, instrument, form, fields, NO_NUMBER), Unreadable.status)
    except Refused as refused:
        return html(design_page(service, instrument, form, fields, str(refused)), Unreadable.status)
    return see_other(f"/host/studies/{design.id}")


@router.get("/studies/{study}")
def show_study(request: Request, study: str) -> Response:
    """Show a study with its units and waves."""
    return html(_study_page(request, admitted(request, "host"), study))


@router.post("/studies/{study}/design")
def change_design(request: Request, study: str, fields: Fields) -> Response:
    """Change the design of a study, as long as no wave has been prepared."""

    def change(service: Service, db: Connection, found: Row[Any]) -> None:
        instrument = service.instruments[found.instrument]
        form = instrument.forms[found.form]
        try:
            design = read_design({**fields, "id": study}, instrument, form, simulated=found.simulated)
        except ValueError:
            raise Refused(NO_NUMBER) from None
        studies.change_design(service, db, design)

    return _on_study(request, study, change)


@router.post("/studies/{study}/copy")
def copy_study(request: Request, study: str, fields: Fields) -> Response:
    """Make a study like this one, which can then be changed."""
    service, staff = service_of(request), admitted(request, "host")
    _may_make(staff)
    made, title = fields.get("id", "").strip(), fields.get("title", "").strip()
    try:
        until = date.fromisoformat(on) if (on := fields.get("retire_on", "")) else None
        with write(service.engine) as db:
            _study(db, staff, study)
            studies.copy_study(service, db, study, studies.Design(id=made, title=title, retire_on=until))
            if staff.studies is not None:
                accounts.give(service, db, staff.name, "host", made)
    except ValueError:
        return html(_study_page(request, staff, study, NO_NUMBER), Unreadable.status)
    except Refused as refused:
        return html(_study_page(request, staff, study, str(refused)), Unreadable.status)
    return see_other(f"/host/studies/{made}")


@router.get("/studies/{study}/information")
def show_information(request: Request, study: str) -> Response:
    """Show what people read of a study before they agree."""
    return html(_information_page(request, admitted(request, "host"), study))


@router.post("/studies/{study}/information")
def describe_study(request: Request, study: str, fields: Fields) -> Response:
    """Keep what people read of a study before they agree."""
    service, staff = service_of(request), admitted(request, "host")
    said = {name: text for name, text in fields.items() if name in information.EVERY}
    try:
        with write(service.engine) as db:
            information.describe(service, db, _study(db, staff, study), said)
    except Refused as refused:
        return html(_information_page(request, staff, study, said, str(refused)), Unreadable.status)
    return see_other(f"/host/studies/{study}")


@router.post("/studies/{study}/units")
def declare_unit(request: Request, study: str, fields: Fields) -> Response:
    """Declare a unit of a study."""
    return _on_study(
        request,
        study,
        lambda service, db, _found: studies.declare_unit(
            service,
            db,
            study,
            fields.get("id", "").strip(),
            fields.get("title", "").strip() or fields.get("id", ""),
            level=fields.get("level", ""),
            parent=fields.get("parent") or None,
        ),
    )


@router.post("/studies/{study}/units/remove")
def remove_unit(request: Request, study: str, fields: Fields) -> Response:
    """Remove a unit of a study."""
    return _on_study(
        request,
        study,
        lambda service, db, _found: studies.remove_unit(service, db, study, fields.get("unit", "")),
    )


@router.post("/studies/{study}/waves")
def make_wave(request: Request, study: str) -> Response:
    """Prepare the next wave of a study."""
    return _on_study(request, study, lambda service, db, _found: waves.make_wave(service, db, study))


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
            study = _wave(db, staff, wave).study
            waves.take_back(service, db, wave)
    except Refused as refused:
        return html(_wave_page(request, staff, wave, str(refused)), Unreadable.status)
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
            found = _wave(db, staff, wave)
            made = waves.issue_codes(service, db, wave, unit, int(count))
            of = studies.the_study(db, found.study).title
            group = next(each.title for each in studies.units(db, found.study) if each.id == unit)
    except Refused as refused:
        return html(_wave_page(request, staff, wave, str(refused)), Unreadable.status)
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

    return _on_wave(request, wave, plan)


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
        _wave(db, staff, wave)
    try:
        _be_sure(fields)
        maintenance.retire(service, wave, PATIENCE_SECONDS)
    except Refused as refused:
        return html(_wave_page(request, staff, wave, str(refused)), Unreadable.status)
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
        _wave(db, staff, wave)
    try:
        _be_sure(fields)
        maintenance.retire_early(service, wave, staff.name, PATIENCE_SECONDS)
    except Refused as refused:
        return html(_wave_page(request, staff, wave, str(refused)), Unreadable.status)
    return see_other(f"/host/waves/{wave}")


@router.post("/studies/{study}/delete")
def delete_study(request: Request, study: str, fields: Fields) -> Response:
    """Delete a study that has no wave."""
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            _study(db, staff, study)
            _be_sure(fields)
            studies.delete_study(service, db, study)
    except Refused as refused:
        return html(_study_page(request, staff, study, str(refused)), Unreadable.status)
    return see_other("/host")


@router.post("/studies/{study}/roles")
def give_role(request: Request, study: str, fields: Fields) -> Response:
    """Give another account a role in this study; asks for a fresh sign-in, as all about accounts does."""
    name, role = fields.get("name", ""), fields.get("role", "")
    return _on_roles(
        request, study, name, role, lambda service, db: accounts.give(service, db, name, role, study)
    )


@router.post("/studies/{study}/roles/withdraw")
def withdraw_role(request: Request, study: str, fields: Fields) -> Response:
    """Take a role in this study back."""
    name, role = fields.get("name", ""), fields.get("role", "")
    return _on_roles(
        request, study, name, role, lambda service, db: accounts.withdraw(service, db, name, role, study)
    )


def _on_roles(
    request: Request, study: str, name: str, role: str, change: Callable[[Service, Connection], object]
) -> Response:
    """Change who reads a study: never one's own role, since a host knows who was given a code."""
    staff = admitted(request, "host")

    def checked(service: Service, db: Connection, _found: Row[Any]) -> None:
        if role not in HOSTS_GIVE:
            raise Refused(f"a host gives the roles {' and '.join(HOSTS_GIVE)}")
        if name.strip().casefold() == staff.name:
            raise Refused("nobody gives or takes a role of their own: ask the operator")
        change(service, db)

    if not staff.fresh:
        with read(service_of(request).engine) as db:
            _study(db, staff, study)
        return see_other(AGAIN)
    return _on_study(request, study, checked)


def _on_study(
    request: Request, study: str, change: Callable[[Service, Connection, Row[Any]], object]
) -> Response:
    """Change a study of this host; where that is refused, say why on the study's page."""
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            change(service, db, _study(db, staff, study))
    except Refused as refused:
        return html(_study_page(request, staff, study, str(refused)), Unreadable.status)
    return see_other(f"/host/studies/{study}")


def _on_wave(
    request: Request,
    wave: str,
    change: Callable[[Service, Connection, str], object],
    sure: Mapping[str, str] | None = None,
) -> Response:
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            _wave(db, staff, wave)
            if sure is not None:
                _be_sure(sure)
            change(service, db, wave)
    except Refused as refused:
        return html(_wave_page(request, staff, wave, str(refused)), Unreadable.status)
    return see_other(f"/host/waves/{wave}")


def _study_page(request: Request, staff: Staff, study: str, problem: str = "") -> Any:
    service = service_of(request)
    with read(service.engine) as db:
        found = _study(db, staff, study)
        return study_page(
            service,
            found,
            studies.units(db, study),
            waves.waves(db, study),
            readers=accounts.readers(db, study),
            may_copy=staff.may_make_studies,
            problem=problem,
        )


def _information_page(
    request: Request, staff: Staff, study: str, said: Mapping[str, str] | None = None, problem: str = ""
) -> Any:
    service = service_of(request)
    with read(service.engine) as db:
        found = _study(db, staff, study)
        locked = information.is_taking_answers(db, study)
    form = service.instruments[found.instrument].forms[found.form]
    return information_page(
        found, form, found.information or {} if said is None else said, locked=locked, problem=problem
    )


def _wave_page(request: Request, staff: Staff, wave: str, problem: str = "") -> Any:
    with read(service_of(request).engine) as db:
        found = _wave(db, staff, wave)
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
        batches=batches,
        problem=problem,
    )


def _study(db: Connection, staff: Staff, study: str) -> Row[Any]:
    found = db.execute(select(STUDY).where(STUDY.c.id == study, staff.may_see())).first()
    if found is None:
        raise NotFound
    return found


def _wave(db: Connection, staff: Staff, wave: str) -> Row[Any]:
    of_study = select(WAVE).join(STUDY, STUDY.c.id == WAVE.c.study)
    found = db.execute(of_study.where(WAVE.c.id == wave, staff.may_see())).first()
    if found is None:
        raise NotFound
    return found


def _form(service: Service, named: str) -> tuple[Instrument, Form]:
    instrument = service.instruments.get(named.partition("/")[0])
    form = instrument.forms.get(named.partition("/")[2]) if instrument else None
    if instrument is None or form is None:
        raise NotFound
    return instrument, form


def _may_make(staff: Staff) -> None:
    if not staff.may_make_studies:
        raise NotFound


def _be_sure(fields: Mapping[str, str]) -> None:
    if "sure" not in fields:
        raise Refused(NOT_SURE)
