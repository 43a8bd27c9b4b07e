"""After a backup was put back: end again what had ended since it was made, as the ledger says.

What it does is told in sentences, for whoever restores.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select, true, update

from analysis.disclosure.leaving import LEAVING
from app.audit import events
from app.closing.deleting import cut_trail, delete_rows
from app.closing.erasure import erase_row, note_deleted
from app.closing.leaving import SNAPSHOT
from app.closing.maintenance import delete_answers
from app.closing.mixing import RESPONSE
from app.closing.purge import DRAFT, SESSION, purge
from app.closing.snapshots import used_pairs
from app.ended.ledger import OF_WAVES, Entry, Kind, key_of, lineage
from app.evidence.standing import EVIDENCE, WITHDRAWN
from app.runtime import Service, now
from app.staff.accounts import (
    ACCOUNT,
    GRANT,
    IDENTITY,
    STAFF_SESSION,
    account_key,
    grant_key,
    password_key,
)
from app.staff.authorise import TOKEN
from app.studies.linking.pairs import LATER_LOST, give_up, unmatched
from app.studies.study import STUDY
from app.studies.waves import CODE_BATCH, WAVE, begin_anew, end_batch
from app.tables import CLOSED, PREPARED, RETIRED

ANY: Final = true()
CANNOT_KNOW: Final = """\
Not in the backup, and not known to the ledger:
- what ended after the last entry of this ledger, if it is a copy: answers that people have erased since are
  back
- what was sent, saved or made after it: answers, drafts, codes, studies, accounts and roles. Codes that were
  handed out since open nothing; make new ones
- what was planned or paused since: look at the end of each wave. Questionnaires of hosts that were taken back
  or refused since may be handed in again
- which private runs and pages of receipts were left since: for 15 days, whoever has such a page in their
  browser can have it shown again
- what staff did since: the trail ends with the backup. Compare it with the last head kept elsewhere"""


def end_again(
    service: Service, db: Connection, entries: Sequence[Entry], before: int | None
) -> Iterator[str]:
    """Apply the ledger to a database that was put back.

    `before` of its entries are older than the backup; None where nobody knows.
    """
    names = lineage(db)
    deleted = {each.what: place for place, each in enumerate(entries) if each.kind == "study"}

    def is_of_another(wave: str, place: int) -> bool:
        """Whether it was of a study of the same id, which was deleted before this one was made."""
        return before is not None and place < deleted.get(_key_of_study(service, _study_of(wave)), 0)

    waves = {
        kind: {
            each.what
            for place, each in enumerate(entries)
            if each.kind == kind
            and (not names or each.first == names[0])
            and each.of not in names[:-1]
            and not is_of_another(each.what, place)
        }
        for kind in OF_WAVES
    }
    yield from _delete_studies(service, db, deleted, before)
    yield from _end_waves(service, db, waves["closed"], waves["retired"])
    yield from _end_what_is_lost(service, db, waves["closed"])
    yield from _erase(service, db, entries, before or 0)
    yield from _cancel_codes(service, db, entries)  # after that: it lets codes be begun anew
    yield from _end_staff(service, db, entries[before or 0 :])
    yield from _withdraw_evidence(service, db, entries)
    yield from _have_asked_again(db)
    yield from _cut_trail(service, db, entries[before or 0 :], names[0] if names else "")


def _keys(entries: Iterable[Entry], kind: Kind) -> frozenset[str]:
    return frozenset(each.what for each in entries if each.kind == kind)


def _key_of_study(service: Service, study: str) -> str:
    return key_of(service, "study", study.encode())


def _study_of(wave: str) -> str:
    return wave.rpartition("-")[0]


def _delete_studies(
    service: Service, db: Connection, deleted: Mapping[str, int], before: int | None
) -> Iterator[str]:
    for study in db.execute(select(STUDY.c.id).order_by(STUDY.c.id)).scalars().all() if deleted else ():
        place = deleted.get(_key_of_study(service, study))
        if place is None:
            continue
        if before is None:
            yield (
                f"a study {study} was deleted, and this ledger cannot tell whether that was after the "
                "backup: delete it again, if it is not another one of the same name"
            )
        elif place >= before:
            delete_rows(db, study)
            yield f"deleted again: the study {study}, with all that was kept of it"


def _cancel_codes(service: Service, db: Connection, entries: Sequence[Entry]) -> Iterator[str]:
    cancelled = _keys(entries, "codes")
    holding = select(CODE_BATCH.c.id).where(CODE_BATCH.c.cancelled.is_(False))
    batches = db.execute(holding).scalars().all() if cancelled else ()
    ended = [each for each in batches if key_of(service, "codes", each.encode()) in cancelled]
    for each in ended:
        end_batch(db, each)
    if ended:
        yield (
            f"cancelled again: {len(ended)} batches of codes; whoever had begun with one of them after the "
            "backup needs another code"
        )


def _withdraw_evidence(service: Service, db: Connection, entries: Sequence[Entry]) -> Iterator[str]:
    withdrawn = _keys(entries, "evidence")
    standing = select(EVIDENCE.c.seal).where(EVIDENCE.c.state != WITHDRAWN)
    for seal in db.execute(standing).scalars().all() if withdrawn else ():
        if key_of(service, "evidence", seal.encode()) in withdrawn:
            change = {"state": WITHDRAWN, "reason": "withdrawn after the backup that was put back"}
            db.execute(update(EVIDENCE).where(EVIDENCE.c.seal == seal).values(change))
            yield f"withdrawn again: the evidence {seal[:8]}; its reason is not in the backup"


def _have_asked_again(db: Connection) -> Iterator[str]:
    """Take back what one person asks and a second confirms: that may have been taken back since."""
    early = (WAVE.c.state == CLOSED) & WAVE.c.deletion_asked_by.is_not(None)
    if waves := sorted(db.execute(select(WAVE.c.id).where(early)).scalars()):
        db.execute(update(WAVE).where(early).values(deletion_asked_by=None))
        yield f"not asked any more: that the answers of {', '.join(waves)} be deleted before their day"
    opened = select(WAVE.c.study).where(WAVE.c.state != PREPARED)
    release = STUDY.c.release_asked_by.is_not(None) & STUDY.c.id.not_in(opened)
    if studies := sorted(db.execute(select(STUDY.c.id).where(release)).scalars()):
        unsaid = {"release_asked_by": None, "release_confirmed_by": None}
        db.execute(update(STUDY).where(release).values(unsaid))
        yield (
            f"not confirmed any more: the ethics approval of {', '.join(studies)}, which two people say once "
            "more before it opens"
        )


def _cut_trail(service: Service, db: Connection, entries: Sequence[Entry], first: str) -> Iterator[str]:
    numbers = [int(each.what) for each in entries if each.kind == "trail" and first in ("", each.first)]
    deleted = [each for each in events(db) if each.number <= max(numbers)] if numbers else []
    if deleted:
        last = deleted[-1]
        cut_trail(service, db, last)
        yield f"deleted again: the trail up to line {last.number}"


def _erase(service: Service, db: Connection, entries: Sequence[Entry], before: int) -> Iterator[str]:
    """Erase what was erased; where it is not there, its draft may be, under a code that nothing leads to."""
    erased = _keys(entries, "answer")
    found = {}
    for hmac in db.execute(select(RESPONSE.c.receipt_hmac)).scalars().all() if erased else ():
        if (key := key_of(service, "answer", hmac)) in erased:
            found[key] = hmac
    for hmac in found.values():
        erase_row(service, db, hmac)
    if found:
        yield f"erased again: {len(found)} sheets of answers"
    if _keys(entries[before:], "answer") - found.keys():
        db.execute(delete(SESSION))
        gone = db.execute(delete(DRAFT)).rowcount
        begin_anew(db, ANY)
        yield (
            f"deleted: {gone} drafts, since one may be of answers that were sent and erased after the "
            "backup; their codes can be begun anew"
        )


def _end_waves(service: Service, db: Connection, closed: set[str], retired: set[str]) -> Iterator[str]:
    asked = (
        select(WAVE, STUDY.c.leaving, SNAPSHOT.c.figures)
        .join(STUDY, STUDY.c.id == WAVE.c.study)
        .outerjoin(SNAPSHOT, SNAPSHOT.c.wave == WAVE.c.id)
        .where(WAVE.c.state != RETIRED, WAVE.c.id.in_(closed | retired))
    )
    for wave in db.execute(asked).all():
        published_elsewhere = wave.id in closed and wave.figures is None
        if wave.id not in retired and not published_elsewhere:
            continue
        purge(db, wave.id)
        delete_answers(service, db, wave.id)
        db.execute(update(WAVE).where(WAVE.c.id == wave.id).values(state=RETIRED))
        if not published_elsewhere:
            yield f"retired again: {wave.id}"
            continue
        alike = (WAVE.c.form_hash == wave.form_hash) & (WAVE.c.imported == wave.imported)
        held_out = _held_out(service, db, wave.study, alike) if LEAVING[wave.leaving].reports else 0
        yield (
            f"retired: {wave.id}, which had closed after the backup. What it gave out is with those who "
            "have it; closed anew it would give out the same people in another way, and the two compared "
            "tell who they are. So its answers are deleted; a backup from after its close has it whole"
        )
        if held_out:
            yield (
                f"deleted: {held_out} sheets of earlier waves of {wave.study}, which no report had used yet "
                f"and that of {wave.id} may have"
            )


def _end_what_is_lost(service: Service, db: Connection, closed: set[str]) -> Iterator[str]:
    """Delete what waves that were made and closed after the backup may have used, and end their pairs.

    Nothing tells their form, so that of all earlier waves no answer is kept that no report has used. The next
    wave may bear the name of a lost one: no answer can be in the reports of both.
    """
    for wave in sorted(closed - set(db.execute(select(WAVE.c.id)).scalars())):
        study = _study_of(wave)
        leaving = db.execute(select(STUDY.c.leaving).where(STUDY.c.id == study)).scalar()
        if leaving is None:
            continue
        yield (
            f"lost: {wave}, which was made and had closed after the backup. What it gave out is with those "
            f"who have it; another wave of {study} may bear its name, of other answers"
        )
        if LEAVING[leaving].reports and (held_out := _held_out(service, db, study)):
            yield (
                f"deleted: {held_out} sheets of earlier waves of {study}, which no report had used yet and "
                f"that of {wave} may have"
            )
        if unmatched(db, wave):
            give_up(service, db, wave, LATER_LOST)
            note_deleted(db)
            yield f"ended: the pair of {wave}; nobody is linked by it any more"


def _held_out(service: Service, db: Connection, study: str, alike: ColumnElement[bool] = ANY) -> int:
    """Delete what a lost report may have used of earlier waves: a later report would use it once more."""
    used = used_pairs(db, study)
    rows = select(RESPONSE.c.wave, RESPONSE.c.unit, RESPONSE.c.receipt_hmac).join(
        WAVE, WAVE.c.id == RESPONSE.c.wave
    )
    kept = db.execute(rows.where(WAVE.c.study == study, WAVE.c.state == CLOSED, alike)).all()
    free = [row.receipt_hmac for row in kept if (row.wave, row.unit) not in used]
    for hmac in free:
        erase_row(service, db, hmac)
    return len(free)


def _end_staff(service: Service, db: Connection, since: Sequence[Entry]) -> Iterator[str]:
    """End sessions, and the tokens, accounts and roles that had ended after the backup.

    Of what had ended before, nothing is in it. An entry from before names what is alive all the same where a
    role was given again, or where the change that was written down was cut off and never made.
    """
    db.execute(delete(STAFF_SESSION))

    def has(kind: Kind) -> Callable[[bytes], bool]:
        ended = _keys(since, kind)
        return lambda what: bool(ended) and key_of(service, kind, what) in ended

    token, account, set_up = has("token"), has("account"), has("first sign-in")
    password, link, role = has("password"), has("link"), has("role")
    lost = [each for each in db.execute(select(TOKEN.c.hash)).scalars() if token(each.encode())]
    if lost:
        db.execute(delete(TOKEN).where(TOKEN.c.hash.in_(lost)))
        yield f"ended again: {len(lost)} tokens"
    for each in db.execute(select(ACCOUNT).where(ACCOUNT.c.active.is_(True))).all():
        # Entries of an earlier version name the factor as it was sealed.
        named = (account_key(service, each), each.totp)
        was_set_up = each.enrol_until is not None and any(map(set_up, named))
        if any(map(account, named)) or was_set_up or password(password_key(each)):
            stopped = {"active": False, "enrol_until": now()}
            db.execute(update(ACCOUNT).where(ACCOUNT.c.id == each.id).values(stopped))
            db.execute(delete(IDENTITY).where(IDENTITY.c.account == each.id))
            yield (
                f"stopped: the account {each.name}, since the way it signs in had ended after the backup; "
                f"`counterpoise account renew {each.name}` begins it anew, if it is still wanted"
            )
    names = {each.id: each.name for each in db.execute(select(ACCOUNT.c.id, ACCOUNT.c.name))}
    for each in db.execute(select(IDENTITY)).all():
        if link(each.hmac):
            db.execute(delete(IDENTITY).where(IDENTITY.c.account == each.account))
            name = names[each.account]
            yield f"ended again: the link of {name} to the institution; `counterpoise account renew {name}`"
    for each in db.execute(select(GRANT)).all():
        if role(grant_key(each.account, each.study, each.role, each.units)):
            held = (GRANT.c.account == each.account, GRANT.c.study == each.study, GRANT.c.role == each.role)
            db.execute(delete(GRANT).where(*held))
            yield f"withdrawn: {names[each.account]} is no {each.role} of {each.study} any more"
