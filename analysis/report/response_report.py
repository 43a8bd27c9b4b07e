"""The report of `response`: the response model of a scale, its fit, its precision, people beside items."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analysis.item_response.graded_response import graded_response
from analysis.item_response.partial_credit import partial_credit
from analysis.item_response.rasch import rasch
from analysis.report.answers import Answers
from analysis.report.dataset import Dataset
from analysis.report.document import SIMULATED, Document, Section, sections_json
from analysis.report.response_sections import Fit, Scale, sections_of

Progress = Callable[[str, int, int], None]

# The models that can be asked for by name.
MODELS: Final[dict[str, Fit]] = {
    "graded": graded_response,
    "generalised-partial-credit": partial_credit,
    "partial-credit": lambda X, names: partial_credit(X, slopes="equal", names=names),
    "rating-scale": lambda X, names: partial_credit(X, slopes="equal", steps="shared", names=names),
    "rasch": rasch,
    "rasch-rating-scale": lambda X, names: rasch(X, steps="shared", names=names),
}
HOW: Final = (
    "Every answer there is counts. θ is where a person stands on what the items have in common; in the "
    "population its mean is 0 and, with free slopes, its standard deviation 1. Estimates are at a maximum of "
    "the likelihood that two searches from different starts reached; how far they are from it is told in "
    "standard errors. A model that fits says how these people answered, not what the items measure."
)


@dataclass(frozen=True, kw_only=True)
class Scales:
    """The scales asked about, and notes on them."""

    title: str
    about: str
    labels: tuple[str, ...]
    scales: tuple[Scale, ...]


def of_dataset(dataset: Dataset) -> Scales:
    """Return the scales that share no item, turned the way they are scored."""
    answers = Answers(dataset)
    return Scales(
        title=f"Response models of {dataset.title}",
        about=dataset.about,
        labels=dataset.labels,
        scales=tuple(
            Scale(label=answers.label(name), names=tuple(items), X=answers.columns(items))
            for name, items in answers.scales.items()
        ),
    )


def response_report(asked: Scales, *, model: str, progress: Progress) -> Document:
    """Fit one model to each scale, and say how well it fits and how precise it is.

    Parameters
    ----------
    asked
        The scales.
    model
        A name in `MODELS`.
    progress
        Called with the scale, how many are done, and how many there are.
    """
    sections: list[Section] = []
    for done, scale in enumerate(asked.scales):
        progress(scale.label, done, len(asked.scales))
        sections += sections_of(scale, MODELS[model], f"scale-{done + 1}")
    return Document(
        title=asked.title,
        lead="How precise items are along what they have in common, and whether answers come as modelled.",
        labels=asked.labels,
        provenance=f"n = {max((len(s.X) for s in asked.scales), default=0)} rows. {asked.about}",
        sections=tuple(sections),
        how=HOW,
        tree=_tree(asked, model, sections),
    )


def _tree(asked: Scales, model: str, sections: Sequence[Section]) -> dict[str, Any]:
    return {
        "simulated": SIMULATED in asked.labels,
        "model": model,
        "scales": {scale.label: scale.names for scale in asked.scales},
        "sections": sections_json(sections),
    }
