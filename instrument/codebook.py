"""The columns of an export, described once for every format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from instrument.answers import allowed
from instrument.codes import DO_NOT_KNOW, LEFT_BLANK, MISSING_LABELS, RATHER_NOT_SAY, WITHHELD
from instrument.model import Form, Instrument, Subscale
from instrument.orders import orders
from instrument.words import Words

PROVENANCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "row_id": "Random number of this row, made anew for every export",
        "simulated": "1 where the answers were made up by a program",
        "wave": "Collection in which the answers were given",
        "unit": "Unit that the code was made for, or that a file named",
        "language": "Language in which the questionnaire was shown; und is not known",
        "form_hash": "SHA-256 of the form: its items, scales, order and pages",
        "words_hash": "SHA-256 of the words as they were shown, or imported",
        "layout": "How the questions were laid out, or imported",
        "key_revision": "Revision of the scoring key",
        "code_version": "Version of the program that scored and wrote this",
    }
)

BLOCK_ORDER: Final = "block_order"
"""The column with the number of the order in which a person was shown blocks and items."""

MADE: Final[Mapping[str, str]] = MappingProxyType(
    {"pomp": "0 to 100 from", "mean": "mean of", "sum": "sum of"}
)
"""How a score is made of answers, by its method."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column: `values` labels the codes of a category, `missing` those that stand for no answer."""

    name: str
    label: str
    kind: Literal["provenance", "context", "raw", "keyed", "score", "answered"]
    measure: Literal["nominal", "ordinal", "scale"]
    values: Mapping[int, str] | Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[int, str] = field(default_factory=dict)


def codebook(instrument: Instrument, form_id: str, language: str) -> tuple[Column, ...]:
    """Describe the columns of an export.

    Parameters
    ----------
    instrument : the questionnaire
    form_id : one of its forms
    language : of the labels, one in which the form has words

    Returns
    -------
    tuple of Column
        Provenance, context, raw and keyed answers, scores and numbers of answers, in this order.
    """
    form, words = instrument.forms[form_id], instrument.words[form_id, language]
    shown = [subscale for subscale in instrument.key.subscales(form_id).values() if subscale.shown]
    return (
        *_provenance(),
        *_block_order(form),
        *_context(instrument, form, words),
        *_raw(form, words),
        *_keyed(instrument, form, words),
        *_scores(shown, words),
    )


def _provenance() -> Iterator[Column]:
    for name, label in PROVENANCE.items():
        yield Column(name=name, label=label, kind="provenance", measure="nominal")


def _block_order(form: Form) -> Iterator[Column]:
    """Number the blocks as the form has them; the order of every item is in `orders` of instrument.json."""
    if drawn := orders(form):
        places = {block: str(place) for place, block in enumerate(form.blocks, 1)}
        numbered = ", ".join(f"{place} {block}" for block, place in places.items())
        yield Column(
            name=BLOCK_ORDER,
            label=f"Order in which blocks and items were shown: {numbered}",
            kind="provenance",
            measure="nominal",
            values={
                number: "-".join(dict.fromkeys(places[form.block_of[item]] for item in items))
                for number, items in enumerate(drawn, 1)
            },
            missing={WITHHELD: MISSING_LABELS[WITHHELD]},
        )


def _context(instrument: Instrument, form: Form, words: Words) -> Iterator[Column]:
    missing = {code: MISSING_LABELS[code] for code in (LEFT_BLANK, RATHER_NOT_SAY, WITHHELD)}
    for name in form.context:
        options = {option: words.option(name, option) for option in instrument.context[name].options}
        label = words.question(name)
        yield Column(
            name=name, label=label, kind="context", measure="nominal", values=options, missing=missing
        )


def _raw(form: Form, words: Words) -> Iterator[Column]:
    for item in form.items:
        scale = form.scales[item.scale]
        labels = {code: words.label(item.scale, code) for code in allowed(form, item)}
        # "I do not know" is an answer, but not a degree on the scale.
        answers = (*scale.codes, *(code for code in scale.missing if code == DO_NOT_KNOW))
        yield Column(
            name=f"raw_{item.id}",
            label=words.sentence(item.id),
            kind="raw",
            measure="nominal" if DO_NOT_KNOW in answers else scale.measure,
            values={code: labels[code] for code in answers},
            missing={code: label for code, label in labels.items() if code not in answers},
        )


def _keyed(instrument: Instrument, form: Form, words: Words) -> Iterator[Column]:
    subscales = instrument.key.subscales(form.id).values()
    is_reversed = {item.id: item.reversed for subscale in subscales for item in subscale.items}
    for item in form.items:
        if item.id not in is_reversed:
            continue
        scale = form.scales[item.scale]
        way = "reversed" if is_reversed[item.id] else "as answered"
        yield Column(
            name=item.id,
            label=f"{words.sentence(item.id)} ({way})",
            kind="keyed",
            measure="ordinal",
            values={
                scale.reverse(code) if is_reversed[item.id] else code: words.label(scale.id, code)
                for code in scale.codes
            },
        )


def _scores(subscales: list[Subscale], words: Words) -> Iterator[Column]:
    for subscale in subscales:
        label = f"{words.facet(subscale.id)} ({_made(subscale)})"
        yield Column(name=subscale.id, label=label, kind="score", measure="scale")
    for subscale in subscales:
        label = f"{words.facet(subscale.id)}: number of answers"
        yield Column(name=f"{subscale.id}_answered", label=label, kind="answered", measure="scale")


def _made(subscale: Subscale) -> str:
    """Say on which scale a score is, and how many answers it takes."""
    parts, what = (subscale.of, "scores") if subscale.of else (subscale.items, "answers")
    least = "all" if subscale.min_answered == len(parts) else f"at least {subscale.min_answered} of"
    over = f", from at least {subscale.min_items} answers" if subscale.min_items else ""
    return f"{MADE[subscale.method]} {least} {len(parts)} {what}{over}"
