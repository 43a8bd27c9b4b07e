"""Pages that are the same for everybody: people to talk to, a sheet to plan a talk, accessibility."""

from dataclasses import dataclass
from typing import ClassVar

from app.support.accessibility import Statement
from app.support.signposts import Signposts
from app.templating import Page


@dataclass(frozen=True, kw_only=True)
class SupportPage(Page):
    template: ClassVar[str] = "support/people.html"
    signposts: Signposts


@dataclass(frozen=True, kw_only=True)
class SheetPage(Page):
    template: ClassVar[str] = "support/sheet.html"


@dataclass(frozen=True, kw_only=True)
class SheetPaper(Page):
    template: ClassVar[str] = "support/sheet_paper.html"


@dataclass(frozen=True, kw_only=True)
class AccessibilityPage(Page):
    template: ClassVar[str] = "support/accessibility.html"
    statement: Statement
    on: str
    """The day on which it was tested."""
