"""Tasks that are due without anybody asking: close waves, expire drafts, delete old answers.

Closing takes four steps. (a) The wave becomes `closing` when no send is in flight. (b) In one transaction the
rows are linked, where the wave is the later one of a pair; drafts, sessions and submit keys are deleted;
withholding is decided; the rows are mixed; and the snapshot is written. Then the figures for researchers are
kept. (c) The files are cleaned. (d) The wave becomes `closed`. Each step can be repeated, so the next run
completes what a kill has interrupted.
"""

import fcntl
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, delete, make_url, select, text, update

from app import ended, migrate
from app.audit import audit
from app.closing.answered import keep_answered
from app.closing.cleaning import clean, rewrite, scrub
from app.closing.clusters import number_clusters
from app.closing.copies import remove_left_copies
from app.closing.digests import end_digest, keep_digest, make_whole
from app.closing.erasure import CODES_TO_REWRITE, note_deleted
from app.closing.figures import keep_figures
from app.closing.flow import keep_flow
from app.closing.mixing import RESPONSE, SPECIAL_ANSWER, lock, mix
from app.closing.purge import CODE, DRAFT, SESSION, purge
from app.closing.snapshots import SNAPSHOT, compute_snapshot
from app.closing.withholding import decide
from app.closing.write_ahead_log import checks
from app.db import is_sqlite, lock_key, read, write
from app.ended import ledger
from app.errors import NotNoted, Refused
from app.files.private import open_private
from app.runtime import Service, check_still, is_being_restored, now
from app.studies.linking.pairs import give_up, link
from app.studies.study import STUDY, the_study
from app.studies.waves import (
    CODE_BATCH,
    WAVE,
    begin_anew,
    check_can_close,
    expect,
    move,
    the_wave,
    waves,
)
from app.tables import CLOSED, CLOSING, OPEN, PAUSED, RETIRED

EVERY_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 600.0
LOOK_AGAIN_SECONDS: Final = 0.2
STILL_READ: Final = (
    "somebody reads the database, so the files keep it until that has ended; the service tries each minute"
)
log = logging.getLogger("counterpoise.maintenance")


@dataclass(frozen=True)
class TasksDone:
    """What one run of the due tasks did: waves closed, and the number of drafts expired."""

    closed: tuple[str, ...]
    expired: int
    out_of_reach: tuple[str, ...] = ()
    """Where data of the closed waves may remain, because it could not be cleaned."""


class Busy(Refused):
    """Another process is running the due tasks."""


def run_due_tasks(service: Service, patience: float = PATIENCE_SECONDS) -> TasksDone:
    """Do all that is due; wait first while another process is doing so.

    Nothing is done where a backup is being put back: what had ended since is not ended again yet.
    """
    with alone(service, patience):
        if _is_half_there(service):
            return TasksDone((), 0)
        expired = expire_drafts(service)
        with write(service.engine) as db:
            ended.forget(db)
            make_whole(service, db)
        failures = failures_of(begin_to_close, service, due(service))
        with read(service.engine) as db:
            closing = tuple(each.id for each in waves(db) if each.state == CLOSING)
        failures += failures_of(finish, service, closing)
        for wave in unfinished(service):
            with write(service.engine) as db:
                decide(service, db, wave)
                keep_digest(service, db, wave)
            keep_figures(service, wave, late=True)
        failures += failures_of(_retire, service, to_retire(service))
        scrub(service)
        remove_left_copies(service)
        rewrite(service)
        try:
            ledger.check(service)
        except NotNoted as error:  # told now, and before what else failed: nothing at all can be ended
            failures.insert(0, error)
        if failures:
            raise failures[0]
        return TasksDone(closing, expired, out_of_reach(service) if closing else ())


def _is_half_there(service: Service) -> bool:
    """Whether the database was put back in part; until the restore marks it, it has no schema's number."""
    if migrate.current(service.engine) is None:
        return True
    with read(service.engine) as db:
        return is_being_restored(db)


def due(service: Service) -> list[str]:
    """The waves whose announced end has come."""
    ended = WAVE.c.state.in_((OPEN, PAUSED)) & (WAVE.c.closes_at <= now())
    with read(service.engine) as db:
        return list(db.execute(select(WAVE.c.id).where(ended)).scalars())


def failures_of(
    step: Callable[[Service, str], None], service: Service, these: Iterable[str]
) -> list[Exception]:
    """Take a step with each wave; what goes wrong with one must not keep the others from closing."""
    failures: list[Exception] = []
    for wave in these:
        try:
            step(service, wave)
        except Exception as error:  # noqa: BLE001 - raised when every wave has had its turn
            failures.append(error)
    return failures


def begin_to_close(service: Service, wave: str) -> None:
    """Let no send in any more; a wave that could not be closed waits until it can, and takes nothing."""
    with write(service.engine) as db:
        check_can_close(service, db, wave)
        move(db, wave, (OPEN, PAUSED), CLOSING)


def finish(service: Service, wave: str) -> None:
    """Carry a `closing` wave to `closed`, from wherever an earlier attempt was interrupted."""
    with write(service.engine) as db:
        lock(db)
        # Link before mixing. An UPDATE moves a row, and its position would reveal who answered the linking
        # questions.
        link(service, db, wave)
        keep_flow(db, wave)
        number_clusters(db, wave)
        purge(db, wave)
        compute_snapshot(service, db, wave)
        keep_answered(db, wave)
        decide(service, db, wave)
        keep_digest(service, db, wave)
        mix(db)
    keep_figures(service, wave)
    clean(service)
    left = out_of_reach(service)
    with write(service.engine) as db:
        # The snapshot is kept, and nobody has seen it: a backup from before it may never close the wave anew.
        ledger.note(service, db, "closed", wave)
        move(db, wave, (CLOSING,), CLOSED)
        audit(
            service.vault,
            db,
            {"action": "wave closed", "wave": wave, "not cleaned": "; ".join(left) or "nothing"},
        )


def out_of_reach(service: Service) -> tuple[str, ...]:
    """Say what keeps the database's own log where closing and erasing cannot clean it."""
    if is_sqlite(service.engine):
        return ()
    with read(service.engine) as db:
        return tuple(f"{each.name}: {each.found}" for each in checks(db) if not each.ok)


def unfinished(service: Service) -> list[str]:
    """The waves that closed under an earlier version, so that some decisions and figures are missing."""
    kept = select(WAVE.c.id).join(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)
    with read(service.engine) as db:
        return list(db.execute(kept.where(WAVE.c.state == CLOSED, SNAPSHOT.c.figures.is_(None))).scalars())


def expire_drafts(service: Service) -> int:
    """Delete the drafts whose last day is over; their codes can be used again, unless they were cancelled."""
    with write(service.engine) as db:
        old = list(db.execute(select(DRAFT.c.code_hmac).where(DRAFT.c.expires_on < now().date())).scalars())
        for hmac in old:
            db.execute(delete(SESSION).where(SESSION.c.code_hmac == hmac))
            db.execute(delete(DRAFT).where(DRAFT.c.code_hmac == hmac))
            begin_anew(db, CODE.c.hmac == hmac)
    return len(old)


def retire(service: Service, wave: str, patience: float = PATIENCE_SECONDS) -> None:
    """Delete the responses of a closed wave for good; the snapshot stays."""
    with read(service.engine) as db:
        on = the_study(db, the_wave(db, wave).study).retire_on
    if on is not None and now().date() < on:
        raise Refused(f"the answers of {wave!r} are kept until {on}, as was declared before it opened")
    with alone(service, patience):
        _retire(service, wave)


def ask_early(service: Service, db: Connection, wave: str, who: str) -> None:
    """Ask that the answers of a closed wave be deleted before their day; somebody else has to confirm it."""
    expect(db, wave, (CLOSED,), RETIRED)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(deletion_asked_by=who))
    audit(service.vault, db, {"action": "early deletion asked", "wave": wave})


def keep_after_all(service: Service, db: Connection, wave: str) -> None:
    """Withdraw what was asked: the answers are kept until their day."""
    expect(db, wave, (CLOSED,), RETIRED)
    db.execute(update(WAVE).where(WAVE.c.id == wave).values(deletion_asked_by=None))
    audit(service.vault, db, {"action": "early deletion withdrawn", "wave": wave})


def retire_early(service: Service, wave: str, who: str, patience: float = PATIENCE_SECONDS) -> None:
    """Delete the responses of a closed wave before their day, where another person has asked for it."""
    with alone(service, patience):
        with write(service.engine) as db:
            expect(db, wave, (CLOSED,), RETIRED)
            asked_by = the_wave(db, wave).deletion_asked_by
            if asked_by is None:
                raise Refused("nobody has asked for it: one person asks, another one confirms")
            if asked_by == who:
                raise Refused("you have asked for it yourself: another person has to confirm it")
            ledger.check_writable(service, db)
            told = {"wave": wave, "asked by": asked_by}
            audit(service.vault, db, {"action": "early deletion confirmed", **told})
        _retire(service, wave)


def _retire(service: Service, wave: str) -> None:
    with write(service.engine) as db:
        expect(db, wave, (CLOSED,), RETIRED)
        ledger.note(service, db, "retired", wave)
        delete_answers(service, db, wave)
        audit(service.vault, db, {"action": "wave retired", "wave": wave})
    rewrite(service)
    clean(service)
    with write(service.engine) as db:
        move(db, wave, (CLOSED,), RETIRED)


def delete_answers(service: Service, db: Connection, wave: str) -> None:
    """Delete the responses of a wave, its codes, and what is kept because of them."""
    db.execute(delete(RESPONSE).where(RESPONSE.c.wave == wave))
    db.execute(delete(SPECIAL_ANSWER).where(SPECIAL_ANSWER.c.wave == wave))
    db.execute(delete(CODE).where(CODE.c.wave == wave))
    db.execute(delete(CODE_BATCH).where(CODE_BATCH.c.wave == wave))
    end_digest(db, wave)
    note_deleted(db)
    note_deleted(db, CODES_TO_REWRITE)
    give_up(service, db, wave)


def rewrite_files(service: Service, patience: float = PATIENCE_SECONDS) -> list[str]:
    """Remove at once from the files what was deleted, as the due tasks do; tell where it may remain."""
    with alone(service, patience):
        scrub(service)
        return remaining(service)


def remaining(service: Service) -> list[str]:
    """Rewrite the files, and tell where what was deleted may remain."""
    done = rewrite(service)
    return [*out_of_reach(service), *([] if done else [STILL_READ])]


def to_retire(service: Service) -> list[str]:
    """The closed waves whose answers were to be kept until a day that has come."""
    over = (
        select(WAVE.c.id)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .where(WAVE.c.state == CLOSED, STUDY.c.retire_on <= now().date())
    )
    with read(service.engine) as db:
        return list(db.execute(over).scalars())


@contextmanager
def alone(service: Service, patience: float) -> Iterator[None]:
    """Hold the only lock of maintenance; refused where the secret was rotated since this process began."""
    with held(service, patience):
        if migrate.current(service.engine) is not None:  # a restore begins in a place without tables
            with read(service.engine) as db:
                check_still(service.vault, db)
        yield


@contextmanager
def held(service: Service, patience: float) -> Iterator[None]:
    """Hold the lock under whatever secret; it is released when the process ends, in whatever way."""
    hold = _flock if is_sqlite(service.engine) else _advisory_lock
    deadline = time.monotonic() + patience
    while True:
        with hold(service) as got:
            if got:
                yield
                return
        if time.monotonic() >= deadline:
            raise Busy("the collections are being tended by another process; try again in a minute")
        time.sleep(LOOK_AGAIN_SECONDS)


@contextmanager
def _flock(service: Service) -> Iterator[bool]:
    """Lock a file beside the database: a lock inside the database would block its writers."""
    path = f"{make_url(service.settings.database_url).database}-tend"
    with open(path, "a", opener=open_private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _advisory_lock(service: Service) -> Iterator[bool]:
    """Lock by a transaction of its own, which a pooler gives a connection of its own too.

    PostgreSQL releases the lock when the connection ends. The statement that takes it leaves a snapshot open
    until the next one, and as long as it is open no deleted row can be removed: so the setting comes second.
    """
    with read(service.engine) as db:
        key = {"key": lock_key("tend")}
        got = bool(db.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), key).scalar())
        db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield got


class Maintenance:
    """Run the due tasks in one thread, now and every minute, as long as the block lasts."""

    def __init__(self, service: Service, every: float = EVERY_SECONDS) -> None:
        self._service = service
        self._every = every
        self.well_at = time.monotonic()
        """When the due tasks last went through; at first, when this was made."""
        self.failed = 0
        """How often they have failed since."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(EVERY_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._once()
            self._stop.wait(self._every)

    def _once(self) -> None:
        try:
            run_due_tasks(self._service, patience=0)
        except Busy:
            return
        except Exception as error:
            self.failed += 1
            original = getattr(error, "orig", None)
            state = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
            log.exception("due tasks failed", extra={"sqlstate": state})
        else:
            self.well_at, self.failed = time.monotonic(), 0
