"""What the law protects: asked of those who agree to it, kept apart, given out in a file of its own."""

import csv
import io
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from app import studies
from app.closing import digests, erasure, maintenance
from app.closing.digests import changed
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.db import read, write
from app.errors import Refused
from app.export.bundle import bundle, in_memory
from app.export.microdata import microdata
from app.operations.doctor import examine
from app.questionnaire.path import survey_path_of
from app.runtime import Service
from app.studies import waves
from app.studies.special import SPECIAL
from app.vault import read_code
from tests.lib import cohorts
from tests.lib.cohorts import close
from tests.lib.questionnaire_client import Screen, enter, fill, respond

WAVE = "trial-1"
FILE = f"special/{WAVE}_special.csv"


def make(service: Service, **how: Any) -> None:
    said = {"kind": "research", "leaving": "rows unwithheld", "special": tuple(SPECIAL), **how}
    with write(service.engine) as db:
        studies.make_study(
            db,
            id="trial",
            title="Trial",
            form="g",
            simulated=True,
            context=["role"],
            people=40,
            **said,
        )
        studies.add_unit(db, "trial", "all", "Everybody")
        waves.make_wave(service, db, "trial")
        waves.open_wave(service, db, WAVE)


def codes(service: Service, count: int) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, WAVE, "all", count)


def take_part(service: Service, client: TestClient, people: list[dict[str, Any] | None]) -> list[str]:
    """Each answers; those who are not None agree to the questions apart and answer them."""
    receipts = []
    for code, said in zip(codes(service, len(people)), people, strict=True):
        client.cookies.clear()
        receipts.append(respond(client, code, said or {}, archive=said is not None))
    return receipts


def rows(service: Service, which: Any) -> list[Any]:
    with read(service.engine) as db:
        return list(db.execute(select(which)))


def files(service: Service, **how: bool) -> dict[str, bytes]:
    with read(service.engine) as db:
        return in_memory(bundle(microdata(service, db, WAVE, **how)))


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def whole_file(found: dict[str, bytes]) -> bytes:
    [content] = [each for path, each in found.items() if path.endswith("_data.csv")]
    return content


def test_they_are_asked_last_of_those_alone_who_agree(service: Service, client: TestClient) -> None:
    make(service)
    for agreed, steps in (
        (True, ["/about", "/page/1", "/self", "/check"]),
        (False, ["/about", "/page/1", "/check"]),
    ):
        [code] = codes(service, 1)
        client.cookies.clear()
        enter(client, code)
        page = client.get("/consent").text
        assert "How old are you?" in page
        assert 'name="fairness"' in page
        assert 'name="archive"' not in page
        consent = {"study": "yes", **({"fairness": "yes"} if agreed else {})}
        here = client.post("/consent", data=consent).headers["location"]
        seen = [here]
        while here != "/check":
            here = fill(client, here)
            seen.append(here)
        assert seen == steps
        assert client.get("/self").status_code == (200 if agreed else 404)
        [check] = Screen(client.get("/check").text).forms
        assert client.post("/send", data=check.fields).status_code == 200
    assert len(rows(service, SPECIAL_ANSWER)) == 1
    assert not any(name in row.answers for row in rows(service, RESPONSE) for name in SPECIAL)


def test_who_takes_the_agreement_back_takes_the_answers_back(service: Service, client: TestClient) -> None:
    make(service)
    [code] = codes(service, 1)
    enter(client, code)
    here = client.post("/consent", data={"study": "yes", "fairness": "yes"}).headers["location"]
    while here != "/check":
        here = fill(client, here)
    assert "self-age" in client.get("/check").text
    assert client.post("/consent", data={"study": "yes"}).headers["location"] == "/check"
    [check] = Screen(client.get("/check").text).forms
    assert "self-age" not in check.fields
    sneaked = {**check.fields, "self-age": "under_25"}
    assert client.post("/send", data=sneaked).status_code == 200
    assert rows(service, SPECIAL_ANSWER) == []


def test_a_receipt_and_the_day_of_deletion_take_both_away(service: Service, client: TestClient) -> None:
    make(service)
    receipts = take_part(service, client, [{"self-age": "under_25"}] * 12)
    with write(service.engine) as db:
        assert erasure.erase(service, db, str(read_code(receipts[0])))
    assert len(rows(service, SPECIAL_ANSWER)) == len(rows(service, RESPONSE)) == 11
    before = {row.id for row in rows(service, SPECIAL_ANSWER)}
    close(service, WAVE)
    assert not before & {row.id for row in rows(service, SPECIAL_ANSWER)}
    maintenance.retire(service, WAVE)
    assert rows(service, SPECIAL_ANSWER) == rows(service, RESPONSE) == []


def test_the_doctor_finds_one_that_was_changed_and_an_erasure_is_no_damage(
    service: Service, client: TestClient
) -> None:
    make(service)
    receipts = take_part(service, client, [{"self-age": "under_25"}] * 11 + [None])
    close(service, WAVE)
    with write(service.engine) as db:
        for receipt in (receipts[0], receipts[-1]):
            assert erasure.erase(service, db, str(read_code(receipt)))
        assert changed(service, db) == []
        [one, *_, other] = db.execute(select(SPECIAL_ANSWER.c.id)).scalars()
        said = {**rows(service, SPECIAL_ANSWER)[0].answers, "self-age": "from_25"}
        for change in (update(SPECIAL_ANSWER).values(answers=said), delete(SPECIAL_ANSWER)):
            with db.begin_nested() as undone:
                db.execute(change.where(SPECIAL_ANSWER.c.id == one))
                assert changed(service, db) == [WAVE]
                undone.rollback()
        assert changed(service, db) == []
        db.execute(update(SPECIAL_ANSWER).where(SPECIAL_ANSWER.c.id == other).values(told={}))
    [check] = [each for each in examine(service) if each.name == "answers"]
    assert check.found == f"not as they were sent in {WAVE}"


def test_a_digest_of_responses_alone_is_no_damage_and_becomes_whole(
    service: Service, client: TestClient
) -> None:
    """As digests were before what is kept apart was in them."""
    make(service)
    receipts = take_part(service, client, [{"self-age": "under_25"}] * 12)
    close(service, WAVE)
    with write(service.engine) as db:
        of_old = digests._sum_of_responses(service.vault, db, WAVE).to_bytes(digests.BYTES, "big")
        db.execute(update(digests.DIGEST).values(sum=of_old))
        db.execute(delete(digests.SETTING).where(digests.SETTING.c.name == digests.WHOLE))
        assert changed(service, db) == []
        assert erasure.erase(service, db, str(read_code(receipts[0])))
        assert changed(service, db) == []
    maintenance.run_due_tasks(service)
    with write(service.engine) as db:
        assert changed(service, db) == []
        assert erasure.erase(service, db, str(read_code(receipts[1])))
        assert changed(service, db) == []
        db.execute(delete(SPECIAL_ANSWER))
        assert changed(service, db) == [WAVE]


def test_they_leave_in_a_file_of_their_own_by_the_row_of_the_same_export(
    service: Service, client: TestClient
) -> None:
    make(service)
    people: list[dict[str, Any] | None] = [
        {"self-age": "under_25", "self-gender": "man", "g_say": 3},
        *[{"self-age": "from_55", "g_say": 7}] * 11,
        *[None] * 3,
    ]
    take_part(service, client, people)
    close(service, WAVE)
    found = files(service)
    apart, whole = read_csv(found[FILE]), read_csv(whole_file(found))
    assert len(whole) == 15
    assert len(apart) == 12
    assert not any(name.startswith("self_") for name in whole[0])
    answers = {row["row_id"]: row["raw_g_say"] for row in whole}
    assert Counter((answers[row["row_id"]], row["self_age"]) for row in apart) == {
        ("3", "under_25"): 1,
        ("7", "from_55"): 11,
    }
    assert b"How old are you?" in found["special/codebook.csv"]


def test_where_rare_values_are_withheld_these_are_too(service: Service, client: TestClient) -> None:
    make(service, leaving="rows")
    people = [{"self-age": "under_25"}, *[{"self-age": "from_55"}] * 11]
    take_part(service, client, people)  # who agrees here agrees to an archive as well
    close(service, WAVE)
    ages = Counter(row["self_age"] for row in read_csv(files(service)[FILE]))
    assert "under_25" not in ages
    assert min(ages.values()) >= 5
    assert FILE not in files(service, archive=True)


def test_how_many_may_be_alone_counts_them(service: Service) -> None:
    make(service)
    with write(service.engine) as db:
        studies.make_study(
            db, id="less", title="L", kind="research", form="g", leaving="rows", people=40, context=["role"]
        )
        less = waves.make_wave(service, db, "less")
    with read(service.engine) as db:
        more, fewer = (survey_path_of(service, db, each).research for each in (WAVE, less))
    assert more is not None
    assert fewer is not None
    assert more.alone > 30 > fewer.alone


def test_a_cohort_study_asks_none_of_them(service: Service) -> None:
    said: dict[str, Any] = {"id": "x", "title": "X", "leaving": "rows", "simulated": True}
    for special, kind, why in (
        (("self-age",), "cohort", "only a research study asks"),
        (("self-income",), "research", "there is no question"),
    ):
        design = studies.Design(**said, kind=kind, special=special)
        with pytest.raises(Refused, match=why), write(service.engine) as db:
            studies.declare_study(service, db, design)


def test_paper_is_refused_where_they_are_asked(service: Service) -> None:
    """Paper has no page for what is agreed to separately."""
    make(service)
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, "trial")
    with pytest.raises(Refused, match="agree to separately"), write(service.engine) as db:
        waves.declare_paper(service, db, wave, paper=True)


def test_they_are_decided_apart_for_those_in_an_archive(service: Service) -> None:
    """Whoever has the archive's rows as well knows who is in it: of one answer five would be one and four."""
    make(service, leaving="rows")
    take_part_apart(service)
    close(service, WAVE)
    inside = {row.receipt_hmac: row.archived for row in rows(service, RESPONSE)}
    told = Counter(
        (inside[row.receipt_hmac], repr(sorted(row.told.items()))) for row in rows(service, SPECIAL_ANSWER)
    )
    assert {inside for inside, _ in told} == {True, False}
    assert min(told.values()) >= 5


def take_part_apart(service: Service) -> None:
    """Ten of the archive and ten others; one of the first and four of the others say something else."""
    names = {each: next(iter(SPECIAL[each].options)) for each in SPECIAL}
    for purposes, others in ((("study", "fairness", "archive"), 1), (("study", "fairness"), 4)):
        one, other, *_ = SPECIAL["self-gender"].options
        people = [
            {**names, "role": "supervisor", "self-gender": other if n < others else one} for n in range(10)
        ]
        cohorts.take_part(service, WAVE, "all", people, purposes=purposes)
