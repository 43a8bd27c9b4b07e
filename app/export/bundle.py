"""The files of an export together: a folder from the command line, one ZIP from the page.

What cannot be made is refused before the first file is written. Rows are written a block after the other,
into a hidden folder, whose files are put in their places once all are whole. A manifest holds the hash of each,
of form, key and code, and of the data.
"""

import hmac
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from app.db import read
from app.errors import Refused
from app.export.formats import FORMATS, Format
from app.export.microdata import microdata
from app.export.progress import Tell, quiet
from app.export.rows import AT_ONCE, PAIR_ID, ROW_ID, Microdata
from app.export.trail import note_taken
from app.files.private import open_private, private_folder
from app.runtime import Service
from instrument import InstrumentError
from instrument.exchange.formats import QUESTIONNAIRE_FORMATS

MANIFEST: Final = "manifest.json"
Files = Iterator[tuple[str, Iterable[bytes]]]
"""Each file by its path in the folder; its blocks are taken before the next file is asked for."""


def files_of(data: Microdata, formats: Mapping[str, Format] = FORMATS) -> list[tuple[str, Iterable[bytes]]]:
    """The files of some formats by their path; what a format cannot hold is refused here."""
    return [(each.path_of(data), each.blocks(data)) for each in formats.values()]


def bundle(data: Microdata) -> Files:
    """Make every file there is, and the manifest of them all."""
    questionnaire, left_out = questionnaire_files(data)
    return _with_manifest(data, [*files_of(data), *questionnaire], left_out)


def _with_manifest(
    data: Microdata, files: Iterable[tuple[str, Iterable[bytes]]], left_out: Mapping[str, str]
) -> Files:
    hashes: dict[str, str] = {}
    for path, blocks in files:
        hashed = sha256()

        def noted(blocks: Iterable[bytes] = blocks, hashed: Any = hashed) -> Iterator[bytes]:
            for block in blocks:
                hashed.update(block)
                yield block

        yield path, noted()
        hashes[path] = hashed.hexdigest()
    yield MANIFEST, (manifest(data, hashes, left_out),)


def in_memory(files: Iterable[tuple[str, Iterable[bytes]]]) -> dict[str, bytes]:
    return {path: b"".join(blocks) for path, blocks in files}


def questionnaire_files(data: Microdata) -> tuple[list[tuple[str, Iterable[bytes]]], dict[str, str]]:
    """Write the form for other tools; where one cannot hold it, its reason stands in the manifest instead."""
    made: list[tuple[str, Iterable[bytes]]] = []
    left_out = {}
    for name, write in QUESTIONNAIRE_FORMATS.items():
        try:
            written = write(data.instrument, data.form.id, data.instrument.language)
            made.append((f"instrument/{name}", (written,)))
        except InstrumentError as error:
            left_out[f"instrument/{name}"] = "; ".join(map(str, error.problems))
    return made, left_out


def manifest(data: Microdata, hashes: Mapping[str, str], left_out: Mapping[str, str]) -> bytes:
    """Say what belongs together: a hash for every file, and what the answers were asked and scored by."""
    form, instrument = data.form, data.instrument
    tree = {
        "wave": data.wave,
        "simulated": data.simulated,
        "instrument": instrument.id,
        "form": form.id,
        "form_hash": form.hash,
        "key_revision": instrument.key.revision,
        "key_hash": instrument.key.hash,
        "code_version": data.column("code_version")[0],
        "data_digest": digest(data),
        "data_digest_of": (
            "HMAC-SHA-256, under a key of this wave that the service keeps, over the sorted hashes of rows "
            "without their random ids: equal for the same answers in any order. Nobody can work it out from "
            "rows, so it proves no guess about one that was erased"
        ),
        "left_out": dict(left_out),
        "files": dict(sorted(hashes.items())),
    }
    return json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n"


def digest(data: Microdata) -> str:
    """Hash the rows whatever their order and their ids, which are drawn anew for every export.

    With a key: an open hash from before an erasure, beside the rows from after it, proves who guesses the
    erased row, and of a short form all can be tried.
    """
    kept = [place for place, column in enumerate(data.columns) if column.name not in {ROW_ID, PAIR_ID}]
    hashes = bytearray()
    for block in data.blocks():
        for row in zip(*(block[place] for place in kept), strict=True):
            hashes += sha256(json.dumps(row).encode()).digest()
    ordered = np.sort(np.frombuffer(hashes, f"S{sha256().digest_size}"))
    return hmac.digest(data.digest_key, ordered.tobytes(), sha256).hex()


def zipped(files: Files, folder: str) -> bytes:
    written = io.BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for path, blocks in files:
            with archive.open(f"{folder}/{path}", "w", force_zip64=True) as file:
                file.writelines(blocks)
    return written.getvalue()


def write_bundle(
    service: Service,
    wave: str,
    folder: Path,
    *,
    format_: str | None = None,
    with_unit: bool = False,
    archive: bool = False,
    tell: Tell = quiet,
) -> list[Path]:
    """Write the folder of an export, or one file of it; refused where another file would be lost."""
    if format_ not in {None, *FORMATS}:
        raise Refused(f"there is no format {format_!r}: choose one of {', '.join(FORMATS)}")
    with read(service.engine) as db:
        data = microdata(service, db, wave, with_unit=with_unit, archive=archive, tell=tell)
    if format_ is None:
        files = bundle(data)
        paths = [MANIFEST, *(each.path_of(data) for each in FORMATS.values())]
    else:
        files = ((Path(path).name, blocks) for path, blocks in files_of(data, {format_: FORMATS[format_]}))
        paths = [Path(FORMATS[format_].path_of(data)).name]
    _refuse_taken(folder, paths)
    note_taken(service, wave)
    return put(folder, _told(files, data.count, tell))


def _told(files: Files, rows: int, tell: Tell) -> Files:
    for path, blocks in files:

        def told(path: str = path, blocks: Iterable[bytes] = blocks) -> Iterator[bytes]:
            for place, block in enumerate(blocks):
                yield block
                tell(f"writing {path}", min(rows, place * AT_ONCE), rows)

        yield path, told()


def _refuse_taken(folder: Path, paths: Iterable[str]) -> None:
    if there := [folder / path for path in paths if (folder / path).exists()]:
        raise Refused(f"{there[0]} is there already: an export is drawn anew each time; name another folder")


def put(folder: Path, files: Files) -> list[Path]:
    """Write files for their owner alone: beside their places first, and into them once all are whole."""
    made = folder / f".{token_hex(8)}"
    private_folder(made)
    try:
        paths = []
        for path, blocks in files:
            private_folder((made / path).parent)
            with open(made / path, "xb", opener=open_private) as file:
                file.writelines(blocks)
            paths.append(path)
        _refuse_taken(folder, paths)
        for path in paths:
            private_folder((folder / path).parent)
            (made / path).rename(folder / path)
    finally:
        shutil.rmtree(made)
    return [folder / path for path in paths]
