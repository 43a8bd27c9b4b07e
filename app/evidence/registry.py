"""The registry: evidence is added by one account, confirmed by another, and withdrawn by any operator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, select, update

from analysis.validation.study import Progress
from app.audit import audit
from app.ended import ledger
from app.errors import Refused
from app.evidence.dossiers import examine
from app.evidence.standing import CONFIRMED, EVIDENCE, WITHDRAWN, lapsed
from app.runtime import Service, now
from app.staff.signed import Signed, has_role, signed
from instrument import Instrument

ADDED: Final = "added"
LAPSED: Final = "lapsed"


def add(
    service: Service,
    db: Connection,
    folder: Path,
    data: Mapping[str, Path],
    *,
    by: Signed,
    progress: Progress | None = None,
) -> UUID:
    """Examine a dossier and put it into the registry, where it waits for a second account.

    Raises
    ------
    Refused
        The account is not an operator's, or the dossier is not what it says; see `dossiers.examine`.
    """
    account = _operator(db, by)
    found = examine(folder, data, service.instruments, progress)
    if db.execute(select(EVIDENCE.c.id).where(EVIDENCE.c.seal == found.seal)).first():
        raise Refused("this dossier is in the registry already")
    made = uuid4()
    db.execute(
        insert(EVIDENCE).values(
            id=made,
            seal=found.seal,
            stage=found.stage,
            instrument=found.of["instrument"],
            form=found.of["form"],
            form_hash=found.of["form_hash"],
            edition=found.of["edition"],
            language=found.of["language"],
            words_hash=found.of["words_hash"],
            key_hash=found.of["key_hash"],
            population=found.of["population"],
            n=found.n,
            figures=dict(found.figures),
            ethics=found.plan["ethics"],
            preregistration=found.plan["preregistration"],
            responsible=found.plan["responsible"],
            added_by=account.name,
            added_at=now(),
            state=ADDED,
            second="",
            reason="",
        )
    )
    audit(service.vault, db, {"action": "evidence added", "evidence": found.seal, "account": account.name})
    return made


def confirm(service: Service, db: Connection, evidence: str, by: Signed) -> None:
    """Confirm what another account has added: from then on it opens its claims."""
    found, account = the_evidence(db, evidence), _operator(db, by)
    if found.state != ADDED:
        raise Refused(f"this evidence is {found.state}; only what was added can be confirmed")
    if found.added_by == account.name:
        raise Refused("the account that added evidence cannot confirm it: a second one has to")
    if lapsed(found, service.instruments.get(found.instrument)):
        raise Refused("the questionnaire has changed since: this evidence is of another version")
    db.execute(update(EVIDENCE).where(EVIDENCE.c.id == found.id).values(state=CONFIRMED, second=account.name))
    audit(
        service.vault, db, {"action": "evidence confirmed", "evidence": found.seal, "account": account.name}
    )


def withdraw(service: Service, db: Connection, evidence: str, by: Signed, reason: str) -> None:
    """Withdraw evidence, and with it every claim that rests on it."""
    found, account = the_evidence(db, evidence), _operator(db, by)
    if found.state == WITHDRAWN:
        raise Refused("this evidence is withdrawn already")
    if not reason.strip():
        raise Refused("say why it is withdrawn")
    ledger.note(service, db, "evidence", found.seal.encode())
    change = {"state": WITHDRAWN, "reason": reason.strip()[:1000]}
    db.execute(update(EVIDENCE).where(EVIDENCE.c.id == found.id).values(**change))
    audit(
        service.vault, db, {"action": "evidence withdrawn", "evidence": found.seal, "account": account.name}
    )


def the_evidence(db: Connection, evidence: str) -> Row[Any]:
    """Return an entry by the beginning of its seal, of 8 characters at least."""
    known = db.execute(select(EVIDENCE)).all() if len(evidence) >= 8 else []  # noqa: PLR2004 - as told
    found = [each for each in known if each.seal.startswith(evidence)]
    if len(found) != 1:
        raise Refused(f"no evidence has a seal that begins with {evidence!r}: give 8 characters or more")
    return found[0]


def listed(service: Service, db: Connection) -> list[tuple[Row[Any], str]]:
    """Return all entries with their state; one whose questionnaire has changed has lapsed."""
    rows = db.execute(select(EVIDENCE).order_by(EVIDENCE.c.added_at)).all()
    return [(row, _state(row, service.instruments.get(row.instrument))) for row in rows]


def _state(row: Row[Any], instrument: Instrument | None) -> str:
    return LAPSED if row.state != WITHDRAWN and lapsed(row, instrument) else str(row.state)


def _operator(db: Connection, by: Signed) -> Row[Any]:
    """Return the operator's account behind a name and its password."""
    account = signed(db, by)
    if not has_role(db, account, "operator"):
        raise Refused(f"{account.name!r} is no operator: evidence takes two of them")
    return account
