"""The plan and the record of a rehearsed study, as the people of a real one would write them."""

from typing import Final

from instrument import Instrument


def plan_text(
    instrument: Instrument, form: str, *, seed: int, agreements: str, outcomes: str, near: str
) -> str:
    """Return PLAN.yaml of a rehearsal.

    Parameters
    ----------
    instrument, form
        The questionnaire and the form that is rehearsed.
    seed
        Of everything that is drawn.
    agreements, outcomes
        The scales of agreements and of outcomes, which hypotheses name.
    near
        The item of the first that is nearest to the group.
    """
    return PLAN.format(
        instrument=instrument.id,
        form=form,
        language=next(spoken for asked, spoken in instrument.words if asked == form),
        seed=seed,
        agreements=agreements,
        outcomes=outcomes,
        near=near,
    )


def record_text(n: int) -> str:
    """Return RECORD.yaml of a rehearsal with `n` people in its main sample."""
    return RECORD.format(invited=n * 2, started=round(n * 1.3), finished=round(n * 1.15), erased=2)


PLAN: Final = """\
# SIMULATED: a rehearsal. What was decided before anybody answered; docs/validation.md explains every key.
plan: rehearsal
title: "A rehearsal on SIMULATED answers"
responsible: "Nobody: a program made this up"
ethics: "None: nobody took part"
preregistration: "https://example.org/a-rehearsal-is-not-registered"
instrument: {instrument}
form: {form}
language: {language}
population: "SIMULATED people"
recruitment: "Nobody was asked"
seed: {seed}
sample: [line_manager, agreement]
cluster: supervisor
groups:
  manager: {{column: line_manager, words: "Whether the supervisor is the line manager too"}}
criteria:
  safety: {{column: safety, words: "Psychological safety (SIMULATED)"}}
  desirability: {{column: desirability, words: "Social desirability (SIMULATED)"}}
  overall: {{column: overall, words: "Overall balance of say, 0 to 10 (SIMULATED)"}}
hypotheses:
  h1: {{criterion: safety, expect: "-0.75 to -0.40", source: "made up for the rehearsal"}}
  h2: {{criterion: desirability, expect: "-0.30 to 0.30", source: "made up for the rehearsal"}}
  h3: {{criterion: overall, expect: "0.50 or more", source: "made up for the rehearsal"}}
  k1:
    score: {agreements}
    group: agreement
    higher: "no"
    than: "yes"
    expect: "0.40 or more"
    source: "made up for the rehearsal"
  k2:
    score: {agreements}
    without: [{near}]
    group: agreement
    higher: "no"
    than: "yes"
    expect: "0.35 or more"
    source: "the same without the item nearest to the group"
  k3:
    score: {outcomes}
    group: line_manager
    higher: "yes"
    than: "no"
    expect: "0.10 or more"
    source: "made up for the rehearsal"
retest: {{id: person, days: [10, 21], anchor: changed, stable: ["no"]}}
change: {{id: person, score: total, anchor: anchor, improved: ["better"], order: ["better", "same"]}}
"""

RECORD: Final = """\
# SIMULATED: what was done. A record is written by the people who did it.
record: rehearsal
dates: "Never"
setting: "A program"
incentives: "None"
flow: {{invited: {invited}, started: {started}, finished: {finished}, erased: {erased}}}
elicitation: {{populations: {{supervisees: 12, students: 8}}, coders: 2}}
retest_days: [12, 16]
adverse_events: 0
accessibility: "The pages were walked by keyboard and with a screen reader in tests; no person tried them"
consequences: "Nobody used the figures"
"""
