"""A scoring manual of a form: its key in words, and worked cases whose scores are computed again."""

import json
from collections.abc import Mapping
from typing import Any, Final

from analysis.estimate import Unavailable
from analysis.report.document import Document, Section, Table, Value, sections_json
from instrument import Instrument, Subscale, score

CASES: Final = 6
METHODS: Final = {
    "pomp": "mean of the answers, put on 0 at the lowest to 100 at the highest possible",
    "mean": "mean of the answers",
    "sum": "sum of the answers",
}
HOW: Final = (
    "An item that is turned counts as lowest plus highest code, less the answer. An answer that was not "
    "given counts as none, never as nought, and is not filled in. A score with too few answers is no "
    "score. Cases are those that come with the questionnaire for other implementations to check "
    "themselves against; their scores were computed again for this manual by the same code that scores "
    "answers."
)


def scoring_manual(instrument: Instrument, form_id: str) -> Document:
    """Return the scoring manual of a form.

    Raises
    ------
    ValueError
        There is no such form, it has no scores, or a case does not give the scores that it should.
    """
    scales = instrument.key.subscales(form_id) if form_id in instrument.forms else {}
    if not scales:
        raise ValueError(f"form `{form_id}` has no scores; choose one of {', '.join(instrument.key.forms)}")
    form, words = instrument.forms[form_id], instrument.words_for_staff(form_id)
    sections = (
        Section(
            id="key",
            title="The key",
            reading=f"Key revision {instrument.key.revision}. A minus stands before an item that is turned.",
            tables=(
                Table(
                    title="Scores",
                    headers=("score", "name", "made of", "method", "answers needed"),
                    rows=tuple(_scale_row(words.facet(name), each) for name, each in scales.items()),
                ),
            ),
        ),
        Section(
            id="codes",
            title="The codes",
            reading="Codes as files hold them.",
            tables=(
                Table(
                    title="Answers",
                    headers=("scale", "code", "answer"),
                    rows=tuple(
                        (scale.id, str(code), words.label(scale.id, code))
                        for scale in form.scales.values()
                        for code in (*scale.codes, *scale.missing)
                        if code in words.labels[scale.id]
                    ),
                ),
            ),
        ),
        *_cases(instrument, form_id),
    )
    claims = instrument.claims
    return Document(
        title=f"Scoring manual of form {form_id} of {instrument.title}",
        lead="How answers become scores, with worked cases.",
        labels=(claims.label,) if claims else (),
        provenance=f"Form {form_id} (hash {form.hash}), key revision {instrument.key.revision}.",
        sections=sections,
        how=HOW,
        tree={"form": form_id, "form_hash": form.hash, "sections": sections_json(sections)},
    )


def _scale_row(name: str, each: Subscale) -> tuple[Value, ...]:
    # A minus sign proper: no line ends between it and the item, as one may after a hyphen.
    parts = [f"\N{MINUS SIGN}{item.id}" if item.reversed else item.id for item in each.items] or [*each.of]
    return (each.id, name, " ".join(parts), METHODS[each.method], each.min_answered)


def _cases(instrument: Instrument, form_id: str) -> tuple[Section, ...]:
    file = instrument.folder / "vectors.json"
    forms: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))["forms"] if file.is_file() else {}
    vectors = forms[form_id]["vectors"] if form_id in forms else []
    return tuple(_case(instrument, form_id, number, each) for number, each in enumerate(vectors[:CASES], 1))


def _case(instrument: Instrument, form_id: str, number: int, case: Mapping[str, Any]) -> Section:
    found = score(instrument, form_id, case["answers"])
    rows: list[tuple[Value, ...]] = []
    for name, stated in case["scores"].items():
        mine = found[name]
        if (mine.value is None) != (stated["value"] is None) or (
            mine.value is not None and abs(mine.value - stated["value"]) > 1e-9  # noqa: PLR2004 - of the file
        ):
            raise ValueError(
                f"vectors.json, {form_id}, {case['name']}: {name} is {stated['value']} there, "
                f"{mine.value} here"
            )
        none = Unavailable(reason="not defined", detail="too few answers")
        rows.append((name, none if mine.value is None else mine.value, mine.answered))
    answers = tuple((item, str(code)) for item, code in case["answers"].items())
    return Section(
        id=f"case-{number}",
        title=f"Case {number}: {case['name']}",
        reading="",
        tables=(
            Table(title=f"Scores of case {number}", headers=("score", "value", "answered"), rows=tuple(rows)),
            Table(title=f"Answers of case {number}", headers=("item", "code"), rows=answers),
        ),
    )
