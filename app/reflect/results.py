"""What a person is shown of their own answers: answers and topics first, then figures and arithmetic.

What is shown is declared in the form (`Form.result`). There is no band and no cut-off; topics are ordered by
figures in private only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from markupsafe import Markup

from app.figures.plot import Line
from app.figures.wording import HEADINGS, STRENGTH
from app.languages import decimal, translations
from app.questionnaire.path import SurveyPath
from app.questionnaire.rendering import role_of, row
from app.questionnaire.sheet import Sheet
from instrument import DO_NOT_KNOW, Action, Advice, Claims, Form, Instrument, Score, Words, keyed, rescaled


@dataclass(frozen=True)
class Topic:
    name: str
    """Empty where the questionnaire does not name it and its sentences begin differently."""
    rows: tuple[Markup, ...]


@dataclass(frozen=True)
class Sum:
    """One row of the arithmetic."""

    name: str
    points: str
    figure: str
    note: str


@dataclass(frozen=True)
class Tip:
    action: str
    dots: str
    strength: str
    evidence: str


@dataclass(frozen=True)
class TopicAdvice:
    name: str
    headings: tuple[tuple[str, tuple[Tip, ...]], ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What is shown of a person's answers: topics, figures with their arithmetic, and advice."""

    topics: tuple[Topic, ...]
    ask: tuple[str, ...]
    """The questions answered with "I do not know"."""
    lines: tuple[Line, ...]
    reading: str | None
    """What a dot further to the right means, as the questionnaire says it."""
    ends: tuple[str, str] | None
    """What 0 and 100 stand for, where the questionnaire says it."""
    sums: tuple[Sum, ...]
    claims: Claims | None
    advice: Advice | None
    steps: tuple[str, ...]
    """What the one who answered may do; none for a guess about somebody with less power."""
    tips: tuple[TopicAdvice, ...]
    after: tuple[str, ...]


def result(survey: SurveyPath, sheet: Sheet, *, personal: bool) -> Result:
    """Make the result; `personal` orders topics by the figures, otherwise all people get the same order."""
    kind, words, instrument = (
        survey.form.result,
        survey.words[sheet.language],
        survey.instrument,
    )
    codes = {name: code for name, code in sheet.answers.items() if isinstance(code, int)}
    with_figures = kind in ("facets", "total")
    scores = rescaled(instrument, survey.form.id, codes) if with_figures else {}
    shown = instrument.key.subscales(survey.form.id)
    scores = {name: each for name, each in scores.items() if shown[name].shown}
    facets = {name: each for name, each in scores.items() if shown[name].items}
    order = _order(facets) if personal and kind == "facets" else ()
    say = translations(words.language)
    advice, claims = (
        instrument.advice_for(survey.form, sheet.language),
        instrument.claims_in.get(sheet.language),
    )
    return Result(
        topics=_topics(survey, sheet, words, order),
        ask=tuple(
            words.sentence(each, role_of(survey, sheet))
            for each, code in codes.items()
            if code == DO_NOT_KNOW
        ),
        lines=tuple(_line(words, name, each) for name, each in _sorted(facets or scores, order)),
        reading=words.reading or next(iter(claims.always), None) if claims else words.reading,
        ends=(words.least, words.most) if words.least and words.most else None,
        sums=tuple(
            Sum(
                words.facet(name),
                say.gettext(", ").join(_points(survey, codes, name)),
                _figure(each, words.language),
                say.gettext("; ").join(_note(words, each)),
            )
            for name, each in _sorted(scores, order)
        ),
        claims=claims,
        advice=advice,
        steps=_steps(advice, survey.form) if advice and kind != "guess" else (),
        tips=_tips(instrument, words, advice, order),
        after=words.after,
    )


def _steps(advice: Advice, form: Form) -> tuple[str, ...]:
    """The safe steps of everybody who may answer the form, what they share once."""
    said = (step for audience in form.audiences for step in advice.steps.get(audience, ()))
    return tuple(dict.fromkeys(said))


def _order(scores: dict[str, Score]) -> tuple[str, ...]:
    """Put topics with the largest figure first; those without one follow in the order that they had."""
    with_figure = {name: each.value for name, each in scores.items() if each.value is not None}
    return tuple(sorted(with_figure, key=lambda name: -with_figure[name]))


def _sorted(scores: dict[str, Score], order: tuple[str, ...]) -> list[tuple[str, Score]]:
    """Sort by the order given; what it does not name comes after that."""
    return [(name, scores[name]) for name in dict.fromkeys([*order, *scores])]


def _topics(survey: SurveyPath, sheet: Sheet, words: Words, order: tuple[str, ...]) -> tuple[Topic, ...]:
    ids: dict[str, list[str]] = {name: [] for name in order}
    topics = _topic_by_item(survey)
    for item in survey.form.items:
        if item.id in sheet.answers:
            ids.setdefault(topics[item.id], []).append(item.id)
    return tuple(
        Topic(
            words.facets.get(name) or _in_common(words.sentence(each, role_of(survey, sheet)) for each in of),
            tuple(row(survey, sheet, each) for each in of),
        )
        for name, of in ids.items()
        if of
    )


def _in_common(sentences: Iterable[str]) -> str:
    """Return the words with which all sentences of a topic begin or, if these are more, end."""
    several = [each.split() for each in sentences]
    if not several[1:]:
        return ""
    first, last = _alike(several), _alike([words[::-1] for words in several])[::-1]
    name = " ".join(first if len(first) >= len(last) else last).rstrip(",;:.?؟")
    return name[:1].upper() + name[1:]


def _alike(several: Sequence[Sequence[str]]) -> list[str]:
    """Return the words that all begin with."""
    return [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*several, strict=False))]


def _topic_by_item(survey: SurveyPath) -> dict[str, str]:
    """Give each item its subscale or, by cell, the letters of its cell; by area, the whole cell."""
    cells = {item.id: item.cell or "" for item in survey.form.items}
    if survey.form.result == "areas":
        return cells
    keyed_in = {
        item.id: subscale.id
        for subscale in survey.instrument.key.subscales(survey.form.id).values()
        for item in subscale.items
        if subscale.shown
    }
    return {name: keyed_in.get(name, cell.rstrip("0123456789").lower()) for name, cell in cells.items()}


def _line(words: Words, name: str, figure: Score) -> Line:
    dot = None if figure.value is None else f"{figure.value:.1f}%"
    return Line(label=words.facet(name), text="" if dot else _note(words, figure)[0], dot=dot)


def _points(survey: SurveyPath, codes: dict[str, int], name: str) -> list[str]:
    """Return the points of each answer, turned round for a reversed item."""
    subscale = survey.instrument.key.subscales(survey.form.id)[name]
    points = (
        keyed(survey.instrument, survey.form.id, item.id, codes[item.id])
        for item in subscale.items
        if item.id in codes
    )
    return [f"{point:g}" for point in points if point is not None]


def _figure(figure: Score, language: str) -> str:
    return "" if figure.value is None else decimal(figure.value, language)


def _note(words: Words, figure: Score) -> tuple[str, ...]:
    """Say how many answers a figure rests on, then what was not answered and why."""
    say = translations(words.language)
    if figure.lacking:
        names = say.gettext(", ").join(words.facets[name] for name in figure.lacking if name in words.facets)
        told = say.gettext("not enough answers") + (f": {names}" if names else "")
    elif figure.value is None:
        told = say.gettext("not enough answers")
    else:
        told = say.ngettext("from {n} answer", "from {n} answers", figure.answered).format(n=figure.answered)
    counted = (
        (figure.does_not_apply, say.gettext("does not apply: {n}")),
        (figure.rather_not_say, say.gettext("rather not say: {n}")),
        (figure.left_blank, say.gettext("left blank: {n}")),
    )
    return (told, *(sentence.format(n=n) for n, sentence in counted if n))


def _tips(
    instrument: Instrument, words: Words, advice: Advice | None, order: tuple[str, ...]
) -> tuple[TopicAdvice, ...]:
    """Return every action of every facet, whatever was answered: so an action shown reveals no answer."""
    if advice is None:
        return ()
    say = translations(words.language).gettext
    facets = dict.fromkeys([*order, *(each.facet for each in advice.actions)])
    return tuple(
        TopicAdvice(
            _facet_name(instrument, words, facet),
            tuple(
                (say(title), tuple(_tip(each, words.language) for each in of_heading))
                for heading, title in HEADINGS.items()
                if (of_heading := [a for a in advice.actions if (a.facet, a.heading) == (facet, heading)])
            ),
        )
        for facet in facets
        if any(each.facet == facet for each in advice.actions)
    )


def _tip(action: Action, language: str) -> Tip:
    dots, strength = STRENGTH[action.strength]
    return Tip(action.action, dots, translations(language).gettext(strength), action.evidence)


def _facet_name(instrument: Instrument, words: Words, facet: str) -> str:
    """Return the facet's name in this form or, where it has none, in another form of the instrument."""
    others = (each for (_, spoken), each in instrument.words.items() if spoken == words.language)
    return next((each.facets[facet] for each in (words, *others) if facet in each.facets), facet)
