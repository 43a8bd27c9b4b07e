"""Items chosen by name, as a questionnaire of one scale: without a folder, words or publication."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from instrument.codes import LEFT_BLANK
from instrument.model import Form, Instrument, Item, Key, KeyedItem, Scale, Scores, Subscale

ALL_ITEMS: Final = "all_items"
_Value = TypeVar("_Value")


def named_items(
    title: str,
    items: Sequence[str],
    codes: Sequence[float],
    *,
    reversed_items: Collection[str] = (),
    method: Literal["pomp", "mean", "sum"] = "mean",
    min_answered: int | None = None,
) -> Instrument:
    """Return an instrument of items by any names, whose answers are any numbers.

    Parameters
    ----------
    title : what it is called
    items : the names, in their order
    codes : the answers there can be, lowest first
    reversed_items : those of the items in which agreement means less
    method : a name in `METHODS`, of the one score
    min_answered : answers that a score needs; by default all

    Returns
    -------
    Instrument
        One form `items`, one scale, one subscale `all_items`. The models are not checked against what folders
        may hold, since the names are those of somebody's file.
    """
    # Whole numbers become int, since codes are compared and printed, and the model allows no others.
    whole: tuple[Any, ...] = tuple(int(code) if float(code).is_integer() else code for code in codes)
    scale = Scale.model_construct(
        id="answers", measure="ordinal", codes=whole, kinds={"left_blank": LEFT_BLANK}
    )
    subscale = Subscale.model_construct(
        id=ALL_ITEMS,
        items=tuple(KeyedItem.model_construct(id=item, reversed=item in reversed_items) for item in items),
        of=(),
        method=method,
        min_answered=len(items) if min_answered is None else min_answered,
        min_items=0,
        shown=True,
    )
    form = Form.model_construct(
        id="items",
        published=False,
        about=title,
        window="",
        per_page=len(items),
        context=(),
        role="role",
        result="facets",
        words=None,
        scales=_one("answers", scale),
        items=tuple(
            Item.model_construct(id=item, scale="answers", cell=None, does_not_apply=False) for item in items
        ),
    )
    scores = Scores.model_construct(subscales=_one(ALL_ITEMS, subscale))
    return Instrument(
        id="items",
        title=title,
        licence="",
        language="en",
        folder=Path(),
        forms=_one("items", form),
        key=Key.model_construct(revision=1, forms=_one("items", scores)),
        context=MappingProxyType({}),
        words=MappingProxyType({}),
        advice=MappingProxyType({}),
        claims_in=MappingProxyType({}),
    )


def _one(name: str, value: _Value) -> Mapping[str, _Value]:
    return MappingProxyType({name: value})
