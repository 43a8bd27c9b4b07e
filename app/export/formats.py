"""Microdata and their codebook as files. A format is a function and a line in the table at the end."""

import csv
import io
import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from app.csv_cells import cell
from app.export.microdata import Microdata, note
from instrument import MISSING_LABELS


def as_csv(data: Microdata) -> bytes:
    """UTF-8 with a header; an empty cell is a value that does not exist, not one that was not given."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(column.name for column in data.columns)
    writer.writerows([cell(each) for each in row] for row in data.rows)
    return written.getvalue().encode()


def as_codebook(data: Microdata) -> dict[str, Any]:
    """What every column and code means, and where it comes from."""
    instrument, form = data.instrument, data.form
    claims = instrument.claims
    return {
        "wave": data.wave,
        "study": data.title,
        "simulated": data.simulated,
        "n": data.n,
        "instrument": instrument.title,
        "licence": instrument.licence,
        "stage": claims.label if claims else None,
        "form": form.id,
        "form_hash": form.hash,
        "key_revision": instrument.key.revision,
        "words": {
            words.language: {"hash": words.hash, "status": words.status}
            for words in instrument.words.values()
            if words.form == form.id
        },
        "note": note(data),
        "missing": {str(code): label for code, label in MISSING_LABELS.items()},
        "columns": [
            {
                "name": column.name,
                "label": column.label,
                "kind": column.kind,
                "measure": column.measure,
                "values": {str(code): label for code, label in column.values.items()},
                "missing": {str(code): label for code, label in column.missing.items()},
            }
            for column in data.columns
        ],
    }


def as_codebook_json(data: Microdata) -> bytes:
    return json.dumps(as_codebook(data), ensure_ascii=False, indent=2).encode() + b"\n"


FILES: Final[MappingProxyType[str, Callable[[Microdata], bytes]]] = MappingProxyType(
    {"responses.csv": as_csv, "codebook.json": as_codebook_json}
)
