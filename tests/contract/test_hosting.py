"""A host runs studies on pages and sees no count, no answer and nobody; an opened design is locked."""

import io
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from analysis.disclosure.leaving import LEAVING
from app import studies
from app.audit import events
from app.cli import app as cli
from app.closing import maintenance
from app.closing.mixing import RESPONSE
from app.closing.snapshots import SNAPSHOT
from app.db import read, write
from app.errors import Refused
from app.hosting import wave_routes as hosting
from app.hosting.slips import Slips
from app.runtime import Service, now
from app.staff import accounts
from app.staff.accounts import STAFF_SESSION
from app.studies import waves
from app.studies.anonymity import LIMIT, AnonymityBudget, Asked
from app.studies.information import ENTRIES, example
from app.studies.study import STUDY, UNIT
from app.studies.waves import CODE, WAVE
from app.tables import RESPONDENT_TABLES, table
from app.vault import read_code
from tests.conftest import SECRET
from tests.lib.cohorts import close, take_part
from tests.lib.questionnaire_client import Screen, agree, enter, filled_in, respond
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

GOOD = {
    "form": "ppiq/a",
    "id": "spring",
    "title": "Spring placements",
    "people": "120",
    "k": "10",
    "leaving": "reports",
    "retire_on": "2099-12-31",
    "ask_role": "yes",
    "ask_length": "yes",
    "make": "yes",
}
TOLD = {name: text for name, text in example().items() if name in ENTRIES}
SURE = {"sure": "yes", "confirm_units": "yes", "confirm_people": "yes"}


@pytest.fixture
def host(service: Service, client: TestClient) -> TestClient:
    """Somebody who may make studies, signed in."""
    sign_in(service, client, ready(service, "hana", host="*"))
    return client


@pytest.fixture
def spring(host: TestClient) -> TestClient:
    """A study made on the pages, with two units."""
    assert host.post("/host/studies", data=GOOD).headers["location"] == "/host/studies/spring"
    for unit in (
        {"id": "college", "title": "The college", "level": "organisation"},
        {"id": "north", "title": "North team", "level": "unit", "parent": "college"},
        {"id": "south", "title": "South team", "level": "unit", "parent": "college"},
    ):
        assert host.post("/host/studies/spring/units", data=unit).status_code == 303
    assert host.post("/host/studies/spring/information", data=TOLD).status_code == 303
    return host


@pytest.fixture
def opened(spring: TestClient) -> TestClient:
    spring.post("/host/studies/spring/waves")
    assert spring.post("/host/waves/spring-1/open", data=SURE).status_code == 303
    return spring


def column(service: Service, what: Any) -> Any:
    with read(service.engine) as db:
        return db.execute(what).scalar()


# ---- the anonymity budget ----


def test_the_worst_case_is_the_worst_case() -> None:
    """No distribution of answers that was tried leaves more people alone than the budget says."""
    rng = random.Random(5)
    for people, kinds in ((2, 2), (10, 3), (10, 40), (60, 25), (300, 25)):
        bound = AnonymityBudget(people, (Asked("q", kinds),)).alone
        greatest = 0.0
        for trial in range(400):
            heavy = 10 ** rng.uniform(-2, 2)
            weights = [rng.gammavariate(1 / heavy, 1) + 1e-12 for _ in range(kinds)]
            if trial == 0:
                weights = [1.0] * kinds
            if trial == 1:
                weights = [1 / people] * (kinds - 1) + [max(1 - (kinds - 1) / people, 1e-9)]
            shares = [each / sum(weights) for each in weights]
            alone = sum(people * p * (1 - p) ** (people - 1) for p in shares)
            greatest = max(greatest, alone)
            assert alone <= bound + 1e-9
        assert greatest >= 0.6 * bound


@pytest.mark.parametrize(
    ("people", "answers", "alone"),
    [
        (100, (), 0.0),
        (1, (5,), 1.0),
        (2, (2,), 1.0),
        (30, (5,), 5 * (29 / 30) ** 29),
        (3, (9,), 3 * (8 / 9) ** 2),
    ],
)
def test_the_budget_in_cases_that_can_be_reckoned_by_hand(
    people: int, answers: tuple[int, ...], alone: float
) -> None:
    budget = AnonymityBudget(people, tuple(Asked("q", each) for each in answers))
    assert math.isclose(budget.alone, alone)
    assert budget.verdict.startswith("nothing is asked") == (not answers)


def budget_on(page: str) -> str:
    return re.search(r'<div id="budget" role="status">\s*<p[^>]*>(.*?)</p>', page, re.DOTALL).group(1)


def test_the_budget_says_how_many_people_it_takes_and_what_to_drop(host: TestClient) -> None:
    asked = GOOD | {"look": "yes"}
    del asked["make"]
    for people, said in (
        ("", "These questions need at least 93 people. Say how many you expect."),
        ("20", "these questions need at least 93 people; or leave out"),
        ("120", "They need at least 93 people."),
    ):
        page = host.post("/host/studies", data=asked | {"people": people})
        assert page.status_code == 200
        assert said in budget_on(page.text), people
    nothing = {name: value for name, value in asked.items() if not name.startswith("ask_")}
    assert "Nothing is asked" in budget_on(host.post("/host/studies", data=nothing).text)
    assert host.get("/host/studies/spring").status_code == 404, "to look makes nothing"


@pytest.mark.usefixtures("spring")
def test_a_design_that_is_changed_can_be_looked_at_and_is_not_saved(
    service: Service, host: TestClient
) -> None:
    before = host.get("/host/studies/spring").text
    page = host.post(
        "/host/studies/spring/design", data=GOOD | {"people": "20", "title": "Another name", "look": "yes"}
    )
    assert page.status_code == 200
    assert "need at least 93 people; or leave out" in budget_on(page.text)
    assert 'value="Another name"' in page.text
    assert "<details open>" in page.text
    assert host.get("/host/studies/spring").text == before
    with read(service.engine) as db:
        assert studies.the_study(db, "spring").people == 120


def test_a_study_says_whether_its_people_are_enough_for_its_units(spring: TestClient) -> None:
    assert "120 people over 2 units are 60 each: enough" in spring.get("/host/studies/spring").text
    for number in range(12):
        unit = {"id": f"u{number}", "title": f"Unit {number}", "level": "unit"}
        spring.post("/host/studies/spring/units", data=unit)
    page = spring.get("/host/studies/spring").text
    assert "120 people over 14 units are 8 each, fewer than 10." in page
    assert "It takes at least 140 people, or no more than 12 units." in page


def test_a_design_over_the_limit_is_refused_with_the_reason(host: TestClient) -> None:
    page = host.post("/host/studies", data=GOOD | {"people": "90"})
    assert page.status_code == 422
    assert f"more than {LIMIT:.0%} is refused" in page.text
    assert "25 combinations" in page.text
    assert 'value="Spring placements"' in page.text, "nothing that was typed is lost"
    assert host.get("/host/studies/spring").status_code == 404
    assert host.post("/host/studies", data=GOOD | {"people": "95"}).status_code == 303


def test_what_a_design_gives_away_can_be_seen_before_anything_is_made(host: TestClient) -> None:
    look = {name: value for name, value in GOOD.items() if name != "make"} | {"look": "yes", "people": "90"}
    page = host.post("/host/studies", data=look)
    assert page.status_code == 200
    assert "of 90 people up to 9.2 (10%)" in page.text.replace("Of", "of")
    refused = host.post("/host/studies", data=look | {"id": "Spring 1"}).text
    assert "cannot be a short name" in refused, "making would refuse it too"
    assert host.get("/host/studies/spring").status_code == 404


def test_no_wave_of_real_people_opens_without_a_budget(service: Service) -> None:
    with write(service.engine) as db:
        for name, how in (("none", {}), ("much", {"people": 100})):
            studies.make_study(db, id=name, title="Behind the pages' back", **how)
            studies.add_unit(db, name, "north", "North")
            waves.make_wave(service, db, name)
    for wave, why in (("none-1", "how many people"), ("much-1", "is refused")):
        with pytest.raises(Refused, match=why), write(service.engine) as db:
            waves.open_wave(service, db, wave)
        assert column(service, select(waves.WAVE.c.state).where(waves.WAVE.c.id == wave)) == "prepared"


# ---- making a study ----


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"k": "4"}, "4 is fewer"),
        ({"leaving": ""}, "what leaves the study, once and for good"),
        ({"leaving": "both"}, "what leaves the study, once and for good"),
        ({"k": "ten"}, "whole numbers"),
        ({"people": ""}, "whole numbers"),
        ({"people": "9" * 30}, "people at the most"),
        ({"id": "Spring 1"}, "cannot be a short name"),
        ({"title": " "}, "1 to 200 letters"),
        ({"retire_on": "2020-01-01"}, "come already"),
        ({"retire_on": "soon"}, "whole numbers"),
        ({"retire_on": ""}, "on which day the answers will be deleted"),
    ],
)
def test_what_cannot_be_is_refused_on_the_page(host: TestClient, change: dict[str, str], why: str) -> None:
    page = host.post("/host/studies", data=GOOD | change)
    assert page.status_code == 422
    assert why in page.text


def test_only_what_was_chosen_is_asked(service: Service, opened: TestClient, client: TestClient) -> None:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, "spring-1", "north", 1)
    client.cookies.clear()
    respond(client, code)
    [answers] = [column(service, select(RESPONSE.c.answers))]
    assert {"role", "length"} <= answers.keys()
    assert not {"frequency", "setting", "profession"} & answers.keys()
    assert opened


def test_the_maker_runs_it_and_nobody_else_does(
    service: Service, spring: TestClient, client: TestClient
) -> None:
    assert "Spring placements" in spring.get("/host").text
    sign_in(service, client, ready(service, "other", host="*"))
    assert "Spring" not in client.get("/host").text
    assert client.get("/host/studies/spring").status_code == 404


def test_a_unit_can_be_taken_back_until_the_first_wave_opens(spring: TestClient) -> None:
    below = spring.post("/host/studies/spring/units/remove", data={"unit": "college"})
    assert "stands below" in below.text
    assert spring.post("/host/studies/spring/units/remove", data={"unit": "south"}).status_code == 303
    assert "South team" not in spring.get("/host/studies/spring").text


def test_what_is_open_is_locked_and_says_so(service: Service, opened: TestClient) -> None:
    page = opened.get("/host/studies/spring").text
    assert page.count("Locked since") == 2
    assert "/units/remove" not in page
    assert "/design" not in page
    for path, data, why in (
        ("units", {"id": "east", "title": "East", "level": "unit"}, "have been fixed"),
        ("units/remove", {"unit": "south"}, "have been fixed"),
        ("design", GOOD | {"k": "5"}, "has been fixed"),
    ):
        refused = opened.post(f"/host/studies/spring/{path}", data=data)
        assert refused.status_code == 422
        assert why in refused.text
    assert column(service, select(studies.STUDY.c.k)) == 10


def test_the_design_can_be_changed_until_a_collection_is_prepared(
    service: Service, spring: TestClient
) -> None:
    assert spring.post("/host/studies/spring/design", data=GOOD | {"k": "12"}).status_code == 303
    assert column(service, select(studies.STUDY.c.k)) == 12
    over = spring.post("/host/studies/spring/design", data=GOOD | {"people": "50"})
    assert "is refused" in over.text
    assert column(service, select(studies.STUDY.c.people)) == 120


# ---- a wave ----


def test_a_prepared_collection_is_taken_back_until_a_code_exists(
    service: Service, spring: TestClient
) -> None:
    spring.post("/host/studies/spring/waves")
    assert "can be taken back" not in spring.get("/host/studies/spring").text  # one is prepared already
    assert "Take it back" in spring.get("/host/waves/spring-1").text
    taken = spring.post("/host/waves/spring-1/take-back", follow_redirects=False)
    assert taken.headers["location"] == "/host/studies/spring"
    assert spring.get("/host/waves/spring-1").status_code == 404
    assert "Until a code is made it can be taken back." in spring.get("/host/studies/spring").text
    spring.post("/host/studies/spring/waves")
    with write(service.engine) as db:
        waves.issue_codes(service, db, "spring-1", "north", 1)
    assert "Take it back" not in spring.get("/host/waves/spring-1").text
    refused = spring.post("/host/waves/spring-1/take-back")
    assert (refused.status_code, "people may hold them" in refused.text) == (422, True)


def test_a_study_is_tried_as_its_people_see_it_and_nothing_is_kept(
    service: Service, spring: TestClient
) -> None:
    address, before = "/host/studies/spring/try", kept_of_respondents(service)
    page = spring.get(address).text
    assert "This is a preview. Nothing that is chosen here is kept." in page
    assert "Back to the study</a>" in page
    assert "only for groups in which at least 10 people answered" in page
    while 'value="result"' not in page:
        [form] = Screen(page).forms
        page = spring.post(address, data={**form.fields, **filled_in(form, {})}).text
    assert "length" in Screen(page).forms[0].fields  # the study asks it
    page = spring.post(address, data={**Screen(page).forms[0].fields, "_go": "result"}).text
    assert "Your answers, by topic" in page
    assert kept_of_respondents(service) == before


def kept_of_respondents(service: Service) -> list[int]:
    with read(service.engine) as db:
        counts = (select(func.count()).select_from(table(each)) for each in RESPONDENT_TABLES)
        return [db.execute(each).scalar_one() for each in counts]


def test_a_study_is_copied_with_its_units_and_words(service: Service, spring: TestClient) -> None:
    given = {"id": "autumn", "title": "Autumn placements", "retire_on": "2099-12-31"}
    made = spring.post("/host/studies/spring/copy", data=given, follow_redirects=False)
    assert made.headers["location"] == "/host/studies/autumn"
    with read(service.engine) as db:
        old, new = (studies.the_study(db, each) for each in ("spring", "autumn"))
        same = ("instrument", "form", "k", "leaving", "context", "people", "information")
        assert [getattr(new, each) for each in same] == [getattr(old, each) for each in same]
        old_tree, new_tree = (
            [(unit.id, unit.title, unit.level, unit.parent) for unit in studies.units(db, each)]
            for each in ("spring", "autumn")
        )
        assert old_tree == new_tree
        assert waves.waves(db, "autumn") == []
    again = spring.post("/host/studies/spring/copy", data=given)
    assert (again.status_code, "already" in again.text) == (422, True)


def test_an_end_is_planned_in_a_time_zone_and_told_to_everyone(
    spring: TestClient, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[Slips] = []
    monkeypatch.setattr(hosting, "pdf", lambda page: printed.append(page) or b"")
    spring.post("/host/studies/spring/waves")
    end = {"day": "2098-07-01", "time": "17:30", "zone": "Europe/London"}
    for wrong, why in (
        ({"zone": "London"}, "time zone is named"),
        ({"zone": "../../etc/passwd"}, "time zone is named"),
        ({"time": "noon"}, "is a day and a time"),
        ({"day": "2020-01-01"}, "24 hours from now, so that"),
    ):
        refused = spring.post("/host/waves/spring-1/end", data=end | wrong)
        assert (refused.status_code, why in refused.text) == (422, True), why
    assert spring.post("/host/waves/spring-1/end", data=end).status_code == 303
    later = {**end, "day": "2098-07-02"}
    assert spring.post("/host/waves/spring-1/end", data=later).status_code == 303  # not open yet
    assert spring.post("/host/waves/spring-1/open", data=SURE).status_code == 303
    page = spring.get("/host/waves/spring-1").text
    assert page.count("2 July 2098, 17:30 (Europe/London)") >= 3  # state, invitation, reminder
    assert "24 hours from now" not in page
    assert page.index("Plan this end") < page.index("Make slips to print"), "the end stands on the slips"
    asked = {"unit": "north", "count": "1", "address": "https://q.example"}
    spring.post("/host/waves/spring-1/codes", data=asked)
    assert printed[0].ends == "2 July 2098, 17:30 (Europe/London)"
    assert (printed[0].title, printed[0].group) == ("Spring placements", "North team")
    client.post("/enter", data={"code": printed[0].slips[0].code})
    assert "This collection closes on 2 July 2098, 17:30 (Europe/London)." in client.get("/consent").text
    put_off = spring.post("/host/waves/spring-1/end", data={**end, "day": "2098-07-03"})
    assert (put_off.status_code, "already" in put_off.text) == (422, True)
    assert spring.post("/host/waves/spring-1/end", data=end).status_code == 303
    assert "closes on 1 July 2098, 17:30" in client.get("/consent").text


def test_a_batch_of_codes_is_cancelled_but_for_what_was_begun(
    service: Service, opened: TestClient, client: TestClient
) -> None:
    with write(service.engine) as db:
        first, second = waves.issue_codes(service, db, "spring-1", "north", 2)
        [other] = waves.issue_codes(service, db, "spring-1", "south", 1)
        north = next(each.id for each in waves.batches(db, "spring-1") if each.unit == "north")
    enter(client, first)
    agree(client)
    cancel = f"/host/waves/spring-1/codes/{north}/cancel"
    assert opened.post(cancel).status_code == 303
    page = opened.get("/host/waves/spring-1").text
    assert "2 for <bdi>North team</bdi>" in page
    assert page.count(">cancelled<") == 1
    assert client.get("/about").status_code == 200  # who had begun goes on
    refused = client.post("/enter", data={"code": second})
    assert refused.status_code == 422
    assert "ask whoever gave it to you for another one" in refused.text
    enter(client, other)
    assert opened.post(cancel).status_code == 422
    with read(service.engine) as db:
        assert events_of(db, "codes cancelled") == [{"wave": "spring-1", "unit": "north", "of": "2"}]


def events_of(db: Any, action: str) -> list[dict[str, str]]:
    told = (each.event for each in events(db) if each.event["action"] == action)
    return [{k: v for k, v in event.items() if k in ("wave", "unit", "of")} for event in told]


def test_how_many_answered_is_told_in_bands_after_the_close(service: Service, opened: TestClient) -> None:
    assert "had answered" not in opened.get("/host/waves/spring-1").text
    with write(service.engine) as db:
        waves.issue_codes(service, db, "spring-1", "north", 20)
    take_part(service, "spring-1", "north", of_one_mind(14, 2))  # each with a code of their own
    close(service, "spring-1")
    page = opened.get("/host/waves/spring-1").text
    assert "Of those with a code, had answered when it closed: 25 to 49 %." in page
    told = re.sub(r"It closed on [^.]*\.", "", page.partition("<main>")[2].partition("codes")[0])
    assert "It closed on" in page, "the minute or the day may be 14 too"
    assert not re.search(r"\b(14|34)\b(?! for)", told)


def test_a_refused_design_says_how_many_it_takes_or_what_to_leave_out(host: TestClient) -> None:
    asked = (Asked("role", 6), Asked("length", 7), Asked("setting", 9))
    budget = AnonymityBudget(200, asked)
    assert not budget.is_kept
    assert replace(budget, people=budget.fewest_people).is_kept
    assert not replace(budget, people=budget.fewest_people - 1).is_kept
    for each in asked:
        rest = tuple(other for other in asked if other != each)
        assert (each.question in budget.enough_to_drop) == replace(budget, asked=rest).is_kept
    page = host.post("/host/studies", data={**GOOD, "people": "60"})
    assert page.status_code == 422
    needed = re.search(r"need at least ([\d,]+) people", page.text)
    assert needed is not None
    enough = needed[1].replace(",", "")
    assert host.post("/host/studies", data={**GOOD, "people": str(int(enough) - 1)}).status_code == 422
    assert host.post("/host/studies", data={**GOOD, "people": enough}).status_code == 303


def test_a_study_is_deleted_until_a_collection_is_prepared(service: Service, spring: TestClient) -> None:
    assert spring.post("/host/studies/spring/delete").status_code == 422  # not sure
    assert spring.get("/host/studies/spring").status_code == 200
    spring.post("/host/studies/spring/waves")
    kept = spring.post("/host/studies/spring/delete", data={"sure": "yes"})
    assert (kept.status_code, "it has no collection" in kept.text) == (422, True)
    spring.post("/host/waves/spring-1/take-back")
    assert spring.post("/host/studies/spring/delete", data={"sure": "yes"}).status_code == 303
    assert spring.get("/host/studies/spring").status_code == 404
    with read(service.engine) as db:
        assert studies.units(db, "spring") == []
    assert spring.post("/host/studies", data=GOOD).status_code == 303  # its name is free


def test_a_study_is_deleted_with_its_reports_when_its_answers_are(
    service: Service, spring: TestClient
) -> None:
    delete = "/host/studies/spring/delete"
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, "spring")
        waves.open_wave(service, db, wave, elsewhere=True)
    take_part(service, wave, "north", of_one_mind(12, 2))
    close(service, wave)
    assert delete not in spring.get("/host/studies/spring").text
    assert spring.post(delete, data={"sure": "yes"}).status_code == 422
    with write(service.engine) as db:
        db.execute(update(STUDY).values(retire_on=now().date()))
    maintenance.run_due_tasks(service)
    assert column(service, select(func.count()).select_from(CODE)) == 0
    assert delete in spring.get("/host/studies/spring").text
    for seconds, leads_to in ((-1, "/staff/again?to=/host/studies/spring"), (60, "/host")):
        with write(service.engine) as db:
            db.execute(update(STAFF_SESSION).values(fresh_until=now() + timedelta(seconds=seconds)))
        assert spring.post(delete, data={"sure": "yes"}).headers["location"] == leads_to
    assert spring.get("/host/studies/spring").status_code == 404
    kept = (select(func.count()).select_from(each) for each in (STUDY, UNIT, WAVE, SNAPSHOT))
    assert [column(service, each) for each in kept] == [0] * 4


def test_a_host_gives_readers_their_role_and_none_to_themselves(service: Service, spring: TestClient) -> None:
    ready(service, "tara")
    give = {"name": "Tara", "role": "trainer"}
    assert spring.post("/host/studies/spring/roles", data=give).status_code == 303
    assert "Who reads it: <bdi>tara</bdi> (trainer)" in spring.get("/host/studies/spring").text
    for wrong, why in (
        ({"name": "hana"}, "of their own"),
        ({"role": "operator"}, "host gives the roles"),
        ({"role": "host"}, "host gives the roles"),
        ({"role": "researcher"}, "not both"),
        ({"name": "nobody"}, "no account"),
    ):
        refused = spring.post("/host/studies/spring/roles", data=give | wrong)
        assert (refused.status_code, why in refused.text) == (422, True), why
    assert spring.post("/host/studies/spring/roles/withdraw", data=give).status_code == 303
    with read(service.engine) as db:
        assert accounts.readers(db, "spring") == ()


def test_answers_are_deleted_before_their_day_by_two_people(service: Service, opened: TestClient) -> None:
    take_part(service, "spring-1", "north", of_one_mind(12, 2))
    close(service, "spring-1")
    sure, early = {"sure": "yes"}, "/host/waves/spring-1/early"
    assert opened.post("/host/waves/spring-1/retire", data=sure).status_code == 422
    assert "obody has asked" in opened.post(f"{early}/confirm", data=sure).text
    assert opened.post(f"{early}/ask").status_code == 422  # not sure
    assert opened.post(f"{early}/ask", data=sure).status_code == 303
    own = opened.get("/host/waves/spring-1").text
    assert "You have asked for it" in own
    assert f'action="{early}/confirm"' not in own
    assert "waits for a second person" in opened.get("/host/studies/spring").text
    assert "another person has to confirm" in opened.post(f"{early}/confirm", data=sure).text
    assert column(service, select(func.count()).select_from(RESPONSE)) == 12
    sign_in(service, opened, ready(service, "hugo", host="spring"))
    assert "hana has asked for it" in opened.get("/host/waves/spring-1").text
    assert opened.post(f"{early}/keep").status_code == 303
    assert "obody has asked" in opened.post(f"{early}/confirm", data=sure).text
    sign_in(service, opened, "hana")
    opened.post(f"{early}/ask", data=sure)
    sign_in(service, opened, "hugo")
    assert opened.post(f"{early}/confirm", data=sure).status_code == 303
    assert column(service, select(func.count()).select_from(RESPONSE)) == 0
    assert "is closed, and its answers are deleted" in opened.get("/host/waves/spring-1").text
    with read(service.engine) as db:
        told = [each.event for each in events(db) if each.event["action"].startswith("early deletion")]
    assert [each["action"].rpartition(" ")[2] for each in told] == [
        "asked",
        "withdrawn",
        "asked",
        "confirmed",
    ]
    assert told[-1]["asked by"] == "hana"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # no engine makes a PDF
@pytest.mark.usefixtures("opened")
def test_commands_print_what_the_study_asks_and_slips_that_name_it(
    service: Service, at_the_terminal: Callable[[str], Result], tmp_path: Path
) -> None:
    paper, slips = tmp_path / "paper.pdf", tmp_path / "slips.pdf"
    assert at_the_terminal(f"paper --study spring --out {paper}").exit_code == 0
    asked = " ".join(words_of(paper).split())
    words = service.instruments["ppiq"].words["a", "en"]
    assert words.question("length") in asked
    assert words.question("profession") not in asked
    made = at_the_terminal(
        f"codes spring-1 --count 1 --unit north --address https://q.example --slips {slips}"
    )
    assert made.exit_code == 0, made.output
    assert "Spring placements · North team" in words_of(slips)


def words_of(file: Path) -> str:
    return " ".join(each.extract_text() or "" for each in pypdf.PdfReader(file).pages)


@pytest.mark.usefixtures("opened")
def test_a_command_that_deletes_answers_asks_first(at_the_terminal: Callable[[str], Result]) -> None:
    asked = at_the_terminal("wave retire spring-1")
    assert asked.exit_code == 1
    assert "delete the answers of spring-1 for good?" in asked.output
    assert "kept until" not in asked.output
    assert "kept until" in at_the_terminal("wave retire spring-1 --yes").output


def test_opening_and_closing_ask_to_be_sure(spring: TestClient) -> None:
    spring.post("/host/studies/spring/waves")
    assert "cannot be taken back" in spring.post("/host/waves/spring-1/open", data={"x": ""}).text
    assert "is prepared" in spring.get("/host/waves/spring-1").text


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # no engine makes a PDF
def test_two_hundred_slips_come_as_a_pdf_once(service: Service, opened: TestClient) -> None:
    asked = {"unit": "north", "count": "200", "address": "https://q.example"}
    answer = opened.post("/host/waves/spring-1/codes", data=asked)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="spring-1_north_slips.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    codes = set(re.findall(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", text))
    assert len(codes) == 200
    with read(service.engine) as db:
        kept = set(db.execute(select(CODE.c.hmac).where(CODE.c.unit == "north")).scalars())
    assert kept == {service.vault.code_hmac(str(read_code(code))) for code in codes}
    page = opened.get("/host/waves/spring-1").text
    assert not any(code in page for code in codes)
    assert "200 for <bdi>North team</bdi>" in page
    assert 'lang="en"' in page


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("origin", ["https://questions.example", ""])
def test_what_a_request_says_of_itself_is_on_no_slip_and_no_page(
    service: Service, spring: TestClient, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    """Otherwise a host's browser that asks by another name would lead people to type their codes there."""
    printed: list[Slips] = []
    monkeypatch.setattr(hosting, "pdf", lambda page: printed.append(page) or b"")
    configured = replace(service, settings=replace(service.settings, origin=origin))
    monkeypatch.setattr(spring.app.state, "service", configured)
    spring.post("/host/studies/spring/waves")
    spring.post("/host/waves/spring-1/open", data=SURE)
    elsewhere = {"host": "elsewhere.example", "x-forwarded-host": "elsewhere.example"}
    page = spring.get("/host/waves/spring-1", headers=elsewhere).text
    assert "elsewhere.example" not in page
    assert (origin or "(the address on the slips)") in page
    asked = {"unit": "north", "count": "1"}
    answer = spring.post("/host/waves/spring-1/codes", data=asked, headers=elsewhere)
    assert answer.status_code == (200 if origin else 422)
    assert [slips.address for slips in printed] == [f"{origin}"] * bool(origin)
    if not origin:
        assert "the https address that people go to" in answer.text
        typed = {**asked, "address": "https://typed.example"}
        assert spring.post("/host/waves/spring-1/codes", data=typed).status_code == 200
        assert [slips.address for slips in printed] == ["https://typed.example"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"count": "0"}, "1 to 500"),
        ({"count": "501"}, "1 to 500"),
        ({"count": "many"}, "1 to 500"),
        ({"unit": "college"}, "no unit"),
        ({"unit": "elsewhere"}, "no unit"),
    ],
)
def test_codes_that_cannot_be_are_refused(
    service: Service, opened: TestClient, change: dict[str, str], why: str
) -> None:
    page = opened.post("/host/waves/spring-1/codes", data={"unit": "north", "count": "3"} | change)
    assert page.status_code == 422
    assert why in page.text
    assert column(service, select(func.count()).select_from(CODE)) == 0


def test_while_it_is_open_a_host_s_pages_are_the_same_whoever_answers(
    service: Service, opened: TestClient
) -> None:
    pages = ("/host", "/host/studies/spring", "/host/waves/spring-1", "/staff")
    with write(service.engine) as db:
        waves.issue_codes(service, db, "spring-1", "south", 37)
        codes = waves.issue_codes(service, db, "spring-1", "north", 23)
    before = [opened.get(path).text for path in pages]
    take_part(service, "spring-1", "north", of_one_mind(23, 2), codes=codes)
    assert [opened.get(path).text for path in pages] == before


@pytest.fixture
def at_the_terminal(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Result]:
    """The command, on the same database."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET.hex())
    secret.chmod(0o600)
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("COUNTERPOISE_SECRET_FILE", str(secret))
    return lambda line: CliRunner().invoke(cli, line.split())


@pytest.mark.usefixtures("opened")
def test_nor_does_a_command_tell_of_an_open_wave(
    service: Service, at_the_terminal: Callable[[str], Result], tmp_path: Path
) -> None:
    commands = (
        "study list",
        "report spring-1",
        "report spring-1 --json",
        f"export spring-1 --out {tmp_path}",
        "wave run-due-tasks",
        "wave open spring-1",
        "wave retire spring-1",
        "doctor",
    )
    before = [at_the_terminal(line).output for line in commands]
    take_part(service, "spring-1", "north", of_one_mind(23, 2))
    assert [at_the_terminal(line).output for line in commands] == before
    assert "no closed collection" in before[1]


@pytest.mark.usefixtures("spring")
def test_a_token_made_by_a_command_opens_until_a_command_ends_it(
    client: TestClient, at_the_terminal: Callable[[str], Result]
) -> None:
    token = at_the_terminal("token trainer --study spring").output.strip()
    shown = {"authorization": f"Bearer {token}"}
    assert client.get("/report", headers=shown).status_code == 200
    assert at_the_terminal("revoke trainer --study spring").output == "ended: 1\n"
    assert client.get("/report", headers=shown).status_code == 404
    assert "no token for a trainer" in at_the_terminal("revoke trainer --study spring").output


def test_pause_resume_and_the_announced_end(service: Service, opened: TestClient) -> None:
    assert opened.post("/host/waves/spring-1/pause").status_code == 303
    assert "is paused" in opened.get("/host/waves/spring-1").text
    assert "it cannot become paused" in opened.post("/host/waves/spring-1/pause").text
    assert opened.post("/host/waves/spring-1/resume").status_code == 303
    begun = now()
    assert opened.post("/host/waves/spring-1/close", data=SURE).status_code == 303
    closes = column(service, select(waves.WAVE.c.closes_at))
    assert begun <= closes - timedelta(hours=24) <= now()
    page = opened.get("/host/waves/spring-1").text
    assert "It closes on" in page
    assert "Close this collection" not in page
    maintenance.run_due_tasks(service)
    assert "is open" in opened.get("/host/waves/spring-1").text, "not before its time"
    close(service, "spring-1")
    assert "is closed" in opened.get("/host/waves/spring-1").text


def test_the_later_edition_of_a_form_is_listed_first_and_says_its_language(host: TestClient) -> None:
    listed = re.findall(
        r'<a href="/host/studies\?form=([\w/]+)">(.*?)</a>(.*?)</li>',
        host.get("/host/studies").text,
        re.DOTALL,
    )
    said = {form: name + beside for form, name, beside in listed}
    assert [form for form, _, _ in listed][:2] == ["ppiq/a2", "ppiq/a"]
    assert "form A, edition 2" in said["ppiq/a2"]
    assert " 1 question, in" in said["ppiq/g"]
    assert "in English, Cymraeg" in said["ppiq/a2"]
    assert "There is a later edition." in said["ppiq/a"]
    assert "Cymraeg" in said["ppiq/a"]
    first = {f"ppiq/{form}" for form in ("a", "b", "c", "s", "who_decides")}
    assert {form for form in said if "later edition" in said[form]} == first


def test_what_leaves_is_asked_with_what_it_means_and_nothing_chosen(host: TestClient) -> None:
    page = host.get("/host/studies?form=ppiq/a").text
    asked = page[page.index("What leaves this study") : page.index("Smallest group")]
    assert re.findall(r'name="leaving" value="([\w ]+)" required>', asked) == list(LEAVING)
    for whom in ("People", "Trainers", "Researchers"):
        assert asked.count(f"<strong>{whom}</strong>") == len(LEAVING)


@pytest.mark.parametrize(
    ("leaving", "told", "not_told"),
    [
        ("reports", "the report is made, once", "researchers may take them out"),
        ("rows", "researchers may take them out", "the report is made"),
    ],
)
def test_the_pages_of_a_wave_say_what_leaves_it(
    service: Service, host: TestClient, leaving: str, told: str, not_told: str
) -> None:
    host.post("/host/studies", data=GOOD | {"leaving": leaving})
    host.post("/host/studies/spring/units", data={"id": "north", "title": "North", "level": "unit"})
    host.post("/host/studies/spring/information", data=TOLD)
    host.post("/host/studies/spring/waves")
    assert "as what leaves the study" in host.get("/host/waves/spring-1").text
    host.post("/host/waves/spring-1/open", data=SURE)
    page = host.get("/host/waves/spring-1").text
    assert told in page
    assert not_told not in page
    assert ("Researchers may receive single sets of answers" in page) == (leaving == "rows")
    close(service, "spring-1")
    page = host.get("/host/waves/spring-1").text
    assert ("Its report can be read" in page) == (leaving == "reports")
    assert ("There is no report" in page) == (leaving == "rows")
    study = host.get("/host/studies/spring").text
    assert "What leaves this study" in study
    assert 'name="leaving"' not in study, "it is locked with the design"


def test_the_reminder_is_one_text_for_everyone(opened: TestClient) -> None:
    page = opened.get("/host/waves/spring-1").text
    reminder = page.partition('<textarea id="reminder-en"')[2].partition("</textarea>")[0]
    assert "Dear all" in reminder
    assert "If you have taken part already, thank you" in reminder
    assert "at least 10 people" in reminder


def test_an_invitation_is_there_in_every_language_of_the_slips(opened: TestClient) -> None:
    page = opened.get("/host/waves/spring-1").text
    for language, here in (("en", ""), ("cy", "/cy"), ("es", "/es"), ("ar", "/ar")):
        for kind in ("invitation", "reminder"):
            letter = page.partition(f'<textarea id="{kind}-{language}"')[2].partition("</textarea>")[0]
            assert f"http://127.0.0.1{here}" in letter, (kind, language)
            assert ("Taking part is your choice" in letter) == (language == "en"), (kind, language)
            assert "Spring placements" in letter


def test_answers_are_kept_until_the_declared_day_and_no_longer(service: Service, host: TestClient) -> None:
    day = now().date() + timedelta(days=30)
    host.post("/host/studies", data=GOOD | {"retire_on": day.isoformat()})
    host.post("/host/studies/spring/units", data={"id": "north", "title": "North", "level": "unit"})
    host.post("/host/studies/spring/information", data=TOLD)
    host.post("/host/studies/spring/waves")
    host.post("/host/waves/spring-1/open", data=SURE)
    take_part(service, "spring-1", "north", of_one_mind(12, 2))
    close(service, "spring-1")
    assert "are kept until" in host.post("/host/waves/spring-1/retire", data=SURE).text
    assert "Delete the answers" not in host.get("/host/waves/spring-1").text
    maintenance.run_due_tasks(service)
    assert column(service, select(func.count()).select_from(RESPONSE)) == 12
    with write(service.engine) as db:
        db.execute(update(studies.STUDY).values(retire_on=now().date()))
    maintenance.run_due_tasks(service)
    assert column(service, select(func.count()).select_from(RESPONSE)) == 0
    assert "is closed, and its answers are deleted" in host.get("/host/waves/spring-1").text


def test_without_a_declared_day_the_host_deletes_them(service: Service, opened: TestClient) -> None:
    """Studies that were made before a day had to be declared."""
    with write(service.engine) as db:
        db.execute(update(studies.STUDY).values(retire_on=None))
    take_part(service, "spring-1", "north", of_one_mind(12, 2))
    close(service, "spring-1")
    assert opened.post("/host/waves/spring-1/retire", data={"x": ""}).status_code == 422
    assert opened.post("/host/waves/spring-1/retire", data=SURE).status_code == 303
    assert column(service, select(func.count()).select_from(RESPONSE)) == 0


def test_whatever_a_host_does_is_written_down(service: Service, opened: TestClient) -> None:
    opened.post("/host/waves/spring-1/codes", data={"unit": "north", "count": "2"})
    opened.post("/host/waves/spring-1/pause")
    with read(service.engine) as db:
        told = [each.event for each in events(db)][1:]
    assert [each["action"] for each in told[2:]] == [
        "study made",
        "role given",
        *["unit declared"] * 3,
        "study described",
        "wave made",
        "wave opened",
        "codes issued",
        "wave paused",
    ]
    assert {each["by"] for each in told[2:]} == {"hana"}


def test_in_the_demonstration_a_study_is_simulated(url: str) -> None:
    from app.config import Settings
    from app.main import create_app
    from app.runtime import make_service
    from tests.conftest import SECRET

    settings = Settings(database_url=url, secret=SECRET, secure=False, demo=True)
    demo = make_service(settings)
    app = create_app(settings, demo)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        assert client.post("/host/studies", data=GOOD).status_code == 303
        assert "SIMULATED" in client.get("/host/studies/spring").text
    assert column(demo, select(studies.STUDY.c.simulated)) is True
    demo.engine.dispose()
