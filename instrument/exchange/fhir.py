"""FHIR R4 Questionnaire after SDC: weights on the answers, scores as calculated expressions."""

import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

from instrument.exchange import preflight
from instrument.exchange.key_lines import key_line
from instrument.exchange.questionnaire import ANSWERED, Option, Question, Questionnaire
from instrument.model import Subscale
from instrument.nodes import Problem
from instrument.values import sha256

_CORE: Final = "http://hl7.org/fhir/StructureDefinition"
_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
_CONTROLS: Final = "http://hl7.org/fhir/questionnaire-item-control"


def written(asked: Questionnaire) -> bytes:
    """Write a form as a FHIR Questionnaire in JSON; InstrumentError where it cannot hold it."""
    preflight.refuse(_refusals(asked))
    return (json.dumps(_resource(asked), ensure_ascii=False, indent=2) + "\n").encode()


def _refusals(asked: Questionnaire) -> Iterator[Problem]:
    yield from preflight.texts(asked, "FHIR", ())
    taken = [(f"item `{item['linkId']}`", item["linkId"]) for item in _flat(_items(asked))]
    yield from preflight.names(asked, "FHIR", taken, longest=255)


def _resource(asked: Questionnaire) -> dict[str, Any]:
    return {
        "resourceType": "Questionnaire",
        "meta": {"profile": [f"{_SDC}/sdc-questionnaire-behave"]},
        "language": asked.language,
        "url": _urn(asked.id),
        "version": asked.version,
        "name": asked.id.title(),
        "title": asked.title,
        "status": "draft" if asked.is_draft else "active",
        "experimental": True,
        "description": "\n".join(asked.about),
        "copyright": asked.licence,
        "item": _items(asked),
    }


def _items(asked: Questionnaire) -> list[dict[str, Any]]:
    pages = [
        {
            "linkId": f"page_{number}",
            **({"text": page.heading} if page.heading else {}),
            "type": "group",
            "item": [_question(asked, question) for question in page.questions],
        }
        for number, page in enumerate(asked.pages, 1)
    ]
    scores = {
        "linkId": "scores",
        "type": "group",
        "extension": [_hidden()],
        "item": [item for score in asked.scores for item in _score(asked, score)],
    }
    return [
        *_lines("before", asked.before),
        *pages,
        *([scores] if asked.scores else []),
        *_lines("after", asked.after),
        *_lines("about", asked.about),
    ]


def _lines(name: str, lines: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"linkId": f"{name}_{number}", "text": line, "type": "display"}
        for number, line in enumerate(lines, 1)
    ]


def _question(asked: Questionnaire, question: Question) -> dict[str, Any]:
    system = _urn(sha256([[option.code, option.label] for option in question.options]))
    item: dict[str, Any] = {
        "linkId": question.id,
        "text": question.text,
        "type": "choice",
        "required": False,
        "answerOption": [_option(asked, question, option, system) for option in question.options],
    }
    if question.help:
        control = {"coding": [{"system": _CONTROLS, "code": "help"}]}
        item["item"] = [
            {
                "linkId": f"{question.id}_help",
                "extension": [{"url": f"{_CORE}/questionnaire-itemControl", "valueCodeableConcept": control}],
                "text": question.help,
                "type": "display",
            }
        ]
    return item


def _option(asked: Questionnaire, question: Question, option: Option, system: str) -> dict[str, Any]:
    """Write an answer with its weight twice: beside the coding for current tools, on it for older ones."""
    coding = {"system": system, "code": option.code, "display": option.label}
    weight = asked.weight(question, option)
    if weight is None:
        return {"valueCoding": coding}
    return {
        "extension": [{"url": f"{_CORE}/itemWeight", "valueDecimal": weight}],
        "valueCoding": {
            "extension": [{"url": f"{_CORE}/ordinalValue", "valueDecimal": weight}],
            **coding,
        },
    }


def _score(asked: Questionnaire, score: Subscale) -> Iterator[dict[str, Any]]:
    label = asked.facet(score)
    yield _calculated(f"{score.id}{ANSWERED}", f"{label}: {key_line(score)}", "integer", _answered(score))
    yield _calculated(score.id, label, "decimal", _figure(asked, score))


def _calculated(name: str, text: str, kind: str, expression: str) -> dict[str, Any]:
    calculation = {"language": "text/fhirpath", "expression": expression}
    return {
        "linkId": name,
        "extension": [
            _hidden(),
            {"url": f"{_SDC}/sdc-questionnaire-calculatedExpression", "valueExpression": calculation},
        ],
        "text": text,
        "type": kind,
        "readOnly": True,
    }


def _answered(score: Subscale) -> str:
    if score.of:
        return f"{_answers(*(f'{part}{ANSWERED}' for part in score.of))}.sum()"
    return f"{_answers(*(item.id for item in score.items))}.weight().count()"


def _figure(asked: Questionnaire, score: Subscale) -> str:
    enough = f"{_answers(f'{score.id}{ANSWERED}')} >= {score.min_answered}"
    values = _keyed(asked, score)
    if score.of:
        values = _answers(*score.of)
        enough = f"{values}.count() >= {score.min_answered}"
        if score.min_items:
            enough += f" and {_answers(f'{score.id}{ANSWERED}')} >= {score.min_items}"
    figure = {"sum": "{}.sum()", "mean": "{}.avg()", "pomp": "100 * {}.avg()"}[score.method]
    return f"iif({enough}, {figure.format(values)}, {{}})"


def _keyed(asked: Questionnaire, score: Subscale) -> str:
    """The weights of a score's items, those of equal range and direction together."""
    together: dict[tuple[int, int, bool], list[str]] = {}
    for item in score.items:
        question = asked.by_id[item.id]
        is_turned = item.reversed != (item.id in asked.reversed_items)
        together.setdefault((question.foot, question.top, is_turned), []).append(item.id)
    first, *rest = (
        (f"{_answers(*items)}.weight(){_selected(score, *turned)}" for turned, items in together.items())
        if together
        else ("",)
    )
    return first + "".join(f".combine({more})" for more in rest)


def _selected(score: Subscale, foot: int, top: int, is_turned: bool) -> str:  # noqa: FBT001 - a key taken apart
    if score.method == "pomp":
        part = f"{top} - $this" if is_turned else f"$this - ({foot})"
        return f".select(({part}) / {top - foot})"
    return f".select({foot + top} - $this)" if is_turned else ""


def _answers(*names: str) -> str:
    listed = " | ".join(f"'{name}'" for name in names)
    return f"%resource.repeat(item).where(linkId in ({listed})).answer.value"


def _hidden() -> dict[str, Any]:
    return {"url": f"{_CORE}/questionnaire-hidden", "valueBoolean": True}


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, name)}"


def _flat(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        yield from _flat(item.get("item", []))
