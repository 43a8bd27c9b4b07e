"""Measure the structure of the packages: `make layout` prints it.

Its bounds stand in tests/docs/test_architecture.py.

All imports count, those inside functions too. A chain is a path of modules in one package of which each
imports the next; a circle is a set of siblings (modules or packages of one folder) that import each other.
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import grimp

TOP: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("instrument", "analysis", "app")
"""From the lowest to the highest: a package imports only those before it."""
MODULES_AT_MOST: Final = {"analysis": 12, "app": 20, "instrument": 21}
CHAIN_AT_MOST: Final = {"analysis": 22, "app": 15}


@dataclass(frozen=True)
class Layout:
    root_modules: dict[str, tuple[str, ...]]
    """Per package the modules that lie in no folder, `__init__` and `__main__` among them."""
    longest_chain: dict[str, tuple[str, ...]]
    circles: tuple[tuple[str, ...], ...]
    upward: tuple[tuple[str, str], ...]
    """Imports of a higher package by a lower one."""


def main() -> None:
    found = layout()
    for package in PACKAGES:
        modules, chain = found.root_modules[package], found.longest_chain[package]
        print(
            f"{package}: {len(modules)} modules at the root; longest chain {len(chain)}: {' > '.join(chain)}"
        )
    print(f"imports against the directions: {', '.join(map(' > '.join, found.upward)) or 'none'}")
    print(f"circles: {'; '.join(map(' + '.join, found.circles)) or 'none'}")


@cache
def layout() -> Layout:
    sys.path.insert(0, str(TOP))
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    return Layout(
        root_modules={
            package: tuple(sorted(path.stem for path in (TOP / package).glob("*.py"))) for package in PACKAGES
        },
        longest_chain={package: _longest_chain(package, imports) for package in PACKAGES},
        circles=tuple(_circles(imports)),
        upward=tuple(
            (module, imported)
            for module, several in sorted(imports.items())
            for imported in sorted(several)
            if PACKAGES.index(_package(module)) < PACKAGES.index(_package(imported))
        ),
    )


def _package(module: str) -> str:
    return module.partition(".")[0]


def _longest_chain(package: str, imports: dict[str, set[str]]) -> tuple[str, ...]:
    longest: dict[str, tuple[str, ...]] = {}

    def chain(module: str, above: frozenset[str]) -> tuple[str, ...]:
        if module not in longest:
            below = (
                chain(each, above | {module})
                for each in sorted(imports[module])
                if _package(each) == package and each not in above | {module}
            )
            longest[module] = (module.removeprefix(f"{package}."), *max(below, key=len, default=()))
        return longest[module]

    return max(
        (chain(module, frozenset()) for module in sorted(imports) if _package(module) == package), key=len
    )


def _circles(imports: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Return the sets of siblings that import each other, at every level of the tree."""
    found = []
    for parent in sorted({module.rpartition(".")[0] for module in imports} - {""}):
        ties: dict[str, set[str]] = {}
        for module, several in imports.items():
            for imported in several:
                one, other = _child(parent, module), _child(parent, imported)
                if one and other and one != other:
                    ties.setdefault(one, set()).add(other)
        found += _strong_components(ties)
    return found


def _child(parent: str, module: str) -> str | None:
    """Return the child of a package that a module is or lies in."""
    if not module.startswith(f"{parent}."):
        return None
    return f"{parent}.{module.removeprefix(f'{parent}.').partition('.')[0]}"


def _strong_components(ties: dict[str, set[str]]) -> list[tuple[str, ...]]:
    def reached(start: str) -> set[str]:
        seen, waiting = set(), [start]
        while waiting:
            for each in ties.get(waiting.pop(), ()):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return seen

    reach = {each: reached(each) for each in ties}
    circles = {
        tuple(sorted(other for other in reach[each] if each in reach.get(other, ())))
        for each in ties
        if each in reach[each]
    }
    return sorted(circles)


if __name__ == "__main__":
    main()
