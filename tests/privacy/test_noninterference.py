"""What people said who are held out, late or erased influences not one byte of what is published.

A PDF is made of a page and of nothing else (`as_pdf(page)`): where pages are equal, so are their PDFs. Twenty
are set all the same, and those of the service are read before and after.
"""

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, select

from app.db import write
from app.report.printed import as_pdf
from app.snapshots import RESPONSE, compute_snapshot
from tests.attack.published import REPORT, WAVE, Server, serving
from tests.privacy.attackers import scrambled
from tests.privacy.organisations import CODES, K, html_and_csv, organisation, pages, person, publish

SCRAMBLES = 1000
PRINTED = 20
EACH = 500
"""Late or erased answers on each engine."""
SIZES = {"ash": 10, "beech": 20, "cedar": 9, "elm": 1}
FILES = ("", ".json", ".csv", ".pdf")


def test_a_thousand_scrambles_of_held_out_answers_leave_every_byte() -> None:
    groups, rng = organisation(5, SIZES), random.Random(5)
    as_json, as_read, told = publish(groups), html_and_csv(groups), pages(groups)
    [ash] = [page for page in told if page.title == "Ash"]
    as_printed = as_pdf(ash)
    for number in range(SCRAMBLES):
        other = scrambled(groups, K, rng, (*CODES, -77, -88, -99))
        assert other["cedar"] != groups["cedar"]
        assert publish(other) == as_json
        assert html_and_csv(other) == as_read
        again = pages(other)
        assert again == told
        if number < PRINTED:
            assert as_pdf(again[told.index(ash)]) == as_printed


def test_people_who_leave_or_join_a_held_out_unit_do_not_show() -> None:
    groups = organisation(6, SIZES)
    as_json = publish(groups)
    assert publish({**groups, "cedar": groups["cedar"][:-1]}) == as_json
    assert publish({unit: people for unit, people in groups.items() if unit != "elm"}) == as_json


def test_what_is_published_does_change_with_those_who_are_in_it() -> None:
    """The control: the comparison can see a difference."""
    groups = organisation(7, SIZES)
    changed = scrambled({"beech": groups["beech"]}, 100, random.Random(7), CODES)
    assert publish({**groups, **changed}) != publish(groups)
    assert html_and_csv({**groups, **changed}) != html_and_csv(groups)
    before, after = (
        next(page for page in pages(each) if page.title == "Beech")
        for each in (groups, {**groups, **changed})
    )
    assert as_pdf(before) != as_pdf(after)


def test_the_order_of_people_and_units_does_not_show() -> None:
    groups, rng = organisation(8, SIZES), random.Random(8)
    turned = {unit: rng.sample(people, len(people)) for unit, people in reversed(groups.items())}
    assert publish(turned) == publish(groups)


@pytest.fixture
def closed(url: str) -> Iterator[Server]:
    with serving(url) as server:
        server.load(organisation(9, SIZES), K)
        server.close()
        yield server


def test_nor_do_a_thousand_late_and_erased_answers_over_http(closed: Server) -> None:
    """On each engine: whatever is put in or taken out after the close, and however often all is made anew."""
    rng = random.Random(9)
    files = [f"{REPORT}{part}{ending}" for part in ("", "/units/beech") for ending in FILES]
    everything, seen = closed.everything() | closed.read(files), closed.report()
    assert all(page.startswith(b"200") for path, page in everything.items() if path in files)
    for _ in range(EACH):
        unit = rng.choice(list(SIZES))
        with write(closed.service.engine) as db:
            if rng.random() < 0.5:
                closed.answer(db, unit, [person(rng, 2.0)])
            else:
                one = select(RESPONSE.c.id).where(RESPONSE.c.unit == unit).limit(1)
                db.execute(delete(RESPONSE).where(RESPONSE.c.id.in_(db.execute(one).scalars().all())))
            compute_snapshot(closed.service, db, WAVE)
        assert closed.report() == seen
    assert closed.everything() | closed.read(files) == everything
