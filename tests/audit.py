"""What the service is made of, and whether anything of it has a known fault.

    python -m tests.audit [--out dist] [--without-asking]

Writes `sbom.json`, CycloneDX 1.5, from the locked requirements: every package with its version and the hashes
that are accepted. Then asks, by pip-audit in an environment of its own, whether a fault of one of them is
known. Where that cannot be asked it says NOT RUN, since pip-audit by itself takes "could not be asked" for
"nothing found". Exits with 1 where a fault is known.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
LOCKED: Final = ROOT / "requirements" / "run.txt"
PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$")
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
NOT_RUN: Final = "pip-audit: NOT RUN"
SECONDS: Final = 300


def components(locked: str) -> list[dict[str, Any]]:
    """Every package of a file of locked requirements, as CycloneDX has it."""
    found: list[dict[str, Any]] = []
    for line in locked.splitlines():
        if pinned := PINNED.match(line):
            name, version, only = pinned.groups()
            found.append(
                {
                    "type": "library",
                    "bom-ref": f"{name}@{version}",
                    "name": name,
                    "version": version,
                    "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
                    "properties": [{"name": "only where", "value": only}] if only else [],
                    "hashes": [],
                }
            )
        elif found:
            found[-1]["hashes"] += [{"alg": "SHA-256", "content": each} for each in HASH.findall(line)]
    return found


def sbom() -> dict[str, Any]:
    """Return the whole list, of this version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components(LOCKED.read_text()),
    }


def known_faults() -> tuple[str, bool]:
    """What pip-audit says, and whether it knows of a fault."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        binaries = Path(folder) / "bin"
        try:
            run(str(binaries / "pip"), "install", "--quiet", "--disable-pip-version-check", "pip-audit")
            asked = run(
                str(binaries / "pip-audit"),
                *("--strict", "--require-hashes", "--disable-pip", "--progress-spinner=off"),
                *("--format=json", "--requirement", str(LOCKED)),
                check=False,
            )
        except (subprocess.SubprocessError, OSError) as error:
            return f"{NOT_RUN} ({type(error).__name__}: it cannot be installed or does not end)", False
    return judged(asked.stdout, asked.returncode)


def judged(told: str, code: int) -> tuple[str, bool]:
    """Read what pip-audit has printed; without an answer for every package it has not run."""
    try:
        packages = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return (
            f"{NOT_RUN} (it ended with {code} and told nothing: its service cannot be asked from here)",
            False,
        )
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    faults = [
        f"{each['name']} {each['version']}: {fault['id']}"
        for each in packages
        for fault in each.get("vulns", ())
    ]
    if faults:
        return f"pip-audit: {len(faults)} known faults: {'; '.join(faults)}", True
    if skipped or not packages:
        return f"{NOT_RUN} for {', '.join(skipped) or 'any package'}", False
    return f"pip-audit: no known fault in {len(packages)} packages", False


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=SECONDS)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--out", type=Path, default=ROOT / "dist")
    asked.add_argument("--without-asking", action="store_true")
    given = asked.parse_args()
    made = sbom()
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "sbom.json").write_text(json.dumps(made, indent=1) + "\n")
    sys.stdout.write(f"{given.out / 'sbom.json'}: {len(made['components'])} packages\n")
    told, faulty = (f"{NOT_RUN} (asked not to)", False) if given.without_asking else known_faults()
    sys.stdout.write(told + "\n")
    return int(faulty)


if __name__ == "__main__":
    sys.exit(main())
