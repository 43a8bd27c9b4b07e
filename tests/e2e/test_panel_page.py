"""A rater fills in the page of a panel's sheet in a real browser, by keyboard, and saves it as a file."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from analysis.content_validity.page import page
from analysis.content_validity.reading import read_sheets
from analysis.content_validity.sheet import panel_sheet
from instrument import ppiq

pytestmark = pytest.mark.browser


def test_what_a_rater_fills_in_is_read_back(browser: Browser, tmp_path: Path) -> None:
    sheet = panel_sheet(ppiq(), "a2")
    file = tmp_path / "sheet.html"
    file.write_text(page(sheet), encoding="utf-8")
    said = []
    with browser.new_context(viewport={"width": 390, "height": 800}, accept_downloads=True) as context:
        tab = context.new_page()
        tab.on("console", lambda line: said.append(line.text))
        tab.goto(file.as_uri())
        first = sheet.by_facet[0]
        tab.get_by_label("Your letter or number").fill('R"7')
        tab.locator(f'[name="{first.number}.relevance"]').first.focus()
        for key in ("Space", "ArrowDown", "ArrowDown"):
            tab.keyboard.press(key)
        tab.locator(f'[name="{first.number}.sorted"][value="None of these"]').check()
        tab.locator(f'[name="{first.number}.comment"]').fill('Say "views",\nnot opinion')
        tab.get_by_label("What do these sentences leave out").fill("Money\nTime")
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        with tab.expect_download() as saving:
            tab.get_by_role("button", name="Save my answers as a file").press("Enter")
        saved = tmp_path / saving.value.suggested_filename
        saving.value.save_as(saved)
    assert said == []
    (rater,) = read_sheets([saved], sheet)
    assert (saved.name, rater.name, rater.missing) == ("sheet-R7.csv", 'R"7', ("Money", "Time"))
    judged = rater.judgements[first.item]
    assert (judged.relevance, judged.sorted, judged.comment) == (3, "none", 'Say "views", not opinion')


def test_without_scripts_the_page_is_for_paper(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "sheet.html"
    file.write_text(page(panel_sheet(ppiq(), "a2")), encoding="utf-8")
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(file.as_uri())
        assert tab.get_by_text("print it and write on paper").is_visible()
        assert not tab.get_by_role("button").is_visible()
