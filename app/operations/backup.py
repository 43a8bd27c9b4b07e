"""Back up the database while people answer, encrypted to a key of which only the public half is here.

The file is what age makes: one line that says what it is, then the database, as SQLite's VACUUM INTO or as
pg_dump's custom format makes it. Both read one moment and keep nobody from writing. It passes through memory
in pieces. Once written it is opened again, by a second key that only this run has, and compared byte by byte.
"""

import contextlib
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

from pyrage import DecryptError, EncryptError, IdentityError, decrypt_io, encrypt_io
from pyrage.x25519 import Identity, Recipient
from sqlalchemy import Connection, delete, insert, make_url, select, text

from app import migrate
from app.closing.copies import BEING_COPIED, PIECE, hold, overwrite
from app.closing.deleting import IN_A_BACKUP
from app.db import check_direct, is_sqlite, outside, write
from app.ended import ledger
from app.errors import ConfigurationError, Refused
from app.files.private import open_private, write_private
from app.operations.whole import check_restored
from app.runtime import Service, check_secret
from app.studies.waves import WAVE
from app.tables import CLOSED, Setting, table

FORMAT: Final = "counterpoise backup 1"
LONGEST_HEADER: Final = 4096
SETTING: Final = table(Setting)
_VALUE: Final = re.compile(r'"[^"]*"|\b0x[0-9a-f]{2}\b')
NOT_DUMPED: Final = "alembic_version"
"""Its one row comes last at a restore: until then the database is taken for none of ours."""


class NotTaken(Refused):
    """What a backup holds could be read, and not be written to its place."""

    def __init__(self, why: OSError) -> None:
        super().__init__(
            f"the backup could be read, and what it holds not be written ({why.strerror}): make room, or see "
            "that this user may write there, and begin again"
        )


@dataclass(frozen=True)
class About:
    """The line that a backup begins with."""

    engine: str
    schema: str
    fingerprint: str
    """Of the secret, which is not in the backup."""
    ledger: str | None
    """The name of the ledger; None where none was kept."""
    entries: int | None
    """How many it held at the beginning."""
    format: str = FORMAT

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def new_key(path: Path) -> str:
    """Write a new pair of keys for the operator to keep elsewhere, and return the public one."""
    if path.exists():
        raise Refused(f"{path} is there already: what it opens would be lost with it")
    made = Identity.generate()
    write_private(path, f"# public key: {made.to_public()}\n{made}\n".encode())
    return str(made.to_public())


def read_keys(path: Path) -> list[Identity]:
    """The keys in a file as `new_key` or age-keygen writes it."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
        keys = [Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, ValueError, IdentityError) as error:
        raise ConfigurationError(f"{path} holds no key that opens backups ({type(error).__name__})") from None
    if not keys:
        raise ConfigurationError(f"{path} holds no key that opens backups")
    return keys


def write_backup(service: Service, out: Path) -> About:
    """Write a backup that was opened again and compared; where anything goes wrong there is none."""
    if not service.settings.backup_key:
        raise ConfigurationError(
            "set COUNTERPOISE_BACKUP_KEY to the public key of backups; `counterpoise backup-key` makes one"
        )
    if out.exists():
        raise Refused(f"{out} is there already: name another file, so that no backup is lost")
    check_restored(service)  # what is back in it and older than this backup would stay
    check_secret(service)
    about, closed = _begun(service)
    of_this_run = Identity.generate()
    to = [Recipient.from_str(service.settings.backup_key), of_this_run.to_public()]
    part = out.with_name(f".{out.name}.part")
    try:
        with _copied(service) as source, open(part, "wb", opener=open_private) as file:
            plain = _Read(io.BytesIO(about.line()), source)
            encrypt_io(plain, file, to)
            file.flush()
            os.fsync(file.fileno())
        written = Written()
        with part.open("rb") as file:
            decrypt_io(file, written, [of_this_run])
        if written.digest() != plain.seen.hexdigest():
            raise Refused("what was written is not what was read: look at the disk, then try again")
        check_secret(service)  # rotated meanwhile, it would be named after the wrong secret
        if str(migrate.current(service.engine)) != about.schema:
            raise Refused("the schema was changed meanwhile: make the backup again")
        part.rename(out)
        ledger.on_the_disk(out.parent)
    except (DecryptError, EncryptError, OSError) as error:
        raise Refused(f"the backup could not be written to {out}: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    with write(service.engine) as db:
        note_in_a_backup(db, closed)
    return about


def _begun(service: Service) -> tuple[About, list[str]]:
    """What is known before the database is read, and the closed waves; no counted ending comes after it."""
    schema = str(migrate.current(service.engine))
    with ledger.settled(service) as db:
        kept = ledger.path_of(service, db)
        if kept and ledger.kept_in(db) not in (None, ledger.name_of(kept)):
            raise Refused(ledger.IN_ITS_PLACE.format(path=kept, another=ledger.ANOTHER))
        about = About(
            engine="sqlite" if is_sqlite(db) else "postgresql",
            schema=schema,
            fingerprint=service.vault.fingerprint(),
            ledger=ledger.name_of(kept) if kept else None,
            entries=ledger.count(kept) if kept else None,
        )
        return about, closed_waves(db)


def note_in_a_backup(db: Connection, closed: list[str]) -> None:
    """Remember of which closed waves there is a backup."""
    db.execute(delete(SETTING).where(SETTING.c.name == IN_A_BACKUP))
    db.execute(insert(SETTING).values(name=IN_A_BACKUP, value=" ".join(closed)))


def closed_waves(db: Connection) -> list[str]:
    """The waves of which answers are kept that nobody can give again."""
    return list(db.execute(select(WAVE.c.id).where(WAVE.c.state == CLOSED).order_by(WAVE.c.id)).scalars())


def in_no_backup(db: Connection) -> list[str]:
    """The waves that have closed since the last backup: with the disk, their answers would be lost."""
    kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == IN_A_BACKUP)).scalar() or ""
    return [each for each in closed_waves(db) if each not in str(kept).split()]


class Written(io.RawIOBase):
    """Takes what is decrypted: the line about it, then the rest, which goes on to `sink`."""

    def __init__(self, sink: Callable[[bytes], object] = lambda _: None) -> None:
        self._sink = sink
        self._seen = sha256()
        self._begin: bytes | None = b""
        self.about: About | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        given = bytes(data)
        self._seen.update(given)
        if self._begin is None:
            self._pass_on(given)
            return len(given)
        self._begin += given
        head, end, rest = self._begin.partition(b"\n")
        if end:
            self.about, self._begin = about_of(head), None
            self._pass_on(rest)
        elif len(self._begin) > LONGEST_HEADER:
            raise Refused("this is no backup of this service")
        return len(given)

    def _pass_on(self, data: bytes) -> None:
        try:
            self._sink(data)
        except OSError as error:
            raise NotTaken(error) from None

    def digest(self) -> str:
        return self._seen.hexdigest()


def about_of(head: bytes) -> About:
    try:
        about = About(**json.loads(head))
    except (ValueError, TypeError):
        raise Refused("this is no backup of this service") from None
    if about.format != FORMAT:
        raise Refused(
            f"this backup is of another kind ({about.format}): restore it by the version that made it"
        )
    return about


class _Read(io.RawIOBase):
    """One source after the other, and the hash of all."""

    def __init__(self, *sources: IO[bytes]) -> None:
        self._sources = list(sources)
        self.seen = sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while self._sources:
            if data := self._sources[0].read(min(len(into), PIECE)):
                self.seen.update(data)
                into[: len(data)] = data
                return len(data)
            self._sources.pop(0)
        return 0


@contextlib.contextmanager
def _copied(service: Service) -> Iterator[IO[bytes]]:
    """The database as it is at one moment."""
    with _vacuumed(service) if is_sqlite(service.engine) else _dumped(service) as source:
        yield source


@contextlib.contextmanager
def _vacuumed(service: Service) -> Iterator[IO[bytes]]:
    """A copy beside the database, overwritten afterwards: what is erased later must not stay in it."""
    path = Path(f"{make_url(service.settings.database_url).database}{BEING_COPIED}")
    with open(path, "ab", opener=open_private) as mine:
        if not hold(mine):
            raise Refused("another backup is being written: wait until it has ended")
        try:
            overwrite(path)  # what a backup that was killed has left
            with outside(service.engine) as db:
                db.execute(text("VACUUM INTO :path"), {"path": str(path)})
            with path.open("rb") as source:
                yield source
        finally:
            overwrite(path)
            path.unlink()


@contextlib.contextmanager
def _dumped(service: Service) -> Iterator[IO[bytes]]:
    check_direct(service.engine)
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges"]
    with postgres_program(
        [*command, f"--exclude-table-data={NOT_DUMPED}"],
        service.settings.database_url,
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is None:
            raise OSError("pg_dump gives nothing")
        yield process.stdout


def version_of_pg_dump() -> int | None:
    """The version of PostgreSQL that pg_dump belongs to; None where it is not installed."""
    try:
        told = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S607
    except FileNotFoundError:
        return None
    found = re.search(r"\d+", told)
    return int(found[0]) if found else None


@contextlib.contextmanager
def postgres_program(
    command: list[str], database_url: str | None = None, **pipes: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """One of PostgreSQL's own programs, on the database; its password is on no command line."""
    words, environment = list(command), {**os.environ, "LC_ALL": "C"}  # what it says is read here
    if database_url is not None:
        url = make_url(database_url)
        plain = url._replace(drivername="postgresql", password=None)  # `set` leaves it in
        words.append(f"--dbname={plain.render_as_string()}")
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
    try:
        process = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, **pipes)  # noqa: S603 - ours
    except FileNotFoundError:
        raise ConfigurationError(
            f"{command[0]} is not installed here: install PostgreSQL's client programs, of the version of "
            "the server or a later one"
        ) from None
    with process:
        not_taken = None
        try:
            yield process
        except NotTaken as error:
            not_taken = error  # it has ended, and says why
        except BaseException:
            process.kill()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            raise
        _, said = process.communicate()
        if process.returncode:
            raise Refused(f"{command[0]} failed: {why_it_failed(said.decode(errors='replace'))}")
        if not_taken is not None:
            raise not_taken


def why_it_failed(said: str) -> str:
    """The line that says why, of what one of PostgreSQL's programs says; of a row that it names, no value."""
    lines = said.strip().splitlines() or ["it does not say why"]
    line = next((each for each in lines if "error: " in each), lines[0])
    before, copying, after = line.partition("COPY failed for table ")
    named, _, why = after.partition(": ")
    return f"{before}{copying}{named}: {_VALUE.sub('…', why)}" if copying else line
