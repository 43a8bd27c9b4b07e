"""`python -m analysis plan`: sizes of samples by simulation, and the preregistration, from one file."""

import argparse
from pathlib import Path

from analysis.commands.options import Add, Page, Progress, add_page


def add_plan(add: Add) -> None:
    """Add the command `plan`."""
    plan = add(
        "plan",
        help="how many people a study needs, by simulation; or its preregistration",
        description=(
            "Simulate the questionnaire's structure at the sizes that PLAN.yaml names: intervals of alpha, "
            "omega and ICC, fit against rivals, invariance, fairness of items, known groups."
        ),
        epilog="example: python -m analysis plan PLAN.yaml --instrument instrument/ppiq",
    )
    plan.add_argument("plan", metavar="PLAN", type=Path, help="the plan: docs/analysis.md")
    plan.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    plan.add_argument(
        "--preregistration",
        action="store_true",
        help="print the plan as a document to be registered, and simulate nothing",
    )
    add_page(plan, _plan)


def _plan(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.render import RENDERERS
    from analysis.validation.plan import read_plan
    from analysis.validation.planning_report import planning
    from analysis.validation.preregistration import preregistration
    from instrument import load

    instrument = load(asked.instrument)
    found = read_plan(asked.plan, instrument)
    if asked.preregistration:
        return RENDERERS[asked.format](preregistration(found, instrument))
    return RENDERERS[asked.format](planning(found, instrument, progress=say))
