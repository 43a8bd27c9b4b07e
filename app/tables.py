"""The tables of the database.

The tables of respondents (code, draft, session, response, special_answer, submit_key) hold no time, address
or sequence and no foreign key: checking a key would leave traces of who came when in the rows it points at.
`draft.expires_on`, a date set once, is the one exception. Nothing leads from a response to a code, draft,
session or submit_key. A draft lives until it is sent, started anew, 15 days old, or the wave closes; a
response until its receipt erases it or the wave is retired (app.closing.maintenance). On SQLite these tables
have no rowid, since a rowid shows the order of arrival.
"""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    Table,
    false,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC on both engines; SQLite alone would return it without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


NO_ROWID = {"sqlite_with_rowid": False}

PREPARED: Final = "prepared"
OPEN: Final = "open"
PAUSED: Final = "paused"
CLOSING: Final = "closing"
CLOSED: Final = "closed"
RETIRED: Final = "retired"
"""The states of a wave, in their order; between open and paused it may go back and forth."""

COHORT: Final = "cohort"
RESEARCH: Final = "research"
"""The kinds of study: a research study gives out rows, never a report, under an ethics approval."""


def _bytes(**options: Any) -> Any:
    return Column(LargeBinary, nullable=False, **options)


class Study(SQLModel, table=True):
    """A study: its form, its design and what it gives out."""

    id: str = Field(primary_key=True)
    title: str
    instrument: str
    form: str
    kind: str = Field(default="cohort", sa_column_kwargs={"server_default": "cohort"})
    """`cohort` or `research`: decided when it is made, and never changed."""
    partition_hash: str | None = None
    k: int
    simulated: bool
    leaving: str = Field(default="reports", sa_column_kwargs={"server_default": "reports"})
    """What it gives out: a word of analysis.disclosure.leaving."""
    context: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The context questions that are asked; None asks all of the form's."""
    people: int | None = None
    """How many are expected to answer: what the anonymity budget is reckoned from."""
    retire_on: date | None = None
    """The day on which the answers of closed waves are deleted."""
    information: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What people read of the study before they agree: entries of app.studies.information."""
    clusters: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether the codes of one batch are of one cluster, such as the people of a supervisor or a site."""
    special: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What is asked of the person under a purpose of its own: ids of app.studies.special."""
    ethics: str | None = None
    """The reference of the ethics approval of a research study."""
    population: str | None = None
    """Of which population its people are, in the words of the evidence that is to count for its reports."""
    release_asked_by: str | None = None
    """Who has declared, with that reference, what leaves a research study."""
    release_confirmed_by: str | None = None
    """The second person who has confirmed it; without them no wave opens."""


class Unit(SQLModel, table=True):
    """A unit, department or organisation of a study."""

    __table_args__ = (ForeignKeyConstraint(["study"], ["study.id"]),)
    study: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    title: str
    level: str
    parent: str | None = None


class Wave(SQLModel, table=True):
    """A wave: its form and words by their hashes, and its state."""

    __table_args__ = (ForeignKeyConstraint(["study"], ["study.id"]),)
    id: str = Field(primary_key=True)
    study: str = Field(index=True)
    ordinal: int
    form_hash: str
    words_hashes: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    items_per_page: int
    state: str
    opened_on: date | None = None
    closes_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime()))
    zone: str | None = None
    """The time zone in which its end is told; None tells it in UTC."""
    answered: str | None = None
    """The band of those with a code who had answered when it closed, a word of app.closing.answered."""
    flow: dict[str, int] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """How many were invited, began, finished and had erased when it closed; of a research study alone."""
    deletion_asked_by: str | None = None
    """Who has asked that its answers be deleted before their day; another person has to confirm it."""
    imported: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether its answers came from a file, all at once, and nobody gave them here."""
    paper: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether it takes answers on paper too, which a host types in; declared before it opens."""


class Pair(SQLModel, table=True):
    """Two waves of a study whose responses are linked when the later one closes."""

    __table_args__ = (ForeignKeyConstraint(["earlier"], ["wave.id"]),)
    earlier: str = Field(primary_key=True)
    later: str = Field(unique=True)
    """No foreign key to `wave`: it may be prepared long after the earlier one has closed."""
    outcome: dict[str, int | str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """How many were linked and how many were ambiguous, or why nobody was linked; None until the matching."""
    days: list[int] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The fewest and the most days that are to lie between a person's answers; None where not declared."""


class PairKey(SQLModel, table=True):
    """The random key of the marks, in a table of its own, so that it can be destroyed completely."""

    __tablename__ = "pair_key"
    __table_args__ = (ForeignKeyConstraint(["earlier"], ["pair.earlier"]), NO_ROWID)
    earlier: str = Field(primary_key=True)
    key: bytes = Field(sa_column=_bytes())


class Code(SQLModel, table=True):
    """A code of a wave, as an HMAC; while the wave is open, its unit and state as well."""

    __table_args__ = NO_ROWID
    hmac: bytes = Field(sa_column=_bytes(primary_key=True))
    wave: str
    unit: str | None = None
    state: str | None = None
    """None like the unit once the wave has closed."""
    batch: str | None = None
    """The batch that it was made in, random; None once the wave has closed."""


class CodeBatch(SQLModel, table=True):
    """Codes that were made at once for a unit: so that they can be listed, and cancelled together."""

    __tablename__ = "code_batch"
    __table_args__ = (ForeignKeyConstraint(["wave"], ["wave.id"]),)
    id: str = Field(primary_key=True)
    wave: str
    unit: str
    codes: int
    """How many were made."""
    cancelled: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class Draft(SQLModel, table=True):
    """A sealed draft, with its key wrapped in two ways."""

    __table_args__ = NO_ROWID
    code_hmac: bytes = Field(sa_column=_bytes(primary_key=True))
    ciphertext: bytes = Field(sa_column=_bytes())
    key_by_code: bytes = Field(sa_column=_bytes())
    key_by_session: bytes = Field(sa_column=_bytes())
    expires_on: date


class Session(SQLModel, table=True):
    """The browser that has a draft open."""

    __table_args__ = NO_ROWID
    token_hmac: bytes = Field(sa_column=_bytes(primary_key=True))
    code_hmac: bytes = Field(sa_column=_bytes(unique=True))


class Response(SQLModel, table=True):
    """The answers that a person has sent, with nothing that leads back to them."""

    __table_args__ = NO_ROWID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    wave: str
    unit: str
    language: str
    words_hash: str
    consent_hash: str
    purposes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    layout: str
    answers: dict[str, int | str] = Field(sa_column=Column(JSON, nullable=False))
    receipt_hmac: bytes = Field(sa_column=_bytes(unique=True))
    elements: list[str | None] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """Keyed marks by which a person is known again in the other wave of a pair, until the pair is matched."""
    pair_id: UUID | None = None
    """Random, and the same in two responses that were linked."""
    told: dict[str, int | str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What exports show of the person beside their answers, decided when the wave closed; None until then."""
    archived: bool | None = None
    """Whether the row is in exports for an archive, decided with it."""
    block_order: int | None = None
    """The number of the order in which a battery was shown, by `instrument.orders`; None without one."""
    cluster: str | None = None
    """The batch of the code where the study has clusters; once the wave has closed a number drawn anew."""


class SpecialAnswer(SQLModel, table=True):
    """What somebody says of themselves that the law protects, under a consent of its own, apart from answers.

    The mark of the receipt alone says which response it belongs to, so that erasing one erases the other.
    """

    __tablename__ = "special_answer"
    __table_args__ = NO_ROWID
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    wave: str
    receipt_hmac: bytes = Field(sa_column=_bytes(unique=True))
    answers: dict[str, int | str] = Field(sa_column=Column(JSON, nullable=False))
    told: dict[str, int | str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What exports show of it, decided when the wave closes."""


class SubmitKey(SQLModel, table=True):
    """The key of a sheet that was sent, so that it is stored once however often it is sent."""

    __tablename__ = "submit_key"
    __table_args__ = NO_ROWID
    hmac: bytes = Field(sa_column=_bytes(primary_key=True))
    wave: str
    body_hmac: bytes = Field(sa_column=_bytes())


class Snapshot(SQLModel, table=True):
    """What is published of a closed wave: base table, report, figures."""

    __table_args__ = (ForeignKeyConstraint(["wave"], ["wave.id"]),)
    wave: str = Field(primary_key=True)
    base_table: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    report: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    figures: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The figures of the rows that researchers see; None only until the close is finished."""


class Digest(SQLModel, table=True):
    """A keyed digest of the responses of a closed wave: tells whether they have changed."""

    __table_args__ = (ForeignKeyConstraint(["wave"], ["wave.id"]),)
    wave: str = Field(primary_key=True)
    sum: bytes = Field(sa_column=_bytes())


class Token(SQLModel, table=True):
    """A token of a role for a study, as a hash."""

    __table_args__ = (ForeignKeyConstraint(["study"], ["study.id"]),)
    hash: str = Field(primary_key=True)
    role: str
    study: str
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class Account(SQLModel, table=True):
    """An account of staff."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)
    password: str
    totp: bytes = Field(sa_column=_bytes())
    """The secret of the second factor, sealed under the service's own."""
    enrol_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime()))
    """Until then the password works once, to choose another and to take the secret along; None after that."""
    last_step: int
    """The time step of the last code taken: no code is taken twice."""
    failures: int
    wait_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime()))
    active: bool


class Identity(SQLModel, table=True):
    """Who an account is at the institution, as an HMAC, from which nobody can read who that is."""

    __table_args__ = (ForeignKeyConstraint(["account"], ["account.id"]),)
    hmac: bytes = Field(sa_column=_bytes(primary_key=True))
    account: UUID = Field(unique=True)


class Grant(SQLModel, table=True):
    """A role of an account in a study."""

    __table_args__ = (ForeignKeyConstraint(["account"], ["account.id"]),)
    account: UUID = Field(primary_key=True)
    study: str = Field(primary_key=True)
    """`*` for an operator, who has the whole service."""
    role: str = Field(primary_key=True)
    units: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The units whose reports a trainer reads; None for all."""


class StaffSession(SQLModel, table=True):
    """A session of staff, by the hash of its token."""

    __tablename__ = "staff_session"
    __table_args__ = (ForeignKeyConstraint(["account"], ["account.id"]),)
    hash: str = Field(primary_key=True)
    account: UUID = Field(index=True)
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    idle_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    fresh_until: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class EndedKey(SQLModel, table=True):
    """Random bytes of a private run or a sign-in elsewhere that has ended and is not shown again."""

    __tablename__ = "ended_key"
    __table_args__ = NO_ROWID
    key: bytes = Field(sa_column=_bytes(primary_key=True))
    forget_on: date


class Audit(SQLModel, table=True):
    """An entry of the trail, with its seal."""

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    event: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    mac: bytes = Field(sa_column=_bytes())


class Brought(SQLModel, table=True):
    """A questionnaire that a host has brought; its files never change, a mended one is another row."""

    id: str = Field(primary_key=True)
    host: str = Field(index=True)
    instrument: str
    title: str
    state: str
    reason: str = ""
    """Why an operator has refused it."""
    files: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class Evidence(SQLModel, table=True):
    """A dossier in the registry: what it is about, who stands for it, and whether it holds."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    seal: str = Field(unique=True)
    stage: str
    instrument: str
    form: str
    form_hash: str
    edition: str
    language: str
    words_hash: str
    key_hash: str
    population: str
    n: int
    figures: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    """What was found at each bound that is met."""
    ethics: str
    preregistration: str
    responsible: str
    added_by: str
    added_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    state: str
    second: str = ""
    """The account that confirmed it."""
    reason: str = ""
    """Why it was withdrawn."""


class Setting(SQLModel, table=True):
    """A value of the service itself, by its name."""

    name: str = Field(primary_key=True)
    value: str


RESPONDENT_TABLES = (Code, Draft, Session, Response, SpecialAnswer, SubmitKey)
STUDY_TABLES = (Study, Unit, Wave, Pair, PairKey, Snapshot, Digest, Token, Grant, Audit, Setting)
STAFF_TABLES = (Account, Identity, StaffSession)
WRITTEN_ANEW = (*RESPONDENT_TABLES, CodeBatch, *STUDY_TABLES, *STAFF_TABLES)
"""The tables that a close, or what follows a deletion, writes anew: on PostgreSQL their owner alone may."""


def table(model: type[SQLModel]) -> Table:
    """The table of a model, with columns that a type checker knows as columns."""
    return SQLModel.metadata.tables[str(model.__tablename__)]
