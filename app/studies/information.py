"""The study information: what a host writes of a study once, shown word for word before people agree.

It is part of the consent, so its words are in the hash that is kept with every answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from app.audit import audit
from app.errors import Refused
from app.languages import _
from app.runtime import Service
from app.tables import CLOSING, OPEN, PAUSED, Study, Wave, table
from instrument import Form
from instrument.nodes import read
from instrument.values import sha256

STUDY: Final = table(Study)
WAVE: Final = table(Wave)
LONGEST: Final = 800
"""Letters of one entry: enough for what an ethics committee asks, on one page of a phone."""
EXAMPLE: Final = Path(__file__).with_name("information.example.yaml")


@dataclass(frozen=True)
class Entry:
    """One entry: its name, as people read it, and what a host is asked to write, in English."""

    title: str
    hint: str


ENTRIES: Final[Mapping[str, Entry]] = {
    "who": Entry(_("Who runs this study"), "The organisation, and the person who answers for the study."),
    "purpose": Entry(_("What it is for"), "What you want to find out, and what will be done with it."),
    "invited": Entry(_("Why you are invited"), "Who is asked, and why these people."),
    "duration": Entry(_("How long it takes"), "Minutes, how often, and when it ends."),
    "risks": Entry(
        _("Risks and benefits"),
        "What may be unpleasant, what is done about it, and what people may and may not gain.",
    ),
    "age": Entry(_("Who may take part"), "The age, 18 or over as a rule, and whatever else is needed."),
    "basis": Entry(_("Lawful basis"), "By which rule of data protection law the answers are used."),
    "contact": Entry(_("Whom to ask"), "Somebody who is nobody's supervisor here, and how to reach them."),
    "complaint": Entry(_("How to complain"), "Somebody outside the study, and the Information Commissioner."),
    "officer": Entry(_("Data protection officer"), "Of the organisation, and how to reach them."),
}
"""What every study of real people has to say."""

SAFEGUARDS: Final[Mapping[str, Entry]] = {
    "ethics": Entry(_("Ethics approval"), "The committee, its reference and the date."),
    "capacity": Entry(
        _("If it is hard to decide"),
        "What is done where somebody may not be able to decide for themselves whether to take part.",
    ),
    "advocacy": Entry(_("An advocate, on your side"), "Whom to ask, outside the service, and how."),
}
"""What a study has to say as well where people who use services may answer; any other may."""
EVERY: Final[Mapping[str, Entry]] = {**ENTRIES, **SAFEGUARDS}


def required(form: Form) -> Mapping[str, Entry]:
    """Return what a study with this form has to say."""
    return EVERY if "service_users" in form.audiences else ENTRIES


def written(said: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return what has been written, in the order in which people read it, with the title of each."""
    return tuple((entry.title, said[name]) for name, entry in EVERY.items() if said and said.get(name))


def lacking(form: Form, said: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the titles of what has not been written yet."""
    return tuple(entry.title for name, entry in required(form).items() if not (said or {}).get(name))


def check_described(service: Service, study: Row[Any]) -> None:
    """Refuse a study of which people could not read what they agree to."""
    if unsaid := lacking(service.instruments[study.instrument].forms[study.form], study.information):
        raise Refused(
            "people read before they agree what the study is, and there is nothing yet under: "
            f"{', '.join(unsaid)}; write it on the page of the study, or with `counterpoise study describe`"
        )


def describe(service: Service, db: Connection, study: Row[Any], said: Mapping[str, str]) -> None:
    """Keep the study information; refused while a wave takes answers, as people agreed to what it said."""
    unknown = sorted(said.keys() - EVERY.keys())
    if unknown:
        raise Refused(f"there is no entry {unknown[0]!r}; there are {', '.join(EVERY)}")
    kept = {name: " ".join(said[name].split()) for name in EVERY if said.get(name, "").strip()}
    for name, text in kept.items():
        if len(text) > LONGEST:
            raise Refused(f"{EVERY[name].title!r} has {len(text)} letters; {LONGEST} is the most")
        if not text.isprintable():
            raise Refused(f"{EVERY[name].title!r} holds a sign that nobody can see: leave it out")
    hold_study(db, study.id)
    if is_taking_answers(db, study.id):
        raise Refused(
            "people have agreed to these words: they stay as they are until the collection has closed"
        )
    db.execute(update(STUDY).where(STUDY.c.id == study.id).values(information=kept))
    audit(service.vault, db, {"action": "study described", "study": study.id, "information": sha256(kept)})


def hold_study(db: Connection, study: str) -> None:
    """Keep the row of a study as it is until this transaction ends.

    What people read and the opening of a wave each hold it first, so that neither misses the other. SQLite
    allows one write at a time anyway.
    """
    db.execute(select(STUDY.c.id).where(STUDY.c.id == study).with_for_update())


def is_taking_answers(db: Connection, study: str) -> bool:
    """Whether a wave of the study is open, paused or closing."""
    running = select(WAVE.c.id).where(WAVE.c.study == study, WAVE.c.state.in_([OPEN, PAUSED, CLOSING]))
    return db.execute(running.limit(1)).first() is not None


@cache
def example() -> Mapping[str, str]:
    """Return study information as an ethics committee would recognise it, of a study that there is not."""
    return read_file(EXAMPLE)


def read_file(path: Path) -> Mapping[str, str]:
    """Read study information from a file of entries and texts, or refuse it with what is wrong."""
    document = read(path, path.name)
    if document.problems:
        raise Refused("\n".join(map(str, document.problems)))
    if not isinstance(document.data, dict) or not all(
        isinstance(text, str) for text in document.data.values()
    ):
        raise Refused(f"{path.name} should have a text for each entry, in quotes")
    return MappingProxyType({str(name): str(text) for name, text in document.data.items()})
