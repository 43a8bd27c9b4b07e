"""Clusters without names, and the flow of people: counted and numbered once, when a research wave closes."""

import csv
import io
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from analysis.validation.record import Flow
from app import studies
from app.closing import clusters, erasure, maintenance
from app.closing.digests import changed
from app.closing.mixing import RESPONSE
from app.closing.snapshots import SNAPSHOT
from app.db import read, write
from app.errors import Refused
from app.export.bundle import FLOW, bundle, in_memory
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.runtime import Service
from app.studies import waves
from app.tables import CodeBatch, table
from app.vault import read_code
from instrument import ppiq
from tests.lib.cohorts import close, signed_in, take_part
from tests.lib.questionnaire_client import agree, enter, respond
from tests.lib.respondents import make_due

pytestmark = pytest.mark.either

WAVE = "trial-1"
SIZES = (8, 5, 4, 7)


def make(service: Service, **how: Any) -> str:
    said = {"kind": "research", "leaving": "rows unwithheld", "clusters": True, **how}
    with write(service.engine) as db:
        studies.make_study(db, id="trial", title="Trial", form="a2", simulated=True, context=["role"], **said)
        studies.add_unit(db, "trial", "all", "Everybody")
        wave = waves.make_wave(service, db, "trial")
        waves.open_wave(service, db, wave)
    return wave


def answer_in_clusters(service: Service) -> None:
    """People of each supervisor answer alike, so that the scores lie between the clusters."""
    for place, size in enumerate(SIZES):
        people = [
            {**dict.fromkeys(ppiq().forms["a2"].by_id, (place + n) % 5), "role": "supervisor"}
            for n in (0, 0, 0, 0, 1, 0, 0, 1)[:size]
        ]
        take_part(service, WAVE, "all", people)


def rows(service: Service) -> list[dict[str, str]]:
    with read(service.engine) as db:
        return list(csv.DictReader(io.StringIO(FORMATS["csv"].make(microdata(service, db, WAVE)).decode())))


def kept(service: Service) -> list[Any]:
    with read(service.engine) as db:
        return list(db.execute(select(RESPONSE).where(RESPONSE.c.wave == WAVE)))


# ---- clusters ----


def test_a_cluster_leaves_as_a_number_where_five_rows_have_it(service: Service) -> None:
    make(service)
    answer_in_clusters(service)
    batches = {row.cluster for row in kept(service)}
    close(service, WAVE)
    shown = Counter(row["cluster_id"] for row in rows(service))
    assert shown.pop("-66") == 4 + 5, "the smallest large one goes with the only small one"
    assert sorted(shown.values()) == [7, 8]
    assert {int(each) for each in shown} <= {1, 2, 3, 4}
    with read(service.engine) as db:
        assert {*db.execute(select(table(CodeBatch).c.id)).scalars()} == batches
    assert not batches & {row.cluster for row in kept(service)}


def test_numbers_are_drawn_and_follow_no_order_of_codes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Turned:
        def shuffle(self, numbers: list[int]) -> None:
            numbers.reverse()

    make(service)
    answer_in_clusters(service)
    of = {row.receipt_hmac: row.cluster for row in kept(service)}
    monkeypatch.setattr(clusters, "SystemRandom", Turned)
    close(service, WAVE)
    sizes = Counter(of.values())
    ordered = sorted(batch for batch, size in sizes.items() if size > 5)
    for row in kept(service):
        batch = of[row.receipt_hmac]
        assert row.cluster == (str(2 - ordered.index(batch)) if batch in ordered else "0")


@pytest.mark.parametrize(
    ("sizes", "small"),
    [
        ({"a": 6, "b": 7}, set()),
        ({"a": 30, "b": 30, "c": 1}, {"a", "c"}),
        ({"a": 3, "b": 2, "c": 5}, {"a", "b"}),
        ({"a": 1, "b": 2}, {"a", "b"}),
        ({}, set()),
    ],
)
def test_the_only_small_cluster_is_not_alone(sizes: dict[str, int], small: set[str]) -> None:
    assert clusters.too_small(sizes) == small


def test_small_clusters_are_told_apart_nowhere_once_the_wave_has_closed(service: Service) -> None:
    """A batch of one code is of one person whom the host knows."""
    make(service)
    for count in (1, 3, 6):
        take_part(service, WAVE, "all", [{"role": "supervisor"}] * count)
    take_part(service, WAVE, "all", [{"role": "supervisor"}] * 6)
    close(service, WAVE)
    assert sorted(Counter(row.cluster for row in kept(service)).values()) == [6, 10]


def test_a_close_that_is_taken_up_again_keeps_the_numbers(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise OSError("somebody reads")

    make(service)
    answer_in_clusters(service)
    make_due(service, WAVE)
    with monkeypatch.context() as once:
        once.setattr(maintenance, "clean", stopped)
        with pytest.raises(OSError, match="somebody reads"):
            maintenance.run_due_tasks(service)
    before = {row.receipt_hmac: row.cluster for row in kept(service)}
    maintenance.run_due_tasks(service)
    assert {row.receipt_hmac: row.cluster for row in kept(service)} == before
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).state == "closed"
        assert changed(service, db) == []


def test_clusters_of_the_same_mean_close_and_have_no_robust_error(service: Service) -> None:
    make(service)
    alike = [{**dict.fromkeys(ppiq().forms["a2"].by_id, n % 5), "role": "supervisor"} for n in range(6)]
    for _ in range(2):
        take_part(service, WAVE, "all", alike)
    close(service, WAVE)
    with read(service.engine) as db:
        [kept_figures] = db.execute(select(SNAPSHOT.c.figures).where(SNAPSHOT.c.wave == WAVE)).scalars()
    figures = kept_figures["clusters"]["scores"]["total"]
    assert "unavailable" in figures["error"]
    assert all(each >= 0 for each in figures["icc"].values() if not isinstance(each, str))


def test_where_nothing_is_withheld_the_one_who_answered_otherwise_is_not_pointed_at(
    service: Service,
) -> None:
    """People were told that what they say stays; who saw a paper or another language is not helped by it."""
    make(service)
    answer_in_clusters(service)
    with write(service.engine) as db:
        row = kept(service)[0]
        said = {**row.answers, "role": "line_manager"}
        changed_row = update(RESPONSE).where(RESPONSE.c.id == row.id)
        db.execute(changed_row.values(layout="paper", language="ar", answers=said))
    close(service, WAVE)
    found = rows(service)
    assert Counter(each["role"] for each in found)["line_manager"] == 1
    for name in ("layout", "language"):
        assert min(Counter(each[name] for each in found).values()) >= 5


def test_where_rare_values_are_withheld_a_cluster_is_one(service: Service) -> None:
    make(service, leaving="rows")
    answer_in_clusters(service)
    with write(service.engine) as db:  # in one cluster one person says something else than the others
        row = next(each for each in kept(service) if each.answers["role"] == "supervisor")
        said = {**row.answers, "role": "line_manager"}
        db.execute(update(RESPONSE).where(RESPONSE.c.id == row.id).values(answers=said))
    close(service, WAVE)
    combinations = Counter((row["cluster_id"], row["role"]) for row in rows(service))
    assert min(combinations.values()) >= 5


def test_other_studies_keep_no_cluster(service: Service) -> None:
    make(service, clusters=False)
    answer_in_clusters(service)
    assert {row.cluster for row in kept(service)} == {None}
    close(service, WAVE)
    assert "cluster_id" not in rows(service)[0]
    for how in ({"kind": "cohort"},):
        design = studies.Design(id="x", title="X", leaving="rows", clusters=True, simulated=True, **how)
        with pytest.raises(Refused, match="only a research study has clusters"), write(service.engine) as db:
            studies.declare_study(service, db, design)


def test_figures_in_clusters_are_kept_over_all_of_them(service: Service, client: TestClient) -> None:
    make(service)
    answer_in_clusters(service)
    close(service, WAVE)
    signed_in(service, client, "researcher", "trial")
    figures = client.get(f"/export/waves/{WAVE}/reliability.json").json()["clusters"]
    assert figures["count"] == 0  # two, rounded down to a multiple of five
    found = figures["scores"]["total"]
    assert {"icc", "design_effect", "error"} <= found.keys()
    with read(service.engine) as db:
        before = microdata(service, db, WAVE).n
    assert before == 20
    page = client.get(f"/export/waves/{WAVE}/reliability.html").text
    assert "Scores of people in clusters" in page
    again = client.get(f"/export/waves/{WAVE}/reliability.json").json()["clusters"]
    assert again == figures  # kept, not drawn anew


def test_a_wave_without_clusters_has_no_such_figures(service: Service, client: TestClient) -> None:
    make(service, clusters=False)
    answer_in_clusters(service)
    close(service, WAVE)
    signed_in(service, client, "researcher", "trial")
    assert "clusters" not in client.get(f"/export/waves/{WAVE}/reliability.json").json()


# ---- the flow ----


def some_take_part(service: Service, client: TestClient) -> None:
    """Of 30 with a code 22 finish, of whom 2 erase; 3 more begin, 1 of whom only types the code."""
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, WAVE, "all", 30)
    people = [{"role": "supervisor"} for _ in range(20)]
    take_part(service, WAVE, "all", people, codes=codes[:20])
    for code in codes[20:22]:
        client.cookies.clear()
        receipt = respond(client, code)
        with write(service.engine) as db:
            assert erasure.erase(service, db, str(read_code(receipt)))
    for code in codes[22:24]:
        client.cookies.clear()
        enter(client, code)
        agree(client)
    client.cookies.clear()
    enter(client, codes[24])


COUNTED = {"invited": 30, "started": 24, "finished": 22, "erased": 2}


def test_the_flow_is_counted_once_at_the_close(service: Service, client: TestClient) -> None:
    make(service)
    some_take_part(service, client)
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).flow is None
    close(service, WAVE)
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).flow == COUNTED
        files = in_memory(bundle(microdata(service, db, WAVE)))
    assert files[FLOW] == b"invited: 30\nstarted: 24\nfinished: 22\nerased: 2\n"
    assert Flow.model_validate(COUNTED)
    assert not {*COUNTED} & rows(service)[0].keys()
    signed_in(service, client, "researcher", "trial")
    page = client.get(f"/export/waves/{WAVE}").text
    assert "The flow of people" in page
    assert ">30<" in page
    with write(service.engine) as db:
        [receipt, *_] = db.execute(select(RESPONSE.c.receipt_hmac)).scalars()
        erasure.erase_row(service, db, receipt)
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).flow == COUNTED


@pytest.mark.parametrize("begun", [True, False])
def test_the_flow_does_not_tell_whether_a_cancelled_code_was_begun(
    service: Service, client: TestClient, *, begun: bool
) -> None:
    make(service)
    some_take_part(service, client)
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, WAVE, "all", 1)
        batch = db.execute(select(table(CodeBatch).c.id).where(table(CodeBatch).c.codes == 1)).scalar_one()
    if begun:
        client.cookies.clear()
        enter(client, code)
        agree(client)
    with write(service.engine) as db:
        waves.cancel_codes(service, db, WAVE, batch)
    close(service, WAVE)
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).flow["invited"] == 31


def test_of_a_cohort_study_nothing_is_counted(service: Service, client: TestClient) -> None:
    make(service, kind="cohort", leaving="rows", clusters=False)
    some_take_part(service, client)
    close(service, WAVE)
    with read(service.engine) as db:
        assert waves.the_wave(db, WAVE).flow is None
        assert FLOW not in in_memory(bundle(microdata(service, db, WAVE)))
