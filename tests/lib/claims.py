"""Words that claim more of the questionnaire than its stage allows, in what anybody reads of it."""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from babel.messages.pofile import read_po
from pypdf import PdfReader

from instrument import ppiq

ROOT = Path(__file__).parents[2]
CLAIMS = re.compile(
    r"(?<!un)validated|\bis (?:a )?valid\b|\breliable\b|(?<!no )\bnorms?\b|(?<!no )\bcut-?off|clinical"
    r"|\bproven\b|scientifically|psychometrically|\bmeasures (?:power|imbalance)|\bdetects\b"
    r"|(?:high|low) scores?\b|\bdiagnos|\bvalidad[oa]s?\b|\bfiables?\b|\bdiagnóstic|\bbaremos?\b"
    r"|psicométricamente|\bdilys\b|\bdibynadwy\b|\bwedi['’]i ddilysu|seicometrig"
    r"|(?<!شخص )موثوق|مُثبت علم|معايير مرجعية|سيكومتري"
    # What a later stage allows, and only to the register of evidence.
    r"|content (?:was )?reviewed by|structure (?:is |was )?(?:supported|confirmed)|supported in a sample"
    r"|precision (?:is )?known|and understood as intended|may be compared where"
    r"|contenido revisado por|estructura (?:confirmada|respaldada)|precisión conocida"
    r"|cynnwys wedi['’]i adolygu|strwythur wedi['’]i gadarnhau|manylder hysbys"
    r"|راجع محتواه|تأكدت بنيته|دقة معروفة",
    re.IGNORECASE,
)
TERMS = re.compile(r"reliable change|cut-offs?\b|cutoffs?\b|nothing to be reliable", re.IGNORECASE)
"""Terms of statistics in the names of what is computed, which say nothing of the questionnaire."""
OF_THE_REGISTER = "app/evidence/claims.py"
"""What each stage allows is said here alone, of evidence that two people have confirmed."""

RECORDS = "history/"
"""Where an instrument keeps why a sentence is as it is, and what its translations say when read back."""


def text_of(page: str) -> str:
    """Return what a page says, without the sentences on what may and what may not be said."""
    shown = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    said = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", shown)))
    for claims in ppiq().claims_in.values():
        for line in (*claims.may_not_say, *claims.always, *claims.may_say):
            said = said.replace(line, " ")
    return said


def claimed(text: str) -> list[str]:
    """Return each claim in a text, with the words around it."""
    said = text_of(text) if "<" in text or CLAIMS.search(text) else ""
    return [said[max(0, found.start() - 60) : found.end() + 40] for found in CLAIMS.finditer(said)]


def readable(content: bytes) -> str:
    """Return the text of a file: of a PDF as it is read, of an archive or a document that of its parts."""
    if content.startswith(b"%PDF"):
        return " ".join(page.extract_text() or "" for page in PdfReader(io.BytesIO(content)).pages)
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return " ".join(readable(archive.read(name)) for name in archive.namelist())
    text = content.decode("utf-8", "ignore")
    if not text.startswith("{"):
        return text
    said = json.loads(text)
    if isinstance(said.get("files"), dict):  # a questionnaire's folder as one file
        said["files"] = {name: each for name, each in said["files"].items() if not name.startswith(RECORDS)}
    return json.dumps(said, ensure_ascii=False)


def sources() -> Iterator[tuple[str, str]]:
    """Give all that pages and files are made of, each text with where it stands."""
    for path in sorted((ROOT / "app" / "templates").rglob("*.*")):
        yield str(path.relative_to(ROOT)), path.read_text("utf-8")
    for path in sorted((ROOT / "app" / "locale").rglob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                yield str(path.relative_to(ROOT)), str(message.string)
    for path in sorted((ROOT / "instrument" / "ppiq" / "words").glob("*.yaml")):
        if not path.name.startswith("claims."):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
    for room in ("app", "analysis", "instrument"):
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for line, said in _strings(path) if name != OF_THE_REGISTER else ():
                yield f"{name}:{line}", TERMS.sub(" ", said) if room == "analysis" else said


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """Give each string of a module that is no docstring; of one with fields, what stands between them."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(each) for each in node.values}
            yield (
                node.lineno,
                "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values),
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value
