"""All files of an export: as a folder from the command line, as one ZIP from the page.

What cannot be made is refused before the first file is written. Rows are written a block after the other,
into a hidden folder, whose files are put in their places once all are whole. A manifest holds the hash of
each file, of form, key and code, and of the data.
"""

import hmac
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from app.closing.withholding import FEWEST
from app.db import read
from app.errors import Refused
from app.export.formats import FORMATS, Format
from app.export.joined import joined
from app.export.microdata import linked_microdata, microdata
from app.export.progress import Tell, quiet
from app.export.questionnaire import questionnaire_files
from app.export.rows import AT_ONCE, PAIR_ID, ROW_ID, Microdata
from app.export.trail import note_taken
from app.files.private import open_private, private_folder
from app.runtime import Service

MANIFEST: Final = "manifest.json"
LINKED: Final = "linked"
FLOW: Final = "FLOW.yaml"
OF_TABLES: Final = {name: each for name, each in FORMATS.items() if not each.path.startswith("syntax/")}
"""Scripts compute the scores of one wave."""
Files = Iterator[tuple[str, Iterable[bytes]]]
"""Each file by its path in the folder; its blocks are taken before the next file is asked for."""


def files_of(data: Microdata, formats: Mapping[str, Format] = FORMATS) -> list[tuple[str, Iterable[bytes]]]:
    """The files of some formats by their path; what a format cannot hold is refused here."""
    return [(each.path_of(data), each.blocks(data)) for each in formats.values()]


def bundle(data: Microdata) -> Files:
    """Make every file there is, and the manifest of them all."""
    questionnaire, left_out = questionnaire_files(data)
    beside = [(path, (content,)) for path, content in (questionnaire | flow_file(data)).items()]
    return _with_manifest(data, [*files_of(data), *beside, *special_files(data)], left_out)


def special_files(data: Microdata) -> list[tuple[str, Iterable[bytes]]]:
    """What people said of themselves under a purpose of its own: a row for each who agreed, by row_id."""
    said = [cells for _, cells in data.special]
    agreed = [row for row, values in enumerate(zip(*said, strict=True)) if any(v is not None for v in values)]
    if len(agreed) < FEWEST:
        return []
    places = np.array(agreed)
    [row_id] = [
        (column, cells)
        for column, cells in zip(data.columns, data.cells, strict=True)
        if column.name == ROW_ID
    ]
    columns, cells = zip(*(row_id, *data.special), strict=True)
    apart = replace(data, columns=columns, cells=tuple(each[places] for each in cells))
    return [
        (f"special/{data.wave}_special.csv", FORMATS["csv"].blocks(apart)),
        ("special/codebook.csv", FORMATS["codebook-csv"].blocks(apart)),
    ]


def flow_file(data: Microdata) -> dict[str, bytes]:
    """The flow of people as `python -m analysis validate --flow` takes it; none of a cohort study."""
    if data.flow is None:
        return {}
    return {FLOW: "".join(f"{name}: {count}\n" for name, count in data.flow.items()).encode()}


def linked_bundle(earlier: Microdata, later: Microdata) -> Files:
    """Make the files of two linked waves, and one table of those who are in both."""
    both = joined(earlier, later)
    folders = {
        earlier.wave: bundle(earlier),
        later.wave: bundle(later),
        LINKED: _with_manifest(both, files_of(both, OF_TABLES), {}),
    }
    return ((f"{folder}/{path}", blocks) for folder, files in folders.items() for path, blocks in files)


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


def manifest(data: Microdata, hashes: Mapping[str, str], left_out: Mapping[str, str]) -> bytes:
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
            "HMAC-SHA-256, under a key of this wave that the service keeps, over the sorted hashes of rows "
            "without their random ids: equal for the same answers in any order. Nobody can work it out from "
            "rows, so it proves no guess about one that was erased"
        ),
        "left_out": dict(left_out),
        "files": dict(sorted(hashes.items())),
    }
    return json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n"


def digest(data: Microdata) -> str:
    """Hash the rows regardless of their order and their ids, which are drawn anew for every export.

    The hash is keyed. With an open one, whoever has the hash from before an erasure and the rows from after
    it could test guesses of the erased row, and for a short form all possible rows can be tried.
    """
    kept = [place for place, column in enumerate(data.columns) if column.name not in {ROW_ID, PAIR_ID}]
    hashes = bytearray()
    for block in data.blocks():
        for row in zip(*(block[place] for place in kept), strict=True):
            hashes += sha256(json.dumps(row).encode()).digest()
    ordered = np.sort(np.frombuffer(hashes, f"S{sha256().digest_size}"))
    return hmac.digest(data.digest_key, ordered.tobytes(), sha256).hex()


def zipped(files: Files, folder: str) -> bytes:
    """Return files as one ZIP, in a folder of this name."""
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
    linked: bool = False,
    with_unit: bool = False,
    archive: bool = False,
    tell: Tell = quiet,
) -> list[Path]:
    """Write the folder of an export, or one file of it; refused where a file of that name already exists."""
    formats = OF_TABLES if linked else FORMATS
    if format_ not in {None, *formats}:
        raise Refused(f"there is no format {format_!r}: choose one of {', '.join(formats)}")
    how = {"with_unit": with_unit, "archive": archive}
    waves: tuple[Microdata, ...]
    with read(service.engine) as db:
        if linked:
            waves = linked_microdata(service, db, wave, **how, tell=tell)
        else:
            waves = (microdata(service, db, wave, **how, tell=tell),)
    files, first = _chosen(waves, format_)
    _refuse_taken(folder, first)
    for each in waves:
        note_taken(service, each.wave)
    return put(folder, _told(files, max(each.count for each in waves), tell))


def _chosen(waves: Sequence[Microdata], format_: str | None) -> tuple[Files, list[str]]:
    """The files of one wave or of two, and what none may be in the place of: told before they are written."""
    both = joined(*waves) if len(waves) > 1 else None
    if format_ is not None:
        [(path, blocks)] = files_of(both or waves[0], {format_: FORMATS[format_]})
        return iter([(Path(path).name, blocks)]), [Path(path).name]
    if both:
        return linked_bundle(*waves), [*(each.wave for each in waves), LINKED]
    return bundle(waves[0]), [MANIFEST, *(each.path_of(waves[0]) for each in FORMATS.values())]


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
