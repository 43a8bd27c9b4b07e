"""PostgreSQL's write-ahead log: what it still holds of a wave, and what prevents its removal.

Its transactions show which code gave which answer, and it holds what was erased. An idle server writes
nothing, so nothing in the log is overwritten by itself. `renew` ends the file that is being written, has the
older ones recycled, and writes over those.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

_MAY: Final = text("SELECT has_function_privilege(current_user, :function, 'EXECUTE')")
_SETTING: Final = text("SELECT current_setting(:name)")
_SLOTS: Final = text("SELECT slot_name FROM pg_replication_slots ORDER BY slot_name")
_FOLLOWERS: Final = text("SELECT count(*) FROM pg_stat_replication")
_TO_COME: Final = text(
    "SELECT count(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' "
    "AND name > pg_walfile_name(pg_current_wal_lsn())"
)
_SWITCH: Final = text("SELECT pg_switch_wal()")
_WRITE_SOMETHING: Final = text("SELECT pg_logical_emit_message(false, 'counterpoise', 'renewed')")
SWITCH, LIST = "pg_switch_wal()", "pg_ls_waldir()"
KEPT_ELSEWHERE: Final = {"archive_mode": "off", "wal_keep_size": "0"}


@dataclass(frozen=True)
class Check:
    """What was found, whether it is as it should be, and how to mend it."""

    name: str
    ok: bool
    found: str
    mend: str


def renew(db: Connection) -> None:
    """Overwrite what the files of the log held before, as far as this role may.

    An ended file is filled up with zeros, and so is each recycled file once it is written to and ended.
    """
    if not _may(db, SWITCH):
        db.execute(text("CHECKPOINT"))
        return
    db.execute(_SWITCH)
    db.execute(text("CHECKPOINT"))
    if not _may(db, LIST):
        return
    for _ in range(1 + int(db.execute(_TO_COME).scalar_one())):  # this file, and each that was recycled
        db.execute(_WRITE_SOMETHING)
        db.execute(_SWITCH)
    db.execute(text("CHECKPOINT"))


def checks(db: Connection) -> Iterator[Check]:
    """Look for everything that keeps the log, or copies of it, out of reach of `renew`."""
    role = str(db.execute(text("SELECT current_user")).scalar_one())
    for function in (SWITCH, LIST):
        may = _may(db, function)
        yield Check(
            function,
            may,
            f"{role} may" if may else f"{role} may not, so that the log keeps what was erased or unlinked",
            f'in this database, since each has its own: GRANT EXECUTE ON FUNCTION {function} TO "{role}"',
        )
    for name, wanted in KEPT_ELSEWHERE.items():
        found = str(db.execute(_SETTING, {"name": name}).scalar_one())
        yield Check(
            name,
            found == wanted,
            found,
            f"set {name} = {wanted} in postgresql.conf, or delete what it keeps when a wave has closed",
        )
    slots = [str(name) for name in db.execute(_SLOTS).scalars()]
    yield Check(
        "replication slots",
        not slots,
        ", ".join(slots) or "none",
        "SELECT pg_drop_replication_slot(name) for each that nothing reads",
    )
    followers = int(db.execute(_FOLLOWERS).scalar_one())
    yield Check(
        "followers",
        not followers,
        f"{followers} servers read the log" if followers else "none",
        "see to it that no follower keeps or archives its log",
    )


def _may(db: Connection, function: str) -> bool:
    return bool(db.execute(_MAY, {"function": function}).scalar_one())
