"""Scores as formulas for tools that have `if`: the same steps, written in the syntax of each tool."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from instrument.exchange.questionnaire import ANSWERED, Question, Questionnaire
from instrument.model import KeyedItem, Subscale


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a tool writes the parts of a formula; `is_keyed` where its numbers are reversed already."""

    is_empty: Callable[[str], str]
    is_code: Callable[[str, str], str]
    number: Callable[[str], str]
    score: Callable[[str], str]
    divided_by: str
    added: Callable[[Iterable[str]], str] = " + ".join
    is_keyed: bool = False


def answered(asked: Questionnaire, subscale: Subscale, dialect: Dialect) -> str:
    """Count the answers that a score rests on, codes for no answer left out."""
    if subscale.of:
        return dialect.added(dialect.score(f"{part}{ANSWERED}") for part in subscale.of)
    return dialect.added(f"if({_is_none(asked.by_id[item.id], dialect)}, 0, 1)" for item in subscale.items)


def figure(asked: Questionnaire, subscale: Subscale, dialect: Dialect) -> str:
    """Give the score, or nothing where there are too few answers."""
    return _of_scores(subscale, dialect) if subscale.of else _of_items(asked, subscale, dialect)


def _of_items(asked: Questionnaire, subscale: Subscale, dialect: Dialect) -> str:
    terms = dialect.added(
        f"if({_is_none(asked.by_id[item.id], dialect)}, 0, {_term(asked, subscale, item, dialect)})"
        for item in subscale.items
    )
    count = dialect.score(f"{subscale.id}{ANSWERED}")
    value = {
        "sum": terms,
        "mean": f"({terms}) {dialect.divided_by} {count}",
        "pomp": f"100 * ({terms}) {dialect.divided_by} {count}",
    }[subscale.method]
    return f"if({count} >= {subscale.min_answered}, {value}, '')"


def _of_scores(subscale: Subscale, dialect: Dialect) -> str:
    empty = [dialect.is_empty(dialect.score(part)) for part in subscale.of]
    count = dialect.added(f"if({none}, 0, 1)" for none in empty)
    terms = dialect.added(
        f"if({none}, 0, {dialect.score(part)})" for none, part in zip(empty, subscale.of, strict=True)
    )
    enough = f"{count} >= {subscale.min_answered}"
    if subscale.min_items:
        enough += f" and {dialect.score(f'{subscale.id}{ANSWERED}')} >= {subscale.min_items}"
    value = terms if subscale.method == "sum" else f"({terms}) {dialect.divided_by} ({count})"
    return f"if({enough}, {value}, '')"


def _is_none(question: Question, dialect: Dialect) -> str:
    none = [dialect.is_code(question.id, option.code) for option in question.no_answers]
    return " or ".join([dialect.is_empty(dialect.number(question.id)), *none])


def _term(asked: Questionnaire, subscale: Subscale, item: KeyedItem, dialect: Dialect) -> str:
    question, number = asked.by_id[item.id], dialect.number(item.id)
    is_turned = item.reversed != (dialect.is_keyed and item.id in asked.reversed_items)
    if subscale.method == "pomp":
        part = f"({question.top} - {number})" if is_turned else f"({number} - {_plain(question.foot)})"
        return f"{part} {dialect.divided_by} {question.top - question.foot}"
    return f"({question.foot + question.top} - {number})" if is_turned else number


def _plain(number: int) -> str:
    return f"({number})" if number < 0 else str(number)
