"""What was tested for accessibility, how, and what still fails: one file, and the page that shows it."""

from functools import cache
from pathlib import Path
from typing import Final

from instrument.nodes import read
from instrument.values import Model, Text

FILE: Final = Path(__file__).with_name("tested.yaml")


class Tested(Model):
    what: Text
    test: Text


class Statement(Model):
    tested_on: Text
    standard: Text
    tested: tuple[Tested, ...]
    fails: tuple[Text, ...]


@cache
def statement() -> Statement:
    """Return the statement on accessibility, read once."""
    document = read(FILE, FILE.name)
    assert not document.problems, document.problems
    return Statement.model_validate(document.data)
