"""What researchers take out: the rows that were sent, described, and nothing that identifies anyone."""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from starlette.testclient import TestClient

from analysis.disclosure.rounding import SHIFT, STANDARD_ERRORS
from analysis.report.build import run
from analysis.report.fitted import make_dataset, read_dataset
from app import studies
from app.audit import events
from app.closing import maintenance
from app.closing.snapshots import SNAPSHOT
from app.closing.withhold import LEAST
from app.closing.withholding import FEWEST
from app.db import read, write
from app.errors import NotInstalled, Refused
from app.export.bundle import write_bundle
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.export.rows import NOTE, Microdata, by_column
from app.operations import demo
from app.runtime import Service
from app.staff.authorise import admitted
from app.studies import waves
from app.studies.information import example
from app.tables import Response, Wave, table
from instrument import WITHHELD, Column, codebook, load, ppiq, score
from tests.conftest import Queries
from tests.lib.cohorts import another_study, close, next_wave, signed_in, take_part
from tests.privacy.organisations import ITEMS, of_one_mind, organisation

pytestmark = pytest.mark.either

WAVE = "demo-1"
TELLING = ("language", "words_hash", "layout", *ppiq().forms["a"].context)
MISSING = {"sd5": -88, "id1": -99, "ec2": -77}


@pytest.fixture
def leaving() -> str:
    return "rows with units"


@pytest.fixture
def closed(service: Service, study: str) -> Service:
    """The first 40 people of the demonstration in south and 20 in north, and one who left things out."""
    everyone = [
        answers
        for _, answers in zip(range(60), (a for _, a in demo.people(ppiq(), form_id="a")), strict=False)
    ]
    everyone[0] = {**everyone[0], **dict.fromkeys(ITEMS, 2), **MISSING}
    take_part(service, f"{study}-1", "south", everyone[:40], purposes=("study", "archive"))
    take_part(service, f"{study}-1", "north", everyone[40:])
    close(service, f"{study}-1")
    return service


def data(service: Service, **how: bool) -> Microdata:
    with read(service.engine) as db:
        return microdata(service, db, WAVE, **how)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def exported(service: Service, **how: bool) -> list[dict[str, str]]:
    return rows_of(FORMATS["csv"].make(data(service, **how)))


def sent(service: Service) -> list[dict]:
    kept = table(Response)
    with read(service.engine) as db:
        return list(db.execute(select(kept.c.answers).where(kept.c.wave == WAVE)).scalars())


def raw(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[f"raw_{item}"] for item in ITEMS)


def test_the_rows_are_those_that_were_sent(closed: Service) -> None:
    rows = exported(closed)
    assert sorted(raw(row) for row in rows) == sorted(
        tuple(str(answers[item]) for item in ITEMS) for answers in sent(closed)
    )


def test_keyed_answers_and_scores_are_those_of_the_scoring_code(closed: Service) -> None:
    turned = ppiq().key.reversed_items("a")
    for row in exported(closed):
        given = {item: int(row[f"raw_{item}"]) for item in ITEMS}
        for item, code in given.items():
            assert row[item] == ("" if code < 0 else str(4 - code if item in turned else code))
        for name, figure in score(ppiq(), "a", given).items():
            assert row[f"{name}_answered"] == str(figure.answered)
            assert (row[name] == "") == (figure.value is None)
            assert figure.value is None or float(row[name]) == pytest.approx(figure.value, abs=1e-9)


def test_kinds_of_missing_answers_stay_apart(closed: Service) -> None:
    [row] = [each for each in exported(closed) if each["raw_sd5"] == "-88" and each["raw_id1"] == "-99"]
    assert {name: row[f"raw_{name}"] for name in MISSING} == {
        name: str(code) for name, code in MISSING.items()
    }
    assert (row["sd5"], row["sd_answered"], row["ec_answered"]) == ("", "4", "4")


def test_every_row_says_where_it_comes_from(closed: Service) -> None:
    [[*facts]] = {
        tuple(
            row[name]
            for name in ("simulated", "wave", "language", "form_hash", "words_hash", "layout", "key_revision")
        )
        for row in exported(closed)
    }
    form, words = ppiq().forms["a"], ppiq().words["a", "en"]
    assert facts == ["1", WAVE, "en", form.hash, words.hash, "vertical-5", str(ppiq().key.revision)]


def test_columns_are_those_of_the_codebook_and_nothing_that_tells(closed: Service) -> None:
    header = list(exported(closed)[0])
    assert header == [column.name for column in codebook(ppiq(), "a", "en") if column.name != "unit"]
    assert not {"unit", "id", "receipt_hmac", "consent_hash", "purposes"} & set(header) - {"id"}
    assert header[header.index("id") - 1] == "ag"  # `id` is the facet, not a number of the row


def test_only_what_the_study_asked_has_a_column(service: Service, client: TestClient) -> None:
    wave = another_study(service, "few", people=120, context=["role", "length"], leaving="rows")
    take_part(service, wave, "only", of_one_mind(12, 2))
    close(service, wave)
    signed_in(service, client, "researcher", "few")
    described = client.get(f"/export/waves/{wave}/codebook.json").json()
    assert [each["name"] for each in described["columns"] if each["kind"] == "context"] == ["role", "length"]
    header = rows_of(client.get(f"/export/waves/{wave}/responses.csv").content)[0]
    assert [each["name"] for each in described["columns"]] == list(header)


def test_who_the_other_person_is_is_withheld_last_whatever_a_form_calls_it(service: Service) -> None:
    """A question that stands before it in the form, with as many answers to choose from."""
    form = ppiq().forms["b"].model_copy(update={"context": ("manages", "other_role")})
    changed = replace(ppiq(), forms={**ppiq().forms, "b": form})
    other = replace(service, instruments={"ppiq": changed})
    with write(other.engine) as db:
        studies.make_study(db, id="b", title="B", form="b", simulated=True, leaving="rows")
        studies.add_unit(db, "b", "only", "Only")
    wave = next_wave(other, "b")
    people = [
        {"other_role": role, "manages": said}
        for role in ("student", "supervisee")
        for said in ("yes", "yes", "yes", "no", "no")
    ]
    take_part(other, wave, "only", people)
    close(other, wave)
    with read(other.engine) as db:
        made = microdata(other, db, wave)
    assert Counter(made.column("other_role")) == {"student": 5, "supervisee": 5}
    assert set(made.column("manages")) == {WITHHELD}


@pytest.mark.parametrize(
    "how", [{}, {"with_unit": True}, {"archive": True}, {"with_unit": True, "archive": True}]
)
def test_no_combination_of_context_is_rarer_than_five(closed: Service, how: dict[str, bool]) -> None:
    names = [*TELLING, *(["unit"] if how.get("with_unit") else [])]
    rows = exported(closed, **how)
    counts = Counter(tuple(row[name] for name in names) for row in rows)
    assert min(counts.values()) >= LEAST
    assert any(str(WITHHELD) in combination for combination in counts)
    assert len(rows) == (40 if how.get("archive") else 60)


def test_all_exports_joined_by_the_answers_tell_no_more(closed: Service) -> None:
    """Answers are nearly unique, so a holder of two exports can join them: they must withhold the same."""
    plain = {raw(row): row for row in exported(closed)}
    units = {raw(row): row for row in exported(closed, with_unit=True)}
    archive = {raw(row): row for row in exported(closed, archive=True)}
    for answers, row in plain.items():
        assert all(units[answers][name] == row[name] for name in TELLING)
        if answers in archive:
            assert all(archive[answers][name] == row[name] for name in TELLING)


def test_what_is_withheld_is_the_same_every_time(closed: Service) -> None:
    first, second = (
        {raw(row): [row[name] for name in TELLING] for row in exported(closed)} for _ in range(2)
    )
    assert first == second


def test_a_wave_that_closed_before_is_decided_when_what_is_due_is_done(closed: Service) -> None:
    before = {raw(row): [row[name] for name in TELLING] for row in exported(closed)}
    with write(closed.engine) as db:
        db.execute(update(table(Response)).values(told=None, archived=None))
        db.execute(update(SNAPSHOT).values(figures=None))
    with pytest.raises(Refused, match="run-due-tasks"):
        data(closed)
    maintenance.run_due_tasks(closed)
    assert {raw(row): [row[name] for name in TELLING] for row in exported(closed)} == before


def test_ids_are_fresh_and_the_order_is_another(closed: Service) -> None:
    first, second = exported(closed), exported(closed)
    ids = [[row["row_id"] for row in rows] for rows in (first, second)]
    assert len(set(ids[0])) == 60
    assert not set(ids[0]) & set(ids[1])
    assert [raw(row) for row in first] != [raw(row) for row in second]
    kept = table(Response)
    with read(closed.engine) as db:
        stored = {str(each) for each in db.execute(select(kept.c.id)).scalars()}
    assert not {row["row_id"] for row in first} & stored


def test_refusals_of_context_are_values_that_count(service: Service, study: str) -> None:
    people = of_one_mind(10, 2)
    for number, person in enumerate(people):
        person["role"] = "supervisor" if number < 5 else -99
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    assert Counter(row["role"] for row in exported(service)) == {"supervisor": 5, "-99": 5}
    assert {row["unit"] for row in exported(service, with_unit=True)} == {"south"}


def test_a_person_found_by_their_answers_is_there_once(service: Service, study: str) -> None:
    mine = {**dict.fromkeys(ITEMS, 1), **{item: code % 5 for code, item in enumerate(ITEMS)}}
    take_part(service, f"{study}-1", "south", [mine, *organisation(2, {"south": 11})["south"]])
    close(service, f"{study}-1")
    rows = exported(service)
    assert len(rows) == 12
    assert [raw(row) for row in rows].count(tuple(str(mine[item]) for item in ITEMS)) == 1


# ---- what is not given out ----


def test_fewer_than_ten_rows_are_given_to_nobody(service: Service, client: TestClient, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(FEWEST - 1, 2))
    close(service, f"{study}-1")
    with pytest.raises(Refused, match="fewer than 10"):
        data(service)
    signed_in(service, client, "researcher", study)
    page = client.get(f"/export/waves/{WAVE}")
    assert "Too few answers to give away" in page.text
    assert "responses.csv" not in page.text
    for name in ("responses.csv", "codebook.json", "codebook.html", "reliability.json", "reliability.html"):
        assert client.get(f"/export/waves/{WAVE}/{name}").status_code == 404


def test_an_archive_of_fewer_than_ten_is_refused(service: Service, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    take_part(service, f"{study}-1", "north", of_one_mind(9, 2), purposes=("study", "archive"))
    take_part(service, f"{study}-1", "north", of_one_mind(1, 2))
    close(service, f"{study}-1")
    assert len(exported(service)) == 22
    with pytest.raises(Refused, match="fewer than 10"):
        data(service, archive=True)


def test_an_open_wave_gives_out_nothing(service: Service, client: TestClient, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    with pytest.raises(Refused, match="no closed collection"):
        data(service)
    signed_in(service, client, "researcher", study)
    assert WAVE not in client.get("/export").text
    for name in ("", "/responses.csv", "/codebook.json", "/reliability.html"):
        assert client.get(f"/export/waves/{WAVE}{name}").status_code == 404


def test_a_form_that_is_not_the_one_asked_is_refused(closed: Service) -> None:
    with write(closed.engine) as db:
        db.execute(update(table(Wave)).values(form_hash="another"))
    with pytest.raises(NotInstalled, match="that is not installed now"):
        data(closed)


# ---- files ----


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1+1", "@A1", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0", "='a;=1"]
)
def test_no_cell_is_a_formula(evil: str) -> None:
    columns = tuple(
        Column(name=name, label="", kind="context", measure="nominal") for name in ("role", "number", "empty")
    )
    made = Microdata(
        wave=WAVE, title="", simulated=True, instrument=ppiq(), form=ppiq().forms["a"], columns=columns,
        cells=tuple(by_column([[(evil, -66, None)]], 3, 1)), n=0, digest_key=b"",
    )  # fmt: skip
    written = FORMATS["csv"].make(made)
    [row] = rows_of(written)
    assert row["role"].startswith("'")
    for separator in ";\t\r\n":
        cells = re.split(f"[{separator}]", row["role"])
        assert not any(cell.startswith(tuple("=+-@＝")) for cell in cells)
    assert (row["number"], row["empty"]) == ("-66", "")


def test_pages_and_files_of_a_researcher(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "researcher", "demo")
    page = client.get(f"/export/waves/{WAVE}")
    assert "do not cover whoever holds these rows" in page.text
    assert "SIMULATED" in page.text
    assert "style=" not in page.text
    links = re.findall(r'href="(/export/[^"]+)"', page.text)
    answers = {link.rpartition("/")[2]: client.get(link) for link in links}
    assert {answer.status_code for answer in answers.values()} == {200}
    download = answers["responses.csv"]
    assert download.headers["content-type"] == "text/csv; charset=utf-8"
    assert download.headers["content-disposition"] == f'attachment; filename="{WAVE}_responses.csv"'
    assert len(rows_of(download.content)) == 60
    described = answers["codebook.json"].json()
    assert [column["name"] for column in described["columns"]] == list(rows_of(download.content)[0])
    assert (described["n"], described["simulated"], described["note"]) == (60, True, NOTE)
    assert described["missing"]["-66"] == "Withheld"
    for column in described["columns"]:
        assert f"<code>{column['name']}</code>" in answers["codebook.html"].text


def test_the_reliability_page_tells_what_was_kept_at_the_close(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "researcher", "demo")
    found = client.get(f"/export/waves/{WAVE}/reliability.json").json()
    assert (found["n"], found["simulated"], found["form_hash"]) == (60, True, ppiq().forms["a"].hash)
    assert set(found["scales"]) == {"ec", "vi", "sd", "ag", "id", "rr"}
    of_rows = run(make_dataset(raw_columns(closed), ppiq(), "a"), sections=(), resamples=10)
    for name, scale in found["scales"].items():
        exact = of_rows.scales[name]
        assert scale["n"] == exact.n - exact.n % 5
        for coefficient in ("alpha", "omega"):
            figure = exact.coefficients[coefficient]
            told = scale[coefficient]
            error = (figure.high - figure.low) / STANDARD_ERRORS
            moved = 14 * SHIFT * error  # chance exceeds this once in a million figures
            assert told["value"] == pytest.approx(figure.value, abs=moved + 0.05)
            assert all(round(each, 2) == each for each in told.values())
            assert told["low"] < told["value"] <= told["high"] <= 1  # chance may move both to 1
    page = client.get(f"/export/waves/{WAVE}/reliability.html").text
    assert "At least 60 people" in page
    assert "SIMULATED" in page
    alpha = found["scales"]["sd"]["alpha"]
    assert f"{alpha['value']:g} ({alpha['low']:g} to {alpha['high']:g})" in page
    folded = page.partition("<details>")[2]
    spoken = ppiq().words_for_staff("a")
    assert all(spoken.sentence(item.id) in unescape(folded) for item in ppiq().forms["a"].items)
    assert folded.count("counts the other way round") == len(ppiq().key.reversed_items("a"))


def raw_columns(service: Service) -> dict[str, list[Any]]:
    made = data(service)
    return {column.name: made.column(column.name) for column in made.columns if column.kind == "raw"}


def test_figures_of_rows_ask_for_a_fresh_sign_in_and_are_written_down(
    closed: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(closed, client, "researcher", "demo")
    for ending in ("json", "html"):
        assert client.get(f"/export/waves/{WAVE}/reliability.{ending}").status_code == 200
    with read(closed.engine) as db:
        trail = [entry.event["action"] for entry in events(db)]
    assert trail[-2:] == ["figures read"] * 2
    stale = lambda *rest: replace(admitted(*rest), fresh=False)  # noqa: E731
    monkeypatch.setattr("app.export.routes.admitted", stale)
    for ending in ("json", "html"):
        answer = client.get(f"/export/waves/{WAVE}/reliability.{ending}")
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/staff/again?to=/export/waves/{WAVE}",
        )


def test_no_page_with_figures_moves_when_somebody_erases(closed: Service, client: TestClient) -> None:
    signed_in(closed, client, "researcher", "demo")
    addresses = ["", "/codebook.json", "/codebook.html", "/reliability.json", "/reliability.html"]
    before = [client.get(f"/export/waves/{WAVE}{each}").content for each in addresses]
    kept = table(Response)
    with write(closed.engine) as db:
        some = list(db.execute(select(kept.c.id)).scalars())[:7]
        db.execute(delete(kept).where(kept.c.id.in_(some)))
    maintenance.run_due_tasks(closed)
    assert [client.get(f"/export/waves/{WAVE}{each}").content for each in addresses] == before
    assert len(rows_of(client.get(f"/export/waves/{WAVE}/responses.csv").content)) == 53


def test_the_analysis_reads_the_file_as_it_is(closed: Service, tmp_path: Path) -> None:
    write_bundle(closed, WAVE, tmp_path / "out")
    dataset = read_dataset(tmp_path / "out" / "data" / "form-a_wave-demo1_data.csv", ppiq())
    assert (dataset.n, dataset.simulated) == (60, True)
    folder = tmp_path / "out" / "codebook"
    assert json.loads((folder / "codebook.json").read_text())["n"] == 60
    page = (folder / "codebook.html").read_text()
    assert "SIMULATED" in page
    assert "/static/" not in page


def test_who_takes_answers_out_by_the_command_is_written_down(closed: Service, tmp_path: Path) -> None:
    write_bundle(closed, WAVE, tmp_path)
    with read(closed.engine) as db:
        last = events(db)[-1].event
    assert last == {"action": "answers taken out", "wave": WAVE}


def test_the_export_of_another_questionnaire(service: Service) -> None:
    """A questionnaire without context: nothing to withhold, its own columns."""
    seven = load(Path(__file__).parents[1] / "instruments" / "seven")
    other = replace(service, instruments={**service.instruments, "seven": seven})
    with write(other.engine) as db:
        studies.make_study(
            db,
            id="seven",
            title="Seven",
            instrument="seven",
            form="seven",
            people=20,
            leaving="rows",
            information=example(),
        )
        studies.add_unit(db, "seven", "only", "Only")
        wave = waves.make_wave(other, db, "seven")
        waves.open_wave(other, db, wave, confirmed=waves.CONFIRMATIONS)
    take_part(other, wave, "only", [{"ease_1": number % 7 + 1} for number in range(12)])
    close(other, wave)
    with read(other.engine) as db:
        made = microdata(other, db, wave)
    assert [column.name for column in made.columns] == [
        column.name for column in codebook(seven, "seven", "en") if column.name != "unit"
    ]
    assert sorted(made.column("raw_ease_1")) == sorted(number % 7 + 1 for number in range(12))
    assert set(made.column("simulated")) == {0}


def test_reading_changes_nothing(closed: Service, client: TestClient, queries: Queries) -> None:
    signed_in(closed, client, "researcher", "demo")
    queries.clear()
    for name in ("", "/responses.csv", "/codebook.html", "/reliability.json"):
        client.get(f"/export/waves/{WAVE}{name}")
    kept = [each for each in queries.statements if not each.startswith("INSERT INTO audit ")]
    verbs = {statement.split()[0].upper() for statement in kept}
    assert "SELECT" in verbs
    assert not verbs & {"INSERT", "UPDATE", "DELETE"}
    assert len(queries.statements) - len(kept) == 2, "rows and figures of them are written down"
