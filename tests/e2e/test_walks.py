"""Every form in every language that it has, in a wave and privately, by keyboard alone, on three widths.

Which forms and languages there are is read from the instrument. `make test` walks each form that is proposed
in one language, alternately in a wave and privately, with the widths and scripts on and off in turn;
`make walks` walks every combination.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count, cycle, product
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from app import studies
from app.closing.mixing import RESPONSE
from app.db import write
from app.languages import LANGUAGES, home
from app.runtime import Service
from app.studies import waves
from app.studies.linking.pairs import FEWEST_CODES
from app.studies.paired_waves import pair_waves
from instrument import Form, ppiq
from tests.e2e.person import ON_SQLITE, WIDTHS, Keyboard, faults, faults_enlarged, on, speaks
from tests.lib.respondents import rows

pytestmark = [pytest.mark.browser, ON_SQLITE]
FORMS: Final = ppiq().forms
ROADS: Final = ("wave", "private")
SPOKEN: Final = [(form, language) for form, language in ppiq().words if language in LANGUAGES]
EARLIER: Final = {form.replaces for form in FORMS.values()}
"""Forms that a later edition replaces: walked by `make walks` alone."""
RETIRED: Final = date(2040, 3, 9)
SHOTS: Final = os.environ.get("COUNTERPOISE_SCREENSHOTS")
SAME_FOR_ALL: Final = ("/safety", "/support", "/sheet", "/accessibility", "/erase", "/page/1", "/nothing")


@dataclass(frozen=True)
class Walk:
    road: str
    form: str
    language: str
    width: int
    scripts: bool

    def __str__(self) -> str:
        scripts = "scripts" if self.scripts else "no-scripts"
        return f"{self.road}-{self.form}-{self.language}-{self.width}-{scripts}"


def crossed(roads: tuple[str, ...], spoken: list[tuple[str, str]]) -> list[object]:
    """Each form in one language, the next for each, and in the next of the six ways; in all with `walks`."""
    ways = [(width, scripts) for scripts in (True, False) for width in WIDTHS]
    proposed = [each for each in spoken if each[0] not in EARLIER]
    some = [each for n, each in enumerate(proposed) if (n + n // len(LANGUAGES)) % 4 == 0]
    in_turn = zip(cycle(roads), some, cycle(ways), strict=False)
    usual = {Walk(road, *each, *way) for road, each, way in in_turn}
    every = [Walk(road, *each, *way) for road, each, way in product(roads, spoken, ways)]
    return [
        pytest.param(walk, id=str(walk), marks=() if walk in usual else pytest.mark.walks) for walk in every
    ]


@dataclass(frozen=True)
class Walker:
    """Somebody who takes part; every page that they come to is gone through by keyboard and checked."""

    page: Page
    origin: str
    walk: Walk
    pages: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def keys(self) -> Keyboard:
        return Keyboard(self.page)

    def arrives(self, what: str, *, answer: bool = True) -> None:
        self.keys.tours(answer=answer)
        assert speaks(self.page, self.walk.language), what
        assert faults(self.page, scripts=self.walk.scripts) == [], what
        assert faults_enlarged(self.page) == [], what
        if SHOTS:
            path = f"{SHOTS}/{self.walk}-{next(self.pages):02}-{what.replace(' ', '-')}.png"
            self.page.screenshot(path=path, full_page=True)

    def presses(self, target: str) -> None:
        self.keys.presses(target)

    def opens_the_first_page(self) -> None:
        self.page.goto(self.origin)
        if not speaks(self.page, self.walk.language):
            self.presses(f"[hreflang={self.walk.language}]")
        self.arrives("first page")

    def types(self, field: str, text: str) -> None:
        self.keys.goes_to(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.keys.enters()

    def answers(self, *, until: str, then: Callable[[], None] | None = None) -> None:
        """Answer every page of questions; before going on from the first of them, do something else."""
        while not self.page.locator(until).count():
            self.arrives("questions")
            if then and self.page.locator("button[name=_clear]").count():
                then()
                then = None
            self.presses(".go button:first-child")

    def leaves_it_blank(self) -> None:
        """Leave a page blank once: it is asked about, and may stay so."""
        self.presses(".go button:first-child")
        expect(self.page.locator("#blank")).to_be_visible()

    def takes_an_answer_back(self) -> None:
        """Clear the first answer on the page, then give it again."""
        question = self.page.locator("fieldset").first
        expect(question.locator(":checked")).to_have_count(1)
        self.presses("button[name=_clear]")
        expect(question.locator(":checked")).to_have_count(0)
        self.arrives("cleared")

    def sees_the_result(self) -> None:
        self.arrives("result")
        self.presses("button[value=finish]")
        self.arrives("end")


@pytest.mark.parametrize("walk", crossed(ROADS, SPOKEN))
def test_a_person_walks_by_keyboard_alone(
    browser: Browser, origin: str, service: Service, walk: Walk
) -> None:
    with on(browser, walk.width, scripts=walk.scripts) as context:
        walker = Walker(context.new_page(), origin, walk)
        if walk.road == "private":
            reflects(walker)
            assert rows(service, RESPONSE) == []
        else:
            takes_part(walker, service)


def reflects(walker: Walker) -> None:
    page, walk = walker.page, walker.walk
    walker.opens_the_first_page()
    walker.presses("a.button[href$='/reflect']")
    walker.arrives("choice of form", answer=False)
    walker.keys.goes_to("[name=_form]")
    page.keyboard.press("Space")
    # A form that a later edition replaces in this language is not offered: the walk takes the later one.
    later = {form.replaces: form.id for form in FORMS.values() if (form.id, walk.language) in SPOKEN}
    chosen = f"ppiq/{later.get(walk.form, walk.form)}/{walk.language}"
    for _ in FORMS:
        if page.locator("[name=_form]:checked").get_attribute("value") == chosen:
            break
        page.keyboard.press("ArrowDown")
    walker.keys.enters()
    walker.arrives("before")
    walker.presses(".go button")

    def takes_an_answer_back_and_looks_aside() -> None:
        walker.takes_an_answer_back()
        walker.presses("footer button[value=safety]")
        walker.arrives("safety")
        walker.presses("button[value=stay]")
        walker.keys.tours()

    walker.answers(until="button[value=result]", then=takes_an_answer_back_and_looks_aside)
    walker.arrives("last")
    walker.presses("button[value=result]")
    walker.sees_the_result()


def takes_part(walker: Walker, service: Service) -> None:
    page, walk = walker.page, walker.walk
    code = a_code(service, FORMS[walk.form])
    walker.opens_the_first_page()
    walker.types("#code", "wrong")
    walker.arrives("wrong code")
    walker.types("#code", code)
    walker.arrives("consent")
    walker.presses(".go button")
    walker.leaves_it_blank()
    walker.answers(until="form[action$='/send']", then=walker.takes_an_answer_back)
    walker.arrives("check")
    walker.presses("form[action$='/send'] button")
    walker.arrives("receipt")
    receipt = page.locator(".receipt").inner_text()
    [kept] = rows(service, RESPONSE)
    assert kept.language == walk.language
    form = FORMS[walk.form]
    assert {item.id: kept.answers[item.id] for item in form.items} == {
        item.id: form.scales[item.scale].codes[1] for item in form.items
    }
    walker.presses("form[action$='/result'] button")
    walker.sees_the_result()
    walker.presses(f"footer a[href='{home(walk.language)}/']")
    walker.presses("footer a[href$='/erase']")
    walker.types("#receipt", receipt)
    walker.arrives("erased")
    assert rows(service, RESPONSE) == []


def a_code(service: Service, form: Form) -> str:
    """For a wave that asks all that it may: every context question, and what links it with another."""
    with write(service.engine) as db:
        declared = {"simulated": True, "retire_on": RETIRED, "leaving": "rows"}
        studies.make_study(db, id="all", title="Everything", form=form.id, **declared)
        studies.add_unit(db, "all", "only", "Only")
        wave = waves.make_wave(service, db, "all")
        pair_waves(service, db, wave, "all-2")
        [code, *_] = waves.issue_codes(service, db, wave, "only", FEWEST_CODES)
        waves.open_wave(service, db, wave)
    return code


@pytest.mark.parametrize("walk", crossed(("everybody",), [("none", language) for language in LANGUAGES]))
def test_what_everybody_can_read_is_gone_through_by_keyboard(
    browser: Browser, origin: str, walk: Walk
) -> None:
    with on(browser, walk.width, scripts=walk.scripts) as context:
        walker = Walker(context.new_page(), origin, walk)
        for path in SAME_FOR_ALL:
            walker.page.goto(origin + home(walk.language) + path)
            walker.arrives(path.strip("/").replace("/", " "))
