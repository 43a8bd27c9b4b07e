"""Everything that a report may say of one set of answers, as one frozen tree; renderers only print it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analysis.report.dataset import Dataset
from analysis.report.document import RESAMPLES, Answers, Section
from analysis.report.registry import SECTIONS
from analysis.report.sections.scales import ScaleReport, scale_report

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Study:
    """The whole report of one set of answers."""

    title: str
    stage: str | None  # what the instrument may be claimed to be today
    form: str
    form_hash: str
    key_revision: int
    simulated: bool
    n: int
    scales: Mapping[str, ScaleReport]
    sections: tuple[Section, ...]


def run(
    dataset: Dataset,
    *,
    sections: Iterable[str] = SECTIONS,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> Study:
    """Compute the report of a dataset; a figure that cannot be had is in it as the reason why.

    Parameters
    ----------
    sections : names in SECTIONS of what follows the scales; by default all of them
    resamples : of the bootstrap intervals of the scales and of the total, from a fixed seed
    progress : called with a few words, how many parts are done and how many there are, before each part
    """
    chosen = [*sections]
    parts = len(dataset.scales) + len(chosen)
    say = progress or (lambda *_: None)
    answers = Answers(dataset, resamples)
    scales, found = dict[str, ScaleReport](), list[Section]()
    for name, subscale in dataset.scales.items():
        say(f"scale {name}", len(scales), parts)
        scales[name] = scale_report(answers, subscale)
    for name in chosen:
        say(name, len(scales) + len(found), parts)
        found.append(SECTIONS[name](answers))
    return Study(
        title=dataset.instrument.title,
        stage=dataset.instrument.claims.label if dataset.instrument.claims else None,
        form=dataset.form.id,
        form_hash=dataset.form.hash,
        key_revision=dataset.instrument.key.revision,
        simulated=dataset.simulated,
        n=dataset.n,
        scales=MappingProxyType(scales),
        sections=tuple(found),
    )
