"""LibreOffice opens every document of a pack, and finds in it what was written: `make formats`."""

import io
from pathlib import Path

import docx
import pytest
from lxml import etree

from app import studies
from app.db import write
from app.operations.pack import declared, write_pack
from app.runtime import Service
from app.studies.information import describe, example
from app.studies.study import the_study
from tests.formats.test_other_programs import run

pytestmark = pytest.mark.formats
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


@pytest.fixture
def pack(service: Service, tmp_path: Path) -> Path:
    with write(service.engine) as db:
        studies.make_study(db, id="spring", title="Spring placements", form="a2", simulated=True)
        describe(service, db, the_study(db, "spring"), example())
        of = declared(service, db, the_study(db, "spring"))
    write_pack(of, tmp_path / "pack")
    return tmp_path / "pack"


def complaints(files: list[Path], within: Path) -> list[str]:
    """Have LibreOffice open documents and write what it read; return what it complained of."""
    profile = f"-env:UserInstallation={(within / 'profile').as_uri()}"
    asked = ("--headless", "--convert-to", "fodt", "--outdir", str(within), *map(str, files))
    said = run("soffice", profile, *asked, within=within).splitlines()
    lacking = [f"{each.name} was not read" for each in files if not read_as(each, within).is_file()]
    told = [line for line in said if "rror" in line or "arning" in line]
    return [line for line in told if "javaldx" not in line] + lacking  # there is no Java, and none is needed


def read_as(file: Path, within: Path) -> Path:
    return within / f"{file.stem}.fodt"


def written(file: Path) -> list[str]:
    """Return the paragraphs that were written, those of cells too."""
    document = docx.Document(io.BytesIO(file.read_bytes()))
    return [each.text for each in document.element.body.iter(docx.oxml.ns.qn("w:p")) if each.text]


def test_libreoffice_opens_every_document_and_finds_what_was_written(pack: Path, tmp_path: Path) -> None:
    files = sorted(pack.glob("*.docx"))
    assert len(files) == 10
    assert complaints(files, tmp_path) == []
    for file in files:
        tree = etree.parse(read_as(file, tmp_path)).getroot()
        read = ["".join(each.itertext()) for each in tree.iter(f"{TEXT}p", f"{TEXT}h")]
        assert [text for text in written(file) if text not in read] == [], file.name
        tables = docx.Document(io.BytesIO(file.read_bytes())).tables
        assert len([*tree.iter(f"{TABLE}table")]) == len(tables), file.name


def test_a_damaged_document_is_complained_of(tmp_path: Path) -> None:
    file = tmp_path / "damaged.docx"
    docx.Document().save(str(file))
    file.write_bytes(file.read_bytes()[:3000])
    assert complaints([file], tmp_path)
