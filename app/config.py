"""The settings of the service, read once from the environment or from a folder."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from unicodedata import category
from urllib.parse import quote, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.errors import ConfigurationError
from app.files.private import keep_private, open_private, private_folder

Network = IPv4Network | IPv6Network
SECRET_BYTES: Final = 32
DATABASE_FILE: Final = "counterpoise.sqlite"
SECRET_FILE: Final = "secret"  # noqa: S105 - the name of a file
DATABASE_URL: Final = "COUNTERPOISE_DATABASE_URL"
DATABASE_PASSWORD_FILE: Final = "COUNTERPOISE_DATABASE_PASSWORD_FILE"  # noqa: S105 - the name of a setting
OIDC: Final = "COUNTERPOISE_OIDC_"
ORIGIN: Final = "COUNTERPOISE_ORIGIN"
METRICS: Final = "COUNTERPOISE_METRICS"
LAST_PORT: Final = 65535
PROXY: Final = "COUNTERPOISE_PROXY"
LEAVE_TO: Final = "COUNTERPOISE_LEAVE_TO"
LEDGER: Final = "COUNTERPOISE_LEDGER"
BACKUP_KEY: Final = "COUNTERPOISE_BACKUP_KEY"
DATABASE: Final = re.compile(r"(sqlite|postgres|postgresql)(\+\w+)?://")
CONTROL: Final = {
    "\0": "a NUL (U+0000)",
    "\t": "a tab (U+0009)",
    "\n": "a line feed between two lines (U+000A)",
    "\r": "a carriage return, as files of Windows do (U+000D)",
}
WAY_BACK: Final = "/staff/institution/back"
THIS_COMPUTER: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Institution:
    """Where staff sign in by OpenID Connect, and the client under which this service asks there."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    origin: str
    """The address of this service as browsers see it: never taken from a request."""
    label: str = "your institution"

    @property
    def redirect_uri(self) -> str:
        return self.origin + WAY_BACK


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one service."""

    database_url: str
    secret: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)
    """The secrets before it, the latest first, where it was rotated."""
    secure: bool = True
    """Served over https: the cookie is Secure and carries the `__Host-` prefix."""
    demo: bool = False
    """Staff pages open without sign-in; loopback only, SIMULATED data only."""
    leave_to: str = "https://www.bbc.co.uk/weather"
    """The neutral page that "Leave this site" ends on."""
    instruments: Path | None = None
    """A folder of further instruments, each in a folder of its own; it need not be there. PPIQ always is."""
    signposts: Path | None = None
    """The operator's own list of people to talk to; else the one in app/support."""
    institution: Institution | None = None
    origin: str = ""
    """The address of this service as browsers see it, for slips and reminders: never taken from a request."""
    ledger: Path | None = None
    """The file in which everything is written down that must not come back with a backup."""
    backup_key: str = ""
    """The public key to which backups and the ledger are encrypted."""
    metrics: tuple[str, int] | None = None
    """Where gauges for monitoring are served: host and port."""
    secret_file: Path | None = None
    """The file that the secret was read from."""
    proxies: tuple[Network, ...] = ()
    """The addresses of our own reverse proxy, whose header on the client's address is believed."""


def from_environment(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Settings:
    """Read the settings; a `folder` from the command line is used for what the environment leaves out."""
    if folder is None and "COUNTERPOISE_DATABASE_URL" not in environment:
        folder = Path(environment.get("COUNTERPOISE_DIR", "data"))
    (secret, *earlier), secret_file = _secrets(environment, folder)
    return Settings(
        database_url=database_url(environment, folder or Path()),
        secret=secret,
        earlier=tuple(earlier),
        secret_file=secret_file,
        secure=environment.get("COUNTERPOISE_INSECURE_COOKIES", "") != "1",
        leave_to=_leave_to(environment),
        instruments=_instruments(environment, folder),
        signposts=Path(named) if (named := environment.get("COUNTERPOISE_SIGNPOSTS")) else None,
        institution=_institution(environment),
        ledger=_ledger(environment),
        backup_key=environment.get(BACKUP_KEY, ""),
        origin=_origin(environment),
        metrics=_metrics(environment),
        proxies=_proxies(environment),
    )


def database_url(environment: Mapping[str, str], folder: Path) -> str:
    """Return the address of the database: the setting or, without one, SQLite in the folder.

    A password in a file of its own may have any characters; in an address some of them mean something else.
    """
    address = _one_spelling(environment.get(DATABASE_URL) or f"sqlite:///{folder / DATABASE_FILE}")
    if not (named := environment.get(DATABASE_PASSWORD_FILE)):
        return address
    parts = urlsplit(address)
    if parts.username is None or parts.password is not None:
        raise ConfigurationError(
            f"{DATABASE_PASSWORD_FILE} goes with an address in {DATABASE_URL} that names a user and no "
            "password, such as postgresql://counterpoise@db/counterpoise"
        )
    password = _password(named)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def _password(named: str) -> str:
    """Read the password as PostgreSQL's image does, which leaves out the ends of lines at its end alone."""
    try:
        password = Path(named).read_bytes().rstrip(b"\n").decode()
    except OSError:
        raise ConfigurationError(
            f"{DATABASE_PASSWORD_FILE} names {named}, which this user cannot read: see that it is there, and "
            "whose it is"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{DATABASE_PASSWORD_FILE} names {named}, which is not text in UTF-8: write it anew"
        ) from None
    control = sorted({each for each in password if category(each) == "Cc"})
    if control or not password:
        held = ", ".join(CONTROL.get(each, f"the control character U+{ord(each):04X}") for each in control)
        raise ConfigurationError(
            f"{DATABASE_PASSWORD_FILE} names {named}, which holds {held or 'nothing'}: write the password "
            "into it, alone, on one line that ends as on Linux"
        )
    return password


def _one_spelling(address: str) -> str:
    """Return the address with one name for its engine, and without the driver, which is always ours."""
    engine = DATABASE.match(address)
    if engine is None or not _is_whole(address):
        raise ConfigurationError(
            f"{DATABASE_URL} must be an address such as postgresql://counterpoise@db/counterpoise, or "
            "sqlite:///file"
        )
    return f"{'sqlite' if engine[1] == 'sqlite' else 'postgresql'}://{address[engine.end() :]}"


def _is_whole(address: str) -> bool:
    """Whether an address can be taken apart, and names a file where it is SQLite's."""
    try:
        urlsplit(address)
        found = make_url(address)
    except (ArgumentError, ValueError):
        return False
    return bool(found.database) or found.get_backend_name() != "sqlite"


def new_secret_file(folder: Path) -> Path:
    """Make `folder` and a fresh secret in it, readable by its owner alone; an existing one stays."""
    private_folder(folder)
    path = folder / SECRET_FILE
    if not path.exists():
        with open(path, "x", opener=open_private) as file:
            file.write(os.urandom(SECRET_BYTES).hex() + "\n")
    return path


def is_private(address: str) -> bool:
    """Whether nobody can read on the way what is sent there: https, or this computer alone."""
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and not set(address) & set(" \"'<>\\#")
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and host in THIS_COMPUTER)
    return plain and encrypted and bool(host) and "@" not in parts.netloc


def _instruments(environment: Mapping[str, str], folder: Path | None) -> Path | None:
    named = environment.get("COUNTERPOISE_INSTRUMENTS")
    if named:
        return Path(named)
    return folder / "instruments" if folder else None


def _origin(environment: Mapping[str, str]) -> str:
    """Return an address without a path, to which the paths of pages are added; empty if none is set."""
    origin = environment.get(ORIGIN, "").removesuffix("/")
    if origin and (not is_private(origin) or "?" in origin or urlsplit(origin).path):
        raise ConfigurationError(f"{ORIGIN} must be an https address without a path, ? or #")
    return origin


def _leave_to(environment: Mapping[str, str]) -> str:
    """Return a whole address: part of one would lead back into this service."""
    address = environment.get(LEAVE_TO) or Settings.leave_to
    if not is_private(address) or urlsplit(address).scheme != "https":
        raise ConfigurationError(
            f"{LEAVE_TO} must be a whole https address without # and in ASCII alone, as a browser copies it, "
            f"such as {Settings.leave_to}"
        )
    return address


def _metrics(environment: Mapping[str, str]) -> tuple[str, int] | None:
    if not (named := environment.get(METRICS, "")):
        return None
    host, _, port = named.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > LAST_PORT:
        raise ConfigurationError(
            f"{METRICS} must be an address that only your monitoring reaches, and a port, such as "
            f"127.0.0.1:9100; {named!r} is not"
        )
    return host.strip("[]"), int(port)


def _proxies(environment: Mapping[str, str]) -> tuple[Network, ...]:
    named = environment.get(PROXY, "")
    try:
        return tuple(ip_network(each.strip()) for each in named.split(",") if each.strip())
    except ValueError:
        raise ConfigurationError(
            f"{PROXY} must be the address, or the network, from which your reverse proxy reaches this "
            f"service, such as 127.0.0.1 or 172.18.0.0/16; {named!r} is neither"
        ) from None


def _ledger(environment: Mapping[str, str]) -> Path | None:
    named, key = environment.get(LEDGER, ""), environment.get(BACKUP_KEY, "")
    if (named or key) and not _is_public_key(key):
        raise ConfigurationError(
            f"{BACKUP_KEY} must be the public key that `counterpoise backup-key` printed, which its file "
            "holds, too: age1 and 58 letters and digits, of which none is mistyped"
        )
    return Path(named) if named else None


def _is_public_key(key: str) -> bool:
    """Whether something can be encrypted to it; its last six letters are a checksum."""
    from pyrage import RecipientError  # noqa: PLC0415 - not needed where no backups are set up
    from pyrage.x25519 import Recipient  # noqa: PLC0415

    try:
        Recipient.from_str(key)
    except RecipientError:
        return False
    return True


def _institution(environment: Mapping[str, str]) -> Institution | None:
    """Return None without an issuer; with one, all settings that belong to it."""
    issuer = environment.get(f"{OIDC}ISSUER", "")
    if not issuer:
        return None
    origin = _origin(environment)
    if not origin:
        raise ConfigurationError(f"{ORIGIN} must be the https address of this service; see docs/sign-in.md")
    if not is_private(issuer) or "?" in issuer:
        raise ConfigurationError(f"{OIDC}ISSUER must be an https address without ? or #; see docs/sign-in.md")
    client_id, named = environment.get(f"{OIDC}CLIENT_ID", ""), environment.get(f"{OIDC}CLIENT_SECRET_FILE")
    path = Path(named) if named else None
    client_secret = path.read_text(errors="replace").strip() if path is not None and path.is_file() else ""
    if not client_id or not client_secret or "\ufffd" in client_secret:
        raise ConfigurationError(
            f"sign-in by the institution needs {OIDC}CLIENT_ID, and {OIDC}CLIENT_SECRET_FILE with the name "
            "of a file that holds the secret; see docs/sign-in.md"
        )
    label = environment.get(f"{OIDC}LABEL") or Institution.label
    return Institution(
        issuer=issuer, client_id=client_id, client_secret=client_secret, origin=origin, label=label
    )


def _secrets(environment: Mapping[str, str], folder: Path | None) -> tuple[list[bytes], Path | None]:
    text = environment.get("COUNTERPOISE_SECRET")
    source, path = "COUNTERPOISE_SECRET", None
    if text is None:
        named = environment.get("COUNTERPOISE_SECRET_FILE")
        path = Path(named) if named else (folder / SECRET_FILE if folder else None)
        if path is None or not path.is_file():
            raise ConfigurationError(
                "there is no secret: set COUNTERPOISE_SECRET to 64 hexadecimal digits, or "
                "COUNTERPOISE_SECRET_FILE to a file that holds them. A database that was used before needs "
                f"the one that it was made with{'' if path is None else f', as {path}'}: put that back from "
                "where you keep it, since no other opens its codes, drafts and receipts. Only for a new "
                "database `counterpoise migrate --new-secret` makes one in the data folder"
            )
        keep_private(path)
        if folder is not None and path.parent.resolve() == folder.resolve():
            keep_private(folder)
        text, source = path.read_text(errors="replace"), str(path)
    return read_secrets(text, source), path


def read_secrets(text: str, source: str) -> list[bytes]:
    """The secret, and those before it, as `counterpoise secret rotate` writes them: each on a line."""
    try:
        secrets = [bytes.fromhex(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        secrets = []
    if not secrets or any(len(each) != SECRET_BYTES for each in secrets):
        raise ConfigurationError(
            f"{source} must hold exactly 64 hexadecimal digits ({SECRET_BYTES} bytes), and after a rotation "
            "the same of each secret before it on a line of its own"
        )
    return secrets
