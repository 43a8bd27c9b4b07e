"""The figures of a closed wave that researchers see: computed once, from the rows that leave, and kept.

If they were computed at every look, the difference between before and after an erasure would reveal the
erased answers. Kept figures beside rows that have lost one would reveal the same if they were exact. So they
are few, of whole scales, changed by chance once and rounded to steps no finer than their standard error. The
rows themselves give the exact figures, and any other.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from analysis.disclosure.leaving import LEAVING
from analysis.disclosure.rounding import STANDARD_ERRORS, at_least, blurred, borne
from app.closing.clusters import SMALL
from app.closing.leaving import rows_that_leave
from app.closing.mixing import RESPONSE
from app.closing.snapshots import SNAPSHOT
from app.closing.withholding import FEWEST
from app.db import read, write
from app.runtime import Service
from app.studies.installed import as_it_was_asked
from app.studies.study import STUDY
from app.studies.waves import WAVE
from instrument import Instrument, score

Answers = Mapping[str, Any]
ROUNDING = 1e-9
"""A standard error of so much of the standard deviation is none."""


def keep_figures(service: Service, wave: str, *, late: bool = False) -> None:
    """Compute and keep the figures of a wave, outside any lock; existing ones stay as they are.

    `late` records that this was not at the close, for a wave that closed under an earlier version.
    """
    asked = select(WAVE, STUDY.c.instrument, STUDY.c.form, STUDY.c.leaving).join(
        STUDY, STUDY.c.id == WAVE.c.study
    )
    names = ("wave", "unit", "answers", "cluster")
    answers = select(*(RESPONSE.c[name] for name in names)).where(RESPONSE.c.wave == wave)
    with read(service.engine) as db:
        about = db.execute(asked.where(WAVE.c.id == wave)).one()
        leaving = rows_that_leave(db, about.study, LEAVING[about.leaving])
        rows = [row for row in db.execute(answers) if (row.wave, row.unit) in leaving]
    instrument, people = as_it_was_asked(service, about), [row.answers for row in rows]
    made = {**figures(instrument, about.form, people), "late": late}
    if len(people) >= FEWEST and any(row.cluster for row in rows):
        made["clusters"] = in_clusters(instrument, about.form, people, [row.cluster for row in rows])
    with write(service.engine) as db:
        of_wave = (SNAPSHOT.c.wave == wave) & SNAPSHOT.c.figures.is_(None)
        db.execute(update(SNAPSHOT).where(of_wave).values(figures=made))


def figures(instrument: Instrument, form: str, people: Sequence[Answers]) -> dict[str, Any]:
    """Return the number of people, and alpha and omega of each scale or the reason why there is none."""
    from analysis.report.answers import ScaleAnswers  # noqa: PLC0415 - NumPy loads with it
    from analysis.report.dataset import label  # noqa: PLC0415
    from analysis.report.fitted import make_dataset  # noqa: PLC0415

    if len(people) < FEWEST:
        return {"n": 0, "scales": {}}
    columns = {item.id: [each.get(item.id) for each in people] for item in instrument.forms[form].items}
    dataset = make_dataset(columns, instrument, form)
    scales = {}
    for name, subscale in dataset.scales.items():
        items = tuple(item.id for item in subscale.items)
        answers = ScaleAnswers(items, dataset.keyed(items))
        scales[name] = {
            "label": label(dataset, name),
            "k": answers.k,
            "n": at_least(answers.n),
            **coefficients(answers),
        }
    return {"n": at_least(len(people)), "scales": scales}


def in_clusters(
    instrument: Instrument, form: str, people: Sequence[Answers], clusters: Sequence[str | None]
) -> dict[str, Any]:
    """Return ICC(1), design effect and robust error of each score, over the clusters of five rows or more.

    Small clusters are no longer told apart once a wave has closed, so their rows are left out.
    """
    clusters = [None if each == str(SMALL) else each for each in clusters]
    words = instrument.words_for_staff(form)
    scored = [score(instrument, form, each) for each in people]
    found = {
        name: {
            "label": words.facet(name),
            **_of_score([each[name].value for each in scored], clusters),
        }
        for name, subscale in instrument.key.subscales(form).items()
        if subscale.shown
    }
    return {"count": at_least(len({each for each in clusters if each})), "scores": found}


def _of_score(values: Sequence[float | None], clusters: Sequence[str | None]) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - loads with the statistics

    from analysis.estimate import REASONS, Unavailable  # noqa: PLC0415
    from analysis.group_comparison.clusters import (  # noqa: PLC0415
        cluster_numbers,
        cluster_sizes,
        cluster_variance,
        clustered_errors,
    )

    pairs = [(y, of) for y, of in zip(values, clusters, strict=True) if y is not None and of is not None]
    y, number = np.array([each for each, _ in pairs]), cluster_numbers([of for _, of in pairs])
    variance = cluster_variance(y, [of for _, of in pairs])
    if isinstance(variance, Unavailable):
        return {name: told(variance) for name in ("icc", "design_effect", "error")}
    sizes = cluster_sizes(number)
    _, error = clustered_errors(y - y.mean(), number)
    spread = STANDARD_ERRORS / 2 * error / math.sqrt(2 * (sizes.clusters - 1))
    icc = {
        name: each if isinstance(each, str) else max(each, 0.0) for name, each in told(variance.icc).items()
    }
    # The design effect follows from the kept ICC: a second draw of the same figure would halve its blur.
    effect = {
        name: each if isinstance(each, str) else round(1 + (sizes.mean - 1) * each, 1)
        for name, each in icc.items()
    }
    if error <= ROUNDING * y.std():  # all clusters have the same mean
        return {"icc": icc, "design_effect": effect, "error": {"unavailable": REASONS["no interval"]}}
    return {"icc": icc, "design_effect": effect, "error": kept(error, error - spread, error + spread)}


def coefficients(answers: Any) -> dict[str, dict[str, float | str]]:
    """Return alpha and omega of a scale, each with its interval or the reason why there is none."""
    from analysis.report.coefficients import COEFFICIENTS, HEADLINES  # noqa: PLC0415

    return {name: told(COEFFICIENTS[name].compute(answers)) for name in HEADLINES}


def told(figure: Any) -> dict[str, float | str]:
    """Return a figure and its interval as they are kept; of a missing one the reason without its detail."""
    from analysis.estimate import REASONS, Unavailable  # noqa: PLC0415

    if isinstance(figure, Unavailable):
        return {"unavailable": REASONS[figure.reason]}
    if figure.low is None or figure.high is None or not figure.high > figure.low:
        return {"unavailable": REASONS["no interval"]}
    return {name: min(each, 1.0) for name, each in kept(figure.value, figure.low, figure.high).items()}


def kept(value: float, low: float, high: float) -> dict[str, float]:
    """Return a figure and its interval, changed by chance once and rounded."""
    import numpy as np  # noqa: PLC0415

    moved = blurred(value, low, high, np.random.default_rng())
    return dict(zip(("value", "low", "high"), borne(*moved), strict=True))
