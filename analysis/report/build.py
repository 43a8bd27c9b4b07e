"""All that a report says of one set of answers, as one frozen tree, which renderers only print."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from analysis.report.answers import RESAMPLES, Answers
from analysis.report.dataset import Dataset
from analysis.report.document import Document, Section, sections_json
from analysis.report.sections.reliability import bounds, ordinal, subscales, total
from analysis.report.sections.responses import careless, distributions, missing
from analysis.report.sections.scales import ScaleReport, scale_report, scale_sections, scale_tree
from analysis.report.sections.structure import correlations, dimensions, factorability, factors, scalability

Progress = Callable[[str, int, int], None]
# Every format shows these sections, in this order.
SECTIONS: Final[dict[str, Callable[[Answers], Section]]] = {
    "distributions": distributions,
    "missing": missing,
    "bounds": bounds,
    "ordinal": ordinal,
    "total": total,
    "subscales": subscales,
    "correlations": correlations,
    "factorability": factorability,
    "dimensions": dimensions,
    "factors": factors,
    "scalability": scalability,
    "careless": careless,
}

# The sections that are quick enough for a request of a page.
QUICK: Final = ("distributions", "missing", "bounds", "subscales", "scalability")
HOW: Final = (
    "Headline figures rest on the rows with an answer to every item of the scale; pairwise figures use every "
    "answer there is. Items are turned the way they are scored. The interval of alpha is Feldt's; omega is "
    "omega total of a one-factor model by maximum likelihood; bootstrap intervals are bias-corrected and "
    "accelerated. A coefficient says how consistently the items rank these people, not what they measure."
)


@dataclass(frozen=True, kw_only=True)
class Report(Document):
    """The whole report of one set of answers: a document, the number of rows, its scales by their ids."""

    n: int
    scales: Mapping[str, ScaleReport]


def run(
    dataset: Dataset,
    *,
    sections: Iterable[str] = SECTIONS,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> Report:
    """Compute the report of a dataset; in place of a figure that is unavailable it holds the reason.

    Parameters
    ----------
    sections : names in SECTIONS of what follows the scales; by default all of them
    resamples : of the bootstrap intervals of the scales and of the total, from a fixed seed
    progress : called with a few words, how many parts are done and how many there are, before each part
    """
    chosen = {name: SECTIONS[name] for name in sections}
    return report_of(Answers(dataset, resamples), chosen, progress=progress)


def report_of(
    answers: Answers, chosen: Mapping[str, Callable[[Answers], Section]], *, progress: Progress | None = None
) -> Report:
    """Compute the report of some answers: their scales, and the sections that are chosen."""
    dataset = answers.dataset
    parts = len(dataset.scales) + len(chosen)
    say = progress or (lambda *_: None)
    scales, found = dict[str, ScaleReport](), list[Section]()
    for name, subscale in dataset.scales.items():
        say(f"scale {name}", len(scales), parts)
        scales[name] = scale_report(answers, subscale)
    for name, make in chosen.items():
        say(name, len(scales) + len(found), parts)
        found.append(make(answers))
    instrument, form = dataset.instrument, dataset.form
    return Report(
        title=dataset.title,
        lead="How well its items hang together, and what was left unanswered.",
        labels=dataset.labels,
        provenance=f"n = {dataset.n} rows. {dataset.about}",
        sections=(*scale_sections(scales), *found),
        how=HOW,
        tree={
            "form": form.id,
            "form_hash": form.hash,
            "key_revision": instrument.key.revision,
            "simulated": dataset.simulated,
            "n": dataset.n,
            "notes": dataset.notes,
            "scales": {name: scale_tree(scale) for name, scale in scales.items()},
            "sections": sections_json(found),
        },
        n=dataset.n,
        scales=MappingProxyType(scales),
    )
