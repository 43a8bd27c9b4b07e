"""Declare that two waves of a study will be linked, before anybody has answered in either."""

from sqlalchemy import Connection, insert, select, update

from app.audit import audit
from app.errors import Refused
from app.runtime import Service
from app.studies.linking.pairs import KEY, PAIR
from app.studies.study import STUDY, the_study, what_leaves
from app.studies.waves import expect, the_wave, waves
from app.tables import PREPARED, RESEARCH
from app.vault import new_key


def pair_waves(service: Service, db: Connection, earlier: str, later: str) -> None:
    """Pair two waves. The later one need not exist yet: its name says which it will be."""
    first = the_wave(db, earlier)
    study, _, ordinal = later.rpartition("-")
    if study != first.study or not ordinal.isdecimal() or int(ordinal) <= first.ordinal:
        raise Refused(f"{later!r} names no later wave of {first.study!r} than {earlier!r}")
    if not what_leaves(db, study).rows:
        raise Refused(
            f"{study!r} gives out reports, and linking serves rows alone: for waves that are linked, make a "
            "study that gives out rows"
        )
    later = f"{study}-{int(ordinal)}"
    taken = {wave for pair in db.execute(select(PAIR.c.earlier, PAIR.c.later)) for wave in pair}
    if both := taken & {earlier, later}:
        raise Refused(f"{min(both)!r} is one of a pair already; a wave is in one pair alone")
    for wave in {earlier, later} & {each.id for each in waves(db, study)}:
        expect(db, wave, (PREPARED,), "one of a pair")
    of_study = the_study(db, study)
    if of_study.kind == RESEARCH and any(each.state != PREPARED for each in waves(db, study)):
        raise Refused(
            f"{study!r} is a research study, whose approval covers what is linked: waves are paired before "
            "the first collection opens"
        )
    db.execute(insert(PAIR).values(earlier=earlier, later=later))
    db.execute(insert(KEY).values(earlier=earlier, key=new_key()))
    # Linked rows tell more: whoever confirmed what leaves has to see it again.
    unconfirmed = {"release_asked_by": None, "release_confirmed_by": None}
    db.execute(update(STUDY).where(STUDY.c.id == study).values(unconfirmed))
    audit(service.vault, db, {"action": "waves paired", "earlier": earlier, "later": later})
