"""Finds what a tool would cut, refuse or run, so that it is refused before a file is written."""

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from instrument.catalog import InstrumentError
from instrument.exchange.questionnaire import Questionnaire
from instrument.nodes import Problem, shown

Rule = tuple[Callable[[str], object], str]
"""A search for what a text may not contain, and what a tool would do with it."""

FORMULA: Final[Rule] = (
    re.compile(r"(?![-+]?\d+$)\s*[=+\-@＝＋－＠]").match,  # noqa: RUF001
    "a spreadsheet would run it as a formula: begin with a letter",
)
MARKUP: Final[Rule] = (
    lambda text: re.search(r"<[A-Za-z/!?]", text) or html.unescape(text) != text,
    "it would be read as HTML: write it without < and &",
)
BREAK: Final[Rule] = (
    re.compile(r"[\x00-\x1f\x7f\u2028\u2029]").search,
    "it has a control character or a line break: take it out",
)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise InstrumentError if there are any problems."""
    if found := tuple(problems):
        raise InstrumentError(found)


def texts(
    asked: Questionnaire, tool: str, rules: Sequence[Rule], label_rules: Sequence[Rule] | None = None
) -> Iterator[Problem]:
    """Find every text that a tool would not show as it stands; labels of answers may have their own rules."""
    for several, own in (
        (asked.texts(), rules),
        (asked.labels(), rules if label_rules is None else label_rules),
    ):
        for place, text in several:
            for finds, cure in (BREAK, *own):
                if finds(text):
                    yield Problem(asked.source, None, f"{place} cannot go to {tool}: {cure}: {shown(text)}")


def names(
    asked: Questionnaire,
    tool: str,
    taken: Iterable[tuple[str, str]],
    *,
    longest: int,
    reserved: Collection[str] = (),
) -> Iterator[Problem]:
    """Find names that are too long, reserved by the tool, or equal to another after the tool's changes."""
    first: dict[str, str] = {}
    for what, name in taken:
        if len(name) > longest:
            yield Problem(
                asked.source,
                None,
                f"{what} would be `{shown(name)}`; {tool} allows {longest} letters: shorten its id",
            )
        if name in reserved:
            yield Problem(asked.source, None, f"{what} cannot be `{name}`: {tool} keeps this name for itself")
        elif name in first:
            yield Problem(
                asked.source, None, f"{what} and {first[name]} would both be `{name}` in {tool}: rename one"
            )
        first.setdefault(name, what)
