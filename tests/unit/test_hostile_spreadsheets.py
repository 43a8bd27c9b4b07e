"""Small spreadsheets that unpack to billions of cells: read for what is in them, or refused, cheaply."""

import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from analysis.files.read_table import read_table
from analysis.files.table import TableError
from instrument import InstrumentError
from instrument.exchange.sheet_files import sheets_in

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STATES = '<dimension ref="A1:XFD1048576"/>'
MOST = 50 * 2**20


def cell(place: str, text: str) -> str:
    row = "".join(each for each in place if each.isdigit())
    return f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t>{text}</t></is></c></row>'


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """Make a spreadsheet with this content in its one sheet."""

    def make(*cells: str, states: str = "") -> Path:
        whole, file = tmp_path / "whole.xlsx", tmp_path / "hostile.xlsx"
        Workbook().save(whole)
        sheet = f'<worksheet xmlns="{MAIN}">{states}<sheetData>{"".join(cells)}</sheetData></worksheet>'
        with zipfile.ZipFile(whole) as there, zipfile.ZipFile(file, "w") as here:
            for name in there.namelist():
                is_sheet = name == "xl/worksheets/sheet1.xml"
                here.writestr(name, sheet if is_sheet else there.read(name))
        return file

    return make


@pytest.fixture
def peak() -> Callable[[Callable[[], object]], int]:
    """Most bytes of memory that a call uses."""

    def measured(run: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            run()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measured


def test_the_size_that_a_file_states_is_not_believed(made, peak) -> None:
    file = made(cell("A1", "q1"), cell("A3000", "4"), states=STATES)
    assert peak(lambda: read_table(file)) < MOST
    assert [*read_table(file).columns] == ["q1"]
    assert peak(lambda: sheets_in(file)) < MOST
    rows = sheets_in(file)["sheet"]
    assert (len(rows), rows[0][0], rows[-1][0]) == (3000, "q1", "4")


def test_two_cells_far_apart_are_refused_with_what_to_do(made, peak) -> None:
    file = made(cell("XFD1", "q1"), cell("A1048576", "4"))
    said = r"hostile\.xlsx lays out more than [\d,]+ cells in the sheet Sheet; delete the empty rows"

    def refused() -> None:
        with pytest.raises(TableError, match=said):
            read_table(file)
        with pytest.raises(InstrumentError, match="the sheet Sheet has more than 200 columns"):
            sheets_in(made(cell("GS1", "q1")))

    assert peak(refused) < MOST
