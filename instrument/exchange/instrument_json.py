"""The folder of an instrument as one JSON file: its files to the byte, and a form that programs can use."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from instrument.exchange.questionnaire import Questionnaire
from instrument.model import Instrument
from instrument.orders import orders


def written(instrument: Instrument, form_id: str, asked: Questionnaire) -> bytes:
    """Write every file as it is, so that the folder can be made from it again without loss."""
    folder = instrument.folder
    files = sorted({*folder.glob("*.yaml"), *folder.glob("*/*.yaml"), *folder.glob("*.json"), *_lock(folder)})
    said = {
        "instrument": instrument.id,
        "title": instrument.title,
        "licence": instrument.licence,
        "about": asked.about,
        **({"orders": drawn} if (drawn := orders(instrument.forms[form_id])) else {}),
        "questionnaire": _laid_out(asked),
        "files": {file.relative_to(folder).as_posix(): file.read_bytes().decode() for file in files},
    }
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def _laid_out(asked: Questionnaire) -> dict[str, Any]:
    scores = [score.model_dump() for score in asked.scores]
    return {**asdict(replace(asked, scores=(), facets={})), "scores": scores, "facets": dict(asked.facets)}


def _lock(folder: Path) -> list[Path]:
    return [file for file in [folder / "LOCK"] if file.is_file()]
