"""Every format in which a questionnaire goes out to other tools and comes in from them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from instrument.catalog import InstrumentError
from instrument.exchange import fhir, instrument_json, limesurvey, redcap, xlsform
from instrument.exchange.incoming import Read, content
from instrument.exchange.questionnaire import Questionnaire, questionnaire
from instrument.model import Instrument
from instrument.nodes import Problem

Writer = Callable[[Instrument, str, str], bytes]
Reader = Callable[[bytes, str, str | None], Read]


def _of(written: Callable[[Questionnaire], bytes]) -> Writer:
    return lambda instrument, form_id, language: written(questionnaire(instrument, form_id, language))


def _whole(instrument: Instrument, form_id: str, language: str) -> bytes:
    return instrument_json.written(instrument, form_id, questionnaire(instrument, form_id, language))


QUESTIONNAIRE_FORMATS: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        "instrument.json": _whole,
        "questionnaire.fhir.json": _of(fhir.written),
        "xlsform.xlsx": _of(xlsform.written),
        "redcap_dictionary.csv": _of(redcap.written),
        "limesurvey.txt": _of(limesurvey.written),
    }
)
"""Name of the file -> what writes it, given instrument, form and language."""

QUESTIONNAIRE_READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {".xlsx": xlsform.read, ".csv": redcap.read, ".txt": limesurvey.read, ".tsv": limesurvey.read}
)
"""Ending of a file's name -> what reads it: XLSForm, REDCap data dictionary, LimeSurvey."""


def read_questionnaire(file: Path, language: str | None) -> Read:
    """Read a questionnaire of another tool, with remarks on what the file lacks or what was left aside."""
    reader = QUESTIONNAIRE_READERS.get(file.suffix.lower())
    if reader is None:
        message = "this ending is not known: .xlsx is read as XLSForm, .csv as REDCap, .txt as LimeSurvey"
        raise InstrumentError((Problem(file.name, None, message),))
    return reader(content(file), file.name, language)
