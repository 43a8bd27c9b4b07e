"""The files of an instrument's folder as plain data, read and written."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from instrument.nodes import is_name, read

Files = Mapping[str, Mapping[Any, Any]]
"""The name of each file -> what it says."""


def read_files(folder: Path) -> dict[str, dict[Any, Any]]:
    """Return what the YAML files of a folder say."""
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.yaml"))]
    return {name: read(folder / name, name).data for name in names if not name.startswith("history/")}


def write_files(files: Files, folder: Path, remarks: Mapping[str, str] | None = None) -> None:
    """Write files into a folder that does not exist yet; `remarks` are first lines, by file."""
    folder.mkdir(parents=True)
    for name, text in as_written(files).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        remark = "".join(f"# {line}\n" for line in (remarks or {}).get(name, "").splitlines())
        path.write_text(remark + text, encoding="utf-8")


def as_written(files: Files) -> dict[str, str]:
    """Return the text of each file."""
    return {name: "".join(f"{line}\n" for line in _block(said, "")) for name, said in files.items()}


def _block(said: Mapping[Any, Any], indent: str) -> Iterator[str]:
    for key, value in said.items():
        name = str(key) if isinstance(key, int) or is_name(key) else _scalar(key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from _block(value, f"{indent}  ")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield f"{indent}{name}:"
            yield from (f"{indent}  - {_flow(each)}" for each in value)
        else:
            yield f"{indent}{name}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Write text in quotes, numbers and true or false without; invisible characters become escapes."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if "\u200b" <= c <= "\u200f" else c for c in written)
