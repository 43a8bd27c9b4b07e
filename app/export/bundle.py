"""All files of an export: as a folder from the command line, as one ZIP from the page.

Every file is made before the first is written, so that a failure leaves no half export. The manifest holds a
hash of each file, of form, key and code, and of the data.
"""

import hmac
import io
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from app.db import read
from app.errors import Refused
from app.export.formats import FORMATS
from app.export.microdata import microdata
from app.export.rows import PAIR_ID, ROW_ID, Microdata
from app.export.trail import note_taken
from app.files.private import private_folder, write_private
from app.runtime import Service
from instrument import InstrumentError
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS

MANIFEST: Final = "manifest.json"


def files_of(data: Microdata, formats: Mapping[str, object] = FORMATS) -> dict[str, bytes]:
    """Make the files of the formats named, by their path in the folder."""
    chosen = [FORMATS[name] for name in formats]
    return {each.path_of(data): each.make(data) for each in chosen}


def bundle(data: Microdata) -> dict[str, bytes]:
    """Make every file there is, and the manifest of them all."""
    questionnaire, left_out = questionnaire_files(data)
    made = {**files_of(data), **questionnaire}
    return {**made, MANIFEST: manifest(data, made, left_out)}


def questionnaire_files(data: Microdata) -> tuple[dict[str, bytes], dict[str, str]]:
    """Write the form for other tools; where one cannot hold it, the manifest says why instead."""
    made, left_out = {}, {}
    for name, write in QUESTIONNAIRE_FORMATS.items():
        try:
            made[f"instrument/{name}"] = write(data.instrument, data.form.id, data.instrument.language)
        except InstrumentError as error:
            left_out[f"instrument/{name}"] = "; ".join(map(str, error.problems))
    return made, left_out


def manifest(data: Microdata, files: Mapping[str, bytes], left_out: Mapping[str, str]) -> bytes:
    """Return the hash of every file, and by which form, words and key the answers were asked and scored."""
    form, instrument = data.form, data.instrument
    tree = {
        "wave": data.wave,
        "simulated": data.simulated,
        "imported": data.imported,
        "instrument": instrument.id,
        "form": form.id,
        "form_hash": form.hash,
        "key_revision": instrument.key.revision,
        "key_hash": instrument.key.hash,
        "code_version": data.column("code_version")[0],
        "data_digest": digest(data),
        "data_digest_of": (
            "HMAC-SHA-256, under a key of this wave that the service keeps, over the sorted rows of the CSV "
            "without their random ids: equal for the same answers in any order. Nobody can work it out from "
            "rows, so it proves no guess about one that was erased"
        ),
        "left_out": dict(left_out),
        "files": {path: sha256(content).hexdigest() for path, content in sorted(files.items())},
    }
    return json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n"


def digest(data: Microdata) -> str:
    """Hash the rows regardless of their order and their ids, which are drawn anew for every export.

    The hash is keyed. With an open one, whoever has the hash from before an erasure and the rows from after
    it could test guesses of the erased row, and for a short form all possible rows can be tried.
    """
    kept = [place for place, column in enumerate(data.columns) if column.name not in {ROW_ID, PAIR_ID}]
    rows = sorted(json.dumps([row[place] for place in kept]) for row in data.rows)
    return hmac.digest(data.digest_key, "\n".join(rows).encode(), sha256).hex()


def zipped(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return files as one ZIP, in a folder of this name."""
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"{folder}/{path}", content)
    return written.getvalue()


def write_bundle(
    service: Service,
    wave: str,
    folder: Path,
    *,
    format_: str | None = None,
    with_unit: bool = False,
    archive: bool = False,
) -> list[Path]:
    """Write the folder of an export, or one file of it; refused where a file of that name already exists."""
    if format_ not in {None, *FORMATS}:
        raise Refused(f"there is no format {format_!r}: choose one of {', '.join(FORMATS)}")
    with read(service.engine) as db:
        data = microdata(service, db, wave, with_unit=with_unit, archive=archive)
    made = bundle(data) if format_ is None else files_of(data, {format_: ...})
    contents = {folder / (path if format_ is None else Path(path).name): each for path, each in made.items()}
    if there := [path for path in contents if path.exists()]:
        raise Refused(f"{there[0]} is there already: an export is drawn anew each time; name another folder")
    note_taken(service, wave)
    private_folder(folder)
    for path, content in contents.items():
        private_folder(path.parent)
        write_private(path, content)
    return [*contents]
