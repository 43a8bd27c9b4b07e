"""docs/consent.md says of each entry and each form where a person reads what a committee asks for."""

import re
from pathlib import Path

from app.studies.information import EVERY
from instrument import ppiq

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "consent.md").read_text()
CONSENT = (ROOT / "app/templates/survey/consent_text.html").read_text()


def test_every_entry_of_the_study_information_stands_beside_a_point() -> None:
    named = {
        name
        for several in re.findall(r"study information: ([a-z, ]+)", PAGE)
        for name in several.strip().split(", ")
    }
    assert named == EVERY.keys()


def test_what_is_quoted_of_the_consent_stands_in_it() -> None:
    quoted = re.findall(r'consent: "([^"]+)"', PAGE)
    assert quoted
    assert [each for each in quoted if each not in CONSENT] == []


def test_the_warnings_of_every_proposed_form_are_named() -> None:
    forms = ppiq().forms.values()
    proposed = {each.id for each in forms} - {each.replaces for each in forms}
    warned = PAGE.partition("| form | what its first lines say |")[2].partition("\n\n")[0]
    names = re.findall(r"^\| ([^|]+) \|", warned, re.MULTILINE)
    said = {name.strip(' "?').lower().replace(" ", "_") for row in names for name in row.split(",")}
    assert {each.removesuffix("2") for each in proposed} == said
