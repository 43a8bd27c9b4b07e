"""A study and the units in which its people are counted: one tree, declared before the first wave opens."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from analysis.disclosure.leaving import LEAVING, Leaving
from app.audit import audit
from app.errors import Refused
from app.runtime import Service, now
from app.studies.anonymity import budget_of, check_budget
from app.studies.special import SPECIAL
from app.tables import COHORT, RESEARCH, Code, Study, Unit, Wave, table
from instrument import Form

LEVELS: Final = ("unit", "department", "organisation")
KINDS: Final = (COHORT, RESEARCH)
SMALLEST_K: Final = 5
USUAL_K: Final = 10
USUAL_LEAVING: Final = "reports"
"""The default, since it gives out nobody's single answers."""
LONGEST_ID: Final = 40
LONGEST_TITLE: Final = 200
MOST_PEOPLE: Final = 1_000_000
ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NOT_IN_TITLES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of characters, and ends of lines."""
TURNS_TEXT: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
"""Marks that change the direction of text beyond the title's own end; no script needs them."""
STUDY: Final = table(Study)
UNIT: Final = table(Unit)
WAVE: Final = table(Wave)
CODE: Final = table(Code)


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is declared of a study, and locked when its first wave is prepared."""

    id: str
    title: str
    kind: str = COHORT
    """Of the study: a word of `KINDS`."""
    instrument: str = "ppiq"
    form: str = "a"
    k: int = USUAL_K
    simulated: bool = False
    leaving: str = USUAL_LEAVING
    """What is given out of a closed wave: a word of analysis.disclosure.leaving."""
    clusters: bool = False
    """Whether the codes that are made at once are of one cluster; of a research study alone."""
    special: tuple[str, ...] = ()
    """What is asked of the person under a purpose of its own; of a research study alone."""
    context: tuple[str, ...] | None = None
    """The context questions that are asked, of those that the form has; None asks the usual."""
    people: int | None = None
    """How many are expected to answer; may be left out where they are SIMULATED."""
    retire_on: date | None = None
    population: str = ""
    """Of which population the people are, in the words of evidence; empty where nothing is said of it."""


def make_study(
    db: Connection,
    *,
    id: str,  # noqa: A002 - the column's own name
    title: str,
    kind: str = COHORT,
    instrument: str = "ppiq",
    form: str = "a",
    k: int = USUAL_K,
    simulated: bool = False,
    leaving: str = USUAL_LEAVING,
    clusters: bool = False,
    special: Sequence[str] = (),
    context: Sequence[str] | None = None,
    people: int | None = None,
    retire_on: date | None = None,
    population: str = "",
    information: Mapping[str, str] | None = None,
) -> None:
    """Store a study as it is given; `declare_study` checks what its questions give away."""
    check_new(db, id)
    _check_title(title)
    if k < SMALLEST_K:
        raise Refused(f"a study is reported from {SMALLEST_K} answers a unit at the least; {k} is fewer")
    _check_leaving(leaving)
    db.execute(
        insert(STUDY).values(
            id=id,
            title=title,
            kind=kind,
            instrument=instrument,
            form=form,
            k=k,
            simulated=simulated,
            leaving=leaving,
            clusters=clusters,
            special=list(special) or None,
            partition_hash=None,
            context=None if context is None else list(context),
            people=people,
            retire_on=retire_on,
            population=population or None,
            information=None if information is None else dict(information),
        )
    )


def declare_study(service: Service, db: Connection, design: Design) -> None:
    """Make a study whose form is installed and whose questions stay within the anonymity budget."""
    make_study(db, **vars(_checked(service, design)))
    audit(service.vault, db, {"action": "study made", **_told(design)})


def change_design(service: Service, db: Connection, design: Design) -> None:
    """Declare a study anew, as long as no wave has been prepared."""
    if db.execute(select(WAVE.c.id).where(WAVE.c.study == design.id)).first():
        raise Refused(f"the design of {design.id!r} has been fixed since its first collection was prepared")
    if the_study(db, design.id).kind != design.kind:
        raise Refused("the kind of a study was decided when it was made: make another study")
    _check_title(design.title)
    changed = {name: value for name, value in vars(_checked(service, design)).items() if name != "id"}
    changed |= {
        "special": list(design.special) or None,
        "population": design.population or None,
        "release_asked_by": None,
        "release_confirmed_by": None,
    }
    db.execute(update(STUDY).where(STUDY.c.id == design.id).values(changed))
    audit(service.vault, db, {"action": "study changed", **_told(design)})


def copy_study(service: Service, db: Connection, of: str, made: Design) -> None:
    """Make a study like another: the same design and units, under its own name and day of deletion."""
    source = the_study(db, of)
    design = replace(
        made,
        kind=source.kind,
        instrument=source.instrument,
        form=source.form,
        k=source.k,
        simulated=source.simulated,
        leaving=source.leaving,
        clusters=source.clusters,
        special=tuple(source.special or ()),
        context=asked_of(source),
        people=source.people,
        population=source.population or "",
    )
    declare_study(service, db, design)
    db.execute(update(STUDY).where(STUDY.c.id == made.id).values(information=source.information))
    for each in sorted(units(db, of), key=lambda unit: -LEVELS.index(unit.level)):
        declare_unit(service, db, made.id, each.id, each.title, level=each.level, parent=each.parent)


def check_opening(service: Service, study: Row[Any]) -> None:
    """Refuse to open a study of real people of whom more would be alone than the budget allows.

    A research study tells its people how many that may be, and needs what a second person has confirmed.
    """
    if study.simulated:
        return
    if study.kind == RESEARCH and study.release_confirmed_by is None:
        raise Refused(
            f"{study.id!r} is a research study: somebody says under which ethics approval it gives out "
            f"{study.leaving}, and a second person confirms it, before it opens"
        )
    if study.people is None:
        raise Refused(f"say first how many people {study.id!r} expects: its anonymity budget rests on it")
    instrument = service.instruments[study.instrument]
    context = instrument.forms[study.form].context if study.context is None else study.context
    if study.kind == RESEARCH:
        return
    check_budget(budget_of(instrument, study.form, context, study.people))


def the_study(db: Connection, study: str) -> Row[Any]:
    """Return a study by its id; Refused where there is none."""
    found = db.execute(select(STUDY).where(STUDY.c.id == study)).first()
    if found is None:
        raise Refused(f"there is no study {study!r}")
    return found


def asked_of(study: Row[Any]) -> tuple[str, ...] | None:
    """Return the context questions that a study asks; None of one that asks all that its form has."""
    return None if study.context is None else tuple(study.context)


def add_unit(
    db: Connection, study: str, unit: str, title: str, *, level: str = "unit", parent: str | None = None
) -> None:
    """Declare a unit; departments and organisations stand above units and are declared before them."""
    _check_id(unit)
    _check_title(title)
    if the_study(db, study).partition_hash is not None:
        raise Refused(f"the units of {study!r} have been fixed since its first collection opened")
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


def declare_unit(
    service: Service,
    db: Connection,
    study: str,
    unit: str,
    title: str,
    *,
    level: str = "unit",
    parent: str | None = None,
) -> None:
    """Declare a unit, and note it in the trail."""
    add_unit(db, study, unit, title, level=level, parent=parent)
    audit(service.vault, db, {"action": "unit declared", "study": study, "unit": unit, "level": level})


def remove_unit(service: Service, db: Connection, study: str, unit: str) -> None:
    """Remove a unit before the first wave opens, if nothing lies below it and no codes are for it."""
    if the_study(db, study).partition_hash is not None:
        raise Refused(f"the units of {study!r} have been fixed since its first collection opened")
    if any(each.parent == unit for each in units(db, study)):
        raise Refused(f"something stands below {unit!r}: take that back first")
    coded = select(CODE.c.hmac).join(WAVE, WAVE.c.id == CODE.c.wave)
    if db.execute(coded.where(WAVE.c.study == study, CODE.c.unit == unit).limit(1)).first():
        raise Refused(f"codes have been made for {unit!r}")
    if not db.execute(delete(UNIT).where(UNIT.c.study == study, UNIT.c.id == unit)).rowcount:
        raise Refused(f"{study!r} has no unit {unit!r}")
    audit(service.vault, db, {"action": "unit removed", "study": study, "unit": unit})


def units(db: Connection, study: str) -> list[Row[Any]]:
    """Every unit, department and organisation of the study, in the order of their ids."""
    return list(db.execute(select(UNIT).where(UNIT.c.study == study).order_by(UNIT.c.id)))


def partition_hash(db: Connection, study: str) -> str:
    """Hash the tree of units: who is counted together; titles play no part."""
    tree = [[unit.id, unit.level, unit.parent] for unit in units(db, study)]
    return sha256(json.dumps(tree).encode()).hexdigest()


def pin_partition(db: Connection, study: str) -> None:
    """Fix the tree when the first wave opens; later, refuse one that was changed in the database directly."""
    pinned, present = the_study(db, study).partition_hash, partition_hash(db, study)
    if not any(unit.level == "unit" for unit in units(db, study)):
        raise Refused(f"{study!r} has no unit yet; declare its units before a collection opens")
    if pinned is None:
        db.execute(update(STUDY).where(STUDY.c.id == study).values(partition_hash=present))
    elif pinned != present:
        raise Refused(f"the units of {study!r} are not those that its first collection opened with")


def what_leaves(db: Connection, study: str) -> Leaving:
    """What a study has declared that it gives out."""
    return LEAVING[the_study(db, study).leaving]


def usual_form(service: Service, instrument: str) -> str:
    """Return the form that a study asks where none is named: the only one, or form A as it is now."""
    forms = service.instruments[instrument].forms
    if len(forms) == 1:
        return next(iter(forms))
    return next((form.id for form in forms.values() if form.replaces == "a"), "a")


def usual_context(form: Form) -> tuple[str, ...]:
    """The default context: who the other person is, which chooses the sentences, and nothing else."""
    return (form.role,) if form.role in form.context else ()


def _told(design: Design) -> dict[str, str]:
    """What the trail records of a design."""
    told = {"study": design.id, "k": str(design.k), "leaving": design.leaving}
    told |= {"population": design.population} if design.population else {}
    return told if design.kind == COHORT else {**told, "kind": design.kind}


def _checked(service: Service, design: Design) -> Design:
    """Return the design with defaults filled in; refused if it is impossible or gives too much away."""
    instrument = service.instruments.get(design.instrument)
    if instrument is None or design.form not in instrument.forms:
        raise Refused(f"form {design.form!r} of {design.instrument!r} is not installed")
    if design.people is None and not design.simulated:
        raise Refused("say how many people are expected to answer: the anonymity budget rests on it")
    if max(design.k, design.people or 0) > MOST_PEOPLE:
        raise Refused(f"a study reckons with {MOST_PEOPLE:,} people at the most")
    if design.k < SMALLEST_K:
        raise Refused(
            f"a study is reported from {SMALLEST_K} answers a unit at the least; {design.k} is fewer"
        )
    _check_leaving(design.leaving)
    _check_kind(design)
    if design.retire_on is None and not design.simulated:
        raise Refused("say on which day the answers will be deleted: people are told before they agree")
    if design.retire_on is not None and design.retire_on <= now().date():
        raise Refused(f"answers cannot be deleted on {design.retire_on}: that day has come already")
    if design.population:
        _check_title(design.population)
    context = usual_context(instrument.forms[design.form]) if design.context is None else design.context
    budget = budget_of(instrument, design.form, context, design.people or MOST_PEOPLE)
    if not design.simulated and design.kind == COHORT:
        check_budget(budget)
    return replace(design, context=context)


def _check_id(name: str) -> None:
    if len(name) > LONGEST_ID or not ID.fullmatch(name):
        raise Refused(
            f"{name!r} cannot be a short name: begin with a letter and take small letters, digits and "
            f"hyphens, {LONGEST_ID} in all"
        )


def check_new(db: Connection, study: str) -> None:
    """Refuse a short name under which no study can be made."""
    _check_id(study)
    if db.execute(select(STUDY.c.id).where(STUDY.c.id == study)).first():
        raise Refused(f"there is a study {study!r} already")


def _check_leaving(leaving: str) -> None:
    if leaving not in LEAVING:
        raise Refused(
            f"say what leaves the study, once and for good: {', '.join(LEAVING)}; {leaving!r} is none of them"
        )


def _check_kind(design: Design) -> None:
    if design.kind not in KINDS:
        raise Refused(f"a study is one of {', '.join(KINDS)}; {design.kind!r} is none of them")
    if design.kind == RESEARCH and not LEAVING[design.leaving].rows:
        raise Refused("a research study gives out rows, and never a report")
    if unknown := [each for each in design.special if each not in SPECIAL]:
        raise Refused(f"there is no question {unknown[0]!r}; there are {', '.join(SPECIAL)}")
    if design.kind == COHORT and design.special:
        raise Refused("only a research study asks what the law protects, under a purpose of its own")
    if design.kind == COHORT and design.clusters:
        raise Refused("only a research study has clusters")
    if design.kind == COHORT and not LEAVING[design.leaving].withheld:
        raise Refused("only a research study gives out rows unwithheld, under an ethics approval")


def _check_title(title: str) -> None:
    """Refuse control characters: titles are read on pages, on paper and in a terminal that obeys them."""
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise Refused(f"people read the name: it needs 1 to {LONGEST_TITLE} letters")
    for each in title:
        if unicodedata.category(each) in NOT_IN_TITLES or unicodedata.bidirectional(each) in TURNS_TEXT:
            raise Refused(f"the name holds U+{ord(each):04X}, which nobody can see: leave it out")
