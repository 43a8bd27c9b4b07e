"""The sheet of a panel as one page: to be filled in a browser without a network, or printed."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from analysis.content_validity.sheet import (
    BACKGROUND,
    CLARITY,
    MADE_UP,
    NEED,
    NONE_OF_THESE,
    RELEVANCE,
    STEPS,
    Sheet,
    Statement,
)


def page(sheet: Sheet) -> str:
    """Return the sheet as one HTML page that asks nothing of any other place and sends nothing.

    With scripts, a button saves the answers as a table that `read_sheets` reads; without, it is for paper.
    """
    return _file("analysis.content_validity", "page.html").format(
        title=escape(f"Judging the sentences of “{sheet.title}”"),
        style=_file("analysis", "report.css") + _file("analysis.content_validity", "page.css"),
        code=escape(sheet.code),
        form=escape(sheet.form),
        language=escape(sheet.language),
        subject=_subject(sheet),
        steps="".join(f"<li>{escape(step)}</li>\n" for step in STEPS),
        about=_about(),
        sorting=_sorting(sheet),
        judging="".join(_judging(sheet)),
        script=_file("analysis.content_validity", "page.js"),
    )


def _file(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _subject(sheet: Sheet) -> str:
    if not sheet.construct:
        return ""
    return (
        f"<h2>The subject</h2>\n<p>{escape(sheet.construct)}</p>\n<p>It is not: "
        f"{escape(sheet.it_is_not[:1].lower() + sheet.it_is_not[1:])}</p>\n"
    )


def _about() -> str:
    asked = [*BACKGROUND.items(), ("made_up", MADE_UP)]
    return "".join(
        _choice(f"about.{key}", escape(question), [(each, each) for each in answers])
        for key, (question, answers) in asked
    )


def _sorting(sheet: Sheet) -> str:
    if not sheet.facets:
        return ""
    meanings = "".join(
        f"<dt>{escape(each.title)}</dt><dd>{escape(f'{each.means} {each.border}'.strip())}</dd>\n"
        for each in sheet.facets.values()
    )
    answers = [*((each.title, each.title) for each in sheet.facets.values()), (NONE_OF_THESE, NONE_OF_THESE)]
    questions = "".join(
        _choice(f"{each.number}.sorted", _numbered(each), answers, says="belongs to")
        for each in sheet.statements
    )
    return (
        '<section id="sort">\n<h2>First part: sort</h2>\n<p>Where does each sentence belong?</p>\n'
        f"<dl>{meanings}</dl>\n{questions}</section>\n"
    )


def _judging(sheet: Sheet) -> Iterable[str]:
    titles = {each.id: each.title for each in sheet.facets.values()}
    before = None
    for each in sheet.by_facet:
        if each.facet != before:
            before = each.facet
            yield f"<h3>{escape(titles.get(each.facet or '', 'In no part'))}</h3>\n"
        asks = f'<p class="quiet">Meant to ask: {escape(each.asks)}</p>\n' if each.asks else ""
        yield f'<fieldset class="whole"><legend>{_numbered(each)}</legend>\n{asks}'
        for key, scale in (("relevance", RELEVANCE), ("clarity", CLARITY)):
            yield _choice(f"{each.number}.{key}", key.capitalize(), [(said[0], said) for said in scale])
        yield _choice(f"{each.number}.need", "Need", [(said, said) for said in NEED])
        yield (
            f'<label>Comment<textarea name="{each.number}.comment" rows="2" maxlength="2000"></textarea>'
            "</label></fieldset>\n"
        )


def _numbered(each: Statement) -> str:
    return f"{each.number}. {escape(each.sentence)}"


def _choice(name: str, legend: str, answers: Sequence[tuple[str, str]], *, says: str = "") -> str:
    said = f' <span class="quiet">{escape(says)}</span>' if says else ""
    options = "".join(
        f'<label class="option"><input type="radio" name="{name}" value="{escape(value)}"> '
        f"{escape(words)}</label>\n"
        for value, words in answers
    )
    return f"<fieldset><legend>{legend}{said}</legend>\n{options}</fieldset>\n"
