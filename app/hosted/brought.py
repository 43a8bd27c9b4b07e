"""Questionnaires that hosts have brought: kept in the database, handed to an operator, published or refused.

An operator's yes writes the files into the folder of instruments and locks them there. What is published is
what was read: a row's files never change, and what is handed over is deleted by nobody but a take-back.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

import instrument
from app.audit import audit
from app.errors import NotFound, Refused
from app.languages import LANGUAGES
from app.runtime import Service
from app.tables import Brought, table
from instrument import Instrument, InstrumentError, Problem, lock
from instrument.catalog import of_texts
from instrument.exchange.confined import instrument_of_files

BROUGHT: Final = table(Brought)
DRAFT, HANDED_OVER, PUBLISHED, REFUSED = "draft", "handed over", "published", "refused"
MOST_OF_A_HOST: Final = 20
MOST_REASON: Final = 500
ID_BYTES: Final = 6


def check_new(service: Service, brought: Instrument) -> list[Problem]:
    """What keeps a questionnaire without fault from being asked here."""
    problems = []
    if brought.id in service.instruments:
        said = f"there is a questionnaire `{brought.id}` here already: choose another id"
        problems.append(Problem("questionnaire", None, said))
    if not {language for _, language in brought.words} & LANGUAGES.keys():
        said = f"it has words in no language of these pages, which are {', '.join(LANGUAGES)}"
        problems.append(Problem("words", None, said))
    return problems


def as_kept(files: Mapping[str, str]) -> Instrument:
    """Return the questionnaire of a row: a spreadsheet's, or a battery, composed here of what is installed.

    A spreadsheet holds no actions and claims; a battery has those of its parts.
    """
    kept = of_texts(files)
    return kept if all(form.blocks for form in kept.forms.values()) else instrument_of_files(dict(files))


def keep(service: Service, db: Connection, host: str, files: dict[str, str]) -> str:
    """Keep what a host has brought, in place of what of the same id they had and nobody was handed."""
    brought = as_kept(files)
    db.execute(
        delete(BROUGHT).where(
            BROUGHT.c.host == host,
            BROUGHT.c.instrument == brought.id,
            BROUGHT.c.state.in_((DRAFT, REFUSED)),
        )
    )
    of_host = select(func.count()).select_from(BROUGHT).where(BROUGHT.c.host == host)
    if (db.execute(of_host.where(BROUGHT.c.state != PUBLISHED)).scalar() or 0) >= MOST_OF_A_HOST:
        raise Refused(
            f"you have {MOST_OF_A_HOST} questionnaires here that are not published: delete one first"
        )
    made = secrets.token_hex(ID_BYTES)
    values = {"id": made, "host": host, "instrument": brought.id, "title": brought.title, "reason": ""}
    db.execute(insert(BROUGHT).values(**values, state=DRAFT, files=files))
    _note(service, db, "questionnaire brought", made, brought)
    return made


def all_brought(db: Connection, host: str | None = None) -> list[Row[Any]]:
    """What this host, or anybody, has brought."""
    several = select(BROUGHT).order_by(BROUGHT.c.title, BROUGHT.c.id)
    return list(db.execute(several if host is None else several.where(BROUGHT.c.host == host)))


def the_brought(db: Connection, brought: str, host: str | None = None) -> Row[Any]:
    """One of them; to a host there is nothing but their own."""
    found = db.execute(select(BROUGHT).where(BROUGHT.c.id == brought)).first()
    if found is None and host is None:
        raise Refused(f"nothing was brought as {brought!r}; `counterpoise instrument list` names what was")
    if found is None or host not in (None, found.host):
        raise NotFound
    return found


def hand_over(service: Service, db: Connection, found: Row[Any]) -> None:
    _move(service, db, found, (DRAFT,), HANDED_OVER)


def take_back(service: Service, db: Connection, found: Row[Any]) -> None:
    _move(service, db, found, (HANDED_OVER,), DRAFT)


def refuse(service: Service, db: Connection, found: Row[Any], reason: str) -> None:
    """Say no, and why; the host reads it."""
    if not reason.isprintable() or not 1 <= len(reason) <= MOST_REASON:
        raise Refused(f"say in one line of up to {MOST_REASON} characters why")
    _move(service, db, found, (HANDED_OVER,), REFUSED)
    db.execute(update(BROUGHT).where(BROUGHT.c.id == found.id).values(reason=reason))


def forget(service: Service, db: Connection, found: Row[Any]) -> None:
    """Delete what nobody was handed."""
    if found.state not in (DRAFT, REFUSED):
        raise Refused(f"it is {found.state}: only a draft, or what was refused, can be deleted")
    db.execute(delete(BROUGHT).where(BROUGHT.c.id == found.id))
    _note(service, db, "questionnaire deleted", found.id, as_kept(found.files))


def publish(service: Service, db: Connection, found: Row[Any]) -> Path:
    """Put it among the instruments, locked; return its folder. It comes there whole or not at all."""
    _the_shelf(service)
    _move(service, db, found, (HANDED_OVER,), PUBLISHED)
    return put_on_shelf(service, as_kept(found.files), found.files)


def _the_shelf(service: Service) -> Path:
    if service.settings.instruments is None:
        raise Refused(
            "there is no folder of questionnaires: set COUNTERPOISE_INSTRUMENTS to one, here and where the "
            "service runs, and start the service again"
        )
    return service.settings.instruments


def put_on_shelf(service: Service, brought: Instrument, files: dict[str, str]) -> Path:
    """Write a questionnaire into the folder of instruments, locked; it comes there whole or not at all."""
    shelf = _the_shelf(service)
    folder = shelf / brought.id
    known = service.instruments.get(brought.id)
    if known and known.folder == folder and lock.digests(known) == lock.digests(brought):
        return folder  # an earlier yes, which was cut off before the database had it
    if known or folder.exists():
        raise Refused(
            f"there is a questionnaire {brought.id!r} already: refuse this one, so that it gets another id"
        )
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(prefix=".new-", dir=shelf))
    except OSError as error:
        raise Refused(f"the folder {shelf} cannot be written into: {error.strerror}") from None
    try:
        _write(made, files)
        made.chmod(0o755)  # whoever serves is to read it, as a folder that was made by hand
        made.rename(folder)
    finally:
        rmtree(made, ignore_errors=True)
    return folder


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if problems := lock.write(instrument.load(folder)):
        raise InstrumentError(tuple(problems))


def _move(service: Service, db: Connection, found: Row[Any], states: tuple[str, ...], to: str) -> None:
    moved = db.execute(
        update(BROUGHT).where(BROUGHT.c.id == found.id, BROUGHT.c.state.in_(states)).values(state=to)
    )
    if not moved.rowcount:
        raise Refused(f"it is {found.state}; it cannot become {to}")
    _note(
        service,
        db,
        f"questionnaire {to}" if to != DRAFT else "questionnaire taken back",
        found.id,
        as_kept(found.files),
    )


def _note(service: Service, db: Connection, action: str, made: str, brought: Instrument) -> None:
    forms = " ".join(form.hash for form in brought.forms.values())
    audit(service.vault, db, {"action": action, "questionnaire": brought.id, "brought": made, "form": forms})
