"""The anonymity budget: how many people can be identified by their context answers, computed beforehand.

Somebody is alone if nobody else gives the same combination of answers to the context questions. With N people
who answer independently and a combination c of probability p(c), the expected number of them is

    sum over c of  N p(c) (1 - p(c))^(N-1).

How people will answer is not known, so the budget takes the worst case over all p. One term is greatest at p
= 1/N, and concave up to p = 2/N. With C combinations the sum is therefore at most

    N (1 - 1/C)^(N-1)  where C >= N  (all combinations alike),
    C (1 - 1/N)^(N-1)  where C < N   (every term at its greatest).

Not saying counts as two further answers, since the rows distinguish a blank from "rather not say".
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from app.errors import Refused
from app.studies.special import SPECIAL
from instrument import Instrument

LIMIT: Final = 0.10
"""A design may leave one person in ten alone, at the worst; more is refused."""
WAYS_OF_NOT_SAYING: Final = 2
CLUSTER: Final = "cluster_id"
LEAST_OF_CLUSTER: Final = 5
"""Rows that a cluster has where it is shown."""


@dataclass(frozen=True)
class Asked:
    """A context question, and the number of answers it allows, counting the two ways of not saying."""

    question: str
    answers: int


@dataclass(frozen=True)
class AnonymityBudget:
    """The questions of a design and the number of people, with the figures that follow."""

    people: int
    asked: tuple[Asked, ...]

    @property
    def combinations(self) -> int:
        return math.prod(each.answers for each in self.asked)

    @property
    def alone(self) -> float:
        """The greatest expected number of people who are alone."""
        n, c = self.people, self.combinations
        if n < 2 or c < 2:  # noqa: PLR2004 - one person, or one combination
            return float(n == 1 and c > 1)
        return n * (1 - 1 / c) ** (n - 1) if c >= n else c * (1 - 1 / n) ** (n - 1)

    @property
    def share(self) -> float:
        return self.alone / self.people

    @property
    def is_kept(self) -> bool:
        return self.share <= LIMIT

    @property
    def fewest_people(self) -> int:
        """The fewest people with whom these questions stay within the limit; with more the share falls."""
        low, high = 1, 2
        while not replace(self, people=high).is_kept:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if replace(self, people=middle).is_kept else (middle, high)
        return high if self.asked else 1

    @property
    def enough_to_drop(self) -> tuple[str, ...]:
        """The questions of which it is enough to leave out one."""
        without = ((each, tuple(other for other in self.asked if other != each)) for each in self.asked)
        return tuple(each.question for each, rest in without if replace(self, asked=rest).is_kept)

    def ways_on(self, words: Mapping[str, str] = MappingProxyType({})) -> str:
        """Say how many people it takes, or which question to leave out; `words` names the questions."""
        drop = " or ".join(f"“{words.get(each, each)}”" for each in self.enough_to_drop)
        needed = f"these questions need at least {self.fewest_people:,} people"
        return f"{needed}; or leave out {drop}" if drop else f"{needed}, or fewer of them are asked"

    @property
    def told(self) -> str:
        """How many may be alone, without a judgement: what a research study tells, which has no limit."""
        if not self.asked:
            return "nothing is asked about the person, so no such answers can make anybody the only one"
        return (
            f"of {self.people} people up to {self.alone:.1f} ({self.share:.0%}) may be the only one "
            f"with their combination of answers, out of {self.combinations:,} combinations"
        )

    @property
    def verdict(self) -> str:
        """The sentence that hosts read, on the page and at the command line."""
        if not self.asked:
            return self.told
        if self.is_kept:
            return f"{self.told}; the limit is {LIMIT:.0%}"
        return f"{self.told}; more than {LIMIT:.0%} is refused: {self.ways_on()}"


def budget_of(
    instrument: Instrument,
    form: str,
    context: Iterable[str],
    people: int,
    special: Iterable[str] = (),
    *,
    clusters: bool = False,
) -> AnonymityBudget:
    """Return the budget of a form's context questions; Refused for a question it does not have.

    `special` are those of app.studies.special that a research study asks as well. With `clusters` rows are
    told apart by the cluster too, of which there are at most as many as five people each make.
    """
    if people < 1:
        raise Refused("say how many people are expected to answer")
    offered = instrument.forms[form].context
    asked = tuple(context)
    if unknown := [each for each in asked if each not in offered]:
        raise Refused(
            f"form {form!r} does not ask {', '.join(unknown)}; it can ask {', '.join(offered) or 'none'}"
        )
    return AnonymityBudget(
        people,
        tuple(
            Asked(each, len(instrument.context[each].options) + WAYS_OF_NOT_SAYING)
            for each in offered
            if each in asked
        )
        + tuple(Asked(each, len(SPECIAL[each].options) + WAYS_OF_NOT_SAYING) for each in special)
        + ((Asked(CLUSTER, max(1, people // LEAST_OF_CLUSTER)),) if clusters else ()),
    )


def check_budget(budget: AnonymityBudget) -> None:
    """Refuse a design that may leave more people alone than the limit allows."""
    if not budget.is_kept:
        raise Refused(budget.verdict)
