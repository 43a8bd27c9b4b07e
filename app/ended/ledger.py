"""What has ended, written down outside the database, so that no backup that is put back brings it back.

A backup holds what was erased, revoked or closed since. Each such ending is appended here, and on the disk,
before anybody is told that it is done: to one file, which lies elsewhere than database and backups. Entries
are encrypted to the key of the operator, so that the service adds to them and cannot read them; all have one
length and none holds a time. Whoever has the file alone learns how many endings there were. Answers, tokens
and accounts are named by a keyed hash, which points at no row without the secret of the service.
"""

import fcntl
import json
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, delete, insert, select, text

from app.db import is_sqlite, lock_key, read, write
from app.errors import ConfigurationError, NotNoted
from app.files.private import open_private
from app.runtime import Service
from app.tables import Setting, table

Kind = Literal[
    "answer",
    "token",
    "account",
    "first sign-in",
    "password",
    "role",
    "link",
    "codes",
    "evidence",
    "study",
    "trail",
    "closed",
    "retired",
]
"""Endings of a wave name it, and that of the trail the last line; the others are keyed hashes."""
OF_WAVES: Final = frozenset({"closed", "retired"})
SETTING: Final = table(Setting)
LINEAGE: Final = "ledger"
"""The random names of this database, the last one its own: each restore gives it another."""
KEPT_IN: Final = "name of the ledger"
"""The setting with the name of the file that this database keeps."""
FIRST_WORDS: Final = b"counterpoise ledger 1 "
"""Of the first line; the random name of the file follows, by which a backup knows it again."""
WRITING: Final = os.O_RDWR | os.O_APPEND
LENGTH: Final = 256
LONGEST_LINE: Final = 4096
MISSING: Final = (
    "the ledger {} is not there, and nothing is ended without it, since a backup could bring it back. Mount "
    "it or put it back; if it is lost, `counterpoise migrate --another-ledger` begins another one, and what "
    "ended so far comes back with a backup that is older than it"
)
UNWRITABLE: Final = (
    "the ledger {}, and nothing is ended without it: see that its disk is mounted, that it, and its folder, "
    "belong to the user of the service, and that the service may write there (ReadWritePaths of the unit, "
    "the volume of a container)"
)
ANOTHER: Final = (
    "is another ledger than the one that this database keeps (docs/administration.md says how two are joined)"
)
IN_ITS_PLACE: Final = (
    "{path} {another}: name that one. If it is lost, `counterpoise migrate --another-ledger` takes this file "
    "in its place, and what ended so far comes back with a backup that is older than that"
)
NOT_BEGUN: Final = (
    "COUNTERPOISE_LEDGER is set, and this database has not begun to keep a ledger: run `counterpoise migrate "
    "--new-ledger` once"
)
UNNAMED: Final = (
    "this database keeps a ledger of what has ended: set COUNTERPOISE_LEDGER to its file, and "
    "COUNTERPOISE_BACKUP_KEY, as they are for `counterpoise serve`"
)


class Entry(NamedTuple):
    kind: Kind
    what: str
    first: str
    """The first name that the database had: another service may have written into the same file."""
    of: str
    """The name that it had then: a wave made after a restore may bear the id of one that was lost."""


@dataclass(frozen=True)
class Ledger:
    name: str = ""
    entries: tuple[Entry, ...] = ()
    damaged: int = 0
    """Lines that these keys do not open."""


def begin(service: Service, *, another: bool = False) -> None:
    """Make the file where there is none, and give the database its name, if it has none yet.

    Refused where the database keeps a ledger already, unless it is to keep `another` in its place.
    """
    path = _configured(service)
    with read(service.engine) as db:
        if lineage(db) and not another and not is_there(path):
            raise NotNoted(MISSING.format(path))
    try:
        with open(path, "a+b", opener=open_private) as file, _held(file.fileno()):
            file.seek(0)
            first = file.readline(LONGEST_LINE)
            if is_new := not first.endswith(b"\n") and FIRST_WORDS.startswith(first[: len(FIRST_WORDS)]):
                file.truncate(0)  # what a cut power left of the first line
                file.write(FIRST_WORDS + secrets.token_hex(8).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            is_ledger = is_new or first.startswith(FIRST_WORDS)
        on_the_disk(path.parent)
    except OSError as error:
        raise ConfigurationError(f"the ledger {path} cannot be made ({error.strerror})") from None
    if not is_ledger:
        raise ConfigurationError(f"{path} is another file than a ledger: name another one")
    with settled(service) as db:
        if kept_in(db) not in (None, name_of(path)) and not another:
            raise ConfigurationError(IN_ITS_PLACE.format(path=path, another=ANOTHER))
        if not lineage(db):
            name_anew(db)
        keep(db, name_of(path))


def check(service: Service) -> None:
    """Refuse to run without the ledger that this database keeps, or without the one that is configured.

    Where an earlier version has not remembered which one that is, it is the present one.
    """
    with read(service.engine) as db:
        check_writable(service, db)
        path, kept = path_of(service, db), kept_in(db)
    if path is not None and kept is None:
        with settled(service) as db:
            if kept_in(db) is None:
                keep(db, name_of(path))
            check_writable(service, db)


def check_writable(service: Service, db: Connection) -> None:
    """Refuse a ledger into which no ending could be written, before anything has to end."""
    path = path_of(service, db)
    if path is not None and (why := wrong_with(path, kept_in(db))):
        raise NotNoted(UNWRITABLE.format(f"{path} {why}"))


def wrong_with(path: Path, kept: str | None) -> str:
    """Say why no ending could be written into the file; nothing where one could be.

    `kept` is the name of the ledger that the database keeps, if that is known.
    """
    try:
        descriptor = os.open(path, WRITING)
        try:
            with _held(descriptor):
                first = os.pread(descriptor, LONGEST_LINE, 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"cannot be written ({error.strerror})"
    if not first.startswith(FIRST_WORDS):
        return "is another file than a ledger"
    return "" if kept in (None, _name_in(first)) else ANOTHER


def note(service: Service, db: Connection, kind: Kind, what: str | bytes) -> None:
    """Write an ending down, on the disk, before it is committed: one too many does no harm."""
    path = path_of(service, db)
    if path is None:
        return
    _hold(db, "_shared")
    named = what if isinstance(what, str) else key_of(service, kind, what)
    names = lineage(db)
    try:
        line = sealed(Entry(kind, named, names[0], names[-1]), service.settings.backup_key)
        append(path, line, kept_in(db))
    except OSError as error:
        raise NotNoted(f"the ledger {path} cannot be written ({error.strerror}): nothing was ended") from None


@contextmanager
def settled(service: Service) -> Iterator[Connection]:
    """Wait until each ending that is written down is committed or given up; keep others from it meanwhile.

    On SQLite one transaction writes at a time. The locks of PostgreSQL end when a commit can be seen.
    """
    with write(service.engine) as db:
        _hold(db)
        yield db


def _hold(db: Connection, kind: str = "") -> None:
    if not is_sqlite(db):
        db.execute(text(f"SELECT pg_advisory_xact_lock{kind}(:key)"), {"key": lock_key("ledger")})


def key_of(service: Service, kind: Kind, what: bytes) -> str:
    return service.vault.ledger_mac(kind, what).hex()


def lineage(db: Connection) -> list[str]:
    names = db.execute(select(SETTING.c.value).where(SETTING.c.name == LINEAGE)).scalar()
    return str(names).split() if names else []


def name_anew(db: Connection) -> None:
    """Give the database another name, after those that it had."""
    names = [*lineage(db), secrets.token_hex(8)]
    db.execute(delete(SETTING).where(SETTING.c.name == LINEAGE))
    db.execute(insert(SETTING).values(name=LINEAGE, value=" ".join(names)))


def kept_in(db: Connection) -> str | None:
    """The name of the ledger that this database keeps; None where nobody has remembered it."""
    return db.execute(select(SETTING.c.value).where(SETTING.c.name == KEPT_IN)).scalar()


def keep(db: Connection, name: str) -> None:
    """Remember which ledger this database keeps."""
    db.execute(delete(SETTING).where(SETTING.c.name == KEPT_IN))
    db.execute(insert(SETTING).values(name=KEPT_IN, value=name))


def count(path: Path) -> int:
    """How many entries the file holds; nobody needs a key for that."""
    with path.open("rb") as file:
        return sum(1 for line in file if line.endswith(b"\n")) - 1


def name_of(path: Path) -> str:
    """The random name of a ledger, made when it was begun."""
    with path.open("rb") as file:
        return _name_in(file.readline(LONGEST_LINE))


def _name_in(first: bytes) -> str:
    return first.partition(b"\n")[0].removeprefix(FIRST_WORDS).strip().decode(errors="replace")


def read_ledger(path: Path, keys: Sequence[Any]) -> Ledger:
    """Read the entries with the keys of the operator."""
    from pyrage import DecryptError, decrypt  # noqa: PLC0415 - not needed where nothing has ended

    entries, damaged = [], 0
    with path.open("rb") as file:
        first = file.readline(LONGEST_LINE)
        if not first.startswith(FIRST_WORDS):
            raise ConfigurationError(f"{path} is no ledger of this service")
        for line in file:
            if not line.endswith(b"\n"):
                break  # a cut power, or a copy made meanwhile: nobody was told that it is done
            try:
                entries.append(Entry(*json.loads(decrypt(b64decode(line, validate=False), list(keys)))))
            except (DecryptError, ValueError, TypeError):
                damaged += 1
    return Ledger(_name_in(first), tuple(entries), damaged)


def path_of(service: Service, db: Connection) -> Path | None:
    """The file, refused where it should be there and is not; None where this database keeps none."""
    path = service.settings.ledger
    if path is None:
        if lineage(db):
            raise NotNoted(UNNAMED)
        return None
    if not is_there(path):
        raise NotNoted(MISSING.format(path))
    if not lineage(db):
        raise NotNoted(NOT_BEGUN)
    return path


def is_there(path: Path) -> bool:
    """Whether there is a file; of one in a folder that this user may not enter, whoever opens it is told."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _configured(service: Service) -> Path:
    if service.settings.ledger is None:
        raise ConfigurationError(
            "set COUNTERPOISE_LEDGER to a file on another disk than the database, and "
            "COUNTERPOISE_BACKUP_KEY to what `counterpoise backup-key` prints"
        )
    return service.settings.ledger


def sealed(entry: Entry, backup_key: str) -> bytes:
    """The line of an entry, which the private half of this key opens."""
    from pyrage import encrypt  # noqa: PLC0415 - as above
    from pyrage.x25519 import Recipient  # noqa: PLC0415

    plain = json.dumps(entry).encode().ljust(LENGTH)
    if len(plain) != LENGTH:
        raise ValueError(f"an entry of {len(plain)} bytes does not fit into {LENGTH}")
    return b64encode(encrypt(plain, [Recipient.from_str(backup_key)])) + b"\n"


def append(path: Path, line: bytes, kept: str | None = None) -> None:
    """Append a line and have it on the disk; what a cut power left of another one is taken away first.

    Refused where the file is another ledger than the one of this name.
    """
    descriptor = os.open(path, WRITING)
    try:
        with _held(descriptor):
            if kept not in (None, _name_in(os.pread(descriptor, LONGEST_LINE, 0))):
                raise NotNoted(UNWRITABLE.format(f"{path} {ANOTHER}"))
            size = _whole_lines(descriptor)
            try:
                while line:
                    line = line[os.write(descriptor, line) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
    finally:
        os.close(descriptor)


def _whole_lines(descriptor: int) -> int:
    """Cut off a last line without its end, of which nobody was told; return the length of what is whole."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, LONGEST_LINE, max(0, size - LONGEST_LINE))
    whole = size - len(tail) + tail.rfind(b"\n") + 1
    if whole != size:
        os.ftruncate(descriptor, whole)
    return whole


@contextmanager
def _held(descriptor: int) -> Iterator[None]:
    """One process appends at a time; the lock ends with the process."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def on_the_disk(folder: Path) -> None:
    """Have the name of a new file on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
