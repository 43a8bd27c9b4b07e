"""An instrument and the answers to one of its forms: codes by item, keyed where a scale asks for it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.files.table import Table
from analysis.report.document import SIMULATED
from instrument import ALL_ITEMS, MISSING_LABELS, Form, Instrument, Item, Subscale, keyed

NOT_SHOWN: Final = -(2**15)  # an empty cell: the item was never put to this person
LABELS: Final = {**MISSING_LABELS, NOT_SHOWN: "Not shown"}


class DatasetError(ValueError):
    """The answers do not fit the instrument; the message says what, where, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Answers as codes, n rows by the form's items in their order; non-answers keep their kind.

    `rows` are the positions of these rows in `table`; rows without an answer are left out. `own` says how
    items chosen by name were read, and is empty where the instrument has a folder. `notes` are sentences on
    what was found in the file and left aside.
    """

    instrument: Instrument
    form: Form
    codes: Matrix
    simulated: bool
    table: Table
    rows: NDArray[np.intp]
    own: str = ""
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of rows, complete or not."""
        return len(self.codes)

    @property
    def title(self) -> str:
        """What the questionnaire is called."""
        return self.instrument.title

    @property
    def about(self) -> str:
        """Sentences on which items these are, how they were read, and what was left aside."""
        keyed_ = f"Form {self.form.id} (hash {self.form.hash}), key revision {self.instrument.key.revision}, "
        said = self.own or f"{keyed_}items turned the way they are scored."
        return " ".join([said, *self.notes])

    @property
    def labels(self) -> tuple[str, ...]:
        """What must stand above every figure: that answers are simulated, and what may be claimed today."""
        claims = self.instrument.claims
        said = (SIMULATED if self.simulated else None, claims.label if claims else None)
        return tuple(each for each in said if each is not None)

    @cached_property
    def unusable(self) -> dict[str, str]:
        """Why items are left aside: nobody answered one, or everybody alike; empty if that holds for all."""
        found: dict[str, str] = {}
        for item in self.form.items:
            answers = [code for code in self.tallied(item.id) if code in self.form.scale_of(item.id).codes]
            if not answers:
                found[item.id] = "nobody answered it"
            elif len(answers) == 1 and self.n > 1:
                found[item.id] = f"every answer is {answers[0]:g}"
        return found if len(found) < len(self.form.items) else {}

    @property
    def items(self) -> tuple[Item, ...]:
        """The form's items, without those left aside."""
        return tuple(item for item in self.form.items if item.id not in self.unusable)

    @cached_property
    def scales(self) -> dict[str, Subscale]:
        """The subscales that are made of items, without the items left aside."""
        found = {}
        for name, subscale in self.instrument.key.subscales(self.form.id).items():
            items = tuple(item for item in subscale.items if item.id not in self.unusable)
            if items:
                found[name] = subscale.model_copy(update={"items": items})
        return found

    def column(self, item: str) -> NDArray[np.float64]:
        """Return one item's codes as they were given."""
        place = [known.id for known in self.form.items].index(item)
        return self.codes[:, place]

    def keyed(self, items: Iterable[str]) -> Matrix:
        """Return the items turned the way they are scored, NaN where there is no answer."""
        return np.column_stack([self._keyed(item) for item in items])

    def tallied(self, item: str) -> dict[float, int]:
        """Count the codes of an item as they were given, those of non-answers among them."""
        codes, counts = np.unique(self.column(item), return_counts=True)
        return dict(zip(codes.tolist(), counts.tolist(), strict=True))

    def missing(self, item: str) -> dict[str, int]:
        """Count the non-answers to an item by their kind."""
        found, answers = self.tallied(item), self.form.scale_of(item).codes
        return {label: found[code] for code, label in LABELS.items() if code in found and code not in answers}

    def text(self, column: str) -> list[str | None]:
        """Return the cells of another column of the file for these rows, None where there is none."""
        cells = self.table.text(column)
        return [cells[row] for row in self.rows]

    def of_rows(self, rows: NDArray[np.intp]) -> "Dataset":
        """Return the dataset of some of its rows."""
        return replace(self, codes=self.codes[rows], rows=self.rows[rows])

    def _keyed(self, item: str) -> Matrix:
        codes, place = np.unique(self.column(item), return_inverse=True)
        known = np.isin(codes, self.form.scale_of(item).codes)
        values = [
            keyed(self.instrument, self.form.id, item, code) if answer else np.nan
            for code, answer in zip(codes.tolist(), known.tolist(), strict=True)
        ]
        return np.array(values, dtype=np.float64)[place]


def label(dataset: Dataset, scale: str) -> str:
    """Return a scale's name in the first language that has one, its id where none has."""
    if dataset.own and scale == ALL_ITEMS:
        return "All items"
    for words in dataset.instrument.words.values():
        if words.form == dataset.form.id and scale in words.facets:
            return words.facet(scale)
    return scale
