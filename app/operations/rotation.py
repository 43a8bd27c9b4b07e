"""Rotate the secret of the service, after somebody may have read it.

All that can be derived anew from another secret is, in one transaction. What was handed out under the old one
cannot: nobody here has the codes and receipts to hash them anew. So receipts are looked up under the secrets
before, too, which stay in the file below the new one; and codes keep a collection from being open meanwhile.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from app import migrate
from app.audit import audit, seal_anew, verify
from app.closing.deleting import IN_A_BACKUP
from app.closing.digests import DIGEST, changed, end_digest, keep_digest
from app.closing.erasure import (
    CODES_TO_REWRITE,
    SETTING,
    STAFF_TO_REWRITE,
    STUDIES_TO_REWRITE,
    note_deleted,
)
from app.closing.maintenance import PATIENCE_SECONDS, held, remaining
from app.closing.purge import CODE
from app.config import SECRET_BYTES, read_secrets
from app.db import read, write
from app.ended import ledger
from app.errors import AppError, ConfigurationError, Refused
from app.files.private import write_private
from app.operations.whole import check_restored, stopped
from app.runtime import FINGERPRINT, Service, check_secret
from app.staff.accounts import ACCOUNT, IDENTITY, STAFF_SESSION
from app.staff.authorise import TOKEN
from app.studies.linking.pairs import KEY
from app.studies.waves import WAVE
from app.tables import CLOSING, OPEN, PAUSED
from app.vault import Vault, seal, unseal

STAYS: Final = """\
stays: answers, reports and the trail, which is sealed anew; passwords; second factors, sealed anew;
  receipts, which go on erasing, since the old secret stays in the new file below the new one
cannot be changed: what somebody who had the database beside the secret has read already. Renew the
  accounts then, since their second factors were readable: `counterpoise account renew NAME`
stays under the first secret: the marks that link two collections, and the names in the ledger
changes: the data digest and the ETag of exported answers, so that whoever asks again is sent the same anew
cannot be changed: backups from before are under the old secret, which stays in the new file; what they put
  back is to be rotated again. Make one now"""


def prepare(service: Service, new: Path) -> list[str]:
    """Tell what a rotation would do, and make the new secret in `new`, to be kept before it is used."""
    with read(service.engine) as db:
        told = list(consequences(service, db))
    if not new.exists():
        lines = [os.urandom(SECRET_BYTES), service.vault.secret, *service.vault.earlier]
        write_private(new, "".join(f"{each.hex()}\n" for each in lines).encode())
    _vault(service, new)
    return told


def rotate(service: Service, new: Path) -> list[str]:
    """Seal under the secret in `new` whatever can be; tell what was ended, and what is left to do."""
    made = _vault(service, new)
    check_restored(service)
    if migrate.current(service.engine) != migrate.head():
        raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
    with stopped(service), held(service, PATIENCE_SECONDS):
        if _is_under(service, made):
            told = [f"the database is under the secret of {new} already"]
        else:
            check_secret(service)
            with write(service.engine) as db:
                told = list(consequences(service, db))
                _rekey(service, db, made)
        return [*told, *_left(service)]


def _left(service: Service) -> Iterator[str]:
    """Rewrite the files; it is rotated whatever comes of that, and the due tasks try it again."""
    try:
        left = remaining(service)
    except (AppError, Refused, SQLAlchemyError, OSError) as error:
        left = [f"rewriting failed ({type(error).__name__}); the service tries again when it runs"]
    for each in left:
        yield f"what was under the old secret may remain in the files: {each}"


def consequences(service: Service, db: Connection) -> Iterator[str]:
    """Tell what a rotation ends, what stays and what it cannot change; Refused where it has to wait."""
    running = db.execute(select(WAVE.c.id).where(WAVE.c.state.in_((OPEN, PAUSED, CLOSING)))).scalars().all()
    if running:
        raise Refused(
            f"{', '.join(running)} takes answers, under codes and drafts that only the present secret knows: "
            "close it first. That also destroys what links codes and answers"
        )
    in_hands = db.execute(select(CODE.c.wave).where(CODE.c.state.is_not(None)).distinct()).scalars().all()
    if in_hands:
        raise Refused(
            f"codes of {', '.join(in_hands)} are in people's hands: cancel them first, and make others"
        )
    if verify(service.vault, db).broken_at is not None:
        raise Refused("the trail is not what was written: look at `counterpoise audit verify` first")
    if damaged := changed(service, db):
        raise Refused(f"the answers of {', '.join(damaged)} are not as they were sent: mend that first")
    tokens, sessions, links = (
        db.execute(select(func.count()).select_from(each)).scalar_one()
        for each in (TOKEN, STAFF_SESSION, IDENTITY)
    )
    yield (
        f"ends: {tokens} tokens, {sessions} sessions of staff, {links} links to the institution, which "
        "`counterpoise account renew` begins anew; every browser that was known; private reflections that "
        "are under way in a browser"
    )
    yield "ends: codes of closed collections are not known any more; they opened nothing"
    yield f"changes: the head of the trail, now {verify(service.vault, db).head or 'none'}"
    yield STAYS


def _vault(service: Service, new: Path) -> Vault:
    """The secrets in the file, which has to be there: after the rotation nothing opens without it."""
    before = [service.vault.secret, *service.vault.earlier]
    if not new.exists():
        raise ConfigurationError(
            f"{new} is not there: without --yes the command makes it; keep it, then add --yes"
        )
    made, *earlier = read_secrets(new.read_text(errors="replace"), str(new))
    if earlier != before:
        raise ConfigurationError(f"{new} is there already and follows another secret: name another file")
    return Vault(made, tuple(earlier))


def _is_under(service: Service, vault: Vault) -> bool:
    with read(service.engine) as db:
        kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == FINGERPRINT)).scalar()
    return bool(kept == vault.fingerprint())


def _rekey(service: Service, db: Connection, vault: Vault) -> None:
    head = verify(service.vault, db).head
    seal_anew(service.vault, vault, db)
    for each in db.execute(select(ACCOUNT.c.id, ACCOUNT.c.totp)).all():
        # One that cannot be opened was sealed under another secret before: the account is to be renewed.
        if (plain := unseal(service.vault.key_for_totp(each.id.bytes), each.totp)) is not None:
            sealed = seal(vault.key_for_totp(each.id.bytes), plain)
            db.execute(update(ACCOUNT).where(ACCOUNT.c.id == each.id).values(totp=sealed))
    for wave in db.execute(select(DIGEST.c.wave)).scalars().all():
        end_digest(db, wave)
        keep_digest(replace(service, vault=vault), db, wave)
    for token in db.execute(select(TOKEN.c.hash)).scalars().all():
        ledger.note(service, db, "token", token.encode())
    for link in db.execute(select(IDENTITY.c.hmac)).scalars().all():
        ledger.note(service, db, "link", link)
    for ended in (TOKEN, STAFF_SESSION, IDENTITY):
        db.execute(delete(ended))
    # How many codes there were decides whether a waiting pair may be linked: those end with the linking.
    db.execute(delete(CODE).where(CODE.c.wave.not_in(select(KEY.c.earlier))))
    db.execute(update(SETTING).where(SETTING.c.name == FINGERPRINT).values(value=vault.fingerprint()))
    db.execute(delete(SETTING).where(SETTING.c.name == IN_A_BACKUP))
    note_deleted(db, CODES_TO_REWRITE)
    note_deleted(db, STUDIES_TO_REWRITE)
    note_deleted(db, STAFF_TO_REWRITE)
    audit(vault, db, {"action": "secret rotated", "head before": head})
