"""What every page has: fields that its template knows, few bytes, readable colours."""

import re
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import meta, nodes
from starlette.testclient import TestClient

from analysis.disclosure.leaving import LEAVING
from app.error_pages import ErrorPage
from app.questionnaire import rendering
from app.questionnaire.consent import ConsentText, consent
from app.survey import pages
from app.templating import FOLDER, STATIC, Page, environment
from tests.lib.questionnaire_client import PAGES, Screen, agree, at_check, enter

SURVEY_PAGES = [
    each
    for module in (pages, rendering)
    for each in vars(module).values()
    if isinstance(each, type) and issubclass(each, Page) and each is not Page
]
EVERY_PAGE = [*SURVEY_PAGES, ConsentText, ErrorPage]
KNOWN_TO_ALL = {"static", "_", "gettext", "ngettext", "home", "direction", "languages"}


def family(template: str) -> list[str]:
    """A template and those that it extends or imports."""
    source = (FOLDER / "templates" / template).read_text()
    tree = environment("en").parse(source)
    named = [name for name in meta.find_referenced_templates(tree) if name]
    return [template, *(each for name in named for each in family(name))]


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.__name__)
def test_a_template_asks_for_nothing_that_its_page_has_not(page: type[Page]) -> None:
    asked = set()
    for name in family(page.template):
        tree = environment("en").parse((FOLDER / "templates" / name).read_text())
        asked |= meta.find_undeclared_variables(tree)
        asked -= {name for each in tree.find_all(nodes.FromImport) for name in each.names}
    assert asked - KNOWN_TO_ALL <= {field.name for field in fields(page)}


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.__name__)
def test_a_page_has_nothing_that_its_template_does_not_use(page: type[Page]) -> None:
    asked = set()
    for name in family(page.template):
        tree = environment("en").parse((FOLDER / "templates" / name).read_text())
        asked |= meta.find_undeclared_variables(tree)
    own = {field.name for field in fields(page)} - {field.name for field in fields(Page)}
    assert own <= asked


@pytest.mark.parametrize("path", sorted(FOLDER.glob("templates/survey/*.html")), ids=lambda path: path.stem)
def test_every_word_of_the_interface_can_be_translated(path: Path) -> None:
    tree = environment("en").parse(path.read_text())
    plain = " ".join(data.data for data in tree.find_all(nodes.TemplateData))
    words = re.sub(r"<[^>]*>?|[^<]*>", " ", plain)
    assert not re.search(r"[A-Za-z]{3,}", words), words


def test_a_question_page_is_small(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/consent", "/about", *(f"/page/{n}" for n in range(1, PAGES + 1)), "/check"):
        size = len(client.get(path).content)
        assert size <= 12 * 1024, (path, size)


def test_a_first_visit_is_few_requests_and_few_bytes(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/", "/consent", "/about", "/page/1", "/check", "/erase", "/safety", "/nothing"):
        page = client.get(path)
        needed = [client.get(address) for address in Screen(page.text).assets]
        assert all(each.status_code == 200 for each in needed)
        assert 1 + len(needed) <= 4, path
        assert sum(len(each.content) for each in (page, *needed)) <= 30 * 1024, path


class Outline(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self._in = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self.title += data
            self._in = ""


def test_titles_differ_and_tell_a_passer_by_nothing(client: TestClient, code: str) -> None:
    at_check(client, code)
    paths = [
        "/",
        "/consent",
        "/about",
        *(f"/page/{n}" for n in range(1, PAGES + 1)),
        "/check",
        "/erase",
        "/safety",
    ]
    titles = [Outline(client.get(path).text).title for path in paths]
    assert len(set(titles)) == len(paths)
    for title in titles:
        assert not re.search(
            "power|supervis|imbalance|survey|counterpoise|ppiq|demonstration", title.lower()
        ), title


def test_every_page_is_told_apart_by_its_parts(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/", "/consent", "/about", "/page/1", "/check", "/erase", "/safety", "/nothing"):
        outline = Outline(client.get(path).text)
        names = [tag for tag, _ in outline.tags]
        assert (names.count("h1"), names.count("main"), names.count("header"), names.count("footer")) == (
            1,
            1,
            1,
            1,
        )
        html = dict(outline.tags)["html"]
        assert (html["lang"], html["dir"]) == ("en", "ltr")
        assert names.count("script") == 1
        for tag, at in outline.tags:
            assert not any(name.startswith("on") or name == "style" for name in at), (path, tag)
            assert tag != "script" or at["src"], path
            for name in ("href", "src", "action"):
                assert (at.get(name) or "/").startswith(("/", "#")), (path, tag, at)


def test_no_answer_is_chosen_before_the_person_chooses(client: TestClient, code: str) -> None:
    enter(client, code)
    agree(client)
    assert " checked" not in client.get("/about").text


def test_the_consent_is_one_text_whatever_marks_it_up() -> None:
    shown = consent(10, "en", leaving=LEAVING["reports"])
    assert "<" not in shown.text
    assert shown.text.startswith("Your choice Taking part is your choice.")
    assert len(shown.hash) == 64
    assert consent(11, "en", leaving=LEAVING["reports"]).hash != shown.hash


# Colours


def tokens() -> dict[str, dict[str, str]]:
    """The colour tokens of the style sheet, light and dark."""
    style = (STATIC / "style.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    read = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in (light, dark)]
    return {"light": read[0], "dark": {**read[0], **read[1]}}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("ground", "panel", "tint")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_can_be_told_apart(scheme: str) -> None:
    colour = tokens()[scheme]
    least = {"ink": 7.0, "quiet": 4.5, "accent": 4.5, "control": 3.0}
    for front, needed in least.items():
        for ground in GROUNDS:
            found = contrast(colour[front], colour[ground])
            assert found >= needed, (front, ground, round(found, 2))
    assert contrast(colour["on-accent"], colour["accent"]) >= 4.5
    assert contrast(colour["focus"], colour["focus-ink"]) >= 3
    for end in ("imbalance", "balance"):
        assert contrast(colour[end], colour["panel"]) >= 3
    seen_ring = [
        max(contrast(colour[ring], colour[ground]) for ring in ("focus", "focus-ink")) for ground in GROUNDS
    ]
    assert min(seen_ring) >= 3


def test_the_style_knows_no_left_and_right_and_fetches_nothing() -> None:
    style = (STATIC / "style.css").read_text()
    assert not re.search(
        r"[{;]\s*(left|right|top|bottom|(margin|padding|border)-(left|right|top|bottom))\s*:", style
    )
    assert not re.search(
        r"text-align:\s*(left|right)|float:|url\(|@import|box-shadow(?!: 0 0 0 |: none)|gradient", style
    )
    for needed in ("forced-colors", "prefers-reduced-motion", "prefers-color-scheme", "@media print"):
        assert needed in style


def test_the_contrast_formula_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
