"""Where the service keeps its data and its secret, read once from the environment or from a folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.errors import ConfigurationError

SECRET_BYTES: Final = 32
DATABASE_FILE: Final = "counterpoise.sqlite"
SECRET_FILE: Final = "secret"  # noqa: S105 - the name of a file


@dataclass(frozen=True, kw_only=True)
class Settings:
    database_url: str
    secret: bytes = field(repr=False)
    secure: bool = True
    """Served over https: the cookie is Secure and carries the `__Host-` prefix."""
    demo: bool = False
    """Staff pages open without sign-in; loopback only, SIMULATED data only."""
    leave_to: str = "https://www.bbc.co.uk/weather"
    """The neutral page that "Leave this site" ends on."""
    instruments: Path | None = None
    """A folder of further instruments, each in a folder of its own; PPIQ is always there."""
    signposts: Path | None = None
    """The operator's own list of people to talk to; else the one in app/support."""


def from_environment(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Settings:
    """Read the settings; a `folder` from the command line stands in for what the environment leaves out."""
    url = environment.get("COUNTERPOISE_DATABASE_URL")
    if url is None and folder is None:
        folder = Path(environment.get("COUNTERPOISE_DIR", "data"))
    if url is None and folder is not None:
        url = f"sqlite:///{folder / DATABASE_FILE}"
    return Settings(
        database_url=str(url),
        secret=_secret(environment, folder),
        secure=environment.get("COUNTERPOISE_INSECURE_COOKIES", "") != "1",
        leave_to=environment.get("COUNTERPOISE_LEAVE_TO", Settings.leave_to),
        instruments=Path(named) if (named := environment.get("COUNTERPOISE_INSTRUMENTS")) else None,
        signposts=Path(named) if (named := environment.get("COUNTERPOISE_SIGNPOSTS")) else None,
    )


def new_secret_file(folder: Path) -> Path:
    """Make `folder` and a fresh secret in it, readable by its owner alone; an existing one stays."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / SECRET_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(SECRET_BYTES).hex() + "\n")
    return path


def _secret(environment: Mapping[str, str], folder: Path | None) -> bytes:
    text = environment.get("COUNTERPOISE_SECRET")
    source = "COUNTERPOISE_SECRET"
    if text is None:
        named = environment.get("COUNTERPOISE_SECRET_FILE")
        path = Path(named) if named else (folder / SECRET_FILE if folder else None)
        if path is None or not path.is_file():
            raise ConfigurationError(
                "there is no secret: set COUNTERPOISE_SECRET to 64 hexadecimal digits, or "
                "COUNTERPOISE_SECRET_FILE to a file that holds them; "
                "`counterpoise migrate --new-secret` makes one in the data folder"
            )
        text, source = path.read_text(), str(path)
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise ConfigurationError(f"{source} must hold exactly 64 hexadecimal digits ({SECRET_BYTES} bytes)")
    return secret
