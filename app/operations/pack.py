"""The pack of a study for an ethics committee: documents from what the study has declared.

What only the host can know stands in square brackets. Nothing is invented, and no person stands in it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row

from analysis.content_validity.page import page
from analysis.content_validity.sheet import panel_sheet
from analysis.content_validity.workbook import workbook
from analysis.disclosure.leaving import LEAVING
from analysis.report.document import SIMULATED, Document, Section, Table, sections_json
from analysis.report.render import RENDERERS
from analysis.validation.interview_guide import interview_guide
from analysis.validation.scoring_manual import scoring_manual
from app.errors import Refused
from app.printing import pdf_of_markup
from app.questionnaire.consent import consent
from app.studies.information import EVERY, required, written
from instrument import Instrument

OPEN: Final = "[The host writes here]"
HOW: Final = (
    "Made from what the study has declared. What stands in square brackets is for the host to write, or to "
    "have checked by whoever knows the law of the place; this document is no legal advice."
)
GIVES: Final[Mapping[str, str]] = {
    "reports": "Reports of groups; no row of answers leaves.",
    "rows": "Rows of answers without their unit; no report of groups.",
    "rows with units": "Rows of answers with their unit; no report of groups.",
}

RECOGNISED: Final[Mapping[str, str]] = {
    "reports": "nothing is told of fewer than {k} people",
    "rows": "rare context is withheld; whoever knows a person well may still know their row",
    "rows with units": "rare context is withheld; whoever knows a person well may still know their row",
}


def write_pack(study: Row[Any], instrument: Instrument, folder: Path) -> list[str]:
    """Write the pack into a folder that is not there yet; return the names of its files."""
    if folder.exists():
        raise Refused(f"{folder} is there already; name another folder with --out")
    form = instrument.forms[study.form]
    documents = {
        "information-and-consent": _information(study, instrument),
        "privacy-and-dpia": _privacy(study, instrument),
        "data-management-plan": _data(study, instrument),
        "pilot-protocol": _pilot(study),
        "invitation": _invitation(study, instrument),
    }
    sheet = panel_sheet(instrument, form.id)
    documents["interview-guide"] = interview_guide(instrument, sheet)
    if instrument.key.subscales(form.id):
        documents["scoring-manual"] = scoring_manual(instrument, form.id)
    files: dict[str, bytes] = {"panel/sheet.xlsx": workbook(sheet), "panel/sheet.html": page(sheet).encode()}
    for name, document in documents.items():
        word, web = RENDERERS["docx"](document), RENDERERS["html"](document)
        assert isinstance(word, bytes)
        assert isinstance(web, str)
        files[f"{name}.docx"], files[f"{name}.pdf"] = word, pdf_of_markup(web)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [*files]


def _information(study: Row[Any], instrument: Instrument) -> Document:
    said = study.information or {}
    needed = required(instrument.forms[study.form])
    rows = [(str(EVERY[name].title), said.get(name) or f"{OPEN}: {EVERY[name].hint}") for name in needed]
    words = instrument.words_for_staff(study.form)
    shown = consent(
        study.k,
        "en",
        leaving=LEAVING[study.leaving],
        retire_on=study.retire_on,
        before=words.before,
        information=written(said),
    )
    return _document(
        study,
        "Information and consent",
        _table("The study", "As people read it before they agree.", ("what", "in the host's words"), rows),
        Section(
            id="consent",
            title="What people agree to, word for word",
            reading=" ".join(shown.text.split()),
        ),
    )


def _privacy(study: Row[Any], instrument: Instrument) -> Document:
    form = instrument.forms[study.form]
    kept = [
        ("answers, and the role and context asked", "until erased with the receipt, or " + _until(study)),
        (
            "a code to take part",
            "as a keyed hash; what it says of a unit is deleted when the collection closes",
        ),
        ("an unfinished sheet", "encrypted; deleted when sent, after 15 days, or when the collection closes"),
        ("names, addresses, e-mail, IP addresses, times of answers, devices", "never"),
    ]
    risks = [
        ("somebody is recognised by their answers", RECOGNISED[study.leaving].format(k=study.k), OPEN),
        ("somebody is made to show their answers", "a receipt erases and shows nothing", OPEN),
        ("taking part is not free", "nothing depends on it, and any question may be skipped", OPEN),
        (
            "a question is hard to read",
            "people to talk to are named before and after, whatever is answered",
            OPEN,
        ),
        ("the host is the supervisor", "somebody outside the line has to run the study", OPEN),
    ]
    purpose = [
        ("controller", (study.information or {}).get("who", OPEN)),
        ("lawful basis", (study.information or {}).get("basis", OPEN)),
        ("data protection officer", (study.information or {}).get("officer", OPEN)),
        ("special categories", OPEN),
        ("people asked, and how many", f"{form.about}; expected: {study.people or OPEN}"),
        ("what leaves", GIVES[study.leaving]),
        ("consultation of those concerned", OPEN),
        ("approved by, and when", OPEN),
    ]
    return _document(
        study,
        "Privacy notice, and a template for the impact assessment",
        _table("What is kept", "", ("what", "how long"), kept),
        _table("The processing", "", ("what", "said"), purpose),
        _table("Risks", "", ("risk", "what the software does", "likelihood, severity, what else"), risks),
    )


def _data(study: Row[Any], instrument: Instrument) -> Document:
    form = instrument.forms[study.form]
    rows = [
        ("data", f"Answers to form {form.id} (hash {form.hash}), key revision {instrument.key.revision}"),
        ("what the study gives out", GIVES[study.leaving]),
        ("formats", "CSV, SPSS, Stata, Parquet and a spreadsheet, with codebook, DDI and checksums"),
        ("deleted", _until(study)),
        ("who may read what", OPEN),
        ("where the service runs, and who runs it", OPEN),
        ("backups: where, how long, who has the key", OPEN),
        ("archive, and under which licence", OPEN),
        ("cost, and who pays", OPEN),
    ]
    return _document(study, "Data management plan", _table("The data", "", ("what", "said"), rows))


def _pilot(study: Row[Any]) -> Document:
    bounds = [
        ("people", "50 to 100"),
        ("left unanswered", "at most 5 of 100 for each item"),
        ("does not apply", "at most 10 of 100 within each role"),
        ("item with the rest of its scale", "flagged below 0.20, with its interval; not deleted for it"),
        ("answers that nobody chose", "flagged"),
        ("lowest or highest score", "flagged above 15 of 100"),
        ("was anything upsetting", "asked at the end, outside the questionnaire: " + OPEN),
        ("stopped when", OPEN),
    ]
    return _document(
        study, "Pilot protocol", _table("What is looked at", "Fixed beforehand.", ("what", "bound"), bounds)
    )


def _invitation(study: Row[Any], instrument: Instrument) -> Document:
    said = study.information or {}
    asked = instrument.words_for_staff(study.form).title
    first = (
        f"You are invited to answer “{asked}”. {said.get('purpose', OPEN)} {said.get('duration', OPEN)} "
        "Taking part is your choice, and nothing depends on it. No name is asked. You need the code on your "
        f"slip: {OPEN}. Whom to ask: {said.get('contact', OPEN)}"
    )
    again = (
        "This reminder goes to everybody, since nobody knows who has answered. If you have, thank you, and "
        f"do nothing. The collection ends on {OPEN}. Whom to ask: {said.get('contact', OPEN)}"
    )
    return _document(
        study,
        "Invitations",
        Section(id="first", title="Invitation", reading=first),
        Section(id="again", title="Reminder, once, to everybody", reading=again),
    )


def _until(study: Row[Any]) -> str:
    return f"the answers are deleted on {study.retire_on:%Y-%m-%d}" if study.retire_on else OPEN


def _table(title: str, reading: str, headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Section:
    name = title.lower().replace(" ", "-")
    table = Table(title=title, headers=headers, rows=tuple(rows))
    return Section(id=name, title=title, reading=reading, tables=(table,))


def _document(study: Row[Any], title: str, *sections: Section) -> Document:
    return Document(
        title=f"{title}: {study.title}",
        lead="For an ethics committee, and for whoever runs the study.",
        labels=(SIMULATED,) if study.simulated else (),
        provenance=f"Study {study.id}, form {study.form}.",
        sections=sections,
        how=HOW,
        tree={"study": study.id, "sections": sections_json(sections)},
    )
