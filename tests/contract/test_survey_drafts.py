"""Drafts: readable for the one person who began them, all of one size, deleted when no longer needed."""

from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.db import is_sqlite, read, write
from app.languages import LANGUAGES
from app.questionnaire.consent import PURPOSES
from app.questionnaire.sheet import Sheet
from app.runtime import Service, now
from app.survey.drafts import DAYS_KEPT, enter, open_draft, save
from app.survey.phrases import in_words, read_phrase
from app.vault import Vault, new_token, read_code, unseal
from instrument import LEFT_BLANK, RATHER_NOT_SAY
from tests.lib.disk_bytes import stolen
from tests.lib.questionnaire_client import agree, at_check, come_back, fill, six_words
from tests.lib.questionnaire_client import enter as type_code
from tests.lib.respondents import rows


def test_every_draft_of_a_form_has_one_size_from_empty_to_the_longest(service: Service, code: str) -> None:
    sizes = set()

    def note() -> None:
        [draft] = rows(service, DRAFT)
        sizes.add((len(draft.ciphertext), len(draft.key_by_code), len(draft.key_by_session)))

    with write(service.engine) as db:
        entered = enter(service, db, str(read_code(code)))
    assert entered is not None
    note()
    with read(service.engine) as db:
        opened = open_draft(service, db, entered.token)
    survey = opened.survey
    longest = {
        **{each.id: max(each.options, key=len) for each in survey.context.values()},
        **dict.fromkeys(survey.numbers, RATHER_NOT_SAY),
    }
    for answers in ({}, dict.fromkeys(survey.numbers, 0), dict.fromkeys(longest, LEFT_BLANK), longest):
        sheet = Sheet(
            wave="demo-1",
            key=new_token(),
            language=max(survey.words, key=len),
            consent="c" * 64,
            purposes=PURPOSES,
            answers=answers,
        )
        with write(service.engine) as db:
            save(db, opened, sheet)
        note()
        with read(service.engine) as db:
            assert open_draft(service, db, entered.token).sheet == sheet
    assert len(sizes) == 1


def test_whoever_holds_database_and_secret_reads_no_draft(
    client: TestClient, service: Service, code: str, request: pytest.FixtureRequest
) -> None:
    at_check(client, code)
    plain, token, words = str(read_code(code)), client.cookies["place"], six_words(client)
    phrase = read_phrase(words)
    [draft], [session] = rows(service, DRAFT), rows(service, SESSION)
    vault = service.vault
    assert unseal(vault.key_for_draft("demo-1", plain, phrase), draft.key_by_code) is not None
    for short in ((), phrase[:-1], phrase[::-1], (*phrase[:-1], (phrase[-1] + 1) % 512)):
        assert unseal(vault.key_for_draft("demo-1", plain, short), draft.key_by_code) is None
    assert unseal(vault.key_for_session(token), draft.key_by_session) is not None
    for guess in (plain[::-1], session.token_hmac.hex(), draft.code_hmac.hex(), ""):
        assert unseal(vault.key_for_draft("demo-1", guess, phrase), draft.key_by_code) is None
        assert unseal(vault.key_for_session(guess), draft.key_by_session) is None
    other = Vault(bytes(32))
    assert unseal(other.key_for_draft("demo-1", plain, phrase), draft.key_by_code) is None
    assert unseal(vault.key_for_draft("demo-2", plain, phrase), draft.key_by_code) is None
    files = b"".join(
        stolen(
            service, Path() if is_sqlite(service.engine) else request.getfixturevalue("postgres").data
        ).values()
    )
    assert session.token_hmac in files
    spelt = [in_words(phrase, language) for language in LANGUAGES]
    assert words in spelt
    for canary in (
        plain,
        code,
        token,
        *spelt,
        repr(phrase),
        "under_3_months",
        '"role"',
        "supervisor",
        '"sd5"',
    ):
        assert canary.encode() not in files, canary


def test_entering_again_wraps_the_same_draft_for_the_new_device_alone(
    client: TestClient, service: Service, code: str
) -> None:
    type_code(client, code)
    agree(client)
    [before], old_token, words = rows(service, DRAFT), client.cookies["place"], six_words(client)
    client.cookies.clear()
    come_back(client, code, words)
    [after] = rows(service, DRAFT)
    assert after.ciphertext == before.ciphertext
    assert six_words(client) == words
    assert unseal(service.vault.key_for_session(old_token), after.key_by_session) is None
    assert unseal(service.vault.key_for_session(client.cookies["place"]), after.key_by_session)


def test_a_draft_keeps_one_date_from_its_beginning(client: TestClient, service: Service, code: str) -> None:
    today = now().date()
    type_code(client, code)
    [begun] = rows(service, DRAFT)
    assert today <= begun.expires_on - timedelta(days=DAYS_KEPT) <= now().date()
    agree(client)
    fill(client, "/about")
    words = six_words(client)
    client.cookies.clear()
    come_back(client, code, words)
    [later] = rows(service, DRAFT)
    assert later.expires_on == begun.expires_on


def test_the_tables_of_respondents_hold_no_time_order_or_address() -> None:
    forbidden = ("time", "date", "created", "updated", "_at", "ip", "agent", "email", "name", "seq", "number")
    for kept in (CODE, DRAFT, SESSION, RESPONSE, SUBMIT_KEY):
        assert not kept.foreign_keys, kept.name
        columns = {column.name for column in kept.columns} - {"expires_on", "ciphertext"}
        found = [name for name in columns for word in forbidden if word in name.split("_") or name == word]
        assert not found, (kept.name, found)
        assert kept.dialect_options["sqlite"]["with_rowid"] is False
