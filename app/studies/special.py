"""Questions about the person that the law protects: asked in a research study, under a purpose of their own.

They serve to see whether a questionnaire works equally well for different people. Answers are coarse, every
question offers not to say, and none is free text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.languages import _


@dataclass(frozen=True)
class SpecialQuestion:
    """A question with its answers, by their ids."""

    id: str
    text: str
    options: Mapping[str, str]

    @property
    def column(self) -> str:
        """The name of its column in an export."""
        return self.id.replace("-", "_")


YES_OR_NO: Final[Mapping[str, str]] = MappingProxyType({"yes": _("Yes"), "no": _("No")})
SPECIAL: Final[Mapping[str, SpecialQuestion]] = MappingProxyType(
    {
        each.id: each
        for each in (
            # Ids with a hyphen, which no item or context question can have.
            SpecialQuestion(
                "self-age",
                _("How old are you?"),
                MappingProxyType(
                    {
                        "under_25": _("Under 25"),
                        "from_25": _("25 to 34"),
                        "from_35": _("35 to 44"),
                        "from_45": _("45 to 54"),
                        "from_55": _("55 or older"),
                    }
                ),
            ),
            SpecialQuestion(
                "self-gender",
                _("What is your gender?"),
                MappingProxyType(
                    {"woman": _("Woman"), "man": _("Man"), "another": _("Another, or none of these")}
                ),
            ),
            SpecialQuestion(
                "self-ethnicity",
                _("What is your ethnic group?"),
                MappingProxyType(
                    {
                        "asian": _("Asian"),
                        "black": _("Black, African or Caribbean"),
                        "mixed": _("Mixed, or several groups"),
                        "white": _("White"),
                        "another": _("Another group"),
                    }
                ),
            ),
            SpecialQuestion("self-disability", _("Do you have a disability?"), YES_OR_NO),
            SpecialQuestion(
                "self-language", _("Is the language of these pages your first language?"), YES_OR_NO
            ),
        )
    }
)
