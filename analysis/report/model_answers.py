"""The answers that factor models are fitted to, and the models: from an instrument, or from a text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.model.syntax import read_model
from analysis.factor_models.confirmatory.rivals import Rival, rival_models
from analysis.files.item_names import column_named
from analysis.report.answers import Answers
from analysis.report.dataset import Dataset

MOST_VALUES: Final = 20


@dataclass(frozen=True, kw_only=True)
class ModelAnswers:
    """Rows of answers, the models to be fitted to them, and notes on both.

    `primary` is the index of the model whose solution is shown; `groups` and `clusters` are columns of the
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


def of_dataset(dataset: Dataset, *, group: str | None = None, cluster: str | None = None) -> ModelAnswers:
    """Return all scored items, turned the way they are scored, with the rivals that the key implies."""
    answers = Answers(dataset)
    models, primary = models_of_key(answers)
    return ModelAnswers(
        title=dataset.title,
        about=dataset.about,
        labels=dataset.labels,
        names=answers.scored,
        X=answers.columns(answers.scored),
        models=models,
        primary=primary,
        groups=_text(dataset, group),
        clusters=_text(dataset, cluster),
    )


def models_of_key(answers: Answers) -> tuple[tuple[Rival, ...], int]:
    """Return the rivals that the key implies, and which of them is the primary model.

    It is the second-order one where the key has a score made of other scores, else that of correlated scales.
    """
    dataset = answers.dataset
    turned = {item.id for scale in dataset.scales.values() for item in scale.items if item.reversed}
    models = rival_models(answers.scales, turned)
    subscales = dataset.instrument.key.subscales(dataset.form.id)
    wanted = "second order" if any(scale.of for scale in subscales.values()) else "correlated factors"
    primary = next((place for place, rival in enumerate(models) if rival.name == wanted), len(models) - 1)
    return models, primary


def items_of(model: Path) -> str:
    """Return the columns that a model's text names, as --items takes them."""
    terms = read_model(model.read_text(encoding="utf-8"))
    factors = {term.lhs for term in terms if term.op == "=~"}
    names = dict.fromkeys(t.rhs for t in terms if t.op == "=~" and t.rhs not in factors)
    return ",".join(f'"{name}"' for name in names)


def of_model(
    dataset: Dataset, model: Path, *, ordered: bool, group: str | None = None, cluster: str | None = None
) -> ModelAnswers:
    """Return the items of a dataset with the one model of a file."""
    names = tuple(item.id for item in dataset.form.items)
    X = dataset.keyed(names)
    for name, column in zip(names, X.T, strict=True):
        different = np.unique(column[~np.isnan(column)]).size
        if ordered and different > MOST_VALUES:
            raise ValueError(
                f"{name} has {different} different values, which are measurements rather than answers; "
                "use --continuous"
            )
    text = model.read_text(encoding="utf-8")
    return ModelAnswers(
        title=dataset.title,
        about=dataset.about,
        labels=dataset.labels,
        names=names,
        X=X,
        models=(Rival(name=model.stem, words="the model of the file", model=text, unit_variance=False),),
        primary=0,
        groups=_text(dataset, group),
        clusters=_text(dataset, cluster),
    )


def _text(dataset: Dataset, column: str | None) -> NDArray[np.str_] | None:
    """Return the cells of a column as words, empty where there is none; None where no column is asked for."""
    if column is None:
        return None
    return np.array([cell or "" for cell in dataset.text(column_named(column, dataset.table))])
