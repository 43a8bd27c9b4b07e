"""Exports of two linked waves: one person's rows share an id, and no two exports together identify them."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from uuid import UUID

import pyreadstat
import pytest
from sqlalchemy import delete, update
from starlette.testclient import TestClient

from analysis.report.fitted import read_dataset
from app import studies
from app.closing.mixing import RESPONSE
from app.closing.withhold import LEAST
from app.db import read, write
from app.errors import Refused
from app.export.bundle import write_bundle
from app.export.formats import FORMATS
from app.export.linked import shown
from app.export.microdata import microdata
from app.export.rows import NOTE, Microdata
from app.runtime import Service, now
from app.studies import waves
from app.studies.paired_waves import pair_waves, read_days
from instrument import WITHHELD, ppiq
from tests.lib.cohorts import signed_in
from tests.lib.linked_waves import EARLIER, LATER, close, declared, open_later, own, take_part, twice
from tests.lib.respondents import kept
from tests.privacy.organisations import ITEMS

pytestmark = pytest.mark.either

TELLING = ("language", "words_hash", "layout", "unit", *ppiq().forms["a"].context)
BOTH, MORE = 20, 8
HOW = [{}, {"with_unit": True}, {"archive": True}, {"with_unit": True, "archive": True}]
Rows = list[dict[str, str]]


def data(service: Service, wave: str, **how: bool) -> Microdata:
    with read(service.engine) as db:
        return microdata(service, db, wave, **how)


def exported(service: Service, wave: str, **how: bool) -> Rows:
    return list(csv.DictReader(io.StringIO(FORMATS["csv"].make(data(service, wave, **how)).decode())))


def raw(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[f"raw_{item}"] for item in ITEMS)


def ids(rows: Rows) -> set[str]:
    return {row["pair_id"] for row in rows if row["pair_id"]}


@pytest.fixture
def linked(service: Service) -> tuple[Service, list[bytes], list[bytes]]:
    """20 people in both waves, 8 more in each; 18 agree to an archive, and 14 of them twice."""
    declared(service)
    first = take_part(service, EARLIER, [own(n) for n in range(BOTH + MORE)], agreed=18)
    close(service, EARLIER)
    open_later(service)
    second = take_part(service, LATER, [own(n) for n in (*range(BOTH), *range(100, 100 + MORE))], agreed=14)
    close(service, LATER)
    return service, first, second


def answers_of(service: Service, wave: str, receipts: Sequence[bytes]) -> list[tuple[str, ...]]:
    given = kept(service, wave)
    return [tuple(str(given[each][item]) for item in ITEMS) for each in receipts]


def test_an_id_is_shared_by_the_rows_of_one_person_and_by_no_others(
    linked: tuple[Service, list[bytes], list[bytes]],
) -> None:
    service, first, second = linked
    earlier = {raw(row): row["pair_id"] for row in exported(service, EARLIER)}
    later = {raw(row): row["pair_id"] for row in exported(service, LATER)}
    here, there = answers_of(service, EARLIER, first), answers_of(service, LATER, second)
    for one, other in zip(here[:BOTH], there[:BOTH], strict=True):
        assert earlier[one] == later[other] != ""
    assert len({earlier[one] for one in here[:BOTH]}) == BOTH
    assert {earlier[one] for one in here[BOTH:]} == {later[other] for other in there[BOTH:]} == {""}
    assert {UUID(each).version for each in ids(exported(service, LATER))} == {4}


@pytest.mark.parametrize("how", HOW)
def test_nothing_known_of_people_tells_two_rows_apart(
    linked: tuple[Service, list[bytes], list[bytes]], how: dict[str, bool]
) -> None:
    service, *_ = linked
    for wave in (EARLIER, LATER):
        rows = exported(service, wave, **how)
        known = {tuple(row[name] for name in TELLING if name in row) for row in rows}
        assert len(known) == 1
        assert str(WITHHELD) in next(iter(known))
        assert {row["language"] for row in rows} == {"en"}, "what is the same for everybody is told"


def test_nobody_is_one_of_fewer_than_five_who_are_linked_or_not(
    linked: tuple[Service, list[bytes], list[bytes]],
) -> None:
    """The same for an archive, which shows no link that the other export does not."""
    service, *_ = linked
    for wave in (EARLIER, LATER):
        plain = {raw(row): row["pair_id"] for row in exported(service, wave)}
        inside = {raw(row): row["pair_id"] for row in exported(service, wave, archive=True)}
        assert all(pair_id in ("", plain[answers]) for answers, pair_id in inside.items())
        for some_rows in (plain, inside):
            having = sum(pair_id != "" for pair_id in some_rows.values())
            assert min(having, len(some_rows) - having) >= LEAST


def test_an_archive_links_those_who_agreed_to_it_twice(
    linked: tuple[Service, list[bytes], list[bytes]],
) -> None:
    service, *_ = linked
    earlier, later = (ids(exported(service, wave, archive=True)) for wave in (EARLIER, LATER))
    assert earlier == later
    assert earlier < ids(exported(service, LATER))
    # 14 agreed twice, which leaves 4 and none of the 18 and 14 unlinked: as many more are left out.
    assert len(earlier) == 14 - LEAST


def test_context_is_withheld_before_anybody_is_linked(service: Service) -> None:
    """Otherwise an export taken now, joined by the answers, would show what a later one withholds."""
    declared(service)
    take_part(service, EARLIER, [own(n) for n in range(30)])
    close(service, EARLIER)
    rows = exported(service, EARLIER)
    assert "pair_id" not in rows[0]
    assert {row["role"] for row in rows} == {str(WITHHELD)}
    assert f"matched when {LATER} closes" in data(service, EARLIER).linked


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("language", "day"), [("", "{0.day} {0:%B %Y}"), ("/es", "{0.day} de ")])
@pytest.mark.usefixtures("one_day")
def test_who_comes_before_the_declared_days_are_over_is_told_when_to_come_back(
    service: Service, client: TestClient, language: str, day: str
) -> None:
    declared(service, (10, 21))
    take_part(service, EARLIER, [own(n) for n in range(30)])
    close(service, EARLIER)
    with write(service.engine) as db:
        code, *_ = waves.issue_codes(service, db, LATER, "south", 30)
    first = now().date() + timedelta(days=10)
    with pytest.raises(Refused, match=f"opens on {first} at the earliest"), write(service.engine) as db:
        waves.open_wave(service, db, LATER)
    early = client.post(f"{language}/enter", data={"code": code})
    assert early.status_code == 503
    assert day.format(first) in early.text
    wait(service, 9)
    with pytest.raises(Refused, match=f"opens on {now().date() + timedelta(days=1)}"):
        open_later(service)
    wait(service, 1)
    assert day.format(first) not in client.post(f"{language}/enter", data={"code": code}).text
    open_later(service)
    assert client.post(f"{language}/enter", data={"code": code}).status_code == 303
    take_part(service, LATER, [own(n) for n in range(30)])
    close(service, LATER)
    told = data(service, LATER).linked
    assert "Between a person's two answers lie 10 to 10 days; declared were 10 to 21." in told


def wait(service: Service, days: int) -> None:
    """As if the earlier collection had opened and closed so many days before."""
    with write(service.engine) as db:
        found = waves.the_wave(db, EARLIER)
        before = {"opened_on": found.opened_on, "closes_at": found.closes_at}
        moved = {name: each - timedelta(days=days) for name, each in before.items()}
        db.execute(update(waves.WAVE).where(waves.WAVE.c.id == EARLIER).values(moved))


@pytest.mark.parametrize(
    "typed", ["", "10", "10-", "-10", "21-10", "0-3", "1-3651", "1-99999", "a-b", "1-2-3"]
)
def test_days_that_are_none_are_refused(service: Service, typed: str) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="twice", title="Twice", simulated=True, leaving="rows")
        wave = waves.make_wave(service, db, "twice")
        with pytest.raises(Refused, match=r"(such as|as in) 10-21"):
            pair_waves(service, db, wave, "twice-2", read_days(typed))


def test_half_a_pair_has_no_id(linked: tuple[Service, list[bytes], list[bytes]]) -> None:
    service, first, second = linked
    [mine] = answers_of(service, LATER, second[:1])
    before = {raw(row): row["pair_id"] for row in exported(service, LATER)}
    with write(service.engine) as db:
        db.execute(delete(RESPONSE).where(RESPONSE.c.receipt_hmac == first[0]))
    after = {raw(row): row["pair_id"] for row in exported(service, LATER)}
    assert after.pop(mine) == ""
    assert before.pop(mine) != ""
    assert after == before


def test_nobody_linked_leaves_the_column_empty_or_out(service: Service) -> None:
    declared(service)
    twice(service, [own(n) for n in range(30)], [own(n) for n in range(50, 80)])
    assert ids(exported(service, EARLIER)) == set()
    assert "Linked at the close: fewer than 5 people" in data(service, LATER).linked


def test_the_codebook_and_the_pages_say_what_the_id_is(
    linked: tuple[Service, list[bytes], list[bytes]], client: TestClient
) -> None:
    service, *_ = linked
    signed_in(service, client, "researcher", "twice")
    here = f"/export/waves/{EARLIER}"
    described = client.get(f"{here}/codebook.json").json()
    [column] = [each for each in described["columns"] if each["name"] == "pair_id"]
    assert "It identifies no one" in column["label"]
    assert LATER in column["label"]
    assert described["note"].startswith(NOTE)
    assert "Linked at the close: at least 20 people" in described["note"]
    assert "several people's: fewer than 5 rows" in described["note"]
    assert "Linked at the close: at least 20 people" in client.get(here).text
    assert "<code>pair_id</code>" in client.get(f"{here}/codebook.html").text
    names = [each["name"] for each in described["columns"]]
    assert names == list(next(csv.reader(io.StringIO(client.get(f"{here}/responses.csv").text))))


def test_both_waves_and_one_table_of_those_in_both_are_one_folder(
    linked: tuple[Service, list[bytes], list[bytes]], client: TestClient, tmp_path: Path
) -> None:
    service, first, second = linked
    written = write_bundle(service, LATER, tmp_path / "out", linked=True)
    assert {path.relative_to(tmp_path / "out").parts[0] for path in written} == {EARLIER, LATER, "linked"}
    folder = tmp_path / "out" / "linked"
    [table] = (folder / "data").glob("*.csv")
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    here, there = answers_of(service, EARLIER, first), answers_of(service, LATER, second)
    pairs = {tuple(tuple(row[f"raw_{item}_{n}"] for item in ITEMS) for n in (1, 2)) for row in rows}
    assert pairs == set(zip(here[:BOTH], there[:BOTH], strict=True))
    [of_later] = (tmp_path / "out" / LATER / "data").glob("*.csv")
    assert ids(rows) == ids(list(csv.DictReader(io.StringIO(of_later.read_text()))))
    assert not {name for name in rows[0] if name in TELLING or name.removesuffix("_1") in TELLING}
    [sav] = (folder / "labelled").glob("*.sav")
    labels = pyreadstat.read_sav(sav, metadataonly=True)[1].column_names_to_labels
    assert labels["ec_1"].startswith(f"{EARLIER}: ")
    assert labels["ec_2"].startswith(f"{LATER}: ")
    said = json.loads((folder / "manifest.json").read_text())
    assert {f"linked/{path}" for path in said["files"]} < {
        path.relative_to(tmp_path / "out").as_posix() for path in written
    }
    signed_in(service, client, "researcher", "twice")
    assert f"/export/waves/{LATER}/all.zip?linked=yes" in client.get(f"/export/waves/{LATER}").text
    both = client.get(f"/export/waves/{LATER}/all.zip?linked=yes").content
    with zipfile.ZipFile(io.BytesIO(both)) as packed:
        inside = {name.partition("/")[2] for name in packed.namelist()}
    assert inside == {path.relative_to(tmp_path / "out").as_posix() for path in written}


def test_waves_that_nobody_links_are_no_table(service: Service, client: TestClient, tmp_path: Path) -> None:
    declared(service)
    twice(service, [own(n) for n in range(30)], [own(n) for n in range(50, 80)])
    with pytest.raises(Refused, match="no row of 'twice-1' is linked"):
        write_bundle(service, LATER, tmp_path / "out", linked=True)
    assert not (tmp_path / "out").exists()
    signed_in(service, client, "researcher", "twice")
    assert "linked=yes" not in client.get(f"/export/waves/{LATER}").text
    assert client.get(f"/export/waves/{LATER}/all.zip?linked=yes").status_code == 422


def test_before_the_later_wave_has_closed_both_are_refused_with_the_reason(
    service: Service, client: TestClient
) -> None:
    declared(service)
    take_part(service, EARLIER, [own(n) for n in range(30)])
    close(service, EARLIER)
    open_later(service)
    signed_in(service, client, "researcher", "twice")
    answer = client.get(f"/export/waves/{EARLIER}/all.zip?linked=yes")
    assert (answer.status_code, f"{LATER}&#39; is no closed collection" in answer.text) == (422, True)


def test_the_analysis_reads_a_linked_file(linked: tuple[Service, list[bytes], list[bytes]], tmp_path) -> None:
    service, *_ = linked
    [rows, *_] = write_bundle(service, LATER, tmp_path)
    assert read_dataset(rows, ppiq()).n == BOTH + MORE


# ---- who may be shown as linked ----

NUMBERS = [UUID(int=n, version=4) for n in range(60)]


def some(linked: int, alone: int, start: int = 0) -> list[UUID | None]:
    return [*NUMBERS[start : start + linked], *[None] * alone]


@pytest.mark.parametrize(
    ("alone", "other", "told"),
    [(0, 0, 30), (5, 9, 30), (0, 7, 30), (1, 9, 26), (4, 4, 29), (0, 3, 25), (2, 0, 25)],
)
def test_the_unlinked_are_none_or_five_at_least(alone: int, other: int, told: int) -> None:
    ids = shown([some(30, alone), some(30, other)])
    assert len(ids) == told
    for unlinked in (30 + alone - told, 30 + other - told):
        assert unlinked == 0 or unlinked >= LEAST
    assert ids == shown([some(30, other), some(30, alone)])


def test_every_choice_keeps_the_rule_of_five() -> None:
    for linked, alone, other in product(range(14), range(8), range(8)):
        ids = shown([some(linked, alone), some(linked, other)])
        assert len(ids) == 0 or len(ids) >= LEAST
        for all_of_them in (linked + alone, linked + other):
            assert len(ids) == 0 or all_of_them == len(ids) or all_of_them - len(ids) >= LEAST


def test_an_id_without_its_other_half_is_not_shown() -> None:
    assert shown([some(10, 6), some(9, 6)]) == frozenset(NUMBERS[:9])
    assert shown([some(10, 6), some(10, 6, start=20)]) == frozenset()
