"""Questionnaires as the interface for programs describes them."""

from app.api.answers import FormAnswer, InstrumentAnswer, ItemAnswer, ScaleAnswer, WholeFormAnswer
from instrument import Instrument, codebook


def about_instrument(instrument: Instrument) -> InstrumentAnswer:
    """A questionnaire and its forms, with the languages that each has words in."""
    return InstrumentAnswer(
        id=instrument.id,
        title=instrument.title,
        licence=instrument.licence,
        stage=instrument.claims.label if instrument.claims else None,
        forms=[
            FormAnswer(
                id=form.id,
                hash=form.hash,
                languages=[language for of, language in instrument.words if of == form.id],
            )
            for form in instrument.forms.values()
        ],
    )


def whole_form(instrument: Instrument, form_id: str, language: str) -> WholeFormAnswer:
    """A form in one language: what is asked, in its order, and how it is scored."""
    form, words = instrument.forms[form_id], instrument.words[form_id, language]
    turned = instrument.key.reversed_items(form_id)
    raw = {column.name: column for column in codebook(instrument, form_id, language) if column.kind == "raw"}
    items = [
        ItemAnswer(
            id=item.id,
            text=raw[f"raw_{item.id}"].label,
            reversed=item.id in turned,
            codes={str(code): said for code, said in raw[f"raw_{item.id}"].values.items()},
            missing={str(code): said for code, said in raw[f"raw_{item.id}"].missing.items()},
        )
        for item in form.items
    ]
    scales = [
        ScaleAnswer(
            id=subscale.id,
            title=words.facet(subscale.id),
            items=[item.id for item in subscale.items],
            of=list(subscale.of),
            method=subscale.method,
            min_answered=subscale.min_answered,
        )
        for subscale in instrument.key.subscales(form_id).values()
    ]
    return WholeFormAnswer(
        instrument=instrument.id,
        form=form.id,
        hash=form.hash,
        language=language,
        status=words.status,
        key_revision=instrument.key.revision,
        items=items,
        scales=scales,
    )
