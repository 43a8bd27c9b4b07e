"""The pack for an ethics committee: what the study has said stands in it, and what is open is marked."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any
from uuid import uuid4

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import Row, insert, update

from analysis.__main__ import main
from analysis.disclosure.leaving import LEAVING
from analysis.estimate import Unavailable
from analysis.report.document import Document
from analysis.validation.plan import read_plan
from app import studies
from app.db import read, write
from app.errors import Refused
from app.evidence.standing import CONFIRMED, EVIDENCE
from app.operations.pack import Declared, declared, documents, write_pack
from app.operations.pack_documents import data_plan, information, invitations
from app.operations.pack_wording import BOXES, OPEN
from app.operations.user_manual import UNSAID, user_manual
from app.questionnaire.consent import consent
from app.runtime import Service
from app.studies.information import describe, example, written
from app.studies.study import the_study
from instrument import PPIQ, orders
from tests.lib.batteries import compose_here, on_a_shelf, open_study

pytestmark = pytest.mark.either

LEFT_BY_THE_AUTHORS = "EC4, AG3 and AG5 are all about clarity, and may go together across facets."


def made(
    service: Service,
    said: dict[str, str],
    *,
    simulated: bool = False,
    form: str = "a2",
    context: Sequence[str] | None = None,
) -> Declared:
    with write(service.engine) as db:
        studies.make_study(
            db,
            id="spring",
            title="Spring placements",
            form=form,
            simulated=simulated,
            retire_on=date(2031, 5, 6),
            context=context,
        )
        if said:
            describe(service, db, the_study(db, "spring"), said)
        return declared(service, db, the_study(db, "spring"))


def text_of(file: Path) -> str:
    document = docx.Document(io.BytesIO(file.read_bytes()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return " ".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def words_of(document: Document) -> str:
    """Return all that a document says, in one line."""
    parts = [
        part
        for section in document.sections
        for part in (
            section.title,
            section.reading,
            *(str(cell) for table in section.tables for row in table.rows for cell in row),
        )
    ]
    return " ".join(" ".join(parts).split())


def rows_of(document: Document, section: str) -> list[tuple[Any, ...]]:
    return [row for each in document.sections if each.id == section for t in each.tables for row in t.rows]


def confirm(service: Service, study: Row[Any], *, language: str) -> None:
    """Put confirmed evidence into the registry, as if a dossier of a panel had been added."""
    instrument = service.instruments[study.instrument]
    form, words = instrument.forms[study.form], instrument.words[study.form, language]
    with write(service.engine) as db:
        db.execute(
            insert(EVIDENCE).values(
                id=uuid4(),
                seal="5ea1" * 16,
                stage="content",
                instrument=instrument.id,
                form=form.id,
                form_hash=form.hash,
                edition="2",
                language=language,
                words_hash=words.hash,
                key_hash=instrument.key.hash,
                population="Students on placement (made up for a test)",
                n=12,
                figures={"panel_n": 12, "panel_lived": 6, "scvi": 0.94, "interviews_n": 14},
                ethics="REC 1",
                preregistration="https://example.org/1",
                responsible="A. Person",
                added_by="ada",
                added_at=datetime(2030, 1, 1, tzinfo=UTC),
                state=CONFIRMED,
                second="bea",
                reason="",
            )
        )


def test_a_pack_says_what_was_said_and_marks_the_rest(service: Service, tmp_path: Path) -> None:
    said = {**example(), "purpose": "To learn what helps."}
    of = made(service, said, simulated=True, context=["role", "length"])
    folder = tmp_path / "pack"
    names = write_pack(of, folder)
    assert {*names} == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    told = {name: text_of(folder / name) for name in names if name.endswith(".docx")}
    assert {f"{Path(name).stem}.pdf" for name in told} | {"questionnaire.pdf"} == {
        name for name in names if name.endswith(".pdf")
    }
    assert {Path(name).stem for name in told} == {
        *(
            "contents",
            "information-and-consent",
            "privacy-and-dpia",
            "data-management-plan",
            "pilot-protocol",
        ),
        *("invitations", "user-manual", "interview-guide", "scoring-manual", "preregistration"),
    }
    assert "To learn what helps." in told["information-and-consent.docx"]
    assert "To learn what helps." in told["invitations.docx"]
    assert OPEN not in told["information-and-consent.docx"]
    for name in ("privacy-and-dpia.docx", "data-management-plan.docx", "pilot-protocol.docx"):
        assert OPEN in told[name], name
    for name, text in told.items():
        assert "SIMULATED: these answers were made up" in text, name
    assert f"fewer than {of.study.k} people" in told["privacy-and-dpia.docx"]
    assert "deleted on 2031-05-06" in told["data-management-plan.docx"]
    printed = PdfReader(folder / "invitations.pdf")
    assert "To learn what helps." in " ".join((printed.pages[0].extract_text() or "").split())
    asked = " ".join(page.extract_text() or "" for page in PdfReader(folder / "questionnaire.pdf").pages)
    sentence = of.instrument.words["a2", "en"].sentence("sd1")
    assert sentence in " ".join(asked.split())
    form = of.instrument.forms["a2"]
    questions = {each: of.instrument.words["a2", "en"].question(each) for each in form.context}
    there = {each for each, words in questions.items() if words in " ".join(asked.split())}
    assert there == {*of.study.context}, "the paper asks what the study asks"
    listed = docx.Document(io.BytesIO((folder / "contents.docx").read_bytes()))
    open_places = {
        row.cells[0].text.removesuffix(", .pdf"): row.cells[2].text for row in listed.tables[0].rows[1:]
    }
    for name, places in open_places.items():
        assert int(places) == told[name].count(OPEN) + told[name].count("[To be written by"), name
    with pytest.raises(Refused, match="is there already"):
        write_pack(of, folder)
    # The plan is one that the analysis reads, and its preregistration is the one in the pack.
    plan = read_plan(folder / "PLAN.yaml", of.instrument)
    assert plan.sha256 in told["preregistration.docx"]
    out = str(tmp_path / "again.docx")
    arguments = ["plan", str(folder / "PLAN.yaml"), "--instrument", str(PPIQ), "--preregistration"]
    assert main([*arguments, "--format", "docx", "--out", out]) == 0
    assert plan.plan.responsible.startswith("[To be written by")


def test_no_column_holds_words_beside_numbers(service: Service) -> None:
    """A column with a number in it is set to the right and unbroken, so that words in it run off the page."""
    for name, document in documents(made(service, {})).items():
        for table in (each for section in document.sections for each in section.tables):
            for head, *cells in zip(table.headers, *table.rows, strict=True):
                kinds = {isinstance(each, str) for each in cells if not isinstance(each, Unavailable)}
                assert len(kinds) <= 1, (name, table.title, head)


def test_what_nobody_has_said_is_open_and_nothing_is_made_up(service: Service) -> None:
    of = made(service, {})
    assert words_of(invitations(of.study, of.instrument)).count(OPEN) == 13
    assert words_of(information(of.study, of.instrument, of.people)).count(OPEN) == 10


def test_the_consent_stands_there_under_its_headings_word_for_word(service: Service) -> None:
    said = example()
    of = made(service, said)
    told = words_of(information(of.study, of.instrument, of.people))
    page = consent(
        of.study.k,
        "en",
        leaving=LEAVING["reports"],
        retire_on=of.study.retire_on,
        before=of.instrument.words["a2", "en"].before,
        information=written(said),
    )
    assert "".join(unescape(page.text).split()) in "".join(told.split())
    headings = [each.title for each in information(of.study, of.instrument, of.people).sections]
    assert headings[:4] == ["How people read it", "Please read this first", "About this study", "Your choice"]
    template = Path("app/templates/survey/consent.html").read_text("utf-8")
    assert [words for _, words in BOXES if words not in template] == []
    assert "Samaritans" in told


def test_a_study_of_reports_promises_no_file_of_rows(service: Service) -> None:
    of = made(service, {})
    assert "SPSS" not in words_of(data_plan(of.study, of.instrument))
    with write(service.engine) as db:
        db.execute(update(studies.STUDY).values(leaving="rows"))
        rows = declared(service, db, the_study(db, "spring"))
    assert "SPSS" in words_of(data_plan(rows.study, rows.instrument))


def test_the_user_manual_says_what_the_questionnaire_says_of_itself(service: Service) -> None:
    of = made(service, {})
    manual = user_manual(of.study, of.instrument, of.claims)
    told, words = words_of(manual), of.instrument.words["a2", "en"]
    form, claims = of.instrument.forms["a2"], of.instrument.claims
    assert claims
    for said in (
        *(form.about, form.window, *words.before, form.hash, words.hash, of.instrument.licence),
        *(claims.may_say + claims.may_not_say + claims.always),
        *(f"{len(form.items)} questions on 6 pages, after {len(form.context)} on", "within 14 days"),
        *("no study of people is known", "Not tested with people who speak the language: English, العربية"),
        *("one order for everybody", "that it takes answers on paper"),
        *("Never pooled or compared with answers to form a", LEFT_BY_THE_AUTHORS),
    ):
        assert said in told, said
    assert [row[0] for row in rows_of(manual, "scoring")] == [
        words.facet(name) for name in of.instrument.key.subscales("a2")
    ]
    assert manual.labels == (claims.label,)
    assert "[The host writes here]" not in told


def test_the_manual_says_what_confirmed_evidence_adds_and_of_which_words(service: Service) -> None:
    of = made(service, {})
    confirm(service, of.study, language="en")
    with read(service.engine) as db:
        now = declared(service, db, of.study)
    manual = user_manual(now.study, now.instrument, now.claims)
    [added] = [line for of_what, line in rows_of(manual, "claims") if of_what == "of words in English"]
    assert added.startswith("Content reviewed by 12 people, 6 of them with lived experience")
    told = words_of(manual)
    assert "confirmed by bea" in told
    assert "no study of people is known" not in told
    for line in now.claims["en"].may_not_say:  # evidence takes nothing from what may not be said
        assert line in told
    with write(service.engine) as db:
        db.execute(update(EVIDENCE).values(state="withdrawn"))
        after = declared(service, db, of.study)
    assert user_manual(after.study, after.instrument, after.claims) == user_manual(
        of.study, of.instrument, of.claims
    )


@pytest.mark.parametrize("form", ["g", "who_decides2", "c2", "b2", "s2"])
def test_every_form_has_a_manual(service: Service, form: str) -> None:
    of = made(service, {}, form=form)
    manual = user_manual(of.study, of.instrument, of.claims)
    assert json.dumps(manual.tree)
    scored = bool(of.instrument.key.subscales(form))
    assert ("This form has no scores" in words_of(manual)) is not scored
    silent = user_manual(of.study, of.instrument, {})
    assert UNSAID in words_of(silent)


def test_the_manual_of_a_battery_tells_of_its_orders_and_that_it_has_no_paper(
    service: Service, tmp_path: Path
) -> None:
    shelf = on_a_shelf(service, tmp_path / "instruments")
    instrument, form = compose_here(shelf)
    open_study(shelf)
    with read(shelf.engine) as db:
        told = words_of(user_manual(the_study(db, "trial"), instrument, {}))
    assert f"One of {len(orders(form))} orders is drawn" in told
    assert "cannot be answered on paper" in told
    assert "one order for everybody" not in told
