"""What all parts of the running service share, made once at the start."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, inspect, select
from starlette.requests import Request

import instrument
from app.config import SECRET_FILE, Settings, database_url, new_secret_file
from app.db import make_engine, read, write
from app.errors import ConfigurationError, NotInstalled
from app.files.private import private_folder
from app.logs import log
from app.tables import Setting, table
from app.vault import Vault
from instrument import Instrument, InstrumentError

FINGERPRINT: Final = "secret fingerprint"
RESTORING: Final = "being restored"
_SETTING: Final = table(Setting)
_FINGERPRINT: Final = select(_SETTING.c.value).where(_SETTING.c.name == FINGERPRINT)
ROTATED_OR_ANOTHER: Final = (
    "this secret is not the one that the database was made with, or was put under by `counterpoise secret "
    "rotate`: codes, drafts and receipts would all fail. Start with the secret that was used last. After a "
    "rotation that is the whole file that it wrote, with every earlier secret on a line below the new one; "
    "what ran before the rotation has to be started again"
)


@dataclass(frozen=True, eq=False)
class Service:
    """The running service: its settings, engine, keys and installed instruments."""

    settings: Settings
    engine: Engine
    vault: Vault
    instruments: Mapping[str, Instrument]


def make_service(settings: Settings, *, started: bool = False) -> Service:
    """Make the service from its settings, once at the start.

    For a service that has `started`, a process that joins it leaves out a questionnaire that cannot be read.
    """
    return Service(
        settings,
        make_engine(settings.database_url),
        Vault(settings.secret, settings.earlier),
        _installed(settings.instruments, _load if started else instrument.load),
    )


def service_of(request: Request) -> Service:
    """Return the service that answers a request."""
    service: Service = request.app.state.service
    return service


def make_secret(folder: Path) -> Path:
    """Make a secret in the folder where there is none; refused for a database that was made with another."""
    private_folder(folder)
    if not (folder / SECRET_FILE).exists():
        engine = make_engine(database_url(os.environ, folder))
        try:
            used = inspect(engine).has_table(_SETTING.name) and _fingerprint(engine) is not None
        finally:
            engine.dispose()
        if used:
            raise ConfigurationError(
                f"this database was made with a secret that is not in {folder}: put that back as "
                f"{folder / SECRET_FILE}, from where you keep it. No other opens its codes, drafts and "
                "receipts, so no new one is made"
            )
    return new_secret_file(folder)


def check_secret(service: Service) -> None:
    """Refuse a secret other than the one the database was made with; the first one is remembered."""
    fingerprint = _fingerprint(service.engine)
    if fingerprint is None:
        with write(service.engine) as db:
            db.execute(insert(_SETTING).values(name=FINGERPRINT, value=service.vault.fingerprint()))
    elif fingerprint != service.vault.fingerprint():
        raise ConfigurationError(ROTATED_OR_ANOTHER)


def check_still(vault: Vault, db: Connection) -> None:
    """Refuse to go on where the secret was rotated since this process looked at it."""
    if db.execute(_FINGERPRINT).scalar() not in (None, vault.fingerprint()):
        raise ConfigurationError(ROTATED_OR_ANOTHER)


def is_being_restored(db: Connection) -> bool:
    """Whether a backup is being put back into this database, or was until that was cut off."""
    return db.execute(select(_SETTING.c.name).where(_SETTING.c.name == RESTORING)).first() is not None


def _fingerprint(engine: Engine) -> str | None:
    with read(engine) as db:
        return db.execute(_FINGERPRINT).scalar()


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


class Installed(Mapping[str, Instrument]):
    """The PPIQ and the instruments of a folder; one that is put there while the service runs is found.

    Whoever needs another is told that it is not here. What is wrong with the folder at the start is an error;
    one that cannot be read later is left out.
    """

    def __init__(self, known: Mapping[str, Instrument], folder: Path | None = None) -> None:
        self._known = known
        self._folder = folder
        self._changed = 0

    def __getitem__(self, name: str) -> Instrument:
        if (found := self._now().get(name)) is None:
            raise NotInstalled(f"the questionnaire {name!r} is not installed")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._now()

    def get(self, name: str, default: Any = None) -> Any:
        return self._now().get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, Instrument]:
        if (changed := self._when_changed()) != self._changed:
            self._changed = changed
            there = {each.folder for each in self._known.values()}
            found = (_load(each) for each in _folders(self._folder) if each not in there)
            self._known = {**{each.id: each for each in found if each}, **self._known}
        return self._known

    def _when_changed(self) -> int:
        try:
            return self._folder.stat().st_mtime_ns if self._folder else 0
        except OSError:
            return 0


def _installed(folder: Path | None, load: Callable[[Path], Instrument | None]) -> Installed:
    found = [instrument.ppiq(), *map(load, _folders(folder))]
    return Installed({each.id: each for each in found if each}, folder)


def _folders(folder: Path | None) -> list[Path]:
    return sorted(path.parent for path in folder.glob("[!.]*/key.yaml")) if folder else []


def _load(folder: Path) -> Instrument | None:
    try:
        return instrument.load(folder)
    except (InstrumentError, OSError):
        log.warning("a questionnaire cannot be read and is left out: python -m instrument check FOLDER")
        return None
