"""Declare that two waves of a study will be linked, before anybody has answered in either."""

from typing import Final

from sqlalchemy import Connection, insert, select, update

from app.audit import audit
from app.errors import Refused
from app.runtime import Service
from app.studies.linking.pairs import KEY, PAIR
from app.studies.study import STUDY, the_study, what_leaves
from app.studies.waves import expect, the_wave, waves
from app.tables import PREPARED, RESEARCH
from app.vault import new_key

LONGEST: Final = 3650


def pair_waves(
    service: Service, db: Connection, earlier: str, later: str, days: tuple[int, int] | None = None
) -> None:
    """Pair two waves. The later one need not exist yet: its name says which it will be.

    `days` are the fewest and the most that are to lie between a person's answers, as for a retest.
    """
    if days is not None and not 1 <= days[0] <= days[1] <= LONGEST:
        raise Refused(
            f"between the two lie some days, the fewer written first, up to {LONGEST}: such as 10-21; "
            f"{days[0]}-{days[1]} is something else"
        )
    first = the_wave(db, earlier)
    study, _, ordinal = later.rpartition("-")
    if study != first.study or not ordinal.isdecimal() or int(ordinal) <= first.ordinal:
        raise Refused(f"{later!r} names no later collection of {first.study!r} than {earlier!r}")
    if not what_leaves(db, study).rows:
        raise Refused(
            f"{study!r} gives out reports, and linking serves rows alone: for collections that are linked, "
            "make a study that gives out rows"
        )
    later = f"{study}-{int(ordinal)}"
    taken = {wave for pair in db.execute(select(PAIR.c.earlier, PAIR.c.later)) for wave in pair}
    if both := taken & {earlier, later}:
        raise Refused(f"{min(both)!r} is one of a pair already; a collection is in one pair alone")
    for wave in {earlier, later} & {each.id for each in waves(db, study)}:
        expect(db, wave, (PREPARED,), "one of a pair")
    of_study = the_study(db, study)
    if of_study.kind == RESEARCH and any(each.state != PREPARED for each in waves(db, study)):
        raise Refused(
            f"{study!r} is a research study, whose approval covers what is linked: collections are paired "
            "before the first collection opens"
        )
    db.execute(insert(PAIR).values(earlier=earlier, later=later, days=None if days is None else [*days]))
    db.execute(insert(KEY).values(earlier=earlier, key=new_key()))
    # Linked rows tell more: whoever confirmed what leaves has to see it again.
    unconfirmed = {"release_asked_by": None, "release_confirmed_by": None}
    db.execute(update(STUDY).where(STUDY.c.id == study).values(unconfirmed))
    told = {} if days is None else {"days": f"{days[0]}-{days[1]}"}
    audit(service.vault, db, {"action": "waves paired", "earlier": earlier, "later": later, **told})


def read_days(text: str) -> tuple[int, int]:
    """Read the fewest and the most days as they were typed: `10-21`."""
    fewest, _, most = text.partition("-")
    if not (fewest.isdecimal() and most.isdecimal() and max(len(fewest), len(most)) <= len(str(LONGEST))):
        raise Refused(f"write the fewest and the most days as in 10-21; {text!r} is something else")
    return int(fewest), int(most)
