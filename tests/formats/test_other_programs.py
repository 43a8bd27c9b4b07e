"""How R, PSPP (a free program like SPSS) and LibreOffice read an export: `make formats` installs them."""

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest

from app.db import read
from app.export.bundle import bundle, in_memory
from app.export.labelled import coded
from app.export.microdata import microdata
from app.export.rows import Microdata
from app.operations import demo
from app.runtime import Service
from instrument import ppiq
from tests.lib.cohorts import close, take_part
from tests.privacy.organisations import ITEMS

pytestmark = pytest.mark.formats
STEM = "form-a_wave-demo1"
SCORES = ["ec", "vi", "sd", "ag", "id", "rr", "total"]
MISSING = {"sd5": -88, "id1": -99, "ec2": -77}
HAVEN = """
library(haven)
sav <- read_sav("labelled/{stem}.sav", user_na = TRUE)
dta <- read_dta("labelled/{stem}.dta")
for (name in names(sav)) {{
  x <- sav[[name]]
  y <- dta[[name]]
  code <- if (is.numeric(x)) sum(unclass(x), na.rm = TRUE) else "text"
  kinds <- if (is.numeric(y)) sum(is_tagged_na(y)) else 0
  cat(name, code, length(attr(x, "labels")), length(attr(x, "na_values")), kinds, sep = "\\t")
  cat("\\n")
}}
"""


@pytest.fixture
def leaving() -> str:
    return "rows"


@pytest.fixture
def data(service: Service, study: str) -> Microdata:
    people = [
        answers
        for _, answers in zip(range(40), (a for _, a in demo.people(ppiq(), form_id="a")), strict=False)
    ]
    people[0] = {**people[0], **dict.fromkeys(ITEMS, 2), **MISSING}
    people[1] = {**people[1], **dict.fromkeys(("ec1", "ec2", "ec3"), -99)}
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    with read(service.engine) as db:
        return microdata(service, db, "demo-1")


@pytest.fixture
def folder(data: Microdata, tmp_path: Path) -> Path:
    for path, content in in_memory(bundle(data)).items():
        target = tmp_path / "out" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tmp_path / "out"


def run(*command: str, within: Path) -> str:
    assert shutil.which(command[0]), f"{command[0]} is not installed: run `make formats`"
    done = subprocess.run(command, cwd=within, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    return done.stdout + done.stderr


def test_r_computes_every_score_as_it_is_in_the_file(folder: Path) -> None:
    said = run("Rscript", f"{STEM}.R", within=folder / "syntax")
    assert [f"{name}: as in the file" in said for name in SCORES] == [True] * len(SCORES)


def test_r_stops_where_a_score_is_another(folder: Path) -> None:
    path = folder / "data" / f"{STEM}_data.csv"
    head, first, *rest = path.read_text().splitlines()
    cells = first.split(",")
    cells[head.split(",").index("vi")] = "99"
    path.write_text("\n".join([head, ",".join(cells), *rest]))
    with pytest.raises(AssertionError, match="vi: 1 rows differ"):
        run("Rscript", f"{STEM}.R", within=folder / "syntax")


def test_haven_reads_codes_labels_and_kinds_of_missing(folder: Path, data: Microdata) -> None:
    (folder / "read.R").write_text(HAVEN.format(stem=STEM))
    said = csv.reader(io.StringIO(run("Rscript", "read.R", within=folder)), delimiter="\t")
    read_back = {name: cells for name, *cells in said}
    for each in coded(data):
        total, labels, missing, tagged = read_back[each.column.name]
        if each.is_text:
            assert total == "text"
            continue
        numbers = [cell for cell in each.cells if isinstance(cell, int | float)]
        assert float(total) == pytest.approx(sum(numbers), rel=1e-6)
        assert int(labels) == len(each.values) + len(each.column.missing)
        assert int(missing) == len(each.column.missing)
        assert int(tagged) == sum(cell in each.column.missing for cell in each.cells)


def test_pspp_computes_every_score_as_it_is_in_the_file(folder: Path) -> None:
    said = run("pspp", "-O", "format=csv", f"{STEM}.sps", within=folder / "syntax")
    assert "error" not in said.lower()
    for name in SCORES:
        table = said.split(f"Table: differs_{name}\n")[1].split("\n\n")[0]
        counts = [row for row in csv.reader(io.StringIO(table)) if row[:1] == ["Valid"]]
        assert [(row[1], row[2]) for row in counts] == [(".00", "40")], name


def test_pspp_reads_the_file_with_its_labels(folder: Path, data: Microdata) -> None:
    (folder / "read.sps").write_text(f"GET FILE='labelled/{STEM}.sav'.\nFREQUENCIES VARIABLES=raw_ec1.\n")
    said = run("pspp", "-O", "format=csv", "read.sps", within=folder)
    [column] = [column for column in data.columns if column.name == "raw_ec1"]
    given = {cell for cell in data.column("raw_ec1") if cell in column.values}
    for code in given:
        assert column.values[code] in said


def test_libreoffice_opens_the_spreadsheet_as_it_is_and_finds_no_formula(
    folder: Path, data: Microdata
) -> None:
    run("soffice", "--headless", "--convert-to", "fods", f"labelled/{STEM}.xlsx", within=folder)
    assert "table:formula" not in (folder / f"{STEM}.fods").read_text()
    run("soffice", "--headless", "--convert-to", "csv", f"labelled/{STEM}.xlsx", within=folder)
    head, *rows = csv.reader(io.StringIO((folder / f"{STEM}.csv").read_text()))
    assert head == [column.name for column in data.columns]
    assert len(rows) == data.count
    place = head.index("raw_ec1")
    assert [row[place] for row in rows] == [str(cell) for cell in data.column("raw_ec1")]
