"""The architecture page matches the code: stations exist, every folder has its row, bounds of layout hold."""

import importlib.util
import re
from pathlib import Path

import pytest

from docs import drawings
from tests.layout import CHAIN_AT_MOST, MODULES_AT_MOST, layout

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("way", drawings.WAYS)
def test_a_way_names_modules_that_exist_and_is_drawn_as_it_is_told(way: str) -> None:
    title, stations = drawings.WAYS[way]
    assert [each.module for each in stations if importlib.util.find_spec(each.module) is None] == []
    assert (ROOT / "docs" / f"{way}.svg").read_text() == drawings.drawn(title, stations) + "\n"
    assert f"<!-- {way} -->\n{drawings.in_words(stations)}\n<!-- end of {way} -->" in PAGE


def test_every_folder_of_code_has_its_row() -> None:
    named = set(re.findall(r"`((?:instrument|analysis|app)/[a-z_/]*)`", PAGE))
    folders = {
        f"{path.parent.relative_to(ROOT)}/"
        for package in ("instrument", "analysis", "app")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert folders - named == set()
    assert [name for name in named if not (ROOT / name).is_dir()] == []


def test_the_layout_keeps_its_bounds() -> None:
    """A bound is raised only with a line in DECISIONS."""
    found = layout()
    assert found.circles == ()
    assert found.upward == ()
    assert {
        package: names
        for package, names in found.root_modules.items()
        if len(names) > MODULES_AT_MOST[package]
    } == {}
    assert {
        package: found.longest_chain[package]
        for package, most in CHAIN_AT_MOST.items()
        if len(found.longest_chain[package]) > most
    } == {}
