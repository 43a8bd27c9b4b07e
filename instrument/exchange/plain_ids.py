"""Ids made from names that other systems and people use."""

import re
from collections.abc import Iterable
from typing import Final

from instrument.values import KEPT_WORDS

LONGEST: Final = 26


def plain_ids(names: Iterable[str]) -> dict[str, str]:
    """Return an id for each name: small letters, digits and single underscores, no two alike.

    Parameters
    ----------
    names : as they are elsewhere

    Returns
    -------
    dict of str
        Name -> id, such as an instrument may have.

    Examples
    --------
    >>> plain_ids(["team[SQ001]", "3. I decide", "I decide!"])
    {'team[SQ001]': 'team_sq001', '3. I decide': 'q_3_i_decide', 'I decide!': 'i_decide'}
    """
    ids: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "item"
        plain = plain if plain[0].isalpha() and plain not in KEPT_WORDS else f"q_{plain}"
        found, number = plain[:LONGEST].strip("_"), 1
        while found in ids.values():
            number += 1
            found = f"{plain[: LONGEST - 1 - len(str(number))].strip('_')}_{number}"
        ids[name] = found
    return ids
