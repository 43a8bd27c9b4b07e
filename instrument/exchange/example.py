"""A small questionnaire to start one's own from: it loads as it is, and comments say what to change."""

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from instrument.catalog import InstrumentError, load
from instrument.exchange.folder_files import Files, write_files
from instrument.exchange.spreadsheet_export import sheets_of
from instrument.nodes import Problem
from instrument.values import Identifier

_ID: Final[TypeAdapter[str]] = TypeAdapter(Identifier)
REMARKS: Final = {
    "instrument.yaml": "An id of small letters, a title, and the licence under which others may use it.",
    "forms/{name}.yaml": (
        "What is asked, in its order. `published: true` fixes it for ever: a change is then a new form.\n"
        "`audience` is staff, service_users or both: who uses a service is told more before they agree.\n"
        "`scales` are the answers: codes from the lowest on, and codes for having given no answer.\n"
        "Each item has an id (a-z, 0-9, single _), which becomes a column of every export, and its scale."
    ),
    "words/{name}.en.yaml": (
        "Every sentence, in quotes; another language is another file, words/{name}.cy.yaml.\n"
        "`facets` are the names of the subscales that people see."
    ),
    "key.yaml": (
        "How answers are scored. `-` before an item turns it round: agreement means less of what is scored.\n"
        "`method` is mean, sum or pomp (0 at the lowest possible, 100 at the highest); `min_answered` is\n"
        "how many answers a score needs, which for a sum is all. After a change, a new revision."
    ),
}


def new(name: str, folder: Path) -> None:
    """Write the example into a folder that does not exist yet; InstrumentError where it cannot be written."""
    try:
        _ID.validate_python(name)
    except ValidationError as error:
        said = error.errors()[0]["ctx"]["error"]
        raise InstrumentError((Problem("the name", None, str(said)),)) from None
    if folder.exists():
        raise InstrumentError((Problem(str(folder), None, "is there already; choose another name"),))
    remarks = {file.format(name=name): said.format(name=name) for file, said in REMARKS.items()}
    write_files(_files(name), folder, remarks)
    load(folder)


def example_sheets(name: str) -> dict[str, list[list[str]]]:
    """Return the example as a spreadsheet form."""
    return sheets_of(_files(name))


def _files(name: str) -> Files:
    return {
        "instrument.yaml": {
            "id": name,
            "title": "A questionnaire on meetings (an example)",
            "licence": "CC BY 4.0",
            "language": "en",
        },
        f"forms/{name}.yaml": {
            "form": name,
            "published": False,
            "about": "People who meet every week",
            "audience": "staff",
            "window": "The last month",
            "per_page": 5,
            "scales": {
                "agreement": {"codes": [1, 2, 3, 4, 5], "missing": {"left_blank": -88, "rather_not_say": -99}}
            },
            "items": [
                {"id": item, "scale": "agreement"}
                for item in ("voice_1", "voice_2", "voice_3", "pace_1", "pace_2", "pace_3")
            ],
        },
        f"words/{name}.en.yaml": {
            "form": name,
            "language": "en",
            "direction": "ltr",
            "status": "draft",
            "title": "Our meetings",
            "stem": "Think of the last month. How far do you agree?",
            "items": {
                "voice_1": "I can say what I think in our meetings.",
                "voice_2": "Others talk over me.",
                "voice_3": "What I say is taken up.",
                "pace_1": "Our meetings keep to their time.",
                "pace_2": "We talk about the same thing again and again.",
                "pace_3": "We come to decisions.",
            },
            "scales": {
                "agreement": {
                    1: "Strongly disagree",
                    2: "Disagree",
                    3: "Neither agree nor disagree",
                    4: "Agree",
                    5: "Strongly agree",
                }
            },
            "missing": {"left_blank": "Left blank", "rather_not_say": "Rather not say"},
            "facets": {"voice": "Being heard", "pace": "Getting on"},
        },
        "key.yaml": {
            "revision": 1,
            "forms": {
                name: {
                    "subscales": {
                        "voice": {
                            "items": ["voice_1", "-voice_2", "voice_3"],
                            "method": "mean",
                            "min_answered": 2,
                        },
                        "pace": {
                            "items": ["pace_1", "-pace_2", "pace_3"],
                            "method": "mean",
                            "min_answered": 2,
                        },
                    }
                }
            },
        },
    }
