"""Two waves linked without identity: declared in time, asked of all, matched once; key and marks go."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import studies
from app.audit import verify
from app.cli import app as cli
from app.closing import maintenance
from app.closing.cleaning import scrub
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE
from app.db import is_sqlite, read, write
from app.errors import Refused
from app.main import create_app
from app.questionnaire.path import survey_paths
from app.runtime import Service, make_service
from app.studies import waves
from app.studies.linking.elements import ELEMENTS
from app.studies.linking.pairs import FEWEST_CODES, KEY, PAIR
from app.studies.paired_waves import pair_waves
from app.tables import SQLModel
from instrument import LEFT_BLANK
from tests.conftest import SECRET, Queries
from tests.lib.disk_bytes import stolen
from tests.lib.killed_maintenance import maintenance_killed
from tests.lib.linked_waves import EARLIER, LATER, close, declared, open_later, own, take_part, twice
from tests.lib.questionnaire_client import (
    MAX_STEPS,
    Screen,
    agree,
    enter,
    fill,
    filled_in,
    open_page,
    respond,
    submit,
)
from tests.lib.respondents import make_due, rows, state


@pytest.fixture
def paired(service: Service) -> Service:
    return declared(service)


def pair_ids(service: Service, wave: str) -> dict[bytes, object]:
    return {row.receipt_hmac: row.pair_id for row in rows(service, RESPONSE, wave=wave)}


def outcome(service: Service) -> object:
    [pair] = rows(service, PAIR)
    return pair.outcome


def nothing_left(service: Service) -> bool:
    return rows(service, KEY) == [] and {row.elements for row in rows(service, RESPONSE)} <= {None}


# ---- declaring and opening ----


@pytest.mark.parametrize("leaving", ["rows"])
@pytest.mark.parametrize(
    ("earlier", "later", "why"),
    [
        ("demo-1", "demo-2", "is open; it cannot become one of a pair"),
        (EARLIER, "twice-3", "one of a pair already"),
        (LATER, EARLIER, "no later collection"),
        ("twice-3", "twice-3", "no later collection"),
        ("twice-3", "demo-9", "no later collection"),
        ("twice-3", "twice-four", "no later collection"),
        ("twice-9", "twice-10", "there is no collection"),
    ],
)
def test_what_is_no_pair_of_waves_is_refused(
    paired: Service, study: str, earlier: str, later: str, why: str
) -> None:
    assert study
    with write(paired.engine) as db:
        waves.make_wave(paired, db, "twice")
    with pytest.raises(Refused, match=why), write(paired.engine) as db:
        pair_waves(paired, db, earlier, later)


def test_the_later_wave_may_be_prepared_in_its_time(paired: Service) -> None:
    with write(paired.engine) as db:
        third = waves.make_wave(paired, db, "twice")
        pair_waves(paired, db, third, "twice-07")
        fourth = waves.make_wave(paired, db, "twice")
    with pytest.raises(Refused, match="'twice-7' is one of a pair already"), write(paired.engine) as db:
        pair_waves(paired, db, fourth, "twice-7")
    assert [(row.earlier, row.later) for row in rows(paired, PAIR)] == [(EARLIER, LATER), (third, "twice-7")]
    keys = {row.key for row in rows(paired, KEY)}
    assert {len(key) for key in keys} == {32}
    assert len(keys) == 2


def test_two_waves_are_paired_by_a_command_that_says_what_it_costs(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="twice", title="Twice", simulated=True, leaving="rows")
        waves.make_wave(service, db, "twice")
    (tmp_path / "secret").write_text(SECRET.hex())
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("COUNTERPOISE_SECRET_FILE", str(tmp_path / "secret"))
    told = CliRunner().invoke(cli, ["wave", "pair", EARLIER, LATER])
    assert told.exit_code == 0
    assert "exported without context or unit" in told.output
    assert [(row.earlier, row.later) for row in rows(service, PAIR)] == [(EARLIER, LATER)]
    again = CliRunner().invoke(cli, ["wave", "pair", EARLIER, "twice-3"])
    assert again.exit_code == 2
    assert "a collection is in one pair alone" in again.output


def test_a_wave_of_a_pair_opens_from_30_codes_and_after_the_other(paired: Service) -> None:
    with write(paired.engine) as db:
        waves.issue_codes(paired, db, LATER, "south", FEWEST_CODES - 1)
    with pytest.raises(Refused, match="has to be closed first"), write(paired.engine) as db:
        waves.open_wave(paired, db, LATER)
    close(paired, EARLIER)
    with (
        pytest.raises(Refused, match="has 29 codes; it opens from 30"),
        write(paired.engine) as db,
    ):
        waves.open_wave(paired, db, LATER)
    with write(paired.engine) as db:
        waves.issue_codes(paired, db, LATER, "south", 1)
        assert waves.open_wave(paired, db, LATER) == "open"


# ---- matching ----


def test_who_comes_back_is_linked_though_two_answers_are_others(paired: Service) -> None:
    slips = {"house": LEFT_BLANK, "mother": "1"}
    here = [own(n, mother="2") for n in range(12)]
    again = [own(n, **slips) for n in range(8)]
    first, second = twice(paired, here, [*again, *(own(n) for n in range(100, 104))])
    one, other = pair_ids(paired, EARLIER), pair_ids(paired, LATER)
    for n in range(8):
        assert one[first[n]] == other[second[n]] is not None
    assert len({one[receipt] for receipt in first[:8]}) == 8
    assert {one[receipt] for receipt in first[8:]} | {other[receipt] for receipt in second[8:]} == {None}
    assert outcome(paired) == {
        "marked_earlier": 12, "marked_later": 12, "linked": 8, "ambiguous_earlier": 0, "ambiguous_later": 0,
    }  # fmt: skip
    assert nothing_left(paired)
    assert state(paired, LATER) == "closed"
    with read(paired.engine) as db:
        assert verify(paired.vault, db)


def test_a_third_other_answer_is_one_too_many(paired: Service) -> None:
    slips = {"house": LEFT_BLANK, "mother": "1", "father": "1"}
    twice(paired, [own(1, mother="2", father="2")], [own(1, **slips)])
    assert {*pair_ids(paired, EARLIER).values(), *pair_ids(paired, LATER).values()} == {None}


def test_twins_are_counted_and_linked_with_nobody(paired: Service) -> None:
    first, _ = twice(paired, [own(1), own(1, house="0"), own(2)], [own(1), own(2)])
    linked = pair_ids(paired, EARLIER)
    assert [linked[receipt] is not None for receipt in first] == [False, False, True]
    found = outcome(paired)
    assert (found["linked"], found["ambiguous_earlier"], found["ambiguous_later"]) == (1, 2, 1)


def test_marks_are_kept_under_the_key_and_nothing_else_of_the_choices(paired: Service) -> None:
    blank = dict.fromkeys(("house", "animal"), LEFT_BLANK)
    take_part(paired, EARLIER, [own(1, **blank), own(1, **blank), own(2, friend=LEFT_BLANK, **blank)])
    with write(paired.engine) as db:
        db.execute(update(KEY).values(key=b"k" * 32))
    take_part(paired, EARLIER, [own(1, **blank)])
    kept = rows(paired, RESPONSE)
    marks = Counter(None if row.elements is None else tuple(row.elements) for row in kept)
    assert sorted(marks.values()) == [1, 1, 2]
    assert marks[None] == 1, "five answers know nobody again"
    same, other = ([each for each in found if each] for found in marks if found)
    assert len(same) == len(other) == 6
    assert not set(same) & set(other), "another key makes other marks"
    assert {len(bytes.fromhex(mark)) for mark in same + other} == {16}
    assert not any(name in row.answers for row in kept for name in ELEMENTS)


def test_a_pair_of_too_few_codes_is_not_matched_and_says_so(paired: Service) -> None:
    take_part(paired, EARLIER, [own(1)])
    close(paired, EARLIER)
    open_later(paired)
    take_part(paired, LATER, [own(1)])
    with write(paired.engine) as db:
        spare = [row.hmac for row in rows(paired, CODE, wave=EARLIER)][:2]
        db.execute(delete(CODE).where(CODE.c.hmac.in_(spare)))
    close(paired, LATER)
    assert outcome(paired) == {"refused": "fewer than 30 codes"}
    assert set(pair_ids(paired, EARLIER).values()) == {None}
    assert nothing_left(paired)


def test_an_erased_answer_is_linked_with_nothing(paired: Service) -> None:
    first = take_part(paired, EARLIER, [own(1), own(2)])
    close(paired, EARLIER)
    with write(paired.engine) as db:
        db.execute(delete(RESPONSE).where(RESPONSE.c.receipt_hmac == first[0]))
    open_later(paired)
    second = take_part(paired, LATER, [own(1), own(2)])
    close(paired, LATER)
    linked = pair_ids(paired, LATER)
    assert [linked[receipt] is not None for receipt in second] == [False, True]


def test_a_retired_wave_ends_its_pair_and_the_other_asks_for_nothing(
    paired: Service, client: TestClient
) -> None:
    take_part(paired, EARLIER, [own(1)])
    close(paired, EARLIER)
    maintenance.retire(paired, EARLIER)
    assert outcome(paired) == {"refused": "the earlier collection was retired"}
    assert rows(paired, KEY) == []
    with write(paired.engine) as db:
        waves.open_wave(paired, db, LATER)
        [code] = waves.issue_codes(paired, db, LATER, "south", 1)
    enter(client, code)
    agree(client)
    assert fill(client, "/about") == "/page/1"


def test_where_a_pair_ends_while_people_answer_every_process_goes_on_with_them(
    paired: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that knew the pair asks no more a minute later; the other sends nobody to what is not asked."""
    take_part(paired, EARLIER, [own(1)])
    close(paired, EARLIER)
    open_later(paired)
    with write(paired.engine) as db:
        [code] = waves.issue_codes(paired, db, LATER, "south", 1)
    enter(client, code)
    agree(client)
    assert fill(client, "/about") == "/link"
    maintenance.retire(paired, EARLIER)
    other = make_service(paired.settings)
    application = create_app(paired.settings, other)
    with TestClient(application, base_url="http://127.0.0.1", follow_redirects=False) as another:
        another.cookies = client.cookies
        assert another.get("/link").headers["location"] == "/page/1"
        typed = dict.fromkeys(ELEMENTS, LEFT_BLANK)
        assert another.post("/link", data=typed).headers["location"] == "/page/1"
        monkeypatch.setattr("app.questionnaire.path.KEPT_SECONDS", 0.0)  # as a minute later
        survey_paths(paired).clear()
        assert client.get("/link").headers["location"] == "/page/1"
        screen, here = open_page(another, "http://127.0.0.1/page/1")
        turns = (client, another)
        for step in range(MAX_STEPS):
            if "receipt" in screen.text_of:
                break
            [form] = screen.forms
            screen, here = submit(turns[step % 2], here, form, filled_in(form, {}))
    other.engine.dispose()
    assert len([row for row in rows(paired, RESPONSE) if row.wave == LATER]) == 1


# ---- nothing is left ----


def files(service: Service, request: pytest.FixtureRequest) -> bytes:
    cluster = None if is_sqlite(service.engine) else request.getfixturevalue("postgres")
    return b"".join(stolen(service, cluster.data if cluster else Path()).values())


def test_key_and_marks_are_in_no_file_afterwards(paired: Service, request: pytest.FixtureRequest) -> None:
    """Neither those of a person who was linked with nobody, nor those of the earlier wave."""
    take_part(paired, EARLIER, [own(n) for n in range(6)])
    close(paired, EARLIER)
    open_later(paired)
    take_part(paired, LATER, [own(n) for n in range(3, 9)])
    [key] = [row.key for row in rows(paired, KEY)]
    marks = {mark.encode() for row in rows(paired, RESPONSE) for mark in row.elements}
    assert len(marks) > 50
    before = files(paired, request)
    assert key in before
    assert all(mark in before for mark in marks)
    close(paired, LATER)
    assert scrub(paired)
    after = files(paired, request)
    assert key not in after
    assert [mark for mark in marks if mark in after] == []


@pytest.fixture
def tended_until(url: str) -> Iterator[Callable[[int], int]]:
    with maintenance_killed(url) as tended:
        yield tended


def test_a_close_killed_anywhere_matches_once(paired: Service, tended_until: Callable[[int], int]) -> None:
    first = take_part(paired, EARLIER, [own(n) for n in range(4)])
    close(paired, EARLIER)
    open_later(paired)
    second = take_part(paired, LATER, [own(n) for n in range(4)])
    make_due(paired, LATER)
    seen = []
    step = 2 if is_sqlite(paired.engine) else 5  # each kill starts a process, which takes a second
    for number in range(0, 400, step):
        ended = tended_until(number)
        one, other = pair_ids(paired, EARLIER), pair_ids(paired, LATER)
        ids = [one[receipt] for receipt in first]
        assert ids == [other[receipt] for receipt in second]
        assert {None} == set(ids) or (len(set(ids)) == 4 and None not in ids)
        assert nothing_left(paired) == (None not in ids)
        seen.append(tuple(ids))
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert len(seen) > 25 / step
    assert len(set(seen)) == 2, "links are made once and stay"
    assert state(paired, LATER) == "closed"
    assert outcome(paired)["linked"] == 4


# ---- what a person sees ----


def test_one_page_more_says_why_and_can_be_left_blank(paired: Service, client: TestClient) -> None:
    with write(paired.engine) as db:
        [code] = waves.issue_codes(paired, db, EARLIER, "south", 1)
    enter(client, code)
    consent = client.get("/consent").text
    assert "This collection is one of two." in consent
    assert agree(client) == "/about"
    assert client.get("/link").headers["location"] == "/about"
    assert fill(client, "/about") == "/link"
    page = client.get("/link")
    assert len(page.content) <= 12 * 1024
    for words in ("scrambled mark", "all marks and the key are destroyed", "could test whether"):
        assert words in page.text
    [form] = Screen(page.text).forms
    assert list(form.choices) == list(ELEMENTS)
    for name in ELEMENTS:
        assert f'<label for="{name}">' in page.text
        assert f'<select id="{name}" name="{name}">' in page.text
    assert " selected" not in page.text
    nothing = dict.fromkeys(ELEMENTS, "")
    assert client.post("/link", data=nothing).headers["location"] == "/link#blank"
    assert "You left 8 questions blank" in client.get("/link").text
    assert client.post("/link", data=nothing).headers["location"] == "/page/1"


def test_choices_travel_sealed_and_in_the_page_and_only_marks_are_kept(
    paired: Service, client: TestClient
) -> None:
    with write(paired.engine) as db:
        codes = waves.issue_codes(paired, db, EARLIER, "south", 2)
    chosen = {**own(5), "own-animal": "another", "own-street": "Q"}
    receipts = [respond(client, code, answers=chosen) for code in codes]
    kept = rows(paired, RESPONSE)
    assert len(receipts) == len(kept) == 2
    assert kept[0].elements == kept[1].elements
    assert None not in kept[0].elements
    assert not set(ELEMENTS) & set(kept[0].answers)
    assert kept[0].answers["role"] == "supervisor"
    consented = {row.consent_hash for row in kept}
    survey = survey_paths(paired)[EARLIER]
    assert consented == {survey.consent("en").hash}


def test_what_was_chosen_is_shown_again_and_can_be_changed(paired: Service, client: TestClient) -> None:
    with write(paired.engine) as db:
        [code] = waves.issue_codes(paired, db, EARLIER, "south", 1)
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/link", **{**own(5), "own-street": "Q"})
    assert '<option value="Q" selected>Q</option>' in client.get("/link").text
    for number in range(1, 7):
        fill(client, f"/page/{number}")
    check = client.get("/check").text
    assert '<a href="/link">Change these answers</a>' in check
    assert '<dd>Q<input type="hidden" name="own-street" value="Q"></dd>' in check
    assert client.post("/link", data={"own-street": "QQ"}).status_code == 422
    assert client.post("/link", data={"own-house": "11"}).status_code == 422


def test_letters_chosen_in_another_script_stay_chosen(paired: Service, client: TestClient) -> None:
    with write(paired.engine) as db:
        [code] = waves.issue_codes(paired, db, EARLIER, "south", 1)
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/link", **own(5, street="Q"))
    client.post("/consent", data={"_language": "ar"})
    client.post("/ar/consent", data={"study": "yes"})
    page = client.get("/ar/link").text
    assert '<option value="Q" selected>Q</option>' in page
    assert '<option value="ب">ب</option>' in page


def test_a_wave_that_is_linked_with_nothing_asks_for_nothing(
    service: Service, client: TestClient, code: str, queries: Queries
) -> None:
    enter(client, code)
    assert "This collection is one of two." not in client.get("/consent").text
    agree(client)
    assert fill(client, "/about") == "/page/1"
    assert client.get("/link").status_code == 404
    assert client.post("/link", data={"own-street": "Q"}).status_code == 404
    for number in range(1, 7):
        fill(client, f"/page/{number}")
    [form] = Screen(client.get("/check").text).forms
    queries.clear()
    assert client.post("/send", data={**form.fields, "own-street": "Q"}).status_code == 200
    assert not any("pair" in statement.split("INSERT")[0] for statement in queries.statements)
    [kept] = rows(service, RESPONSE)
    assert (kept.elements, kept.pair_id) == (None, None)


def test_a_page_of_a_prepared_wave_is_not_remembered_as_unpaired(
    service: Service, client: TestClient
) -> None:
    """Somebody posts a made-up sheet to a wave that is being prepared; then it is paired and opened."""
    with write(service.engine) as db:
        studies.make_study(db, id="twice", title="Twice", simulated=True, leaving="rows")
        studies.add_unit(db, "twice", "south", "South")
        waves.make_wave(service, db, "twice")
    fields = {
        "_wave": EARLIER,
        "_key": "k" * 43,
        "_language": "en",
        "_consent": "c" * 64,
        "_purposes": "study",
    }
    assert client.post("/send", data=fields).status_code == 503
    with write(service.engine) as db:
        pair_waves(service, db, EARLIER, LATER)
        codes = waves.issue_codes(service, db, EARLIER, "south", FEWEST_CODES)
        waves.open_wave(service, db, EARLIER)
    enter(client, codes[0])
    agree(client)
    assert fill(client, "/about") == "/link"


def test_nothing_of_a_pair_is_in_a_respondents_table_but_marks_and_the_link() -> None:
    assert "key" not in SQLModel.metadata.tables["response"].columns
    assert SQLModel.metadata.tables["pair_key"].columns.keys() == ["earlier", "key"]
