"""Every page of the site has its blocks run, and every public function is on it."""

import re
from pathlib import Path

import pytest

import analysis
import instrument
from docs.examples import FENCE, SHOWN, blocks
from tests.contract.test_documents import ELSEWHERE, PAGES

ROOT = Path(__file__).parents[2]
RUN = {*PAGES, *SHOWN, *ELSEWHERE}
WRITTEN = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"))
}
LANGUAGES = {"sh", "python", "r", "text", "yaml"}
DESCRIBED = re.compile(r"^\.\. auto(?:function|class):: (\w+)$", re.MULTILINE)


def unrun(page: str) -> list[str]:
    """Code on a page that no test would find: a language that nothing runs, and code that is indented."""
    left = FENCE.sub("", page)
    return [
        *(block.code for block in blocks(page) if block.language not in LANGUAGES),
        *re.findall(r"^\n {4,}(?![ -])(.*)$", left, re.MULTILINE),
    ]


def test_the_blocks_of_every_page_are_run() -> None:
    assert {name for name, page in WRITTEN.items() if blocks(page)} == RUN
    assert [name for name in ELSEWHERE.values() if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", WRITTEN)
def test_no_code_stands_where_nothing_runs_it(name: str) -> None:
    assert unrun(WRITTEN[name]) == []


@pytest.mark.parametrize(
    "page", ["```\nmake test\n```\n", "```ruby\nputs 1\n```\n", "Type\n\n    make test\n"]
)
def test_code_that_nothing_runs_would_be_found(page: str) -> None:
    assert unrun(page)


@pytest.mark.parametrize("package", [analysis, instrument])
def test_every_public_name_is_described(package: object) -> None:
    name = package.__name__
    public = {each for each in package.__all__ if callable(getattr(package, each))}
    assert set(DESCRIBED.findall(WRITTEN[f"docs/reference/{name}.md"])) == public
