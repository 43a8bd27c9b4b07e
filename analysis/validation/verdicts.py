"""What a phase of the programme says: a verdict on each of its bounds, and the reason where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from analysis.estimate import Estimate, Unavailable, cell
from analysis.report.document import Section, Value
from analysis.validation.thresholds import Bound

Verdict = Literal["met", "not met", "not enough data", "not asked"]
ORDER: Final[tuple[Verdict, ...]] = ("not met", "not enough data", "met", "not asked")
"""What a phase says where its bounds say different things: the first of these that any says."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One bound: what was found beside what was asked, and who or what is at fault."""

    id: str
    words: str
    found: Value
    asked: str
    source: str
    cosmin: bool
    verdict: Verdict
    named: str = ""

    @property
    def row(self) -> tuple[Value, ...]:
        """The cells of the table of verdicts."""
        return (self.words, self.found, self.asked, self.verdict, self.named or "–", self.source)


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase: its verdict with the checks behind it, its tables, and what could bias it."""

    number: int
    title: str
    verdict: Verdict
    why: str
    checks: tuple[Check, ...] = ()
    sections: tuple[Section, ...] = ()
    bias: tuple[str, ...] = ()
    errors: Mapping[str, float] = field(default_factory=dict)
    """The standard error of measurement of each score, from 0 to 100; of phase 8 alone."""


def judged(bound: Bound, figure: float | Unavailable, named: Sequence[str] = ()) -> Check:
    """Return whether a figure keeps a bound; `named` are the items or scales beyond it."""
    verdict: Verdict
    found: Value = figure
    if isinstance(figure, Unavailable):
        verdict, said = "not enough data", figure.why
    else:
        verdict = "met" if bound.holds(figure) else "not met"
        said = ", ".join(named) if verdict == "not met" else ""
    return _check(bound, found, verdict, said)


def counted(bound: Bound, n: int) -> Check:
    """Return whether there are enough people, and how many are missing."""
    enough = bound.holds(n)
    lacking = "" if enough else f"{bound.value - n:g} more are needed"
    return _check(bound, n, "met" if enough else "not enough data", lacking)


def stated(number: str, words: str, said: str | None, cure: str) -> Check:
    """Return whether something was said that has to be, such as an ethics reference."""
    return Check(
        id=number,
        words=words,
        found=said or "not said",
        asked="to be said",
        source="decided by this project",
        cosmin=False,
        verdict="met" if said else "not enough data",
        named="" if said else cure,
    )


def _check(bound: Bound, found: Value, verdict: Verdict, named: str) -> Check:
    return Check(
        id=bound.id,
        words=bound.words,
        found=found,
        asked=str(bound),
        source=bound.source,
        cosmin=bound.cosmin,
        verdict=verdict,
        named=named,
    )


def phase(
    number: int,
    title: str,
    checks: Sequence[Check],
    sections: Sequence[Section] = (),
    bias: Sequence[str] = (),
) -> Phase:
    """Return a phase whose verdict is the worst of its checks, with what is behind it in a sentence."""
    verdicts = {check.verdict for check in checks}
    verdict = next(each for each in ORDER if each in verdicts)
    behind = [check for check in checks if check.verdict == verdict]
    if verdict == "met":
        why = f"All {len(behind)} bounds are kept."
    else:
        why = "; ".join(_behind(check) for check in behind) + "."
    return Phase(
        number=number,
        title=title,
        verdict=verdict,
        why=why,
        checks=tuple(checks),
        sections=tuple(sections),
        bias=tuple(bias),
    )


def _behind(check: Check) -> str:
    found = check.found.why if isinstance(check.found, Unavailable) else cell(check.found)
    said = f": {check.named}" if check.named and check.named != found else ""
    return f"{check.words}: {found} ({check.asked}){said}"


def not_asked(number: int, title: str, why: str) -> Phase:
    """Return a phase that the plan does not ask for, or that is not built."""
    return Phase(number=number, title=title, verdict="not asked", why=why)


def worst(bound: Bound, found: Mapping[str, Estimate | Unavailable]) -> Check:
    """Judge the lowest of several estimates and name those beyond the bound."""
    lacking = next((each for each in found.values() if isinstance(each, Unavailable)), None)
    values = {name: each.value for name, each in found.items() if isinstance(each, Estimate)}
    if lacking is not None or not values:
        return judged(bound, lacking or Unavailable(reason="no complete rows"))
    return judged(bound, min(values.values()), [n for n, value in values.items() if not bound.holds(value)])
