"""A validation study rehearsed on SIMULATED answers of a known truth, with faults planted in them."""

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.simulated_mark import marked
from analysis.simulation import higher_order, thresholds_from
from analysis.validation.rehearsal_documents import plan_text, record_text
from instrument import DOES_NOT_APPLY, RATHER_NOT_SAY, Form, Instrument

FAULTS: Final = {
    "misfit": "two items of different scales share something that no scale explains",
    "dif": "one item means something else to one group",
    "careless": "a fifth of the people answer at random",
    "retest": "answers of the second occasion have little to do with those of the first",
}
GENERAL: Final = (0.80, 0.85, 0.75, 0.80, 0.70, 0.75)
LOADING: Final = 0.72
SHARES: Final = (0.26, 0.26, 0.22, 0.16, 0.10)
SHARED: Final = 0.60
SHIFT: Final = 1.2
AGREEMENT: Final = 0.7
"""How much less the people of a written agreement stand on the scale of agreements."""
CARELESS: Final = 0.2
REFUSED: Final = 0.015
POOL: Final = 6
RETESTED: Final = 300
CHANGED: Final = 150
TRIES: Final = 60
WOBBLE: Final = 0.15


@dataclass(frozen=True, kw_only=True)
class _Truth:
    """What is simulated: the model of the items, and what is planted in it."""

    form: Form
    loadings: Matrix
    phi: Matrix
    cuts: Matrix
    reversed: tuple[int, ...]
    facets: tuple[str, ...]
    planted: frozenset[str]
    rng: np.random.Generator = field(repr=False)

    @property
    def codes(self) -> Sequence[int]:
        return sorted(self.form.scale_of(self.form.items[0].id).codes)

    @property
    def k(self) -> int:
        return len(self.form.items)

    def of_facet(self, facet: int) -> list[int]:
        return [int(item) for item in np.flatnonzero(self.loadings[:, facet])]

    @property
    def pair(self) -> tuple[int, int]:
        """The items that share something, where misfit is planted: one of each of two scales."""
        return self.of_facet(2)[1], self.of_facet(5)[0]

    @property
    def shifted(self) -> int:
        """The item that means something else to one group, where that is planted."""
        return self.of_facet(1)[0]


@dataclass(frozen=True, kw_only=True)
class _People:
    factors: Matrix
    answers: NDArray[np.int64]
    manager: NDArray[np.bool_]
    agreement: NDArray[np.bool_]
    criterion: Matrix
    other: Matrix
    global_item: NDArray[np.int64]

    def some(self, rows: NDArray[Any]) -> "_People":
        return _People(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def rehearse(
    instrument: Instrument,
    form_id: str,
    out: Path,
    *,
    n: int = 3000,
    faults: Collection[str] = (),
    seed: int = 20270501,
) -> tuple[Path, ...]:
    """Write the files of a whole study on SIMULATED answers.

    Parameters
    ----------
    instrument, form_id
        The questionnaire, and a form of it with six scales or more than two.
    out
        The folder, which is made.
    n
        People in the main sample; the exploratory one has a third of that, but at least as many as 60.
    faults
        Names in `FAULTS` of what is planted.
    seed
        Of everything that is drawn.

    Returns
    -------
    The files, PLAN.yaml and RECORD.yaml among them.

    Raises
    ------
    ValueError
        A fault or a form is not known, or the form has fewer than three scales.
    """
    if unknown := {*faults} - {*FAULTS}:
        raise ValueError(f"there is no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    if form_id not in instrument.forms:
        raise ValueError(f"there is no form {form_id!r}; the forms are {', '.join(instrument.forms)}")
    truth = _truth(instrument, form_id, frozenset(faults), np.random.default_rng(seed))
    out.mkdir(parents=True, exist_ok=True)
    main = _people(truth, n)
    explored = _people(truth, max(min(n, 60), n // 3))
    twice = np.arange(min(RETESTED, n))
    after = np.arange(min(CHANGED, n))
    second = _again(truth, main.some(twice), shift=0.0)
    improved = truth.rng.random(len(after)) < 0.5  # noqa: PLR2004 - half of them
    third = _again(truth, main.some(after), shift=np.where(improved, -1.0, 0.0))
    tables: dict[str, list[Mapping[str, object]]] = {
        "main.csv": _rows(truth, main, np.arange(n)),
        "exploratory.csv": _rows(truth, explored, np.arange(len(explored.answers)) + n),
        "retest.csv": [
            {**row, "changed": "no" if place % 10 else "yes", "days": 14}
            for place, row in enumerate(_rows(truth, second, twice))
        ],
        "after.csv": [
            {**row, "anchor": "better" if better else "same"}
            for row, better in zip(_rows(truth, third, after), improved, strict=True)
        ],
        "panel.csv": [*_panel(truth)],
        "interviews.csv": [*_interviews(truth)],
    }
    written = [_table(out / name, rows) for name, rows in tables.items()]
    plan = plan_text(
        instrument,
        form_id,
        seed=seed,
        agreements=truth.facets[3],
        outcomes=truth.facets[0],
        near=truth.form.items[truth.of_facet(3)[-1]].id,
    )
    for name, text in (("PLAN.yaml", plan), ("RECORD.yaml", record_text(n))):
        (out / name).write_text(text, encoding="utf-8")
        written.append(out / name)
    return tuple(written)


def _truth(instrument: Instrument, form_id: str, planted: frozenset[str], rng: np.random.Generator) -> _Truth:
    form, scores = instrument.forms[form_id], instrument.key.subscales(form_id)
    facets = [scale for scale in scores.values() if scale.items]
    if len(facets) < 3:  # noqa: PLR2004 - a second-order factor needs three
        raise ValueError(f"form {form_id} has {len(facets)} scales of items; a rehearsal needs three or more")
    home = {item.id: place for place, facet in enumerate(facets) for item in facet.items}
    ids = [item.id for item in form.items]
    turned = instrument.key.reversed_items(form_id)
    general = [GENERAL[place % len(GENERAL)] for place in range(len(facets))]
    loadings, phi = higher_order(general, [home[item] for item in ids], LOADING)
    cuts = np.tile(thresholds_from(SHARES), (len(ids), 1)) + rng.uniform(-0.25, 0.25, (len(ids), 1))
    return _Truth(
        form=form,
        loadings=loadings,
        phi=phi,
        cuts=cuts,
        reversed=tuple(place for place, item in enumerate(ids) if item in turned),
        facets=tuple(facet.id for facet in facets),
        planted=planted,
        rng=rng,
    )


def _people(truth: _Truth, n: int) -> _People:
    """Draw people until `n` carry the mark of made-up answers."""
    kept: list[_People] = []
    while sum(len(each.answers) for each in kept) < n:
        pool = _draw(truth, max(n, 60) * POOL)
        kept.append(pool.some(np.flatnonzero(marked(pool.answers, truth.codes))))
    whole = _People(
        **{
            name: np.concatenate([getattr(each, name) for each in kept])
            for name in _People.__dataclass_fields__
        }
    )
    return whole.some(np.arange(n))


def _draw(truth: _Truth, n: int) -> _People:
    rng = truth.rng
    values, vectors = np.linalg.eigh(truth.phi)
    factors = rng.standard_normal((n, len(truth.facets))) @ ((vectors * np.sqrt(values)) @ vectors.T)
    manager, agreement = rng.random(n) < 0.45, rng.random(n) < 0.5  # noqa: PLR2004 - shares
    factors[:, 3] -= AGREEMENT * agreement
    factors[:, 0] += 0.4 * manager
    answers = _answers(truth, factors, manager)
    if "careless" in truth.planted:
        at_random = rng.random(n) < CARELESS
        answers[at_random] = rng.choice(truth.codes, (int(at_random.sum()), truth.k))
    general = factors.mean(axis=1)
    return _People(
        factors=factors,
        answers=_with_refusals(truth, answers),
        manager=manager,
        agreement=agreement,
        criterion=50 - 7 * general + rng.normal(0, 7, n),
        other=30 + rng.normal(0, 6, n),
        global_item=np.clip(np.round(5 + 2 * general + rng.normal(0, 1.5, n)), 0, 10).astype(np.int64),
    )


def _answers(truth: _Truth, factors: Matrix, manager: NDArray[np.bool_]) -> NDArray[np.int64]:
    unique = 1 - np.einsum("im,mq,iq->i", truth.loadings, truth.phi, truth.loadings)
    noise = truth.rng.standard_normal((len(factors), truth.k))
    if "misfit" in truth.planted:
        shared = truth.rng.standard_normal(len(factors))
        for item in truth.pair:
            noise[:, item] = np.sqrt(1 - SHARED) * noise[:, item] + np.sqrt(SHARED) * shared
    latent = factors @ truth.loadings.T + noise * np.sqrt(unique)
    if "dif" in truth.planted:
        latent[:, truth.shifted] += SHIFT * manager
    answers = (latent[:, :, np.newaxis] > truth.cuts).sum(axis=2)
    turned = list(truth.reversed)
    answers[:, turned] = truth.cuts.shape[1] - answers[:, turned]
    given: NDArray[np.int64] = np.asarray(truth.codes, dtype=np.int64)[answers]
    return given


def _with_refusals(truth: _Truth, answers: NDArray[np.int64]) -> NDArray[np.int64]:
    kept = answers.copy()
    kept[truth.rng.random(answers.shape) < REFUSED] = RATHER_NOT_SAY
    for place, item in enumerate(truth.form.items):
        if item.does_not_apply:
            kept[truth.rng.random(len(kept)) < REFUSED, place] = DOES_NOT_APPLY
    return kept


def _again(truth: _Truth, people: _People, *, shift: float | Matrix) -> _People:
    """Ask the same people again, each until the answers carry the mark."""
    n = len(people.answers)
    answers = np.zeros((n, truth.k), dtype=np.int64)
    left = np.arange(n)
    moved = np.broadcast_to(np.asarray(shift, dtype=np.float64), (n,))
    for _ in range(TRIES):
        factors = people.factors[left] + moved[left, np.newaxis]
        if "retest" in truth.planted:
            factors = truth.rng.permutation(factors)
        factors = factors + truth.rng.normal(0, WOBBLE, factors.shape)
        answers[left] = _with_refusals(truth, _answers(truth, factors, people.manager[left]))
        left = left[~marked(answers[left], truth.codes)]
        if not len(left):
            break
    return _People(**{**{n_: getattr(people, n_) for n_ in people.__dataclass_fields__}, "answers": answers})


def _rows(truth: _Truth, people: _People, numbers: NDArray[np.intp]) -> list[Mapping[str, object]]:
    ids = [item.id for item in truth.form.items]
    return [
        {
            "person": int(number) + 1,
            "simulated": 1,
            "form_hash": truth.form.hash,
            **dict(zip(ids, answers, strict=True)),
            "line_manager": "yes" if manager else "no",
            "agreement": "yes" if agreement else "no",
            "supervisor": int(number) // 4 + 1,
            "safety": round(float(criterion), 1),
            "desirability": round(float(other), 1),
            "overall": int(overall),
        }
        for number, answers, manager, agreement, criterion, other, overall in zip(
            numbers,
            people.answers.tolist(),
            people.manager,
            people.agreement,
            people.criterion,
            people.other,
            people.global_item,
            strict=True,
        )
    ]


def _panel(truth: _Truth) -> Iterable[Mapping[str, object]]:
    for rater in range(1, 13):
        for item in truth.form.items:
            relevance = int(truth.rng.choice([4, 3, 2], p=[0.8, 0.18, 0.02]))
            yield {
                "simulated": 1,
                "rater": rater,
                "lived": "yes" if rater % 2 else "no",
                "item": item.id,
                "relevance": relevance,
                "clarity": 4,
                "essential": "yes" if relevance == 4 else "no",  # noqa: PLR2004 - the highest rating
            }


def _interviews(truth: _Truth) -> Iterable[Mapping[str, object]]:
    for person in range(1, 17):
        for item in truth.form.items:
            understood = person > 8 or truth.rng.random() > 0.05  # noqa: PLR2004 - the second round
            yield {
                "simulated": 1,
                "round": 1 if person <= 8 else 2,  # noqa: PLR2004 - eight people a round
                "person": person,
                "item": item.id,
                "understood": "yes" if understood else "no",
                "problem": "" if understood else "comprehension",
                "serious": "no",
            }


def _table(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
