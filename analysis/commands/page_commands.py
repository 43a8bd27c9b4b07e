"""`python -m analysis alpha|report|factor|response|retest|fairness`: the commands that write a page."""

import argparse
from pathlib import Path
from typing import Final

from analysis.commands.options import (
    FILE,
    Add,
    Page,
    Progress,
    add_answers,
    add_file,
    add_group,
    add_page,
    add_place,
    dataset_of,
    folder_of,
    is_counted,
    occasions_of,
)

EXTRACTIONS: Final = ("minres", "ml", "uls")
ROTATIONS: Final = ("oblimin", "geomin", "promax", "varimax", "none")
CORRELATIONS: Final = ("polychoric", "pearson")
RESPONSE_MODELS: Final = (
    "graded",
    "generalised-partial-credit",
    "partial-credit",
    "rating-scale",
    "rasch",
    "rasch-rating-scale",
)
MATCHINGS: Final = ("total", "rest", "theta")


def add_alpha(add: Add) -> None:
    """Add the command `alpha`."""
    alpha = add(
        "alpha",
        help="alpha and omega of any columns, with what each item does",
        description=(
            "Alpha and omega total with their intervals, what each item does in the scale, and which items "
            "seem to be keyed the wrong way."
        ),
        epilog="example: python -m analysis alpha answers.csv --items q1-q8 --reverse q3,q7",
    )
    add_place(alpha)
    add_answers(alpha)
    add_group(alpha, required=False, words="the same for each group that this column names")
    add_page(alpha, _alpha)


def add_report(add: Add) -> None:
    """Add the command `report`."""
    report = add(
        "report",
        help="everything that one table of answers can bear",
        description=(
            "Report on the answers to a form: how they are distributed, what is missing, reliability, "
            "correlations, dimensions, factors, scalability, and counts of careless answering."
        ),
    )
    add_place(report)
    add_answers(report)
    add_page(report, _report)


def add_factor(add: Add) -> None:
    """Add the command `factor`."""
    factor = add(
        "factor",
        help="the factors of a form's items, or of any columns",
        description="Find the factors of items, as many as asked for or as parallel analysis keeps.",
        epilog="example: python -m analysis factor answers.csv --items q1-q6 --factors 2",
    )
    add_file(factor)
    add_answers(factor)
    factor.add_argument(
        "--factors", metavar="N", type=_positive, help="default: what parallel analysis keeps"
    )
    factor.add_argument("--rotation", choices=ROTATIONS, default="oblimin", help="default: oblimin")
    factor.add_argument("--extraction", choices=EXTRACTIONS, default="minres", help="default: minres")
    factor.add_argument(
        "--correlation", choices=CORRELATIONS, default="polychoric", help="default: polychoric"
    )
    add_page(factor, _factor)


def add_response(add: Add) -> None:
    """Add the command `response`."""
    response = add(
        "response",
        help="the response model of each scale of a form, or of any columns",
        description=(
            "Fit an item response model: estimates with their errors, fit of model, items and people, "
            "precision along the latent dimension, and people beside items."
        ),
        epilog="example: python -m analysis response answers.csv --items q1-q5 --model graded",
    )
    add_file(response)
    add_answers(response)
    response.add_argument(
        "--model",
        choices=RESPONSE_MODELS,
        default="graded",
        help="default: graded (of two categories the two-parameter logistic model); those that begin with "
        "rasch are fitted by conditional likelihood",
    )
    add_page(response, _response)


def add_retest(add: Add) -> None:
    """Add the command `retest`."""
    retest = add(
        "retest",
        help="the same people on two occasions",
        description=(
            "Compare two tables of answers of the same people: intraclass correlations, error of "
            "measurement, smallest detectable change, limits of agreement, reliable change, and weighted "
            "kappa of every item."
        ),
    )
    retest.add_argument("first", metavar="FIRST", type=Path, help=FILE)
    retest.add_argument("second", metavar="SECOND", type=Path, help="the same, of the second occasion")
    retest.add_argument("--id", metavar="COLUMN", required=True, help="the column that names the people")
    add_answers(retest)
    add_page(retest, _retest)


def add_fairness(add: Add) -> None:
    """Add the command `fairness`."""
    fairness = add(
        "fairness",
        help="whether items treat groups alike, and how far their scores are apart",
        description=(
            "Compare groups of people: ordinal logistic differential item functioning, Mantel-Haenszel "
            "within equal scores, what unfair items do to the scores, and the scores themselves."
        ),
        epilog="example: python -m analysis fairness answers.csv --items q1-q4 --group role",
    )
    add_file(fairness)
    add_answers(fairness)
    add_group(fairness, required=True, words="the column that names the groups")
    fairness.add_argument("--reference", metavar="GROUP", help="the group that the others are compared with")
    fairness.add_argument(
        "--matching", choices=MATCHINGS, default="total", help="what people are matched by; default: total"
    )
    fairness.add_argument(
        "--response-model",
        action="store_true",
        help="test each item in a graded response model of both groups, too (takes minutes with many items)",
    )
    add_page(fairness, _fairness)


def _positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise argparse.ArgumentTypeError(f"{said!r} is no number of factors; give 1 or more")
    return int(said)


def _alpha(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.alpha_report import alpha_report
    from analysis.report.render import RENDERERS

    if is_counted(asked):
        from analysis.report.folder_report import folder_alpha

        if asked.group:
            raise ValueError("--group is for single files: give each group's rows a folder of their own")
        return RENDERERS[asked.format](folder_alpha(folder_of(asked, say), progress=say))
    return RENDERERS[asked.format](alpha_report(dataset_of(asked), group=asked.group, progress=say))


def _report(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.build import run
    from analysis.report.render import RENDERERS

    if is_counted(asked):
        from analysis.report.folder_report import folder_report

        return RENDERERS[asked.format](folder_report(folder_of(asked, say), progress=say))
    return RENDERERS[asked.format](run(dataset_of(asked), progress=say))


def _factor(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.factor_report import factoring, of_dataset
    from analysis.report.render import RENDERERS

    found = factoring(
        of_dataset(dataset_of(asked)),
        n_factors=asked.factors,
        rotation=asked.rotation,
        extraction=asked.extraction,
        correlation=asked.correlation,
        progress=say,
    )
    return RENDERERS[asked.format](found)


def _response(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.render import RENDERERS
    from analysis.report.response_report import of_dataset, response_report

    found = response_report(of_dataset(dataset_of(asked)), model=asked.model, progress=say)
    return RENDERERS[asked.format](found)


def _retest(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.render import RENDERERS
    from analysis.report.retest_report import retest

    first, second = occasions_of(asked)
    return RENDERERS[asked.format](retest(first, second, id_column=asked.id, progress=say))


def _fairness(asked: argparse.Namespace, say: Progress) -> Page:
    from analysis.report.fairness_report import fairness, of_dataset
    from analysis.report.render import RENDERERS

    grouped = of_dataset(dataset_of(asked), asked.group)
    found = fairness(
        grouped,
        matching=asked.matching,
        response_model=asked.response_model,
        reference=asked.reference,
        progress=say,
    )
    return RENDERERS[asked.format](found)
