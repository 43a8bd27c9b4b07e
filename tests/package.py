"""The wheel and the source distribution: built from what git holds, installed where nothing is, and served.

    python -m tests.package [--out dist]

Prints one line, and exits with 1 where the installed service differs from the one here.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[1]
PAGES = ("/", "/cy/", "/es/", "/ar/", "/reflect", "/safety", "/export", "/report", "/host", "/ready")
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"


def held_by_git() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def build(work: Path, out: Path) -> tuple[Path, Path]:
    """Build the source distribution from what git holds, and the wheel from that."""
    source = work / "source"
    for name in held_by_git():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    out.mkdir(parents=True, exist_ok=True)
    sdist = out / _built("build_sdist", source, out)
    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    return sdist, out / _built("build_wheel", work / sdist.name.removesuffix(".tar.gz"), out)


def _built(what: str, source: Path, out: Path) -> str:
    made = subprocess.run(
        [sys.executable, "-c", BUILD, what, str(out.absolute())],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()[-1]


def serve_from(environment: Path, work: Path, port: int) -> list[str]:
    """Serve the demonstration from an environment outside this folder; return what is wrong."""
    command = str(environment / "bin" / "counterpoise")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COUNTER"))}
    wrong: list[str] = []
    with subprocess.Popen(
        [command, "demo", "--dir", "demo", "--port", str(port), "--json"],
        cwd=work,
        env=own,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            links = json.loads(demo.stdout.readline() if demo.stdout else "")
            with httpx2.Client(base_url=links["respondent"], follow_redirects=True, timeout=60) as client:
                wrong += [page for page in PAGES if client.get(page).status_code != 200]
                if "/static/" not in client.get("/").text:
                    wrong.append("the style of the pages")
        finally:
            demo.terminate()
    for words in (["paper", "--out", "form.pdf"], ["doctor", "--dir", "demo"]):
        if subprocess.run([command, *words], cwd=work, env=own, capture_output=True, check=False).returncode:
            wrong.append(f"counterpoise {words[0]}")
    return wrong


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--out", type=Path, default=ROOT / "dist")
    asked.add_argument("--port", type=int, default=8123)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _, wheel = build(work, given.out)
        environment = work / "environment"
        venv.create(environment, with_pip=True)
        pip = [str(environment / "bin" / "pip"), "--disable-pip-version-check", "--quiet", "install"]
        locked = str(ROOT / "requirements" / "run.txt")
        subprocess.run([*pip, "--require-hashes", "-r", locked], check=True)
        subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
        wrong = serve_from(environment, work, given.port)
    told = f"not as here: {', '.join(wrong)}" if wrong else f"served {len(PAGES)} pages from {wheel.name}"
    sys.stdout.write(f"package: {told}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
