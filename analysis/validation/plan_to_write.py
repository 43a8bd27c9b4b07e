"""A plan to begin from: what is known of a study stands in it, and nothing is decided in its place."""

import hashlib
import json
import re
from typing import Final

from analysis.validation.preregistration import OPEN
from instrument import Instrument

PLAN: Final = """\
# Decided before anybody answers. docs/validation.md explains every key; what is in brackets is to be written.
# As a document to be registered: python -m analysis plan PLAN.yaml --instrument FOLDER --preregistration
# How many people the study needs, once `planning` is written: the same without --preregistration
plan: {plan}
title: {title}
responsible: {responsible}
{ethics}instrument: {instrument}
form: {form}
language: {language}
population: {population}
{recruitment}# The beginning of every draw that is made in an analysis.
seed: {seed}
# criteria:
#   safety: {{column: safety, words: "Psychological safety, by which measure", licence: "By whose leave"}}
# hypotheses:
#   h1: {{criterion: safety, expect: "-0.70 to -0.45", source: "Where the range comes from"}}
# planning:
#   sizes: [100, 200, 300, 500]
#   precision: {{width: "0.10"}}
#   retest: {{icc: "0.80", width: "0.20"}}
#   fit: true
"""


def plan_to_write(
    instrument: Instrument,
    form: str,
    *,
    study: str,
    title: str,
    ethics: str | None = None,
    recruitment: str | None = None,
) -> str:
    """Return PLAN.yaml of a study whose decisions are still to be made.

    Parameters
    ----------
    instrument, form
        The questionnaire and the form that is asked.
    study, title
        The study's id, from which the seed is drawn, and its title.
    ethics, recruitment
        What the study has said of them, where it has.
    """
    return PLAN.format(
        plan=re.sub("[^a-z0-9]+", "_", f"plan_{study.lower()}").strip("_")[:26].rstrip("_"),
        title=_text(title),
        responsible=_text(OPEN),
        ethics=f"ethics: {_text(ethics)}\n" if ethics else "",
        instrument=instrument.id,
        form=form,
        language=instrument.words_for_staff(form).language,
        population=_text(instrument.forms[form].about),
        recruitment=f"recruitment: {_text(recruitment)}\n" if recruitment else "",
        seed=int(hashlib.sha256(study.encode()).hexdigest()[:7], 16),
    )


def _text(said: str) -> str:
    return json.dumps(" ".join(said.split()), ensure_ascii=False)
