"""Cohort reports as trainers meet them: from the close of a wave to the page."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from random import Random
from threading import Thread
from types import MappingProxyType
from uuid import uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, select
from starlette.testclient import TestClient

from analysis.disclosure.base_table import table_from_json
from analysis.disclosure.release import Report, report_from_json
from app.closing.snapshots import SNAPSHOT, compute_snapshot
from app.db import read, write
from app.errors import Busy, NotInstalled, Refused
from app.report.pages import report_page
from app.report.text import report_csv, report_json, report_pdf, report_text
from app.runtime import Service
from app.studies import waves
from app.tables import Response, Unit, Wave, table
from app.templating import render
from tests.conftest import Queries
from tests.lib.cohorts import another_study, close, next_wave, signed_in, take_part
from tests.privacy.attackers import change
from tests.privacy.organisations import of_one_mind, organisation

pytestmark = pytest.mark.either

PEOPLE = {"south": 12, "north": 9, "east": 24}


@pytest.fixture
def closed(service: Service, study: str) -> str:
    """Wave demo-1, closed: 12 people of south, 9 of north, 24 of east."""
    for unit, people in organisation(1, PEOPLE).items():
        take_part(service, f"{study}-1", unit, people)
    close(service, f"{study}-1")
    return f"{study}-1"


@pytest.fixture
def trainer(service: Service, client: TestClient, study: str) -> TestClient:
    signed_in(service, client, "trainer", study)
    return client


def snapshot(service: Service, wave: str):
    with read(service.engine) as db:
        return db.execute(select(SNAPSHOT).where(SNAPSHOT.c.wave == wave)).one()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_trainer_finds_the_report_and_each_unit_of_ten_or_more(trainer: TestClient, closed: str) -> None:
    index = trainer.get("/report").text
    assert f'href="/report/waves/{closed}"' in index
    whole = trainer.get(f"/report/waves/{closed}").text
    assert "at least 35 people of 2 units" in words(whole)
    west = trainer.get(f"/report/waves/{closed}/units/west").text
    assert [unit in west for unit in ("units/east", "units/south", "units/north")] == [True, True, False]
    south = trainer.get(f"/report/waves/{closed}/units/south").text
    assert "at least 10 people" in words(south)
    assert trainer.get(f"/report/waves/{closed}/units/north").status_code == 404
    assert trainer.get(f"/report/waves/{closed}/units/north.json").status_code == 404


def test_nothing_is_shown_of_nine_people_in_all(service: Service, trainer: TestClient, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(9, 2))
    close(service, f"{study}-1")
    page = trainer.get(f"/report/waves/{study}-1")
    assert page.status_code == 200
    assert "Nothing can be shown" in page.text
    assert "9" not in re.sub(r"closed on \d+ \w+ \d+", "", words(page.text))
    assert trainer.get(f"/report/waves/{study}-1.json").json()["nodes"] == []
    assert trainer.get(f"/report/waves/{study}-1/units/south").status_code == 404
    assert "nothing is shown" in report_text(service, f"{study}-1")


def test_an_open_wave_has_no_report_and_is_not_listed(
    service: Service, trainer: TestClient, study: str
) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    assert trainer.get(f"/report/waves/{study}-1").status_code == 404
    assert f"{study}-1" not in trainer.get("/report").text
    with pytest.raises(Refused, match="no closed collection"):
        report_text(service, f"{study}-1")


def test_the_page_says_what_it_is_and_what_it_is_not(trainer: TestClient, closed: str) -> None:
    page = trainer.get(f"/report/waves/{closed}/units/east").text
    said = words(page)
    for sentence in (
        "SIMULATED",
        "A summary of answers, not a measurement",
        "The precision of the questionnaire itself is unknown",
        "Some imbalance is legitimate",
        "Units with fewer than 10 answers are in no figure, and in no total",
        "Units may not be compared, and no change over time can be read",
        "It does not mean that anybody misuses power",
        "Not to be used for appraisal",
        "Do not raise it directly if you feel unsafe",
    ):
        assert sentence in said
    assert not re.search(r"\b(reliable report|valid measure|norms? for|high score|low score)\b", said)


def test_actions_stand_under_three_headings_whatever_the_figures(
    service: Service, trainer: TestClient, closed: str
) -> None:
    def advice(page: str) -> str:
        return page.partition("All that could be tried")[2].partition("How sure this is")[0]

    pages = [trainer.get(f"/report/waves/{closed}/units/{unit}").text for unit in ("east", "south")]
    assert advice(pages[0]) == advice(pages[1])
    instrument = service.instruments["ppiq"]
    for action in instrument.advice_for(instrument.forms["a"], "en").actions:
        assert action.action in unescape(words(pages[0]))
    assert all(
        advice(pages[0]).count(f"<dt>{heading}</dt>") == 6 for heading in ("Explain", "Address", "Agree")
    )
    assert "●●●" in advice(pages[0])


def test_a_discussion_begins_with_the_largest_published_figures_and_one_action_each(
    service: Service, trainer: TestClient, closed: str
) -> None:
    report = report_of(service, closed)
    titles = report.scheme.titles()
    actions = service.instruments["ppiq"].advice_for(service.instruments["ppiq"].forms["a"], "en").actions
    for unit in ("east", "south"):
        node = next(each for each in report.nodes if each.id == unit)
        figures = {each.id: each.figure.value for each in node.facets if hasattr(each.figure, "value")}
        wanted = sorted(figures, key=lambda each: -figures[each])[:3]
        page = trainer.get(f"/report/waves/{closed}/units/{unit}").text
        begun = page.partition("Where a discussion could begin")[2].partition("</section>")[0]
        assert re.findall(r"<h3><bdi>(.*?)</bdi></h3>", begun) == [titles[each] for each in wanted]
        assert begun.count('role="img"') == len(wanted)
        discussed = unescape(trainer.get(f"/report/waves/{closed}/units/{unit}/discuss").text)
        asked = [item.sentence for f in report.scheme.facets if f.id in wanted for item in f.items]
        assert all(sentence in discussed for sentence in asked)
        for each in wanted:
            best = max((a for a in actions if a.facet == each), key=lambda a: a.strength)
            assert best.action in discussed
        assert discussed.count("Who does what, by when") == len(wanted)
    for path in (
        f"/report/waves/{closed}/units/north/discuss",
        f"/report/waves/{closed}/units/north/slides.pdf",
    ):
        assert trainer.get(path).status_code == 404
    slides = trainer.get(f"/report/waves/{closed}/slides.pdf")
    assert slides.headers["content-disposition"] == f'attachment; filename="{closed}_slides.pdf"'
    shown = "".join(each.extract_text() for each in PdfReader(io.BytesIO(slides.content)).pages)
    assert "SIMULATED" in shown
    assert "A summary of answers, not a measurement" in shown


def test_the_plot_draws_each_figure_and_the_table_says_the_same(
    service: Service, trainer: TestClient, study: str
) -> None:
    people = of_one_mind(20, 2)
    for person in people:
        person.update({"sd1": 0, "rr1": 4, "ec1": 0, "ec2": 4})
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    page = trainer.get(f"/report/waves/{study}-1/units/south").text
    plot = page.partition('class="plot"')[2].partition("</figure>")[0]
    rows = re.findall(
        r'plot-label"><bdi>([^<]+)</bdi></span>\s*<span class="plot-said">([^<]+)</span>(.*?)</div>',
        plot,
        re.DOTALL,
    )
    drawn = {label: ("dot" in row, "-12 0" in row, "L12 0" in row, said) for label, said, row in rows}
    assert drawn == {
        "Evaluation and consequences": (False, False, False, "cannot be shown"),
        "Voice and information": (True, False, False, "50.0"),
        "Safety to disagree and disclose": (False, True, False, "at most 42.0"),
        "Agreement on roles, limits and privacy": (True, False, False, "50.0"),
        "Identity and standing": (True, False, False, "50.0"),
        "Routes and repair": (False, False, True, "at least 58.0"),
        "All six together": (False, False, False, "cannot be shown"),
    }
    table = dict(re.findall(r'<th scope="row"><bdi>([^<]+)</bdi></th><td class="number">([^<]+)</td>', page))
    assert table == {label: said for label, (*_, said) in drawn.items()}


def test_the_page_keeps_to_the_strict_policy(trainer: TestClient, closed: str) -> None:
    answer = trainer.get(f"/report/waves/{closed}/units/east")
    assert "style=" not in answer.text
    assert not re.search(r"<script(?![^>]* src=)|\bon[a-z]+=", answer.text)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("held", [False, True])
def test_a_report_says_that_no_study_is_known_only_while_none_is(
    service: Service, closed: str, *, held: bool
) -> None:
    here, claims = service.instruments["ppiq"], service.instruments["ppiq"].claims
    assert claims
    if held:
        claims = replace(claims, evidence=("Form a, SIMULATED people, n = 60",))
        here = replace(here, claims_in=MappingProxyType({**here.claims_in, here.language: claims}))
    page = report_page(report_from_json(snapshot(service, closed).report), None, here)
    assert page
    shown = unescape(render(page))
    for sentence in ("nobody has yet found out", "holds no study"):
        assert (sentence in shown) is not held, sentence
    assert "Units may not be compared" in shown


def test_a_report_is_read_with_two_selects_beside_the_token(
    trainer: TestClient, closed: str, queries: Queries
) -> None:
    """The kept figures, and the evidence there is today: it may have been withdrawn since."""
    for path in (closed, f"{closed}.json", f"{closed}/units/south", f"{closed}/units/south.json"):
        queries.clear()
        assert trainer.get(f"/report/waves/{path}").status_code == 200
        assert queries.count == (2 if path.endswith(".json") else 3)


def test_json_and_the_command_line_tell_what_the_page_tells(
    service: Service, trainer: TestClient, closed: str
) -> None:
    report = trainer.get(f"/report/waves/{closed}.json").json()
    assert json.loads(report_json(service, closed)) == report
    [south] = trainer.get(f"/report/waves/{closed}/units/south.json").json()["nodes"]
    assert json.loads(report_json(service, closed, "south"))["nodes"] == [south]
    page, text = (
        trainer.get(f"/report/waves/{closed}/units/south").text,
        report_text(service, closed, "south"),
    )
    for facet in south["facets"]:
        if "value" in facet["figure"]:
            assert f"{facet['figure']['value']:.1f}" in page
            assert f"{facet['figure']['value']:.1f}" in text
    assert "SIMULATED" in text
    with pytest.raises(Refused, match="nothing is shown of 'north'"):
        report_text(service, closed, "north")


def test_csv_tells_what_json_tells(trainer: TestClient, closed: str) -> None:
    answer = trainer.get(f"/report/waves/{closed}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{closed}_report.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["simulated"] for row in rows} == {"yes"}
    report = trainer.get(f"/report/waves/{closed}.json").json()
    told = {
        (node["id"], line["id"]): line["figure"]
        for node in report["nodes"]
        for line in (*node["facets"], *node["totals"], *node["items"])
    }
    figures = {(row["part"], row["id"]): row for row in rows if row["kind"] != "share"}
    assert figures.keys() == told.keys()
    for name, row in figures.items():
        value, why = told[name].get("value"), told[name].get("reason")
        assert (row["value"], row["not_shown_because"]) == ("" if value is None else f"{value:g}", why or "")
    shares = [
        (node["id"], item["id"], str(share["low"]), str(share["percent"]))
        for node in report["nodes"]
        for item in node["items"]
        for share in item["shares"]
    ]
    assert shares
    assert [(r["part"], r["id"], r["from"], r["value"]) for r in rows if r["kind"] == "share"] == shares
    of_south = trainer.get(f"/report/waves/{closed}/units/south.csv").text
    assert of_south.splitlines() == [
        line for line in answer.text.splitlines() if line.startswith(("wave,", f"{closed},yes,south,"))
    ]
    assert trainer.get(f"/report/waves/{closed}/units/north.csv").status_code == 404


def test_the_pdf_says_what_the_page_says_and_can_be_read_aloud(
    service: Service, trainer: TestClient, closed: str
) -> None:
    answer = trainer.get(f"/report/waves/{closed}/units/east.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{closed}_east_report.pdf"'
    document = PdfReader(io.BytesIO(answer.content))
    printed = " ".join(" ".join(page.extract_text().split()) for page in document.pages)
    [east] = trainer.get(f"/report/waves/{closed}/units/east.json").json()["nodes"]
    titles = {facet.id: facet.title for facet in report_of(service, closed).scheme.facets}
    for line in east["facets"]:
        value = line["figure"].get("value")
        told = "cannot be shown" if value is None else f"{value:.1f}"
        assert re.search(f"{titles[line['id']]} (at (most|least) )?{told}", printed), line
    for sentence in (
        "SIMULATED",
        "A summary of answers, not a measurement",
        "So few answers can tell little",
        "Units may not be compared",
        "Not to be used for appraisal",
        "What could be tried",
        "All that could be tried",
        *(item.sentence for facet in report_of(service, closed).scheme.facets for item in facet.items),
    ):
        assert sentence in printed, sentence
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert root["/Lang"] == "en"
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    assert document.metadata.title == "What people said: East"
    assert alternatives(root["/StructTreeRoot"]) == {
        "Figures from 0 to 100; the table that follows says the same.",
        "Bars of the answers; the table that follows says the same.",
    }
    assert trainer.get(f"/report/waves/{closed}/units/east.pdf").content == answer.content
    assert trainer.get(f"/report/waves/{closed}/units/north.pdf").status_code == 404
    assert report_pdf(service, closed, "east") == answer.content


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # no engine makes a PDF
def test_a_flood_of_pdfs_is_sent_away(service: Service, closed: str) -> None:
    """Whoever waits for a PDF holds a thread that respondents need."""
    told: list[bytes] = []

    def one() -> None:
        try:
            told.append(report_pdf(service, closed, "south")[:5])
        except Busy:
            told.append(b"busy")

    threads = [Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count(b"%PDF-") >= 5
    assert told.count(b"busy") >= 5
    assert len(told) == 20


def report_of(service: Service, wave: str) -> Report:
    return report_from_json(snapshot(service, wave).report)


def alternatives(element) -> set[str]:
    """What the figures of a PDF say to those who do not see them."""
    element = element.get_object()
    if not isinstance(element, dict):
        return set()
    below = element.get("/K", [])
    below = below if isinstance(below, list) else [below]
    found = set().union(*(alternatives(each) for each in below)) if below else set()
    return found | ({str(element["/Alt"])} if element.get("/S") == "/Figure" else set())


def test_no_title_in_a_csv_is_a_formula(service: Service, trainer: TestClient, study: str) -> None:
    with write(service.engine) as db:
        db.execute(table(Unit).update().where(table(Unit).c.id == "south").values(title="=1+1"))
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    rows = list(csv.DictReader(io.StringIO(trainer.get(f"/report/waves/{study}-1/units/south.csv").text)))
    assert {row["title"] for row in rows} == {"'=1+1"}


def test_a_pdf_of_nothing_says_so(service: Service, trainer: TestClient, study: str) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(9, 2))
    close(service, f"{study}-1")
    answer = trainer.get(f"/report/waves/{study}-1.pdf")
    [page] = PdfReader(io.BytesIO(answer.content)).pages
    assert "Nothing can be shown of this collection" in page.extract_text()
    assert "SIMULATED" in page.extract_text()
    assert trainer.get(f"/report/waves/{study}-1.csv").text.count("\n") == 1


def test_bars_are_drawn_as_the_shares_are_told(service: Service, trainer: TestClient, study: str) -> None:
    """From 20 answers there are shares; what adds up to 95 % is not drawn as 100."""
    people = [
        {**person, "ec1": code, "ec4": code}
        for person, code in zip(of_one_mind(22, 2), [0] * 8 + [2] * 7 + [4] * 7, strict=True)
    ]
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    page = trainer.get(f"/report/waves/{study}-1/units/south").text
    [drawn] = re.findall(r"<svg[^>]*cp-drawing.*?</svg>", page, re.DOTALL)
    labels = re.findall(r">(\d+|not shown)</text>", drawn)
    assert labels == ["0", "35", "30", "30", "not shown", "not shown", "35", "30", "30", "not shown"]
    rows = csv.DictReader(io.StringIO(trainer.get(f"/report/waves/{study}-1/units/south.csv").text))
    shares = [(row["id"], row["value"]) for row in rows if row["kind"] == "share"]
    keyed = [("ec1", "35"), ("ec1", "30"), ("ec1", "30"), ("ec4", "30"), ("ec4", "30"), ("ec4", "35")]
    assert shares == keyed


def test_files_are_written_at_the_command_line(service: Service, closed: str) -> None:
    assert report_csv(service, closed).startswith(b"wave,simulated,part,")
    rows = report_csv(service, closed, "south").decode().splitlines()[1:]
    assert rows
    assert all(row.startswith(f"{closed},yes,south,") for row in rows)
    for write_file in (report_csv, report_pdf):
        with pytest.raises(Refused, match="nothing is shown of 'north'"):
            write_file(service, closed, "north")


# ---- what is published is published once ----


def test_answers_held_out_join_the_same_unit_in_the_next_wave(service: Service, study: str) -> None:
    first = organisation(1, {"south": 12, "north": 6, "east": 3})
    for unit, people in first.items():
        take_part(service, "demo-1", unit, people)
    close(service, "demo-1")
    second = next_wave(service, study)
    for unit, people in organisation(2, {"south": 11, "north": 6, "east": 3}).items():
        take_part(service, second, unit, people)
    close(service, second)
    tables = [table_from_json(snapshot(service, wave).base_table) for wave in ("demo-1", second)]
    assert [{atom.unit: atom.n for atom in each.atoms} for each in tables] == [
        {"south": 12},
        {"south": 11, "north": 12},
    ]
    assert [each.used for each in tables] == [
        (("demo-1", "south"),),
        (("demo-1", "north"), ("demo-2", "north"), ("demo-2", "south")),
    ]
    third = next_wave(service, study)
    for unit, people in organisation(3, {"north": 9, "east": 5}).items():
        take_part(service, third, unit, people)
    close(service, third)
    last = table_from_json(snapshot(service, third).base_table)
    assert {atom.unit: atom.n for atom in last.atoms} == {"east": 11}
    pairs = [pair for each in (*tables, last) for pair in each.used]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_published_is_never_used_again(service: Service, study: str, seed: int) -> None:
    """Six waves of units that are now enough and now too few: each answer is in one report, once."""
    rng, given = Random(seed), Counter()
    wave = f"{study}-1"
    for number in range(6):
        wave = next_wave(service, study) if number else wave
        for unit in ("south", "north", "east"):
            people = of_one_mind(rng.randrange(15), 2)
            given[wave, unit] = len(people)
            if people:
                take_part(service, wave, unit, people)
        close(service, wave)
    with read(service.engine) as db:
        kept = db.execute(select(SNAPSHOT.c.base_table)).scalars().all()
    tables = [table_from_json(each) for each in kept]
    used = [pair for each in tables for pair in each.used]
    assert len(used) == len(set(used))
    for each in tables:
        assert {atom.unit: atom.n for atom in each.atoms} == {
            unit: sum(given[pair] for pair in each.used if pair[1] == unit) for _, unit in each.used
        }
    waiting = Counter()
    for (_, unit), n in (pair for pair in given.items() if pair[0] not in used):
        waiting[unit] += n
    assert all(n < 10 for n in waiting.values())
    assert sum(len(each.used) > len(each.atoms) for each in tables) > 0


def test_answers_to_another_form_do_not_join(service: Service, study: str) -> None:
    take_part(service, "demo-1", "south", of_one_mind(6, 2))
    close(service, "demo-1")
    second = next_wave(service, study)
    with write(service.engine) as db:
        db.execute(table(Wave).update().where(table(Wave).c.id == "demo-1").values(form_hash="another"))
    take_part(service, second, "south", of_one_mind(6, 2))
    close(service, second)
    assert snapshot(service, second).report["nodes"] == []


def erase_one(service: Service) -> None:
    with write(service.engine) as db:
        kept = table(Response)
        one = db.execute(select(kept.c.id).where(kept.c.unit == "south").limit(1)).scalar_one()
        db.execute(delete(kept).where(kept.c.id == one))
        compute_snapshot(service, db, "demo-1")


def add_one(service: Service) -> None:
    with write(service.engine) as db:
        kept = table(Response)
        row = dict(db.execute(select(kept).where(kept.c.unit == "south").limit(1)).mappings().one())
        late = {**row, "id": uuid4(), "receipt_hmac": b"late", "answers": {**row["answers"], "sd5": 4}}
        db.execute(kept.insert().values(late))
        compute_snapshot(service, db, "demo-1")


@pytest.mark.parametrize("act", [erase_one, add_one])
def test_neither_an_erasure_nor_a_late_answer_changes_a_report(
    service: Service, trainer: TestClient, closed: str, act: Callable[[Service], None]
) -> None:
    """A3 and A4: the difference of two reports would tell what one person answered."""

    def everything() -> bytes:
        paths = [
            closed,
            f"{closed}.json",
            *(f"{closed}/units/{each}" for each in ("org", "west", "south", "east")),
        ]
        return b"".join(trainer.get(f"/report/waves/{path}").content for path in paths)

    assert change(everything, lambda: act(service)) == 0


@pytest.mark.usefixtures("study")
def test_a_form_that_is_not_the_one_asked_is_refused(service: Service) -> None:
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    with write(service.engine) as db:
        db.execute(table(Wave).update().where(table(Wave).c.id == "demo-1").values(form_hash="another"))
    with pytest.raises(NotInstalled, match="that is not installed now"):
        close(service, "demo-1")
    with read(service.engine) as db:
        assert waves.the_wave(db, "demo-1").state == "open"
        assert db.execute(select(SNAPSHOT)).first() is None


def test_a_study_of_fewer_than_five_is_never_reported(service: Service, client: TestClient) -> None:
    wave = another_study(service, "small", k=5)
    take_part(service, wave, "only", of_one_mind(5, 2))
    close(service, wave)
    [atom] = table_from_json(snapshot(service, wave).base_table).atoms
    assert (atom.n, atom.by) == (5, "facet")
    signed_in(service, client, "trainer", "small")
    page = client.get(f"/report/waves/{wave}").text
    assert "SIMULATED" not in page
    assert "fewer than 5 answers" in words(page)
