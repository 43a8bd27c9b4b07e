"""A guide for cognitive interviews: probes for each item, what to do in distress, and a log."""

from typing import Final

from analysis.content_validity.sheet import Sheet
from analysis.report.document import Document, Section, Table, Value, sections_json
from instrument import Instrument

HOST: Final = "[The host writes here]"
BEFORE: Final = (
    "Read the study's own information together, and ask for consent. Say that this is about the "
    "sentences, not about the person; that there is no right answer; that a sentence may be left out and "
    "the interview stopped at any time, without a reason and without a consequence; and that you are not "
    "connected with their supervisor or service. Ask people not to name anybody. Do not record names. If "
    "a recording is made, say who hears it and when it is deleted. Interview five to eight people in a "
    "round, and in at least two rounds. Among them are people who read with difficulty, in a second "
    "language, and with a screen reader."
)
OPENING: Final = (
    "Please read the sentence and choose an answer. Say aloud whatever goes through your mind on the way.",
    "What made you choose this answer?",
)
GENERAL: Final = (
    ("comprehension", "In your own words, what is this sentence asking?"),
    ("recall", "What did you think of? How far back did you go?"),
    ("judgement", "How sure are you of your answer? What made it easy or hard?"),
    ("response", "Was there an answer that fitted? Which one did you nearly choose?"),
)
DISTRESS: Final = (
    ("silence, a change of voice, tears", "Stop asking. Offer a pause, water, or an end. Wait."),
    ("the person wants to go on", "Ask what would help. Leave out the sentence that came before."),
    (
        "the person wants to stop",
        "Stop. Say that nothing depends on it, and ask whether what was said may be kept.",
    ),
    (
        "the person says that they, or somebody, may be in danger",
        "Say again what cannot stay between you, as it was said before the interview; then call: " + HOST,
    ),
    ("afterwards, always", "Give the list of people to talk to, whatever was said. Ask how they get home."),
    ("the next day, if the person wished it", "Ask how they are. Who does this: " + HOST),
    ("yourself", "Talk to the person named for interviewers: " + HOST),
)
LOG: Final = ("item", "person", "round", "understood", "problem", "serious")
KINDS: Final = (
    ("comprehension", "The sentence, or a word in it, is read otherwise than it is meant."),
    ("recall", "The person cannot think of anything, or thinks of another time or another person."),
    ("judgement", "The person cannot say how far it is true, or would not say so."),
    ("response", "No answer fits, or two fit equally."),
)
HOW: Final = (
    "A problem is serious where the answer would mean something else than the sentence asks. After each "
    "round the sentences with problems are written anew, and the next round reads the new ones. Nothing "
    "serious is left after the last round, and 85 of 100 readings are as intended. The log is a table "
    "with the columns shown; `python -m analysis validate` reads it. It holds no name, and person is a "
    "letter."
)


def interview_guide(instrument: Instrument, sheet: Sheet) -> Document:
    """Return the guide for interviews on the sentences of a form, in the form's own order."""
    order = [item.id for item in instrument.forms[sheet.form].items]
    said = {each.item: each for each in sheet.statements}
    turned = instrument.key.reversed_items(sheet.form)
    probes: tuple[tuple[Value, ...], ...] = tuple(
        (
            item,
            said[item].sentence,
            said[item].asks or HOST,
            "If you like: tell me of a time when this was true, without naming anybody."
            if item not in turned
            else "What would have to happen for this to be completely true?",
        )
        for item in order
    )
    log = tuple((item, "", "", "", "", "") for item in order)
    sections = (
        _section("before", "Before", BEFORE),
        _section(
            "all",
            "For every sentence",
            " ".join(OPENING),
            Table(title="Probes for every sentence", headers=("about", "ask"), rows=GENERAL),
        ),
        _section(
            "items",
            "For each sentence",
            "What it is meant to ask is for the interviewer; say it only after the person has said theirs.",
            Table(title="Probes", headers=("item", "sentence", "meant to ask", "ask also"), rows=probes),
        ),
        _section(
            "distress",
            "If it becomes hard",
            "Some sentences are hard for whoever is in such a relationship. Care comes before the interview.",
            Table(title="What to do", headers=("what you see or hear", "what to do"), rows=DISTRESS),
        ),
        _section(
            "log",
            "The log",
            "A row for each person and sentence; understood, serious: yes or no; problem: one of these.",
            Table(title="Problems", headers=("problem", "what it is"), rows=KINDS),
            Table(title="Log", headers=LOG, rows=log),
        ),
    )
    claims = instrument.claims
    return Document(
        title=f"Interviews on form {sheet.form} of {instrument.title}",
        lead="A guide for interviews in which people think aloud about the sentences.",
        labels=(claims.label,) if claims else (),
        provenance=(
            f"Sheet {sheet.code}, words in {sheet.language}. What only the host knows stands in brackets."
        ),
        sections=sections,
        how=HOW,
        tree={"form": sheet.form, "sheet": sheet.code, "sections": sections_json(sections)},
    )


def _section(name: str, title: str, reading: str, *tables: Table) -> Section:
    return Section(id=name, title=title, reading=reading, tables=tables)
