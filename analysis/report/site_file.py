"""Joint counts of one site as a file: what leaves in place of rows, with what the rule did to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis.counts.joint import MAX_CATEGORIES, JointCounts
from analysis.disclosure.site_counts import Joined, Protected
from analysis.report.answers import Answers
from analysis.report.dataset import Dataset, label
from instrument.nodes import shown

KIND: Final = "counterpoise counts 1"
MOST_BYTES: Final = 2**26
MOST_ITEMS: Final = 500


class SiteFileError(ValueError):
    """A file of counts cannot be used; the message says which, what is wrong, and what to do."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Scale(_Model):
    title: str
    items: list[str] = Field(min_length=1, max_length=MOST_ITEMS)


class _Joined(_Model):
    item: str
    answer: float
    to: float


class _File(_Model):
    kind: str
    about: str
    title: str
    form: str
    form_hash: str
    key_revision: int
    simulated: bool
    labels: list[str]
    n: int = Field(ge=1, le=10**9)
    smallest: int = Field(ge=1, le=10**6)
    hidden: int = Field(ge=0)
    joined: list[_Joined]
    items: list[str] = Field(min_length=1, max_length=MOST_ITEMS)
    turned: list[str]
    scales: dict[str, _Scale]
    categories: list[float] = Field(min_length=1, max_length=MAX_CATEGORIES)
    counts: list[list[int]]
    pairs: list[list[int]]


@dataclass(frozen=True, kw_only=True)
class Site:
    """The counts of one site, what they are counts of, and what the smallest-cell rule did."""

    name: str
    title: str
    form: str
    form_hash: str
    key_revision: int
    labels: tuple[str, ...]
    simulated: bool
    scales: Mapping[str, tuple[str, tuple[str, ...]]]
    """The title and the items of each scale."""
    turned: frozenset[str]
    told: Protected

    @property
    def counts(self) -> JointCounts:
        """The joint counts, as they left."""
        return self.told.counts


ABOUT: Final = (
    "Joint counts of answers: for each pair of items, how many people gave each pair of answers. Items are "
    "turned the way they are scored. No row is in this file. Of the same answers make one file only: two "
    "tell more than one."
)


def counts_of(dataset: Dataset) -> JointCounts:
    """Return the joint counts of the items that a scale uses, over all answers that there can be."""
    answers = Answers(dataset)
    return answers.counts.take([answers.items.index(item) for item in answers.scored])


def site_text(dataset: Dataset, told: Protected) -> str:
    """Return the file of a site's counts."""
    answers, counts = Answers(dataset), told.counts
    i, j = np.triu_indices(counts.k, 1)
    kept = _File(
        kind=KIND,
        about=ABOUT,
        title=f"{counts.k} items" if dataset.own else dataset.title,  # never the name of a site's file
        form=dataset.form.id,
        form_hash="" if dataset.own else dataset.form.hash,
        key_revision=dataset.instrument.key.revision,
        simulated=dataset.simulated,
        labels=[*dataset.labels],
        n=counts.n,
        smallest=told.smallest,
        hidden=told.hidden,
        joined=[_Joined(item=each.item, answer=each.answer, to=each.to) for each in told.joined],
        items=[*answers.scored],
        turned=[item.id for scale in dataset.scales.values() for item in scale.items if item.reversed],
        scales={
            name: _Scale(title=label(dataset, name), items=items) for name, items in answers.scales.items()
        },
        categories=[*counts.categories],
        counts=counts.item_counts.tolist(),
        pairs=counts.tables[i, j].reshape(len(i), -1).tolist(),
    )
    return json.dumps(kept.model_dump(), ensure_ascii=False) + "\n"


def read_site(file: Path) -> Site:
    """Read the file of a site's counts.

    Raises
    ------
    SiteFileError
        The file is no such file, or its counts cannot be those of any answers.
    """
    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise SiteFileError(f"{file} is larger than {MOST_BYTES >> 20} MB, which no file of counts is")
    try:
        said = _File.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise SiteFileError(
            f"{file} is no file of counts ({shown(place)}: {first['msg'].lower()}); "
            "`python -m analysis counts` writes one"
        ) from error
    if said.kind != KIND:
        raise SiteFileError(f"{file} says it is {shown(said.kind)}; this program reads {KIND}")
    counts = _counts(file, said)
    joined = tuple(Joined(item=each.item, answer=each.answer, to=each.to) for each in said.joined)
    return Site(
        name=file.stem,
        title=said.title,
        form=said.form,
        form_hash=said.form_hash,
        key_revision=said.key_revision,
        labels=tuple(said.labels),
        simulated=said.simulated,
        scales={name: (scale.title, tuple(scale.items)) for name, scale in said.scales.items()},
        turned=frozenset(said.turned),
        told=Protected(counts=counts, smallest=said.smallest, joined=joined, hidden=said.hidden),
    )


def _counts(file: Path, said: _File) -> JointCounts:
    k, c = len(said.items), len(said.categories)
    i, j = np.triu_indices(k, 1)
    named = {item for scale in said.scales.values() for item in scale.items}
    wrong = (
        len({*said.items}) < k
        or said.categories != sorted({*said.categories})
        or not named <= {*said.items}
        or [len(row) for row in said.counts] != [c] * k
        or [len(row) for row in said.pairs] != [c * c] * len(i)
    )
    if wrong:
        raise SiteFileError(
            f"{file}: its items, answers and tables do not fit together: it is damaged, or was changed"
        )
    margins = _whole(file, said.counts, said.n, (k, c))
    tables = np.zeros((k, k, c, c), np.int64)
    pairs = _whole(file, said.pairs, said.n + c * c * said.smallest, (len(i), c, c))
    tables[i, j], tables[j, i] = pairs, pairs.transpose(0, 2, 1)
    every = np.arange(k)
    tables[every[:, None], every[:, None], np.arange(c), np.arange(c)] = margins
    return JointCounts(tables=tables, categories=tuple(said.categories), n=said.n, names=tuple(said.items))


def _whole(file: Path, rows: Sequence[Sequence[int]], most: int, shape: tuple[int, ...]) -> Any:
    flat = [count for row in rows for count in row]
    if any(not 0 <= count <= most for count in flat) or any(sum(row) > most for row in rows):
        raise SiteFileError(f"{file}: a count is below nought, or counts add up to more than its people")
    return np.array(flat, np.int64).reshape(shape)


def together(sites: Sequence[Site]) -> JointCounts:
    """Return the counts of all sites; they must be of the same form, key and items.

    Raises
    ------
    SiteFileError
        Two files differ in what they count, or have one name.
    """
    first = sites[0]
    names = [site.name for site in sites]
    if len({*names}) < len(names):
        raise SiteFileError("two files have one name; give each site's file a name of its own")
    for site in sites[1:]:
        for what, mine, theirs in (
            ("form", f"{first.form} ({first.form_hash[:12]})", f"{site.form} ({site.form_hash[:12]})"),
            ("key revision", first.key_revision, site.key_revision),
            ("items", first.counts.names, site.counts.names),
            ("what is turned round", sorted(first.turned), sorted(site.turned)),
        ):
            if mine != theirs:
                raise SiteFileError(
                    f"{site.name} and {first.name} differ in {what} ({theirs} and {mine}): answers to "
                    "different questions are not pooled"
                )
        if site.counts == first.counts:
            raise SiteFileError(f"{site.name} and {first.name} hold the same counts: is one a copy?")
    return sum((site.counts for site in sites[1:]), start=first.counts)
