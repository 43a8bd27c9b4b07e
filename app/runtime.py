"""What all parts of the running service share, made once at the start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, insert, inspect, select
from starlette.requests import Request

import instrument
from app.config import SECRET_FILE, Settings, database_url, new_secret_file
from app.db import make_engine, read, write
from app.errors import ConfigurationError, NotInstalled
from app.files.private import private_folder
from app.tables import Setting, table
from app.vault import Vault
from instrument import Instrument

FINGERPRINT: Final = "secret fingerprint"
_SETTING: Final = table(Setting)


@dataclass(frozen=True, eq=False)
class Service:
    """The running service: its settings, engine, keys and installed instruments."""

    settings: Settings
    engine: Engine
    vault: Vault
    instruments: Mapping[str, Instrument]


def make_service(settings: Settings) -> Service:
    """Make the service from its settings, once at the start."""
    return Service(
        settings,
        make_engine(settings.database_url),
        Vault(settings.secret),
        _instruments(settings.instruments),
    )


class Installed(dict[str, Instrument]):
    """The instruments that are here; whoever needs another is told that it is not."""

    def __missing__(self, name: str) -> Instrument:
        raise NotInstalled(f"the questionnaire {name!r} is not installed")


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
        raise ConfigurationError(
            "this secret is not the one that the database was made with: codes, drafts and receipts would "
            "all fail. Start with the secret that was used before"
        )


def _fingerprint(engine: Engine) -> str | None:
    kept = select(_SETTING.c.value).where(_SETTING.c.name == FINGERPRINT)
    with read(engine) as db:
        return db.execute(kept).scalar()


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def _instruments(folder: Path | None) -> Installed:
    found = [instrument.ppiq()]
    if folder is not None:
        found += [instrument.load(path.parent) for path in sorted(folder.glob("*/key.yaml"))]
    return Installed({each.id: each for each in found})
