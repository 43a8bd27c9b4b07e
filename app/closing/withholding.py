"""What exports may show of each person beside their answers: decided once, when their wave closes.

Answers are nearly unique, so whoever holds two exports of a wave can join them, and could subtract a decision
made for one export from that made for another. So there is one decision for all exports: with and without the
unit, of everybody and of those who agreed to an archive (which is itself known to whoever holds both). It is
kept with the rows. An erasure does not change it: a combination that has become rare stays as it was decided.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from secrets import SystemRandom
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from analysis.disclosure.leaving import LEAVING, Leaving
from app.closing.clusters import large_enough
from app.closing.leaving import rows_that_leave
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER
from app.closing.withhold import LEAST, Value, withhold, withhold_last
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from app.studies.linking.pairs import outcome_of
from app.studies.study import STUDY
from app.studies.waves import WAVE
from instrument import BLOCK_ORDER, LEFT_BLANK, WITHHELD, Form, Instrument

ARCHIVE: Final = "archive"
"""The purpose that a person agreed to or not."""
UNIT: Final = "unit"
CLUSTER: Final = "cluster_id"
"""The column of the cluster that a code was made for."""
FEWEST: Final = 10
"""The fewest rows that are given out."""
PROVENANCE_THAT_TELLS: Final = ("language", "words_hash", "layout")
Known = dict[str, Value]
_DECIDE: Final = (
    update(RESPONSE)
    .where(RESPONSE.c.id == bindparam("of_id"))
    .values(told=bindparam("tells"), archived=bindparam("inside"))
)


def decide(service: Service, db: Connection, wave: str) -> None:
    """Decide for the rows of a wave that leave; of others nothing is shown. An existing decision stays."""
    rows = list(db.execute(select(RESPONSE).where(RESPONSE.c.wave == wave)))
    if all(row.told is not None for row in rows):
        return
    asked = select(WAVE, *(STUDY.c[each] for each in ("instrument", "form", "context", "leaving")))
    about = db.execute(asked.join(STUDY, STUDY.c.id == WAVE.c.study).where(WAVE.c.id == wave)).one()
    instrument = as_it_was_asked(service, about)
    form = instrument.forms[about.form]
    leaving = rows_that_leave(db, about.study, LEAVING[about.leaving])
    kept = [row for row in rows if (row.wave, row.unit) not in leaving]
    rows = [row for row in rows if (row.wave, row.unit) in leaving]
    if kept:
        db.execute(_DECIDE, [{"of_id": row.id, "tells": {}, "inside": False} for row in kept])
    if not rows:
        return
    known = known_of(instrument, form, context_of(form, about.context), rows)
    inside = archived([ARCHIVE in row.purposes for row in rows])
    told = shown(known, inside, LEAVING[about.leaving], paired=outcome_of(db, wave) is not None)
    beside = {
        row.receipt_hmac: {**each, ARCHIVE: agreed}
        for row, each, agreed in zip(rows, told, inside, strict=True)
    }
    decide_special(db, wave, beside, about)
    db.execute(
        _DECIDE,
        [
            {"of_id": row.id, "tells": each, "inside": agreed}
            for row, each, agreed in zip(rows, told, inside, strict=True)
        ],
    )


def shown(
    known: Sequence[Known], inside: Sequence[bool], declared: Leaving, *, paired: bool
) -> Sequence[Known]:
    """What exports show of each person: what is common enough, or what they said of themselves as it is.

    Where a study declared that nothing is withheld, people were told so of what they say. In which language,
    on what and in which order they answered they did not say, and where it is rare somebody else saw it.
    """
    if not declared.withheld:
        return _as_they_said(known, inside, paired=paired)
    return same_for_all(known) if paired else decided(known, inside)


def _as_they_said(known: Sequence[Known], inside: Sequence[bool], *, paired: bool) -> list[Known]:
    told = [dict(each) for each in known]
    for names in (PROVENANCE_THAT_TELLS, (BLOCK_ORDER,)):
        if any(name not in known[0] for name in names):
            continue
        beside = [{name: each[name] for name in names} for each in known]
        # Rows of two waves are joined by whoever has both, and a change between them may be one person's.
        common = same_for_all(beside) if paired else _common(beside, inside)
        for each, values in zip(told, common, strict=True):
            each.update(values)
    return told


def _common(known: Sequence[Known], inside: Sequence[bool]) -> list[Known]:
    told: list[Known] = [dict.fromkeys(each, WITHHELD) for each in known]
    for group in (True, False):
        places = [place for place, each in enumerate(inside) if each is group]
        if len(places) < LEAST:
            continue
        rows = withhold([tuple(known[place].values()) for place in places])
        for place, row in zip(places, rows, strict=True):
            told[place] = dict(zip(known[place], row, strict=True))
    return told


def decide_special(db: Connection, wave: str, told: Mapping[bytes, Known], about: Row[Any]) -> None:
    """Decide what leaves of what people said under a purpose of their own, beside what is told of them.

    Whether somebody is in the archive counts as told: whoever holds both exports knows it.
    """
    kept = db.execute(select(SPECIAL_ANSWER).where(SPECIAL_ANSWER.c.wave == wave)).all()
    beside: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in kept:
        if row.receipt_hmac in told:
            beside[repr(sorted(told[row.receipt_hmac].items()))].append(row)
    for together in beside.values():
        names = list(together[0].answers)
        said = [tuple(row.answers[name] for name in names) for row in together]
        if LEAVING[about.leaving].withheld:
            few = len(said) < LEAST or outcome_of(db, wave) is not None
            said = [(WITHHELD,) * len(names)] * len(said) if few else withhold(said)
        for row, values in zip(together, said, strict=True):
            decided_as = dict(zip(names, values, strict=True))
            db.execute(update(SPECIAL_ANSWER).where(SPECIAL_ANSWER.c.id == row.id).values(told=decided_as))


def context_of(form: Form, asked: Sequence[str] | None) -> list[str]:
    """The context questions that a study asked, of those that the form has."""
    return [each for each in form.context if asked is None or each in asked]


def known_of(
    instrument: Instrument, form: Form, context: Sequence[str], rows: Sequence[Row[Any]]
) -> list[Known]:
    """What is known of each person, in the order from what is withheld last to what is withheld first."""
    context = sorted(context, key=lambda name: (name != form.role, len(instrument.context[name].options)))
    has_orders = any(row.block_order for row in rows)
    has_clusters = any(row.cluster is not None for row in rows)
    return [
        {
            **{name: getattr(row, name) for name in PROVENANCE_THAT_TELLS},
            **{name: row.answers.get(name, LEFT_BLANK) for name in context},
            **({CLUSTER: cluster} if has_clusters else {}),
            **({BLOCK_ORDER: row.block_order} if has_orders else {}),
            UNIT: row.unit,
        }
        for row, cluster in zip(rows, large_enough(rows), strict=True)
    ]


def archived(agreed: Sequence[bool]) -> list[bool]:
    """Choose whose rows an archive gets, so that neither the people in it nor those outside are few.

    Where fewer than five did not agree, a few of those who did are left out too, drawn at random.
    """
    places = [place for place, each in enumerate(agreed) if each]
    outside = len(agreed) - len(places)
    if 0 < outside < LEAST:
        SystemRandom().shuffle(places)
        places = places[LEAST - outside :]
    inside = frozenset(places if len(places) >= FEWEST else ())
    return [place in inside for place in range(len(agreed))]


def decided(known: Sequence[Known], inside: Sequence[bool]) -> list[Known]:
    """Withhold rare values separately among those in an archive and those who are not.

    Columns are taken from the last to the first, and the unit when all else is settled: so an export with
    units shows no more of the other columns than one without.
    """
    told: dict[int, Known] = {}
    for group in (True, False):
        places = [place for place, each in enumerate(inside) if each is group]
        told.update(zip(places, _of_group([known[place] for place in places]), strict=True))
    return [told[place] for place in range(len(known))]


def _of_group(known: Sequence[Known]) -> Iterator[Known]:
    if len(known) < LEAST:
        for each in known:
            yield {name: WITHHELD for name in each}  # noqa: C420 - typed so
        return
    names = list(known[0])
    rows = [tuple(each.values()) for each in known]
    rest = withhold([row[:-1] for row in rows])
    for row in withhold_last([(*first, row[-1]) for first, row in zip(rest, rows, strict=True)]):
        yield dict(zip(names, row, strict=True))


def same_for_all(known: Sequence[Known]) -> list[Known]:
    """What is known of people, with every column withheld that has more than one value."""
    telling = {name for name in known[0] if len({each[name] for each in known}) > 1}
    return [{name: WITHHELD if name in telling else value for name, value in each.items()} for each in known]
