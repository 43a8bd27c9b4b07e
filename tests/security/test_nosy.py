"""A trainer, a host and a stranger who look for more than they were given."""

import csv
import io
from urllib.parse import quote

import pytest
from pypdf import PdfReader
from starlette.testclient import TestClient

from app import studies
from app.db import write
from app.errors import Refused
from app.runtime import Service
from app.staff import accounts, sessions
from app.staff.permissions import ROUTES
from app.studies import waves
from tests.lib.cohorts import another_study, close, next_wave
from tests.lib.cohorts import take_part as take_part_some
from tests.lib.staff_accounts import PASSWORD, code_of, ready, sign_in
from tests.privacy.organisations import of_one_mind, organisation

ENDINGS = ("", ".json", ".csv", ".pdf")
ARABIC = "مستشفى الأمل (وحدة ٢)"
EVIL = ("=1+1", "+1", "-1", "@A1", "＝1", "North;=1+1", "<b>North</b>", "{{ 7*7 }}", "'; DROP TABLE unit; --")


@pytest.fixture
def trainer(service: Service, client: TestClient, study: str) -> TestClient:
    sign_in(service, client, ready(service, "tara", trainer=study))
    return client


@pytest.fixture
def host(service: Service, client: TestClient, study: str) -> TestClient:
    sign_in(service, client, ready(service, "hana", host=study))
    return client


def take_part(service: Service, wave: str, unit: str, people: list[dict[str, int]]) -> None:
    if people:
        take_part_some(service, wave, unit, people)


def answer(client: TestClient, path: str, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
    """All that a response shows: status, headers and body."""
    sent = {"data": {"sure": "yes", "unit": "only", "count": "1"}} if method == "POST" else {}
    told = client.request(method, path, **sent)
    return told.status_code, sorted(told.headers.items()), told.content


# ---- what exists and what does not ----


def test_to_a_trainer_what_is_hidden_open_of_others_or_nowhere_looks_the_same(
    service: Service, trainer: TestClient, study: str
) -> None:
    """A unit that was held out, is empty, or never existed; a wave that is open, another study's, or does not
    exist.
    """
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    take_part(service, "demo-1", "north", of_one_mind(9, 2))
    close(service, "demo-1")
    next_wave(service, study)
    take_part(service, "demo-2", "south", of_one_mind(12, 2))
    other = another_study(service, "other")
    take_part(service, other, "only", of_one_mind(12, 2))
    close(service, other)
    for ending in ENDINGS:
        assert trainer.get(f"/report/waves/demo-1/units/south{ending}").status_code == 200
        of_units = {
            str(answer(trainer, f"/report/waves/{where}{ending}"))
            for where in (
                *(f"demo-1/units/{unit}" for unit in ("north", "east", "nowhere", "NORTH", "%00")),
                "demo-2",
                "demo-2/units/south",
                other,
                f"{other}/units/only",
                "none-1",
                "%00",
            )
        }
        assert len(of_units) == 1, ending


def test_to_a_host_another_s_study_looks_like_none(service: Service, host: TestClient) -> None:
    other = another_study(service, "other")
    take_part(service, other, "only", of_one_mind(3, 2))
    checked = 0
    for route in ROUTES:
        method, path = route.split()
        if path.startswith(("/host/studies/{", "/host/waves/{")):
            theirs, nobodys = (
                answer(host, path.replace("{study}", name).replace("{wave}", f"{name}-1"), method)
                for name in ("other", "nothing")
            )
            assert theirs == nobodys, route
            assert theirs[0] == 404
            checked += 1
    assert checked == 34


def test_a_host_who_does_what_is_refused_learns_nothing_from_the_reason(
    service: Service, host: TestClient
) -> None:
    """Every page of an open wave and every refusal are the same, whoever has answered."""
    # A trial is at an address drawn at random, so no two are the same.
    asked = [
        (path, method)
        for route in ROUTES
        for method, path in [route.replace("{study}", "demo").replace("{wave}", "demo-1").split()]
        if path.startswith("/host/") and not path.endswith(("/pause", "/close", "/demo/waves", "/try"))
    ]
    told = []
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, "demo-1", "north", 20)
    for more in (0, 1, 8, 11):
        theirs, codes = codes[:more], codes[more:]
        take_part_some(service, "demo-1", "north", of_one_mind(more, 2), codes=theirs)
        told.append([answer(host, *each) for each in asked])
    assert all(each == told[0] for each in told)
    assert [status for status, _, _ in told[0]].count(422) == 23


def test_no_address_and_no_field_makes_the_service_fail(
    service: Service, client: TestClient, study: str
) -> None:
    for role in ("trainer", "host", "researcher"):
        ready(service, role, **{role: study})
    ready(service, "operator", operator="*")
    form = {"content-type": "application/x-www-form-urlencoded"}
    names = [quote(name, errors="surrogatepass") for name in ("\0", "\ud800", "x" * 5000, "' OR 1=1 --")]
    for role in ("trainer", "host", "researcher", "operator"):
        sign_in(service, client, role)
        for route, roles in ROUTES.items():
            method, path = route.split()
            for name in names if role in roles else ():
                for part in ("{study}", "{wave}", "{unit}", "{account}"):
                    path = path.replace(part, name)
                body = f"name={name}&id={name}&title={name}&unit={name}&form={name}&study={name}&count=1"
                sent = {"content": body, "headers": form} if method == "POST" else {}
                assert client.request(method, path, **sent).status_code < 500, (route, name)
    client.cookies.clear()
    for name in names:
        for path, field in (("/staff/sign-in", "name"), ("/staff", "token"), ("/enter", "code")):
            told = client.post(path, content=f"{field}={name}&password=x", headers=form)
            assert told.status_code in (404, 422), (path, name, told.status_code)


# ---- sessions ----


def test_a_session_planted_in_a_browser_is_not_the_one_that_signs_in(
    service: Service, client: TestClient, study: str
) -> None:
    ready(service, "tara", trainer=study)
    planted = sessions.SESSION_PREFIX + "A" * 43
    client.cookies["staff"] = planted
    fields = {"name": "tara", "password": PASSWORD, "code": code_of(service, "tara")}
    assert client.post("/staff/sign-in", data=fields).status_code == 303
    client.cookies.clear()
    client.cookies["staff"] = planted
    assert client.get("/report").status_code == 404


def test_every_form_of_staff_is_refused_from_another_site(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "omar", operator="*", host="*"))
    posts = [route.split()[1] for route in ROUTES if route.startswith("POST")]
    for path in (*posts, "/staff", "/staff/sign-in", "/staff/enrol", "/staff/again", "/staff/leave"):
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
            told = client.post(path, data={"name": "mallory"}, headers=headers)
            assert told.status_code == 403, path
    assert client.get("/operator").status_code == 200, "nobody was signed out"
    assert "mallory" not in client.get("/operator").text


def test_a_session_or_a_token_of_one_study_opens_no_other_by_any_spelling(
    service: Service, trainer: TestClient
) -> None:
    other = another_study(service, "other")
    take_part(service, other, "only", of_one_mind(12, 2))
    close(service, other)
    for path in (
        f"/report/waves/demo-1/../{other}",
        f"/report/waves/demo-1%2F..%2F{other}",
        f"/report/waves//{other}",
        f"/report/waves/{other}/",
        f"/report/waves/{other}.JSON",
        f"/report/waves/{other}?study=demo",
        f"/en/trainer/waves/{other}",
        f"/ar/trainer/waves/{other}.csv",
    ):
        told = trainer.get(path)
        assert told.status_code == 404, path
        assert "Other" not in told.text


# ---- how many people there are ----


@pytest.mark.parametrize(
    ("people", "told"), [(0, None), (9, None), (10, "10"), (14, "10"), (19, "15"), (20, "20")]
)
def test_a_close_with_so_many_answers(
    service: Service, trainer: TestClient, study: str, people: int, told: str | None
) -> None:
    take_part(service, f"{study}-1", "south", organisation(people, {"south": people})["south"])
    close(service, f"{study}-1")
    page = trainer.get(f"/report/waves/{study}-1")
    report = trainer.get(f"/report/waves/{study}-1.json").json()
    assert page.status_code == 200
    if told is None:
        assert "Nothing can be shown" in page.text
        assert (report["nodes"], report["parts"]) == ([], [])
    else:
        assert f"at least {told} people" in page.text
        assert {node["n"] for node in report["nodes"]} == {int(told)}
        assert all(bool(node["items"]) == (people >= 20) for node in report["nodes"])
    assert trainer.get(f"/report/waves/{study}-1/units/south").status_code == (404 if told is None else 200)


def test_a_wave_without_an_answer_reads_like_one_with_nine(service: Service, client: TestClient) -> None:
    ready(service, "tara")
    told = []
    for name, people in (("quince", 0), ("medlar", 9)):
        wave = another_study(service, name)
        take_part(service, wave, "only", of_one_mind(people, 2))
        close(service, wave)
        with write(service.engine) as db:
            accounts.give(service, db, "tara", "trainer", name)
        sign_in(service, client, "tara")
        texts = [client.get(f"/report/waves/{wave}{ending}").text for ending in ("", ".json", ".csv")]
        told.append([text.replace(name, "").replace(name.title(), "") for text in texts])
    assert told[0] == told[1]


def test_a_paused_wave_closes_on_its_day_and_opens_no_more(service: Service, host: TestClient) -> None:
    take_part(service, "demo-1", "north", of_one_mind(12, 2))
    host.post("/host/waves/demo-1/pause")
    assert host.post("/host/waves/demo-1/close", data={"sure": "yes"}).status_code == 303
    close(service, "demo-1")
    assert "is closed" in host.get("/host/waves/demo-1").text
    for change in ("open", "pause", "resume", "close", "codes"):
        refused = host.post(
            f"/host/waves/demo-1/{change}", data={"sure": "yes", "unit": "north", "count": "1"}
        )
        assert refused.status_code == 422, change


# ---- names ----


def named(service: Service, titles: dict[str, str]) -> str:
    """A closed wave of units with these names, twelve people in each."""
    with write(service.engine) as db:
        studies.make_study(db, id="names", title=ARABIC, simulated=True)
        for unit, title in titles.items():
            studies.add_unit(db, "names", unit, title)
    wave = next_wave(service, "names")
    for unit in titles:
        take_part(service, wave, unit, of_one_mind(12, 2))
    close(service, wave)
    return wave


def test_no_name_of_a_unit_is_a_formula_or_markup(service: Service, client: TestClient) -> None:
    titles = {f"u{number}": title for number, title in enumerate(EVIL)}
    wave = named(service, titles)
    sign_in(service, client, ready(service, "tara", trainer="names"))
    rows = list(csv.DictReader(io.StringIO(client.get(f"/report/waves/{wave}.csv").text)))
    for unit, title in titles.items():
        page = client.get(f"/report/waves/{wave}/units/{unit}").text
        assert "<b>North</b>" not in page
        [written] = {row["title"] for row in rows if row["part"] == unit}
        assert written.replace("'", "") == title.replace("'", "")
        assert not any(part.lstrip().startswith(tuple("=+-@＝")) for part in written.split(";"))
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, "names")
    sign_in(service, client, ready(service, "hana", host="names"))
    assert "<b>North</b>" not in client.get(f"/host/waves/{wave}").text
    assert "<b>North</b>" not in client.get("/host/studies/names").text


def test_an_arabic_name_is_read_on_the_page_on_paper_and_in_files(
    service: Service, client: TestClient
) -> None:
    wave = named(service, {"amal": ARABIC})
    sign_in(service, client, ready(service, "tara", trainer="names"))
    path = f"/report/waves/{wave}/units/amal"
    assert ARABIC in client.get(path).text
    assert client.get(f"{path}.json").json()["parts"][0]["title"] == ARABIC
    assert ARABIC in client.get(f"{path}.csv").content.decode()
    document = PdfReader(io.BytesIO(client.get(f"{path}.pdf").content))
    assert ARABIC in str(document.metadata.title)


@pytest.mark.parametrize("letter", ["\0", "\x1b", "\n", "\u2028", "\u202e", "\u2066"])
@pytest.mark.usefixtures("study")
def test_a_name_with_a_character_that_acts_is_refused(service: Service, letter: str) -> None:
    """It could colour a terminal, end a line of a file, or reverse the text after the name."""
    with write(service.engine) as db:
        with pytest.raises(Refused, match="nobody can see"):
            studies.make_study(db, id="names", title=f"a{letter}b")
        with pytest.raises(Refused, match="nobody can see"):
            studies.add_unit(db, "demo", "new", f"a{letter}b")
