"""A questionnaire that a host has brought, line by line, for the operator who says yes or no."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from app.hosted.brought import as_kept
from instrument import Form, Instrument, Words


def lines(found: Row[Any]) -> Iterator[str]:
    brought = as_kept(found.files)
    [form] = brought.forms.values()
    yield f"{brought.title} ({brought.id}), {found.state}, brought by {found.host}"
    yield f"Licence: {brought.licence}"
    yield f"Who answers: {form.about} ({' and '.join(form.audiences)}). Time asked about: {form.window}."
    yield f"In the list of private reflection: {'yes' if brought.private else 'no'}"
    yield f"Hash of the form: {form.hash}"
    for words in brought.words.values():
        yield from ("", f"In {words.language}:", *_said(brought, words))


def in_place_of_an_answer(form: Form, words: Words) -> list[str]:
    """Return the words for having given no answer, of every scale, each once."""
    said = (words.label(scale.id, code) for scale in form.scales.values() for code in scale.missing)
    return [*dict.fromkeys(said)]


def _said(brought: Instrument, words: Words) -> Iterator[str]:
    form = brought.forms[words.form]
    yield words.title
    yield from words.before
    yield words.stem()
    for number, item in enumerate(form.items, 1):
        scale = form.scales[item.scale]
        answers = " / ".join(words.label(scale.id, code) for code in scale.codes)
        yield f"{number}. {words.sentence(item.id)} [{answers}]"
        if told := words.help(item.id):
            yield f"   {told}"
    yield f"In place of an answer: {' / '.join(in_place_of_an_answer(form, words))}"
    for subscale in brought.key.subscales(form.id).values():
        parts = [f"{'-' if item.reversed else ''}{item.id}" for item in subscale.items] or subscale.of
        yield f"{words.facet(subscale.id)} = {subscale.method} of {', '.join(parts)}"
    yield from filter(
        None, (words.reading, words.least and f"0: {words.least}", words.most and f"100: {words.most}")
    )
    yield from words.after
