"""The questionnaire beside the answers: for other tools, as a spreadsheet and on paper."""

from collections.abc import Mapping
from pathlib import Path
from subprocess import SubprocessError
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from app.export.rows import DoesNotFit, Microdata
from app.languages import LANGUAGES
from app.paper.pages import paper_pdf
from instrument import Instrument, InstrumentError
from instrument.exchange.folder_files import read_files
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS, Writer
from instrument.exchange.sheet_files import write_sheets
from instrument.exchange.spreadsheet_export import sheets_of

SPREADSHEET: Final = "spreadsheet.xlsx"
PAPER: Final = "paper.pdf"
NO_PDF: Final = "this machine cannot set a PDF: that takes Pango"
PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "instrument.json": "The questionnaire with every word and its scoring, for programs",
        "questionnaire.fhir.json": "FHIR R4 with the scores to compute, for health records",
        "xlsform.xlsx": "XLSForm: ODK, KoboToolbox, Enketo",
        "redcap_dictionary.csv": "REDCap: a data dictionary with calculated scores",
        "limesurvey.txt": "LimeSurvey: the structure of a survey",
        SPREADSHEET: "A spreadsheet to write a questionnaire of your own in",
        PAPER: "On paper, with the same layout as on the screen",
    }
)
"""What each file of the questionnaire is for."""


def _spreadsheet(instrument: Instrument, form_id: str, _language: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, SPREADSHEET)
        write_sheets(sheets_of(read_files(instrument.folder), form_id), path)
        return path.read_bytes()


def paper_language(instrument: Instrument, form_id: str) -> str:
    """Return the language of a form on paper: that of the original, or the first that these pages speak."""
    spoken = (each for each in (instrument.language, *LANGUAGES) if (form_id, each) in instrument.words)
    return next(each for each in spoken if each in LANGUAGES)


def _paper(instrument: Instrument, form_id: str, _language: str) -> bytes:
    return paper_pdf(instrument, form_id, paper_language(instrument, form_id))


WRITERS: Final[Mapping[str, Writer]] = MappingProxyType(
    {**QUESTIONNAIRE_FORMATS, SPREADSHEET: _spreadsheet, PAPER: _paper}
)


def questionnaire_files(data: Microdata) -> tuple[dict[str, bytes], dict[str, str]]:
    """Write the form as every file; where one cannot hold it, the manifest says why instead."""
    made, left_out = {}, {}
    for name in WRITERS:
        try:
            made[f"instrument/{name}"] = written(data, name)
        except DoesNotFit as error:
            left_out[f"instrument/{name}"] = str(error)
    return made, left_out


def offered(data: Microdata) -> list[str]:
    """The files that can hold the form; its PDF is not made for that, which takes seconds."""
    return [name for name in WRITERS if name == PAPER or _holds(data, name)]


def _holds(data: Microdata, name: str) -> bool:
    try:
        written(data, name)
    except DoesNotFit:
        return False
    return True


def written(data: Microdata, name: str) -> bytes:
    """Write the form as one of the files, or refuse what that cannot hold."""
    try:
        return WRITERS[name](data.instrument, data.form.id, data.instrument.language)
    except InstrumentError as error:
        raise DoesNotFit("; ".join(map(str, error.problems))) from None
    except SubprocessError:
        raise DoesNotFit(NO_PDF) from None
