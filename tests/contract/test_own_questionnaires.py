"""A host brings a questionnaire, mends it, tries it, hands it over; an operator's yes makes it ready."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from app.audit import acts, events
from app.cli import app as cli
from app.config import Settings
from app.db import read, write
from app.errors import Refused
from app.export.formats import as_codebook
from app.export.microdata import microdata
from app.export.pages import codebook_page
from app.export.questionnaire import PAPER, WRITERS, paper_language, written
from app.hosted import brought
from app.hosted.brought import BROUGHT, MOST_OF_A_HOST
from app.main import create_app
from app.runtime import Service, check_secret, make_service
from instrument import InstrumentError, load
from instrument.exchange.hosted import hosted_files
from instrument.exchange.spreadsheet_form import instrument_of
from tests.conftest import SECRET
from tests.lib.cohorts import another_study, close, take_part
from tests.lib.hosted import GARDEN, Rows, as_text, changed, with_no_answer, xlsx
from tests.lib.questionnaire_client import Screen, filled_in
from tests.lib.staff_accounts import ready, sign_in

HOME = "/host/questionnaires"


@pytest.fixture
def service(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    """On SQLite, with a folder of questionnaires that is not there yet."""
    settings = Settings(
        database_url=sqlite_url, secret=SECRET, secure=False, instruments=tmp_path / "instruments"
    )
    service = make_service(settings)
    check_secret(service)
    yield service
    service.engine.dispose()


@pytest.fixture
def host(service: Service, client: TestClient) -> TestClient:
    sign_in(service, client, ready(service, "hana", host="*"))
    return client


@pytest.fixture(autouse=True)
def _terminal(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", service.settings.database_url)
    monkeypatch.setenv("COUNTERPOISE_SECRET", SECRET.hex())
    monkeypatch.setenv("COUNTERPOISE_INSTRUMENTS", str(service.settings.instruments))


def at_the_terminal(*line: str) -> Result:
    return CliRunner().invoke(cli, ["instrument", *line])


def send(client: TestClient, content: bytes) -> Response:
    return client.post(HOME, files={"file": ("garden.xlsx", content)})


def bring(service: Service, sheets: Mapping[str, Rows] = GARDEN, host: str = "hana") -> str:
    """Keep what the process that reads spreadsheets makes of these; return the address of its page."""
    files, problems = hosted_files(as_text(sheets))
    assert problems == ()
    with acts(host), write(service.engine) as db:
        return f"{HOME}/{brought.keep(service, db, host, files)}"


def complaints(client: TestClient, sheets: dict[str, Rows]) -> list[str]:
    answer = send(client, xlsx(sheets))
    assert answer.status_code == 422
    return [
        " ".join("".join(Screen(each).words).split())
        for each in re.findall(r"<li><strong>.*?</li>", answer.text)
    ]


def kept(service: Service) -> list[str]:
    with read(service.engine) as db:
        return [row.state for row in db.execute(select(BROUGHT))]


def test_every_complaint_is_at_its_cell_and_nothing_is_kept(host: TestClient, service: Service) -> None:
    texts = changed("items", 3, "text", "")["items"]
    texts[1] = ["joy_1", "What is your postcode?"]
    assert complaints(host, {**changed("answers", 4, "code", "3rd"), "items": texts}) == [
        (
            "items, B2: item `joy_1` asks for a place, which tells who or where somebody is. "
            "Take it out, or ask how things are for the person."
        ),
        "items, B3: item `joy_2` has no words. Type the text into this cell.",
        "answers, A4: `3rd` is no whole number. Type a whole number, such as 3.",
    ]
    assert kept(service) == []


def test_a_name_that_is_taken_and_words_that_no_page_speaks_are_refused(service: Service) -> None:
    taken = instrument_of(as_text(changed("questionnaire", 2, "id", "ppiq")))
    assert "there is a questionnaire `ppiq` here already" in str(brought.check_new(service, taken)[0])
    german = {
        **changed("questionnaire", 2, "language", "de"),
        "words": changed("words", 2, "language", "de")["words"],
    }
    [problem] = brought.check_new(service, instrument_of(as_text(german)))
    assert "it has words in no language of these pages" in problem.message


def test_hostile_words_are_shown_as_words(host: TestClient) -> None:
    answer = send(host, xlsx(changed("items", 2, "text", "<script>alert(1)</script> =1+1")))
    assert answer.status_code == 303
    page = host.get(answer.headers["location"]).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; =1+1" in page


def test_a_host_tries_it_as_respondents_would_and_nothing_is_kept(host: TestClient, service: Service) -> None:
    own = bring(service)
    before = Path(service.engine.url.database or "").read_bytes()
    page = host.get(f"{own}/try").text
    for _ in range(4):
        assert "This is a preview. Nothing that is chosen here is kept." in page
        assert "could be tried" not in page  # the garden has no actions
        form = Screen(page).forms[-1]
        pressed = {"_go": "result"} if 'value="result"' in page else filled_in(form, {"joy_1": 4})
        page = host.post(f"{own}/try", data={**form.fields, **pressed}).text
        if "By topic" in page:
            break
    assert "Further to the right, the garden is more of a pleasure." in page
    assert Screen(page).forms[-1].action == f"{own}/try"
    assert Path(service.engine.url.database or "").read_bytes() == before


def test_another_host_sees_nothing_of_it(host: TestClient, service: Service) -> None:
    own = bring(service)
    sign_in(service, host, ready(service, "henk", host="*"))
    assert "Our shared garden" not in host.get(HOME).text
    for method, path in (
        ("GET", own),
        ("GET", f"{own}/try"),
        ("POST", f"{own}/hand-over"),
        ("POST", f"{own}/delete"),
    ):
        assert host.request(method, path).status_code == 404


def test_a_mended_spreadsheet_takes_the_place_of_a_draft_and_of_nothing_handed_over(
    host: TestClient, service: Service
) -> None:
    first = bring(service)
    second = bring(service, changed("items", 2, "text", "I like the garden."))
    assert host.get(first).status_code == 404
    assert host.post(f"{second}/hand-over").status_code == 303
    third = bring(service)
    assert sorted(kept(service)) == ["draft", "handed over"]
    assert "I like the garden." in host.get(second).text
    assert host.post(f"{second}/delete").status_code == 422
    assert host.post(f"{second}/take-back").status_code == 303
    assert host.post(f"{third}/delete").headers["location"] == HOME


def test_a_yes_publishes_and_locks_it_without_a_restart(host: TestClient, service: Service) -> None:
    own = bring(service)
    name = own.rpartition("/")[2]
    refused = at_the_terminal("publish", name)
    assert (refused.exit_code, "it is draft; it cannot become published" in refused.output) == (2, True)
    assert host.post(f"{own}/hand-over").status_code == 303
    assert f"{name}  handed over  garden" in at_the_terminal("list").output
    read_aloud = at_the_terminal("show", name).output
    assert "2. The garden is a burden. [Never / Seldom / Often / Always]" in read_aloud
    assert "Joy = mean of joy_1, -joy_2" in read_aloud
    assert "Who answers: People who share a garden (staff). Time" in read_aloud
    assert "garden" not in host.get("/host/studies").text
    assert at_the_terminal("publish", name).exit_code == 0
    folder = service.settings.instruments
    assert folder is not None
    assert [path.name for path in folder.iterdir()] == ["garden"]
    form = load(folder / "garden").forms["garden"]
    assert form.published
    assert "/host/studies?form=garden/garden" in host.get(own).text
    assert "Our shared garden" in host.get("/host/studies").text
    assert "Our shared garden" in host.get("/reflect").text
    assert "it is published; it cannot become published" in at_the_terminal("publish", name).output
    plot = ["study", "make", "plot", "Plot 7", "--instrument", "garden", "--people", "60"]
    again = CliRunner().invoke(cli, [*plot, "--retire-on", "2036-01-01"])
    assert again.exit_code == 0, again.output
    form_file = folder / "garden" / "forms" / "garden.yaml"
    form_file.write_text(form_file.read_text().replace("This season", "This year"))
    with pytest.raises(InstrumentError, match="a published form may not change"):
        load(folder / "garden")


def test_a_yes_that_was_cut_off_can_be_said_again_and_no_other_takes_its_place(service: Service) -> None:
    first = bring(service)
    other = bring(service, changed("items", 2, "text", "I like the garden."), "henk")
    for own, host in ((first, "hana"), (other, "henk")):
        with write(service.engine) as db:
            brought.hand_over(service, db, brought.the_brought(db, own.rpartition("/")[2], host))
    first_name, other_name = (each.rpartition("/")[2] for each in (first, other))
    with read(service.engine) as db:
        row = brought.the_brought(db, first_name)

    def is_cut_off() -> None:
        with write(service.engine) as db:
            brought.publish(service, db, row)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        is_cut_off()
    assert "garden" in service.instruments
    assert kept(service) == ["handed over", "handed over"]
    assert at_the_terminal("publish", first_name).exit_code == 0
    assert "there is a questionnaire 'garden' already" in at_the_terminal("publish", other_name).output
    assert sorted(kept(service)) == ["handed over", "published"]


def test_what_stands_in_place_of_an_answer_is_read_by_host_and_operator(
    host: TestClient, service: Service
) -> None:
    own = bring(service, with_no_answer("do_not_know", "I have not been there"))
    assert "I have not been there · Left blank" in host.get(own).text
    read_aloud = at_the_terminal("show", own.rpartition("/")[2]).output
    assert "In place of an answer: I have not been there / Left blank\n" in read_aloud


def in_language(language: str) -> dict[str, Rows]:
    return {
        **changed("questionnaire", 2, "language", language),
        "words": changed("words", 2, "language", language)["words"],
    }


def test_a_questionnaire_without_english_words_is_asked_closed_and_given_out(
    host: TestClient, service: Service
) -> None:
    own = bring(service, in_language("cy"))
    assert host.post(f"{own}/hand-over").status_code == 303
    assert at_the_terminal("publish", own.rpartition("/")[2]).exit_code == 0
    of_garden = {"instrument": "garden", "form": "garden", "context": []}
    with_report = another_study(service, "reported", **of_garden)
    with_rows = another_study(service, "rows", **of_garden, leaving="rows")
    for wave in (with_report, with_rows):
        take_part(
            service, wave, "only", [{"joy_1": 4, "joy_2": 1, "yield_1": 3, "yield_2": 2}] * 12, language="cy"
        )
        close(service, wave)
    sign_in(service, host, ready(service, "rhys", trainer="reported"))
    report = host.get(f"/report/waves/{with_report}")
    assert report.status_code == 200
    assert "Harvest" in report.text
    with read(service.engine) as db:
        data = microdata(service, db, with_rows)
    labels = [each["label"] for each in as_codebook(data)["columns"]]
    assert any("I look forward to the garden." in label for label in labels)
    assert ("Before each question", "Think of this season. How often is it so?") in codebook_page(data).facts
    assert all(written(data, name) for name in WRITERS if name != PAPER)


def test_a_paper_form_is_in_a_language_of_these_pages() -> None:
    german = in_language("de")
    words = [*german["words"], ["cy", *german["words"][1][1:]]]
    texts = {
        name: [[*row, row[-1] if at else f"{row[-1]}_cy"] for at, row in enumerate(german[name])]
        for name in ("items", "answers", "subscales")
    }
    spoken = instrument_of(as_text({**german, **texts, "words": words}))
    assert spoken.language == "de"
    assert paper_language(spoken, "garden") == "cy"


def test_a_refusal_says_why(host: TestClient, service: Service) -> None:
    own = bring(service)
    host.post(f"{own}/hand-over")
    name = own.rpartition("/")[2]
    assert at_the_terminal("refuse", name, "--reason", "Question 2 leads people.").exit_code == 0
    page = host.get(own).text
    assert "Question 2 leads people." in page
    assert host.post(f"{own}/hand-over").status_code == 422
    assert host.get(bring(service)).status_code == 200
    assert at_the_terminal("show", name).output.startswith("counterpoise: nothing was brought as")


def test_the_trail_says_what_was_done_and_no_word_of_it(host: TestClient, service: Service) -> None:
    own = bring(service)
    host.post(f"{own}/hand-over")
    at_the_terminal("publish", own.rpartition("/")[2])
    with read(service.engine) as db:
        told = [entry.event for entry in events(db) if "questionnaire" in entry.event]
    assert [(each["action"], each["by"]) for each in told] == [
        ("questionnaire brought", "hana"),
        ("questionnaire handed over", "hana"),
        ("questionnaire published", "the command line"),
    ]
    assert {*told[0]} == {"action", "by", "questionnaire", "brought", "form"}
    assert "garden is a burden" not in str(told)


def test_a_host_keeps_so_many_and_no_more(service: Service) -> None:
    for number in range(MOST_OF_A_HOST):
        bring(service, changed("questionnaire", 2, "id", f"garden{number}"))
    with pytest.raises(Refused, match="delete one first"):
        bring(service)
    assert len(kept(service)) == MOST_OF_A_HOST


def test_a_form_without_a_file_is_refused(host: TestClient) -> None:
    assert "there is no file" in send(host, b"").text
    for other in ({"other": ("a.xlsx", b"a")}, {"file": (None, b"text")}):
        assert host.post(HOME, files=other).status_code == 422
    assert host.post(HOME, data={"file": "text"}).status_code == 422
    assert host.post(HOME, content=b"x", headers={"content-type": "multipart/form-data"}).status_code == 422


def test_a_file_that_is_too_large_is_not_read_nor_is_a_stranger_s(host: TestClient) -> None:
    assert "it is larger than 1 MB" in send(host, bytes(2**20 + 1)).text
    assert send(host, bytes(2**21)).status_code == 413
    host.cookies.clear()
    assert send(host, bytes(2**21)).status_code == 404


def test_the_example_is_taken_as_it_is(host: TestClient) -> None:
    answer = host.get(f"{HOME}/example.xlsx")
    kept_at = send(host, answer.content).headers["location"]
    assert "A questionnaire on meetings (an example)" in host.get(kept_at).text


def test_what_cannot_be_read_later_is_left_out(service: Service, tmp_path: Path) -> None:
    spoilt = tmp_path / "instruments" / "spoilt"
    spoilt.mkdir(parents=True)
    (spoilt / "key.yaml").write_text("revision: no\n")
    assert [*service.instruments] == ["ppiq"]
    with TestClient(create_app(service.settings, service), base_url="http://127.0.0.1") as client:
        assert client.get("/reflect").status_code == 200
