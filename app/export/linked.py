"""What a wave of a pair gives out: which rows are one person's, and then nothing else that is known of them.

Rows with the same pair_id join two exports, and what is known of a person twice would tell more than once:
who was a nurse then and a lecturer now is rare, however common both are. Withholding what is rare in both
together would not help, since the earlier export was taken before the later one was thought of. So a wave of
a pair is exported without context, unit and language from the first, but for what is the same for everybody.
What is left to know is whether a row is linked: that, too, is true of no fewer than five rows, or not shown.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from app.closing.withhold import LEAST
from app.export.rows import PAIR_ID
from app.studies.linking.pairs import RESPONSE, outcome_of
from instrument import Column


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """`outcome` as it is kept, None until the later wave has closed; `ids` those that may be shown."""

    earlier: str
    later: str
    outcome: Mapping[str, int | str] | None
    ids: frozenset[UUID]

    @property
    def linked(self) -> bool:
        return self.outcome is not None and "linked" in self.outcome

    @property
    def note(self) -> str:
        """What a holder of the rows has to know, with what came of the matching."""
        known = (
            f"This wave is one of a pair ({self.earlier}, {self.later}), so what is known of people beside "
            "their answers is withheld unless it is the same for everybody."
        )
        if self.outcome is None:
            return f"{known} The pair is matched when {self.later} closes."
        if not self.linked:
            return f"{known} Nobody was linked: {self.outcome['refused']}."
        found = self.outcome
        return (
            f"{known} {found['linked']} people were linked; {found['ambiguous_earlier']} rows of "
            f"{self.earlier} and {found['ambiguous_later']} of {self.later} could have been several "
            "people's and were left unlinked. A link may be wrong; how often has not been measured. "
            "Links are left out where fewer than five rows would stand apart by them, or where a row is gone."
        )

    def column(self, wave: str) -> Column:
        other = self.later if wave == self.earlier else self.earlier
        return Column(
            name=PAIR_ID,
            label=f"Random number that this row shares with one row of {other}, given by the same person; "
            "empty where none was found. It identifies no one and leads to nothing else",
            kind="provenance",
            measure="nominal",
        )


def pairing(db: Connection, wave: str, *, archive: bool) -> Pairing | None:
    pair = outcome_of(db, wave)
    if pair is None:
        return None
    of_both = select(RESPONSE.c.wave, RESPONSE.c.pair_id, RESPONSE.c.archived)
    rows = list(db.execute(of_both.where(RESPONSE.c.wave.in_((pair.earlier, pair.later)))))
    waves = (pair.earlier, pair.later)
    ids = shown([[row.pair_id for row in rows if row.wave == each] for each in waves])
    if archive:
        inside = [[row.pair_id for row in rows if row.wave == each and row.archived] for each in waves]
        ids = shown([[each if each in ids else None for each in some] for some in inside])
    return Pairing(earlier=pair.earlier, later=pair.later, outcome=pair.outcome, ids=ids)


def shown(waves: Sequence[Sequence[UUID | None]]) -> frozenset[UUID]:
    """The ids that both waves have, without as many as it takes for nobody to be one of a few unlinked.

    Which are left out follows from the ids, which are random: the same ones every time.
    """
    counts = Counter(each for some in waves for each in some if each is not None)
    complete = sorted(each for each, count in counts.items() if count == len(waves))
    unlinked = [len(some) - len(complete) for some in waves]
    if any(0 < count < LEAST for count in unlinked):
        complete = complete[LEAST - min(unlinked) :]
    return frozenset(complete) if len(complete) >= LEAST else frozenset()
