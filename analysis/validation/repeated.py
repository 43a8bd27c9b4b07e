"""Phases 8 and 12: the same people again, unchanged or after a change."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from analysis.agreement.intraclass import intraclass_correlation
from analysis.agreement.measurement_error import measurement_error
from analysis.estimate import Matrix, Unavailable
from analysis.report.dataset import Dataset
from analysis.report.document import Section, Table, Value
from analysis.report.retest_report import retest as retest_report
from analysis.report.scores import scores
from analysis.validation.study import Study
from analysis.validation.verdicts import Phase, counted, judged, not_asked, phase, stated, worst
from instrument import rescaled

NEWTON = 50
FLAT = 1e-10


def retest(study: Study) -> Phase:
    """Phase 8: people who did not change, on two occasions."""
    title, asked, second = "Test-retest and error", study.plan.retest, study.datasets.get("retest")
    if asked is None:
        return not_asked(8, title, "The plan names no second occasion (`retest`).")
    if second is None:
        return phase(8, title, [stated("retest", "a second occasion", None, "give it as retest=FILE")])
    stable = _stable(study, second)
    first, again = _matched(study.main, stable, asked.id)
    enough = counted(study.bound("retest_n"), first.n)
    bias = _bias(study, second.n - stable.n)
    if enough.verdict != "met":
        return phase(8, title, [enough], bias=bias)
    before, after = scores(first), scores(again)
    shown = [n for n, s in study.instrument.key.subscales(study.plan.form).items() if s.shown]
    found = {
        study.named(name): intraclass_correlation(np.column_stack([before[name].values, after[name].values]))[
            "ICC2"
        ]
        for name in shown
    }
    document = retest_report(first, again, id_column=asked.id, progress=lambda *_: None)
    judged_on = [enough, worst(study.bound("icc"), found)]
    return replace(phase(8, title, judged_on, document.sections, bias), errors=_errors(first, again, shown))


def _errors(first: Dataset, again: Dataset, shown: Sequence[str]) -> dict[str, float]:
    """Return the standard error of measurement of each score on 0 to 100, where it can be had."""
    before, after = scores(first, rescaled), scores(again, rescaled)
    found = {
        name: measurement_error(np.column_stack([before[name].values, after[name].values])) for name in shown
    }
    return {name: each.sem.value for name, each in found.items() if not isinstance(each, Unavailable)}


def _stable(study: Study, second: Dataset) -> Dataset:
    asked = study.plan.retest
    if asked is None or asked.anchor is None:
        return second
    said = study.column(asked.anchor, "retest")
    return second.of_rows(np.flatnonzero([each in asked.stable for each in said]))


def _bias(study: Study, left_out: int) -> list[str]:
    asked, record = study.plan.retest, study.record
    found = []
    if asked is not None and asked.anchor:
        found.append(
            f"Stability: evidence provided by the anchor {asked.anchor}; {left_out} people left out."
        )
    else:
        found.append("Stability: unclear, no anchor says who changed (COSMIN: doubtful).")
    days = record.retest_days if record else None
    if days is None or asked is None:
        found.append("Interval: not stated (COSMIN: doubtful).")
    elif asked.days[0] <= days[0] and days[1] <= asked.days[1]:
        found.append(f"Interval: {days[0]} to {days[1]} days, as planned.")
    else:
        found.append(f"Interval: {days[0]} to {days[1]} days, planned {asked.days[0]} to {asked.days[1]}.")
    return found


def _matched(first: Dataset, second: Dataset, column: str) -> tuple[Dataset, Dataset]:
    ids = {person: place for place, person in enumerate(second.text(column)) if person}
    both = [(place, ids[p]) for place, p in enumerate(first.text(column)) if p in ids]
    return tuple(  # type: ignore[return-value]  # two of them
        replace(each.of_rows(np.array([pair[side] for pair in both], dtype=np.intp)))
        for side, each in enumerate((first, second))
    )


def responsiveness(study: Study) -> Phase:
    """Phase 12: whether the score changes where people say that they did."""
    title, asked, after = (
        "Responsiveness and important change",
        study.plan.change,
        study.datasets.get("after"),
    )
    if asked is None:
        return not_asked(12, title, "The plan names no change to be followed (`change`).")
    if after is None:
        return phase(12, title, [stated("after", "people after a change", None, "give them as after=FILE")])
    first, then = _matched(study.main, after, asked.id)
    enough = counted(study.bound("change_n"), then.n)
    if enough.verdict != "met":
        return phase(12, title, [enough])
    change = scores(then)[asked.score].values - scores(first)[asked.score].values
    said = then.text(asked.anchor)
    place = np.array([asked.order.index(s) if s in asked.order else np.nan for s in said], dtype=np.float64)
    improved = np.array([s in asked.improved for s in said])
    way = -1 if asked.order.index(asked.improved[0]) < len(asked.order) / 2 else 1
    known = np.isfinite(change) & np.isfinite(place)
    r = _rank_correlation(change[known], place[known])
    sdc = _sdc(study, asked.score)
    rows: list[tuple[Value, ...]] = [
        ("people with both scores and an anchor", int(known.sum())),
        ("mean change, improved", _mean(change[known & improved])),
        ("mean change, others", _mean(change[known & ~improved])),
        ("rank correlation of the change with the anchor", r),
        (
            "AUC, improved against others",
            _auc(way * change[known & improved], way * change[known & ~improved]),
        ),
        ("minimal important change (predictive modelling)", _important(change[known], improved[known])),
        ("smallest detectable change of one person (phase 8)", sdc),
    ]
    table = Table(
        title=f"Change of {study.named(asked.score)}", headers=("figure", "value"), rows=tuple(rows)
    )
    reading = "A minimal important change below the smallest detectable one cannot be told in one person."
    section = Section(id="change", title="Change beside the anchor", reading=reading, tables=(table,))
    return phase(12, title, [enough, judged(study.bound("anchor_r"), r)], [section])


def _mean(x: Matrix) -> Value:
    return float(x.mean()) if len(x) else Unavailable(reason="too few rows", detail="nobody")


def _rank_correlation(x: Matrix, y: Matrix) -> float | Unavailable:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:  # noqa: PLR2004 - a correlation needs them
        return Unavailable(reason="no variance")
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(x: Matrix) -> Matrix:
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def _auc(above: Matrix, below: Matrix) -> Value:
    if not len(above) or not len(below):
        return Unavailable(reason="too few rows", detail="one of the groups is empty")
    wins = (above[:, None] > below).mean() + (above[:, None] == below).mean() / 2
    return float(wins)


def _sdc(study: Study, name: str) -> Value:
    asked, second = study.plan.retest, study.datasets.get("retest")
    if asked is None or second is None:
        return Unavailable(reason="too few rows", detail="no second occasion of people who did not change")
    first, again = _matched(study.main, _stable(study, second), asked.id)
    pair = np.column_stack([scores(each)[name].values for each in (first, again)])
    found = measurement_error(pair)
    return found if isinstance(found, Unavailable) else found.sdc.value


def _important(change: Matrix, improved: np.ndarray) -> Value:
    """Return the change at which improvement is as likely as in all (Terluin et al. 2015), by a logit.

    MIC = (logit(p) - b0) / b1, where p is the share improved and logit P(improved) = b0 + b1 change.
    """
    share = float(improved.mean())
    if not 0 < share < 1 or np.ptp(change) == 0:
        return Unavailable(reason="no variance", detail="all improved, or nobody did")
    scale = float(change.std())
    X = np.column_stack([np.ones(len(change)), change / scale])
    b = np.zeros(2)
    for _ in range(NEWTON):
        p = expit(X @ b)
        step = np.linalg.lstsq((X * (p * (1 - p))[:, None]).T @ X, X.T @ (improved - p), rcond=None)[0]
        b = b + step
        if np.abs(step).max() < FLAT:
            break
    else:
        return Unavailable(reason="did not converge")
    if b[1] == 0:
        return Unavailable(reason="not defined", detail="change says nothing of improvement")
    return float((np.log(share / (1 - share)) - b[0]) / b[1] * scale)
