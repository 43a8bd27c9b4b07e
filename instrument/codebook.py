"""The columns of an export, described once for every format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from instrument.answers import allowed
from instrument.model import LEFT_BLANK, RATHER_NOT_SAY, WITHHELD, MISSING_LABELS, Form, Instrument, Words

_NONE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """`values` label the codes of a category, `missing` those of an answer not given."""

    name: str
    label: str
    kind: Literal["provenance", "context", "raw", "keyed", "score", "answered"]
    measure: Literal["nominal", "ordinal", "scale"]
    values: Mapping[int | str, str]
    missing: Mapping[int, str]


def codebook(instrument: Instrument, form_id: str, language: str) -> tuple[Column, ...]:
    form, words = instrument.forms[form_id], instrument.words[form_id, language]
    return (
        *_provenance(),
        *_context(instrument, form, words),
        *_raw(form, words),
        *_keyed(instrument, form, words),
        *_scores(instrument, form, words),
    )


def _provenance() -> Iterator[Column]:
    for name, label in (
        ("language", "Language of the questionnaire"),
        ("form_hash", "SHA-256 of the form: items, scales, order, pages"),
        ("words_hash", "SHA-256 of the words as they were shown"),
        ("key_revision", "Revision of the scoring key"),
    ):
        yield Column(
            name=name, label=label, kind="provenance", measure="nominal", values=_NONE, missing=_NONE
        )


def _context(instrument: Instrument, form: Form, words: Words) -> Iterator[Column]:
    missing = {code: MISSING_LABELS[code] for code in (LEFT_BLANK, RATHER_NOT_SAY, WITHHELD)}
    for name in form.context:
        options = {option: words.option(name, option) for option in instrument.context[name].options}
        yield Column(
            name=name,
            label=words.question(name),
            kind="context",
            measure="nominal",
            values=options,
            missing=missing,
        )


def _raw(form: Form, words: Words) -> Iterator[Column]:
    for item in form.items:
        codes = allowed(form, item)
        answers = form.scales[item.scale].codes
        labels = {code: words.label(item.scale, code) for code in codes}
        yield Column(
            name=item.id,
            label=words.sentence(item.id),
            kind="raw",
            measure="ordinal",
            values={code: labels[code] for code in answers},
            missing={code: label for code, label in labels.items() if code not in answers},
        )


def _keyed(instrument: Instrument, form: Form, words: Words) -> Iterator[Column]:
    turned: dict[str, bool] = {}
    for subscale in instrument.key.subscales(form.id).values():
        turned.update({item.id: item.reversed for item in subscale.items})
    for item in form.items:
        if item.id in turned:
            way = "turned round" if turned[item.id] else "as answered"
            yield Column(
                name=f"keyed_{item.id}",
                label=f"{way}: {words.sentence(item.id)}",
                kind="keyed",
                measure="ordinal",
                values=_NONE,
                missing=_NONE,
            )


def _scores(instrument: Instrument, form: Form, words: Words) -> Iterator[Column]:
    shown = [s for s in instrument.key.subscales(form.id).values() if s.shown]
    for subscale in shown:
        yield Column(
            name=subscale.id,
            label=words.facet(subscale.id),
            kind="score",
            measure="scale",
            values=_NONE,
            missing=_NONE,
        )
    for subscale in shown:
        yield Column(
            name=f"answered_{subscale.id}",
            label=f"Number of answers behind: {words.facet(subscale.id)}",
            kind="answered",
            measure="scale",
            values=_NONE,
            missing=_NONE,
        )
