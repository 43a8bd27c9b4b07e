"""The answers that factor models are fitted to, and the models: from an instrument, or from a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.model.syntax import read_model
from analysis.factor_models.confirmatory.rivals import Rival, rival_models
from analysis.files.read_table import TableError, read_table
from analysis.report.answers import Answers
from analysis.report.dataset import TRUE, read_dataset
from analysis.report.document import SIMULATED
from instrument import MISSING_LABELS, load

MOST_VALUES: Final = 20


@dataclass(frozen=True, kw_only=True)
class ModelAnswers:
    """Rows of answers, the models to be fitted to them, and what must be said of both.

    `primary` is the place of the model whose solution is shown; `groups` and `clusters` are columns of the
    same file.
    """

    title: str
    about: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    X: Matrix
    models: tuple[Rival, ...]
    primary: int
    groups: NDArray[np.str_] | None = None
    clusters: NDArray[np.str_] | None = None


def of_instrument(
    file: Path, folder: Path, form: str | None, *, group: str | None = None, cluster: str | None = None
) -> ModelAnswers:
    """Return a form's items, turned the way they are scored, with the rivals that its key implies.

    The primary model is the second-order one where the key has a score made of other scores, else that of
    correlated scales.
    """
    dataset = read_dataset(file, load(folder), form)
    answers = Answers(dataset)
    turned = {item.id for scale in dataset.scales.values() for item in scale.items if item.reversed}
    models = rival_models(answers.scales, turned)
    subscales = dataset.instrument.key.subscales(dataset.form.id)
    wanted = "second order" if any(scale.of for scale in subscales.values()) else "correlated factors"
    primary = next((place for place, rival in enumerate(models) if rival.name == wanted), len(models) - 1)
    stage = dataset.instrument.claims.label if dataset.instrument.claims else None
    said = (SIMULATED if dataset.simulated else None, stage)
    return ModelAnswers(
        title=dataset.instrument.title,
        about=(
            f"Form {dataset.form.id} (hash {dataset.form.hash}), key revision "
            f"{dataset.instrument.key.revision}, items turned the way they are scored."
        ),
        labels=tuple(each for each in said if each is not None),
        names=answers.scored,
        X=answers.columns(answers.scored),
        models=models,
        primary=primary,
        **_columns(file, group=group, cluster=cluster),
    )


def of_model(
    file: Path, model: Path, *, ordered: bool, group: str | None = None, cluster: str | None = None
) -> ModelAnswers:
    """Return the columns that a model's text names, as they stand; the codes of no answer are missing."""
    text = model.read_text(encoding="utf-8")
    terms = read_model(text)
    factors = {term.lhs for term in terms if term.op == "=~"}
    names = tuple(dict.fromkeys(t.rhs for t in terms if t.op == "=~" and t.rhs not in factors))
    found = read_table(file)
    X = found.matrix(names, missing=tuple(MISSING_LABELS))
    for name, column in zip(names, X.T, strict=True):
        different = np.unique(column[~np.isnan(column)]).size
        if ordered and different > MOST_VALUES:
            raise ValueError(
                f"{name} has {different} different values, which are measurements rather than answers; "
                "use --continuous"
            )
    marks = found.columns.get("simulated", ())
    codes = ", ".join(str(code) for code in sorted(MISSING_LABELS, reverse=True))
    return ModelAnswers(
        title=f"{len(names)} items of {file.name}",
        about=f"Columns as they stand in the file, nothing turned round; {codes} are no answers.",
        labels=(SIMULATED,) if any(str(mark).strip().lower() in TRUE for mark in marks) else (),
        names=names,
        X=X,
        models=(Rival(name=model.stem, words="the model of the file", model=text, unit_variance=False),),
        primary=0,
        **_columns(file, group=group, cluster=cluster),
    )


def _columns(file: Path, *, group: str | None, cluster: str | None) -> dict[str, NDArray[np.str_] | None]:
    """Return the columns of groups and clusters as words, empty where there is none."""
    found: Mapping[str, Any] = read_table(file).columns if group or cluster else {}
    columns: dict[str, NDArray[np.str_] | None] = {"groups": None, "clusters": None}
    for name, column in (("groups", group), ("clusters", cluster)):
        if column is None:
            continue
        if column not in found:
            raise TableError(f"there is no column {column!r} in {file.name}")
        columns[name] = np.array(["" if cell is None else str(cell).strip() for cell in found[column]])
    return columns
