"""Docstrings of public functions have all sections: parameters, returns, errors; for a statistic also its
formula, the R call that it equals, and its source.
"""

import ast
import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import analysis
import instrument

# Functions that read or simulate answers; all others that `analysis` exports return a statistic.
NOT_STATISTICS = {"joint_counts", "simulate", "read_table", "file_counts", "file_moments"}

FORMULA = re.compile(r"[=≤≥Σ√²³Φ]| / ")
CALL_OF_R = re.compile(r"``(?:[A-Za-z0-9.]+::[A-Za-z0-9._]+[^`]*|[A-Za-z0-9._]+\([^`]*\)[^`]*)``")
NONE_IN_R = re.compile(r"\bR has no\b")


@cache
def functions() -> dict[str, Callable[..., Any]]:
    return {
        f"{package.__name__}.{name}": getattr(package, name)
        for package in (analysis, instrument)
        for name in package.__all__
        if inspect.isroutine(getattr(package, name)) or hasattr(getattr(package, name), "__wrapped__")
    }


def sections(docstring: str) -> dict[str, str]:
    """Return the text of each section of a numpydoc docstring by its heading."""
    parts = re.split(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def described(parameters: str) -> set[str]:
    """Return the names that a section of parameters describes."""
    heads = re.findall(r"^(\S.*)$", parameters, re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(" : ")[0].split(",")}


def raises(function: Callable[..., Any]) -> bool:
    tree = ast.parse(inspect.getsource(inspect.unwrap(function)))
    return any(isinstance(each, ast.Raise) for each in ast.walk(tree))


def lacks(function: Callable[..., Any], *, statistic: bool) -> list[str]:
    """Return what the docstring of the function should say and does not."""
    found = sections(inspect.getdoc(function) or "")
    signature = inspect.signature(function)
    missing = [
        f"Parameters: {name}"
        for name in signature.parameters
        if name not in described(found.get("Parameters", ""))
    ]
    if not found.get("Returns", "").strip() and signature.return_annotation is not None:
        missing.append("Returns")
    if statistic:
        notes = " ".join(found.get("Notes", "").split())
        if not FORMULA.search(re.sub(r"``.*?``", "", notes)):
            missing.append("Notes: a formula")
        if not (CALL_OF_R.search(notes) or NONE_IN_R.search(notes)):
            missing.append("Notes: the call of R, or that R has none")
        if not found.get("References", "").strip():
            missing.append("References")
    if raises(function) and not found.get("Raises", "").strip():
        missing.append("Raises")
    return missing


@pytest.mark.parametrize("name", functions())
def test_a_public_function_says_what_its_user_needs(name: str) -> None:
    statistic = name.startswith("analysis.") and name.split(".")[1] not in NOT_STATISTICS
    assert lacks(functions()[name], statistic=statistic) == []


def test_a_public_class_has_a_docstring() -> None:
    """A data class without one is given its signature."""
    classes = {
        f"{package.__name__}.{name}": getattr(package, name)
        for package in (analysis, instrument)
        for name in package.__all__
        if inspect.isclass(getattr(package, name))
    }
    assert [name for name, each in classes.items() if not _said(each)] == []


def _said(kind: type) -> str:
    docstring = vars(kind).get("__doc__") or ""
    return "" if docstring.startswith(f"{kind.__name__}(") else docstring
