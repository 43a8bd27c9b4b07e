"""A study and the units it is counted by: one tree, declared before the first wave opens."""

import json
import re
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from app.errors import Refused
from app.tables import Study, Unit, table

LEVELS: Final = ("unit", "department", "organisation")
SMALLEST_K: Final = 5
USUAL_K: Final = 10
LONGEST_ID: Final = 40
ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
STUDY: Final = table(Study)
UNIT: Final = table(Unit)


def make_study(
    db: Connection,
    *,
    id: str,  # noqa: A002 - the column's own name
    title: str,
    instrument: str = "ppiq",
    form: str = "a",
    k: int = USUAL_K,
    simulated: bool = False,
) -> None:
    _check_id(id)
    if k < SMALLEST_K:
        raise Refused(f"a study is reported from {SMALLEST_K} answers a unit at the least; {k} is fewer")
    if db.execute(select(STUDY.c.id).where(STUDY.c.id == id)).first():
        raise Refused(f"there is a study {id!r} already")
    db.execute(
        insert(STUDY).values(
            id=id,
            title=title,
            instrument=instrument,
            form=form,
            k=k,
            simulated=simulated,
            partition_hash=None,
        )
    )


def the_study(db: Connection, study: str) -> Row[Any]:
    found = db.execute(select(STUDY).where(STUDY.c.id == study)).first()
    if found is None:
        raise Refused(f"there is no study {study!r}")
    return found


def add_unit(
    db: Connection, study: str, unit: str, title: str, *, level: str = "unit", parent: str | None = None
) -> None:
    """Declare a unit; departments and organisations stand above units and are declared before them."""
    _check_id(unit)
    if the_study(db, study).partition_hash is not None:
        raise Refused(f"the units of {study!r} have been fixed since its first wave opened")
    if level not in LEVELS:
        raise Refused(f"the level of a unit is one of {', '.join(LEVELS)}; {level!r} is none of them")
    levels = {each.id: each.level for each in units(db, study)}
    if unit in levels:
        raise Refused(f"{study!r} has a unit {unit!r} already")
    if parent is not None and parent not in levels:
        raise Refused(f"{study!r} has no {parent!r} to be the parent of {unit!r}; declare it first")
    if parent is not None and LEVELS.index(levels[parent]) <= LEVELS.index(level):
        raise Refused(f"{parent!r} is a {levels[parent]}: it cannot stand above a {level}")
    db.execute(insert(UNIT).values(study=study, id=unit, title=title, level=level, parent=parent))


def units(db: Connection, study: str) -> list[Row[Any]]:
    """Every unit, department and organisation of the study, in the order of their ids."""
    return list(db.execute(select(UNIT).where(UNIT.c.study == study).order_by(UNIT.c.id)))


def partition_hash(db: Connection, study: str) -> str:
    """Tell one tree from another: who is counted together, whatever the titles say."""
    tree = [[unit.id, unit.level, unit.parent] for unit in units(db, study)]
    return sha256(json.dumps(tree).encode()).hexdigest()


def pin_partition(db: Connection, study: str) -> None:
    """Fix the tree when the first wave opens, and refuse one that was changed behind the service's back."""
    pinned, present = the_study(db, study).partition_hash, partition_hash(db, study)
    if not any(unit.level == "unit" for unit in units(db, study)):
        raise Refused(f"{study!r} has no unit yet; declare its units before a wave opens")
    if pinned is None:
        db.execute(update(STUDY).where(STUDY.c.id == study).values(partition_hash=present))
    elif pinned != present:
        raise Refused(f"the units of {study!r} are not those that its first wave opened with")


def _check_id(name: str) -> None:
    if len(name) > LONGEST_ID or not ID.fullmatch(name):
        raise Refused(
            f"{name!r} cannot be an id: begin with a letter and take small letters, digits and hyphens, "
            f"{LONGEST_ID} in all"
        )
