"""A questionnaire of another subject, direction and method means on every page what it says itself."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from analysis.disclosure.base_table import About, Group, Unit, base_table, rules
from analysis.disclosure.release import release
from app import studies
from app.db import write
from app.main import create_app
from app.report.pages import report_page
from app.runtime import Service
from app.studies import waves
from app.studies.information import example
from app.templating import render
from instrument import Instrument, rescaled
from instrument.exchange.spreadsheet_form import instrument_of
from tests.lib.hosted import as_text, changed
from tests.lib.questionnaire_client import NOTHING, Screen, filled_in, respond

PPIQS_OWN = re.compile(
    r"imbalance|supervis|working relationship|educator|line manager|\bpower\b", re.IGNORECASE
)
ANSWERS = {"joy_1": 4, "joy_2": 2, "yield_1": 2, "yield_2": 4}


@pytest.fixture
def url(sqlite_url: str) -> str:
    """On SQLite alone: it is about the pages."""
    return sqlite_url


def garden(private: str = "yes") -> Instrument:
    return instrument_of(as_text(changed("questionnaire", 2, "private", private)))


def served(service: Service, instrument: Instrument) -> TestClient:
    other = replace(service, instruments={**service.instruments, "garden": instrument})
    return TestClient(create_app(other.settings, other), base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with served(service, garden()) as client:
        yield client


def pages_of_a_run(client: TestClient, answers: Mapping[str, object]) -> list[str]:
    pages = [client.post("/reflect", data={"_form": "garden/garden/en"}).text]
    while "data-end" not in pages[-1] and len(pages) < 9:
        form = Screen(pages[-1]).forms[-1]
        asked = {**form.fields, **filled_in(form, answers)}
        last = 'value="result"' in pages[-1]
        pages.append(
            client.post("/reflect", data={**asked, **({"_go": "result"} if last else {})} or NOTHING).text
        )
        if last:
            break
    return pages


def test_every_figure_is_put_on_0_to_100_whatever_the_method() -> None:
    figures = {
        name: round(each.value or 0, 1) for name, each in rescaled(garden(), "garden", ANSWERS).items()
    }
    assert figures == {"joy": 83.3, "harvest": 16.7, "whole": 38.9}
    one = rescaled(garden(), "garden", {"joy_1": 4})
    assert [each.value for each in one.values()] == [100.0, None, None]


def test_dots_stand_where_the_answers_are_and_mean_what_it_says(client: TestClient) -> None:
    *_, page = pages_of_a_run(client, ANSWERS)
    assert re.findall(r'class="dot" cx="([^"]*)"', page) == ["83.3%", "16.7%"]
    assert "Further to the right, the garden is more of a pleasure." in page
    assert "0 stands for “no pleasure”, 100 for “all pleasure”." in page
    assert "Thank you for thinking about the garden." in page
    assert re.findall(r'<td class="number">(.*?)</td>', page) == ["83.3", "16.7", "38.9"]


def test_no_page_of_it_speaks_of_the_ppiq(client: TestClient, service: Service) -> None:
    for page in (client.get("/").text, *pages_of_a_run(client, ANSWERS)):
        assert PPIQS_OWN.findall(page) == []
    with write(service.engine) as db:
        told = {"people": 20, "information": dict.fromkeys(example(), "About the garden.")}
        studies.make_study(db, id="plot", title="Plot 7", instrument="garden", form="garden", **told)
        studies.add_unit(db, "plot", "one", "One")
        other: Service = client.app.state.service  # type: ignore[attr-defined]
        wave = waves.make_wave(other, db, "plot")
        waves.open_wave(other, db, wave, confirmed=waves.CONFIRMATIONS)
        first, second = waves.issue_codes(other, db, wave, "one", 2)
    client.post("/enter", data={"code": first})
    consent = client.get("/consent").text
    assert "Our shared garden" in consent
    assert "This is about the garden that you share." in consent
    assert PPIQS_OWN.findall(consent) == []
    client.cookies.clear()
    assert respond(client, second, ANSWERS)


def test_it_joins_the_private_list_only_if_its_folder_says_so(client: TestClient, service: Service) -> None:
    assert "Our shared garden" in client.get("/reflect").text
    with served(service, garden("")) as unasked:
        assert "Our shared garden" not in unasked.get("/reflect").text
        assert unasked.post("/reflect", data={"_form": "garden/garden/en"}).status_code == 422
        of_another = Screen(unasked.post("/reflect", data={"_form": "ppiq/a/en"}).text).forms[-1].fields
        asked = {**of_another, "_form": "garden/garden/en"}
        assert unasked.post("/reflect", data=asked).status_code == 422


def test_the_report_of_a_group_says_its_direction() -> None:
    people = [dict(ANSWERS)] * 40
    about = About(
        study="plot",
        title="Plot 7",
        wave="plot-1",
        ordinal=1,
        closed_on="2026-11-30",
        simulated=True,
        instrument="garden",
        instrument_title="Our shared garden",
        form="garden",
        form_hash="",
        key_revision=1,
        respondents="People who share a garden",
        window="This season",
        k=10,
        leaving="reports",
    )
    group = Group(unit="one", pairs=(("plot-1", "one"),), people=people)
    units = [Unit(id="one", title="One", level="unit", parent=None)]
    page = report_page(release(base_table(about, garden(), [group], units, rules(10))), None, garden())
    assert page is not None
    printed = render(page)
    assert "Further to the right, the garden is more of a pleasure." in printed
    assert PPIQS_OWN.findall(printed) == []
