"""Writes a dossier as the files that reviewers, journals and archives take."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from analysis.report.document import Document
from analysis.report.pdf import as_pdf
from analysis.report.render import RENDERERS

LONGEST: Final = 45
PRINTED: Final = frozenset(
    {
        "phases",
        "claims",
        "checklist",
        "departures",
        "sample",
        "made",
        "protocol",
        "concept",
        "panel",
        "interviews",
        "overview",
        "models",
        "clusters",
        "subscales",
        "agreement",
        "error",
        "hypotheses",
        "ladder",
        "reference",
        "change",
        "careless",
        "translation",
    }
)
"""The parts that are printed; a head of a phase is too."""
LEFT_OUT: Final = "Drawings and the tables of single items are in dossier.html."


def on_paper(found: Document) -> Document:
    """Return a dossier as it is printed: its verdicts and main tables, without drawings and long tables."""
    sections = tuple(
        replace(each, tables=tuple(replace(t, figure=None) for t in each.tables if len(t.rows) <= LONGEST))
        for each in found.sections
        if each.id.rsplit("-", 1)[-1] in PRINTED or _is_head(each.id)
    )
    return replace(found, sections=sections, how=f"{LEFT_OUT} {found.how}")


def _is_head(section: str) -> bool:
    """Whether a section holds the bounds of a phase."""
    return section.removeprefix("phase-").isdigit()


FILES: Final[dict[str, Callable[[Document], str | bytes]]] = {
    "dossier.html": RENDERERS["html"],
    "dossier.pdf": lambda found: as_pdf(on_paper(found)),
    "dossier.json": RENDERERS["json"],
    "tables.docx": RENDERERS["docx"],
    "tables.tex": RENDERERS["latex"],
}
CHECKSUMS: Final = "SHA256SUMS"


def write_dossier(
    found: Document, out: Path, plan: Path, record: Path | None = None, flow: Path | None = None
) -> tuple[Path, ...]:
    """Write a dossier into a folder that is empty or not there, with its plan and checksums.

    Parameters
    ----------
    found
        The dossier.
    out
        The folder.
    plan, record, flow
        The files that the dossier answers, of which copies go with it.

    Returns
    -------
    The files, the checksums last.

    Raises
    ------
    ValueError
        The folder holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} holds files already; name a folder that is empty or not there")
    out.mkdir(parents=True, exist_ok=True)
    content: dict[str, bytes] = {"PLAN.yaml": plan.read_bytes()}
    if record is not None:
        content["RECORD.yaml"] = record.read_bytes()
    if flow is not None:
        content["FLOW.yaml"] = flow.read_bytes()
    for name, render in FILES.items():
        made = render(found)
        content[name] = made if isinstance(made, bytes) else made.encode()
    sums = "".join(f"{hashlib.sha256(each).hexdigest()}  {name}\n" for name, each in content.items())
    content[CHECKSUMS] = sums.encode()
    for name, each in content.items():
        (out / name).write_bytes(each)
    return tuple(out / name for name in content)
