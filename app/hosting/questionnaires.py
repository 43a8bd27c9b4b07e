"""A host's own questionnaires: send a spreadsheet, read what is wrong with it, hand it to an operator."""

import io
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Depends
from sqlalchemy import Connection, Row
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from app.db import read, write
from app.errors import NotFound, Refused, TooLarge, Unreadable
from app.hosted import brought
from app.hosted.brought import DRAFT, HANDED_OVER, PUBLISHED, REFUSED
from app.hosted.reading_aloud import in_place_of_an_answer
from app.languages import LANGUAGES
from app.middleware import see_other
from app.runtime import Service, service_of
from app.staff.authorise import Staff, admitted
from app.templating import Page, html
from app.work_queue import BoundedQueue
from instrument import Instrument, Problem
from instrument.exchange.confined import instrument_of_files, read_upload
from instrument.exchange.example import example_sheets
from instrument.exchange.hosted import cure_of
from instrument.exchange.sheet_files import MOST_BYTES, xlsx_of_sheets

AROUND: Final = 64 * 1024
"""What a form holds beside its file."""
LONGEST_NAME: Final = 100
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STATES: Final = {
    DRAFT: "a draft that nobody but you sees",
    HANDED_OVER: "handed to the operator, who reads it and says yes or no",
    PUBLISHED: "published: it can be asked in studies, and never changes",
    REFUSED: "refused by the operator",
}
READING: Final = BoundedQueue(at_once=1, waiting=3)
"""A spreadsheet may take seconds to read, in a process of its own."""

router = APIRouter(prefix="/host/questionnaires", include_in_schema=False)


@dataclass(frozen=True)
class Complaint:
    sheet: str
    cell: str
    what: str
    cure: str


@dataclass(frozen=True)
class Own:
    address: str
    title: str
    state: str


@dataclass(frozen=True, kw_only=True)
class QuestionnairesPage(Page):
    template: ClassVar[str] = "hosting/questionnaires.html"
    own: tuple[Own, ...]
    complaints: tuple[Complaint, ...] = ()
    file: str = ""
    """The name of the file that the complaints are about."""
    problem: str = ""


@dataclass(frozen=True)
class ItemRow:
    text: str
    answers: str


@dataclass(frozen=True, kw_only=True)
class QuestionnairePage(Page):
    template: ClassVar[str] = "hosting/questionnaire.html"
    address: str
    title: str
    state: str
    state_words: str
    reason: str
    command: str
    facts: tuple[tuple[str, str], ...]
    languages: tuple[tuple[str, str], ...]
    items: tuple[ItemRow, ...]
    scores: tuple[tuple[str, str], ...]
    study: str
    """Where a study is made with it, once it can be."""
    is_battery: bool
    """Composed of others here, and not brought as a spreadsheet."""
    problem: str = ""


def making_host(request: Request) -> Staff:
    """Who asks, before a byte of a file is read."""
    staff = admitted(request, "host")
    if not staff.may_make_studies:
        raise NotFound
    return staff


async def _read_file(request: Request, _staff: Annotated[Staff, Depends(making_host)]) -> tuple[str, bytes]:
    """The name and the content of the one file of a form; it is kept in no file of ours."""
    try:
        form = await MultiPartParser(request.headers, _limited(request), max_files=1, max_fields=1).parse()
    except (MultiPartException, KeyError, ValueError):
        raise Unreadable from None
    try:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise Unreadable
        return PurePath(sent.filename or "").name[:LONGEST_NAME], await sent.read()
    finally:
        await form.close()


async def _limited(request: Request) -> AsyncGenerator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES + AROUND:
            raise TooLarge
        yield chunk


File = Annotated[tuple[str, bytes], Depends(_read_file)]


@router.get("")
def index(request: Request) -> Response:
    return html(_own(request, making_host(request)))


@router.get("/example.xlsx")
def example(request: Request) -> Response:
    """The example that `python -m instrument new` writes, as a spreadsheet to change."""
    making_host(request)
    stream = io.BytesIO()
    xlsx_of_sheets(example_sheets("meetings"), stream)
    name = {"content-disposition": 'attachment; filename="questionnaire.xlsx"'}
    return Response(stream.getvalue(), media_type=XLSX, headers=name)


@router.post("")
def bring(request: Request, file: File) -> Response:
    service, staff = service_of(request), making_host(request)
    name, content = file
    with READING.take():
        found = read_upload(content)
    problems = found.problems or tuple(brought.check_new(service, instrument_of_files(found.files)))
    if problems:
        complaints = tuple(map(_complaint, problems))
        return html(_own(request, staff, complaints=complaints, file=name), Unreadable.status)
    try:
        with write(service.engine) as db:
            made = brought.keep(service, db, staff.name, found.files)
    except Refused as refused:
        return html(_own(request, staff, problem=str(refused)), Unreadable.status)
    return see_other(f"/host/questionnaires/{made}")


@router.get("/{questionnaire}")
def show(request: Request, questionnaire: str) -> Response:
    return html(_page(request, making_host(request), questionnaire))


@router.post("/{questionnaire}/hand-over")
def hand_over(request: Request, questionnaire: str) -> Response:
    return _on_own(request, questionnaire, brought.hand_over)


@router.post("/{questionnaire}/take-back")
def take_back(request: Request, questionnaire: str) -> Response:
    return _on_own(request, questionnaire, brought.take_back)


@router.post("/{questionnaire}/delete")
def delete(request: Request, questionnaire: str) -> Response:
    return _on_own(request, questionnaire, brought.forget, "/host/questionnaires")


def _on_own(
    request: Request,
    questionnaire: str,
    change: Callable[[Service, Connection, Row[Any]], object],
    then: str = "",
) -> Response:
    service, staff = service_of(request), making_host(request)
    try:
        with write(service.engine) as db:
            change(service, db, brought.the_brought(db, questionnaire, staff.name))
    except Refused as refused:
        return html(_page(request, staff, questionnaire, str(refused)), Unreadable.status)
    return see_other(then or f"/host/questionnaires/{questionnaire}")


def _own(request: Request, staff: Staff, **rest: Any) -> QuestionnairesPage:
    with read(service_of(request).engine) as db:
        own = brought.all_brought(db, staff.name)
    return QuestionnairesPage(
        simulated=service_of(request).settings.demo,
        own=tuple(Own(f"/host/questionnaires/{each.id}", each.title, STATES[each.state]) for each in own),
        **rest,
    )


def _complaint(problem: Problem) -> Complaint:
    sheet, _, cell = problem.file.partition("!")
    return Complaint(sheet, cell, problem.message, cure_of(problem))


def _page(request: Request, staff: Staff, questionnaire: str, problem: str = "") -> QuestionnairePage:
    service = service_of(request)
    with read(service.engine) as db:
        found = brought.the_brought(db, questionnaire, staff.name)
    own = brought.as_kept(found.files)
    [form] = own.forms.values()
    words = own.words[form.id, own.language]
    is_there = found.state == PUBLISHED and own.id in service.instruments
    return QuestionnairePage(
        simulated=service.settings.demo,
        address=f"/host/questionnaires/{found.id}",
        title=found.title,
        state=found.state,
        state_words=STATES[found.state],
        reason=found.reason,
        command=f"counterpoise instrument show {found.id}",
        facts=(
            ("Short name", own.id),
            ("Who answers", f"{form.about} ({' and '.join(form.audiences)})"),
            ("Time asked about", form.window),
            ("Licence", own.licence),
            ("In place of an answer", " · ".join(in_place_of_an_answer(form, words))),
            ("Anyone may reflect with it privately", "yes" if own.private else "no"),
        ),
        languages=tuple(
            (language, LANGUAGES[language].name) for _, language in own.words if language in LANGUAGES
        ),
        items=tuple(
            ItemRow(
                words.sentence(item.id),
                " · ".join(words.label(item.scale, code) for code in form.scales[item.scale].codes),
            )
            for item in form.items
        ),
        scores=tuple(_scores(own)),
        study=f"/host/studies?form={own.id}/{form.id}" if is_there else "",
        is_battery=bool(form.blocks),
        problem=problem,
    )


def _scores(own: Instrument) -> list[tuple[str, str]]:
    [form] = own.forms.values()
    words = own.words[form.id, own.language]
    numbers = {item.id: number for number, item in enumerate(form.items, 1)}
    return [
        (
            words.facet(each.id),
            f"{each.method} of "
            + ", ".join(
                [f"{numbers[item.id]}{' turned round' if item.reversed else ''}" for item in each.items]
                or [words.facet(part) for part in each.of]
            ),
        )
        for each in own.key.subscales(form.id).values()
    ]
