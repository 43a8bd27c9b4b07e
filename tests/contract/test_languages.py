"""The questionnaire in every language: chosen on the first page, remembered, never replaced by another."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from analysis.disclosure.leaving import LEAVING
from app.db import read, write
from app.errors import Refused
from app.languages import LANGUAGES, SOURCE, day, home, translations
from app.main import create_app
from app.questionnaire.consent import consent
from app.questionnaire.path import survey_paths
from app.runtime import Service
from app.studies import waves
from app.studies.information import example, written
from app.survey.drafts import open_draft
from app.survey.pages import landing_page
from app.tables import Code, Draft, Response, Wave, table
from instrument import ppiq
from tests.lib.cohorts import another_study
from tests.lib.questionnaire_client import NOTHING, Screen, come_back, filled_in, six_words
from tests.lib.respondents import rows

TRANSLATED = [code for code in LANGUAGES if code != SOURCE]
NOT_A_WORD = {"SIMULATED", "Demonstration", "Shift", "Tab", "PDF", "WCAG", "AA"}
SAME_IN_TWO = {"No"}
"""Words that another language spells as English does."""


@pytest.fixture
def url(sqlite_url: str) -> str:
    """What pages say does not depend on the engine."""
    return sqlite_url


class Outline(HTMLParser):
    """What is read on a page: its language, and each piece of text with the language it is said to be in."""

    VOID = ("meta", "link", "input", "br")

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.html: dict[str, str | None] = {}
        self.links: list[dict[str, str | None]] = []
        self.texts: list[tuple[str, str]] = []
        self._within: list[tuple[str, str]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        at = dict(attributes)
        around = self._within[-1][1] if self._within else ""
        # A receipt is in no language, and sources are cited by the names of their authors.
        apart = at.get("translate") == "no" or at.get("class") == "evidence"
        language = "none" if apart else at.get("lang") or around
        if tag == "html":
            self.html = at
        if tag == "a":
            self.links.append(at)
        for name in ("aria-label", "alt", "data-two", "data-one", "data-wait"):
            if at.get(name):
                self.texts.append((language, str(at[name])))
        if tag not in self.VOID:
            self._within.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and self._within and self._within[-1][0] != "style":
            self.texts.append((self._within[-1][1], " ".join(data.split())))


def follow(client: TestClient, answer: object) -> object:
    while answer.status_code == 303:
        answer = client.get(answer.headers["location"])
    return answer


def survey(client: TestClient, language: str, code: str) -> Iterator[str]:
    """Every page of the way in a language, with what it says where something is left out."""
    at = home(language)
    yield client.get(at + "/").text
    yield client.post(at + "/enter", data={"code": "wrong"}).text
    answer = follow(client, client.post(at + "/enter", data={"code": code}))
    yield answer.text
    yield client.post(at + "/consent", data=NOTHING).text
    answer = follow(client, client.post(at + "/consent", data={"study": "yes"}))
    for _ in range(40):
        yield answer.text
        [*_, form] = Screen(answer.text).forms
        if form.action.endswith("/result") or (not form.action and "receipt" in answer.text):
            break
        if form.action.endswith("/send"):
            answer = client.post(form.action, data=form.fields)
            yield answer.text
            break
        address = str(answer.request.url.path)
        # First nothing, so that the page asks about blanks; then the first answer to everything.
        yield follow(client, client.post(address, data=NOTHING)).text
        answer = follow(client, client.post(address, data=filled_in(form, {})))


def alone(client: TestClient, language: str) -> Iterator[str]:
    """Form A as somebody reflects on it by themselves, to the result and the end."""
    at = home(language)
    yield client.post(at + "/reflect", data=NOTHING).text
    answer = client.post(at + "/reflect", data={"_form": f"ppiq/a/{language}"})
    for _ in range(40):
        yield answer.text
        [*_, form] = Screen(answer.text).forms
        buttons = re.findall(r'name="_go" value="(\w+)"', answer.text)
        go = (
            {"_go": next(each for each in ("result", "finish") if each in buttons)}
            if "finish" in buttons
            else {}
        )
        answer = client.post(
            form.action or at + "/reflect", data={**form.fields, **filled_in(form, {}), **go}
        )
        if go.get("_go") == "finish":
            yield answer.text
            return
    raise AssertionError("a way without an end")


def elsewhere(client: TestClient, language: str) -> Iterator[str]:
    for path in (
        "/reflect",
        "/safety",
        "/support",
        "/sheet",
        "/erase",
        "/accessibility",
        "/page/1",
        "/nothing",
    ):
        yield client.get(home(language) + path).text
    yield client.post(home(language) + "/erase", data={"receipt": "wrong"}).text
    yield client.post(home(language) + "/safety", data=NOTHING).text
    yield client.post(home(language) + "/send", data=NOTHING).text


def everything(client: TestClient, language: str, code: str) -> list[str]:
    return [*survey(client, language, code), *alone(client, language), *elsewhere(client, language)]


@pytest.fixture
def codes(service: Service, study: str) -> dict[str, str]:
    with write(service.engine) as db:
        made = waves.issue_codes(service, db, f"{study}-1", "north", len(LANGUAGES))
    return dict(zip(LANGUAGES, made, strict=True))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_page_says_anything_in_english(client: TestClient, codes: dict[str, str], language: str) -> None:
    english = {text for page in everything(client, SOURCE, codes[SOURCE]) for _, text in Outline(page).texts}
    client.cookies.clear()
    pages = everything(client, language, codes[language])
    assert len(pages) > 40
    for page in pages:
        outline = Outline(page)
        assert (outline.html["lang"], outline.html["dir"]) == (language, LANGUAGES[language].direction)
        own = [text for lang, text in outline.texts if lang == language]
        left = {text for text in own if text in english and re.search("[A-Za-z]{2}", text)}
        assert left <= NOT_A_WORD | SAME_IN_TWO | {each.name for each in LANGUAGES.values()}
        if language == "ar":
            latin = {word for text in own for word in re.findall(r"[A-Za-z]{2,}", text)}
            assert latin <= NOT_A_WORD, own


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_page_of_questions_is_small_in_every_script(
    client: TestClient, codes: dict[str, str], language: str
) -> None:
    pages = list(survey(client, language, codes[language]))
    asking = [len(page.encode()) for page in pages if 'id="questions"' in page]
    assert len(asking) > 10
    assert max(asking) <= 12 * 1024


@pytest.mark.usefixtures("study")
def test_the_first_page_names_each_language_in_itself(client: TestClient) -> None:
    for code in LANGUAGES:
        answer = client.get(home(code) + "/")
        assert "set-cookie" not in answer.headers
        links = [each for each in Outline(answer.text).links if "hreflang" in each]
        assert [each["href"] for each in links] == [home(each) + "/" for each in LANGUAGES]
        assert [(each["lang"], each["dir"]) for each in links] == [
            (each, LANGUAGES[each].direction) for each in LANGUAGES
        ]
        assert [each["lang"] for each in links if "aria-current" in each] == [code]
        texts = Outline(answer.text).texts
        for each, (name, _) in LANGUAGES.items():
            assert (each, name) in texts
        assert client.get(home(code) or "/").text == answer.text


def test_a_page_leads_on_in_its_language(client: TestClient, codes: dict[str, str]) -> None:
    for page in everything(client, "ar", codes["ar"]):
        screen = Screen(page)
        ways = [form.action for form in screen.forms if form.action]
        ways += [each["href"] for each in Outline(page).links if "hreflang" not in each]
        for way in ways:
            assert way.startswith(("/ar/", "/exit", "#", "https://")), way


@pytest.mark.usefixtures("study")
def test_what_is_no_language_is_no_page(client: TestClient) -> None:
    for path in ("/de/", "/en/", "/AR/", "/ar/ar/"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_was_read_is_kept_with_the_answers(
    client: TestClient, service: Service, codes: dict[str, str], language: str
) -> None:
    for _ in survey(client, language, codes[language]):
        pass
    [kept] = rows(service, table(Response))
    assert kept.language == language
    assert kept.words_hash == ppiq().words["a", language].hash
    assert kept.consent_hash == consent(10, language, leaving=LEAVING["reports"]).hash
    assert kept.consent_hash != consent(10, SOURCE, leaving=LEAVING["reports"]).hash


@pytest.mark.usefixtures("study")
def test_the_consent_names_the_day_on_which_answers_are_deleted(client: TestClient, service: Service) -> None:
    on = date(2040, 3, 9)
    wave = another_study(service, "brief", retire_on=on)
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, wave, "only", len(LANGUAGES))
    for language, code in zip(LANGUAGES, codes, strict=True):
        client.post(home(language) + "/enter", data={"code": code})
        assert day(on.isoformat(), language) in client.get(home(language) + "/consent").text
        client.post(home(language) + "/consent", data={"study": "yes"})
        agreed = sheet(client, service).consent
        without = consent(10, language, leaving=LEAVING["reports"]).hash
        told = {"leaving": LEAVING["reports"], "information": written(example())}
        assert agreed == consent(10, language, retire_on=on, **told).hash != without
        client.cookies.clear()


def begun(client: TestClient, code: str, language: str, *pages: int) -> None:
    at = home(language)
    client.post(at + "/enter", data={"code": code})
    client.post(at + "/consent", data={"study": "yes"})
    for path in ("/about", *(f"/page/{page}" for page in pages)):
        [form] = Screen(client.get(at + path).text).forms
        client.post(at + path, data=filled_in(form, {}))


def sheet(client: TestClient, service: Service) -> object:
    with read(service.engine) as db:
        return open_draft(service, db, client.cookies["place"]).sheet


def test_a_draft_remembers_its_language_on_every_device(
    client: TestClient, service: Service, codes: dict[str, str]
) -> None:
    begun(client, codes["cy"], "cy", 1)
    words = six_words(client)
    with TestClient(
        create_app(service.settings, service), base_url="http://127.0.0.1", follow_redirects=False
    ) as other:
        assert come_back(other, codes["cy"], words) == "/cy/page/2"
        assert Outline(other.get("/cy/page/2").text).html["lang"] == "cy"


def test_another_language_midway_keeps_every_answer_and_asks_again_what_is_agreed_to(
    client: TestClient, service: Service, codes: dict[str, str]
) -> None:
    begun(client, codes["es"], "es", 1)
    before = sheet(client, service)
    # From a page of questions: what was chosen there is saved as well.
    [form] = Screen(client.get("/es/page/2").text).forms
    [name, *_] = form.choices
    aside = client.post("/es/page/2", data={name: form.choices[name][1], "_go": "language"})
    assert aside.headers["location"] == "/es/consent"
    assert client.post("/es/consent", data={"_language": "ar"}).headers["location"] == "/ar/consent"
    after = sheet(client, service)
    assert (after.language, after.consent) == ("ar", "")
    assert after.answers == {**before.answers, name: int(form.choices[name][1])}
    assert client.get("/es/page/2").headers["location"] == "/ar/consent"
    shown = client.get("/ar/consent").text
    assert Outline(shown).html["dir"] == "rtl"
    assert client.post("/ar/consent", data={"study": "yes"}).headers["location"] == "/ar/page/2"
    assert "checked" in client.get("/ar/page/2").text


def test_a_language_that_no_page_offers_is_refused(
    client: TestClient, service: Service, codes: dict[str, str]
) -> None:
    begun(client, codes["en"], "en")
    before = sheet(client, service)
    assert client.post("/consent", data={"_language": "de"}).status_code == 422
    assert sheet(client, service) == before


@pytest.fixture
def without_arabic(service: Service, study: str) -> None:
    """A wave that was made before its form spoke Arabic."""
    with write(service.engine) as db:
        hashes = {code: ppiq().words["a", code].hash for code in LANGUAGES if code != "ar"}
        db.execute(update(table(Wave)).where(table(Wave).c.study == study).values(words_hashes=hashes))
    survey_paths(service).clear()


@pytest.mark.usefixtures("without_arabic")
def test_a_wave_without_the_words_says_so_and_begins_nothing(
    client: TestClient, service: Service, codes: dict[str, str]
) -> None:
    answer = client.post("/ar/enter", data={"code": codes["ar"]})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers
    assert translations("ar").gettext("These questions are not there in this language") in answer.text
    offered = re.findall(r'formaction="([^"]*)"', answer.text)
    assert offered == ["/enter", "/cy/enter", "/es/enter"]
    assert f'value="{codes["ar"]}"' in answer.text
    assert rows(service, table(Draft)) == []
    assert {row.state for row in rows(service, table(Code))} == {"issued"}
    assert client.post("/cy/enter", data={"code": codes["ar"]}).headers["location"] == "/cy/consent"
    shown = client.get("/cy/consent").text
    assert re.findall(r'name="_language" value="(\w+)"', shown) == ["en", "es"]
    assert client.post("/cy/consent", data={"_language": "ar"}).status_code == 422


def test_a_draft_outlives_the_words_it_was_begun_in(
    client: TestClient, service: Service, codes: dict[str, str], request: pytest.FixtureRequest
) -> None:
    begun(client, codes["ar"], "ar", 1)
    before = sheet(client, service)
    request.getfixturevalue("without_arabic")
    assert client.get("/ar/page/2").status_code == 404
    assert client.post("/ar/enter", data={"code": codes["ar"]}).status_code == 422
    assert client.post("/es/enter", data={"code": codes["ar"]}).headers["location"] == "/es/consent"
    assert sheet(client, service).answers == before.answers


@pytest.mark.parametrize("status", ["draft", "reviewed", "back-translated", "tested"])
def test_a_draft_is_called_a_draft_on_the_first_page(
    service: Service, codes: dict[str, str], status: str
) -> None:
    words = {key: replace(each, status=status) for key, each in ppiq().words.items()}
    spoken = replace(service, instruments={"ppiq": replace(ppiq(), words=words)})
    assert landing_page(spoken, "en").draft is False
    with TestClient(
        create_app(service.settings, spoken), base_url="http://127.0.0.1", follow_redirects=False
    ) as client:
        for language in TRANSLATED:
            assert ('class="draft"' in client.get(home(language) + "/").text) is (status == "draft")
            client.post(home(language) + "/enter", data={"code": codes[language]})
            assert ('class="draft"' in client.get(home(language) + "/consent").text) is (status == "draft")
            alone = client.post(home(language) + "/reflect", data={"_form": f"ppiq/a/{language}"})
            assert ('class="draft"' in alone.text) is (status == "draft")


def test_a_form_in_no_language_of_the_interface_makes_no_wave(service: Service, study: str) -> None:
    words = {(form, "de"): replace(each, language="de") for (form, _), each in ppiq().words.items()}
    german = replace(service, instruments={"ppiq": replace(ppiq(), words=words)})
    with pytest.raises(Refused, match="no language of the interface"), write(service.engine) as db:
        waves.make_wave(german, db, study)


@pytest.mark.usefixtures("study")
def test_a_failure_is_told_in_the_language_of_the_address(client: TestClient) -> None:
    say = translations("cy").gettext
    assert ("cy", say("There is nothing at this address")) in Outline(client.get("/cy/nothing").text).texts
    assert client.get("/cy/nothing.json").json()["message"].startswith("There is nothing at this address")
    answer = client.post("/cy/enter", data={"code": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert ("cy", say("This page was reached from another site")) in Outline(answer.text).texts
