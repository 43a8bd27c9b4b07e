"""Reflecting privately on every form, what is shown of the answers, and pages that are the same for all."""

import ast
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import nodes
from starlette.testclient import TestClient

from app.config import from_environment
from app.errors import ConfigurationError
from app.languages import LANGUAGES
from app.main import create_app
from app.reflect.pages import start_page
from app.runtime import Service
from app.studies import usual_form
from app.support.accessibility import statement
from app.support.pages import SheetPaper
from app.support.signposts import DEFAULT, signposts
from app.templating import FOLDER, environment, render
from instrument import DO_NOT_KNOW, Form, ppiq
from tests.lib.questionnaire_client import NOTHING, Screen, filled_in, respond

ROOT = Path(__file__).parents[2]
FORMS = list(ppiq().forms.values())
REPLACED = {form.replaces for form in FORMS}
Answers = Mapping[str, object]
by_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """On SQLite alone: no page here asks the database for anything but the receipt's."""
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


def name_of(form: Form) -> str:
    return f"ppiq/{form.id}/en"


def press(client: TestClient, page: str, **fields: str) -> str:
    """Press a button of the last form on a page; return the page that follows."""
    form = Screen(page).forms[-1]
    answer = client.post(form.action or "/reflect", data={**form.fields, **fields} or NOTHING)
    assert answer.status_code == 200, answer.text
    return answer.text


def begin(client: TestClient, form: Form) -> str:
    """The first page with questions."""
    return press(client, client.post("/reflect", data={"_form": name_of(form)}).text)


def at_the_end(page: str) -> bool:
    return 'value="result"' in page


def to_the_end(client: TestClient, form: Form, answers: Answers | None = None) -> str:
    page = begin(client, form)
    while not at_the_end(page):
        [shown] = Screen(page).forms
        page = press(client, page, **filled_in(shown, answers or {}))
    return page


def result_of(client: TestClient, form: Form, answers: Answers | None = None) -> str:
    return press(client, to_the_end(client, form, answers), _go="result")


def words_of(page: str) -> str:
    return " ".join(" ".join(Screen(page).words).split())


def headings(page: str) -> list[str]:
    return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<h[123]>(.*?)</h[123]>", page)]


def test_the_second_edition_is_what_every_language_and_a_study_without_a_name_is_offered(
    service: Service,
) -> None:
    for language in LANGUAGES:
        offered = {offer.value for offer in start_page(service, language).offers}
        assert {f"ppiq/{form}/{language}" for form in ("a2", "b2", "c2", "s2")} <= offered
        assert not offered & {f"ppiq/{form}/{language}" for form in REPLACED}
    assert usual_form(service, "ppiq") == "a2"


@by_form
def test_every_form_is_answered_without_a_code_and_shows_each_answer(client: TestClient, form: Form) -> None:
    words = ppiq().words[form.id, "en"]
    page = to_the_end(client, form)
    carried = Screen(page).forms[-1].fields
    assert {item.id for item in form.items} <= set(carried)
    assert {name for name in carried if not name.startswith("_")} - {item.id for item in form.items} <= {
        form.role
    }
    text = words_of(press(client, page, _go="result"))
    role = carried.get(form.role)
    for item in form.items:
        assert words.sentence(item.id, role) in text
        assert words.label(item.scale, int(carried[item.id])) in text
    assert not client.cookies


def test_it_is_the_first_offer_of_the_landing_page(client: TestClient) -> None:
    page = client.get("/").text
    assert page.index('href="/reflect"') < page.index("<form")
    start = Screen(client.get("/reflect").text).forms[0]
    offered = start.choices["_form"]
    assert sorted(offered) == sorted(name_of(form) for form in FORMS if form.id not in REPLACED)
    assert offered[:2] == ["ppiq/a2/en", "ppiq/s2/en"]  # long and short beside each other
    in_arabic = Screen(client.get("/ar/reflect").text).forms[0].choices["_form"]
    assert in_arabic == [each.replace("/en", "/ar") for each in offered]
    again = client.post("/reflect", data=NOTHING)
    assert again.status_code == 422
    assert "choose one of these" in again.text


@by_form
def test_every_question_may_be_left_blank_and_is_asked_about_once(client: TestClient, form: Form) -> None:
    page, pages = begin(client, form), 0
    while not at_the_end(page):
        asked = press(client, page)
        assert "You may leave these blank" in asked
        page, pages = press(client, asked), pages + 1
    assert pages == -(-len(form.items) // form.per_page) + (form.role in form.context)
    result = press(client, page, _go="result")
    assert "Left blank" in result
    assert result.count('class="dot"') == 0
    assert '<td class="number">0</td>' not in result


def test_going_back_clearing_and_looking_aside_lose_no_other_answer(client: TestClient) -> None:
    form = FORMS[0]
    first = press(client, begin(client, form), role="line_manager")
    ids = list(Screen(first).forms[0].choices)
    second = press(client, first, **dict.fromkeys(ids, "3"))
    aside = press(client, second, _go="safety")
    assert "Staying safe" in aside
    again = press(client, press(client, aside, _go="stay"), _go="back")
    assert {name: Screen(again).forms[0].fields.get(name) for name in ids} == dict.fromkeys(ids, "3")
    cleared = press(client, again, _clear=ids[1])
    assert f'href="#{ids[1]}"' in cleared
    assert {name: Screen(cleared).forms[0].fields.get(name) for name in ids} == {
        **dict.fromkeys(ids, "3"),
        ids[1]: None,
    }
    assert "You may leave these blank" not in cleared
    assert "my line manager" in words_of(cleared).lower()


def test_a_value_that_no_page_offers_is_refused(client: TestClient) -> None:
    page = begin(client, FORMS[0])
    fields = Screen(page).forms[0].fields
    for wrong in (
        {"sd5": "7"},
        {"role": "canary"},
        {"_at": "/nowhere"},
        {"_form": "ppiq/z/en"},
        {"_key": "k"},
    ):
        answer = client.post("/reflect", data={**fields, **wrong})
        assert answer.status_code == 422, wrong
        assert "canary" not in answer.text
    assert client.get("/result").status_code == 405


# What is shown


def facets_of(form: Form, **codes: int) -> dict[str, int]:
    """One answer to every item of a facet, keyed so that it tells of this much imbalance."""
    subscales = ppiq().key.subscales(form.id)
    return {
        item.id: (4 - code) if item.reversed else code
        for facet, code in codes.items()
        for item in subscales[facet].items
    }


def figures(page: str) -> dict[str, str]:
    rows = re.findall(r'<tr><th scope="row">(.*?) <span.*?<td class="number">(.*?)</td>', page, re.DOTALL)
    return dict(rows)


A, B, C, S, MODULE = (next(f for f in FORMS if f.id == each) for each in ("a", "b", "c", "s", "who_decides"))
GIVEN = facets_of(A, ec=1, vi=2, sd=3, ag=4, id=0, rr=2)


def test_topics_come_first_then_a_picture_then_the_arithmetic(client: TestClient) -> None:
    page = result_of(client, A, GIVEN)
    arithmetic = '<details class="arithmetic">'
    assert page.index("<dl>") < page.index('class="plot"') < page.index(arithmetic) < page.index("advice")
    assert page.count('class="dot"') == 6
    before, _, behind = page.partition(arithmetic)
    assert "A summary of answers, not a measurement" in before
    assert "A summary of answers, not a measurement" in behind
    assert "precise these figures are: unknown" in words_of(behind)
    assert list(figures(page).values()) == ["100", "75", "50", "50", "25", "0", "50"]
    assert not figures(before)


def test_no_band_and_no_verdict(client: TestClient) -> None:
    for form in FORMS:
        text = words_of(result_of(client, form)).lower()
        found = re.findall(
            r"\b(?:high|low|severe|normal|risk|abusive|score of|percentile|mild|moderate)\b", text
        )
        assert found == [], form.id


def test_too_few_answers_name_the_topics(client: TestClient) -> None:
    answers = {**GIVEN, "ec1": None, "ec2": None, "sd1": None, "rr1": -99}
    page = result_of_blank(client, A, answers)
    assert figures(page)["Evaluation and consequences"] == "–"
    assert figures(page)["Safety to disagree and disclose"] == "75"
    text = words_of(page)
    assert "from 4 answers; left blank: 1" in text
    assert "from 4 answers; rather not say: 1" in text
    assert "not enough answers: Evaluation and consequences;" in text
    assert page.count('class="dot"') == 5


def result_of_blank(client: TestClient, form: Form, answers: Answers) -> str:
    """As `result_of`, insisting on what is left blank."""
    page = begin(client, form)
    while not at_the_end(page):
        [shown] = Screen(page).forms
        page = press(client, page, **filled_in(shown, answers))
    return press(client, page, _go="result")


def test_a_guess_asks_first_and_measures_nobody(client: TestClient) -> None:
    page = result_of(client, B, {"b_sd5": DO_NOT_KNOW, "b_id1": DO_NOT_KNOW})
    assert "This is your guess, not a measure of the other person" in headings(page)[0]
    first, _, rest = page.partition('<details class="topic">')
    assert first.count("<li>") == 2
    assert "What you do not know" in first
    assert "Do not put these sentences to the other person." in first
    assert not re.search(r"\bask\b", words_of(first[first.index("What you do not know") :]), re.IGNORECASE)
    assert 'class="plot"' not in rest
    assert 'class="arithmetic"' not in page
    assert not figures(page)


def test_the_short_form_shows_a_total_alone(client: TestClient) -> None:
    page = result_of(client, S, dict.fromkeys((item.id for item in S.items), 1))
    assert figures(page) == {"All six together": "50"}
    assert page.count('class="dot"') == 1


def test_who_decides_is_shown_area_by_area_and_never_added_up(client: TestClient) -> None:
    page = result_of(client, MODULE, {item.id: index % 7 + 1 for index, item in enumerate(MODULE.items)})
    blocks = page.split('<details class="topic">')[1:]
    assert [block.partition("</details>")[0].count("<dt>") for block in blocks] == [2] * 8
    assert headings(page)[1:4] == [
        "What we talk about",
        "When and how often we meet",
        "The aims of what we do",
    ]
    later = next(form for form in FORMS if form.replaces == MODULE.id)
    assert headings(result_of(client, later, {each.id: 1 for each in later.items}))[1:4] == [
        "What the two of you talk about",
        "How often the two of you meet",
        "At what time the two of you meet",
    ]
    assert 'class="arithmetic"' not in page
    assert "<svg" not in page


def test_who_uses_a_service_is_shown_no_markers_and_no_tutors(client: TestClient) -> None:
    text = words_of(result_of(client, C, {}))
    advice = text[text.index("What could be tried") :]
    assert not re.search(r"marker|tutor|union|change supervisor|line management", advice)
    assert "Talk to an advocate or another contact on the list." in advice
    assert "Offer an independent advocate" in advice
    assert "Offer an independent advocate" not in words_of(result_of(client, A, {}))


@by_form
def test_who_has_less_power_is_shown_safe_steps_first_whatever_was_answered(
    form: Form, client: TestClient
) -> None:
    page = result_of(client, form, {})
    text = words_of(page)
    by_audience = ppiq().advice["en"].steps
    steps = [step for each in form.audiences for step in by_audience[each]]
    if form.result == "guess":
        assert "Safe steps for you" not in text
        assert not [step for each in by_audience.values() for step in each if step in text]
    else:
        assert page.index("Safe steps for you") < page.index("Actions for every topic")
        assert all(each in text for each in steps)
        assert steps[0].startswith("Talk first to ")
        others = [step for each in by_audience.values() for step in each if step not in steps]
        assert not [each for each in others if each in text]
    for each in ppiq().advice["en"].references:
        assert each in text


def test_what_the_evidence_names_is_in_the_list_of_references() -> None:
    listed = " ".join(ppiq().advice["en"].references)
    for action in ppiq().actions:
        for author in re.findall(
            r"\b([A-Z][\w-]+)(?:,? (?:and|[A-Z])[\w ]*)? (?:19|20)\d\d", action.evidence
        ):
            assert author in listed, action.evidence


def test_nobody_is_drawn_to_tell_who_they_are(client: TestClient) -> None:
    advice = {action.id: action.action for action in ppiq().actions}
    assert "Nobody has to tell anything" in advice["id_differences_together"]
    assert "as an answer" in advice["id_ask"]
    assert "if the person wishes" in advice["id_raise_early"]
    sheet = client.get("/sheet").text
    assert "The person with more power answers first; nobody has to tell anything." in sheet
    printed = render(SheetPaper(language="en"))
    assert "if you feel unsafe" in printed
    assert "The person with more power begins." in printed


def test_only_in_private_does_the_order_follow_the_figures(client: TestClient) -> None:
    private = result_of(client, A, GIVEN)
    fields = Screen(private).forms[-1].fields
    sent = client.post("/result", data=fields).text
    other = client.post("/result", data={**fields, **dict.fromkeys(GIVEN, "4")}).text
    names = list(ppiq().words["a", "en"].facets.values())[:6]
    topics = [[each for each in headings(page) if each in names] for page in (private, sent, other)]
    assert topics[0][:2] == ["Agreement on roles, limits and privacy", "Safety to disagree and disclose"]
    assert topics[0][0] == topics[0][6]
    assert topics[1] == topics[2] != topics[0]
    for page in (private, sent, other):
        text = words_of(page)
        assert all(action.action in text for action in ppiq().actions if action.audience != "service_users")
    assert "Go back to the questions" not in sent


def test_after_leaving_or_finishing_no_page_of_the_run_comes_back(client: TestClient) -> None:
    for leave in (True, False):
        last = to_the_end(client, A)
        fields = Screen(last).forms[-1].fields
        if leave:
            [way_out] = [link for link in Screen(last).links if link.startswith("/exit/")]
            answer = client.get(way_out)
            assert answer.status_code == 303
            assert answer.headers["clear-site-data"] == '"cache", "storage"'
        else:
            assert "You have finished" in press(client, last, _go="finish")
        for path in ("/reflect", "/result"):
            gone = client.post(path, data={**fields, "_go": "result"})
            assert gone.status_code == 404
            assert "This page has ended" in gone.text
            assert "Mostly true" not in gone.text


def test_pages_are_small(client: TestClient) -> None:
    for form in FORMS:
        page = begin(client, form)
        while not at_the_end(page):
            assert len(page.encode()) <= 12 * 1024
            page = press(client, page, **filled_in(Screen(page).forms[0], {}))


# After a wave


def sent_page(client: TestClient, code: str) -> str:
    """The page of the receipt, whole."""
    kept: list[str] = []
    client.event_hooks["response"] = [lambda response: kept.append(response.read().decode())]
    respond(client, code, {"sd5": 3})
    client.event_hooks["response"] = []
    return kept[-1]


def test_who_has_sent_may_see_their_answers_once_from_that_page_alone(client: TestClient, code: str) -> None:
    page = sent_page(client, code)
    [form] = Screen(page).forms
    assert form.action == "/result"
    assert set(form.fields) == {"_form", "_key", "_at", "role", *(item.id for item in A.items)}
    shown = client.post(form.action, data=form.fields)
    assert "Your answers, by topic" in shown.text
    assert "Demonstration" not in shown.text
    [way_out] = [link for link in Screen(page).links if link.startswith("/exit/")]
    client.get(way_out)
    assert client.post(form.action, data=form.fields).status_code == 404


def test_finishing_after_sending_says_that_the_answers_are_kept(client: TestClient, code: str) -> None:
    [form] = Screen(sent_page(client, code)).forms
    result = Screen(client.post("/result", data=form.fields).text).forms[-1]
    finished = client.post("/result", data={**result.fields, "_go": "finish"})
    assert "The answers that you sent are kept" in finished.text
    assert "Nothing of your answers was kept" not in finished.text
    assert client.post("/result", data=form.fields).status_code == 404


# The same for everybody


def test_people_to_talk_to_are_the_same_for_everybody_and_told_nothing(client: TestClient, code: str) -> None:
    page = client.get("/support").text
    assert "This site tells nobody about you" in page
    assert "has not yet checked" in page
    text = words_of(page)
    people = [person for each in signposts().countries.values() for g in each.groups for person in g.people]
    assert all(person.name in text for person in people)
    reached = [person for person in people if person.telephone or person.address]
    assert 0 < text.count("Not checked") == sum(not person.seen for person in reached) < len(reached)
    assert "If your country is not here" in text
    for where in ("/", "/reflect", "/safety"):
        assert 'href="/support"' in client.get(where).text
    assert 'href="/support"' in sent_page(client, code)
    assert 'href="/support"' in result_of(client, A)


BROKEN = """\
language: en
countries:
  gb:
    name: "United Kingdom"
    checked: perhaps
    groups:
      - title: "Now"
        people:
          - {name: "Someone", for_what: "", address: "http://example.org"}
"""


def test_a_list_that_cannot_be_used_is_refused_with_every_line(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "signposts.yaml"
    path.write_text(BROKEN)
    settings = replace(service.settings, signposts=path)
    with pytest.raises(ConfigurationError) as refused:
        create_app(settings, service)
    told = str(refused.value)
    assert "signposts.yaml:5:" in told
    assert "signposts.yaml:9:" in told
    assert "https://" in told
    path.write_text("countries: [")
    with pytest.raises(ConfigurationError, match="not YAML"):
        create_app(replace(settings, signposts=path.rename(tmp_path / "other.yaml")), service)


def test_an_operator_names_another_list(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(DEFAULT.read_text().replace("checked: false", "checked: true").replace("999", "112"))
    environment = {
        "COUNTERPOISE_SIGNPOSTS": str(path),
        "COUNTERPOISE_SECRET": "00" * 32,
        "COUNTERPOISE_DATABASE_URL": service.settings.database_url,
    }
    settings = replace(from_environment(environment), secure=False)
    page = TestClient(create_app(settings, replace(service, settings=settings))).get("/support").text
    assert "112" in page
    assert "has not yet checked" not in page


def test_the_sheet_depends_on_nobody(client: TestClient) -> None:
    page = client.get("/sheet")
    assert not Screen(page.text).forms
    paper = client.get("/sheet.pdf")
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["content-type"] == "application/pdf"


def test_the_accessibility_page_names_only_tests_that_exist(client: TestClient) -> None:
    page = client.get("/accessibility").text
    told = statement()
    assert told.fails
    for each in told.tested:
        file, _, name = each.test.partition("::")
        functions = {
            node.name
            for node in ast.walk(ast.parse((ROOT / file).read_text()))
            if isinstance(node, ast.FunctionDef)
        }
        assert not name or name in functions, each.test
        assert each.test in page
    text = words_of(page)
    assert all(each in text for each in told.fails)


TEMPLATES = sorted((*FOLDER.glob("templates/reflect/*.html"), *FOLDER.glob("templates/support/*.html")))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_word_of_these_pages_can_be_translated(path: Path) -> None:
    tree = environment("en").parse(path.read_text())
    plain = " ".join(data.data for data in tree.find_all(nodes.TemplateData))
    words = re.sub(r"<style>.*?</style>|<[^>]*>?|[^<]*>", " ", plain, flags=re.DOTALL)
    assert not re.search(r"[A-Za-z]{3,}", words), words
