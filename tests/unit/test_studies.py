"""A study's units are one tree, declared before anybody answers and fixed from then on."""

import pytest
from sqlalchemy import update

from app import studies
from app.db import read, write
from app.errors import Refused
from app.runtime import Service
from app.studies import waves


@pytest.fixture
def made(service: Service) -> Service:
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True)
        studies.add_unit(db, "demo", "org", "Organisation", level="organisation")
        studies.add_unit(db, "demo", "west", "West", level="department", parent="org")
        studies.add_unit(db, "demo", "north", "North", parent="west")
    return service


def test_the_tree_is_kept_as_declared(made: Service) -> None:
    with read(made.engine) as db:
        assert [(each.id, each.level, each.parent) for each in studies.units(db, "demo")] == [
            ("north", "unit", "west"),
            ("org", "organisation", None),
            ("west", "department", "org"),
        ]
        assert studies.the_study(db, "demo").k == 10


@pytest.mark.parametrize(
    ("unit", "level", "parent", "why"),
    [
        ("south", "team", None, "level"),
        ("north", "unit", None, "already"),
        ("south", "unit", "nowhere", "declare it first"),
        ("south", "unit", "north", "cannot stand above"),
        ("east", "department", "west", "cannot stand above"),
        ("South Ward", "unit", None, "cannot be a short name"),
        ("s" * 41, "unit", None, "cannot be a short name"),
        ("", "unit", None, "cannot be a short name"),
    ],
)
def test_a_unit_that_does_not_fit_the_tree_is_refused(
    made: Service, unit: str, level: str, parent: str | None, why: str
) -> None:
    with write(made.engine) as db, pytest.raises(Refused, match=why):
        studies.add_unit(db, "demo", unit, "A title", level=level, parent=parent)


def test_no_study_shows_groups_of_fewer_than_five(service: Service) -> None:
    with write(service.engine) as db:
        with pytest.raises(Refused, match="4 is fewer"):
            studies.make_study(db, id="demo", title="Demonstration", k=4)
        studies.make_study(db, id="demo", title="Demonstration", k=5)


def test_an_id_is_given_once(made: Service) -> None:
    with write(made.engine) as db, pytest.raises(Refused, match="already"):
        studies.make_study(db, id="demo", title="Another")


def test_what_is_not_there_is_named(service: Service) -> None:
    with read(service.engine) as db, pytest.raises(Refused, match="no study 'demo'"):
        studies.the_study(db, "demo")


def test_the_units_are_fixed_when_the_first_wave_opens(made: Service) -> None:
    with write(made.engine) as db:
        wave = waves.make_wave(made, db, "demo")
        studies.add_unit(db, "demo", "south", "South", parent="west")
        waves.open_wave(made, db, wave)
        with pytest.raises(Refused, match="fixed since"):
            studies.add_unit(db, "demo", "east", "East", parent="west")
        assert studies.the_study(db, "demo").partition_hash == studies.partition_hash(db, "demo")


def test_a_wave_needs_a_unit_that_people_belong_to(service: Service) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration")
        studies.add_unit(db, "demo", "org", "Organisation", level="organisation")
        wave = waves.make_wave(service, db, "demo")
        with pytest.raises(Refused, match="no unit yet"):
            waves.open_wave(service, db, wave)
        with pytest.raises(Refused, match="no unit yet"):
            waves.first_unit(db, wave)


def test_a_tree_changed_behind_the_services_back_opens_no_wave(made: Service) -> None:
    with write(made.engine) as db:
        waves.open_wave(made, db, waves.make_wave(made, db, "demo"))
        second = waves.make_wave(made, db, "demo")
        db.execute(update(studies.UNIT).where(studies.UNIT.c.id == "north").values(parent="org"))
        with pytest.raises(Refused, match="not those"):
            waves.open_wave(made, db, second)


def test_a_title_can_be_corrected(made: Service) -> None:
    """Who is counted together is fixed; what the group is called is not."""
    with write(made.engine) as db:
        waves.open_wave(made, db, waves.make_wave(made, db, "demo"))
        second = waves.make_wave(made, db, "demo")
        db.execute(update(studies.UNIT).where(studies.UNIT.c.id == "north").values(title="Northern"))
        assert waves.open_wave(made, db, second) == "open"
