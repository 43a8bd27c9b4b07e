"""Evaluates calculations as XLSForm, REDCap and LimeSurvey do, in the part of their languages that we use."""

import math
import re
from collections.abc import Callable

Value = str | float
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*')|(?P<number>\d+(?:\.\d+)?)|\$\{(?P<odk>\w+)\}|\[(?P<redcap>\w+)\]"
    r"|(?P<lime>[a-z]\w*\.(?:valueNAOK|NAOK))|(?P<word>[a-z_]+)|(?P<sign>>=|==|[-+*/=(),]))"
)


def evaluate(expression: str, value: Callable[[str], Value]) -> Value:
    """Compute both branches of every `if`, so that no result depends on lazy evaluation in a tool."""
    tokens = []
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        assert found, f"not a part of the language: {expression[at : at + 30]!r}"
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    parser = _Parser(tokens, value)
    result = parser.either()
    assert not parser.tokens, f"more than an expression: {parser.tokens[:3]}"
    return result


class _Parser:
    def __init__(self, tokens, value):
        self.tokens, self.value = tokens, value

    def take(self, *wanted: str) -> str | None:
        if self.tokens and self.tokens[0][0] in {"word", "sign"} and self.tokens[0][1] in wanted:
            return self.tokens.pop(0)[1]
        return None

    def need(self, sign: str) -> None:
        assert self.take(sign), f"{sign} is wanted before {self.tokens[:3]}"

    def either(self) -> Value:
        left = self.both()
        while self.take("or"):
            right = self.both()
            left = float(bool(left) or bool(right))
        return left

    def both(self) -> Value:
        left = self.comparison()
        while self.take("and"):
            right = self.comparison()
            left = float(bool(left) and bool(right))
        return left

    def comparison(self) -> Value:
        left = self.sum()
        if sign := self.take("=", "==", ">="):
            right = self.sum()
            if sign == ">=":
                return float(_number(left) >= _number(right))
            return float(_same(left) == _same(right))
        return left

    def sum(self) -> Value:
        left = self.product()
        while sign := self.take("+", "-"):
            right = _number(self.product())
            left = _number(left) + right if sign == "+" else _number(left) - right
        return left

    def product(self) -> Value:
        left = self.part()
        while sign := self.take("*", "/", "div"):
            right = _number(self.part())
            if sign == "*":
                left = _number(left) * right
            elif right:
                left = _number(left) / right
            else:
                left = math.nan
        return left

    def part(self) -> Value:
        if self.take("-"):
            return -_number(self.part())
        if self.take("("):
            inside = self.either()
            self.need(")")
            return inside
        kind, token = self.tokens.pop(0)
        if kind == "text":
            return token[1:-1]
        if kind == "number":
            return float(token)
        if kind in {"odk", "redcap", "lime"}:
            return self.value(token)
        assert kind == "word", f"not a value: {token}"
        return self.called(token)

    def called(self, function: str) -> Value:
        self.need("(")
        given = [self.either()]
        while self.take(","):
            given.append(self.either())
        self.need(")")
        if function == "if":
            asked, yes, no = given
            return yes if asked else no
        if function == "is_empty":
            return float(given[0] == "")
        assert function == "sum", f"not a function of the tool: {function}"
        return math.fsum(map(_number, given))


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _same(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else value
