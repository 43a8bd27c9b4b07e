"""Check whatever the promises to respondents rest on and a host can set wrong, and say how to mend it.

Settings are read from a live connection, because a running server may differ from its configuration file.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, bindparam, func, make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app import migrate
from app.audit import events
from app.closing.copies import left_copies
from app.closing.digests import changed
from app.closing.snapshots import SNAPSHOT
from app.closing.write_ahead_log import Check, checks
from app.db import ENCODING, LOCK_TIMEOUT, SQLITE_PRAGMAS, is_sqlite, read, sqlite_files
from app.error_pages import is_damage
from app.export.trail import TAKEN
from app.files.private import is_private as is_private_file
from app.operations.backup import in_no_backup, version_of_pg_dump
from app.operations.surroundings import clock, kept_ledger, room
from app.operations.whole import ALONE, HALF_RESTORED, is_half_restored, is_whole
from app.runtime import FINGERPRINT, ROTATED_OR_ANOTHER, Service
from app.staff.oidc.fetching import Unproven
from app.staff.oidc.provider import Provider
from app.studies.installed import CURE, missing
from app.studies.rights import (
    OWN,
    grant_checkpoint,
    missing_create,
    not_owned,
    set_lock_timeout,
    without_checkpoint,
)
from app.studies.study import SMALLEST_K, STUDY
from app.survey.drafts import NO_PHRASE
from app.tables import CLOSED, Draft, Setting, Wave, table

SQLITE_WITHOUT_WAL_RESET_FAULT: Final = (3, 51, 3)
POSTGRES_AT_LEAST: Final = 15
PRAGMA_NUMBERS: Final = {"OFF": "0", "ON": "1", "FULL": "2", "MEMORY": "2", "WAL": "wal"}
POSTGRES_SETTINGS: Final = {
    "fsync": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "full_page_writes": ("on",),
    "track_commit_timestamp": ("off",),
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_error_verbosity": ("terse",),
    "log_min_error_statement": ("panic",),
    "log_parameter_max_length_on_error": ("0",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_duration": ("off",),
    "debug_print_parse": ("off",),
    "debug_print_rewritten": ("off",),
    "debug_print_plan": ("off",),
    "log_checkpoints": ("off",),
    "log_lock_waits": ("off",),
    "log_connections": ("off", ""),
    "log_disconnections": ("off",),
    "log_autovacuum_min_duration": ("10min", "-1"),
}
"""Three keep acknowledged writes, the fourth keeps times out of rows, the next answers out of logs.

The last five keep lines out of the log that would tell, by their time, when somebody was there: a checkpoint
follows what was saved by some minutes, and an idle server makes none.
"""
LIBRARIES: Final = ("shared_preload_libraries", "session_preload_libraries", "local_preload_libraries")
ANOTHER_ENCODING: Final = (
    "make a backup and put it back into a database that `createdb --encoding UTF8 --template template0` makes"
)
LOG_VALUES: Final = frozenset({"auto_explain", "pgaudit"})
"""Libraries that log statements, or what was in them, when they are loaded."""

GIVEN_TO_A_CONTAINER: Final = Path("/run/secrets")
"""Mounted for this service alone; its rights say nothing of who reads it elsewhere."""
IN_USE: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
RESTORE: Final = (
    "stop the service, keep a copy of all its files as they are, and put the last good backup back; what was "
    "sent after it can be looked for in the copy by sqlite3's .recover or PostgreSQL's own tools"
)
NOT_OURS: Final = (
    "run the command as the user of the service, and see that the file, and its folder, are that user's"
)
SETTING: Final = table(Setting)
WAVE: Final = table(Wave)
_FIGURES: Final = (
    select(WAVE.c.id, SNAPSHOT.c.figures)
    .join(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)
    .where(WAVE.c.state == CLOSED)
    .order_by(WAVE.c.id)
)
_LOADED: Final = text("SELECT setting FROM pg_settings WHERE name IN :names").bindparams(
    bindparam("names", expanding=True)
)


def examine(service: Service) -> list[Check]:
    """Run every check; what cannot be read is reported as a finding and does not end the examination."""
    return [
        *readable("database", lambda: _database(service)),
        Check(
            "cookies",
            service.settings.secure,
            "https alone" if service.settings.secure else "also without https",
            "serve by https and take COUNTERPOISE_INSECURE_COOKIES away",
        ),
        Check(
            "address",
            bool(service.settings.origin),
            service.settings.origin or "not set: whoever prints slips types it",
            "set COUNTERPOISE_ORIGIN to the address of this service",
        ),
        Check(
            "proxy",
            bool(service.settings.proxies) or not service.settings.secure,
            ", ".join(map(str, service.settings.proxies)) or "none named",
            "set COUNTERPOISE_PROXY to the address from which your reverse proxy speaks: without it "
            "everybody who signs in comes from one place, and a stranger who fails makes others wait",
        ),
        *_institution(service),
        *readable("files", lambda: _files(service)),
        *readable("disk", lambda: [room(service)]),
    ]


def readable(name: str, checks: Callable[[], Iterable[Check]]) -> list[Check]:
    """Run these checks, or report that what they look at cannot be read."""
    found: list[Check] = []
    try:
        found.extend(checks())
    except OSError as error:
        found.append(Check(f"access: {name}", False, f"{error.filename} ({error.strerror})", NOT_OURS))
    except (DBAPIError, ValueError) as error:
        if isinstance(error, OperationalError) and _is_not_reached(error):
            raise
        found.append(_damaged(name, error))
    return found


def _is_not_reached(error: OperationalError) -> bool:
    """Whether the database could not be asked at all, or another process holds it."""
    name = str(getattr(error.orig, "sqlite_errorname", ""))
    return not is_damage(error) and (error.statement is None or name.startswith(IN_USE))


def _damaged(name: str, error: Exception) -> Check:
    original = getattr(error, "orig", None)
    kind = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return Check(f"damage: {name}", False, f"cannot be read ({kind or type(error).__name__})", RESTORE)


def _database(service: Service) -> Iterator[Check]:
    present, wanted = migrate.current(service.engine), migrate.head()
    yield Check("schema", present == wanted, str(present), "run `counterpoise migrate`")
    half = is_half_restored(service)
    yield Check("restore", not half, "in part" if half else "none is under way", HALF_RESTORED)
    with read(service.engine) as db:
        yield from readable("settings", lambda: _sqlite(db) if is_sqlite(db) else _postgres(db))
        if is_sqlite(db):
            yield from readable("pages", lambda: _pages(db))
        if present == wanted:
            yield from readable("contents", lambda: _contents(service, db))
            yield from readable("answers", lambda: _answers(service, db))
    if present == wanted and is_sqlite(service.engine):
        yield Check("whole", is_whole(service), "yes" if is_whole(service) else "copied alone", ALONE)


def _pages(db: Connection) -> Iterator[Check]:
    found = str(db.execute(text("PRAGMA integrity_check(1)")).scalar())
    yield Check("pages", found == "ok", "as SQLite wrote them" if found == "ok" else "damaged", RESTORE)


def _answers(service: Service, db: Connection) -> Iterator[Check]:
    """Compare the rows of closed waves with their digests, and find waves that have none."""
    waves = changed(service, db)
    yield Check(
        "answers",
        not waves,
        f"not as they were sent in {', '.join(waves)}" if waves else "of closed waves as they were sent",
        RESTORE,
    )
    kept = {str(wave): figures for wave, figures in db.execute(_FIGURES)}
    undecided = [wave for wave, figures in kept.items() if figures is None]
    late = [wave for wave, figures in kept.items() if figures and figures.get("late")]
    yield Check(
        "closed waves",
        not undecided,
        f"{', '.join(undecided)} closed under an earlier version, which decided less at the close"
        if undecided
        else f"what may be told of {', '.join(late)} was decided after the close: exports that were taken "
        "before may tell more, and what was damaged before is not found"
        if late
        else "decided once, at their close",
        "run `counterpoise wave run-due-tasks`",
    )


def _files(service: Service) -> Iterator[Check]:
    """Find out who else may read the secret and a SQLite database; PostgreSQL guards its own files."""
    there = [] if service.settings.secret_file is None else [service.settings.secret_file]
    if is_sqlite(service.engine):
        there += sqlite_files(Path(str(make_url(service.settings.database_url).database)))
    open_to_others = [
        each for each in there if GIVEN_TO_A_CONTAINER not in each.parents and not is_private_file(each)
    ]
    yield Check(
        "files",
        not open_to_others,
        f"others may read {', '.join(each.name for each in open_to_others)}"
        if open_to_others
        else "for their owner alone",
        f"by the user who owns them: chmod 600 {' '.join(map(str, open_to_others))}",
    )
    left = left_copies(service)
    yield Check(
        "copies",
        not left,
        f"a backup or a restore that was cut off left {', '.join(left)}, which anybody can read who has it"
        if left
        else "none in clear beside the database",
        "by the user who owns them: `counterpoise wave run-due-tasks`, which removes them",
    )


def _sqlite(db: Connection) -> Iterator[Check]:
    version = str(db.execute(text("SELECT sqlite_version()")).scalar_one())
    good = tuple(int(part) for part in version.split(".")) >= SQLITE_WITHOUT_WAL_RESET_FAULT
    at_least = ".".join(map(str, SQLITE_WITHOUT_WAL_RESET_FAULT))
    yield Check("SQLite", good, version, f"install a pysqlite3 that carries SQLite {at_least} or later")
    for name, value in SQLITE_PRAGMAS.items():
        found = str(db.execute(text(f"PRAGMA {name}")).scalar())
        wanted = PRAGMA_NUMBERS.get(value, value)
        yield Check(
            name, found == wanted, found, f"this SQLite does not keep to {name}={value}; take another build"
        )


def _postgres(db: Connection) -> Iterator[Check]:
    version = int(db.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    good = version >= POSTGRES_AT_LEAST
    yield Check("PostgreSQL", good, str(version), f"use PostgreSQL {POSTGRES_AT_LEAST} or later")
    encoding = str(db.execute(text("SHOW server_encoding")).scalar_one())
    yield Check("encoding", encoding == ENCODING, encoding, ANOTHER_ENCODING)
    for name, wanted in POSTGRES_SETTINGS.items():
        found = str(db.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())
        yield Check(
            name,
            found in wanted,
            found,
            f"as an administrator of PostgreSQL: ALTER SYSTEM SET {name} = '{wanted[0]}'; then restart it",
        )
    role = str(db.execute(text("SELECT current_user")).scalar_one())
    may = without_checkpoint(db) is None
    yield Check(
        "CHECKPOINT",
        may,
        f"{role} may" if may else f"{role} may not, so that no wave can close",
        grant_checkpoint(role),
    )
    waits = str(db.execute(text("SELECT current_setting('lock_timeout')")).scalar_one())
    yield Check("lock_timeout", waits == LOCK_TIMEOUT, waits, set_lock_timeout(role))
    yield from checks(db)
    yield _libraries(db, role)
    dumps = version_of_pg_dump()
    yield Check(
        "pg_dump",
        dumps is not None and dumps >= version,
        "not installed here" if dumps is None else str(dumps),
        f"install PostgreSQL's client programs, version {version} or later: `counterpoise backup` needs them",
    )


def _libraries(db: Connection, role: str) -> Check:
    """Find loaded libraries that log statements with their values; only some roles may see the list."""
    names = {"names": LIBRARIES}
    shown = list(db.execute(_LOADED, names).scalars())
    loaded = {library.strip() for each in shown for library in each.split(",")} - {""}
    if len(shown) < len(LIBRARIES):
        return Check(
            "libraries", False, f"{role} may not see them", f'GRANT pg_read_all_settings TO "{role}"'
        )
    return Check(
        "libraries",
        not loaded & LOG_VALUES,
        ", ".join(sorted(loaded)) or "none",
        f"take {' and '.join(sorted(LOG_VALUES))} out of {', '.join(LIBRARIES)}: they log what is written",
    )


def _institution(service: Service) -> Iterator[Check]:
    """Ask the institution's provider, where one is set, for what a sign-in needs."""
    if service.settings.institution is None:
        return
    try:
        Provider(service.settings.institution).begin("")
        ok = True
    except Unproven:
        ok = False
    yield Check(
        "institution",
        ok,
        "its provider answers" if ok else "its provider does not answer as it must",
        "compare COUNTERPOISE_OIDC_ISSUER with the `issuer` that the provider publishes; see docs/sign-in.md",
    )


def _both_left(db: Connection) -> Check:
    """Name studies of reports whose rows were exported under a version that allowed both."""
    taken = {each.event["wave"] for each in events(db) if each.event["action"] == TAKEN}
    of_reports = select(WAVE.c.id).join(STUDY, STUDY.c.id == WAVE.c.study).where(STUDY.c.leaving == "reports")
    both = sorted(taken & set(db.execute(of_reports).scalars()))
    return Check(
        "leaving",
        True,
        f"rows of {', '.join(both)} were taken out before; beside its reports they tell who is in which unit:"
        " ask for those copies to be deleted"
        if both
        else "reports or rows, of no study both",
        "nothing more to do here: no further row of a study of reports leaves",
    )


def _contents(service: Service, db: Connection) -> Iterator[Check]:
    """Make the checks that need a migrated database."""
    kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == FINGERPRINT)).scalar()
    yield Check(
        "secret",
        kept == service.vault.fingerprint(),
        {None: "not remembered yet", service.vault.fingerprint(): "the one that was used before"}.get(
            kept, "another than was used before"
        ),
        "run `counterpoise migrate`" if kept is None else ROTATED_OR_ANOTHER,
    )
    old = db.execute(select(func.count()).where(table(Draft).c.key_by_code == NO_PHRASE)).scalar_one()
    yield Check(
        "drafts",
        True,
        f"{old} from before there were six words: they go on in the browser in which they were begun, alone"
        if old
        else "opened by code and six words, or by their browser",
        "nothing to do: they are sent, or deleted within fifteen days",
    )
    yield kept_ledger(service, db)
    unsaved = in_no_backup(db)
    yield Check(
        "backups",
        not unsaved,
        f"none has {', '.join(unsaved)}"
        if unsaved
        else "one was made of each closed wave, or none has closed",
        "make one by `counterpoise backup`: only a backup from after its close brings the answers of a wave "
        "back; see docs/administration.md",
    )
    yield _both_left(db)
    yield clock(db)
    absent = missing(service, db)
    yield Check(
        "questionnaires",
        not absent,
        f"not installed: {'; '.join(absent)}" if absent else "installed as they were asked",
        CURE,
    )
    smallest = db.execute(select(func.min(STUDY.c.k))).scalar()
    yield Check(
        "K",
        smallest is None or smallest >= SMALLEST_K,
        "no study yet" if smallest is None else f"{smallest} at the least",
        f"a study reports groups under {SMALLEST_K}: its database was changed by hand; end its waves",
    )
    if not is_sqlite(db):
        foreign = not_owned(db)
        yield Check(
            "tables",
            not foreign,
            f"another role owns {', '.join(foreign)}" if foreign else "owned, so that they can be cleaned",
            OWN,
        )
        grant = missing_create(db)
        yield Check(
            "CREATE",
            not grant,
            "the role may make no table, so that no wave can close" if grant else "tables can be made",
            f"in this database: {grant}",
        )
