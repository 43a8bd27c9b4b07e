"""What a study gives out is declared before it opens and stated before consent; nothing else leaves it."""

import csv
import io
import json
import re
from datetime import date

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from analysis.disclosure.leaving import LEAVING
from app import studies
from app.audit import events
from app.cli import app as cli
from app.db import read, write
from app.errors import Refused
from app.export.bundle import write_bundle
from app.export.closed_wave import NoRows
from app.export.microdata import microdata
from app.languages import LANGUAGES, home
from app.questionnaire.consent import consent
from app.report.text import report_csv, report_json, report_pdf, report_text
from app.runtime import Service
from app.staff import accounts
from app.studies import waves
from app.studies.paired_waves import pair_waves
from app.studies.study import STUDY
from app.tables import Response, Snapshot, table
from tests.conftest import SECRET
from tests.lib.cohorts import close, next_wave, signed_in, take_part
from tests.lib.linked_waves import EARLIER, declared, own, twice
from tests.lib.linked_waves import take_part as take_part_linked
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

KINDS = tuple(LEAVING)
FAR = date(2099, 12, 31)
OF_ROWS = tuple(kind for kind, each in LEAVING.items() if each.rows)
EXPORT, REPORT = "/export/waves/demo-1", "/report/waves/demo-1"
DOORS = ("responses.csv", "codebook.json", "codebook.html", "reliability.json", "reliability.html")


@pytest.fixture
def closed(service: Service, study: str) -> Service:
    """12 in south, 11 in north, and 4 in east, who are held out."""
    for unit, many, value in (("south", 12, 1), ("north", 11, 3), ("east", 4, 4)):
        take_part(service, f"{study}-1", unit, of_one_mind(many, value), purposes=("study", "archive"))
    close(service, f"{study}-1")
    return service


def rows_of(client: TestClient, wave: str = "demo-1") -> list[dict[str, str]]:
    answer = client.get(f"/export/waves/{wave}/responses.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def snapshot_of(service: Service, wave: str) -> dict:
    kept = table(Snapshot)
    with read(service.engine) as db:
        return db.execute(select(kept.c.base_table).where(kept.c.wave == wave)).scalar_one()


# ---- a study that gives out reports ----


def test_of_a_study_of_reports_no_row_leaves_and_no_figure_of_rows(
    closed: Service, client: TestClient
) -> None:
    signed_in(closed, client, "researcher", "demo")
    page = client.get(EXPORT)
    assert page.status_code == 200
    assert "This study gives out reports, not answers" in page.text
    assert "ask the host for another study" in page.text
    told = re.sub(r"\d+ [A-Z][a-z]+ \d{4}", "", page.text.partition("<main")[2])  # a day may be the 23rd
    assert "23" not in told, "nor how many there are"
    for door in DOORS:
        refused = client.get(f"{EXPORT}/{door}")
        assert refused.status_code == 403, door
        assert "This study gives out reports, not answers" in refused.text
    assert client.get(f"{EXPORT}/codebook.json").json()["error"] == "NoRows"
    with read(closed.engine) as db:
        assert not [each for each in events(db) if each.event["action"] == "answers taken out"]


@pytest.mark.parametrize("how", [{}, {"with_unit": True}, {"archive": True}])
def test_nor_by_the_command(closed: Service, tmp_path, how: dict[str, bool]) -> None:
    with pytest.raises(NoRows):
        write_bundle(closed, "demo-1", tmp_path / "out", **how)
    assert not (tmp_path / "out").exists()


def test_its_trainers_read_reports_by_unit(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "trainer", "demo")
    assert "South" in client.get(f"{REPORT}/units/south").text
    assert client.get(f"{REPORT}/units/east").status_code == 404


def test_waves_of_reports_are_not_linked(service: Service, study: str) -> None:
    with write(service.engine) as db:
        later = waves.make_wave(service, db, study)
    with pytest.raises(Refused, match="linking serves rows alone"), write(service.engine) as db:
        pair_waves(service, db, later, "demo-3")


def test_a_pair_of_before_links_nobody_in_a_study_of_reports(service: Service) -> None:
    """Pairs that were open when their study became one of reports."""
    declared(service)
    take_part_linked(service, EARLIER, [own(n) for n in range(12)])
    with write(service.engine) as db:
        db.execute(update(STUDY).values(leaving="reports"))
    twice(service, [], [own(n) for n in range(12)])
    kept = table(Response)
    with read(service.engine) as db:
        assert set(db.execute(select(kept.c.pair_id)).scalars()) == {None}
        [ended] = [each.event for each in events(db) if each.event["action"] == "pair ended"]
    assert ended["refused"] == "the study gives out no rows"


# ---- a study that gives out rows ----


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_of_a_study_of_rows_those_of_large_enough_units_leave(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "researcher", "demo")
    rows = rows_of(client)
    assert sorted(row["raw_sd5"] for row in rows) == ["1"] * 11 + ["3"] * 12
    assert client.get(f"{EXPORT}/codebook.json").json()["n"] == 20
    assert client.get(f"{EXPORT}/reliability.json").json()["n"] == 20
    assert "Answers of at least 20 people" in client.get(EXPORT).text
    assert "Rows of units with too few answers never leave" in client.get(EXPORT).text
    with read(closed.engine) as db:
        assert microdata(closed, db, "demo-1", archive=True).count == 23


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_its_trainers_read_why_there_is_no_report(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "trainer", "demo")
    page = client.get(REPORT)
    assert page.status_code == 200
    assert "This study gives out answers, not reports" in page.text
    assert "None of the units" not in page.text
    for unit in ("org", "west", "south", "all"):
        assert client.get(f"{REPORT}/units/{unit}").status_code == 404
    assert client.get(f"{REPORT}.json").json()["nodes"] == []
    assert len(client.get(f"{REPORT}.csv").text.splitlines()) == 1
    assert client.get(f"{REPORT}.pdf").status_code == 200


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_so_does_a_trainer_of_named_units(closed: Service, client: TestClient) -> None:
    sign_in(closed, client, ready(closed, "tara", trainer=("demo", ["south"])))
    assert f'href="{REPORT}"' in client.get("/report").text
    assert "This study gives out answers, not reports" in client.get(REPORT).text


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_and_the_command(closed: Service) -> None:
    assert "This study gives out rows, so no report is made of it." in report_text(closed, "demo-1")
    assert json.loads(report_json(closed, "demo-1"))["nodes"] == []
    assert len(report_csv(closed, "demo-1").splitlines()) == 1
    assert report_pdf(closed, "demo-1").startswith(b"%PDF")


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_no_figure_is_kept_beside_rows(closed: Service) -> None:
    kept = snapshot_of(closed, "demo-1")
    assert (kept["units"], kept["atoms"]) == ([], [])
    assert kept["used"] == [["demo-1", "north"], ["demo-1", "south"]]


@pytest.mark.parametrize("leaving", OF_ROWS)
def test_who_was_held_out_leaves_with_no_later_wave(closed: Service, client: TestClient) -> None:
    """In a study of reports their answers would be published together with the next wave's."""
    later = next_wave(closed, "demo")
    take_part(closed, later, "east", of_one_mind(7, 0))
    take_part(closed, later, "south", of_one_mind(10, 2))
    close(closed, later)
    assert snapshot_of(closed, later)["used"] == [[later, "south"]]
    signed_in(closed, client, "researcher", "demo")
    assert {row["raw_sd5"] for row in rows_of(client, later)} == {"2"}
    assert {row["raw_sd5"] for row in rows_of(client)} == {"1", "3"}


def test_in_a_study_of_reports_they_are_told_of_with_the_next_wave(closed: Service) -> None:
    later = next_wave(closed, "demo")
    take_part(closed, later, "east", of_one_mind(7, 0))
    close(closed, later)
    assert snapshot_of(closed, later)["used"] == [["demo-1", "east"], [later, "east"]]


@pytest.mark.parametrize("leaving", ["rows"])
def test_the_unit_leaves_only_where_that_was_declared(closed: Service, tmp_path) -> None:
    with pytest.raises(Refused, match="without their unit"):
        write_bundle(closed, "demo-1", tmp_path / "out", with_unit=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("leaving", ["rows with units"])
def test_the_unit_leaves_where_it_was(closed: Service) -> None:
    with read(closed.engine) as db:
        units = microdata(closed, db, "demo-1", with_unit=True).column("unit")
    assert sorted(units) == ["north"] * 11 + ["south"] * 12


def test_who_is_held_out_is_no_half_of_a_pair(service: Service) -> None:
    """The units of a linked wave are north and south: every third person is of south."""
    declared(service)
    twice(service, [own(n) for n in range(24)], [own(n) for n in range(24)])
    with read(service.engine) as db:
        data = microdata(service, db, EARLIER)
        assert data.linked
        linked = {each for each in data.column("pair_id") if each is not None}
        kept = table(Response)
        south = select(kept.c.pair_id).where(kept.c.wave == EARLIER, kept.c.unit == "south")
        assert len(set(db.execute(south).scalars()) - {None}) == 8
        assert not {str(each) for each in db.execute(south).scalars()} & linked
    assert (data.count, len(linked)) == (16, 16)


# ---- declared for good ----


def test_what_leaves_is_locked_with_the_design(service: Service) -> None:
    design = studies.Design(id="spring", title="Spring", people=120, leaving="rows", retire_on=FAR)
    with write(service.engine) as db:
        studies.declare_study(service, db, design)
        plain = studies.Design(id="spring", title="Spring", people=120, retire_on=FAR)
        studies.change_design(service, db, plain)
        assert studies.the_study(db, "spring").leaving == "reports"
        studies.add_unit(db, "spring", "north", "North")
        waves.make_wave(service, db, "spring")
    with pytest.raises(Refused, match="has been fixed"), write(service.engine) as db:
        studies.change_design(service, db, design)
    with read(service.engine) as db:
        told = [(each.event["action"], each.event.get("leaving")) for each in events(db)]
    assert told[:2] == [("study made", "rows"), ("study changed", "reports")]


@pytest.mark.parametrize("leaving", KINDS)
def test_a_declaration_changed_behind_the_services_back_gives_out_nothing_more(
    closed: Service, client: TestClient, leaving: str
) -> None:
    other = "rows" if leaving == "reports" else "reports"
    with write(closed.engine) as db:
        db.execute(update(STUDY).values(leaving=other))
    signed_in(closed, client, "researcher", "demo")
    assert client.get(f"{EXPORT}/responses.csv").status_code in (403, 404)
    signed_in(closed, client, "trainer", "demo")
    assert (client.get(f"{REPORT}.json").json()["nodes"] == []) == LEAVING[leaving].rows


@pytest.mark.parametrize("word", ["", "both", "Reports"])
def test_what_is_none_of_the_words_is_refused_with_those_there_are(service: Service, word: str) -> None:
    for design in (studies.Design(id="spring", title="Spring", people=120, leaving=word, retire_on=FAR),):
        with pytest.raises(Refused, match="reports, rows, rows with units"), write(service.engine) as db:
            studies.declare_study(service, db, design)


def test_the_command_declares_it(service: Service, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(SECRET.hex())
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("COUNTERPOISE_SECRET_FILE", str(tmp_path / "secret"))
    make = ["study", "make", "spring", "Spring", "--people", "120", "--retire-on", "2099-12-31"]
    refused = CliRunner().invoke(cli, [*make, "--leaving", "both"])
    assert refused.exit_code == 2
    assert "reports, rows, rows with units" in refused.output
    made = CliRunner().invoke(cli, [*make, "--leaving", "rows with units"])
    assert made.exit_code == 0
    assert "it gives out rows with units" in made.output
    with read(service.engine) as db:
        assert studies.the_study(db, "spring").leaving == "rows with units"


# ---- stated before consent ----


def test_each_kind_has_a_consent_of_its_own_in_every_language() -> None:
    texts = {
        (language, kind): consent(10, language, leaving=LEAVING[kind])
        for language in LANGUAGES
        for kind in KINDS
    }
    assert len({each.hash for each in texts.values()}) == len(texts)
    for language in LANGUAGES:
        source = consent(10, "en", leaving=LEAVING["rows"]).text.splitlines()
        if language != "en":
            said = texts[language, "rows"].text.splitlines()
            assert not {line for line in source if len(line) > 20} & set(said)


@pytest.mark.parametrize("leaving", KINDS)
def test_the_page_of_consent_says_what_leaves_this_study(
    service: Service, client: TestClient, study: str, leaving: str
) -> None:
    told = {
        "reports": ("Single sets of answers are given to nobody", "they wait for the next collection"),
        "rows": ("without the group and without the code", "given to nobody, now or later"),
        "rows with units": ("with the group but without the code", "given to nobody, now or later"),
        "rows unwithheld": (
            "without the group and without the code",
            "given to nobody, now or later",
            "even where nobody else says the same",
        ),
    }
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, f"{study}-1", "north", len(LANGUAGES))
    for language, code in zip(LANGUAGES, codes, strict=True):
        client.cookies.clear()
        client.post(f"{home(language)}/enter", data={"code": code})
        page = client.get(f"{home(language)}/consent").text
        assert str(consent(10, language, leaving=LEAVING[leaving]).markup) in page
        for kind, sentences in told.items():
            for sentence in sentences if language == "en" else ():
                assert (sentence in page) == (sentence in told[leaving]), (kind, sentence)
        assert ('name="archive"' in page) == (LEAVING[leaving].rows and LEAVING[leaving].withheld)


# ---- a precaution ----


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(("first", "second"), [("researcher", "trainer"), ("trainer", "researcher")])
def test_one_account_does_not_read_both_of_one_study(service: Service, first: str, second: str) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="other", title="Other")
    ready(service, "ada", **{first: "demo"})
    with pytest.raises(Refused, match=f"'ada' is {first} of 'demo'"), write(service.engine) as db:
        accounts.give(service, db, "ada", second, "demo")
    with write(service.engine) as db:
        accounts.give(service, db, "ada", second, "other")
        accounts.give(service, db, "ada", first, "demo")
        accounts.withdraw(service, db, "ada", first, "demo")
        accounts.give(service, db, "ada", second, "demo")
