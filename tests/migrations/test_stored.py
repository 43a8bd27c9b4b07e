"""A database stored before the second edition migrates, and gives the figures that it gave then."""

import csv
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from analysis.report.fitted import read_dataset
from app import migrate
from app.config import Settings
from app.db import make_engine, read
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.report.text import report_json, report_text
from app.runtime import Service, check_secret, make_service
from app.tables import Response, Wave, table
from instrument import ppiq, score
from tests.conftest import SECRET

STORED = Path(__file__).parent / "stored"
PROVENANCE = {"row_id", "key_revision", "code_version"}
"""What a row says of the code that wrote it, not of the answers."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    file = tmp_path / "counterpoise.sqlite"
    database = sqlite3.connect(file)
    database.executescript((STORED / "database.sql").read_text("utf-8"))
    database.close()
    engine = make_engine(f"sqlite:///{file}")
    assert migrate.current(engine) == "0009"
    migrate.upgrade(engine)
    engine.dispose()
    service = make_service(Settings(database_url=f"sqlite:///{file}", secret=SECRET, secure=False))
    check_secret(service)
    yield service
    service.engine.dispose()


def rows_of(text: str) -> list[dict[str, str]]:
    return [
        {name: cell for name, cell in row.items() if name not in PROVENANCE}
        for row in csv.DictReader(text.splitlines())
    ]


def in_order(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Rows as they are, in an order of their own: every export mixes them anew."""
    return sorted(tuple(row.values()) for row in rows)


def then() -> list[dict[str, str]]:
    return rows_of((STORED / "export.csv").read_text("utf-8"))


def test_every_answer_is_there_after_migrating(service: Service) -> None:
    assert migrate.current(service.engine) == migrate.head()
    with read(service.engine) as db:
        kept = db.execute(select(table(Response).c.wave)).scalars().all()
        states = set(db.execute(select(table(Wave).c.state)).scalars())
    assert (kept.count("first-1"), kept.count("first-rows-1")) == (30, 42)
    assert states == {"closed"}
    assert "brought" in inspect(service.engine).get_table_names()


def test_the_rows_are_exported_as_they_were(service: Service) -> None:
    with read(service.engine) as db:
        now = rows_of(FORMATS["csv"].make(microdata(service, db, "first-rows-1")).decode())
    assert now[0].keys() == then()[0].keys()
    assert in_order(now) == in_order(then())


def test_the_report_is_told_as_it_was(service: Service) -> None:
    now = json.loads(report_json(service, "first-1"))
    assert now == json.loads((STORED / "report.json").read_text("utf-8"))
    assert "SIMULATED" in report_text(service, "first-1")


def test_the_answers_are_scored_as_they_were() -> None:
    form, scored = ppiq().forms["a"], 0
    for row in then():
        assert row["form_hash"] == form.hash
        answers = {item: int(row[f"raw_{item}"]) for item in form.by_id}
        for name, figure in score(ppiq(), "a", answers).items():
            assert (row[name] == "") == (figure.value is None)
            assert figure.value is None or float(row[name]) == pytest.approx(figure.value, abs=1e-9)
            scored += figure.value is not None
    assert scored > 42 * 6


def test_the_words_that_were_answered_are_still_known() -> None:
    """A translation of the first edition that changed would take its language from a wave that goes on."""
    assert {row["words_hash"] for row in then()} == {ppiq().words["a", "en"].hash}
    found = sqlite3.connect(":memory:")
    found.executescript((STORED / "database.sql").read_text("utf-8"))
    [[hashes]] = set(found.execute("SELECT words_hashes FROM wave"))
    found.close()
    assert json.loads(hashes) == {
        language: ppiq().words["a", language].hash for language in json.loads(hashes)
    }


def test_the_analysis_reads_the_rows_as_form_a() -> None:
    assert read_dataset(STORED / "export.csv", ppiq()).form.id == "a"
