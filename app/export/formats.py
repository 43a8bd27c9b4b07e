"""Microdata and their codebook as files. A format is a function and a line in the table at the end."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from app.csv_cells import Cell, cell
from app.export.labelled import as_dta, as_parquet, as_xlsx
from app.export.metadata import as_codebook_csv, as_dataset_description, as_ddi, as_sidecar
from app.export.names import stem
from app.export.pages import codebook_page
from app.export.rows import Microdata, note
from app.export.sav import as_sav
from app.export.syntax import as_do, as_r, as_sps
from app.templating import render
from instrument import MISSING_LABELS


def as_csv(data: Microdata) -> Iterator[bytes]:
    """Write UTF-8 with a header. An empty cell means that there is no such value; unanswered has a code."""
    yield ",".join(map(_field, (column.name for column in data.columns))).encode() + b"\r\n"
    for block in data.blocks():
        fields = [each.spread(np.array([*map(_field, each.values)], dtype=object)).tolist() for each in block]
        yield "".join(f"{','.join(row)}\r\n" for row in zip(*fields, strict=True)).encode()


def _field(value: Cell) -> str:
    """Return a cell as the standard library's writer puts it between commas."""
    if not isinstance(value, str):
        return cell(value)
    written = io.StringIO(newline="")
    csv.writer(written).writerow((cell(value), ""))
    return written.getvalue().removesuffix(",\r\n")


def as_codebook(data: Microdata) -> dict[str, Any]:
    """Write what every column and code means, and where it comes from."""
    instrument, form = data.instrument, data.form
    claims = instrument.claims
    return {
        "wave": data.wave,
        "study": data.title,
        "simulated": data.simulated,
        "imported": data.imported,
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
        "asked": data.words.stem(),
        **({"blocks": blocks_of(data)} if data.form.blocks else {}),
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


def blocks_of(data: Microdata) -> list[dict[str, Any]]:
    """Describe the parts of a battery: the form each was taken from, its licence, and its items."""
    words = data.words
    return [
        {
            "block": block.id,
            "title": words.block_titles[block.id],
            "form": block.form,
            "form_hash": block.form_hash,
            "licence": block.licence,
            "asked": words.stem(block=block.id),
            "item_order": block.item_order,
            "items": block.items,
        }
        for block in data.form.blocks.values()
    ]


def as_codebook_json(data: Microdata) -> bytes:
    """Write the codebook as JSON."""
    return json.dumps(as_codebook(data), ensure_ascii=False, indent=2).encode() + b"\n"


def as_codebook_html(data: Microdata) -> bytes:
    """Write the codebook as a page that needs no other file."""
    return render(codebook_page(data, alone=True)).encode()


def as_claims(data: Microdata) -> bytes:
    """Write what may be said of the questionnaire at its present stage, what not, and the evidence for it."""
    claims = data.instrument.claims
    if claims is None:
        return b"Nothing is said about this questionnaire: its folder holds no claims.\n"
    evidence = claims.evidence or ("none yet",)
    said = {
        "Precision": (claims.precision,),
        "Evidence": evidence,
        "What may be said": claims.may_say,
        "What may not be said": claims.may_not_say,
        "What to say beside any figure": claims.always,
    }
    parts = ["\n".join((head, *(f"- {line}" for line in lines))) for head, lines in said.items() if lines]
    return "\n\n".join((f"{data.instrument.title}: {claims.label}", *parts, "")).encode()


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file of an export: where it lies in the folder, what makes it, and what it is for."""

    title: str
    path: str
    blocks: Callable[[Microdata], Iterable[bytes]]
    media_type: str
    purpose: str

    def path_of(self, data: Microdata) -> str:
        return self.path.format(stem=stem(data))

    def make(self, data: Microdata) -> bytes:
        return b"".join(self.blocks(data))


def whole(make: Callable[[Microdata], bytes]) -> Callable[[Microdata], Iterable[bytes]]:
    """Of what is made at once."""
    return lambda data: (make(data),)


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "csv": Format(
            title="CSV",
            path="data/{stem}_data.csv",
            blocks=as_csv,
            media_type="text/csv; charset=utf-8",
            purpose="The rows for every program, with codes as they were stored",
        ),
        "csv-json": Format(
            title="columns (JSON)",
            path="data/{stem}_data.json",
            blocks=whole(as_sidecar),
            media_type="application/json",
            purpose="What the columns of the CSV mean, as Psych-DS asks for it",
        ),
        "sav": Format(
            title="SPSS (.sav)",
            path="labelled/{stem}.sav",
            blocks=as_sav,
            media_type="application/x-spss-sav",
            purpose="SPSS, jamovi, JASP and R: labels, levels and declared missing codes inside",
        ),
        "dta": Format(
            title="Stata (.dta)",
            path="labelled/{stem}.dta",
            blocks=whole(as_dta),
            media_type="application/x-stata-dta",
            purpose="Stata 14 and later: labels inside, each kind of missing a letter",
        ),
        "parquet": Format(
            title="Parquet",
            path="labelled/{stem}.parquet",
            blocks=as_parquet,
            media_type="application/vnd.apache.parquet",
            purpose="Python, R and data engines: typed columns, labels in their metadata",
        ),
        "xlsx": Format(
            title="spreadsheet (.xlsx)",
            path="labelled/{stem}.xlsx",
            blocks=whole(as_xlsx),
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            purpose="A spreadsheet to look at, with a second sheet of what the columns mean",
        ),
        "r": Format(
            title="R script",
            path="syntax/{stem}.R",
            blocks=whole(as_r),
            media_type="text/plain; charset=utf-8",
            purpose="R: labels, missing codes and scores, from the CSV",
        ),
        "sps": Format(
            title="SPSS syntax",
            path="syntax/{stem}.sps",
            blocks=whole(as_sps),
            media_type="text/plain; charset=utf-8",
            purpose="SPSS: labels, missing codes and scores, from the CSV",
        ),
        "do": Format(
            title="Stata do-file",
            path="syntax/{stem}.do",
            blocks=whole(as_do),
            media_type="text/plain; charset=utf-8",
            purpose="Stata: labels, missing codes and scores, from the CSV",
        ),
        "codebook-html": Format(
            title="codebook (HTML)",
            path="codebook/codebook.html",
            blocks=whole(as_codebook_html),
            media_type="text/html; charset=utf-8",
            purpose="The codebook, to read",
        ),
        "codebook-json": Format(
            title="codebook (JSON)",
            path="codebook/codebook.json",
            blocks=whole(as_codebook_json),
            media_type="application/json",
            purpose="The codebook, for programs",
        ),
        "codebook-csv": Format(
            title="codebook (CSV)",
            path="codebook/codebook.csv",
            blocks=whole(as_codebook_csv),
            media_type="text/csv; charset=utf-8",
            purpose="The codebook as a table, a row for every code",
        ),
        "ddi": Format(
            title="DDI-Codebook",
            path="codebook/ddi.xml",
            blocks=whole(as_ddi),
            media_type="application/xml",
            purpose="DDI-Codebook 2.5, for data archives",
        ),
        "psych-ds": Format(
            title="Psych-DS",
            path="dataset_description.json",
            blocks=whole(as_dataset_description),
            media_type="application/json",
            purpose="Psych-DS: what this data set is",
        ),
        "claims": Format(
            title="claims",
            path="CLAIMS.txt",
            blocks=whole(as_claims),
            media_type="text/plain; charset=utf-8",
            purpose="What may be said of the questionnaire at its present stage",
        ),
    }
)
"""Every file of an export; a new one is a function and an entry here, and pages and commands follow."""
