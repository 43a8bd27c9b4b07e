"""Change the code that privacy rests on, one place at a time, and see whether the tests notice.

    python -m tests.fault.mutants [--sample 0] [--seed 1] [--modules NAME,NAME]

A comparison, a sum, a number, a condition is turned into its neighbour, or a statement is left out; then the
tests of that module run on the changed code. `--sample N` draws N of the changes; without it each is tried,
for hours. Before it, the tests run on the code as it is, which they must pass. Prints each change that nobody
noticed, and their share. Exits with 1 if fewer than nine of ten are noticed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.fault.serving import ROOT
from tests.lib.attack_runs import last_line, tell
from tests.lib.mutant import NAMED

WANTED: Final = 0.9
PATIENCE: Final = 900.0
OF_THE_RULES: Final = ("tests/unit/test_disclosure.py", "tests/privacy/test_clamp_exhaustive.py")
MODULES: Final = {
    "analysis.disclosure.base_table": OF_THE_RULES,
    "analysis.disclosure.release": (*OF_THE_RULES, "tests/unit/test_change.py"),
    "analysis.disclosure.rounding": ("tests/unit/test_rounding.py",),
    "app.closing.deleting": (
        "tests/contract/test_audit.py",
        "tests/contract/test_information.py",
        "tests/attack/test_deleted.py",
    ),
    "app.closing.erasure": ("tests/contract/test_residue.py", "tests/contract/test_survey_sending.py"),
    "app.closing.mixing": (
        "tests/contract/test_closing.py",
        "tests/contract/test_maintenance.py",
        "tests/attack/test_link.py",
    ),
    "app.closing.purge": ("tests/contract/test_closing.py",),
    "app.closing.withhold": ("tests/unit/test_withhold.py",),
    "app.logs": ("tests/security/test_logs.py", "tests/security/test_canaries.py"),
}
"""Each with the tests that guard it."""
OPERATORS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@dataclass(frozen=True)
class Change:
    module: str
    line: int
    what: str
    source: str


@dataclass
class Outcome:
    tried: int = 0
    unnoticed: list[Change] = field(default_factory=list)

    @property
    def share(self) -> float:
        return 1 - len(self.unnoticed) / self.tried

    def __str__(self) -> str:
        noticed = self.tried - len(self.unnoticed)
        return f"{noticed} of {self.tried} changes noticed ({self.share:.0%})"


def changes(module: str) -> Iterator[Change]:
    """Give every change of a module, each a whole source of its own.

    What decorates a class is left: whether its objects are frozen changes nothing that they do.
    """
    tree = ast.parse(path_of(module).read_text())
    decorators = [each for node in ast.walk(tree) for each in getattr(node, "decorator_list", ())]
    declared = {part for each in decorators for part in ast.walk(each)}
    for number, node in enumerate(ast.walk(tree)):
        for what in () if node in declared else _kinds(node):
            changed = copy.deepcopy(tree)
            there = next(each for n, each in enumerate(ast.walk(changed)) if n == number)
            line = getattr(node, "lineno", 0)
            told = f"{what}: {ast.unparse(node).partition(chr(10))[0]}"
            _change(changed, there, what)
            yield Change(module, line, told, ast.unparse(ast.fix_missing_locations(changed)))


def path_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _kinds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPERATORS:
            yield "compared otherwise"
        case ast.BinOp(op=operator) if type(operator) in OPERATORS and not _is_text(node):
            yield "reckoned otherwise"
        case ast.BoolOp():
            yield "and for or"
        case ast.UnaryOp(op=ast.Not()):
            yield "without not"
        case ast.Constant(value=bool()):
            yield "turned round"
        case ast.Constant(value=int() | float()):
            yield "one more"
        case ast.Expr(value=ast.Call()):
            yield "left out"


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(each, ast.Constant | ast.JoinedStr)
        and not isinstance(getattr(each, "value", ""), int | float)
        for each in (node.left, node.right)
    )


def _change(tree: ast.AST, node: ast.AST, what: str) -> None:
    match node:
        case ast.Compare():
            node.ops = [OPERATORS[type(node.ops[0])]()]  # type: ignore[list-item]  # one of comparison
        case ast.BinOp() | ast.BoolOp():
            node.op = OPERATORS[type(node.op)]()  # type: ignore[assignment]  # one of the same kind
        case ast.Constant():
            node.value = (not node.value) if what == "turned round" else node.value + 1  # type: ignore[operator]
        case _:
            other = node.operand if isinstance(node, ast.UnaryOp) else ast.Pass()
            for parent in ast.walk(tree):
                for name, value in ast.iter_fields(parent):
                    if value is node:
                        setattr(parent, name, other)
                    elif isinstance(value, list) and node in value:
                        value[value.index(node)] = other


def is_noticed(change: Change) -> bool:
    """Whether the tests of the module fail on the changed source."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changed.py"
        file.write_text(change.source)
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.lib.mutant"]
        command += ["-p", "no:cacheprovider", "-p", "no:xdist", *MODULES[change.module]]
        environment = {**os.environ, NAMED: f"{change.module}={file}", "PYTHONPATH": str(ROOT)}
        try:
            ended = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return True
    return ended.returncode != 0


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--sample", type=int, default=0)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--modules", default=",".join(MODULES))
    given = asked.parse_args()
    every = [each for module in given.modules.split(",") for each in changes(module)]
    drawn = Random(given.seed).sample(every, given.sample) if 0 < given.sample < len(every) else every
    outcome = Outcome()
    for module in sorted({each.module for each in drawn}):
        if is_noticed(Change(module, 0, "nothing", path_of(module).read_text())):
            tell(f"{module}: its tests fail on the code as it is")
            return last_line(failed=True)
    for change in drawn:
        outcome.tried += 1
        if not is_noticed(change):
            outcome.unnoticed.append(change)
            tell(f"unnoticed: {change.module}:{change.line}: {change.what}")
    tell(f"{len(every)} changes there are; {outcome}")
    return last_line(outcome.share < WANTED)


if __name__ == "__main__":
    sys.exit(main())
