"""Read a factor model from text in lavaan's notation; nothing in it is ever evaluated.

    visual  =~ x1 + x2 + x3      a factor is measured by its indicators (items, or other factors)
    visual ~~ 0*textual          a variance or covariance, here fixed at zero
    x1 ~~ x2                     a residual covariance
    x1 ~ 1                       an intercept; of a factor, its mean
    x1 | t1 + t2                 thresholds of an ordered item
    x1 ~*~ 1*x1                  the scale of the normal variable behind an ordered item

Before a term and ``*`` may stand a number (the parameter is fixed at it), ``NA`` (it is free), a name (a
label: parameters of one label are equal), ``start(0.7)``, or ``c(...)`` with one of these for each group.
``#`` and ``!`` begin a comment; a line that ends in an operator or ``+`` goes on in the next; ``;`` ends a
statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

OPERATORS: Final = ("=~", "~~", "~*~", "~", "|")
_TOKEN: Final = re.compile(
    r"(?P<space>[ \t\r]+|[#!][^\n]*)"
    r"|(?P<end>[\n;])"
    r"|(?P<refused>:=|==|[<>]|%[^%\n]*%)"
    r"|(?P<operator>=~|~\*~|~~|~|\|)"
    r"|(?P<mark>[+*(),])"
    r"|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))"
    r"|(?P<name>[^\W\d][\w.]*|\.[^\W\d][\w.]*)"
)

Given = float | str | None
"""What a modifier says for one group: a fixed value, a label, or None for free."""


class SyntaxProblem(ValueError):
    """A model text that cannot be read; says where and what to do."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One parameter as it is written: `lhs` `op` `rhs`, and what stands before it.

    `given` holds one entry for all groups or one for each; empty where nothing was said.
    """

    lhs: str
    op: str
    rhs: str
    given: tuple[Given, ...] = ()
    start: float | None = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int
    column: int


def read_model(text: str) -> tuple[Term, ...]:
    """Return the terms of a model text in the order in which they are written.

    Parameters
    ----------
    text : the model

    Returns
    -------
    tuple of Term; SyntaxProblem (a ValueError) names the line and column of the first thing not understood.

    Examples
    --------
    >>> [(term.lhs, term.op, term.rhs, term.given) for term in read_model("f =~ NA*x1 + a*x2; f ~~ 1*f")]
    [('f', '=~', 'x1', (None,)), ('f', '=~', 'x2', ('a',)), ('f', '~~', 'f', (1.0,))]
    """
    terms = [term for statement in _statements(_tokens(text)) for term in _read_statement(statement)]
    if not terms:
        raise SyntaxProblem("the model is empty: write for example  f =~ x1 + x2 + x3")
    return tuple(terms)


def _problem(token: _Token, what: str) -> SyntaxProblem:
    return SyntaxProblem(f"line {token.line}, column {token.column}: {what}")


def _tokens(text: str) -> Iterator[_Token]:
    place, line, begin = 0, 1, 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        here = _Token("", text[place], line, place - begin + 1)
        if found is None:
            raise _problem(here, f"{text[place]!r} has no meaning in a model")
        kind = found.lastgroup or ""
        if kind == "refused":
            raise _problem(
                here, f"{found.group()!r}: constraints and definitions are not read; give equal labels"
            )
        if kind != "space":
            yield _Token(kind, found.group(), line, place - begin + 1)
        if found.group() == "\n":
            line, begin = line + 1, found.end()
        place = found.end()


def _statements(tokens: Iterator[_Token]) -> Iterator[list[_Token]]:
    """Split the tokens into statements; a line goes on after an operator or mark, and before ``+``."""
    statement: list[_Token] = []
    ended, depth = False, 0
    for token in tokens:
        if token.kind == "end":
            open_ended = statement and (
                statement[-1].kind == "operator" or statement[-1].text in {"+", "*", "(", ","}
            )
            if token.text == ";" or not (open_ended or depth):
                ended = True
            continue
        if ended and statement and token.text not in {"+", "*"}:
            yield statement
            statement = []
        ended = False
        depth += (token.text == "(") - (token.text == ")")
        statement.append(token)
    if statement:
        yield statement


def _read_statement(tokens: list[_Token]) -> Iterator[Term]:
    at = next((place for place, token in enumerate(tokens) if token.kind == "operator"), None)
    if at is None:
        raise _problem(tokens[0], f"no operator ({' '.join(OPERATORS)}) after {tokens[0].text!r}")
    operator = tokens[at]
    if at == 0 or at == len(tokens) - 1:
        raise _problem(operator, f"{operator.text!r} needs a name on either side")
    for name in _names(tokens[:at]):
        for modifiers, target in _terms(tokens[at + 1 :]):
            yield _term(name, operator, modifiers, target)


def _names(tokens: list[_Token]) -> Iterator[_Token]:
    for place, token in enumerate(tokens):
        if place % 2 == 0 and token.kind != "name":
            raise _problem(token, f"{token.text!r} stands where a name is expected")
        if place % 2 == 1 and token.text != "+":
            raise _problem(token, f"{token.text!r} stands where + or an operator is expected")
        if place % 2 == 0:
            yield token
    if len(tokens) % 2 == 0:
        raise _problem(tokens[-1], "a name is missing after +")


def _terms(tokens: list[_Token]) -> Iterator[tuple[list[list[_Token]], _Token]]:
    """Yield each term of a right side: its modifiers, each as tokens, and its last token."""
    part: list[_Token] = []
    parts: list[list[_Token]] = []
    depth = 0
    for token in [*tokens, _Token("mark", "+", tokens[-1].line, tokens[-1].column + len(tokens[-1].text))]:
        if token.kind == "operator":
            raise _problem(token, f"a second operator {token.text!r} in one statement; begin a new line")
        depth += (token.text == "(") - (token.text == ")")
        if depth or token.text not in {"+", "*"}:
            part.append(token)
            continue
        if not part:
            raise _problem(token, f"a name is missing before {token.text!r}")
        parts.append(part)
        part = []
        if token.text == "+":
            *modifiers, target = parts
            if len(target) != 1:
                raise _problem(target[1], f"{target[1].text!r} after {target[0].text!r}: is a + missing?")
            yield modifiers, target[0]
            parts = []
    if part:
        raise _problem(part[0], "a bracket is not closed")


def _term(name: _Token, operator: _Token, modifiers: list[list[_Token]], target: _Token) -> Term:
    op = operator.text
    if op == "~":
        if target.text != "1":
            raise _problem(
                operator, "regressions are not read; a factor behind others is written  g =~ f1 + f2"
            )
        op = "~1"
    elif target.kind != "name":
        raise _problem(target, f"{target.text!r} stands where a name is expected")
    elif op == "|" and not re.fullmatch(r"t[1-9]\d*", target.text):
        raise _problem(target, f"a threshold is called t1, t2, ..., not {target.text!r}")
    given: tuple[Given, ...] = ()
    start: float | None = None
    for modifier in modifiers:
        if modifier[0].text == "start" and len(modifier) > 1:
            start = _number(_arguments(modifier)[0])
        elif modifier[0].text == "c" and len(modifier) > 1:
            given = tuple(_given(argument) for argument in _arguments(modifier))
        elif len(modifier) == 1:
            given = (_given(modifier[0]),)
        else:
            raise _problem(
                modifier[0], "before * stands a number, NA, a label, start(number) or c(...) for groups"
            )
    return Term(
        lhs=name.text,
        op=op,
        rhs="" if op == "~1" else target.text,
        given=given,
        start=start,
        line=target.line,
        column=target.column,
    )


def _arguments(tokens: list[_Token]) -> list[_Token]:
    inside = tokens[2:-1]
    if tokens[1].text != "(" or tokens[-1].text != ")" or len(inside) % 2 == 0:
        raise _problem(tokens[0], f"write {tokens[0].text}(...) with arguments parted by commas")
    for comma in inside[1::2]:
        if comma.text != ",":
            raise _problem(comma, f"{comma.text!r} stands where a comma is expected")
    return inside[::2]


def _number(token: _Token) -> float:
    if token.kind != "number":
        raise _problem(token, f"{token.text!r} is not a number")
    return float(token.text)


def _given(token: _Token) -> Given:
    if token.text == "NA":
        return None
    if token.kind == "name":
        return token.text
    return _number(token)
