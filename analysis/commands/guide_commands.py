"""`python -m analysis interviews|manual`: what a study hands to interviewers and to whoever scores."""

import argparse
from pathlib import Path

from analysis.commands.options import Add, Page, Progress, add_page


def add_interviews(add: Add) -> None:
    """Add the command `interviews`."""
    command = add(
        "interviews",
        help="a guide for cognitive interviews, with probes, what to do in distress, and a log",
        description="Print a guide for interviews in which people think aloud about the sentences of a form.",
        epilog="example: python -m analysis interviews --instrument instrument/ppiq --form a2 --format docx "
        "--out guide.docx",
    )
    _add_form(command)
    add_page(command, _interviews)


def add_manual(add: Add) -> None:
    """Add the command `manual`."""
    command = add(
        "manual",
        help="the scoring manual of a form, with worked cases",
        description="Print how answers to a form become scores, with the cases of vectors.json worked.",
        epilog="example: python -m analysis manual --instrument instrument/ppiq --form a2 --format docx "
        "--out manual.docx",
    )
    _add_form(command)
    add_page(command, _manual)


def _add_form(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--instrument", metavar="FOLDER", type=Path, required=True, help="the questionnaire's folder"
    )
    command.add_argument("--form", metavar="ID", required=True, help="the form")


def _interviews(asked: argparse.Namespace, _say: Progress) -> Page:
    from analysis.content_validity.sheet import panel_sheet
    from analysis.report.render import RENDERERS
    from analysis.validation.interview_guide import interview_guide
    from instrument import load

    instrument = load(asked.instrument)
    return RENDERERS[asked.format](interview_guide(instrument, panel_sheet(instrument, asked.form)))


def _manual(asked: argparse.Namespace, _say: Progress) -> Page:
    from analysis.report.render import RENDERERS
    from analysis.validation.scoring_manual import scoring_manual
    from instrument import load

    return RENDERERS[asked.format](scoring_manual(load(asked.instrument), asked.form))
