"""Answers that are held out, late or erased change no byte of any file that is served.

Every page, JSON and CSV is read over HTTP after each of many scrambles, PDFs after two of them, since each
takes a second; `make attack` makes 1,000 scrambles on each engine and reads PDFs after 100.
"""

import random
from collections.abc import Iterator

import pytest

from analysis.disclosure.base_table import Rules
from app.closing import snapshots
from tests.attack.published import Server, serving
from tests.attack.scrambles import SIZES, differing, files
from tests.privacy.organisations import K, organisation, person, publish

EACH = 150
"""Scrambles."""
PRINTED = 2
"""After how many of them PDFs are read."""
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def closed(url: str) -> Iterator[Server]:
    with serving(url) as server:
        server.load(organisation(9, SIZES), K)
        server.close()
        yield server


@ON_SQLITE
def test_scrambles_leave_every_byte_of_every_file(closed: Server) -> None:
    assert differing(closed, times=EACH, printed=PRINTED, seed=9) == set()


def is_of_every_kind(changed: set[str]) -> bool:
    kinds = {path.rpartition(".")[2] if "." in path else "page" for path in changed}
    return kinds == {"page", "json", "csv", "pdf"}


@ON_POSTGRES
def test_where_small_units_are_shown_files_of_every_kind_change(
    closed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "rules", lambda _: Rules(k=3))
    closed.publish_again(closed.stored)
    assert is_of_every_kind(differing(closed, times=1, printed=1, seed=3))


@ON_SQLITE
def test_where_a_report_is_made_twice_files_of_every_kind_change(closed: Server) -> None:
    before = files(closed, printed=True)
    beech = [*closed.stored["beech"], person(random.Random(4), 2.0)]
    closed.publish_again({**closed.stored, "beech": beech})
    after = files(closed, printed=True)
    assert is_of_every_kind({path for path in before if before[path] != after[path]})


def test_people_who_leave_or_join_a_held_out_unit_do_not_show() -> None:
    groups = organisation(6, SIZES)
    as_json = publish(groups)
    assert publish({**groups, "cedar": groups["cedar"][:-1]}) == as_json
    assert publish({unit: people for unit, people in groups.items() if unit != "elm"}) == as_json


def test_the_order_of_people_and_units_does_not_show() -> None:
    groups, rng = organisation(8, SIZES), random.Random(8)
    turned = {unit: rng.sample(people, len(people)) for unit, people in reversed(groups.items())}
    assert publish(turned) == publish(groups)
