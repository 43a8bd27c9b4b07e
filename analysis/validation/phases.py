"""The phases of the validation programme, in the order in which they are answered."""

from collections.abc import Callable
from typing import Final

from analysis.validation.content import interviews, panel
from analysis.validation.documents import concept, consequences, pairs, protocol
from analysis.validation.groups import fair
from analysis.validation.items import exploratory, pilot
from analysis.validation.relations import hypotheses
from analysis.validation.repeated import responsiveness, retest
from analysis.validation.responding import responding
from analysis.validation.structure import confirmatory, consistency
from analysis.validation.study import Study
from analysis.validation.verdicts import Phase, not_asked

# Fairness comes before construct validity: a difference between groups may be one of items.
PHASES: Final[dict[int, tuple[str, Callable[[Study], Phase]]]] = {
    0: ("Protocol", protocol),
    1: ("Concept elicitation", concept),
    2: ("Expert and lived-experience panel", panel),
    3: ("Cognitive interviews", interviews),
    4: ("Pilot and items", pilot),
    5: ("Exploratory structure", exploratory),
    6: ("Confirmatory structure", confirmatory),
    7: ("Internal consistency", consistency),
    8: ("Test-retest and error", retest),
    10: ("Fairness between groups", fair),
    9: ("Construct validity", hypotheses),
    11: ("Response models and reference data", responding),
    12: ("Responsiveness and important change", responsiveness),
    13: ("Dyads", pairs),
    14: ("Consequences and translation", consequences),
}


def answered(study: Study) -> tuple[Phase, ...]:
    """Answer every phase that the plan asks for; the others say that they were not asked."""
    found = []
    for done, (number, (title, answer)) in enumerate(PHASES.items()):
        study.progress(f"phase {number}: {title.lower()}", done, len(PHASES))
        asked = number in study.plan.phases
        found.append(answer(study) if asked else not_asked(number, title, "The plan leaves it out."))
    return tuple(sorted(found, key=lambda each: each.number))
