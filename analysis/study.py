"""Everything that a report may say of one set of answers, as one frozen tree; renderers only print it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from analysis.dataset import Dataset
from analysis.estimate import Estimate, Matrix, Unavailable, complete_rows
from analysis.moments import moments
from analysis.omega import alpha_and_omega, mcdonald_omega
from analysis.parts.reliability import RESAMPLES
from analysis.reliability import (
    ItemStatistics,
    cronbach_alpha,
    item_statistics,
    standardised_alpha,
)
from analysis.section import Answers, Section, label
from analysis.sections import SECTIONS
from instrument import Subscale

Figure = Estimate | Unavailable
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ItemReport:
    """One item of a scale: `statistics` over the scale's complete rows, the rest over the rows of the file.

    `floor` and `ceiling` are the shares of the answers in the lowest and the highest category.
    """

    id: str
    reversed: bool
    statistics: ItemStatistics | Unavailable
    floor: float | None
    ceiling: float | None
    missing: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ScaleReport:
    """One scale: the headline figures over its complete rows, the pairwise alpha beside them."""

    id: str
    label: str
    k: int
    n: int
    mean: float | None
    sd: float | None
    alpha: Figure
    alpha_bootstrap: Figure
    alpha_pairwise: Figure
    alpha_standardised: Figure
    omega: Figure
    omega_bootstrap: Figure
    items: Mapping[str, ItemReport]


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
    resamples : of the bootstrap intervals of the scales, from a fixed seed
    progress : called with a few words, how many parts are done and how many there are, before each part
    """
    chosen = [*sections]
    parts = len(dataset.scales) + len(chosen)
    say = progress or (lambda *_: None)
    scales = dict[str, ScaleReport]()
    for name, subscale in dataset.scales.items():
        say(f"scale {name}", len(scales), parts)
        scales[name] = _scale(dataset, subscale, resamples)
    answers, found = Answers(dataset), list[Section]()
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


def _scale(dataset: Dataset, subscale: Subscale, resamples: int) -> ScaleReport:
    names = [item.id for item in subscale.items]
    X = dataset.keyed(names)
    rows = complete_rows(X)
    found = moments(rows)
    basis = rows if isinstance(found, Unavailable) else found
    statistics = item_statistics(basis)
    alpha_bootstrap, omega_bootstrap = alpha_and_omega(basis, resamples=resamples, names=names)
    scores = rows.mean(axis=1)
    return ScaleReport(
        id=subscale.id,
        label=label(dataset, subscale.id),
        k=len(names),
        n=len(rows),
        mean=float(scores.mean()) if len(rows) else None,
        sd=float(scores.std(ddof=1)) if len(rows) > 1 else None,
        alpha=cronbach_alpha(basis),
        alpha_bootstrap=alpha_bootstrap,
        alpha_pairwise=cronbach_alpha(X, missing="pairwise"),
        alpha_standardised=standardised_alpha(basis),
        omega=mcdonald_omega(basis, names=names),
        omega_bootstrap=omega_bootstrap,
        items=MappingProxyType(
            {
                item.id: ItemReport(
                    id=item.id,
                    reversed=item.reversed,
                    statistics=statistics if isinstance(statistics, Unavailable) else statistics[place],
                    missing=MappingProxyType(dataset.missing(item.id)),
                    **_ends(X[:, place], dataset.form.scale_of(item.id).codes),
                )
                for place, item in enumerate(subscale.items)
            }
        ),
    )


def _ends(answers: Matrix, codes: Sequence[int]) -> dict[str, float | None]:
    given = answers[~np.isnan(answers)]
    if not len(given):
        return {"floor": None, "ceiling": None}
    return {"floor": float((given == min(codes)).mean()), "ceiling": float((given == max(codes)).mean())}
