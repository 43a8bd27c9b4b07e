"""What every part of the running service shares, made once at the start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, insert, select
from sqlmodel import col
from starlette.requests import Request

import instrument
from app.config import Settings
from app.db import make_engine, read, write
from app.errors import ConfigurationError
from app.logs import log
from app.tables import Setting
from app.vault import Vault
from instrument import Instrument, InstrumentError

FINGERPRINT = "secret fingerprint"


@dataclass(frozen=True, eq=False)
class Service:
    settings: Settings
    engine: Engine
    vault: Vault
    instruments: Mapping[str, Instrument]


def make_service(settings: Settings) -> Service:
    return Service(
        settings,
        make_engine(settings.database_url),
        Vault(settings.secret),
        Installed(settings.instruments),
    )


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def check_secret(service: Service) -> None:
    """Refuse a secret that is not the one the database was made with; the first one is remembered."""
    kept = select(col(Setting.value)).where(col(Setting.name) == FINGERPRINT)
    with read(service.engine) as db:
        fingerprint = db.execute(kept).scalar()
    if fingerprint is None:
        with write(service.engine) as db:
            db.execute(insert(Setting).values(name=FINGERPRINT, value=service.vault.fingerprint()))
    elif fingerprint != service.vault.fingerprint():
        raise ConfigurationError(
            "this secret is not the one that the database was made with: codes, drafts and receipts would "
            "all fail. Start with the secret that was used before"
        )


def now() -> datetime:
    return datetime.now(UTC)


class Installed(Mapping[str, Instrument]):
    """The PPIQ and the instruments of a folder; one that is put there while the service runs is found.

    What is wrong with the folder at the start is an error; one that cannot be read later is left out.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._changed = self._when_changed()
        found = [instrument.ppiq(), *map(instrument.load, self._folders())]
        self._known = {each.id: each for each in found}

    def __getitem__(self, name: str) -> Instrument:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, Instrument]:
        if (changed := self._when_changed()) != self._changed:
            self._changed = changed
            there = {each.folder for each in self._known.values()}
            found = (_load(each) for each in self._folders() if each not in there)
            self._known = {**{each.id: each for each in found if each}, **self._known}
        return self._known

    def _folders(self) -> list[Path]:
        there = self._folder.glob("[!.]*/key.yaml") if self._folder else ()
        return sorted(path.parent for path in there)

    def _when_changed(self) -> int:
        try:
            return self._folder.stat().st_mtime_ns if self._folder else 0
        except OSError:
            return 0


def _load(folder: Path) -> Instrument | None:
    try:
        return instrument.load(folder)
    except (InstrumentError, OSError):
        log.warning("a questionnaire cannot be read and is left out: python -m instrument check FOLDER")
        return None
