"""Joins words with the form they belong to: every sentence is written out for every role, and hashed."""

from collections.abc import Mapping
from types import MappingProxyType

from instrument.codes import KINDS, LEFT_BLANK, MISSING_LABELS, Kind
from instrument.model import Actions, ContextQuestion, Evidence, Form
from instrument.values import sha256
from instrument.words import (
    NOT_SAID,
    Action,
    ActionsWords,
    Advice,
    Claims,
    ClaimsWords,
    ContextSentences,
    ContextWords,
    FormWords,
    Words,
)


def roles_of(form: Form, context: Mapping[str, ContextQuestion]) -> tuple[str, ...]:
    """The roles that a form's sentences are written for; the last is for those who did not say."""
    if form.role not in form.context or form.role not in context:
        return (NOT_SAID,)
    return (*context[form.role].options, NOT_SAID)


def spread(sentences: Mapping[str, str], roles: tuple[str, ...]) -> Mapping[str, str]:
    """Write a sentence out for every role."""
    return MappingProxyType({role: sentences.get(role, sentences.get("", "")) for role in roles})


def lent(words: FormWords, form: Form) -> FormWords:
    """Take the words of another form for `form`, which asks some of the items of that one."""
    return words.model_copy(
        update={
            "form": form.id,
            "items": {item.id: words.items[item.id] for item in form.items},
            "help": MappingProxyType({item: text for item, text in words.help.items() if item in form.by_id}),
        }
    )


def words_of(
    form: Form, words: FormWords, context: Mapping[str, ContextQuestion], spoken: ContextWords | None
) -> Words:
    """Join the words of a form with its context questions, written out for every role."""
    roles = roles_of(form, context)
    stems = spread(words.stem, roles)
    sentences = {item.id: spread(words.items[item.id], roles) for item in form.items}
    block_of_scale = {item.scale: form.block_of[item.id] for item in form.items if form.blocks}
    labels = {
        scale.id: {
            **words.scales[scale.id],
            LEFT_BLANK: MISSING_LABELS[LEFT_BLANK],
            **{KINDS[kind]: _missing(words, block_of_scale.get(scale.id))[kind] for kind in scale.kinds},
        }
        for scale in form.scales.values()
    }
    block_stems = {name: spread(block.stem, roles) for name, block in words.blocks.items()}
    questions: dict[str, ContextSentences] = (
        {question: spoken.questions[question] for question in form.context} if spoken else {}
    )
    if words.roles and form.role in questions:
        asked = questions[form.role]
        named = MappingProxyType({**asked.options, **words.roles})
        questions[form.role] = asked.model_copy(update={"options": named})
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
        # Lines that forms have had only later enter the hash only where there are any, so old hashes stay.
        **{
            name: lines
            for name in ("before", "after", "reading", "least", "most")
            if (lines := getattr(words, name))
        },
        **(
            {
                "blocks": {
                    name: {"title": block.title, "stem": dict(block_stems[name])}
                    for name, block in words.blocks.items()
                }
            }
            if words.blocks
            else {}
        ),
    }
    return Words(
        form=form.id,
        language=words.language,
        direction=words.direction,
        status=words.status,
        title=words.title,
        hash=sha256(shown),
        before=words.before,
        stems=stems,
        sentences=MappingProxyType(sentences),
        helps=words.help,
        labels=MappingProxyType(labels),
        questions=MappingProxyType(questions),
        facets=words.facets,
        after=words.after,
        reading=words.reading,
        least=words.least,
        most=words.most,
        block_titles=MappingProxyType({name: block.title for name, block in words.blocks.items()}),
        block_stems=MappingProxyType(block_stems),
    )


def _missing(words: FormWords, block: str | None) -> Mapping[Kind, str]:
    """Say what pages call each kind of non-answer: a block may have words of its own."""
    return {**words.missing, **words.blocks[block].missing} if block else words.missing


def advice_of(actions: Actions, words: ActionsWords) -> Advice:
    """Join the actions with their words in one language."""
    return Advice(
        language=words.language,
        status=words.status,
        intro=words.intro,
        safety=words.safety,
        safety_of=words.safety_of,
        steps=words.steps,
        references=actions.references,
        actions=tuple(
            Action(
                id=kind.id,
                facet=kind.facet,
                heading=kind.heading,
                strength=kind.strength,
                audience=kind.audience,
                action=words.actions[kind.id].action,
                evidence=words.actions[kind.id].evidence,
            )
            for kind in actions.actions.values()
        ),
    )


def claims_of(evidence: Evidence, words: ClaimsWords) -> Claims:
    """Join the evidence with the words of the claims."""
    return Claims(**dict(words), evidence=evidence.evidence)
