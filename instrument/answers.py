"""Reads what a person sent into codes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from instrument.codes import DOES_NOT_APPLY, LEFT_BLANK
from instrument.model import Form, Item


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """What is wrong with the answer to one item, in words for whoever sent it."""

    item: str
    message: str


def allowed(form: Form, item: Item) -> tuple[int, ...]:
    """Return the codes that may be stored for an item.

    Parameters
    ----------
    form : the form that asks it
    item : one of the form's items

    Returns
    -------
    tuple of int
        Codes of answers first, in the order shown, then the codes for no answer.
    """
    scale = form.scales[item.scale]
    missing = (c for c in scale.missing if c != DOES_NOT_APPLY or item.does_not_apply)
    return (*scale.codes, *missing)


def read_answers(
    form: Form, given: Mapping[str, str], items: Iterable[Item]
) -> tuple[dict[str, int], tuple[AnswerProblem, ...]]:
    """Read the answers to `items` into codes.

    Parameters
    ----------
    form : the form that was shown
    given : what was sent, by item id; only answers belong here
    items : the items that were asked, of one page or of all

    Returns
    -------
    dict of int, tuple of AnswerProblem
        The code of each item without a problem, left blank where nothing was given; and what could not be
        read or was not asked.
    """
    answers: dict[str, int] = {}
    problems: list[AnswerProblem] = []
    asked = {item.id: item for item in items}
    for item in asked.values():
        written = given.get(item.id, "")
        codes = {str(code): code for code in (*allowed(form, item), LEFT_BLANK)}
        if not written:
            answers[item.id] = LEFT_BLANK
        elif written in codes:
            answers[item.id] = codes[written]
        else:
            problems.append(AnswerProblem(item.id, "this is not one of the answers offered"))
    problems += [AnswerProblem(name, "nothing of this name was asked") for name in given if name not in asked]
    return answers, tuple(problems)
