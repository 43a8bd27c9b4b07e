"""Compare what two commits print: `python -m tests.compare_outputs --against COMMIT`.

Both commits run the same commands: the JSON reports of every open data set, the demonstration's reports and
its export, and every page that can be reached from its links. What is random by design (row order, ids, keys,
codes) is masked or sorted; anything else that differs is printed, and the exit status is then 1. A change
that only moves or renames code must print "0 differ".
"""

import argparse
import csv
import difflib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
DATA = Path("tests/reference/open")
STARTS = ("/", "/staff", "/host", "/export", "/report", "/support", "/sheet", "/accessibility", "/erase")
LANGUAGES = ("en", "cy", "es", "ar")
KEPT_TEXT = ("text/html", "application/json", "text/csv")
RANDOM = re.compile(
    r"[A-Za-z0-9_-]{43}|[0-9a-f]{64}|(?:[0-9A-Z]{4}[ -]){2}[0-9A-Z]{4}|\?v=[0-9a-f]+|"
    r"\d+ \w+ 20\d\d, \d\d:\d\d UTC"
)
"""Keys, hashes, codes and moments: they differ from run to run."""
PAGES_AT_MOST = 400


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", required=True, metavar="COMMIT", help="the commit to compare with")
    args = parser.parse_args()
    with _checkout(args.against) as before:
        old, new = recorded(before), recorded(TOP)
    differing = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    for name in differing:
        one, other = (each.get(name, "").splitlines() for each in (old, new))
        print("\n".join(list(difflib.unified_diff(one, other, f"before/{name}", f"after/{name}", n=0))[:12]))
    print(f"{len(new)} outputs compared, {len(differing)} differ")
    return 1 if differing else 0


@contextmanager
def _checkout(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(TOP), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def recorded(tree: Path) -> dict[str, str]:
    """Return everything that the code in a folder prints, by name."""
    outputs = {f"report {name}": text for name, text in _reports(tree)}
    with tempfile.TemporaryDirectory() as folder:
        outputs |= _demonstration(tree, Path(folder))
    return outputs


def _reports(tree: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((tree / DATA).glob("*.csv")):
        meta = json.loads(path.with_name(f"{path.stem}__meta.json").read_text())
        with path.open(newline="") as file:
            items = next(csv.reader(file))
        background = {*_listed(meta.get("groups")), "id", "education", "age"}
        items = [name for name in items if name not in background]
        chosen = ["--correlation", "pearson"] if meta.get("continuous") else []
        command = ["factor", str(path), "--items", ",".join(items), "--factors", "1", "--format", "json"]
        yield path.stem, _run(tree, ["-m", "analysis", *command, *chosen])
    bfi25 = [str(tree / DATA / "bfi25.csv"), "--instrument", str(tree / "tests/instruments/bfi25")]
    for format_ in ("json", "text"):
        yield f"bfi25 whole {format_}", _run(tree, ["-m", "analysis", "report", *bfi25, "--format", format_])


def _listed(names: object) -> list[str]:
    return [names] if isinstance(names, str) else list(names or ())  # type: ignore[call-overload]


def _run(tree: Path, args: list[str]) -> str:
    done = subprocess.run(
        [sys.executable, *args], cwd=tree, env=_environment(tree), capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).replace(str(tree), "TREE")


def _environment(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "OPENBLAS_NUM_THREADS": "1"}


def _demonstration(tree: Path, folder: Path) -> dict[str, str]:
    command = [sys.executable, "-m", "app", "demo", "--dir", str(folder / "demo"), "--port", "8765", "--json"]
    serving = subprocess.Popen(
        command,
        cwd=tree,
        env=_environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert serving.stdout is not None
        links = json.loads(serving.stdout.readline())
        origin = links["respondent"].rstrip("/")
        outputs = {f"page {address}": text for address, text in _crawled(origin)}
    finally:
        serving.terminate()
        serving.wait()
    kept = ["-m", "app", "export", "demo-1", "--out", str(folder / "out"), "--dir", str(folder / "demo")]
    _run(tree, kept)
    for path in sorted((folder / "out").iterdir()):
        text = path.read_text()
        outputs[f"export {path.name}"] = _without_order(text) if path.suffix == ".csv" else _masked(text)
    return outputs


def _crawled(origin: str) -> Iterator[tuple[str, str]]:
    waiting = [f"{start}?lang={language}" for start in STARTS for language in LANGUAGES]
    seen = set(waiting)
    while waiting and len(seen) < PAGES_AT_MOST:
        address = waiting.pop(0)
        try:
            with urllib.request.urlopen(origin + address) as response:
                kind, body = response.headers.get_content_type(), response.read()
        except urllib.error.HTTPError as refused:
            kind, body = "text/html", refused.read()
        if kind not in KEPT_TEXT:
            continue
        text = body.decode()
        yield address, _without_order(text) if kind == "text/csv" else _masked(text)
        if kind == "text/html":
            for link in re.findall(r'<a[^>]* href="(/[^"#]*)', text):
                found = urllib.parse.urljoin(address, link.replace("&amp;", "&"))
                if found not in seen and not found.startswith(("//", "/leave", "/exit")):
                    seen.add(found)
                    waiting.append(found)


def _masked(text: str) -> str:
    return RANDOM.sub("*", text)


def _without_order(text: str) -> str:
    """Rows sorted, without the id that is drawn anew for every export."""
    rows = list(csv.reader(io.StringIO(text)))
    first = 1 if rows and rows[0][0] in ("id", "row_id", "response") else 0
    return "\n".join([",".join(rows[0][first:]), *sorted(",".join(row[first:]) for row in rows[1:])])


if __name__ == "__main__":
    sys.exit(main())
