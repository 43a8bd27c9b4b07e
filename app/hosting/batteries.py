"""A host composes a battery: several of the forms that are installed, asked one after the other as one form.

What is composed is kept as any questionnaire that a host brings: it is tried, handed to the operator, and
published by a yes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.db import write
from app.errors import Refused, Unreadable
from app.form_data import Fields
from app.hosted import brought
from app.hosting.questionnaires import making_host
from app.middleware import see_other
from app.runtime import Service, service_of
from app.templating import Page, html
from instrument import InstrumentError
from instrument.catalog import of_texts
from instrument.exchange.battery import Battery, compose

MOST_PARTS: Final = 8
MOST_TOLD: Final = 3
AS_NAMED: Final = (
    "name it with small letters, digits and single _, such as power_and_trust, and give it a title that "
    "people read"
)

router = APIRouter(prefix="/host/questionnaires", include_in_schema=False)


@dataclass(frozen=True)
class PartRow:
    """One part of the form on the page: which questionnaire was chosen, and how its questions follow."""

    number: int
    form: str
    is_random: bool


@dataclass(frozen=True, kw_only=True)
class BatteryPage(Page):
    template: ClassVar[str] = "hosting/battery.html"
    id: str
    title: str
    is_random: bool
    parts: tuple[PartRow, ...]
    forms: tuple[tuple[str, str], ...]
    """What may be a part: its address as INSTRUMENT/FORM, and its title."""
    problem: str = ""


@router.get("/battery")
def show(request: Request) -> Response:
    """Ask for the parts of a battery, in their order."""
    making_host(request)
    return html(_page(service_of(request), {}))


@router.post("/battery")
def make(request: Request, fields: Fields) -> Response:
    """Compose the battery and keep it as a draft, or say what keeps its parts from standing together."""
    service, staff = service_of(request), making_host(request)
    try:
        files = compose(_read(fields), service.instruments)
        if problems := brought.check_new(service, of_texts(files)):
            raise InstrumentError(tuple(problems))  # noqa: TRY301 - told as what is wrong with the parts is
        with write(service.engine) as db:
            made = brought.keep(service, db, staff.name, files)
    except InstrumentError as refused:
        told = [*dict.fromkeys(each.message for each in refused.problems)]
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        problem = "; ".join(told[:MOST_TOLD]) + more
        return html(_page(service, fields, problem), Unreadable.status)
    except (Refused, ValidationError) as refused:
        problem = str(refused) if isinstance(refused, Refused) else AS_NAMED
        return html(_page(service, fields, problem), Unreadable.status)
    return see_other(f"/host/questionnaires/{made}")


def _read(fields: Mapping[str, str]) -> Battery:
    """Return what was chosen; each part is a block under the name of its form."""
    blocks: dict[str, dict[str, str]] = {}
    for each in _parts(fields):
        if not each.form:
            continue
        name = each.form.partition("/")[2]
        if name in blocks:
            raise Refused(f"`{each.form}` or a form of that name stands here twice")
        blocks[name] = {"form": each.form, "item_order": _order(random=each.is_random)}
    return Battery.model_validate(
        {
            "battery": fields.get("id", ""),
            "title": fields.get("title", "").strip(),
            "block_order": _order(random="random" in fields),
            "blocks": blocks,
        }
    )


def _order(*, random: bool) -> str:
    return "random" if random else "fixed"


def _parts(fields: Mapping[str, str]) -> tuple[PartRow, ...]:
    return tuple(
        PartRow(number, fields.get(f"part_{number}", ""), f"random_{number}" in fields)
        for number in range(1, MOST_PARTS + 1)
    )


def _page(service: Service, fields: Mapping[str, str], problem: str = "") -> BatteryPage:
    replaced = {form.replaces for each in service.instruments.values() for form in each.forms.values()}
    return BatteryPage(
        simulated=service.settings.demo,
        id=fields.get("id", ""),
        title=fields.get("title", ""),
        is_random="random" in fields,
        parts=_parts(fields),
        forms=tuple(
            (f"{each.id}/{form.id}", f"{each.words_for_staff(form.id).title} ({each.id}/{form.id})")
            for each in service.instruments.values()
            for form in each.forms.values()
            if not form.blocks and form.id not in replaced
        ),
        problem=problem,
    )
