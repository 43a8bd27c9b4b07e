"""What a report says on the strength of evidence alone: its precision, units side by side, a change.

It says so exactly where evidence of the last stage, of the form, edition, languages and population that were
asked, held when the collection closed and holds today. A dossier of that stage takes minutes to make, so the
registry gets one of the first stage, by its real road, whose row is then raised.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app import studies
from app.closing import maintenance
from app.closing.snapshots import SNAPSHOT
from app.db import read, write
from app.errors import Refused
from app.evidence import registry
from app.evidence.standing import EVIDENCE
from app.languages import LANGUAGES
from app.questionnaire.path import survey_path_of
from app.report.stored import page_for, stored_report
from app.report.text import report_json, report_pdf, report_text
from app.runtime import Service
from app.staff.authorise import Staff
from app.studies import waves
from instrument import ppiq
from tests.lib.cohorts import close, signed_in, take_part
from tests.lib.dossiers import BEA, add_dossier, confirm_dossier, make_dossier
from tests.lib.staff_accounts import EVERYWHERE, ready
from tests.privacy.organisations import person

POPULATION = "SIMULATED people"
ERRORS = {f"sem:{each}": 8.0 for each in ppiq().key.subscales("a")}
NUMBERS = {"south": 44, "north": 32, "east": 12}
SAYS_NOTHING = (
    "The precision of the questionnaire itself is unknown",
    "Units may not be compared, and no change over time can be read",
    "They are not to be laid side by side",
)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """One engine is enough: what is kept and shown is made without the database."""
    return sqlite_url


@pytest.fixture(scope="module")
def dossier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    make_dossier(folder)
    return folder


Register = Callable[..., str]


@pytest.fixture
def register(service: Service, dossier: Path) -> Register:
    def add(*, stage: str = "precision", confirmed: bool = True) -> str:
        for name in ("ada", "bea"):
            ready(service, name, operator=EVERYWHERE)
        seal = add_dossier(service, dossier)
        if confirmed:
            confirm_dossier(service, seal)
        with write(service.engine) as db:
            found = db.execute(select(EVIDENCE.c.figures)).scalar_one()
            raised = {**found, "confirmatory_n": 500, "cfi": 0.97, "rmsea": 0.04, "srmr": 0.04, "omega": 0.8}
            raised |= {"retest_n": 120, "icc": 0.82, **ERRORS}
            db.execute(update(EVIDENCE).values(stage=stage, figures=raised))
        return seal

    return add


def declare(service: Service, population: str = POPULATION) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True, population=population)
        studies.add_unit(db, "demo", "org", "Organisation", level="organisation")
        for unit in NUMBERS:
            studies.add_unit(db, "demo", unit, unit.title(), parent="org")


def collect(
    service: Service,
    seed: int,
    numbers: Mapping[str, int] = NUMBERS,
    *,
    languages: Sequence[str] = ("en",),
    closed: bool = True,
) -> str:
    """Let so many people of each unit answer in a collection of their own, and close it."""
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, "demo", languages=languages)
        waves.open_wave(service, db, wave, confirmed=waves.CONFIRMATIONS)
    chance = Random(seed)
    for unit, number in numbers.items():
        take_part(service, wave, unit, [person(chance, 2.0) for _ in range(number)])
    if closed:
        close(service, wave)
    return wave


def page_of(client: TestClient, wave: str, unit: str = "") -> str:
    answer = client.get(f"/report/waves/{wave}{f'/units/{unit}' if unit else ''}")
    assert answer.status_code == 200
    return words(answer.text)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def section(page: str, title: str) -> str:
    return page.partition(f">{title}</h2>")[2].partition("</section>")[0]


def kept(service: Service, wave: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report_json(service, wave))
    return found


def nodes(report: Mapping[str, Any]) -> dict[str, Any]:
    return {each["id"]: each for each in report["nodes"]}


def without_evidence(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report with nothing in it that evidence adds."""
    told = json.loads(json.dumps(report))
    told["about"] |= {"basis": None, "lacking": ""}
    for node in told["nodes"]:
        node["change"] = None
        for line in (*node["facets"], *node["totals"]):
            line |= {"error": None, "of_few": False}
    return dict(told)


# ---- with evidence ----


@pytest.fixture
def compared(service: Service, client: TestClient, register: Register) -> TestClient:
    """Two collections that closed while evidence held, read by a trainer of all units."""
    register()
    declare(service)
    collect(service, 1)
    collect(service, 2)
    signed_in(service, client, "trainer", "demo")
    return client


def test_each_figure_has_its_error_of_measurement(service: Service, compared: TestClient) -> None:
    south = nodes(kept(service, "demo-2"))["south"]
    exact = [each for each in south["facets"] if each["figure"].get("bound") == "exact"]
    # 1.96 * 8 / √35, rounded up: 44 people answered, and the facet that some left out has the fewest.
    assert {each["error"] for each in exact} == {2.7}
    page = page_of(compared, "demo-2", "south")
    assert "within ± 15.7 points of what it would be without error" in page
    assert "Two answers of a person in whom nothing has changed differ by fewer than 22.2 points" in page
    assert "± 2.7" in page
    assert f"; {POPULATION}" in page
    assert not any(sentence in page for sentence in SAYS_NOTHING)
    assert "error of measurement ± 2.7" in report_text(service, "demo-2", "south")
    assert "error of measurement ± 2.7" in words(
        compared.get("/report/waves/demo-2/units/south/discuss").text
    )


def test_units_of_twenty_stand_side_by_side_by_their_names_and_no_smaller_one(
    service: Service, compared: TestClient
) -> None:
    page = compared.get("/report/waves/demo-2").text
    beside = section(page, "Units side by side")
    units = re.findall(r'<th scope="row"><bdi>([^<]+)</bdi></th>', beside)
    assert units == ["North", "South"] * 7
    found = nodes(kept(service, "demo-2"))
    for each in found["north"]["facets"]:
        value = each["figure"].get("value")
        assert ("cannot be shown" if value is None else f"{value:.1f}") in beside
    assert "no ranking" in beside
    assert "Not beside them, with fewer than 20 people: East." in beside
    text = report_text(service, "demo-2")
    assert "Units side by side" in text
    assert "East:" not in text
    assert "side by side" not in page_of(compared, "demo-2", "south")


def test_a_trainer_of_named_units_lays_no_other_beside_them(service: Service, compared: TestClient) -> None:
    assert "North" in section(compared.get("/report/waves/demo-2").text, "Units side by side")
    named = Staff(
        role="trainer", name="t", studies=frozenset({"demo"}), units={"demo": frozenset({"org", "south"})}
    )
    with read(service.engine) as db:
        told = stored_report(service, db, "demo-2", named)
    assert told is not None
    page: Any = page_for(service, told, "org")
    assert page.compared.beside == ()
    assert "it takes 2 of them" in page.compared.no_beside


def test_a_change_is_the_difference_of_two_reports_and_nothing_else(
    service: Service, compared: TestClient
) -> None:
    first, second = nodes(kept(service, "demo-1")), nodes(kept(service, "demo-2"))
    assert {name: each["change"]["reason"] for name, each in first.items()} == dict.fromkeys(first, "first")
    assert second["east"]["change"] == {"reason": "too few people"}
    for name in ("org", "north", "south"):
        change = second[name]["change"]
        assert (change["wave"], change["ordinal"]) == ("demo-1", 1)
        lines = zip(
            (*first[name]["facets"], *first[name]["totals"]),
            (*second[name]["facets"], *second[name]["totals"]),
            change["lines"],
            strict=True,
        )
        for then, now, less in lines:
            if {then["figure"].get("bound"), now["figure"].get("bound")} == {"exact"}:
                assert less["figure"]["value"] == pytest.approx(
                    now["figure"]["value"] - then["figure"]["value"]
                )
    page = compared.get("/report/waves/demo-2/units/south").text
    shown = section(page, "Beside the collection before")
    assert "Then is collection 1" in shown
    beyond = shown.count("more than chance and error make by themselves")
    assert ("Of no figure a change can be told" in shown) == (not beyond)
    assert shown.count("no change can be told") + shown.count("more than chance and error") == 7
    assert "it takes 20 people in both collections" in page_of(compared, "demo-2", "east")
    assert "this is the first collection" in page_of(compared, "demo-1", "south")


def test_every_file_says_what_the_page_says(service: Service, compared: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(compared.get("/report/waves/demo-2/units/south.csv").text)))
    change = nodes(kept(service, "demo-2"))["south"]["change"]["lines"]
    told = [(row["id"], row["value"], row["less_than_in"]) for row in rows if row["kind"] == "change"]
    assert told == [
        (each["id"], f"{each['figure']['value']:g}" if "value" in each["figure"] else "", "demo-1")
        for each in change
    ]
    assert {row["told"] for row in rows if row["kind"] == "change"} <= {"yes", "no"}
    east = csv.DictReader(io.StringIO(compared.get("/report/waves/demo-2/units/east.csv").text))
    assert [row["not_shown_because"] for row in east if row["kind"] == "change"] == ["too few people"]
    assert {row["error_of_measurement"] for row in rows if row["kind"] == "facet"} & {"2.7"}
    [south] = compared.get("/report/waves/demo-2/units/south.json").json()["nodes"]
    assert south["change"]["lines"] == change
    printed = words(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(service, "demo-2"))).pages)
    )
    for sentence in ("Units side by side", "Beside the collection before", "Error of measurement"):
        assert sentence in printed
    slides = compared.get("/report/waves/demo-2/units/south/slides.pdf").content
    assert "In collection 1 it was" in words(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(slides)).pages)
    )


# ---- without ----


def other_population(service: Service, register: Register) -> None:
    register()
    declare(service, "Other people")
    collect(service, 1)


def no_population(service: Service, register: Register) -> None:
    register()
    declare(service, "")
    collect(service, 1)


def earlier_stage(service: Service, register: Register) -> None:
    register(stage="structure")
    declare(service)
    collect(service, 1)


def one_account(service: Service, register: Register) -> None:
    register(confirmed=False)
    declare(service)
    collect(service, 1)


def no_error(service: Service, register: Register) -> None:
    """As evidence was before it had errors of measurement."""
    register()
    with write(service.engine) as db:
        figures = db.execute(select(EVIDENCE.c.figures)).scalar_one()
        db.execute(update(EVIDENCE).values(figures={k: v for k, v in figures.items() if k not in ERRORS}))
    declare(service)
    collect(service, 1)


def more_languages(service: Service, register: Register) -> None:
    register()
    declare(service)
    collect(service, 1, languages=("en", "cy"))


def after_the_close(service: Service, register: Register) -> None:
    declare(service)
    collect(service, 1)
    register()
    maintenance.run_due_tasks(service)


def withdrawn(service: Service, register: Register) -> None:
    seal = register()
    declare(service)
    collect(service, 1)
    assert kept(service, "demo-1")["about"]["basis"]
    with write(service.engine) as db:
        registry.withdraw(service, db, seal[:16], BEA, "The answers had been copied.")


ABSENT: dict[Callable[[Service, Register], None], str] = {
    other_population: "evidence of one population says nothing of another",
    no_population: "evidence of one population says nothing of another",
    earlier_stage: "the register held no evidence that would allow it",
    one_account: "the register held no evidence that would allow it",
    more_languages: "not in every language in which people could answer",
    no_error: "has to be added again",
    after_the_close: "evidence that comes later changes nothing in this report",
    withdrawn: "was withdrawn, or the questionnaire has changed since",
}


@pytest.mark.parametrize("happens", ABSENT, ids=lambda each: each.__name__)
def test_without_such_evidence_nothing_is_compared_and_the_reason_is_said(
    service: Service, client: TestClient, register: Register, happens: Callable[[Service, Register], None]
) -> None:
    happens(service, register)
    signed_in(service, client, "trainer", "demo")
    report = kept(service, "demo-1")
    assert report["about"]["basis"] is None
    assert without_evidence(report) == {**report, "about": {**report["about"], "lacking": ""}}
    assert client.get("/report/waves/demo-1.json").json() == report
    for page in (
        client.get("/report/waves/demo-1").text,
        client.get("/report/waves/demo-1/units/south").text,
    ):
        said = words(page)
        assert ABSENT[happens] in said
        assert "Units may not be compared, and no change over time can be read" in said
        assert "Units side by side" not in said
        assert "Beside the collection before" not in said
        assert "Error of measurement" not in said
    text = report_text(service, "demo-1")
    assert "The precision of the questionnaire is unknown" in text
    assert "side by side" not in text
    rows = csv.DictReader(io.StringIO(client.get("/report/waves/demo-1.csv").text))
    assert {(row["kind"] == "change", row["error_of_measurement"]) for row in rows} == {(False, "")}


@pytest.mark.usefixtures("compared")
def test_evidence_that_lapses_with_the_key_takes_everything_with_it(service: Service) -> None:
    whole = kept(service, "demo-2")
    instrument = service.instruments["ppiq"]
    changed = replace(instrument, key=type(instrument.key)(revision=99, forms={}))
    later = replace(service, instruments={**service.instruments, "ppiq": changed})
    told = kept(later, "demo-2")
    assert told["about"]["lacking"] == "lapsed"
    assert without_evidence(told) == without_evidence(whole)
    assert without_evidence(told) == {**told, "about": {**told["about"], "lacking": ""}}


# ---- a change, at the close or never ----


def test_no_figure_is_another_one_because_evidence_is_known(service: Service, register: Register) -> None:
    """R5: what evidence adds stands beside the figures, which are those of a report without it."""
    declare(service)
    collect(service, 1)
    before = kept(service, "demo-1")
    register()
    with write(service.engine) as db:
        db.execute(SNAPSHOT.delete())
        maintenance.compute_snapshot(service, db, "demo-1")
    after = kept(service, "demo-1")
    assert after["about"]["basis"]
    assert without_evidence(after) == without_evidence(before)


def test_a_collection_that_closes_out_of_order_shows_no_change_later_either(
    service: Service, register: Register
) -> None:
    register()
    declare(service)
    collect(service, 1, closed=False)
    collect(service, 2)
    close(service, "demo-1")
    maintenance.run_due_tasks(service)
    assert {name: each["change"]["reason"] for name, each in nodes(kept(service, "demo-2")).items()} == (
        dict.fromkeys(("org", "south", "north", "east"), "not closed")
    )


@pytest.mark.parametrize(
    ("kept_before", "reason"), [({"broken": True}, "no report"), (None, "no report"), ({}, "other words")]
)
def test_an_earlier_report_that_is_lost_broken_or_of_another_key_stops_no_close(
    service: Service, register: Register, kept_before: dict[str, Any] | None, reason: str
) -> None:
    register()
    declare(service)
    collect(service, 1, {"south": 20})
    with write(service.engine) as db:
        table = db.execute(select(SNAPSHOT.c.base_table)).scalar_one()
        table = (
            {**table, "about": {**table["about"], "key_revision": 0}} if kept_before == {} else kept_before
        )
        db.execute(
            SNAPSHOT.delete() if table is None else update(SNAPSHOT).values(base_table={"used": [], **table})
        )
    collect(service, 2, {"south": 20})
    assert nodes(kept(service, "demo-2"))["south"]["change"] == {"reason": reason}


def test_a_part_that_rests_on_other_units_shows_no_change(service: Service, register: Register) -> None:
    register()
    declare(service)
    collect(service, 1)
    collect(service, 2, {"south": 44, "north": 5, "east": 12})
    found = nodes(kept(service, "demo-2"))
    assert found["org"]["change"] == {"reason": "other units"}
    assert found["south"]["change"]["wave"] == "demo-1"


def test_other_words_show_no_change(service: Service, register: Register) -> None:
    register()
    declare(service)
    collect(service, 1, languages=("en", "cy"))
    collect(service, 2)
    assert nodes(kept(service, "demo-2"))["south"]["change"] == {"reason": "other words"}


@pytest.mark.usefixtures("compared")
def test_an_erasure_changes_neither_change_nor_precision(service: Service) -> None:
    before = kept(service, "demo-2")
    with write(service.engine) as db:
        db.execute(maintenance.RESPONSE.delete())
        maintenance.compute_snapshot(service, db, "demo-2")
    assert kept(service, "demo-2") == before


# ---- what people are told ----


def test_people_are_told_before_they_agree_where_reports_may_compare(service: Service) -> None:
    declare(service)
    wave = collect(service, 1, {"south": 1}, languages=LANGUAGES, closed=False)
    with read(service.engine) as db:
        told = survey_path_of(service, db, wave)
    silent = replace(told, compared=False)
    for language in told.words:
        sentences = {each.strip() for each in told.consent(language).text.splitlines()}
        [new] = sentences - {each.strip() for each in silent.consent(language).text.splitlines()}
        assert "20" in new
        assert ("side by side" in new) == (language == "en")
        assert told.consent(language).hash != silent.consent(language).hash
    assert set(told.words) == {*LANGUAGES}


def test_the_population_is_locked_with_the_design(service: Service) -> None:
    declare(service)
    collect(service, 1, {"south": 1}, closed=False)
    design = studies.Design(id="demo", title="Demonstration", simulated=True, population="Others")
    with write(service.engine) as db, pytest.raises(Refused, match="fixed since its first collection"):
        studies.change_design(service, db, design)


def test_a_collection_may_be_offered_in_some_languages_alone(service: Service) -> None:
    declare(service)
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, "demo", languages=["cy"])
        assert [*waves.the_wave(db, wave).words_hashes] == ["cy"]
        with pytest.raises(Refused, match="has words in no language of fr"):
            waves.make_wave(service, db, "demo", languages=["fr"])
