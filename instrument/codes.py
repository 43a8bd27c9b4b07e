"""The codes for no answer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

DO_NOT_KNOW: Final = -55
WITHHELD: Final = -66
DOES_NOT_APPLY: Final = -77
LEFT_BLANK: Final = -88
RATHER_NOT_SAY: Final = -99

MISSING_LABELS: Final[Mapping[int, str]] = MappingProxyType(
    {
        DO_NOT_KNOW: "I do not know",
        WITHHELD: "Withheld",
        DOES_NOT_APPLY: "Does not apply",
        LEFT_BLANK: "Left blank",
        RATHER_NOT_SAY: "Rather not say",
    }
)
Kind = Literal["do_not_know", "does_not_apply", "left_blank", "rather_not_say"]
KINDS: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        "do_not_know": DO_NOT_KNOW,
        "does_not_apply": DOES_NOT_APPLY,
        "left_blank": LEFT_BLANK,
        "rather_not_say": RATHER_NOT_SAY,
    }
)
