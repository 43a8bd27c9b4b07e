"""Paper versions of every form, made from the definition that the screen uses.

The layout is that of the screen (one answer under the other), so that paper and screen ask alike. The PDF is
tagged (PDF/UA-1), and the same bytes every time it is made.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from markupsafe import Markup

from app.languages import translations
from app.printing import pdf_of_markup
from app.templating import Page, render
from instrument import LEFT_BLANK, NOT_SAID, Instrument, allowed


@dataclass(frozen=True, kw_only=True)
class Question:
    number: int | None
    sentence: str
    help: str | None
    answers: tuple[str, ...]
    apart: tuple[str, ...]
    """Answers that stand apart from the scale."""
    stem: str = ""
    """What stands before this question and those that follow; empty where it has been said."""


@dataclass(frozen=True, kw_only=True)
class PaperForm(Page):
    template: ClassVar[str] = "paper/form.html"
    title: str
    before: tuple[str, ...]
    questions: tuple[Question, ...]
    context: tuple[Question, ...]
    form: str
    status: str
    form_hash: str
    words_hash: str
    licence: str
    study: str = ""
    consent: Markup | None = None
    """What people of a study agree to, by ticking it on the paper; none of a form by itself."""
    archive: bool = False
    """Whether they are asked for an archive too."""


def paper_form(
    instrument: Instrument,
    form_id: str,
    language: str,
    role: str = NOT_SAID,
    *,
    context: tuple[str, ...] | None = None,
) -> PaperForm:
    """Lay out a form for one role, with the sentences that name the other person by it.

    `context` are the context questions that a study asks; without it all of the form's.
    """
    form, words = instrument.forms[form_id], instrument.words[form_id, language]
    questions, said = [], ""
    for number, item in enumerate(form.items, 1):
        before, said = said, words.stem(role, form.block_of.get(item.id))
        scale = form.scale_of(item.id)
        missing = [code for code in allowed(form, item) if code not in scale.codes and code != LEFT_BLANK]
        questions.append(
            Question(
                number=number,
                sentence=words.sentence(item.id, role),
                help=words.help(item.id),
                answers=tuple(words.label(scale.id, code) for code in scale.codes),
                apart=tuple(words.label(scale.id, code) for code in missing),
                stem=said if said != before else "",
            )
        )
    facts = tuple(
        Question(
            number=None,
            sentence=words.question(each),
            help=None,
            answers=tuple(words.option(each, option) for option in instrument.context[each].options),
            apart=(translations(language).gettext("Rather not say"),),
        )
        for each in (form.context if context is None else context)
    )
    return PaperForm(
        language=language,
        title=words.title,
        before=words.before,
        questions=tuple(questions),
        context=facts,
        form=form.id,
        status=words.status,
        form_hash=form.hash,
        words_hash=words.hash,
        licence=instrument.licence,
    )


def paper_pdf(
    instrument: Instrument,
    form_id: str,
    language: str,
    role: str = NOT_SAID,
    *,
    context: tuple[str, ...] | None = None,
) -> bytes:
    """Set a form as a tagged PDF, which is kept: a form is asked for again and never changes."""
    return _set(render(paper_form(instrument, form_id, language, role, context=context)))


@lru_cache(maxsize=4)
def _set(markup: str) -> bytes:
    return pdf_of_markup(markup)
