"""Answers on paper go the way of answers on a screen, where that was declared, and no typist is kept."""

import io
import re
from collections.abc import Mapping
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from starlette.testclient import TestClient

from app import studies
from app.audit import events
from app.closing.erasure import erase
from app.closing.mixing import RESPONSE
from app.closing.snapshots import SNAPSHOT
from app.db import read, write
from app.errors import Refused
from app.languages import LANGUAGES
from app.paper_entry.entry import BEGUN, NO_CODE, NOT_DECLARED, NOT_OPEN, USED, type_in
from app.paper_entry.routes import NOT_AGREED
from app.questionnaire.path import survey_path_of
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.studies import waves
from app.studies.paired_waves import pair_waves
from app.studies.waves import CODE, PAPER
from app.tables import SQLModel
from app.vault import new_token, read_code
from instrument import LEFT_BLANK, RATHER_NOT_SAY
from tests.lib.cohorts import close, take_part
from tests.lib.questionnaire_client import Screen, agree, enter, filled_in, respond
from tests.lib.respondents import rows
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

pytestmark = pytest.mark.either

WAVE = "spring-1"
HERE = f"/host/waves/{WAVE}"


@pytest.fixture
def leaving() -> str:
    return "reports"


@pytest.fixture
def prepared(service: Service, client: TestClient, leaving: str) -> TestClient:
    """A host of a study with a wave that has not opened, and two units."""
    with write(service.engine) as db:
        studies.make_study(
            db, id="spring", title="Spring", simulated=True, leaving=leaving, people=200, context=["role"]
        )
        for unit in ("north", "south"):
            studies.add_unit(db, "spring", unit, unit.title())
        waves.make_wave(service, db, "spring")
    sign_in(service, client, ready(service, "hana", host="spring"))
    return client


@pytest.fixture
def host(service: Service, prepared: TestClient) -> TestClient:
    """The same, with a wave that takes paper and is open."""
    assert prepared.post(f"{HERE}/on-paper", data={"paper": "yes"}).status_code == 303
    with write(service.engine) as db:
        waves.open_wave(service, db, WAVE)
    return prepared


def codes(service: Service, count: int = 1, unit: str = "north") -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, WAVE, unit, count)


def paper(client: TestClient, code: str, given: Mapping[str, Any] = {}, **also: Any) -> dict[str, str]:
    """Fill in the page of a paper, the first answer where none is given."""
    [_leave, form] = Screen(client.get(f"{HERE}/paper").text).forms
    fields = {**form.fields, **filled_in(form, {"role": "supervisor", **given}), "code": code, **also}
    return {name: value for name, value in fields.items() if value is not None}


def look_over(client: TestClient, fields: Mapping[str, str]) -> dict[str, str]:
    """Send a filled-in page; return the fields of the page that it leads to."""
    page = client.post(f"{HERE}/paper", data=fields)
    assert page.status_code == 200, page.text
    return Screen(page.text).forms[1].fields


def everything(service: Service) -> dict[str, set[str]]:
    with read(service.engine) as db:
        return {
            name: {repr(tuple(row)) for row in db.execute(select(each))}
            for name, each in SQLModel.metadata.tables.items()
        }


def test_a_paper_is_kept_as_a_screen_is_but_for_its_layout(service: Service, host: TestClient) -> None:
    on_screen, on_paper = codes(service, 2)
    with TestClient(host.app, base_url="http://127.0.0.1", follow_redirects=False) as person:
        respond(person, on_screen, {"role": "supervisor"})
    ready_to_save = look_over(host, paper(host, on_paper))
    assert len(rows(service, RESPONSE)) == 1, "looking over saves nothing"
    saved = host.post(f"{HERE}/paper", data={**ready_to_save, "_go": "save"})
    assert saved.status_code == 200
    screen, typed = sorted(rows(service, RESPONSE), key=lambda row: row.layout == PAPER)
    assert typed.layout == PAPER != screen.layout
    apart = {"id", "receipt_hmac", "layout"}
    assert {name: typed._mapping[name] for name in typed._fields if name not in apart} == {
        name: screen._mapping[name] for name in screen._fields if name not in apart
    }
    assert {row.state for row in rows(service, CODE)} == {waves.FINISHED}
    receipt = Screen(saved.text).text_of["receipt"]
    assert "The paper was saved" in saved.text
    assert saved.text.count("<dt>") == len(typed.answers)
    numbers = re.findall(r'<dt><span class="number">(\d+)</span>', saved.text)
    assert numbers == [str(each) for each in range(1, 31)], "as on the paper"
    with write(service.engine) as db:
        assert erase(service, db, str(read_code(receipt)))
    assert [row.layout for row in rows(service, RESPONSE)] == [screen.layout]


def test_what_is_left_blank_and_what_was_said_is_saved_as_it_stands(
    service: Service, host: TestClient
) -> None:
    [code] = codes(service)
    item, *_, last = service.instruments["ppiq"].forms["a"].by_id
    form = paper(host, code, {item: None, last: 3, "role": RATHER_NOT_SAY})
    page = host.post(f"{HERE}/paper", data=form)
    assert "One is left blank" in page.text
    host.post(f"{HERE}/paper", data={**Screen(page.text).forms[1].fields, "_go": "save"})
    [kept] = rows(service, RESPONSE)
    assert (kept.answers[item], kept.answers[last], kept.answers["role"]) == (LEFT_BLANK, 3, RATHER_NOT_SAY)


def test_nothing_about_who_typed_is_written_anywhere(service: Service, host: TestClient) -> None:
    [code] = codes(service)
    fields = look_over(host, paper(host, code))
    before = everything(service)
    assert host.post(f"{HERE}/paper", data={**fields, "_go": "save"}).status_code == 200
    after = everything(service)
    changed = {name for name, told in after.items() if told != before[name]}
    assert changed == {"response", "code", "submit_key"}
    assert "hana" not in "".join(after["response"] | after["code"] | after["submit_key"])


def test_a_paper_that_is_saved_again_is_one_answer_and_shows_its_receipt_again(
    service: Service, host: TestClient
) -> None:
    [code] = codes(service)
    fields = {**look_over(host, paper(host, code)), "_go": "save"}
    first, second = (host.post(f"{HERE}/paper", data=fields) for _ in range(2))
    assert Screen(first.text).text_of["receipt"] == Screen(second.text).text_of["receipt"]
    assert len(rows(service, RESPONSE)) == 1
    item = next(iter(service.instruments["ppiq"].forms["a"].by_id))
    other = host.post(f"{HERE}/paper", data={**fields, item: "4"})
    assert other.status_code == 422
    assert USED[1:] in other.text
    assert len(rows(service, RESPONSE)) == 1


def test_what_cannot_be_saved_is_told_and_nothing_that_was_typed_is_lost(
    service: Service, host: TestClient
) -> None:
    unused, begun, used = codes(service, 3)
    with write(service.engine) as db:
        studies.make_study(db, id="other", title="Other", simulated=True)
        studies.add_unit(db, "other", "only", "Only")
        elsewhere = waves.make_wave(service, db, "other")
        [of_another] = waves.issue_codes(service, db, elsewhere, "only", 1)
    with TestClient(host.app, base_url="http://127.0.0.1", follow_redirects=False) as person:
        respond(person, used)
        enter(person, begun)
        agree(person)
        typed = paper(host, "nothing", power_c1=3)
        page = host.post(f"{HERE}/paper", data=typed)
        assert page.status_code == 422
        assert NO_CODE[1:] in page.text
        for code, said in ((of_another, NO_CODE), (begun, BEGUN), (used, USED)):
            looked_over = look_over(host, paper(host, code, power_c1=3))  # tells nothing of the code
            page = host.post(f"{HERE}/paper", data={**looked_over, "_go": "save"})
            assert page.status_code == 422
            assert said[1:] in page.text
            assert f'value="{code}"' in page.text
            assert page.text.count(" checked") > 20
        assert person.get("/about").status_code == 200, "what was begun on the screen goes on"
    page = host.post(f"{HERE}/paper", data=paper(host, unused, study=None))
    assert page.status_code == 422
    assert NOT_AGREED[1:] in page.text
    assert len(rows(service, RESPONSE)) == 1


def test_what_no_page_sends_is_refused(service: Service, host: TestClient) -> None:
    [code] = codes(service)
    typed = paper(host, code)
    looked_over = {**look_over(host, typed), "_go": "save"}
    item = next(iter(service.instruments["ppiq"].forms["a"].by_id))
    wrong = (
        {**typed, item: "99"},
        {**typed, "role": "nobody"},
        {**typed, "_key": "x"},
        {**typed, "_language": "xx"},
        {**looked_over, "_wave": "other-1"},
        {**looked_over, "_consent": "0" * 64},
        {**looked_over, "_language": "xx"},
        {**looked_over, "code": "x"},
        {name: value for name, value in looked_over.items() if name != item},
    )
    for fields in wrong:
        assert host.post(f"{HERE}/paper", data=fields).status_code == 422
    assert rows(service, RESPONSE) == []


def test_to_change_something_and_to_clear_an_answer_keep_the_rest(service: Service, host: TestClient) -> None:
    [code] = codes(service)
    item = next(iter(service.instruments["ppiq"].forms["a"].by_id))
    typed = paper(host, code, {item: 4})
    back = host.post(f"{HERE}/paper", data={**look_over(host, typed), "_go": "change"})
    fields = Screen(back.text).forms[1].fields
    assert {name: fields[name] for name in typed if name != "code"} == {
        name: value for name, value in typed.items() if name != "code"
    }
    assert read_code(fields["code"]) == read_code(code)
    cleared = host.post(f"{HERE}/paper", data={**typed, "_clear": item})
    assert cleared.status_code == 200
    assert Screen(cleared.text).forms[1].fields.keys() == typed.keys() - {item}


def test_a_wave_that_has_not_declared_it_takes_no_paper(service: Service, prepared: TestClient) -> None:
    with write(service.engine) as db:
        waves.open_wave(service, db, WAVE)
    [code] = codes(service)
    assert "declared before a collection opens" in prepared.get(HERE).text
    for answer in (
        prepared.get(f"{HERE}/paper"),
        prepared.post(f"{HERE}/paper", data={"code": code}),
        prepared.get(f"{HERE}/paper.pdf"),
    ):
        assert answer.status_code == 422
        assert NOT_DECLARED[1:] in answer.text
    late = prepared.post(f"{HERE}/on-paper", data={"paper": "yes"})
    assert late.status_code == 422
    with read(service.engine) as db:
        assert not waves.the_wave(db, WAVE).paper
        assert "paper" not in survey_path_of(service, db, WAVE).consent("en").text


@pytest.mark.parametrize("state", [waves.PREPARED, waves.PAUSED, "closed"])
def test_it_takes_paper_only_while_it_takes_answers(
    service: Service, prepared: TestClient, state: str
) -> None:
    prepared.post(f"{HERE}/on-paper", data={"paper": "yes"})
    [code] = codes(service)
    with write(service.engine) as db:
        if state != waves.PREPARED:
            waves.open_wave(service, db, WAVE)
        if state == waves.PAUSED:
            waves.pause_wave(service, db, WAVE)
    if state == "closed":
        close(service, WAVE)
    for answer in (prepared.get(f"{HERE}/paper"), prepared.post(f"{HERE}/paper", data={"code": code})):
        assert answer.status_code == 422
        assert NOT_OPEN[1:] in answer.text


@pytest.mark.parametrize("leaving", ["rows with units"])
def test_a_wave_that_is_linked_takes_no_paper(service: Service, prepared: TestClient) -> None:
    prepared.post(f"{HERE}/on-paper", data={"paper": "yes"})
    with write(service.engine) as db:
        waves.make_wave(service, db, "spring")
        pair_waves(service, db, WAVE, "spring-2")
        assert not survey_path_of(service, db, WAVE).paper
        with pytest.raises(Refused, match="read the choices that link people"):
            waves.declare_paper(service, db, WAVE, paper=True)
    codes(service, waves.FEWEST_CODES)
    with write(service.engine) as db:
        waves.open_wave(service, db, WAVE)
    page = prepared.get(f"{HERE}/paper")
    assert page.status_code == 422
    assert "choices that link people" in page.text


def test_everybody_in_the_wave_is_told_before_they_agree_and_on_the_paper(
    service: Service, host: TestClient
) -> None:
    [code] = codes(service)
    enter(host, code)
    told = host.get("/consent").text
    assert "Whoever types a paper in reads its answers and its code" in told
    assert "fewer than 10 on a screen counts as too small" in told
    with read(service.engine) as db:
        survey = survey_path_of(service, db, WAVE)
    printed = host.get(f"{HERE}/paper.pdf")
    assert printed.headers["content-type"] == "application/pdf"
    words = " ".join(
        " ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(printed.content)).pages
    )
    for sentence in survey.consent("en").text.split(". "):
        assert " ".join(sentence.split()[-6:]) in words
    assert "Your code, from your slip" in words
    english = survey.words["en"]
    assert english.question("role") in words
    assert english.question("length") not in words, "only what this study asks"
    assert "SIMULATED" in words
    assert host.get(f"{HERE}/paper.pdf?language=xx").status_code == 404


def test_a_paper_is_typed_in_in_each_language_that_the_wave_has(service: Service, host: TestClient) -> None:
    for language in LANGUAGES:
        page = host.get(f"{HERE}/paper?language={language}")
        assert page.status_code == 200
        assert f'<div lang="{language}" dir="{LANGUAGES[language].direction}">' in page.text
    assert host.get(f"{HERE}/paper?language=xx").status_code == 404
    [code] = codes(service)
    [_leave, form] = Screen(host.get(f"{HERE}/paper?language=ar").text).forms
    fields = {**form.fields, **filled_in(form, {}), "code": code}
    host.post(f"{HERE}/paper", data={**look_over(host, fields), "_go": "save"})
    [kept] = rows(service, RESPONSE)
    with read(service.engine) as db:
        consent = survey_path_of(service, db, WAVE).consent("ar")
    assert (kept.language, kept.consent_hash) == ("ar", consent.hash)


def test_the_trail_says_that_paper_was_declared_and_not_each_paper(
    service: Service, prepared: TestClient
) -> None:
    for paper_too in ("yes", "no"):
        assert prepared.post(f"{HERE}/on-paper", data={"paper": paper_too}).status_code == 303
        with read(service.engine) as db:
            said = list(events(db))[-1].event
        assert said == {"action": "paper declared", "wave": WAVE, "paper": paper_too, "by": "hana"}


def papers(service: Service, unit: str, people: list[dict[str, int]]) -> None:
    for code, answers in zip(codes(service, len(people), unit), people, strict=True):
        form = service.instruments["ppiq"].forms["a"]
        given = {**dict.fromkeys(("role", *form.by_id), RATHER_NOT_SAY), **answers}
        sheet = Sheet(
            wave=WAVE,
            key=new_token(),
            language="en",
            consent="c" * 64,
            purposes=("study",),
            answers=given,
        )
        with write(service.engine) as db:
            type_in(service, db, sheet, str(read_code(code)))


@pytest.mark.parametrize("leaving", ["reports", "rows"])
@pytest.mark.parametrize(
    ("on_screen", "on_paper", "counts"),
    [
        (9, 6, False),
        (1, 14, False),
        (10, 6, True),
        (0, 15, True),
        (10, 0, True),
        (9, 0, False),
        (0, 9, False),
    ],
)
@pytest.mark.usefixtures("host")
def test_a_group_counts_by_those_whose_answers_nobody_has_typed(
    service: Service, on_screen: int, on_paper: int, counts: bool
) -> None:
    if on_screen:
        take_part(service, WAVE, "south", of_one_mind(on_screen, 2))
    if on_paper:
        papers(service, "south", of_one_mind(on_paper, 2))
    take_part(service, WAVE, "north", of_one_mind(12, 2))
    close(service, WAVE)
    [snapshot] = rows(service, SNAPSHOT)
    used = {unit for _wave, unit in snapshot.base_table["used"]}
    assert used == ({"north", "south"} if counts else {"north"})
