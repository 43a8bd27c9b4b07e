"""From the waves of a research study to its dossier: clusters, the flow of people, and a retest by links."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.__main__ import main
from app import studies
from app.db import read, write
from app.export.bundle import bundle, in_memory
from app.export.microdata import microdata
from app.runtime import Service
from app.studies import waves
from app.studies.paired_waves import pair_waves
from instrument import PPIQ, ppiq
from tests.lib.cohorts import close, take_part
from tests.lib.linked_waves import Own, own

pytestmark = pytest.mark.either

EARLIER, LATER = "trial-1", "trial-2"
PEOPLE = 40
PLAN = """\
plan: trial
title: "SIMULATED people of two waves"
responsible: "A. Person"
ethics: "REC 26/0001"
instrument: ppiq
form: a
language: en
population: "SIMULATED people"
cluster: cluster_id
seed: 1
phases: [0, 8]
exclusions:
  - {column: length, values: ["under_3_months"], why: "too short to know"}
retest: {id: pair_id}
"""


def ask(service: Service, wave: str, links: Sequence[Own]) -> None:
    """Forty people in five clusters answer alike in both waves, and link their answers."""
    form = ppiq().forms["a"]
    for cluster in range(5):
        people = []
        for n in range(8 * cluster, 8 * cluster + 8):
            answers = {item: (n + place // 2) % 5 for place, item in enumerate(form.by_id)}
            length = "under_3_months" if n % 8 == 0 else "over_12_months"
            people.append({**answers, "role": "supervisor", "length": length, **links[n]})
        take_part(service, wave, "all", people)


@pytest.fixture
def exported(service: Service, tmp_path: Path) -> Path:
    """The folders of both waves, as a researcher unpacks them."""
    with write(service.engine) as db:
        studies.make_study(
            db,
            id="trial",
            title="Trial",
            kind="research",
            simulated=True,
            leaving="rows unwithheld",
            clusters=True,
        )
        studies.add_unit(db, "trial", "all", "Everybody")
        assert tuple(waves.make_wave(service, db, "trial") for _ in range(2)) == (EARLIER, LATER)
        pair_waves(service, db, EARLIER, LATER)
        waves.issue_codes(service, db, EARLIER, "all", 30)
        waves.open_wave(service, db, EARLIER)
    links = [own(n) for n in range(PEOPLE)]
    ask(service, EARLIER, links)
    close(service, EARLIER)
    with write(service.engine) as db:
        waves.issue_codes(service, db, LATER, "all", 30)
        waves.open_wave(service, db, LATER)
    ask(service, LATER, links)
    close(service, LATER)
    for wave in (EARLIER, LATER):
        with read(service.engine) as db:
            files = in_memory(bundle(microdata(service, db, wave)))
        for path, content in files.items():
            (tmp_path / wave / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / wave / path).write_bytes(content)
    return tmp_path


def rows_of(folder: Path, wave: str) -> str:
    [found] = (folder / wave / "data").glob("*_data.csv")
    return str(found)


def test_a_retest_is_computed_from_linked_waves_as_they_are(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = rows_of(exported, EARLIER), rows_of(exported, LATER)
    assert main(["retest", first, second, "--id", "pair_id", "--instrument", str(PPIQ)]) == 0
    assert f"n = {PEOPLE}" in capsys.readouterr().out


def test_the_dossier_takes_the_flow_the_clusters_and_the_links(exported: Path) -> None:
    (exported / "PLAN.yaml").write_text(PLAN, "utf-8")
    (exported / "RECORD.yaml").write_text('record: trial\ndates: "Spring"\nretest_days: [14, 14]\n', "utf-8")
    flow = exported / EARLIER / "FLOW.yaml"
    given = [f"main={rows_of(exported, EARLIER)}", f"retest={rows_of(exported, LATER)}"]
    asked = ["--plan", str(exported / "PLAN.yaml"), "--record", str(exported / "RECORD.yaml")]
    out = exported / "DOSSIER"
    where = ["--instrument", str(PPIQ), "--out", str(out)]
    assert main(["validate", *given, *asked, "--flow", str(flow), *where]) == 0
    assert (out / "FLOW.yaml").read_bytes() == flow.read_bytes()
    said = (out / "dossier.html").read_text("utf-8")
    assert "invited 70, started 40, finished 40, erased 0, rows given 40, " in said
    assert "5 excluded by length (too short to know), analysed 35" in said
    phases = json.loads((out / "dossier.json").read_text("utf-8"))["phases"]
    assert phases["8"]["bounds"][0]["found"] == 35
    assert main(["validate", *given, "--flow", str(flow), *asked[:2], *where[:3], str(out) + "2"]) != 0


def test_a_flow_is_said_in_one_place(exported: Path) -> None:
    (exported / "PLAN.yaml").write_text(PLAN, "utf-8")
    flow = exported / EARLIER / "FLOW.yaml"
    record = 'record: trial\ndates: "Spring"\nflow: {invited: 9, started: 9, finished: 9}\n'
    (exported / "RECORD.yaml").write_text(record, "utf-8")
    asked = ["--plan", str(exported / "PLAN.yaml"), "--record", str(exported / "RECORD.yaml")]
    where = ["--flow", str(flow), "--instrument", str(PPIQ), "--out", str(exported / "DOSSIER")]
    assert main(["validate", rows_of(exported, EARLIER), *asked, *where]) != 0
    assert not (exported / "DOSSIER").exists()
