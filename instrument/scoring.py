"""The only scoring code there is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from types import MappingProxyType
from typing import Final

from instrument.model import DOES_NOT_APPLY, LEFT_BLANK, RATHER_NOT_SAY, Form, Instrument, Scale, Subscale


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A figure with what it rests on. An unanswered item is never zero; without enough answers there is no figure."""

    value: float | None
    answered: int
    of: int
    does_not_apply: int = 0
    rather_not_say: int = 0
    left_blank: int = 0
    note: str | None = None
    lacking: tuple[str, ...] = ()  # the subscales without a figure that this one needs


def _pomp(values: Sequence[tuple[int, Scale]]) -> float:
    """Percentage of the maximum possible: 0 at the foot of every scale, 100 at the top."""
    shares = [(code - min(s.codes)) / (max(s.codes) - min(s.codes)) for code, s in values]
    return 100 * fsum(shares) / len(shares)


def _mean(values: Sequence[tuple[int, Scale]]) -> float:
    return fsum(code for code, _ in values) / len(values)


def _sum(values: Sequence[tuple[int, Scale]]) -> float:
    return fsum(code for code, _ in values)


METHODS: Final[Mapping[str, Callable[[Sequence[tuple[int, Scale]]], float]]] = MappingProxyType(
    {"pomp": _pomp, "mean": _mean, "sum": _sum}
)


def score(instrument: Instrument, form_id: str, answers: Mapping[str, int]) -> dict[str, Score]:
    """Score one person's answers (codes by item id); an item that was not shown is absent from `answers`."""
    form = instrument.forms[form_id]
    subscales = instrument.key.subscales(form_id)
    read = {i: form.scale_of(i).readings[code] for i, code in answers.items() if i in form.by_id}
    scores: dict[str, Score] = {}
    for subscale in sorted(subscales.values(), key=lambda s: bool(s.of)):
        scores[subscale.id] = (
            _of_subscales(subscale, subscales, read, scores)
            if subscale.of
            else _of_items(form, subscale, read)
        )
    return {id_: scores[id_] for id_ in subscales}


def keyed(instrument: Instrument, form_id: str, item_id: str, code: int) -> float | None:
    """Turn an answer so that more means more of what is scored; None where `code` is no answer."""
    form = instrument.forms[form_id]
    scale = form.scale_of(item_id)
    code = scale.readings[code]
    if code not in scale.codes:
        return None
    return float(_turned(scale, code, reversed_=item_id in _reversed(instrument, form_id)))


def _reversed(instrument: Instrument, form_id: str) -> set[str]:
    subscales = instrument.key.subscales(form_id).values()
    return {item.id for subscale in subscales for item in subscale.items if item.reversed}


def _turned(scale: Scale, code: int, *, reversed_: bool) -> int:
    return min(scale.codes) + max(scale.codes) - code if reversed_ else code


def _of_items(form: Form, subscale: Subscale, answers: Mapping[str, int]) -> Score:
    values: list[tuple[int, Scale]] = []
    for item in subscale.items:
        scale = form.scale_of(item.id)
        if (code := answers.get(item.id)) is not None and code in scale.codes:
            values.append((_turned(scale, code, reversed_=item.reversed), scale))
    enough = len(values) >= subscale.min_answered
    partial = f"from {len(values)} answers" if len(values) < len(subscale.items) else None
    return Score(
        value=METHODS[subscale.method](values) if enough else None,
        note=partial if enough else _not_enough(len(values), subscale.min_answered),
        **_counts([item.id for item in subscale.items], answers, len(values)),
    )


def _of_subscales(
    subscale: Subscale,
    subscales: Mapping[str, Subscale],
    answers: Mapping[str, int],
    scores: Mapping[str, Score],
) -> Score:
    parts = {part: scores[part] for part in subscale.of}
    values = [part.value for part in parts.values() if part.value is not None]
    answered = sum(part.answered for part in parts.values())
    items = [item.id for part in parts for item in subscales[part].items]
    lacking = tuple(id_ for id_, part in parts.items() if part.value is None)
    counts = _counts(items, answers, answered)
    if len(values) < subscale.min_answered:
        return Score(
            value=None, note=f"not enough answers for {', '.join(lacking)}", lacking=lacking, **counts
        )
    if answered < subscale.min_items:
        return Score(value=None, note=_not_enough(answered, subscale.min_items), **counts)
    total = fsum(values)
    return Score(
        value=total if subscale.method == "sum" else total / len(values),
        note=f"from {answered} answers" if answered < len(items) else None,
        **counts,
    )


def _not_enough(answered: int, needed: int) -> str:
    return f"not enough answers: {answered}, and {needed} are needed"


def _counts(items: Sequence[str], answers: Mapping[str, int], answered: int) -> dict[str, int]:
    given = [answers.get(item) for item in items]
    return {
        "answered": answered,
        "of": len(items),
        "does_not_apply": given.count(DOES_NOT_APPLY),
        "rather_not_say": given.count(RATHER_NOT_SAY),
        "left_blank": given.count(LEFT_BLANK),
    }
