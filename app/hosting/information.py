"""The page on which a host writes what people read of a study before they agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Row

from app.studies.information import EVERY, LONGEST, example, required
from app.templating import Page
from instrument import Form


@dataclass(frozen=True)
class Written:
    """An entry of the study information: what it is, what is written so far, and an example."""

    name: str
    title: str
    hint: str
    text: str
    example: str
    required: bool


@dataclass(frozen=True, kw_only=True)
class InformationPage(Page):
    template: ClassVar[str] = "hosting/information.html"
    study: str
    title: str
    entries: tuple[Written, ...]
    locked: bool
    longest: int = LONGEST
    problem: str = ""


def information_page(
    study: Row[Any], form: Form, said: Mapping[str, str], *, locked: bool, problem: str = ""
) -> InformationPage:
    """Lay out what people read of a study before they agree, to be written."""
    return InformationPage(
        simulated=study.simulated,
        study=study.id,
        title=study.title,
        entries=tuple(
            Written(
                name, entry.title, entry.hint, said.get(name, ""), example()[name], name in required(form)
            )
            for name, entry in EVERY.items()
        ),
        locked=locked,
        problem=problem,
    )
