"""What describes microdata to archives and to people: DDI-Codebook, Psych-DS, and a codebook as a table."""

import csv
import io
import json
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from app.csv_cells import Cell, cell
from app.export.names import data_file
from app.export.rows import Cells, Microdata, note
from instrument import Column

DDI: Final = "ddi:codebook:2_5"
NATURE: Final = {"nominal": "nominal", "ordinal": "ordinal", "scale": "interval"}


def as_codebook_csv(data: Microdata) -> bytes:
    """Write a row for every code of every column, and one for a column that has none."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(("name", "label", "kind", "measure", "code", "meaning", "missing"))
    for column in data.columns:
        known = (column.name, column.label, column.kind, column.measure)
        codes = [(code, said, 0) for code, said in column.values.items()]
        codes += [(code, said, 1) for code, said in column.missing.items()]
        rows: list[tuple[Cell, ...]] = [(*known, *code) for code in codes]
        rows = rows or [(*known, None, None, None)]
        writer.writerows([cell(each) for each in row] for row in rows)
    return written.getvalue().encode()


def as_ddi(data: Microdata) -> bytes:
    """Write DDI-Codebook 2.5: the study, the file, and each variable with its question and its codes."""
    book = Element("codeBook", {"xmlns": DDI, "version": "2.5"})
    study = SubElement(book, "stdyDscr")
    citation = SubElement(SubElement(study, "citation"), "titlStmt")
    SubElement(citation, "titl").text = data.titled
    SubElement(citation, "IDNo").text = data.wave
    about = SubElement(study, "stdyInfo")
    SubElement(about, "abstract").text = f"{data.instrument.title}, form {data.form.id}. {note(data)}"
    use = SubElement(SubElement(study, "dataAccs"), "useStmt")
    SubElement(use, "conditions").text = f"Words of the questionnaire: {data.instrument.licence}"
    file = SubElement(SubElement(book, "fileDscr", {"ID": "F1"}), "fileTxt")
    SubElement(file, "fileName").text = data_file(data)
    size = SubElement(file, "dimensns")
    SubElement(size, "caseQnty").text = str(data.count)
    SubElement(size, "varQnty").text = str(len(data.columns))
    variables = SubElement(book, "dataDscr")
    for place, (column, cells) in enumerate(zip(data.columns, data.cells, strict=True), 1):
        _variable(variables, column, cells, f"V{place}", data.stem_of(column))
    indent(book)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(book, encoding="unicode")}\n'.encode()


def _variable(variables: Element, column: Column, cells: Cells, place: str, stem: str) -> None:
    options = {"ID": place, "name": column.name, "files": "F1", "nature": NATURE[column.measure]}
    variable = SubElement(variables, "var", options)
    SubElement(variable, "labl").text = column.label
    if column.kind in {"raw", "context"}:
        question = SubElement(variable, "qstn")
        if column.kind == "raw":
            SubElement(question, "preQTxt").text = stem
        SubElement(question, "qstnLit").text = column.label
    for missing, codes in ((False, column.values), (True, column.missing)):
        for code, said in codes.items():
            category = SubElement(variable, "catgry", {"missing": "Y"} if missing else {})
            SubElement(category, "catValu").text = str(code)
            SubElement(category, "labl").text = said
    text = any(isinstance(cell, str) for cell in (*column.values, *cells.values))
    SubElement(variable, "varFormat", {"type": "character" if text else "numeric"})


def as_dataset_description(data: Microdata) -> bytes:
    """Write the description of a Psych-DS data set, which schema.org's readers understand."""
    claims = data.instrument.claims
    return _json(
        {
            "@context": "https://schema.org",
            "@type": "Dataset",
            "name": data.titled,
            "description": f"{claims.label}. {note(data)}" if claims else note(data),
            "variableMeasured": [_measured(column) for column in data.columns],
        }
    )


def as_sidecar(data: Microdata) -> bytes:
    """Write the JSON file beside the CSV that describes its columns."""
    return _json({"variableMeasured": [_measured(column) for column in data.columns]})


def _measured(column: Column) -> dict[str, Any]:
    codes = (*column.values.items(), *column.missing.items())
    said = "; ".join(f"{code} = {meaning}" for code, meaning in codes)
    stop = "" if column.label.endswith((".", "?", "!")) else "."
    described = f"{column.label}{stop} Codes: {said}" if said else column.label
    return {"@type": "PropertyValue", "name": column.name, "description": described}


def _json(tree: dict[str, Any]) -> bytes:
    return json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n"
