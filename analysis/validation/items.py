"""Phases 4 and 5: the items one by one, and what structure they show without being told one."""

import numpy as np

from analysis.correlation.polychoric import Polychoric
from analysis.dimensionality.factorability import kmo
from analysis.estimate import Matrix, Unavailable
from analysis.factor_models.exploratory import factor_analysis
from analysis.report.sections import responses, structure
from analysis.report.sections.scales import scale_report, scale_sections
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, judged, phase
from instrument import DOES_NOT_APPLY

BIAS_SAME = "The same people serve here and in phase 6: the structure is not tested on people of its own."


def pilot(study: Study) -> Phase:
    """Phase 4: answers left out, floor and ceiling, and what every item has in common with its scale."""
    title = "Pilot and items"
    enough = counted(study.bound("pilot_n"), study.piloted.n)
    if enough.verdict != "met":
        return phase(4, title, [enough])
    answers = study.explored
    checks = [enough, *_missing(study), *_hanging_together(study), *_ends(study)]
    scales = {name: scale_report(answers, scale) for name, scale in study.piloted.scales.items()}
    sections = [
        responses.distributions(answers),
        responses.missing(answers),
        responses.careless(answers),
        *scale_sections(scales),
    ]
    return phase(4, title, checks, sections)


def _missing(study: Study) -> list[Check]:
    dataset = study.piloted
    left: dict[str, float] = {}
    outside: dict[str, float] = {}
    for item in dataset.items:
        column = dataset.column(item.id)
        none = ~np.isin(column, dataset.form.scale_of(item.id).codes)
        outside[item.id] = float((column == DOES_NOT_APPLY).mean())
        left[item.id] = float((none & (column != DOES_NOT_APPLY)).mean())
    checks = []
    for name, found in (("missing", left), ("does_not_apply", outside)):
        bound = study.bound(name)
        beyond = [item for item, share in found.items() if not bound.holds(share)]
        checks.append(judged(bound, max(found.values()), beyond))
    return checks


def _hanging_together(study: Study) -> list[Check]:
    rest: dict[str, float] = {}
    between: dict[str, float] = {}
    for name, items in study.explored.scales.items():
        X = study.explored.scale(items).rows
        if len(X) < 3 or len(items) < 2:  # noqa: PLR2004 - a correlation needs them
            continue
        total = X.sum(axis=1)
        rest |= {item: _r(X[:, j], total - X[:, j]) for j, item in enumerate(items)}
        R = np.atleast_2d(np.corrcoef(X, rowvar=False))
        between[study.named(name)] = float(R[np.triu_indices(len(items), 1)].mean())
    bound = study.bound("item_rest")
    low, high = study.bound("inter_item"), study.bound("inter_item_most")
    none = Unavailable(reason="no complete rows")
    return [
        judged(bound, min(rest.values(), default=none), [i for i, r in rest.items() if not bound.holds(r)]),
        judged(low, min(between.values(), default=none), [s for s, r in between.items() if not low.holds(r)]),
        judged(
            high, max(between.values(), default=none), [s for s, r in between.items() if not high.holds(r)]
        ),
    ]


def _r(x: Matrix, y: Matrix) -> float:
    return float(np.corrcoef(x, y)[0, 1]) if x.std() > 0 and y.std() > 0 else 0.0


def _ends(study: Study) -> list[Check]:
    found: dict[str, tuple[float, float]] = {}
    for name, items in study.explored.scales.items():
        X = study.explored.scale(items).rows
        codes = study.piloted.form.scale_of(items[0]).codes
        if len(X):
            lowest, highest = len(items) * min(codes), len(items) * max(codes)
            total = X.sum(axis=1)
            found[study.named(name)] = (float((total == lowest).mean()), float((total == highest).mean()))
    checks = []
    for place, name in enumerate(("floor", "ceiling")):
        bound = study.bound(name)
        shares = {scale: ends[place] for scale, ends in found.items()}
        worst = max(shares.values(), default=Unavailable(reason="no complete rows"))
        checks.append(
            judged(bound, worst, [scale for scale, share in shares.items() if not bound.holds(share)])
        )
    return checks


def exploratory(study: Study) -> Phase:
    """Phase 5: how many factors the items show, and on which of them each item loads."""
    title = "Exploratory structure"
    enough = counted(study.bound("exploratory_n"), study.piloted.n)
    bias = [] if "exploratory" in study.datasets else [BIAS_SAME]
    if enough.verdict != "met":
        return phase(5, title, [enough], bias=bias)
    answers = study.explored
    found = answers.polychoric
    adequacy = found if isinstance(found, Unavailable) else kmo(found.r, n=found.n)
    checks = [
        enough,
        judged(study.bound("kmo"), adequacy if isinstance(adequacy, Unavailable) else float(adequacy.value)),
        *_loadings(study, found),
    ]
    sections = [
        structure.correlations(answers),
        structure.factorability(answers),
        structure.dimensions(answers),
        structure.factors(answers),
    ]
    return phase(5, title, checks, sections, bias)


def _loadings(study: Study, found: Polychoric | Unavailable) -> list[Check]:
    loading, gap = study.bound("loading"), study.bound("cross_loading")
    m = len(study.explored.scales)
    solution = found if isinstance(found, Unavailable) else factor_analysis(found.r, m, n=found.n)
    if isinstance(solution, Unavailable):
        return [judged(loading, solution), judged(gap, solution)]
    ordered = np.sort(np.abs(solution.loadings), axis=1)[:, ::-1]
    highest = ordered[:, 0]
    apart = highest - ordered[:, 1] if m > 1 else highest
    names = study.explored.items
    return [
        judged(
            loading,
            float(highest.min()),
            [n for n, x in zip(names, highest, strict=True) if not loading.holds(x)],
        ),
        judged(gap, float(apart.min()), [n for n, x in zip(names, apart, strict=True) if not gap.holds(x)]),
    ]
