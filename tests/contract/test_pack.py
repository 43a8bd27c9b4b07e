"""The pack for an ethics committee: what the study has said stands in it, and what is open is marked."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import Row

from app import studies
from app.db import write
from app.errors import Refused
from app.operations.pack import OPEN, write_pack
from app.runtime import Service
from app.studies.information import describe, example
from app.studies.study import the_study


def made(service: Service, said: dict[str, str]) -> Row[Any]:
    with write(service.engine) as db:
        studies.make_study(
            db, id="spring", title="Spring placements", simulated=False, retire_on=date(2031, 5, 6)
        )
        if said:
            describe(service, db, the_study(db, "spring"), said)
        return the_study(db, "spring")


def text_of(file: Path) -> str:
    document = docx.Document(io.BytesIO(file.read_bytes()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return " ".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_a_pack_says_what_was_said_and_marks_the_rest(service: Service, tmp_path: Path) -> None:
    study = made(service, {**example(), "purpose": "To learn what helps."})
    names = write_pack(study, service.instruments[study.instrument], tmp_path / "pack")
    assert {Path(name).suffix for name in names} == {".docx", ".pdf", ".xlsx", ".html"}
    told = {name: text_of(tmp_path / "pack" / name) for name in names if name.endswith(".docx")}
    assert "To learn what helps." in told["information-and-consent.docx"]
    assert "To learn what helps." in told["invitation.docx"]
    assert OPEN not in told["information-and-consent.docx"]
    for name in ("privacy-and-dpia.docx", "data-management-plan.docx", "pilot-protocol.docx"):
        assert OPEN in told[name], name
    assert f"fewer than {study.k} people" in told["privacy-and-dpia.docx"]
    assert "deleted on 2031-05-06" in told["data-management-plan.docx"]
    printed = PdfReader(tmp_path / "pack" / "invitation.pdf")
    assert "To learn what helps." in " ".join((printed.pages[0].extract_text() or "").split())
    with pytest.raises(Refused, match="is there already"):
        write_pack(study, service.instruments[study.instrument], tmp_path / "pack")


def test_what_nobody_has_said_is_open_and_nothing_is_made_up(service: Service, tmp_path: Path) -> None:
    study = made(service, {})
    write_pack(study, service.instruments[study.instrument], tmp_path / "pack")
    assert text_of(tmp_path / "pack" / "invitation.docx").count(OPEN) == 6
    told = text_of(tmp_path / "pack" / "information-and-consent.docx")
    assert told.count(OPEN) == 10
