"""A pytest plugin that puts a changed module in the place of the true one: `MUTANT=module=file`."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

NAMED = "MUTANT"


class Mutant(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, file: str) -> None:
        self.module, self.file = module, file

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        return importlib.util.spec_from_file_location(name, self.file) if name == self.module else None


if NAMED in os.environ:
    module, _, file = os.environ[NAMED].partition("=")
    sys.meta_path.insert(0, Mutant(module, file))
