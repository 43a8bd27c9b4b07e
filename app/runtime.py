"""What all parts of the running service share, made once at the start."""

from collections.abc import Mapping
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
from app.tables import Setting
from app.vault import Vault
from instrument import Instrument

FINGERPRINT = "secret fingerprint"


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


def service_of(request: Request) -> Service:
    """Return the service that answers a request."""
    service: Service = request.app.state.service
    return service


def check_secret(service: Service) -> None:
    """Refuse a secret other than the one the database was made with; the first one is remembered."""
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
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def _instruments(folder: Path | None) -> dict[str, Instrument]:
    found = [instrument.ppiq()]
    if folder is not None:
        found += [instrument.load(path.parent) for path in sorted(folder.glob("*/key.yaml"))]
    return {each.id: each for each in found}
