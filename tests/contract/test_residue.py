"""Deleted rows are in no file: neither in a free page nor in the write-ahead log."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, delete, insert, text

from app.closing import maintenance
from app.closing.cleaning import scrub
from app.closing.erasure import erase_row
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.db import is_sqlite, read, write
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies import waves
from tests.lib.disk_bytes import stolen
from tests.lib.respondents import answer, make_due, people, rows, sheet

WAVE = "demo-1"
CANARY = "canary-" + "k7w2" * 8
pytestmark = pytest.mark.usefixtures("study")
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""PostgreSQL overwrites the bytes of an erased row when a wave closes, if not before."""


def stored(service: Service, request: pytest.FixtureRequest) -> Mapping[str, bytes]:
    cluster = None if is_sqlite(service.engine) else request.getfixturevalue("postgres")
    return stolen(service, cluster.data if cluster else Path())


def occurrences(files: Mapping[str, bytes], needle: bytes) -> int:
    return sum(content.count(needle) for content in files.values())


def spelt(service: Service, number: UUID) -> bytes:
    return number.hex.encode() if is_sqlite(service.engine) else number.bytes


def test_after_the_close_nothing_is_left_of_what_was_purged(
    service: Service, request: pytest.FixtureRequest
) -> None:
    people(service, WAVE, finished=12, unfinished=5)
    gone = [
        *(spelt(service, row.id) for row in rows(service, RESPONSE)),
        *(row.ciphertext[:16] for row in rows(service, DRAFT)),
        *(row.token_hmac for row in rows(service, SESSION)),
        *(each for row in rows(service, SUBMIT_KEY) for each in (row.hmac, row.body_hmac)),
    ]
    codes = [row.hmac for row in rows(service, CODE)]
    assert len(gone) == 12 + 5 + 5 + 24
    files = stored(service, request)
    assert all(occurrences(files, each) for each in gone)
    assert sum(occurrences(files, each) for each in codes) > 17
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    files = stored(service, request)
    assert [each for each in gone if occurrences(files, each)] == []
    if is_sqlite(service.engine):
        with read(service.engine) as db:
            assert db.execute(text("PRAGMA freelist_count")).scalar() == 0
    in_index = 0 if is_sqlite(service.engine) else 1
    assert {occurrences(files, each) for each in codes} == {1 + in_index}


def with_canary(service: Service) -> Sheet:
    filled = sheet(service, WAVE, Random(3))
    return Sheet(**{**vars(filled), "answers": {**filled.answers, "role": CANARY}})


def erase_canary(service: Service) -> None:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, WAVE, "south", 1)
    receipt = answer(service, code, with_canary(service))
    people(service, WAVE, finished=2)
    with write(service.engine) as db:
        kept = RESPONSE.c.receipt_hmac == service.vault.receipt_hmac(receipt)
        assert db.execute(delete(RESPONSE).where(kept)).rowcount == 1


@on_sqlite
def test_an_erased_response_is_in_no_file_of_sqlite(service: Service, request: pytest.FixtureRequest) -> None:
    erase_canary(service)
    assert occurrences(stored(service, request), CANARY.encode())
    assert scrub(service)
    assert occurrences(stored(service, request), CANARY.encode()) == 0


@on_sqlite
def test_a_reader_keeps_an_erased_response_only_until_the_next_tend(
    service: Service, request: pytest.FixtureRequest
) -> None:
    with read(service.engine) as reader:
        rows_before = reader.execute(text("SELECT count(*) FROM response")).scalar()
        erase_canary(service)
        assert not scrub(service)
        assert reader.execute(text("SELECT count(*) FROM response")).scalar() == rows_before
    maintenance.run_due_tasks(service)
    assert occurrences(stored(service, request), CANARY.encode()) == 0


def moved_and_erased(service: Service, row: Row[Any], chance: Random) -> list[bytes]:
    """Add 900 responses like this one and erase 300 of them; return the ids of these, as they are stored."""
    own = [
        {
            "id": UUID(bytes=chance.randbytes(16)),
            "receipt_hmac": chance.randbytes(32),
            "answers": {"role": "x" * chance.randrange(20, 400)},
        }
        for _ in range(900)
    ]
    with write(service.engine) as db:
        db.execute(insert(RESPONSE), [{**row._mapping, **each} for each in own])
    scrub(service)
    gone = chance.sample(own, 300)
    with write(service.engine) as db:
        assert all(erase_row(service, db, each["receipt_hmac"]) for each in gone)
    assert scrub(service)
    return [each["id"].hex.encode() for each in gone]


@on_sqlite
def test_what_was_moved_between_pages_before_it_was_erased_leaves_no_copy(
    service: Service, request: pytest.FixtureRequest
) -> None:
    people(service, WAVE, finished=1)
    [row] = rows(service, RESPONSE)
    chance, ids = Random(2), list[bytes]()
    while not any(
        occurrences(stored(service, request), each) for each in ids
    ):  # not every erasure leaves one
        assert len(ids) < 20 * 300
        ids += moved_and_erased(service, row, chance)
    maintenance.run_due_tasks(service)
    files = stored(service, request)
    assert [each for each in ids if occurrences(files, each)] == []


def test_a_retired_wave_leaves_no_answer_in_a_file(service: Service, request: pytest.FixtureRequest) -> None:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, WAVE, "south", 1)
    answer(service, code, with_canary(service))
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert occurrences(stored(service, request), CANARY.encode())
    maintenance.retire(service, WAVE)
    assert occurrences(stored(service, request), CANARY.encode()) == 0
