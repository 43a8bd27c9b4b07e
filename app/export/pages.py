"""The pages a researcher sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from analysis.disclosure.leaving import ORIGIN
from app.errors import AppError
from app.export.rows import Microdata, Reliability, note
from app.languages import _
from app.templating import Page
from instrument import Column

FLOW: Final = {
    "invited": _("Invited: had a code"),
    "started": _("Began, and had a draft that was kept"),
    "finished": _("Finished"),
    "erased": _("Had erased before the close"),
}
"""The counts of the flow, as a researcher reads them."""


@dataclass(frozen=True)
class WaveLink:
    address: str
    study: str
    ordinal: int
    closed_on: str
    imported: bool


@dataclass(frozen=True)
class FileLink:
    address: str
    name: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class ResearcherPage(Page):
    template: ClassVar[str] = "export/index.html"
    waves: tuple[WaveLink, ...]


@dataclass(frozen=True, kw_only=True)
class WavePage(Page):
    template: ClassVar[str] = "export/wave.html"
    wave: str
    study: str
    n: int | None
    """How many at least; None where there are too few rows to be given out."""
    fewest: int
    columns: int
    stage: str | None
    files: tuple[FileLink, ...]
    rest: tuple[FileLink, ...]
    questionnaire: tuple[FileLink, ...]
    linked: str | None
    """What there is to know of a wave that is one of a pair."""
    joins: bool
    """Whether any row is linked with one of the other wave."""
    origin: str
    """What there is to know of a wave whose answers came from a file; empty of any other."""
    withheld: bool
    """Whether what is rare of a person is withheld."""
    flow: tuple[tuple[str, int], ...]
    """The counts of people that were made at the close; none of a cohort study."""


@dataclass(frozen=True, kw_only=True)
class NoRowsPage(Page):
    template: ClassVar[str] = "export/no_rows.html"
    wave: str
    study: str
    title: str
    message: str


@dataclass(frozen=True)
class ColumnRow:
    name: str
    label: str
    kind: str
    measure: str
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class CodebookPage(Page):
    template: ClassVar[str] = "export/codebook.html"
    wave: str
    study: str
    n: int
    note: str
    facts: tuple[tuple[str, str], ...]
    columns: tuple[ColumnRow, ...]
    alone: bool = False
    """In a file of its own, without the service around it."""


@dataclass(frozen=True)
class ScaleRow:
    label: str
    items: int
    n: int
    figures: tuple[str, ...]
    """Each figure with its interval, or the reason why there is none."""
    questions: tuple[str, ...]
    """The sentences of its items."""


@dataclass(frozen=True)
class ClusteredRow:
    """A score in clusters: ICC(1), design effect and the cluster-robust error of its mean."""

    label: str
    icc: str
    design_effect: str
    error: str


@dataclass(frozen=True, kw_only=True)
class ReliabilityPage(Page):
    template: ClassVar[str] = "export/reliability.html"
    wave: str
    study: str
    n: int
    stage: str | None
    origin: str
    scales: tuple[ScaleRow, ...]
    clusters: int
    """How many clusters there were, at least; 0 where there were none."""
    clustered: tuple[ClusteredRow, ...]


def reliability_page(data: Reliability) -> ReliabilityPage:
    """Lay out the reliability figures that were kept when the wave closed."""
    return ReliabilityPage(
        simulated=data.simulated,
        wave=data.wave,
        study=data.title,
        n=data.figures["n"],
        stage=data.stage,
        origin=ORIGIN if data.imported else "",
        scales=tuple(
            ScaleRow(
                each["label"],
                each["k"],
                each["n"],
                tuple(map(_figure, (each["alpha"], each["omega"]))),
                data.questions.get(name, ()),
            )
            for name, each in data.figures["scales"].items()
        ),
        clusters=data.figures.get("clusters", {}).get("count", 0),
        clustered=tuple(
            ClusteredRow(each["label"], *map(_figure, (each["icc"], each["design_effect"], each["error"])))
            for each in data.figures.get("clusters", {}).get("scores", {}).values()
        ),
    )


def _figure(kept: Mapping[str, float | str]) -> str:
    if "unavailable" in kept:
        return str(kept["unavailable"])
    return f"{kept['value']:g} ({kept['low']:g} to {kept['high']:g})"


def wave_page(
    wave: str,
    study: str,
    *,
    simulated: bool,
    imported: bool,
    data: Microdata | None,
    files: tuple[FileLink, ...],
    rest: tuple[FileLink, ...],
    questionnaire: tuple[FileLink, ...],
    fewest: int,
) -> WavePage:
    """Lay out what can be taken out of a wave; without `data` there are too few rows."""
    claims = data.instrument.claims if data else None
    return WavePage(
        simulated=simulated,
        wave=wave,
        study=study,
        n=data.n if data else None,
        fewest=fewest,
        columns=len(data.columns) if data else 0,
        stage=claims.label if claims else None,
        files=files,
        rest=rest,
        questionnaire=questionnaire,
        linked=data.linked if data and data.linked else None,
        withheld=data is None or data.withheld,
        flow=tuple((FLOW[name], count) for name, count in (data.flow or {}).items()) if data else (),
        joins=data is not None and data.is_linked,
        origin=ORIGIN if imported else "",
    )


def no_rows_page(wave: str, study: str, refused: AppError, *, simulated: bool) -> NoRowsPage:
    """Lay out the reason why no row of a wave leaves."""
    return NoRowsPage(
        simulated=simulated, wave=wave, study=study, title=refused.title, message=refused.message
    )


def codebook_page(data: Microdata, *, alone: bool = False) -> CodebookPage:
    """Lay out the codebook; `alone` is a file of its own, without links into the service."""
    form, instrument = data.form, data.instrument
    words = [each for each in instrument.words.values() if each.form == form.id]
    return CodebookPage(
        simulated=data.simulated,
        wave=data.wave,
        study=data.title,
        n=data.n,
        note=note(data),
        facts=(
            ("Questionnaire", f"{instrument.title}, form {form.id}"),
            *(
                ((f"Block {block.id}", f"{block.form}, {block.licence}: {data.words.stem(block=block.id)}"))
                for block in form.blocks.values()
            ),
            *(() if form.blocks else (("Before each question", data.words.stem()),)),
            ("Licence of its words", instrument.licence),
            ("Form", form.hash),
            *((f"Words, {each.language} ({each.status})", each.hash) for each in words),
            ("Scoring key", f"revision {instrument.key.revision}"),
        ),
        columns=tuple(_column(column) for column in data.columns),
        alone=alone,
    )


def _column(column: Column) -> ColumnRow:
    codes = [*column.values.items(), *column.missing.items()]
    return ColumnRow(
        column.name,
        column.label,
        column.kind,
        column.measure,
        tuple((str(code), label) for code, label in codes),
    )
