"""Every row of the threat model names tests that guard it, and these exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
RULE = "|---"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows(page: str) -> list[str]:
    """The rows of every table, without headers and rules."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if not line.startswith(RULE) and not after.startswith(RULE)
    ]


def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def problems(row: str) -> list[str]:
    guards = NAMED.findall(row.rstrip("| ").rpartition("|")[2])
    if not guards:
        return ["names no test"]
    return [
        f"{file}::{name} is not there"
        for file, name in guards
        if not (ROOT / file).is_file() or name not in functions(file)
    ]


@pytest.mark.parametrize("row", rows(PAGE), ids=lambda row: row.strip("| ")[:60])
def test_a_row_names_tests_that_are_there(row: str) -> None:
    assert problems(row) == []


def test_every_table_says_which_tests_guard_it() -> None:
    headers = [line for line in PAGE.splitlines() if line.startswith("|") and "guarded by" in line]
    assert len(headers) == PAGE.count(f"\n{RULE}") == 3
    assert len(rows(PAGE)) > 50


@pytest.mark.parametrize(
    "row",
    [
        "| a threat | something | |",
        "| a threat | something | tests/privacy |",
        "| a threat | something | `tests/privacy/test_attacks.py::test_that_nobody_wrote` |",
        "| a threat | something | `tests/privacy/test_nothing.py::test_no_answer_can_be_ruled_out` |",
        "| a threat `tests/privacy/test_attacks.py::test_no_answer_can_be_ruled_out` | something | |",
    ],
)
def test_a_row_without_one_would_be_found(row: str) -> None:
    assert problems(row)
