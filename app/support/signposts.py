"""People to talk to, by country or nation: an operator's file, read once, or refused with all its faults."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationError

from app.errors import ConfigurationError
from instrument.nodes import Document, Problem, read, read_text
from instrument.values import Flag, Language, Model, Named, Text

DEFAULT: Final = Path(__file__).with_name("signposts.yaml")


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("an address begins with https://")
    return value


class Person(Model):
    name: Text
    for_what: Text
    telephone: Text | None = None
    address: Annotated[Text, AfterValidator(_https)] | None = None
    seen: Flag = False
    """Whether the entry was compared with the page of those it names."""


class Group(Model):
    title: Text
    people: Annotated[tuple[Person, ...], Field(min_length=1)]


class Country(Model):
    id: str
    name: Text
    checked: Flag
    """Whether the operator has checked every line."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]


class Signposts(Model):
    language: Language
    countries: Annotated[Named[Country], Field(min_length=1)]


_READ: Final[dict[Path, Signposts]] = {}


def signposts(path: Path = DEFAULT) -> Signposts:
    """Return the people to talk to from a file, read once; refused with every fault."""
    if path not in _READ:
        _READ[path] = _listed(read(path, str(path)))
    return _READ[path]


def take_signposts(path: Path, text: str) -> None:
    """Take what stood in the file when another process read it, whatever has become of the file since."""
    _READ[path] = _listed(read_text(text, str(path)))


def _listed(document: Document) -> Signposts:
    if not document.readable:
        raise _refused(document.problems)
    try:
        found = Signposts.model_validate(document.data)
    except ValidationError as error:
        told = {problem.line for problem in document.problems}
        more = [
            document.problem(said["msg"].removeprefix("Value error, "), *said["loc"])
            for said in error.errors(include_url=False, include_input=False)
        ]
        fresh = [problem for problem in more if problem.line not in told]
        raise _refused([*document.problems, *fresh]) from None
    if document.problems:
        raise _refused(document.problems)
    return found


def _refused(problems: list[Problem]) -> ConfigurationError:
    return ConfigurationError(
        "\n".join(["the list of people to talk to cannot be used:", *map(str, problems)])
    )
