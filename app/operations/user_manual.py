"""The manual of a study's questionnaire: purpose, people, administration, scores, claims and limits.

Every line is taken from the questionnaire, from what the study has declared, or from the registry of
evidence, so a manual never says more than these do on the day it is made.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Row

from analysis.content_validity.sheet import panel_sheet
from analysis.report.document import SIMULATED, Document, Section, Table, Value, sections_json
from analysis.validation.scoring_manual import METHODS
from app.languages import LANGUAGES
from app.survey.drafts import DAYS_KEPT
from instrument import Claims, Form, Instrument, Words, orders, pages
from instrument.nodes import read

UNSAID: Final = (
    "This questionnaire says nothing of its evidence: nothing may be said of its figures but which answers "
    "they come from."
)
PAPER: Final = (
    "A host can declare, before a collection opens, that it takes answers on paper: they print it with the "
    "consent, and type in what comes back."
)
NO_PAPER: Final = "What is asked here cannot be answered on paper: people are asked in a browser."
RESULTS: Final[Mapping[str, str]] = {
    "facets": "Each part with its answers and its figure, without a band or a comparison.",
    "total": "The answers and one figure, without a band or a comparison.",
    "guess": "The answers; no figure, since they are guesses about somebody else.",
    "areas": "Answer beside answer; no figure.",
}
"""What a person is shown of their own answers, by what the form says of it."""
GIVEN: Final = (
    (
        "who asks",
        (
            "Somebody who is nobody's supervisor, manager, assessor or worker among those who are asked. "
            "A supervisor asks nobody to answer about themselves."
        ),
    ),
    (
        "when",
        (
            "Not while a decision on the people who are asked is near, such as a pass or a fail. Not where "
            "others could see who takes part."
        ),
    ),
    (
        "how",
        (
            "In a browser, on a telephone or a computer, with scripts on or off, by a code for each person. "
            "`counterpoise paper` prints the questions. Answers from elsewhere come in as a file, as a "
            "collection of their own."
        ),
    ),
    (
        "what is said",
        (
            "The page of information and consent, word for word. Do not explain a question: whoever is in "
            "doubt may leave it blank."
        ),
    ),
    (
        "what a person may do",
        (
            "Leave any question blank, stop at any time, come back with the code and six words within "
            f"{DAYS_KEPT - 1} days, and erase by the receipt what was sent."
        ),
    ),
    (
        "care",
        (
            "People to talk to are named before, during and after, the same for everybody, whatever is "
            "answered. Nobody reads answers in order to help: say so, and check the list beforehand."
        ),
    ),
)
"""How any form of this service is given."""
HOW: Final = (
    "Made from the questionnaire, from what the study has declared, and from the registry of evidence as it "
    "is today; make it anew when any of them changes. It holds no norms, because there are none."
)


def user_manual(study: Row[Any], instrument: Instrument, claims: Mapping[str, Claims]) -> Document:
    """Return the manual of the form that a study asks.

    Parameters
    ----------
    study
        Its row.
    instrument
        The questionnaire.
    claims
        What may be said of the form's answers today, by the language of the words; none where the
        questionnaire says nothing of its evidence.
    """
    form = instrument.forms[study.form]
    words = {language: each for (name, language), each in instrument.words.items() if name == form.id}
    own = instrument.words_for_staff(form.id)
    sections = (
        _purpose(instrument, form, own, claims),
        _population(form, own, words),
        _administration(study, instrument, form),
        *_scoring(instrument, form, own),
        _said(claims, instrument.language),
        _limits(instrument, form, words, claims),
        _versions(instrument, form, words),
    )
    label = next((each.label for each in claims.values()), None)
    return Document(
        title=f"User manual: {own.title}",
        lead="For whoever uses the questionnaire, or reads what comes of it.",
        labels=(*((SIMULATED,) if study.simulated else ()), *((label,) if label else ())),
        provenance=f"Study {study.id}, form {form.id} of {instrument.title}.",
        sections=sections,
        how=HOW,
        tree={"study": study.id, "form_hash": form.hash, "sections": sections_json(sections)},
    )


def _purpose(instrument: Instrument, form: Form, own: Words, claims: Mapping[str, Claims]) -> Section:
    sheet = panel_sheet(instrument, form.id)
    always = next((each.always for each in claims.values()), ())
    asked: list[tuple[Value, ...]] = [("who answers, about whom", f"{form.about}.")]
    if sheet.construct:
        asked += [("what it asks about", sheet.construct), ("what it is not", sheet.it_is_not)]
    if own.reading:
        asked.append(("how to read a figure", own.reading))
    asked += [("always", each) for each in always]
    parts = tuple(
        (each.title, f"{each.means} {each.border}".strip()) for each in sheet.facets.values() if each.means
    )
    tables = [Table(title="What it is for", headers=("what", "said"), rows=tuple(asked))]
    if parts:
        tables.append(
            Table(title="The parts", headers=("part", "what it means, and where it ends"), rows=parts)
        )
    return Section(id="purpose", title="Purpose", reading="", tables=tuple(tables))


def _population(form: Form, own: Words, words: Mapping[str, Words]) -> Section:
    rows = [
        ("time asked about", f"{form.window}."),
        *(("told before anybody begins", each) for each in own.before),
    ]
    return Section(
        id="population",
        title="For whom",
        reading=(
            "Whoever is not among these people should not be asked. Words are a draft until people who speak "
            "the language were asked what they understood."
        ),
        tables=(
            Table(title="For whom", headers=("what", "said"), rows=tuple(rows)),
            Table(
                title="Words",
                headers=("language", "status"),
                rows=tuple((_name(language), each.status) for language, each in words.items()),
            ),
        ),
    )


def _order(form: Form) -> str:
    if drawn := len(orders(form)):
        return f"One of {drawn} orders is drawn for each person, and kept with their answers."
    return "The questions come in one order for everybody."


def _administration(study: Row[Any], instrument: Instrument, form: Form) -> Section:
    asked = form.context if study.context is None else study.context
    length = f"{len(form.items)} questions on {pages(form)} pages"
    rows: list[tuple[Value, ...]] = [
        ("length", f"{length}, after {len(asked)} on the person's situation." if asked else f"{length}."),
        *GIVEN,
        ("order", _order(form)),
        ("on paper", NO_PAPER if study.special or orders(form) else PAPER),
        ("what a person sees of their own answers", RESULTS[form.result]),
        ("who sees the answers of others", _seen_by(study)),
    ]
    if instrument.private:
        alone = "Anybody may reflect with it privately, without a code; nothing is stored or known of it."
        rows.append(("without a study", alone))
    table = Table(title="How it is given", headers=("what", "said"), rows=tuple(rows))
    return Section(id="administration", title="Administration", reading="", tables=(table,))


def _seen_by(study: Row[Any]) -> str:
    closed = f"after the collection has closed, of groups of {study.k} people at least"
    if study.leaving == "reports":
        return f"Trainers see figures of groups, {closed}. Nobody sees single answers."
    return f"Researchers see rows of answers, {closed}. Nobody sees figures of groups."


def _scoring(instrument: Instrument, form: Form, own: Words) -> Iterator[Section]:
    scales = instrument.key.subscales(form.id)
    if not scales:
        yield Section(
            id="scoring",
            title="Scoring",
            reading="This form has no scores: each answer is read by itself, and nothing is added up.",
        )
        return
    rows = tuple(
        (
            own.facet(each.id),
            f"{len(each.items)} questions" if each.items else f"{len(each.of)} scores",
            METHODS[each.method],
            f"{each.min_answered} of {len(each.items) or len(each.of)}",
        )
        for each in scales.values()
    )
    ends = f" 0 stands for: {own.least}; 100 for: {own.most}." if own.least and own.most else ""
    yield Section(
        id="scoring",
        title="Scoring",
        reading=(
            "The service scores. The scoring manual tells every item, the codes, and worked cases by which "
            "another program can be checked. An answer that was not given counts as none and is not filled "
            f"in; with too few answers there is no score.{ends} A score is a summary of answers."
        ),
        tables=(Table(title="Scores", headers=("score", "made of", "method", "answers needed"), rows=rows),),
    )


def _said(claims: Mapping[str, Claims], original: str) -> Section:
    if not claims:
        return Section(id="claims", title="What may be said today", reading=UNSAID)
    first = claims.get(original) or next(iter(claims.values()))
    common = [line for line in first.may_say if all(line in each.may_say for each in claims.values())]
    said: list[tuple[Value, ...]] = [("of any words", each) for each in common]
    said += [
        (f"of words in {_name(language)}", line)
        for language, each in claims.items()
        for line in each.may_say
        if line not in common
    ]
    stands = tuple((_name(language), line) for language, each in claims.items() for line in each.evidence)
    tables = [Table(title="May be said", headers=("of what", "words"), rows=tuple(said))]
    if stands:
        tables.append(Table(title="Evidence", headers=("words in", "what stands for it"), rows=stands))
    tables.append(
        Table(
            title="May not be said",
            headers=("no.", "words"),
            rows=tuple((n, w) for n, w in enumerate(first.may_not_say, 1)),
        )
    )
    return Section(
        id="claims",
        title="What may be said today",
        reading=(
            "From the registry of evidence. What is confirmed there holds for the sample, the form and the "
            "language it names, and ends when it is withdrawn or the questionnaire changes."
            + ("" if stands else " None is confirmed: no study of people is known to this service.")
        ),
        tables=tuple(tables),
    )


def _limits(
    instrument: Instrument, form: Form, words: Mapping[str, Words], claims: Mapping[str, Claims]
) -> Section:
    rows: list[tuple[Value, ...]] = [("comparison", "There is no reference sample, no norm and no cut-off.")]
    if any(each.precision == "unknown" for each in claims.values()):
        unknown = (
            "Unknown: how far a figure would differ if the same person answered again was not found out, "
            "so no change and no difference of single people can be read from it."
        )
        rows.append(("precision", unknown))
    untested = [_name(language) for language, each in words.items() if each.status != "tested"]
    if untested:
        rows.append(("words", f"Not tested with people who speak the language: {', '.join(untested)}."))
    if form.replaces:
        before = f"Never pooled or compared with answers to form {form.replaces}, the edition before."
        rows.append(("editions", before))
    alike = "Whether answers on paper, on a telephone and on a computer are alike is not known."
    guessed = "Anonymity in a small group cannot be promised: whoever knows a person well may guess."
    rows += [("paper and screen", alike), ("small groups", guessed)]
    rows += [("left open by the authors", each) for each in _left_open(instrument, form)]
    table = Table(title="Limits", headers=("about", "what"), rows=tuple(rows))
    return Section(id="limits", title="Limits", reading="", tables=(table,))


def _left_open(instrument: Instrument, form: Form) -> tuple[str, ...]:
    """Return what the authors of a form's sentences left open, where they have said it."""
    name = f"history/{form.id}.yaml"
    path = instrument.folder / name
    told = read(path, name).data if path.is_file() else {}
    return tuple(told.get("left_open", ()))


def _versions(instrument: Instrument, form: Form, words: Mapping[str, Words]) -> Section:
    rows: list[tuple[Value, ...]] = [
        ("form", f"{form.id}, edition {form.edition}, hash {form.hash}"),
        ("key", f"revision {instrument.key.revision}, hash {instrument.key.hash}"),
        *((f"words in {_name(language)}", f"hash {each.hash}") for language, each in words.items()),
        ("licence of the words", instrument.licence),
    ]
    return Section(
        id="versions",
        title="What to name when it is used",
        reading="A report names form, key and words by these, so that a reader knows what was asked.",
        tables=(Table(title="Versions", headers=("what", "which"), rows=tuple(rows)),),
    )


def _name(language: str) -> str:
    return LANGUAGES[language].name if language in LANGUAGES else language
