"""The folder of an export: every format of the table, together, on the page and from the command."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from app.db import read
from app.errors import Refused
from app.export.bundle import bundle, digest, files_of, in_memory, write_bundle
from app.export.formats import FORMATS
from app.export.metadata import DDI
from app.export.microdata import microdata
from app.export.questionnaire import PURPOSES, SPREADSHEET, WRITERS
from app.export.rows import Microdata, by_column
from app.operations import demo
from app.runtime import Service
from instrument import ppiq
from tests.lib.cohorts import close, signed_in, take_part

WAVE = "demo-1"


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Files are written from rows that test_export.py reads on both engines."""
    return sqlite_url


@pytest.fixture
def leaving() -> str:
    return "rows"


@pytest.fixture
def closed(service: Service, study: str) -> Service:
    people = [
        answers
        for _, answers in zip(range(30), (a for _, a in demo.people(ppiq(), form_id="a")), strict=False)
    ]
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    return service


def data(service: Service) -> Microdata:
    with read(service.engine) as db:
        return microdata(service, db, WAVE)


def test_the_folder_holds_every_format_and_a_manifest_with_the_hash_of_each(
    closed: Service, tmp_path
) -> None:
    written = write_bundle(closed, WAVE, tmp_path / "out")
    said = json.loads((tmp_path / "out" / "manifest.json").read_text())
    found = {str(path.relative_to(tmp_path / "out")) for path in written} - {"manifest.json"}
    named = {each.path.format(stem="form-a_wave-demo1") for each in FORMATS.values()}
    named |= {f"instrument/{name}" for name in WRITERS if name != SPREADSHEET}
    assert found == set(said["files"]) == named
    assert "which a spreadsheet form does not hold" in said["left_out"].pop(f"instrument/{SPREADSHEET}")
    assert said["left_out"] == {}
    for path, hash_ in said["files"].items():
        assert sha256((tmp_path / "out" / path).read_bytes()).hexdigest() == hash_
    assert said["simulated"] is True
    assert said["form_hash"] == ppiq().forms["a"].hash


def test_the_digest_is_of_the_answers_and_not_of_their_order_or_ids(closed: Service) -> None:
    one, two = data(closed), data(closed)
    assert [*one.rows] != [*two.rows]
    assert digest(one) == digest(two)


def test_a_digest_proves_no_guess_about_a_row_that_was_erased(closed: Service) -> None:
    """The attacker has the rows that are left and the digest from before, and guesses the missing row."""
    found = data(closed)
    kept = [place for place, column in enumerate(found.columns) if column.name != "row_id"]
    guessed = sorted(json.dumps([row[place] for place in kept]) for row in found.rows)
    assert digest(found) != sha256("\n".join(guessed).encode()).hexdigest()
    assert digest(found) != digest(replace(found, digest_key=b"of another wave, or service"))


@pytest.mark.parametrize("name", FORMATS)
def test_the_hash_of_a_file_proves_no_guess_about_an_erased_row(closed: Service, name: str) -> None:
    """A file whose bytes depend only on the answers would allow guesses to be tested by its hash."""
    one, two = data(closed), data(closed)
    make = FORMATS[name].make
    if make(one) != make(two):
        return
    place = [column.name for column in one.columns].index("raw_sd1")
    first, *rest = one.rows
    other = next(row[place] for row in rest if row[place] != first[place])
    first = (*first[:place], other, *first[place + 1 :])
    cells = by_column([[first, *rest]], len(one.columns), one.count)
    assert make(one) == make(replace(one, cells=tuple(cells)))


def test_nothing_is_overwritten_and_nothing_half_written(closed: Service, tmp_path: Path) -> None:
    tmp_path = tmp_path / "out"
    [first] = write_bundle(closed, WAVE, tmp_path, format_="csv")
    before = first.read_bytes()
    with pytest.raises(Refused, match="another folder"):
        write_bundle(closed, WAVE, tmp_path, format_="csv")
    assert first.read_bytes() == before
    assert [*tmp_path.iterdir()] == [first]
    with pytest.raises(Refused, match="choose one of csv"):
        write_bundle(closed, WAVE, tmp_path, format_="pdf")


def test_the_page_gives_what_the_command_writes_to_whoever_is_fresh(
    closed: Service, client: TestClient
) -> None:
    signed_in(closed, client, "researcher", "demo")
    page = client.get(f"/export/waves/{WAVE}").text
    links = [link for link in re.findall(r'href="([^"]+)"', page) if "/files/" in link]
    opens = ["sav", "dta", "parquet", "xlsx"]
    names = [*opens, *(each for each in FORMATS if each not in {"csv", *opens}), *WRITERS]
    names.remove(SPREADSHEET)
    assert links == [f"/export/waves/{WAVE}/files/{name}" for name in names]
    files = in_memory(bundle(data(closed)))
    for name, link in zip(names, links, strict=True):
        reply = client.get(link)
        assert reply.status_code == 200, name
        if name in WRITERS:
            assert reply.content == files[f"instrument/{name}"] or name == "xlsform.xlsx"
        assert (FORMATS[name].purpose if name in FORMATS else PURPOSES[name]) in page
    refused = client.get(f"/export/waves/{WAVE}/files/{SPREADSHEET}")
    assert (refused.status_code, "which a spreadsheet form does not hold" in refused.text) == (422, True)
    with zipfile.ZipFile(io.BytesIO(client.get(f"/export/waves/{WAVE}/all.zip").content)) as everything:
        assert {*everything.namelist()} == {f"{WAVE}/{path}" for path in files}
    assert client.get(f"/export/waves/{WAVE}/files/nonsense").status_code == 404


def test_a_title_says_simulated_once(closed: Service) -> None:
    rows = data(closed)
    assert rows.titled == "SIMULATED: Demonstration"
    assert replace(rows, title="Demonstration (SIMULATED)").titled == "Demonstration (SIMULATED)"
    assert replace(rows, simulated=False).titled == "Demonstration"


def test_metadata_describe_every_column_of_the_csv(closed: Service) -> None:
    files = in_memory(bundle(data(closed)))
    names = next(csv.reader(io.StringIO(files["data/form-a_wave-demo1_data.csv"].decode())))
    for path in ("dataset_description.json", "data/form-a_wave-demo1_data.json"):
        assert [each["name"] for each in json.loads(files[path])["variableMeasured"]] == names
    described = json.loads(files["dataset_description.json"])
    assert (described["@context"], described["@type"]) == ("https://schema.org", "Dataset")
    assert described["name"].startswith("SIMULATED")
    assert not re.search(r"[?!.]\.", files["dataset_description.json"].decode())
    book = ET.fromstring(files["codebook/ddi.xml"])
    spaces = {"d": DDI}
    variables = book.findall("d:dataDscr/d:var", spaces)
    assert [each.get("name") for each in variables] == names
    [ec1] = [each for each in variables if each.get("name") == "raw_ec1"]
    asked = ec1.findtext("d:qstn/d:preQTxt", namespaces=spaces)
    assert asked == json.loads(files["codebook/codebook.json"])["asked"] == ppiq().words["a", "en"].stem()
    assert asked in files["codebook/codebook.html"].decode()
    codes = {
        category.findtext("d:catValu", namespaces=spaces): category.get("missing")
        for category in ec1.findall("d:catgry", spaces)
    }
    assert [code for code in codes if codes[code] is None] == ["0", "1", "2", "3", "4"]
    assert {"-88", "-99"} <= {code for code in codes if codes[code] == "Y"}
    held = {each.get("name"): each.find("d:varFormat", spaces).get("type") for each in variables}
    assert {held[name] for name in ("row_id", "simulated", "raw_ec1", "total")} == {"numeric"}
    assert {held[name] for name in ("wave", "form_hash", "role")} == {"character"}
    rows = list(csv.DictReader(io.StringIO(files["codebook/codebook.csv"].decode())))
    assert {row["name"] for row in rows} == {*names}


def test_no_file_of_a_demonstration_hides_that_it_is_simulated(closed: Service) -> None:
    for path, content in in_memory(bundle(data(closed))).items():
        if path.endswith((".R", ".sps", ".do", ".html", "dataset_description.json", "ddi.xml")):
            assert b"SIMULATED" in content, path


def test_lines_of_spss_syntax_fit_and_no_text_is_a_macro_in_stata(closed: Service) -> None:
    files = in_memory(files_of(replace(data(closed), title="North/*South")))
    spss = files["syntax/form-a_wave-demo1.sps"]
    assert spss.startswith("\ufeff".encode())
    assert max(map(len, spss.split(b"\r\n"))) <= 251
    stata = files["syntax/form-a_wave-demo1.do"].decode()
    for line in stata.splitlines():
        if "label" in line and '`"' in line:
            assert not re.search(r"(?<!\\)\$", line), line
    assert "/*" not in stata, "the rest of a do-file would be a comment"
    assert "mvdecode raw_ec1, mv(" in stata
    assert "assert abs(re_total - total) < 1e-7 if !missing(total)" in stata
