"""What is exported of a wave that is linked with another: which rows belong together, and no context.

Rows with the same pair_id join two exports, and two contexts of one person together can be rare even where
each is common: somebody who was a nurse in one wave and a lecturer in the next. Withholding the rare
combinations would come too late, since the earlier wave may have been exported already. So a wave of a pair
is exported without context, unit and language from the first, except for values that are the same for
everybody. Being unlinked is itself a rare mark where it is true of fewer than five rows; then further ids are
left out.
"""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from analysis.disclosure.base_table import Pair
from app.closing.withhold import LEAST
from app.export.rows import PAIR_ID
from app.studies.linking.pairs import RESPONSE, days_between, outcome_of
from instrument import Column


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """`outcome` as kept, None until the later wave has closed; `ids` are the pair ids that may be shown."""

    earlier: str
    later: str
    outcome: Mapping[str, int | str] | None
    ids: frozenset[UUID]
    declared: Sequence[int] | None
    days: tuple[int, int] | None
    """The fewest and the most days between a person's answers: as declared, and as it came about."""

    @property
    def linked(self) -> bool:
        return self.outcome is not None and "linked" in self.outcome

    @property
    def note(self) -> str:
        """Say what a holder of the rows has to know about linking, and how many rows were matched.

        An exact number of links, less those that are still shown, would count who has erased since.
        """
        known = (
            f"This wave is one of a pair ({self.earlier}, {self.later}), so what is known of people beside "
            "their answers is withheld unless it is the same for everybody."
        )
        if self.outcome is None:
            return f"{known} The pair is matched when {self.later} closes."
        if not self.linked:
            return f"{known} Nobody was linked: {self.outcome['refused']}."
        linked, earlier, later = (
            _about(int(self.outcome[each])) for each in ("linked", "ambiguous_earlier", "ambiguous_later")
        )
        return (
            f"{known} Linked at the close: {linked} people. Left unlinked, since they could have been "
            f"several people's: {earlier} rows of {self.earlier} and {later} of {self.later}. A link may be "
            "wrong; how often has not been measured. Links are left out where fewer than five rows would "
            f"stand apart by them, and where a row is gone or never leaves.{self._apart}"
        )

    @property
    def _apart(self) -> str:
        if self.days is None:
            return ""
        declared = (
            "" if self.declared is None else f"; declared were {self.declared[0]} to {self.declared[1]}"
        )
        return f" Between a person's two answers lie {self.days[0]} to {self.days[1]} days{declared}."

    def column(self, wave: str) -> Column:
        other = self.later if wave == self.earlier else self.earlier
        return Column(
            name=PAIR_ID,
            label=f"Random number that this row shares with one row of {other}, given by the same person; "
            "empty where none was found. It identifies no one and leads to nothing else",
            kind="provenance",
            measure="nominal",
        )


def _about(count: int) -> str:
    return f"at least {count // LEAST * LEAST}" if count >= LEAST else f"fewer than {LEAST}"


def pairing(db: Connection, wave: str, leaving: Container[Pair], *, archive: bool) -> Pairing | None:
    """Return the result of a wave's pair for the (wave, unit) pairs whose rows leave; None without a pair."""
    pair = outcome_of(db, wave)
    if pair is None:
        return None
    waves = (pair.earlier, pair.later)
    of_both = select(RESPONSE.c.wave, RESPONSE.c.unit, RESPONSE.c.pair_id, RESPONSE.c.archived)
    answers = db.execute(of_both.where(RESPONSE.c.wave.in_(waves)))
    rows = [row for row in answers if (row.wave, row.unit) in leaving]
    ids = shown([[row.pair_id for row in rows if row.wave == each] for each in waves])
    if archive:
        inside = [[row.pair_id for row in rows if row.wave == each and row.archived] for each in waves]
        ids = shown([[each if each in ids else None for each in some] for some in inside])
    return Pairing(
        earlier=pair.earlier,
        later=pair.later,
        outcome=pair.outcome,
        ids=ids,
        declared=pair.days,
        days=None if pair.outcome is None else days_between(db, pair),
    )


def shown(waves: Sequence[Sequence[UUID | None]]) -> frozenset[UUID]:
    """Return the ids that both waves have, less as many as are needed so that no few rows are unlinked.

    Which ids are left out follows from the ids themselves, which are random, so that every export leaves out
    the same.
    """
    counts = Counter(each for some in waves for each in some if each is not None)
    complete = sorted(each for each, count in counts.items() if count == len(waves))
    unlinked = [len(some) - len(complete) for some in waves]
    if any(0 < count < LEAST for count in unlinked):
        complete = complete[LEAST - min(unlinked) :]
    return frozenset(complete) if len(complete) >= LEAST else frozenset()
