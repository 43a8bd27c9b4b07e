"""Drafts: answers kept for the one person who began them, until they are sent or expire.

A draft is sealed under a random key. That key is wrapped twice: under the code and the phrase together, to
come back on any device, and under the session's token, to go on. None of the three is stored, so the database
and its secret together open no draft, and neither does the code alone: it can only start anew, which deletes
the draft unread and ends its session. All drafts of a form have one size.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, insert, select, text, update

from app.db import is_sqlite, lock_key
from app.errors import Closed, Damaged, Ended, NotYet, Paused, Used
from app.languages import SOURCE
from app.questionnaire.path import SurveyPath, survey_path_of
from app.questionnaire.sheet import Sheet
from app.runtime import Service, now
from app.studies.linking.pairs import opens_from
from app.studies.waves import FINISHED, ISSUED, STARTED, hold_wave
from app.survey.phrases import Phrase, phrase_of
from app.tables import OPEN, PAUSED, PREPARED, Code, Draft, Session, Wave, table
from app.vault import SEALED_KEY, new_key, new_token, pad, seal, unpad, unseal

DAYS_KEPT: Final = 15
NO_PHRASE: Final = bytes(SEALED_KEY)
"""In place of the key under code and phrase, where a draft was begun before there were phrases: it is opened
by its session alone."""


@dataclass(frozen=True)
class Opened:
    """A draft that a session has opened."""

    code_hmac: bytes
    key: bytes
    survey: SurveyPath
    sheet: Sheet
    has_phrase: bool
    """Not where it was begun before there were phrases: then its session alone opens it."""
    closes_at: datetime | None
    """When the wave ends, and in which zone its host planned that; it may be brought forward at any time."""
    zone: str | None

    @property
    def phrase(self) -> Phrase | None:
        return phrase_of(self.key) if self.has_phrase else None


_CODE, _DRAFT, _SESSION, _WAVE = table(Code).c, table(Draft).c, table(Session).c, table(Wave).c
_WAVE_OF_CODE: Final = (
    _CODE.hmac.label("code_hmac"),
    _CODE.wave,
    _WAVE.state.label("wave_state"),
    _WAVE.closes_at,
    _WAVE.zone,
)
_BY_TOKEN: Final = (
    select(*_WAVE_OF_CODE, _DRAFT.ciphertext, _DRAFT.key_by_code, _DRAFT.key_by_session)
    .join_from(table(Session), table(Code), _CODE.hmac == _SESSION.code_hmac)
    .join(table(Draft), _DRAFT.code_hmac == _CODE.hmac)
    .join(table(Wave), _WAVE.id == _CODE.wave)
    .where(_SESSION.token_hmac == bindparam("token"))
)
_BY_CODE: Final = (
    select(*_WAVE_OF_CODE, _CODE.state, _DRAFT.ciphertext, _DRAFT.key_by_code, _DRAFT.key_by_session)
    .join_from(table(Code), table(Wave), _WAVE.id == _CODE.wave)
    .outerjoin(table(Draft), _DRAFT.code_hmac == _CODE.hmac)
    .where(_CODE.hmac == bindparam("hmac"))
)
_OF_CODE: Final[BindParameter[bytes]] = bindparam("of_code")
_START: Final = update(table(Code)).where(_CODE.hmac == _OF_CODE).values(state=STARTED)
_RENEW: Final = update(table(Code)).where(_CODE.hmac == _OF_CODE).values(state=ISSUED)
_SAVE: Final = update(table(Draft)).where(_DRAFT.code_hmac == _OF_CODE).values(ciphertext=bindparam("sealed"))
_REWRAP: Final = (
    update(table(Draft))
    .where(_DRAFT.code_hmac == _OF_CODE)
    .values(key_by_code=bindparam("by_code"), key_by_session=bindparam("by_session"))
)
_END_DRAFT: Final = delete(table(Draft)).where(_DRAFT.code_hmac == _OF_CODE)
_END_SESSION: Final = delete(table(Session)).where(_SESSION.code_hmac == _OF_CODE)
_NEW_DRAFT: Final = insert(table(Draft))
_NEW_SESSION: Final = insert(table(Session))
_HOLD_CODE: Final = text("SELECT pg_advisory_xact_lock(:key)")


@dataclass(frozen=True)
class Entered:
    """The result of entering a code: the session's token, and where to go on."""

    token: str
    language: str
    step: str
    """The page to go on with."""


class Proof(NamedTuple):
    """What somebody shows beside a code under which a draft is saved."""

    phrase: Phrase | None = None
    token: str = ""
    anew: bool = False
    """They want to start anew, which deletes what is saved."""


NONE: Final = Proof()


class _Keys(NamedTuple):
    """The key of a draft, and the wrapped forms in which it is stored."""

    draft: bytes
    by_code: bytes
    by_session: bytes


class Saved(Exception):
    """A draft is saved under this code, and what was shown beside the code does not open it."""

    def __init__(self, *, has_phrase: bool) -> None:
        super().__init__()
        self.has_phrase = has_phrase


class NotOffered(Exception):
    """The wave does not have all its words in this language; `languages` are those it has."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        super().__init__()
        self.languages = languages


def enter(
    service: Service, db: Connection, code: str, language: str = SOURCE, proof: Proof = NONE
) -> Entered | None:
    """Begin in a language, or come back on this device and end the session of any other.

    None for an unknown code. A person who comes back gets the language of their draft, not that of the first
    page.
    """
    hmac = service.vault.code_hmac(code)
    found = _held(db, _BY_CODE, {"hmac": hmac})
    if found is None:
        return None
    if found.state == FINISHED:
        raise Used
    if found.wave_state == PREPARED and (first := opens_from(db, found.wave)) and first > now().date():
        raise NotYet(first)
    check_open(found.wave_state, found.closes_at)
    survey = survey_path_of(service, db, found.wave)
    kept = _proven(service, found, code, proof) if found.key_by_code is not None else None
    key, token = kept or new_key(), new_token()
    keys = _Keys(
        key,
        by_code=seal(service.vault.key_for_draft(found.wave, code, phrase_of(key)), key),
        by_session=seal(service.vault.key_for_session(token), key),
    )
    # Sessions are locked before drafts, as in sending: one order of locks prevents deadlock.
    db.execute(_END_SESSION, {"of_code": hmac})
    if kept is not None:
        sheet = _come_back(db, found, survey, language, keys)
    else:
        if found.key_by_code is not None:
            db.execute(_RENEW, {"of_code": hmac})
            db.execute(_END_DRAFT, {"of_code": hmac})
        sheet = _begin(db, hmac, survey, language, keys)
    db.execute(_NEW_SESSION, {"token_hmac": service.vault.token_hmac(token), "code_hmac": hmac})
    return Entered(token, sheet.language, survey.walked_by(sheet).next_step(sheet))


def open_draft(service: Service, db: Connection, token: str, *, to_save: bool = False) -> Opened:
    """Open the draft of a session; `to_save` holds wave and code until the transaction ends."""
    parameters = {"token": service.vault.token_hmac(token)}
    found = _held(db, _BY_TOKEN, parameters) if to_save else db.execute(_BY_TOKEN, parameters).first()
    if found is None:
        raise Ended
    check_open(found.wave_state, found.closes_at)
    key = _opened(service.vault.key_for_session(token), found.key_by_session)
    sheet = Sheet.from_bytes(unpad(_opened(key, found.ciphertext)))
    survey = survey_path_of(service, db, found.wave)
    if sheet.language not in survey.words:
        raise Ended
    return _open(found, key, survey, sheet)


def save(db: Connection, opened: Opened, sheet: Sheet) -> None:
    """Keep a sheet; from the consent on the code counts as started, and needs what opens its draft."""
    if sheet.consent and not opened.sheet.consent:
        db.execute(_START, {"of_code": opened.code_hmac})
    sealed = _sealed(opened.key, opened.survey, sheet)
    if db.execute(_SAVE, {"of_code": opened.code_hmac, "sealed": sealed}).rowcount != 1:
        raise Ended


def hold_code(db: Connection, code_hmac: bytes) -> None:
    """Keep everybody else from this code until the transaction ends; SQLite has one writer anyway."""
    if not is_sqlite(db):
        db.execute(_HOLD_CODE, {"key": lock_key(f"code {code_hmac.hex()}")})


def check_open(state: str, closes_at: datetime | None) -> None:
    """Refuse unless the wave takes answers at this moment."""
    if state in (OPEN, PAUSED) and closes_at is not None and closes_at <= now():
        raise Closed
    if state in (PAUSED, PREPARED):
        raise Paused
    if state != OPEN:
        raise Closed


def _proven(service: Service, found: Row[Any], code: str, proof: Proof) -> bytes | None:
    """The key of the saved draft, opened by the phrase beside the code or by the session of this browser.

    None where the draft is to be deleted, because nothing was shown that opens it. As long as nobody has
    agreed to the consent that happens without a question, since the answer to a typed code may have been lost
    on its way; afterwards it is asked first.
    """
    vault, key = service.vault, None
    if proof.anew:
        return None
    if proof.phrase is not None:
        key = unseal(vault.key_for_draft(found.wave, code, proof.phrase), found.key_by_code)
    elif proof.token:
        key = unseal(vault.key_for_session(proof.token), found.key_by_session)
    if key is None and found.state == STARTED:
        raise Saved(has_phrase=found.key_by_code != NO_PHRASE)
    return key


def _begin(db: Connection, hmac: bytes, survey: SurveyPath, language: str, keys: _Keys) -> Sheet:
    sheet = Sheet(
        wave=survey.wave,
        key=new_token(),
        language=_offered(survey, language),
        answers={},
        order=survey.draw_order(),
    )
    row = {
        "code_hmac": hmac,
        "ciphertext": _sealed(keys.draft, survey, sheet),
        "key_by_code": keys.by_code,
        "key_by_session": keys.by_session,
        "expires_on": now().date() + timedelta(days=DAYS_KEPT),
    }
    db.execute(_NEW_DRAFT, row)
    return sheet


def _come_back(db: Connection, found: Row[Any], survey: SurveyPath, language: str, keys: _Keys) -> Sheet:
    wrapped = {"of_code": found.code_hmac, "by_code": keys.by_code, "by_session": keys.by_session}
    if db.execute(_REWRAP, wrapped).rowcount != 1:
        raise Used
    sheet = Sheet.from_bytes(unpad(_opened(keys.draft, found.ciphertext)))
    if sheet.language in survey.words:
        return sheet
    # Its words are not installed any more: the answers are kept, in words that are.
    sheet = sheet.in_language(_offered(survey, language))
    save(db, _open(found, keys.draft, survey, sheet), sheet)
    return sheet


def _open(found: Any, key: bytes, survey: SurveyPath, sheet: Sheet) -> Opened:
    return Opened(
        found.code_hmac,
        key,
        survey.walked_by(sheet),
        sheet,
        has_phrase=found.key_by_code != NO_PHRASE,
        closes_at=found.closes_at,
        zone=found.zone,
    )


def _offered(survey: SurveyPath, language: str) -> str:
    if language not in survey.words:
        raise NotOffered(tuple(survey.words))
    return language


def _held(db: Connection, query: Any, parameters: dict[str, bytes]) -> Row[Any] | None:
    """Read, hold wave and code, then read again what may have changed meanwhile; SQLite has one writer."""
    found = db.execute(query, parameters).first()
    if found is None or is_sqlite(db):
        return found
    hold_wave(db, found.wave)
    hold_code(db, found.code_hmac)
    return db.execute(query, parameters).first()


def _sealed(key: bytes, survey: SurveyPath, sheet: Sheet) -> bytes:
    return seal(key, pad(sheet.to_bytes(), survey.draft_size))


def _opened(key: bytes, sealed: bytes) -> bytes:
    plain = unseal(key, sealed)
    if plain is None:  # the key is right, so the stored bytes were changed
        raise Damaged
    return plain
