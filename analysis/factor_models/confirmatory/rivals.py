"""The competing structures of a questionnaire with several scales, written as models."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_SCALES_FOR_ONE: Final = 2
_SCALES_FOR_SECOND: Final = 3
_ITEMS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Rival:
    """One structure: its model, and how its factors are scaled and related.

    `general` names its general or higher factor, where it has one.
    """

    name: str
    words: str
    model: str
    unit_variance: bool = True
    orthogonal: bool = False
    general: str | None = None


def rival_models(scales: Mapping[str, Sequence[str]], turned: Collection[str] = ()) -> tuple[Rival, ...]:
    """Return the structures that a questionnaire with these scales could have.

    Parameters
    ----------
    scales : the items of each scale
    turned : the items that are scored in reverse

    Returns
    -------
    tuple of Rival
        One factor; correlated factors, one for each scale; with three scales or more a second-order factor
        above them; a bifactor model with a general factor of all items; the same without the first scale's
        own factor (bifactor S-1: the general factor is then that scale's); correlated factors with one
        method factor of the items scored in reverse. A structure that has too few scales or items to be
        identified is left out.

    Notes
    -----
    Factor variances are one. The factors of bifactor models are uncorrelated, as is the method factor.

    Examples
    --------
    >>> [rival.name for rival in rival_models({"a": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"]})]
    ['one factor', 'correlated factors', 'bifactor S-1']
    """
    taken = {*scales, *(item for items in scales.values() for item in items)}
    general, method = _unused("general", taken), _unused("reversed", taken)
    every = [item for items in scales.values() for item in items]
    own = [_factor(name, items) for name, items in scales.items()]
    found = [
        Rival(
            name="one factor",
            words="one factor of all items",
            model=_factor(general, every),
            general=general,
        )
    ]
    if len(scales) < _SCALES_FOR_ONE:
        return tuple(found)
    found.append(
        Rival(name="correlated factors", words="one factor for each scale, correlated", model="\n".join(own))
    )
    enough = all(len(items) >= _ITEMS for items in scales.values())
    if len(scales) >= _SCALES_FOR_SECOND:
        found.append(
            Rival(
                name="second order",
                words="one factor for each scale, and a factor of these factors",
                model="\n".join([*own, _factor(general, scales)]),
                general=general,
            )
        )
        if enough:
            found.append(
                _bifactor("bifactor", "a general factor and one for each scale", general, every, own)
            )
    if enough:
        first = next(iter(scales))
        words = f"a general factor and one for each scale but {first}, whose factor the general one then is"
        found.append(_bifactor("bifactor S-1", words, general, every, own[1:]))
    reverse = [item for item in every if item in turned]
    if _ITEMS <= len(reverse) < len(every):
        uncorrelated = [f"{method} ~~ 0*{name}" for name in scales]
        found.append(
            Rival(
                name="correlated factors and method",
                words="one factor for each scale, correlated, and one of the items scored in reverse",
                model="\n".join([*own, _factor(method, reverse), *uncorrelated]),
            )
        )
    return tuple(found)


def _bifactor(name: str, words: str, general: str, every: Sequence[str], own: Sequence[str]) -> Rival:
    model = "\n".join([_factor(general, every), *own])
    return Rival(name=name, words=words, model=model, orthogonal=True, general=general)


def _factor(name: str, indicators: Collection[str]) -> str:
    return f"{name} =~ {' + '.join(indicators)}"


def _unused(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name
