"""A battery: several forms asked one after the other, in an order that the row keeps."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app import studies
from app.closing.mixing import RESPONSE
from app.db import read, write
from app.errors import Refused
from app.export.bundle import bundle, in_memory
from app.export.microdata import microdata
from app.main import create_app
from app.runtime import Service
from app.studies import waves
from app.studies.linking.pairs import FEWEST_CODES
from app.studies.paired_waves import pair_waves
from instrument import (
    WITHHELD,
    Form,
    Instrument,
    InstrumentError,
    codebook,
    laid_out,
    load,
    orders,
    ppiq,
    score,
)
from instrument.exchange.battery import compose
from tests.lib.batteries import NAME, WAVE, battery, compose_here, on_a_shelf, open_study
from tests.lib.cohorts import close, take_part
from tests.lib.linked_waves import own
from tests.lib.questionnaire_client import Screen, agree, come_back, enter, fill, respond, six_words

pytestmark = pytest.mark.either


@pytest.fixture
def service(service: Service, tmp_path: Path) -> Service:
    return on_a_shelf(service, tmp_path / "instruments")


@pytest.fixture
def made(service: Service) -> tuple[Instrument, Form]:
    return compose_here(service)


@pytest.fixture
def client(service: Service, made: object) -> Any:
    assert made
    open_study(service)
    with TestClient(
        create_app(service.settings, service), base_url="http://127.0.0.1", follow_redirects=False
    ) as client:
        yield client


def codes(service: Service, count: int) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, WAVE, "all", count)


def rows(service: Service) -> list[Any]:
    with read(service.engine) as db:
        return list(db.execute(select(RESPONSE)))


# ---- what it is made of ----


def test_every_part_keeps_its_items_words_and_scores(service: Service, made: tuple[Instrument, Form]) -> None:
    instrument, form = made
    parts = {"ppiq": (ppiq(), "a2"), "say": (ppiq(), "g"), "plot": (service.instruments["garden"], "garden")}
    assert [*form.blocks] == [*parts]
    assert load(service.settings.instruments / NAME).forms[NAME].hash == form.hash
    given = {item: codes[0] for item, codes in ((i.id, form.scale_of(i.id).codes) for i in form.items)}
    for block, (of, name) in parts.items():
        part = of.forms[name]
        assert form.blocks[block].items == tuple(part.by_id)
        assert (form.blocks[block].form_hash, form.blocks[block].licence) == (part.hash, of.licence)
        for language in ("en",):
            here, there = instrument.words[NAME, language], of.words[name, language]
            for role in ("supervisor", "not_said"):
                assert here.stem(role, block) == there.stem(role)
                for item in part.items:
                    scale = form.by_id[item.id].scale
                    assert here.sentence(item.id, role) == there.sentence(item.id, role)
                    assert here.labels[scale] == there.labels[item.scale]
        own = score(of, name, {item: given[item] for item in part.by_id})
        assert own.items() <= score(instrument, NAME, given).items()


def test_it_says_no_more_than_its_parts_and_keeps_what_is_said_beside_them(
    made: tuple[Instrument, Form],
) -> None:
    instrument, _ = made
    assert instrument.claims == ppiq().claims
    assert "plot: CC BY 4.0" in instrument.licence
    assert {each.facet for each in instrument.actions} == {"ec", "vi", "sd", "ag", "id", "rr"}


def test_a_score_whose_name_is_taken_gets_that_of_its_block(service: Service) -> None:
    parts = {"now": {"form": "ppiq/s2"}, "plot": {"form": "garden/garden"}}
    instrument, _ = compose_here(service, battery("fixed", **parts))
    assert {"total", "joy"} <= instrument.key.subscales(NAME).keys()
    with pytest.raises(InstrumentError, match=r"item `.*` is in `ppiq/a2` and in `ppiq/s2`"):
        compose(battery("fixed", one={"form": "ppiq/a2"}, two={"form": "ppiq/s2"}), service.instruments)


@pytest.mark.parametrize(
    ("parts", "audience"),
    [
        (("a2", "who_decides2"), "staff"),
        (("who_decides2", "c2"), "service_users"),
        (("who_decides2",), "both"),
    ],
)
def test_who_answers_a_battery_is_who_answers_every_part(
    service: Service, parts: tuple[str, ...], audience: str
) -> None:
    asked = {f"part_{n}": {"form": f"ppiq/{each}"} for n, each in enumerate(parts)}
    _, form = compose_here(service, battery("fixed", **asked))
    assert form.audience == audience


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("ppiq/zz", "there is no form"),
        ("nothing/a", "there is no form"),
        (f"{NAME}/{NAME}", "a battery itself"),
    ],
)
def test_a_part_that_cannot_be_taken_is_named(
    service: Service, made: tuple[Instrument, Form], part: str, why: str
) -> None:
    assert made
    with pytest.raises(InstrumentError, match=f"`{part}`|{why}") as refused:
        compose(battery("fixed", it={"form": part}), service.instruments)
    assert why in str(refused.value)


# ---- orders ----


def test_blocks_stand_at_each_place_equally_often_on_pages_of_their_own(
    made: tuple[Instrument, Form],
) -> None:
    _, form = made
    drawn = orders(form)
    sequences = [tuple(dict.fromkeys(form.block_of[item] for item in each)) for each in drawn]
    assert len(drawn) == len(set(drawn)) == 6
    for place in range(3):
        assert {*Counter(each[place] for each in sequences).values()} == {2}
    for order in drawn:
        pages = laid_out(form, None, order)
        assert [item.id for page in pages for item in page] == [*order]
        assert all(len({form.block_of[item.id] for item in page}) == 1 for page in pages)
    assert len({tuple(item for item in each if form.block_of[item] == "ppiq") for each in drawn}) == 6
    assert len({tuple(item for item in each if form.block_of[item] == "plot") for each in drawn}) == 1


def test_a_form_without_blocks_has_one_order_and_no_column_of_it() -> None:
    assert orders(ppiq().forms["a2"]) == ()
    assert "block_order" not in [column.name for column in codebook(ppiq(), "a2", "en")]


# ---- answering ----


def test_people_are_shown_the_order_that_their_row_keeps(service: Service, client: TestClient) -> None:
    form = service.instruments[NAME].forms[NAME]
    shown = []
    for code in codes(service, 12):
        client.cookies.clear()
        enter(client, code)
        assert agree(client) == "/about"
        here, seen = fill(client, "/about"), []
        while here.startswith("/page/"):
            [asking] = Screen(client.get(here).text).forms
            seen += [name for name in asking.choices if name in form.by_id]
            here = fill(client, here)
        shown.append(tuple(seen))
        [check] = Screen(client.get(here).text).forms
        assert client.post("/send", data=check.fields).status_code == 200
    drawn = orders(form)
    assert sorted(shown) == sorted(drawn[row.block_order - 1] for row in rows(service))
    assert len(set(shown)) > 1  # by chance the same for all twelve once in 6^11


def test_a_draft_is_come_back_to_in_its_own_order(service: Service, client: TestClient) -> None:
    [code] = codes(service, 1)
    enter(client, code)
    agree(client)
    here = fill(client, fill(client, "/about"))
    words, first = six_words(client), client.get("/page/1").text
    for _ in range(3):
        client.cookies.clear()
        assert come_back(client, code, words) == here
        assert client.get("/page/1").text == first
        words = six_words(client)


def test_an_order_that_nobody_is_shown_is_refused(service: Service, client: TestClient) -> None:
    [code] = codes(service, 1)
    enter(client, code)
    agree(client)
    here = fill(client, "/about")
    while here != "/check":
        here = fill(client, here)
    [check] = Screen(client.get("/check").text).forms
    for order in ("0", "7", "-1", "x", "1000"):
        assert client.post("/send", data={**check.fields, "_order": order}).status_code == 422
    assert rows(service) == []
    assert client.post("/send", data=check.fields).status_code == 200


def test_a_questionnaire_alone_takes_no_order(client: TestClient, service: Service, study: str) -> None:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, f"{study}-1", "north", 1)
    enter(client, code)
    agree(client)
    here = fill(client, "/about")
    while here != "/check":
        here = fill(client, here)
    [check] = Screen(client.get("/check").text).forms
    assert "_order" not in check.fields
    assert client.post("/send", data={**check.fields, "_order": "1"}).status_code == 422
    assert client.post("/send", data=check.fields).status_code == 200


# ---- given out ----


def test_every_export_has_the_order_and_the_scores_of_every_part(
    service: Service, client: TestClient
) -> None:
    for code in codes(service, 3):
        client.cookies.clear()
        respond(client, code, {"role": "supervisor", "length": "under_3_months"})
    form = service.instruments[NAME].forms[NAME]
    people = [
        {**{item.id: form.scale_of(item.id).codes[n % 2] for item in form.items}, "role": "supervisor"}
        for n in range(57)
    ]
    take_part(service, WAVE, "all", people, order=lambda n: 1 + n % 2)
    close(service, WAVE)
    with read(service.engine) as db:
        data = microdata(service, db, WAVE)
    files = in_memory(bundle(data))
    [rows_file] = [content for path, content in files.items() if path.endswith("_data.csv")]
    found = list(csv.DictReader(io.StringIO(rows_file.decode())))
    assert len(found) == 60
    assert {"block_order", "total", "joy", "harvest", "whole", "raw_g_say"} <= found[0].keys()
    assert Counter(row["block_order"] for row in found)["1"] >= 25
    assert "-66" in {row["block_order"] for row in found}  # three orders of three people are too rare
    assert {row["joy"] for row in found} == {"2.5"}  # the same code to both, of which one is turned round
    told = json.loads(files["codebook/codebook.json"])
    assert [each["block"] for each in told["blocks"]] == ["ppiq", "say", "plot"]
    assert told["blocks"][2]["licence"] == "CC BY 4.0"
    [column] = [each for each in told["columns"] if each["name"] == "block_order"]
    assert column["values"]["1"] == "1-2-3"
    whole = json.loads(files["instrument/instrument.json"])
    assert [tuple(each) for each in whole["orders"]] == [*orders(form)]
    assert b"Think of this season. How often is it so?" in files["codebook/ddi.xml"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("linked", [True, False])
def test_in_linked_waves_nothing_tells_rows_apart_but_what_people_said(
    service: Service, made: object, *, linked: bool
) -> None:
    """What they said stays; a change of language or layout between two waves could be one person's."""
    assert made
    with write(service.engine) as db:
        said = {"kind": "research", "leaving": "rows unwithheld", "context": ["role"], "simulated": True}
        studies.make_study(db, id="trial", title="Trial", instrument=NAME, form=NAME, people=100, **said)
        studies.add_unit(db, "trial", "all", "Everybody")
        waves.make_wave(service, db, "trial")
        if linked:
            pair_waves(service, db, WAVE, "trial-2")
        people = waves.issue_codes(service, db, WAVE, "all", FEWEST_CODES)
        waves.open_wave(service, db, WAVE)
    half = FEWEST_CODES // 2
    answers = [
        {"role": "supervisor" if n else "line_manager", **(own(n) if linked else {})}
        for n in range(FEWEST_CODES)
    ]
    take_part(service, WAVE, "all", answers, codes=people, order=lambda n: 1 + n % 2)
    with write(service.engine) as db:
        some = list(db.execute(select(RESPONSE.c.id)).scalars())[:half]
        other = {"language": "es", "words_hash": "e" * 64, "layout": "choices"}
        db.execute(update(RESPONSE).where(RESPONSE.c.id.in_(some)).values(other))
    close(service, WAVE)
    with read(service.engine) as db:
        data = microdata(service, db, WAVE)
    for name in ("language", "words_hash", "layout", "block_order"):
        assert ({*data.column(name)} == {WITHHELD}) == linked, name
    assert Counter(data.column("role"))["line_manager"] == 1


def test_paper_is_refused_where_an_order_is_drawn(service: Service, made: object) -> None:
    """A paper has one order; a wave of a battery in random order could not keep it."""
    assert made
    with write(service.engine) as db:
        studies.make_study(
            db,
            id="paper",
            title="Paper",
            kind="research",
            instrument=NAME,
            form=NAME,
            leaving="rows",
            simulated=True,
        )
        wave = waves.make_wave(service, db, "paper")
    with pytest.raises(Refused, match="drawn for each person"), write(service.engine) as db:
        waves.declare_paper(service, db, wave, paper=True)
