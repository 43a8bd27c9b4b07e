"""LOCK: the hash of every form, key revision and set of words, so that no change goes unnoticed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instrument.model import Instrument
from instrument.nodes import Problem

_HASH = r"^[0-9a-f]{64}$"
_MAX_BYTES = 64 * 1024


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    published: bool
    sha256: str = Field(pattern=_HASH)


class Lock(BaseModel):
    """The content of LOCK: hashes of forms, key revisions and words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    forms: dict[str, _Form] = {}
    key: dict[str, str] = {}
    words: dict[str, str] = {}


def digests(instrument: Instrument) -> dict[str, Any]:
    """Return what LOCK holds of the instrument as it is now.

    Parameters
    ----------
    instrument : the questionnaire

    Returns
    -------
    dict
        SHA-256 of each form (and whether it is published), of the key's revision and of each set of words.
    """
    return {
        "forms": {f.id: {"published": f.published, "sha256": f.hash} for f in instrument.forms.values()},
        "key": {str(instrument.key.revision): instrument.key.hash},
        "words": {f"{form}.{language}": w.hash for (form, language), w in instrument.words.items()},
    }


def problems(instrument: Instrument) -> list[Problem]:
    """Compare the instrument with its LOCK; a folder without the file is not locked."""
    try:
        then = _read(instrument.folder)
    except ValueError:
        return [
            Problem("LOCK", None, "this is not a LOCK file: delete it and run `python -m instrument lock`")
        ]
    if then is None:
        return []
    return list(_refusals(instrument, then)) or list(_differences(instrument, then))


def write(instrument: Instrument) -> list[Problem]:
    """Write LOCK anew, with earlier key revisions kept; refuse if what is locked for good has changed."""
    try:
        then = _read(instrument.folder) or Lock()
    except ValueError:
        return problems(instrument)
    if refused := list(_refusals(instrument, then)):
        return refused
    now = digests(instrument)
    now["key"] = {**then.key, **now["key"]}
    text = json.dumps(now, indent=2, sort_keys=True) + "\n"
    (instrument.folder / "LOCK").write_text(text, encoding="utf-8")
    return []


def _read(folder: Path) -> Lock | None:
    file = folder / "LOCK"
    if not file.is_file():
        return None
    if file.stat().st_size > _MAX_BYTES:
        raise ValueError("LOCK is too large")
    try:
        return Lock.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ValueError("LOCK is not as written") from error


def _refusals(instrument: Instrument, then: Lock) -> Iterator[Problem]:
    """Find changes to what may never change: a published form, and a key revision once locked."""
    for form_id, locked in then.forms.items():
        form = instrument.forms.get(form_id)
        if locked.published and (form is None or not form.published or form.hash != locked.sha256):
            file = f"forms/{form_id}.yaml"
            yield Problem(file, None, "a published form may not change: make a new form instead")
    revision = str(instrument.key.revision)
    if then.key.get(revision, instrument.key.hash) != instrument.key.hash:
        yield Problem("key.yaml", None, f"revision {revision} is locked: a changed key needs a new revision")


def _differences(instrument: Instrument, then: Lock) -> Iterator[Problem]:
    now = Lock.model_validate(digests(instrument))
    advice = "differs from LOCK: if that is meant, run `python -m instrument lock`"
    for form_id in sorted(now.forms.keys() | then.forms.keys()):
        if now.forms.get(form_id) != then.forms.get(form_id):
            yield Problem(f"forms/{form_id}.yaml", None, advice)
    for name in sorted(now.words.keys() | then.words.keys()):
        if now.words.get(name) != then.words.get(name):
            yield Problem(f"words/{name}.yaml", None, advice)
    if not now.key.items() <= then.key.items():
        yield Problem("key.yaml", None, advice)
