"""Writes a questionnaire that came in as the folder of an instrument, and says what it still needs."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from instrument.catalog import InstrumentError, load_unlocked
from instrument.codes import KINDS, LEFT_BLANK, MISSING_LABELS, Kind
from instrument.exchange.questionnaire import Option, Question, Questionnaire
from instrument.model import Form, Subscale
from instrument.nodes import Problem, is_name
from instrument.spelling import spelled
from instrument.translations import BARE
from instrument.values import Identifier

_NOT_STATED: Final = "Not stated"
_PER_PAGE: Final = 5
_MOST_PER_PAGE: Final = 50
_IDENTIFIER: Final = TypeAdapter[str](Identifier)


def write_folder(asked: Questionnaire, folder: Path) -> tuple[str, ...]:
    """Write a folder that loads, whole or not at all; what the file did not say is returned."""
    try:
        name = _IDENTIFIER.validate_python(folder.name)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InstrumentError(
            (Problem(str(folder), None, f"the folder's name names the instrument: {said}"),)
        ) from None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InstrumentError((Problem(str(folder), None, "this is there already: name a new folder"),))
    folder.parent.mkdir(parents=True, exist_ok=True)
    files, remarks = files_of(asked, name)
    with tempfile.TemporaryDirectory(dir=folder.parent) as within:
        made = Path(within) / name
        for path, text in files.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        try:
            load_unlocked(made)
        except InstrumentError as error:
            said_of = (
                f"this would not load as an instrument: {problem}: change it in the file"
                for problem in error.problems
            )
            raise InstrumentError(tuple(Problem(asked.source, None, said) for said in said_of)) from None
        shutil.copytree(made, folder, dirs_exist_ok=True)
    return remarks


def files_of(asked: Questionnaire, name: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Lay out the files of a folder by their paths, and say what the file lacked."""
    scales = _scales(asked)
    context = _context_questions(asked)
    files = {
        "instrument.yaml": _header(asked, name),
        "key.yaml": _key(asked, name),
        f"forms/{name}.yaml": _form(asked, name, scales),
    }
    if context:
        files["context.yaml"] = _context(context)
    for spoken in (asked, *asked.translations):
        said = _spoken_scales(spoken, asked, scales)
        files[f"words/{name}.{spoken.language}.yaml"] = _words(spoken, name, said)
        if context:
            files[f"words/context.{spoken.language}.yaml"] = _context_words(spoken)
    return files, tuple(_lacking(asked))


def _lacking(asked: Questionnaire) -> Iterator[str]:
    if not asked.licence:
        yield "not in the file: the licence (instrument.yaml)"
    yield "not in the file: whom it is about, and the window of time (the form)"
    if len({page.heading for page in asked.pages if page.heading}) > 1:
        yield "the headings of the pages stand together in the stem (the words)"
    languages = {spoken.language for spoken in (asked, *asked.translations)}
    if languages != {"en"} and not any(o.no_answer == "left_blank" for o in _options(asked)):
        yield "not in the file: what a page calls an answer left blank; the words have it in English"
    if not asked.scores:
        yield "not in the file: the key. key.yaml takes every item as it is, none reversed: correct it"
    first = {each.scale or each.options: each for each in reversed(asked.questions) if each.is_item}
    for question in reversed(first.values()):
        if (far := _far(question.codes)) is not None:
            yield (
                f"code {far} of `{question.id}` is far from the others: if it stands for no answer, "
                "move it to `missing` in the form and in its words"
            )


def _far(codes: tuple[int, ...]) -> int | None:
    """Find a code at either end that is farther from its neighbour than the others are from each other."""
    for ordered in (sorted(codes), sorted(codes, reverse=True)):
        *others, last = ordered
        if len(others) > 1 and abs(last - others[-1]) > abs(others[-1] - others[0]) + 1:
            return last
    return None


def _options(asked: Questionnaire) -> Iterator[Option]:
    yield from (option for question in asked.questions for option in question.options)


_Scale = tuple[tuple[Option, ...], Mapping[Kind, Option]]


def _scales(asked: Questionnaire) -> dict[str, _Scale]:
    """Make a scale for each kind of answers offered; whether an item may not apply is left to the item."""
    scales: dict[str, _Scale] = {}
    for question in asked.questions:
        if not question.is_item:
            continue
        name = _named(question, scales) or _new_name(question, scales)
        _, none = scales.get(name, ((), {}))
        kinds = {option.no_answer: option for option in question.no_answers if option.no_answer}
        scales[name] = (_answers(question), {**kinds, **none})
    return scales


def _spoken_scales(
    spoken: Questionnaire, first: Questionnaire, scales: Mapping[str, _Scale]
) -> dict[str, _Scale]:
    """Return the same scales in the words of one language."""
    said: dict[str, _Scale] = {}
    for question in spoken.questions:
        name = _named(first.by_id[question.id], scales) if question.is_item else None
        if name:
            _, none = said.get(name, ((), {}))
            kinds = {option.no_answer: option for option in question.no_answers if option.no_answer}
            said[name] = (_answers(question), {**kinds, **none})
    return said


def _new_name(question: Question, scales: Mapping[str, _Scale]) -> str:
    """Name a scale as the file does where that name is allowed, otherwise by a number."""
    wanted = question.scale.lower().removesuffix("_or_none")
    numbered = (f"answers_{number}" for number in count(len(scales) + 1))
    return next(name for name in chain((wanted,), numbered) if _is_free(name, scales))


def _is_free(name: str, scales: Mapping[str, _Scale]) -> bool:
    try:
        return _IDENTIFIER.validate_python(name) not in scales
    except ValidationError:
        return False


def _context_questions(asked: Questionnaire) -> list[Question]:
    """Return the questions whose answers are names; one called `role` is asked first, as in every form."""
    questions = (question for question in asked.questions if not question.is_item)
    return sorted(questions, key=lambda question: question.id != Form.model_fields["role"].default)


def _answers(question: Question) -> tuple[Option, ...]:
    return tuple(option for option in question.options if not option.no_answer)


def _named(question: Question, scales: Mapping[str, _Scale]) -> str | None:
    """Find the scale of a question, if there is one: the same answers, and the same codes for no answer."""
    own = {option.no_answer: option for option in question.no_answers if option.no_answer}
    others = own.keys() - {"does_not_apply"}
    for name, (answers, none) in scales.items():
        if (
            answers == _answers(question)
            and others == none.keys() - {"does_not_apply"}
            and all(none[kind].code == option.code for kind, option in own.items() if kind in none)
        ):
            return name
    return None


def _header(asked: Questionnaire, name: str) -> str:
    said = "".join(f"# {line}\n" for line in asked.about)
    said = f"# The file {asked.source} said of itself:\n{said}" if said else f"# From {asked.source}.\n"
    return said + "".join(
        f"{key}: {value}\n"
        for key, value in (
            ("id", _name(name)),
            ("title", _quoted(asked.title)),
            ("licence", _quoted(asked.licence or _NOT_STATED)),
            ("language", _name(asked.language)),
        )
    )


def _form(asked: Questionnaire, name: str, scales: Mapping[str, _Scale]) -> str:
    items = [question for question in asked.questions if question.is_item]
    context = [question.id for question in _context_questions(asked)]
    largest = max(sum(question.is_item for question in page.questions) for page in asked.pages)
    per_page = _PER_PAGE if len(asked.pages) == 1 else min(largest, _MOST_PER_PAGE)
    lines = [
        f"# From {asked.source}. Say whom it is about and over what time, then set `published` to true.",
        f"form: {_name(name)}",
        "published: false",
        f"about: {_quoted(_NOT_STATED)}",
        f"window: {_quoted(_NOT_STATED)}",
        f"per_page: {per_page}",
        *([f"context: [{', '.join(map(_name, context))}]"] if context else []),
        "scales:",
    ]
    for scale, (answers, none) in scales.items():
        kinds = {"left_blank": str(LEFT_BLANK), **{kind: option.code for kind, option in none.items()}}
        lines += [
            f"  {_name(scale)}:",
            f"    codes: [{', '.join(option.code for option in answers)}]",
            f"    missing: {{{', '.join(f'{kind}: {kinds[kind]}' for kind in KINDS if kind in kinds)}}}",
        ]
    lines.append("items:")
    for question in items:
        may = any(option.no_answer == "does_not_apply" for option in question.options)
        flag = ", does_not_apply: true" if may else ""
        scale = _name(_named(question, scales) or "")
        lines.append(f"  - {{id: {_name(question.id)}, scale: {scale}{flag}}}")
    return "\n".join(lines) + "\n"


def _key(asked: Questionnaire, name: str) -> str:
    items = [question for question in asked.questions if question.is_item]
    if asked.scores:
        remark = f"# As {asked.source} says it."
        subscales = [f"      {_name(score.id)}: {_subscale(score)}" for score in asked.scores]
    else:
        remark = (
            f"# {asked.source} does not say how answers are scored. Here every item counts as answered;\n"
            "# write one line for each subscale, and `-` before an item whose answers are turned round."
        )
        method = "mean" if len({(question.foot, question.top) for question in items}) == 1 else "pomp"
        listed = ", ".join(_name(question.id) for question in items)
        scored = f"{{items: [{listed}], method: {method}, min_answered: {len(items)}, shown: false}}"
        subscales = [f"      {_free_name(asked)}: {scored}"]
    return "\n".join([remark, "revision: 1", "forms:", f"  {_name(name)}:", "    subscales:", *subscales, ""])


def _free_name(asked: Questionnaire) -> str:
    names = chain(("all_items",), (f"all_items{number}" for number in count(2)))
    return next(name for name in names if name not in asked.by_id)


def _subscale(score: Subscale) -> str:
    parts = [f"{'-' if item.reversed else ''}{item.id}" for item in score.items]
    listed = ", ".join(map(_name, parts or score.of))
    said = f"{'items' if parts else 'of'}: [{listed}], method: {score.method}"
    said += f", min_answered: {score.min_answered}"
    said += f", min_items: {score.min_items}" if score.min_items else ""
    return f"{{{said}{'' if score.shown else ', shown: false'}}}"


def _words(asked: Questionnaire, name: str, scales: Mapping[str, _Scale]) -> str:
    headings = list(dict.fromkeys(page.heading for page in asked.pages if page.heading))
    none = {kind: option for _, own in reversed([*scales.values()]) for kind, option in own.items()}
    left_blank = none.get("left_blank")
    words: dict[str, Any] = {
        "form": name,
        "language": asked.language,
        "direction": asked.direction,
        "status": "draft",
        "title": asked.title,
        **({"before": list(asked.before)} if asked.before else {}),
        "stem": " ".join(headings) or asked.title,
        "items": {question.id: question.text for question in asked.questions if question.is_item},
        **({"help": helps} if (helps := _helps(asked)) else {}),
        "scales": {
            scale: {int(option.code): option.label for option in answers}
            for scale, (answers, _) in scales.items()
        },
        "missing": {
            "left_blank": left_blank.label if left_blank else MISSING_LABELS[LEFT_BLANK],
            **{kind: option.label for kind, option in none.items()},
        },
        "facets": {score.id: asked.facet(score) for score in asked.scores if score.shown},
        **({"after": list(asked.after)} if asked.after else {}),
    }
    return spelled(words, BARE, f"# The words of {asked.source}.\n")


def _helps(asked: Questionnaire) -> dict[str, str]:
    return {question.id: question.help for question in asked.questions if question.is_item and question.help}


def _context(context: list[Question]) -> str:
    lines = ["# Questions whose answers are names: never scored.", "questions:"]
    for question in context:
        options = ", ".join(_name(option.code) for option in question.options)
        lines.append(f"  {_name(question.id)}: {{options: [{options}]}}")
    return "\n".join(lines) + "\n"


def _context_words(asked: Questionnaire) -> str:
    words = {
        "language": asked.language,
        "status": "draft",
        "questions": {
            question.id: {
                "question": question.text,
                "options": {option.code: option.label for option in question.options},
            }
            for question in _context_questions(asked)
        },
    }
    return spelled(words, BARE, f"# The questions of {asked.source} whose answers are names.\n")


def _name(written: str) -> str:
    return written if is_name(written) else _quoted(written)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
