"""Scores answers. No other code of the project scores, or turns reversed items."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from types import MappingProxyType
from typing import Final

from instrument.codes import DOES_NOT_APPLY, LEFT_BLANK, RATHER_NOT_SAY
from instrument.model import Form, Instrument, Subscale


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A figure and the answers it rests on; None with too few answers. Unanswered items never count as 0."""

    value: float | None
    answered: int
    of: int
    does_not_apply: int = 0
    rather_not_say: int = 0
    left_blank: int = 0
    note: str | None = None
    lacking: tuple[str, ...] = ()  # the subscales that this one is made of and that have no figure
    needed: int | None = None  # how many answers are needed, where there are too few


# Each answer stands with the foot and the top of its scale: (keyed code, foot, top).
_Keyed = tuple[int, int, int]


def _pomp(answers: Sequence[_Keyed]) -> float:
    """Percentage of the maximum possible: 0 at the lowest code of every scale, 100 at the highest."""
    return 100 * fsum((code - foot) / (top - foot) for code, foot, top in answers) / len(answers)


def _mean(answers: Sequence[_Keyed]) -> float:
    return sum(code for code, _, _ in answers) / len(answers)


def _sum(answers: Sequence[_Keyed]) -> float:
    return float(sum(code for code, _, _ in answers))


METHODS: Final[Mapping[str, Callable[[Sequence[_Keyed]], float]]] = MappingProxyType(
    {"pomp": _pomp, "mean": _mean, "sum": _sum}
)


def score(instrument: Instrument, form_id: str, answers: Mapping[str, int]) -> dict[str, Score]:
    """Score one person's answers.

    Parameters
    ----------
    instrument : the questionnaire
    form_id : the form that was answered
    answers : codes by item id; an item that was not shown is absent, and what is no item of the form (the
        context) is left aside

    Returns
    -------
    dict of Score
        By subscale id, in the key's order; `value` is None where there are too few answers.

    Raises
    ------
    ValueError
        A code that its item cannot have.
    """
    form = instrument.forms[form_id]
    subscales = instrument.key.subscales(form_id)
    meant = {item: _meant(form, item, code) for item, code in answers.items() if item in form.by_id}
    scores = {s.id: _of_items(form, s, meant) for s in subscales.values() if s.items}
    for subscale in subscales.values():
        if subscale.of:
            items = [item.id for part in subscale.of for item in subscales[part].items]
            scores[subscale.id] = _of_subscales(subscale, items, meant, scores)
    return {id_: scores[id_] for id_ in subscales}


def rescaled(instrument: Instrument, form_id: str, answers: Mapping[str, int]) -> dict[str, Score]:
    """Score one person's answers, each figure on 0 to 100 whatever the key's method.

    Parameters
    ----------
    instrument : the questionnaire
    form_id : the form that was answered
    answers : codes by item id, as for `score`

    Returns
    -------
    dict of Score
        By subscale id; 0 where all that counts is at the end of least, 100 where it is at the other.

    Raises
    ------
    ValueError
        A code that its item cannot have.
    """
    form, subscales = instrument.forms[form_id], instrument.key.subscales(form_id)
    scores = score(instrument, form_id, answers)
    ends: dict[str, tuple[float, float]] = {}
    for subscale in sorted(subscales.values(), key=lambda each: bool(each.of)):
        if scores[subscale.id].value is None:
            continue
        if subscale.items:
            scales = [
                form.scale_of(item.id)
                for item in subscale.items
                if item.id in answers
                and _meant(form, item.id, answers[item.id]) in form.scale_of(item.id).codes
            ]
            method = METHODS[subscale.method]
            ends[subscale.id] = (
                method([(scale.foot, scale.foot, scale.top) for scale in scales]),
                method([(scale.top, scale.foot, scale.top) for scale in scales]),
            )
        else:
            parts = [ends[part] for part in subscale.of if part in ends]
            over = 1 if subscale.method == "sum" else len(parts)
            ends[subscale.id] = (fsum(low for low, _ in parts) / over, fsum(high for _, high in parts) / over)
    return {
        id_: replace(each, value=_on_percent(each.value, *ends[id_])) if each.value is not None else each
        for id_, each in scores.items()
    }


def _on_percent(value: float, low: float, high: float) -> float:
    return 100 * (value - low) / (high - low)


def keyed(instrument: Instrument, form_id: str, item_id: str, code: int) -> float | None:
    """Turn an answer so that more means more of what is scored.

    Parameters
    ----------
    instrument : the questionnaire
    form_id : the form that was answered
    item_id : an item of it
    code : what is stored for it

    Returns
    -------
    float or None
        The code, of a reversed item foot + top - code; None where it stands for no answer.

    Raises
    ------
    ValueError
        A code that the item cannot have.
    """
    form = instrument.forms[form_id]
    scale, code = form.scale_of(item_id), _meant(form, item_id, code)
    if code not in scale.codes:
        return None
    return float(scale.reverse(code) if item_id in instrument.key.reversed_items(form_id) else code)


def _meant(form: Form, item: str, code: int) -> int:
    try:
        return form.scale_of(item).readings[code]
    except KeyError:
        raise ValueError(f"form {form.id} has no answer {code} to {item}") from None


def _of_items(form: Form, subscale: Subscale, answers: Mapping[str, int]) -> Score:
    values: list[_Keyed] = []
    for item in subscale.items:
        scale = form.scale_of(item.id)
        code = answers.get(item.id)
        if code is not None and code in scale.codes:
            values.append((scale.reverse(code) if item.reversed else code, scale.foot, scale.top))
    items = [item.id for item in subscale.items]
    if len(values) < subscale.min_answered:
        return _score(None, items, answers, len(values), needed=subscale.min_answered)
    return _score(METHODS[subscale.method](values), items, answers, len(values))


def _of_subscales(
    subscale: Subscale, items: Sequence[str], answers: Mapping[str, int], scores: Mapping[str, Score]
) -> Score:
    values = [value for part in subscale.of if (value := scores[part].value) is not None]
    answered = sum(scores[part].answered for part in subscale.of)
    if len(values) < subscale.min_answered:
        lacking = tuple(part for part in subscale.of if scores[part].value is None)
        return _score(None, items, answers, answered, lacking=lacking)
    if answered < subscale.min_items:
        return _score(None, items, answers, answered, needed=subscale.min_items)
    total = fsum(values)
    return _score(total if subscale.method == "sum" else total / len(values), items, answers, answered)


def _score(
    value: float | None,
    items: Sequence[str],
    answers: Mapping[str, int],
    answered: int,
    *,
    needed: int | None = None,
    lacking: tuple[str, ...] = (),
) -> Score:
    given = [answers.get(item) for item in items]
    return Score(
        value=value,
        answered=answered,
        of=len(items),
        does_not_apply=given.count(DOES_NOT_APPLY),
        rather_not_say=given.count(RATHER_NOT_SAY),
        left_blank=given.count(LEFT_BLANK),
        note=_note(answered, len(items), needed, lacking),
        lacking=lacking,
        needed=needed,
    )


def _note(answered: int, of: int, needed: int | None, lacking: tuple[str, ...]) -> str | None:
    """Say in English what `answered`, `needed` and `lacking` say in figures, for pages to word anew."""
    if lacking:
        return f"not enough answers for {', '.join(lacking)}"
    if needed is not None:
        return f"not enough answers: {answered} of the {needed} needed"
    return f"from {answered} answers" if answered < of else None
