"""R's figures and the data they belong to.

A test marked `@pytest.mark.reference("alpha")` with an argument `case` runs once for each file
`open/*__alpha.json`; several operations may be named, and `datasets=` for some of them alone. `load` gives
the data alone.
"""

import csv
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

OPEN = Path(__file__).parent / "open"
BACKGROUND = {"education", "age"}


@dataclass(frozen=True)
class Case:
    """One operation's figures on one data set; `X` holds its items, reversed where the meta file says so."""

    dataset: str
    operation: str
    tolerance: dict[str, Any]
    values: dict[str, Any]

    @property
    def X(self) -> np.ndarray:  # noqa: N802 - the field's name for a data matrix
        return load(self.dataset)[0]

    @property
    def names(self) -> tuple[str, ...]:
        return load(self.dataset)[1]

    @property
    def meta(self) -> dict[str, Any]:
        return meta(self.dataset)

    def has(self, *path: str) -> bool:
        """Whether a figure (not an error, not null) stands at `path`."""
        found: Any = self.values
        for key in path:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return found is not None and not (isinstance(found, dict) and "error" in found)

    def get(self, *path: str) -> Any:
        """What stands at `path` in the figures, as JSON has it."""
        return functools.reduce(lambda found, key: found[key], path, self.values)

    def array(self, *path: str) -> np.ndarray:
        """The number, list, matrix or named numbers at `path` as a float array, null and "NaN" as NaN."""
        found = self.get(*path)
        if isinstance(found, dict):
            found = found["matrix"] if "matrix" in found else list(found.values())
        missing = {None: np.nan, "NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}

        def number(x: Any) -> Any:
            if isinstance(x, list):
                return [number(y) for y in x]
            return missing.get(x, x) if x is None or isinstance(x, str) else x

        return np.array(number(found), dtype=float)


@functools.cache
def meta(dataset: str) -> dict[str, Any]:
    return json.loads((OPEN / f"{dataset}__meta.json").read_text())


@functools.cache
def load(dataset: str, *, keyed: bool = True) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the items of a data set as a read-only array with NaN for missing, and their names."""
    about = meta(dataset)
    with (OPEN / f"{dataset}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    groups = about.get("groups", [])
    dropped = BACKGROUND | set([groups] if isinstance(groups, str) else groups)
    items = [j for j, name in enumerate(header) if name not in dropped]
    X = np.array([[float(row[j]) if row[j] not in {"", "NA"} else np.nan for j in items] for row in rows])
    names = tuple(header[j] for j in items)
    reversed_items = about.get("reverse", []) if keyed else []
    for name in [reversed_items] if isinstance(reversed_items, str) else reversed_items:
        X[:, names.index(name)] = about["min"] + about["max"] - X[:, names.index(name)]
    X.setflags(write=False)
    return X, names


@functools.cache
def cases(operation: str) -> tuple[Case, ...]:
    found = sorted(OPEN.glob(f"*__{operation}.json"))
    records = [json.loads(path.read_text()) for path in found]
    return tuple(Case(r["dataset"], r["operation"], r["tolerance"], r["values"]) for r in records)


@pytest.fixture(name="load", scope="session")
def _load() -> Any:
    return load


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "reference(*operations, datasets=None): once for each case of R's figures, as `case`"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("reference")
    if marker is None or "case" not in metafunc.fixturenames:
        return
    only = marker.kwargs.get("datasets")
    found = [case for operation in marker.args for case in cases(operation)]
    chosen = [case for case in found if only is None or case.dataset in only]
    metafunc.parametrize("case", chosen, ids=[f"{case.dataset}-{case.operation}" for case in chosen])
