"""Words joined with what they are the words of: every sentence written out for every role, and hashed."""

from collections.abc import Mapping
from types import MappingProxyType

from instrument.model import (
    KINDS,
    LEFT_BLANK,
    MISSING_LABELS,
    NOT_SAID,
    ContextQuestion,
    ContextSentences,
    ContextWords,
    Form,
    FormWords,
    Words,
)
from instrument.values import sha256

ROLE = "role"


def roles_of(form: Form, context: Mapping[str, ContextQuestion]) -> tuple[str, ...]:
    """The roles that a form's sentences are written for; the last is for those who did not say."""
    if ROLE not in form.context or ROLE not in context:
        return (NOT_SAID,)
    return (*context[ROLE].options, NOT_SAID)


def spread(sentences: Mapping[str, str], roles: tuple[str, ...]) -> Mapping[str, str]:
    """Write a sentence out for every role."""
    return MappingProxyType({role: sentences.get(role, sentences.get("", "")) for role in roles})


def words_of(
    form: Form, words: FormWords, context: Mapping[str, ContextQuestion], spoken: ContextWords | None
) -> Words:
    roles = roles_of(form, context)
    stems = spread(words.stem, roles)
    sentences = {item.id: spread(words.items[item.id], roles) for item in form.items}
    labels = {
        scale.id: {
            **words.scales[scale.id],
            LEFT_BLANK: MISSING_LABELS[LEFT_BLANK],
            **{KINDS[kind]: words.missing[kind] for kind in scale.kinds},
        }
        for scale in form.scales.values()
    }
    questions: Mapping[str, ContextSentences] = (
        {question: spoken.questions[question] for question in form.context} if spoken else {}
    )
    shown = {
        "form": form.id,
        "language": words.language,
        "direction": words.direction,
        "title": words.title,
        "stem": dict(stems),
        "items": {item: dict(by_role) for item, by_role in sentences.items()},
        "help": dict(words.help),
        "labels": {scale: {str(code): text for code, text in by.items()} for scale, by in labels.items()},
        "context": {
            id_: {"question": question.question, "options": dict(question.options)}
            for id_, question in questions.items()
        },
        "facets": dict(words.facets),
    }
    return Words(
        form=form.id,
        language=words.language,
        direction=words.direction,
        status=words.status,
        title=words.title,
        hash=sha256(shown),
        stems=stems,
        sentences=MappingProxyType(sentences),
        helps=words.help,
        labels=MappingProxyType(labels),
        questions=MappingProxyType(dict(questions)),
        facets=words.facets,
    )
