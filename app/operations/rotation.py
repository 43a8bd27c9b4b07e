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

from app import migrate
from app.audit import audit, seal_anew, verify
from app.closing.cleaning import rewrite
from app.closing.deleting import IN_A_BACKUP
from app.closing.digests import DIGEST, changed, end_digest, keep_digest
from app.closing.erasure import CODES_TO_REWRITE, SETTING, STUDIES_TO_REWRITE, note_deleted
from app.closing.maintenance import PATIENCE_SECONDS, alone
from app.closing.purge import CODE
from app.config import SECRET_BYTES, read_secrets
from app.db import read, write
from app.errors import ConfigurationError, Refused
from app.files.private import write_private
from app.operations.whole import stopped
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
cannot be changed: backups from before open with the old secret alone. Make one now and keep the old
  secret with the older ones, or delete them; an account that is stopped after this comes back with them"""


def rotate(service: Service, new: Path) -> list[str]:
    """Make another secret in the file `new`, and seal under it whatever can be; tell what was ended."""
    made = _vault(service, new)
    if migrate.current(service.engine) != migrate.head():
        raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
    with stopped(service), alone(service, PATIENCE_SECONDS):
        if _is_under(service, made):
            return [f"the database is under the secret of {new} already"]
        check_secret(service)
        with write(service.engine) as db:
            told = list(consequences(service, db))
            _rekey(service, db, made)
        rewrite(service)
    return told


def consequences(service: Service, db: Connection) -> Iterator[str]:
    """Tell what a rotation ends, what stays and what it cannot change; Refused where it has to wait."""
    running = db.execute(select(WAVE.c.id).where(WAVE.c.state.in_((OPEN, PAUSED, CLOSING)))).scalars().all()
    if running:
        raise Refused(
            f"{', '.join(running)} takes answers, under codes and drafts that only the present secret knows: "
            "close it first. That also destroys what links codes and answers"
        )
    held = db.execute(select(CODE.c.wave).where(CODE.c.state.is_not(None)).distinct()).scalars().all()
    if held:
        raise Refused(f"codes of {', '.join(held)} are in people's hands: cancel them first, and make others")
    if pairs := db.execute(select(KEY.c.earlier)).scalars().all():
        raise Refused(f"{', '.join(pairs)} waits to be linked, by marks that only the present secret makes")
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
    """The secrets in the file, which is made unless a rotation that was killed has made it."""
    before = [service.vault.secret, *service.vault.earlier]
    if not new.exists():
        lines = [os.urandom(SECRET_BYTES), *before]
        write_private(new, "".join(f"{each.hex()}\n" for each in lines).encode())
    made, *earlier = read_secrets(new.read_text(), str(new))
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
    for ended in (TOKEN, STAFF_SESSION, IDENTITY, CODE):
        db.execute(delete(ended))
    db.execute(update(SETTING).where(SETTING.c.name == FINGERPRINT).values(value=vault.fingerprint()))
    db.execute(delete(SETTING).where(SETTING.c.name == IN_A_BACKUP))
    note_deleted(db, CODES_TO_REWRITE)
    note_deleted(db, STUDIES_TO_REWRITE)
    audit(vault, db, {"action": "secret rotated", "head before": head})
