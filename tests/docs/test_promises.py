"""Every sentence of the pages that promises something is in docs/promises.md, beside tests that exist."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from tests.docs.test_threat_model import NAMED, functions, rows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text()
SECTION = re.compile(r"^`(app/templates/[\w/]+\.html)`$", re.MULTILINE)
PROMISING = {
    "consent_text",
    "consent",
    "safety",
    "sent",
    "erase",
    "erased",
    "slips",
    "landing",
    "phrase",
    "leaving",
}
LABEL, ADVICE = "a label", "advice"
WAYS_OUT = {"app.staff.oidc.fetching": {"http.client"}}
"""The one module that asks another server, and that for staff alone."""
MESSENGERS = {
    "smtplib",
    "email",
    "http.client",
    "urllib.request",
    "httpx",
    "requests",
    "aiohttp",
    "ftplib",
    "telnetlib",
}


def sections() -> dict[str, dict[str, str]]:
    """What each template says, and the tests that keep it."""
    _, *parts = SECTION.split(PAGE)
    found = {}
    for template, told in zip(parts[::2], parts[1::2], strict=True):
        cells = [row.strip("| ").rpartition(" | ") for row in rows(told)]
        found[template] = {sentence: by for sentence, _, by in cells}
    return found


def sentences(template: str) -> set[str]:
    """The sentences of a template, in the form of the catalogues."""
    said = extract_from_file(
        "jinja2.ext:babel_extract", ROOT / template, options={"trimmed": "true", "silent": "false"}
    )
    return {each if isinstance(each, str) else each[0] for _, each, *_ in said}


def problems(sentence: str, by: str) -> list[str]:
    if by == LABEL:
        return ["a sentence is no label"] if sentence.rstrip().endswith(".") else []
    if by == ADVICE:
        return []
    named = NAMED.findall(by)
    if not named:
        return ["names no test"]
    return [
        f"{file}::{name} is not there"
        for file, name in named
        if not (ROOT / file).is_file() or name not in functions(file)
    ]


def test_every_page_that_promises_something_is_here() -> None:
    assert {Path(template).stem for template in sections()} >= PROMISING


@pytest.mark.parametrize("template", sections())
def test_every_sentence_of_a_page_is_here_and_no_other(template: str) -> None:
    assert set(sections()[template]) == sentences(template)


@pytest.mark.parametrize("template", sections())
def test_every_sentence_names_tests_that_are_there(template: str) -> None:
    wrong = {
        sentence: found for sentence, by in sections()[template].items() if (found := problems(sentence, by))
    }
    assert wrong == {}


def test_what_promises_something_is_called_neither_advice_nor_label() -> None:
    """A sentence on what this service does, or what nobody can do, needs a test."""
    ours = re.compile(r"\b(we|nobody|never|stored|your answers are|is kept|are kept)\b", re.IGNORECASE)
    for told in sections().values():
        for sentence, by in told.items():
            assert by != ADVICE or not ours.search(sentence), sentence


@pytest.mark.parametrize(
    ("sentence", "by"),
    [
        ("Nothing is kept.", ""),
        ("Nothing is kept.", LABEL),
        ("Nothing is kept.", "`tests/privacy/test_attacks.py::test_that_nobody_wrote`"),
        ("Nothing is kept.", "tests/privacy"),
    ],
)
def test_a_sentence_without_a_test_would_be_found(sentence: str, by: str) -> None:
    assert problems(sentence, by)


def test_the_service_sends_no_message() -> None:
    """No module of the service can write to anybody: it answers, and asks the provider of staff."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        imported: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
        assert imported & MESSENGERS == WAYS_OUT.get(module, set()), module
