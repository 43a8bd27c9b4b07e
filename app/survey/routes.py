"""The respondent's way through a wave: each route reads or writes once, and leads to a page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app import ended
from app.errors import NotFound, Unreadable
from app.form_data import Fields
from app.languages import browser_language, home, language_of
from app.middleware import clear_site_data, expire_cookie, give_cookie, leave_site, see_other, token_of
from app.questionnaire.consent import FAIRNESS, STUDY
from app.questionnaire.pages import about_page, items_page
from app.questionnaire.path import ABOUT, CHECK, CONSENT, LINK, SELF, survey_path_of
from app.questionnaire.reading import read_page, read_sheet, wave_of
from app.questionnaire.sheet import Sheet
from app.runtime import now, service_of
from app.studies.special import SPECIAL
from app.survey.drafts import NotOffered, Opened, Proof, Saved, enter, open_draft, save
from app.survey.driver import read, write
from app.survey.pages import (
    TYPED_AT_MOST,
    BackPage,
    SafetyPage,
    check_page,
    consent_page,
    landing_page,
    later_page,
    link_page,
    result_run,
    self_page,
    sent_page,
)
from app.survey.phrases import Misread, read_phrase
from app.survey.sending import NotShown, send
from app.templating import Page, html, shared_html
from app.vault import LONGEST, read_code
from instrument import LEFT_BLANK

SAFETY: Final = "/safety"
LATER: Final = "/later"
PLACE_OF_WORDS: Final = "\ue000"
"""A character of Unicode's private use area, which no text contains."""
ASIDE: Final = {"safety": SAFETY, "later": LATER, "language": CONSENT}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def landing(request: Request) -> Response:
    """Show the first page, which asks for a code."""
    page = landing_page(service_of(request), language_of(request), browser=browser_language(request))
    return HTMLResponse(shared_html(page))


@router.get("/enter")
async def enter_anew(request: Request) -> Response:
    """Send whoever opens, by GET, a page that only a typed code leads to, to the first page."""
    return see_other(home(language_of(request)) + "/")


@router.post("/enter")
def enter_code(request: Request, fields: Fields) -> Response:
    """Take a code: begin, go on, or ask for what opens the saved draft."""
    service = service_of(request)
    typed = fields.get("code", "")
    code = read_code(typed)
    language, entered = language_of(request), None
    try:
        if code is not None:
            proof = _proof(request, fields)
            with write(service.engine) as db:
                entered = enter(service, db, code, language, proof)
    except Saved as saved:
        return _ask_for_the_phrase(language, fields, has_phrase=saved.has_phrase)
    except Misread as misread:
        return _ask_for_the_phrase(language, fields, misread=misread)
    except NotOffered as other:
        page = landing_page(service, language, typed=typed[:TYPED_AT_MOST], offered=other.languages)
        return html(page, Unreadable.status)
    if entered is None:
        page = landing_page(service, language, typed=typed[:TYPED_AT_MOST], problem=True)
        return html(page, Unreadable.status)
    response = see_other(home(entered.language) + entered.step)
    give_cookie(response, service.settings, entered.token)
    return response


@router.get("/consent")
def show_consent(request: Request) -> Response:
    """Show the consent."""
    opened = _opened(request)
    page = consent_page(opened)
    if opened.sheet.consent or page.phrase is None:
        return html(page)
    # The page is the same for everybody except the six words, which are put in last.
    shared = shared_html(replace(page, phrase=PLACE_OF_WORDS))
    return HTMLResponse(shared.replace(PLACE_OF_WORDS.encode(), page.phrase.encode()))


@router.post("/consent")
def agree(request: Request, fields: Fields) -> Response:
    """Keep the consent that was given, or go on in another language."""
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        if (language := fields.get("_language")) is not None:
            return _speak(db, opened, language)
        if STUDY not in fields:
            return html(consent_page(opened, problem=True), Unreadable.status)
        purposes = tuple(purpose for purpose in opened.survey.purposes if purpose in fields)
        sheet = replace(
            opened.sheet,
            consent=opened.survey.consent(opened.sheet.language).hash,
            purposes=purposes,
            answers={
                name: each
                for name, each in opened.sheet.answers.items()
                if name not in SPECIAL or FAIRNESS in purposes
            },
        )
        save(db, opened, sheet)
    return _to(sheet, opened.survey.walked_by(sheet).next_step(sheet))


@router.get("/about")
def show_about(request: Request) -> Response:
    """Show the page of context questions."""
    opened = _opened(request)
    return _elsewhere(opened, ABOUT) or _asked(opened, ABOUT, about_page(opened.survey, opened.sheet))


@router.post("/about")
def save_about(request: Request, fields: Fields) -> Response:
    """Save the context questions."""
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, ABOUT, fields)


@router.get("/link")
def show_link(request: Request) -> Response:
    """Show the linking questions."""
    opened = _opened(request)
    return _elsewhere(opened, LINK) or html(link_page(opened.survey, opened.sheet))


@router.post("/link")
def save_link(request: Request, fields: Fields) -> Response:
    """Save the linking questions."""
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, LINK, fields)


@router.get(SELF)
def show_self(request: Request) -> Response:
    """Show the questions about the person that they have agreed to separately."""
    opened = _opened(request)
    return _elsewhere(opened, SELF) or html(self_page(opened.survey, opened.sheet))


@router.post(SELF)
def save_self(request: Request, fields: Fields) -> Response:
    """Save the questions about the person that they have agreed to separately."""
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, SELF, fields)


@router.get("/page/{number}")
def show_page(request: Request, number: str) -> Response:
    """Show a page of items."""
    opened, path = _opened(request), f"/page/{number}"
    return _elsewhere(opened, path) or _asked(opened, path, items_page(opened.survey, opened.sheet, path))


@router.post("/page/{number}")
def save_page(request: Request, number: str, fields: Fields) -> Response:
    """Save a page of items."""
    with write(service_of(request).engine) as db:
        opened = _opened_to_save(request, db)
        return _save(db, opened, f"/page/{number}", fields)


@router.get("/check")
def show_check(request: Request) -> Response:
    """Show every answer once more before it is sent."""
    opened = _opened(request)
    return _elsewhere(opened, CHECK) or html(check_page(opened.survey, opened.sheet))


@router.post("/send")
def send_answers(request: Request, fields: Fields) -> Response:
    """Send the answers of the check page, and show the receipt."""
    service = service_of(request)
    try:
        with write(service.engine) as db:
            whole = survey_path_of(service, db, wave_of(fields))
            sheet = read_sheet(whole, fields)
            survey = whole.walked_by(sheet)
            receipt = send(service, db, sheet, token=token_of(request) or "")
            left = ended.has_ended(db, run := result_run(sheet))
    except NotShown as missing:
        return see_other(home(language_of(request)) + missing.step)
    key = service.vault.run_key(run, now().date())
    response = html(sent_page(survey, sheet, receipt, key, ended=left))
    expire_cookie(response, service.settings)
    clear_site_data(response)
    return response


@router.get("/exit")
async def leave(request: Request) -> Response:
    """Leave the site at once."""
    return leave_site(service_of(request).settings)


@router.get(LATER)
def later(request: Request) -> Response:
    """Say what is needed to come back, to somebody who has just saved and wants to leave."""
    return html(later_page(_opened(request)))


@router.get(SAFETY)
async def safety(request: Request) -> Response:
    """Show how to stay safe."""
    return html(SafetyPage(language=language_of(request), under_way=token_of(request) is not None))


def _proof(request: Request, fields: Mapping[str, str]) -> Proof:
    phrase = read_phrase(fields["phrase"]) if "phrase" in fields else None
    return Proof(phrase, token_of(request) or "", anew="anew" in fields)


def _ask_for_the_phrase(
    language: str, fields: Mapping[str, str], *, has_phrase: bool = True, misread: Misread | None = None
) -> Response:
    tried = "phrase" in fields
    page = BackPage(
        language=language,
        code=fields["code"][:LONGEST],
        typed=fields.get("phrase", "")[:LONGEST],
        has_phrase=has_phrase,
        problem=tried,
        unknown=misread.unknown if misread else (),
        not_six=misread is not None,
    )
    return html(page, Unreadable.status if tried else 200)


def _asked(opened: Opened, path: str, page: Page) -> Response:
    """Render a page of questions; one without any answer yet is the same for everybody and is kept."""
    if opened.sheet.answers.keys().isdisjoint(opened.survey.asks[path]):
        return HTMLResponse(shared_html(page))
    return html(page)


def _opened(request: Request) -> Opened:
    service = service_of(request)
    with read(service.engine) as db:
        return open_draft(service, db, token_of(request) or "")


def _opened_to_save(request: Request, db: Connection) -> Opened:
    return open_draft(service_of(request), db, token_of(request) or "", to_save=True)


def _elsewhere(opened: Opened, path: str) -> Response | None:
    """Redirect whoever asks for a page beyond the first that they have not been shown."""
    steps, next_step = opened.survey.steps, opened.survey.next_step(opened.sheet)
    if path == LINK and path not in steps and opened.survey.was_paired:  # its pair ended meanwhile
        return _to(opened.sheet, next_step)
    if path not in steps:
        raise NotFound
    return None if steps.index(path) <= steps.index(next_step) else _to(opened.sheet, next_step)


def _to(sheet: Sheet, step: str) -> Response:
    return see_other(home(sheet.language) + step)


def _speak(db: Connection, opened: Opened, language: str) -> Response:
    """Go on in another language: every answer stays, and the consent is read again in its words."""
    if language not in opened.survey.words:
        raise Unreadable
    sheet = opened.sheet.in_language(language)
    save(db, opened, sheet)
    return _to(sheet, CONSENT)


def _save(db: Connection, opened: Opened, path: str, fields: Mapping[str, str]) -> Response:
    """Save a page and go on, or stay where something is newly blank, so that it is asked about once.

    Going back, aside or clearing one answer does not leave the rest blank. A question that is missing from
    the form keeps its saved answer: it was answered in another tab, since only a button clears an answer.
    """
    survey, sheet, before = opened.survey, opened.sheet, opened.sheet.answers
    if path == LINK and path not in survey.asks and survey.was_paired:  # its pair ended meanwhile
        return _to(sheet, survey.next_step(sheet))
    if path not in survey.asks:
        raise NotFound
    if not sheet.consent:
        return _to(sheet, CONSENT)
    elsewhere = {name: before[name] for name in survey.asks[path] if name in before and name not in fields}
    answers = read_page(survey, path, fields) | elsewhere
    cleared, aside = fields.get("_clear"), fields.get("_go")
    if cleared is None and aside is None:
        after = {**before, **answers}
        blank = {name for name, answer in answers.items() if answer == LEFT_BLANK}
        asked_about = {name for name in blank if before.get(name) == LEFT_BLANK}
        step = survey.beside(path, 1) if blank <= asked_about else f"{path}#blank"
    else:
        given = {name: answer for name, answer in answers.items() if answer != LEFT_BLANK}
        after = {name: answer for name, answer in {**before, **given}.items() if name != cleared}
        step = ASIDE.get(aside or "") or survey.beside(path, -1)
        step = f"{path}#{cleared}" if cleared in answers else step
    save(db, opened, replace(sheet, answers=after))
    return _to(sheet, step)
