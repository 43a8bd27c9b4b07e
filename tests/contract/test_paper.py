"""Paper asks what the screen asks, can be read aloud, and a slip leads a telephone to the right place."""

import base64
import io
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from pypdf import PdfReader
from typer.testing import CliRunner

import instrument
from app.cli import app
from app.hosting.slips import slips
from app.paper.pages import paper_form
from app.printing import PICTURE, drawn, pdf, pdf_of_markup

PPIQ = instrument.ppiq()
CODES = [f"7K3M-9QXT-0{number:03}" for number in range(10)]


def words_of(document: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(document)).pages)


@pytest.fixture(scope="module")
def form_a() -> bytes:
    return pdf(paper_form(PPIQ, "a", "en", "practice_educator"))


def test_the_paper_asks_every_question_of_the_form_in_its_order(form_a: bytes) -> None:
    text, words = words_of(form_a), PPIQ.words["a", "en"]
    sentences = [words.sentence(item.id, "practice_educator") for item in PPIQ.forms["a"].items]
    places = [text.index(sentence) for sentence in sentences]
    assert places == sorted(places)
    assert text.count("Completely true") == 30
    assert text.count("Does not apply") == sum(item.does_not_apply for item in PPIQ.forms["a"].items)
    asked = len(PPIQ.forms["a"].context) + len(PPIQ.forms["a"].items)
    assert text.count("Rather not say") == asked, "as on the screen, of the person too"
    assert PPIQ.forms["a"].hash in text.replace(" ", "")


def test_the_paper_is_tagged_titled_and_says_its_language(form_a: bytes) -> None:
    root = PdfReader(io.BytesIO(form_a)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF boolean
    assert root["/Lang"] == "en"
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    assert PdfReader(io.BytesIO(form_a)).metadata.title == PPIQ.words["a", "en"].title


def test_the_same_paper_has_the_same_bytes(form_a: bytes) -> None:
    assert pdf(paper_form(PPIQ, "a", "en", "practice_educator")) == form_a


def test_a_slip_takes_a_telephone_to_its_code_behind_the_hash() -> None:
    document = pdf(slips(CODES, "https://example.org/", "North team"))
    pictures = [image.image for page in PdfReader(io.BytesIO(document)).pages for image in page.images]
    found = {zxingcpp.read_barcode(picture.convert("L")).text for picture in pictures}
    assert found == {f"https://example.org/#{code}" for code in CODES}
    assert all(code in words_of(document) for code in CODES)


SETTING = """
import io, sys
from pypdf import PdfReader
from app.hosting.slips import slips
from app.printing import pdf

started = []
sys.addaudithook(lambda event, _: started.append(event) if event in {"subprocess.Popen", "os.fork"} else None)
codes = [f"7K3M-9QXT-0{number:03}" for number in range(40)]
document = pdf(slips(codes, "https://example.org", "North team"))
print(len(PdfReader(io.BytesIO(document)).pages), started, sorted({"weasyprint", "segno"} & set(sys.modules)))
"""


def test_slips_are_set_in_one_process_of_their_own() -> None:
    """Forty slips take a second of Python, during which no respondent would get a page."""
    done = subprocess.run([sys.executable, "-c", SETTING], capture_output=True, text=True, check=True)
    assert done.stdout == "7 ['subprocess.Popen'] []\n"


def test_a_page_on_paper_fetches_nothing_but_what_stands_in_it(tmp_path: Path) -> None:
    """If a picture is not in the page, nothing is made rather than a page without it."""
    picture, page = drawn("a picture"), '<html lang="en"><title>A page</title><img alt="" src="{}">'
    outside = tmp_path / "outside.png"
    outside.write_bytes(picture)
    within = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    for source in (within, f"{PICTURE}text"):
        [paper] = PdfReader(io.BytesIO(pdf_of_markup(page.format(source)))).pages
        assert len(paper.images) == 1
    for source in (outside.as_uri(), "http://127.0.0.1:9/picture.png"):
        with pytest.raises(subprocess.CalledProcessError):
            pdf_of_markup(page.format(source))


def test_a_host_prints_a_form(tmp_path: Path) -> None:
    out = tmp_path / "a.pdf"
    done = CliRunner().invoke(app, ["paper", "--form", "a", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "I get support in our meetings." in words_of(out.read_bytes())
