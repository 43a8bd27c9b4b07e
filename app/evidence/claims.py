"""What may be said of a form in one language: the words of its stage, and what confirmed evidence adds.

Nothing is taken away from what may not be said: evidence of one population opens nothing for another.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row

from app.evidence.standing import ERROR, holding
from instrument import Claims, Instrument

Figures = Mapping[str, float]


def claims_of(
    db: Connection, instrument: Instrument, form: str, language: str | None = None
) -> Claims | None:
    """Return the claims of a form with the evidence that holds today, None where its folder has no claims.

    Parameters
    ----------
    db
        The database.
    instrument, form
        The questionnaire and its form.
    language
        That of the words that people answered; the original's by default.
    """
    claims = instrument.claims
    if claims is None:
        return None
    rows = holding(db, instrument, form, language or instrument.language)
    if not rows:
        return claims
    said = [line for row in rows for line in sentences(row)]
    return replace(
        claims,
        may_say=(*claims.may_say, *said),
        evidence=(*claims.evidence, *(named(row) for row in rows)),
    )


def with_evidence(db: Connection, instrument: Instrument, form: str) -> Instrument:
    """Return an instrument whose claims, in its own language, are those of a form as evidence stands."""
    claims = claims_of(db, instrument, form)
    if claims is None or claims is instrument.claims:
        return instrument
    return replace(
        instrument, claims_in=MappingProxyType({**instrument.claims_in, instrument.language: claims})
    )


def named(row: Row[Any]) -> str:
    """Return evidence by what it is about and who stands for it."""
    return (
        f"Form {row.form}, edition {row.edition}, language {row.language}, {row.population}, n = {row.n}: "
        f"dossier {row.seal[:16]}, preregistered at {row.preregistration}, ethics {row.ethics}, responsible "
        f"{row.responsible}; added by {row.added_by}, confirmed by {row.second}"
    )


def sentences(row: Row[Any]) -> list[str]:
    """Return what the stage of some evidence allows, of its sample alone."""
    stages = [*SAID][: [*SAID].index(row.stage) + 1]
    return [f"{SAID[stage](row.figures)} Dossier {row.seal[:16]}; {row.population}." for stage in stages]


def _content(found: Figures) -> str:
    return (
        f"Content reviewed by {found['panel_n']:.0f} people, {found['panel_lived']:.0f} of them with lived "
        f"experience (S-CVI/Ave {found['scvi']:.2f}), and understood as intended in "
        f"{found['interviews_n']:.0f} interviews."
    )


def _structure(found: Figures) -> str:
    return (
        f"Structure supported in a sample of {found['confirmatory_n']:.0f} (CFI {found['cfi']:.3f}, RMSEA "
        f"{found['rmsea']:.3f}, SRMR {found['srmr']:.3f}); lowest categorical omega of a scale "
        f"{found['omega']:.2f}."
    )


def _precision(found: Figures) -> str:
    errors = [value for name, value in found.items() if name.startswith(ERROR)]
    largest = f", largest standard error of measurement {max(errors):.1f} of 100" if errors else ""
    return (
        f"Precision known in a sample of {found['retest_n']:.0f} who did not change (lowest ICC(2,1) "
        f"{found['icc']:.2f}{largest}); groups may be compared where the dossier found them invariant."
    )


SAID: Final[dict[str, Callable[[Figures], str]]] = {
    "content": _content,
    "structure": _structure,
    "precision": _precision,
}
"""What each stage allows, in order; a stage allows what those before it do."""
