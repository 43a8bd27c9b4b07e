"""Answers from elsewhere as a wave: all rows of a file or none, marked for good, closed like any other."""

import csv
import io
import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from analysis.__main__ import main as analysis
from analysis.disclosure.leaving import ORIGIN
from app import studies
from app.audit import events
from app.cli import app as cli
from app.closing.mixing import RESPONSE
from app.config import Settings
from app.db import read, write
from app.errors import Refused
from app.hosting.pages import study_page
from app.hosting.wave_pages import wave_page
from app.main import create_app
from app.operations.wave_import import import_wave
from app.report.text import report_json, report_pdf, report_text
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.information import describe, example
from app.studies.paired_waves import pair_waves
from app.studies.waves import WAVE
from app.templating import render
from tests.conftest import SECRET
from tests.lib.cohorts import close, signed_in, take_part
from tests.lib.respondents import rows, state

FAR = date(2099, 12, 31)
INSTRUMENTS = Path(__file__).parents[1] / "instruments"
ITEMS = [
    f"{scale}_{n}" for scale, many in (("ease", 4), ("talk", 3), ("range", 4)) for n in range(1, many + 1)
]
NAMES = [f"Q{place}" for place in range(1, 12)]
Rows = list[list[Any]]


@pytest.fixture
def here(sqlite_url: str) -> Iterator[Service]:
    """The service on SQLite, where one engine is enough."""
    yield from served(sqlite_url)


@pytest.fixture
def service(url: str) -> Iterator[Service]:
    yield from served(url)


def served(url: str) -> Iterator[Service]:
    settings = Settings(
        database_url=url, secret=SECRET, secure=False, origin="http://127.0.0.1", instruments=INSTRUMENTS
    )
    service = make_service(settings)
    check_secret(service)
    yield service
    service.engine.dispose()


def prepared(service: Service, name: str = "meet", **how: Any) -> str:
    """A study of the form of seven points with two units, and its prepared wave."""
    said = {
        "instrument": "seven",
        "form": "seven",
        "people": 60,
        "k": 5,
        "leaving": "rows",
        "retire_on": FAR,
        **how,
    }
    with write(service.engine) as db:
        studies.declare_study(service, db, studies.Design(id=name, title="Meetings", **said))
        for unit in ("north", "south"):
            studies.declare_unit(service, db, name, unit, f"The {unit} team")
        return waves.make_wave(service, db, name)


def people(many: int = 24) -> Rows:
    """Whoever answered elsewhere: a team and answers from A1 to A7, as another system has them."""
    chance = Random(4)
    return [
        ["N" if place % 2 else "S", *(f"A{chance.randrange(1, 8)}" for _ in ITEMS)] for place in range(many)
    ]


def written(folder: Path, answers: Iterable[Sequence[Any]], header: Sequence[str] = ("team", *NAMES)) -> Path:
    file = folder / "answers.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *answers])
    return file


def mapped(folder: Path) -> Path:
    """The map of those columns and codes."""
    codes = " ".join(f"A{code}={code}" for code in range(1, 8))
    file = folder / "map.csv"
    with file.open("w", newline="") as stream:
        lines = [(item, name, codes) for item, name in zip(ITEMS, NAMES, strict=True)]
        csv.writer(stream).writerows(
            [("item", "column", "codes"), ("unit", "team", "N=north; S=south"), *lines]
        )
    return file


def nothing_of(service: Service, wave: str) -> bool:
    """Whether the database is as it was before: no answer, no mark, no unit locked, nothing in the trail."""
    with read(service.engine) as db:
        untouched = studies.the_study(db, wave.rpartition("-")[0]).partition_hash is None
        said = {entry.event["action"] for entry in events(db)} & {"answers imported", "wave opened"}
    [found] = rows(service, WAVE, id=wave)
    return (
        untouched
        and not said
        and (found.state, found.imported) == ("prepared", False)
        and not rows(service, RESPONSE)
    )


def test_a_file_becomes_a_wave_whole_and_stopped_at_any_statement_leaves_nothing(
    service: Service, tmp_path: Path
) -> None:
    wave, answers = prepared(service), people()
    answers[3][1] = ""
    answers.append(["N", *[""] * len(ITEMS)])
    file, own = written(tmp_path, answers), mapped(tmp_path)
    left = 0

    def stop(*_said: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise InterruptedError

    event.listen(service.engine, "before_cursor_execute", stop)
    stopped = 0
    while True:
        left = stopped
        try:
            count, notes = import_wave(service, wave, file, own)
            break
        except InterruptedError:
            left = 1000
            assert nothing_of(service, wave)
            stopped += 1
    event.remove(service.engine, "before_cursor_execute", stop)
    assert stopped > 20
    assert (count, notes) == (24, ("1 row without one answer left out.",))
    kept = rows(service, RESPONSE, wave=wave)
    units = {"N": "north", "S": "south"}
    codes = [
        {item: int(cell[1:]) for item, cell in zip(ITEMS, row[1:], strict=True) if cell}
        for row in answers[:24]
    ]
    given = sorted((units[row[0]], sorted(said.items())) for row, said in zip(answers, codes, strict=False))
    assert sorted((row.unit, sorted(row.answers.items())) for row in kept) == given
    assert {(row.language, row.words_hash, row.layout, row.consent_hash) for row in kept} == {
        ("und", "imported", "imported", "imported")
    }
    assert {tuple(row.purposes) for row in kept} == {("study",)}, "nobody agreed to an archive here"
    assert len({row.receipt_hmac for row in kept}) == 24
    close(service, wave)
    assert state(service, wave) == "closed"
    assert len(rows(service, RESPONSE, wave=wave)) == 24


def test_every_row_that_stands_in_the_way_is_listed_and_nothing_written(
    here: Service, tmp_path: Path
) -> None:
    wave, answers = prepared(here), people()
    answers = [[f"P{place}", *row] for place, row in enumerate(answers)]
    answers[2][2] = "A12"
    answers[4][3] = answers[5][3] = answers[6][3] = answers[9][3] = "quite secret"
    answers[7][1] = "West"
    answers[11][0] = "P0"
    file = written(tmp_path, answers, ("record_id", "team", *NAMES))
    with pytest.raises(Refused) as refused:
        import_wave(here, wave, file, mapped(tmp_path))
    heading, *listed = str(refused.value).splitlines()
    assert "nothing of" in heading
    assert "from 1 below the names" in heading
    assert [line.strip().partition(":")[0] for line in listed] == [
        "row 3, Q1",
        "rows 5-7, 10, Q2",
        "row 8, team",
        "row 12, record_id",
    ]
    assert "the scale has 1, 2, 3, 4, 5, 6, 7" in listed[0]
    assert "say in the map what it stands for, such as 9=-88 where 9 is no answer" in listed[0]
    assert "no unit of meet (north, south)" in listed[2]
    assert "this id stands above already, in row 1, and" in listed[3]
    assert "quite secret" not in str(refused.value)
    assert "West" not in str(refused.value)
    assert nothing_of(here, wave)


@pytest.mark.parametrize(
    ("header", "cells", "said"),
    [
        (NAMES, {}, "no column unit: give it one, or add a line to the map, as unit,COLUMN,A=north; B=south"),
        (["unit", *NAMES[1:]], {}, "no column for ease_1"),
        (["unit", *NAMES, "simulated"], {"simulated": "1"}, "a study made with --simulated"),
    ],
)
def test_what_a_file_lacks_is_said_with_what_to_do(
    here: Service, tmp_path: Path, header: list[str], cells: dict[str, str], said: str
) -> None:
    wave = prepared(here)
    names = dict(zip(NAMES, ITEMS, strict=True))
    row = [cells.get(name, "north" if name == "unit" else "3") for name in header]
    file = written(tmp_path, [row] * 12, [names.get(name, name) for name in header])
    with pytest.raises(Refused, match=said.replace("(", r"\(")):
        import_wave(here, wave, file)
    assert nothing_of(here, wave)


def test_only_a_prepared_wave_in_which_nobody_can_answer_takes_a_file(here: Service, tmp_path: Path) -> None:
    file, own = written(tmp_path, people()), mapped(tmp_path)
    wave = prepared(here)
    with write(here.engine) as db:
        coded = waves.make_wave(here, db, "meet")
        waves.issue_codes(here, db, coded, "north", 1)
        first, second = (waves.make_wave(here, db, "meet") for _ in range(2))
        pair_waves(here, db, first, second)
    for each, why in ((coded, "codes were made"), (first, "one of a pair"), (second, "one of a pair")):
        with pytest.raises(Refused, match=why):
            import_wave(here, each, file, own)
    import_wave(here, wave, file, own)
    with pytest.raises(Refused, match="is open; answers from a file go into one that is prepared"):
        import_wave(here, wave, file, own)
    with write(here.engine) as db, pytest.raises(Refused, match="has its answers from a file"):
        waves.issue_codes(here, db, wave, "north", 1)
    assert len(rows(here, RESPONSE)) == 24


def test_a_file_of_too_few_for_what_it_says_of_people_is_refused(here: Service, tmp_path: Path) -> None:
    """The budget counts the people that there are, not those that were expected."""
    wave = prepared(here, "spring", instrument="ppiq", form="a", people=200, k=10)
    form = here.instruments["ppiq"].forms["a"]
    options = here.instruments["ppiq"].context["role"].options
    header = ["unit", "role", *(item.id for item in form.items)]
    chance = Random(2)

    def some(many: int) -> Rows:
        return [
            ["north", chance.choice(options), *(chance.randrange(5) for _ in form.items)] for _ in range(many)
        ]

    with pytest.raises(Refused, match="may be the only one with their combination"):
        import_wave(here, wave, written(tmp_path, some(12), header))
    with pytest.raises(Refused, match=r"asks role, and .* has no such column"):
        import_wave(
            here, wave, written(tmp_path, [row[:1] + row[2:] for row in some(60)], [header[0], *header[2:]])
        )
    answers = some(60)
    answers[5][1] = "somebody"
    with pytest.raises(Refused, match=r"row 6, role: no answer to role \("):
        import_wave(here, wave, written(tmp_path, answers, header))
    answers[5][1] = "practice_educator"
    answers[0][1], answers[1][1] = "", "rather_not_say"
    import_wave(here, wave, written(tmp_path, answers, header))
    given = [row.answers["role"] for row in rows(here, RESPONSE, wave=wave)]
    assert sorted(map(str, given)) == sorted(["-88", "-99", *(row[1] for row in answers[2:])])


def test_it_is_called_imported_wherever_it_is_described(here: Service, tmp_path: Path) -> None:
    told, given_out = prepared(here, "told", leaving="reports"), prepared(here, "given")
    for wave in (told, given_out):
        import_wave(here, wave, written(tmp_path, people()), mapped(tmp_path))
    with TestClient(
        create_app(here.settings, here), base_url="http://127.0.0.1", follow_redirects=False
    ) as client:
        close(here, told)
        close(here, given_out)
        signed_in(here, client, "trainer", "told")
        page = client.get(f"/report/waves/{told}").text
        assert ORIGIN in page
        assert "imported from a file" in client.get("/report").text
        [line, *_] = csv.DictReader(io.StringIO(client.get(f"/report/waves/{told}.csv").text))
        assert line["imported"] == "yes"
        token = signed_in(here, client, "researcher", "given")
        assert "imported from a file" in client.get("/export").text
        assert ORIGIN in client.get(f"/export/waves/{given_out}").text
        assert ORIGIN in client.get(f"/export/waves/{given_out}/codebook.html").text
        assert ORIGIN in client.get(f"/export/waves/{given_out}/reliability.html").text
        bearer = {"authorization": f"Bearer {token}"}
        with read(here.engine) as db:
            found, asked = waves.the_wave(db, told), studies.the_study(db, "told")
            hosts = wave_page(
                found,
                asked,
                studies.units(db, "told"),
                batches=[],
                address="",
                today=date(2026, 11, 30),
                viewer="hana",
            )
            of_study = study_page(here, asked, (), [found], readers=(), may_copy=False, viewer="hana")
            beside = [link.beside for link in of_study.waves]
        assert ORIGIN in render(hosts)
        assert beside == ["closed, imported from a file"]
        [about] = client.get("/api/v1/studies/given/waves", headers=bearer).json()["items"]
        assert about["imported"] is True
    assert ORIGIN in report_text(here, told)
    assert json.loads(report_json(here, told))["about"]["imported"] is True
    assert report_pdf(here, told).startswith(b"%PDF")


def test_a_report_never_rests_on_answers_from_here_and_from_elsewhere(here: Service, tmp_path: Path) -> None:
    """Who was held out waits for the next wave of the same unit, and of the same kind."""
    wave = prepared(here, leaving="reports", k=20)
    import_wave(here, wave, written(tmp_path, people(24)), mapped(tmp_path))
    close(here, wave)
    with write(here.engine) as db:
        asked = waves.make_wave(here, db, "meet")
        describe(here, db, studies.the_study(db, "meet"), example())
        waves.open_wave(here, db, asked, confirmed=waves.CONFIRMATIONS)
    take_part(here, asked, "north", [dict.fromkeys(ITEMS, 3) for _ in range(12)])
    close(here, asked)
    assert json.loads(report_json(here, asked))["parts"] == []
    with write(here.engine) as db:
        again = waves.make_wave(here, db, "meet")
    import_wave(here, again, written(tmp_path, people(24)), mapped(tmp_path))
    close(here, again)
    assert {part["id"] for part in json.loads(report_json(here, again))["parts"]} >= {"north", "south"}


def test_from_a_file_to_a_closed_wave_by_the_commands_of_the_page(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A questionnaire of one's own, drafted from the file itself, asked nowhere, exported with its scores."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET.hex())
    secret.chmod(0o600)
    for name, value in (
        ("DATABASE_URL", sqlite_url),
        ("SECRET_FILE", str(secret)),
        ("INSTRUMENTS", str(tmp_path / "questionnaires")),
    ):
        monkeypatch.setenv(f"COUNTERPOISE_{name}", value)
    page = (Path(__file__).parents[2] / "docs/own-questionnaire.md").read_text()
    commands = page.partition("## Answers from elsewhere")[2].partition("```sh\n")[2].partition("```")[0]
    monkeypatch.chdir(tmp_path)
    header = [f"{scale}_{n}" for scale in ("ease", "talk") for n in range(1, 5)]
    chance = Random(9)
    answers = [
        ["West" if place % 3 else "East", *(min(5, max(1, round(chance.gauss(3, 1)))) for _ in header)]
        for place in range(40)
    ]
    written(tmp_path, answers, ("team", *header))

    def run(line: str) -> Result:
        return CliRunner().invoke(cli, shlex.split(line))

    for line in commands.strip().splitlines():
        program, _, rest = line.partition(" ")
        if line.startswith("python -m analysis "):
            assert analysis(shlex.split(line)[3:]) == 0, capsys.readouterr().err
        elif program == "echo":
            said, _, file = rest.partition(" >> ")
            with Path(file).open("a") as stream:
                stream.write(f"{shlex.split(said)[0]}\n")
        else:
            told = run(rest)
            assert told.exit_code == 0, (line, told.output)
    assert "closed, imported" in run("study list").output
    manifest = json.loads(Path("export/manifest.json").read_text())
    assert manifest["imported"] is True
    [data] = Path("export/data").glob("*.csv")
    with data.open() as stream:
        exported = list(csv.DictReader(stream))
    assert sorted([int(row[f"raw_{name}"]) for name in header] for row in exported) == sorted(
        row[1:] for row in answers
    )
    with Path("answers.csv").open() as stream:
        assert len(stream.readlines()) == 41, "the file stays as it was"
