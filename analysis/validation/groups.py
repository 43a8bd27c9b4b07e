"""Phase 10: whether items and scales mean the same to the groups that the plan names."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.estimate import Unavailable
from analysis.report.document import Document, Section
from analysis.report.fairness_report import fairness, of_dataset
from analysis.report.invariance_report import invariance
from analysis.report.model_answers import ModelAnswers
from analysis.report.model_answers import of_dataset as models_of
from analysis.validation.plan import Grouping
from analysis.validation.study import Study
from analysis.validation.verdicts import Check, Phase, counted, judged, not_asked, phase
from instrument import MISSING_LABELS

TITLE: Final = "Fairness between groups"
NOT_A_GROUP: Final = frozenset(str(code) for code in MISSING_LABELS)


def quiet(*_: object) -> None:
    """Say nothing: the phase has said where it is."""


def fair(study: Study) -> Phase:
    """Phase 10: the ladder of invariance, and differential item functioning, for every grouping."""
    if not study.plan.groups:
        return not_asked(10, TITLE, "The plan names no groups (`groups`).")
    checks: list[Check] = []
    sections: list[Section] = []
    for name, grouping in study.plan.groups.items():
        found, parts = _of(study, grouping)
        checks += [replace(each, words=f"{each.words}, {name}") for each in found]
        sections += [replace(each, id=f"{name}-{each.id}") for each in parts]
    return phase(10, TITLE, checks, sections)


def _of(study: Study, grouping: Grouping) -> tuple[list[Check], list[Section]]:
    cells = study.column(grouping.column)
    sizes = Counter(each for each in cells if each and each not in NOT_A_GROUP)
    fewest = min(sizes, key=lambda group: sizes[group], default="nobody")
    enough = counted(study.bound("group_n"), sizes[fewest] if len(sizes) > 1 else 0)
    if enough.verdict != "met":
        return [replace(enough, named=f"{enough.named} in the group {fewest}")], []
    ladder = invariance(_grouped(study, grouping), progress=quiet)
    items = fairness(of_dataset(study.main, grouping.column), reference=grouping.reference, progress=quiet)
    return [enough, _steps(study, ladder), _items(study, items)], [*ladder.sections, *items.sections]


def _grouped(study: Study, grouping: Grouping) -> ModelAnswers:
    """Return the answers of the people whose group is known."""
    found = models_of(study.main, group=grouping.column, cluster=study.plan.cluster)
    assert found.groups is not None
    known = np.array([bool(each) and each not in NOT_A_GROUP for each in found.groups])
    if known.all():
        return found
    clusters = None if found.clusters is None else found.clusters[known]
    return replace(found, X=found.X[known], groups=found.groups[known], clusters=clusters)


def _steps(study: Study, ladder: Document) -> Check:
    bound, tree = study.bound("steps"), ladder.tree
    if "unavailable" in tree:
        return judged(bound, Unavailable(reason="did not converge", detail=tree["unavailable"]))
    steps: Mapping[str, Any] = tree["steps"]
    failed = [name for name, step in steps.items() if step.get("within_limits") is False]
    named = [f"{name} step" for name in failed]
    freed = {key[-1] if key[1] == "|" else key[0] for key in map(_key, tree["proposed_free"])}
    if freed:
        named.append(f"items proposed to be free: {', '.join(sorted(freed))}")
    return judged(bound, 0.0 if failed else 1.0, named)


def _key(key: Any) -> tuple[str, str, str]:
    """Return the left, the operator and the right of a parameter."""
    left, operator, right = (*map(str, key), "", "", "")[:3]
    return (left, operator, left if operator == "|" else right)


def _items(study: Study, found: Document) -> Check:
    bound = study.bound("dif")
    changes: dict[str, float] = {}
    for scale in found.tree["scales"].values():
        for compared in scale["groups"].values():
            for item, each in compared.get("items", {}).items():
                change = each.get("mcfadden_change")
                if isinstance(change, dict) and "value" in change:
                    changes[item] = max(changes.get(item, 0.0), change["value"])
    if not changes:
        return judged(bound, Unavailable(reason="too few rows", detail="no item could be compared"))
    return judged(bound, max(changes.values()), [i for i, x in changes.items() if not bound.holds(x)])
