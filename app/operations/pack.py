"""The pack of a study for an ethics committee: documents from what the study has declared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Row

from analysis.content_validity.page import page
from analysis.content_validity.sheet import panel_sheet
from analysis.content_validity.workbook import workbook
from analysis.report.document import SIMULATED, Document
from analysis.report.render import RENDERERS
from analysis.validation.interview_guide import interview_guide
from analysis.validation.plan import read_plan
from analysis.validation.plan_to_write import plan_to_write
from analysis.validation.preregistration import preregistration
from analysis.validation.scoring_manual import scoring_manual
from app.errors import Refused
from app.evidence.claims import claims_of
from app.operations.pack_documents import contents, data_plan, information, invitations, pilot, privacy
from app.operations.user_manual import user_manual
from app.paper.pages import paper_pdf
from app.printing import pdf_of_markup
from app.runtime import Service
from app.studies.study import asked_of
from app.support.signposts import DEFAULT, Signposts, signposts
from instrument import Claims, Instrument


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a pack is made from: a study, its questionnaire, what may be said today, and whom to talk to."""

    study: Row[Any]
    instrument: Instrument
    claims: Mapping[str, Claims]
    """By the language of the words; none where the questionnaire says nothing of its evidence."""
    people: Signposts


def declared(service: Service, db: Connection, study: Row[Any]) -> Declared:
    """Return what the pack of a study is made from, as it is today."""
    instrument = service.instruments[study.instrument]
    spoken = [language for form, language in instrument.words if form == study.form]
    found = {language: claims_of(db, instrument, study.form, language) for language in spoken}
    return Declared(
        study=study,
        instrument=instrument,
        claims={language: each for language, each in found.items() if each},
        people=signposts(service.settings.signposts or DEFAULT),
    )


def documents(of: Declared) -> dict[str, Document]:
    """Return the documents of a pack by the names of their files, the list of them first."""
    study, instrument = of.study, of.instrument
    found = {
        "information-and-consent": information(study, instrument, of.people),
        "privacy-and-dpia": privacy(study, instrument),
        "data-management-plan": data_plan(study, instrument),
        "pilot-protocol": pilot(study),
        "invitations": invitations(study, instrument),
        "user-manual": user_manual(study, instrument, of.claims),
        "interview-guide": interview_guide(instrument, panel_sheet(instrument, study.form)),
    }
    if _has_scores(of):
        found["scoring-manual"] = scoring_manual(instrument, study.form)
        found["preregistration"] = _preregistration(_plan(of), instrument)
    found = {"contents": contents(study, found), **found}
    return {name: _marked(each) for name, each in found.items()} if study.simulated else found


def write_pack(of: Declared, folder: Path) -> list[str]:
    """Write the pack into a folder that is not there yet; return the names of its files."""
    if folder.exists():
        raise Refused(f"{folder} is there already; name another folder with --out")
    form, language = of.study.form, of.instrument.words_for_staff(of.study.form).language
    sheet = panel_sheet(of.instrument, form)
    files: dict[str, bytes] = {
        "questionnaire.pdf": paper_pdf(of.instrument, form, language, context=asked_of(of.study)),
        "panel/sheet.xlsx": workbook(sheet),
        "panel/sheet.html": page(sheet).encode(),
    }
    if _has_scores(of):
        files["PLAN.yaml"] = _plan(of).encode()
    for name, document in documents(of).items():
        word, web = RENDERERS["docx"](document), RENDERERS["html"](document)
        assert isinstance(word, bytes)
        assert isinstance(web, str)
        files[f"{name}.docx"], files[f"{name}.pdf"] = word, pdf_of_markup(web)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [*files]


def _has_scores(of: Declared) -> bool:
    return bool(of.instrument.key.subscales(of.study.form))


def _marked(document: Document) -> Document:
    return replace(document, labels=tuple(dict.fromkeys((SIMULATED, *document.labels))))


def _plan(of: Declared) -> str:
    study, said = of.study, of.study.information or {}
    return plan_to_write(
        of.instrument,
        study.form,
        study=study.id,
        title=study.title,
        ethics=said.get("ethics"),
        recruitment=said.get("invited"),
    )


def _preregistration(plan: str, instrument: Instrument) -> Document:
    """Return the preregistration of the plan that the pack holds, read as anybody would read it."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "PLAN.yaml"
        file.write_text(plan, encoding="utf-8")
        return preregistration(read_plan(file, instrument), instrument)
