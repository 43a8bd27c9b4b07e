"""Addresses of a host's studies: declaring, describing, copying and deleting them, and who reads them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, Row, select
from starlette.requests import Request
from starlette.responses import Response

from app import studies
from app.closing import deleting
from app.db import read, write
from app.errors import NotFound, Refused, Unreadable
from app.form_data import NO_ATTEMPT, Attempt, Fields
from app.hosting.designs import Link, design_page, forms_page, read_design
from app.hosting.information import information_page
from app.hosting.own import be_sure, own_study
from app.hosting.pages import StudiesPage, StudyPage, looked_over, study_page
from app.middleware import see_other
from app.runtime import Service, service_of
from app.staff import accounts
from app.staff.authorise import Staff, admitted, prove_again
from app.studies import information, release, waves
from app.studies.study import STUDY
from app.templating import html
from instrument import Form, Instrument

NO_NUMBER: Final = "the smallest group and the people expected are whole numbers, the day is a date"
HOSTS_GIVE: Final = ("trainer", "researcher")

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
        return html(design_page(service, instrument, form, fields, _wrong_name(service, fields)))
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
    """Change the design of a study as long as no wave has been prepared, or show what it would give away."""
    service, staff = service_of(request), admitted(request, "host")
    if "look" in fields:
        return html(_looked_over(request, staff, study, fields))

    try:
        with write(service.engine) as db:
            found = own_study(db, staff, study)
            instrument = service.instruments[found.instrument]
            said = {**fields, "id": study, "kind": found.kind}
            design = read_design(said, instrument, instrument.forms[found.form], simulated=found.simulated)
            studies.change_design(service, db, design)
    except (ValueError, Refused) as why:
        problem = str(why) if isinstance(why, Refused) else NO_NUMBER
        return html(_looked_over(request, staff, study, fields, problem), Unreadable.status)
    return see_other(f"/host/studies/{study}")


@router.post("/studies/{study}/release")
def ask_release(request: Request, study: str, fields: Fields) -> Response:
    """Say under which ethics approval a research study gives out rows."""
    who, ethics = admitted(request, "host").name, fields.get("ethics", "")
    return _on_study(
        request,
        study,
        lambda service, db, _found: release.ask_release(service, db, study, ethics, who),
        fields,
    )


@router.post("/studies/{study}/release/confirm")
def confirm_release(request: Request, study: str, fields: Fields) -> Response:
    """Confirm, as the second person, what a research study gives out."""
    who = admitted(request, "host").name

    def confirm(service: Service, db: Connection, _found: Row[Any]) -> None:
        be_sure(fields)
        release.confirm_release(service, db, study, who, fields.get("seen", ""))

    return _on_study(request, study, confirm)


@router.post("/studies/{study}/copy")
def copy_study(request: Request, study: str, fields: Fields) -> Response:
    """Make a study like this one, which can then be changed."""
    service, staff = service_of(request), admitted(request, "host")
    _may_make(staff)
    made, title = fields.get("id", "").strip(), fields.get("title", "").strip()
    try:
        until = date.fromisoformat(on) if (on := fields.get("retire_on", "")) else None
        with write(service.engine) as db:
            own_study(db, staff, study)
            studies.copy_study(service, db, study, studies.Design(id=made, title=title, retire_on=until))
            if staff.studies is not None:
                accounts.give(service, db, staff.name, "host", made)
    except ValueError:
        return _refused(request, staff, study, Refused(NO_NUMBER), fields)
    except Refused as refused:
        return _refused(request, staff, study, refused, fields)
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
            information.describe(service, db, own_study(db, staff, study), said)
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
        fields,
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


@router.post("/studies/{study}/delete")
def delete_study(request: Request, study: str, fields: Fields) -> Response:
    """Delete a study without a wave, or of whose waves all answers are deleted; asks for a fresh sign-in."""
    service, staff = service_of(request), admitted(request, "host")
    if not staff.fresh:
        with read(service.engine) as db:
            own_study(db, staff, study)
        return prove_again(f"/host/studies/{study}")
    try:
        with write(service.engine) as db:
            own_study(db, staff, study)
            be_sure(fields)
            deleting.delete_study(service, db, study)
    except Refused as refused:
        return _refused(request, staff, study, refused)
    return see_other("/host")


@router.post("/studies/{study}/roles")
def give_role(request: Request, study: str, fields: Fields) -> Response:
    """Give another account a role in this study; asks for a fresh sign-in, as all about accounts does."""
    name, role = fields.get("name", ""), fields.get("role", "")
    return _on_roles(
        request, study, fields, lambda service, db: accounts.give(service, db, name, role, study)
    )


@router.post("/studies/{study}/roles/withdraw")
def withdraw_role(request: Request, study: str, fields: Fields) -> Response:
    """Take a role in this study back."""
    name, role = fields.get("name", ""), fields.get("role", "")
    return _on_roles(
        request, study, fields, lambda service, db: accounts.withdraw(service, db, name, role, study)
    )


def _on_roles(
    request: Request,
    study: str,
    fields: Mapping[str, str],
    change: Callable[[Service, Connection], object],
) -> Response:
    """Change who reads a study: never one's own role, since a host knows who was given a code."""
    staff = admitted(request, "host")

    def checked(service: Service, db: Connection, _found: Row[Any]) -> None:
        if fields.get("role", "") not in HOSTS_GIVE:
            raise Refused(f"a host gives the roles {' and '.join(HOSTS_GIVE)}")
        if fields.get("name", "").strip().casefold() == staff.name:
            raise Refused("nobody gives or takes a role of their own: ask the operator")
        change(service, db)

    if not staff.fresh:
        with read(service_of(request).engine) as db:
            own_study(db, staff, study)
        return prove_again(f"/host/studies/{study}")
    return _on_study(request, study, checked, fields)


def _on_study(
    request: Request,
    study: str,
    change: Callable[[Service, Connection, Row[Any]], object],
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    """Change a study of this host; where that is refused, say why on the study's page."""
    service, staff = service_of(request), admitted(request, "host")
    try:
        with write(service.engine) as db:
            change(service, db, own_study(db, staff, study))
    except Refused as refused:
        return _refused(request, staff, study, refused, typed)
    return see_other(f"/host/studies/{study}")


def _refused(
    request: Request,
    staff: Staff,
    study: str,
    why: Refused,
    typed: Mapping[str, str] = NO_ATTEMPT.fields,
) -> Response:
    """The study's page, which says why, with what was typed."""
    page = _study_page(request, staff, study, Attempt(str(why), request.url.path, typed))
    return html(page, Unreadable.status)


def _study_page(request: Request, staff: Staff, study: str, attempt: Attempt = NO_ATTEMPT) -> Any:
    service = service_of(request)
    with read(service.engine) as db:
        found = own_study(db, staff, study)
        return study_page(
            service,
            found,
            studies.units(db, study),
            waves.waves(db, study),
            readers=accounts.readers(db, study),
            may_copy=staff.may_make_studies,
            viewer=staff.name,
            attempt=attempt,
        )


def _information_page(
    request: Request, staff: Staff, study: str, said: Mapping[str, str] | None = None, problem: str = ""
) -> Any:
    service = service_of(request)
    with read(service.engine) as db:
        found = own_study(db, staff, study)
        locked = information.is_taking_answers(db, study)
    form = service.instruments[found.instrument].forms[found.form]
    return information_page(
        found, form, found.information or {} if said is None else said, locked=locked, problem=problem
    )


def _form(service: Service, named: str) -> tuple[Instrument, Form]:
    instrument = service.instruments.get(named.partition("/")[0])
    form = instrument.forms.get(named.partition("/")[2]) if instrument else None
    if instrument is None or form is None:
        raise NotFound
    return instrument, form


def _wrong_name(service: Service, fields: Mapping[str, str]) -> str:
    """Say why a study could not be made under the short name that was typed; nothing where none was."""
    name = fields.get("id", "").strip()
    try:
        if name:
            with read(service.engine) as db:
                studies.check_new(db, name)
    except Refused as refused:
        return str(refused)
    return ""


def _looked_over(
    request: Request, staff: Staff, study: str, fields: Mapping[str, str], problem: str = ""
) -> StudyPage:
    service = service_of(request)
    with read(service.engine) as db:
        found = own_study(db, staff, study)
    instrument = service.instruments[found.instrument]
    page = _study_page(request, staff, study, Attempt(problem))
    return looked_over(page, instrument, instrument.forms[found.form], fields)


def _may_make(staff: Staff) -> None:
    if not staff.may_make_studies:
        raise NotFound
