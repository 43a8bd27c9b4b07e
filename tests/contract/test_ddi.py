"""The codebook for archives keeps to DDI-Codebook 2.5: order and number of elements, codes of attributes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from app.db import read
from app.export.metadata import DDI, as_ddi
from app.export.microdata import microdata
from app.export.rows import Microdata
from app.operations import demo
from app.runtime import Service
from instrument import ppiq
from tests.lib.cohorts import close, take_part

SCHEMA = etree.XMLSchema(file=str(Path(__file__).with_name("ddi_codebook.xsd")))
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Files are written from rows that test_export.py reads on both engines."""
    return sqlite_url


@pytest.fixture
def leaving() -> str:
    return "rows"


@pytest.fixture
def data(service: Service, study: str) -> Microdata:
    people = [answers for _, answers in zip(range(12), (a for _, a in demo.people(ppiq())), strict=False)]
    take_part(service, f"{study}-1", "south", people)
    close(service, f"{study}-1")
    with read(service.engine) as db:
        return microdata(service, db, f"{study}-1")


def codebook(data: Microdata) -> etree._Element:
    return etree.fromstring(as_ddi(data), PARSER)


def test_a_codebook_keeps_to_the_schema(data: Microdata) -> None:
    book = codebook(data)
    SCHEMA.assertValid(book)
    files = {each.get("ID") for each in book.iterfind(f"{{{DDI}}}fileDscr")}
    named = [each.get("files") for each in book.iter(f"{{{DDI}}}var")]
    assert len(named) == len(data.columns)
    assert {*named} <= files


def test_hostile_titles_and_labels_stay_text(data: Microdata) -> None:
    hostile = '</titl><x a="1"> & ]]> \' \u202e =1+1'
    columns = tuple(replace(each, label=hostile) for each in data.columns)
    book = codebook(replace(data, title=hostile, columns=columns))
    SCHEMA.assertValid(book)
    assert {each.findtext(f"{{{DDI}}}labl") for each in book.iter(f"{{{DDI}}}var")} == {hostile}
    assert hostile in book.findtext(f".//{{{DDI}}}titl")


def first(book: etree._Element, name: str) -> etree._Element:
    return next(book.iter(f"{{{DDI}}}{name}"))


def format_before_categories(book: etree._Element) -> None:
    variable = next(each.getparent() for each in book.iter(f"{{{DDI}}}catgry"))
    variable.insert(0, variable.find(f"{{{DDI}}}varFormat"))


def a_measure_of_ours(book: etree._Element) -> None:
    first(book, "var").set("nature", "scale")


def a_label_of_a_category_before_its_code(book: etree._Element) -> None:
    category = first(book, "catgry")
    category.insert(0, category.find(f"{{{DDI}}}labl"))


def no_title(book: etree._Element) -> None:
    title = first(book, "titl")
    title.getparent().remove(title)


def the_same_variable_twice(book: etree._Element) -> None:
    one, two, *_ = book.iter(f"{{{DDI}}}var")
    two.set("ID", one.get("ID"))


def size_before_name(book: etree._Element) -> None:
    about = first(book, "fileTxt")
    about.insert(0, about.find(f"{{{DDI}}}dimensns"))


FAULTS = (
    format_before_categories,
    a_measure_of_ours,
    a_label_of_a_category_before_its_code,
    no_title,
    the_same_variable_twice,
    size_before_name,
)


@pytest.mark.parametrize("spoil", FAULTS, ids=lambda each: each.__name__)
def test_the_schema_refuses(data: Microdata, spoil: Callable[[etree._Element], None]) -> None:
    book = codebook(data)
    spoil(book)
    assert not SCHEMA.validate(book)
