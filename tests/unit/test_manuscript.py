"""Tables for a manuscript: the files for a word processor and for LaTeX say what the report says."""

import re
from io import BytesIO

import docx
import pytest

from analysis.__main__ import main
from analysis.estimate import Unavailable
from analysis.report.document import SIMULATED, Document, Section, Table
from analysis.report.docx_tables import as_docx
from analysis.report.latex import as_latex

WHY = Unavailable(reason="no variance", detail="all gave one answer")
HOSTILE = r"50 % of {x}_1 & \input{passwd} $\alpha$ ~ ^ # <b> |"


def report(*labels, title="Scales", name=HOSTILE):
    table = Table(
        title=title,
        headers=("scale", "items", "alpha"),
        rows=((name, 4, 0.81234), ("χ² of ω ≥ 1", 3, WHY)),
    )
    section = Section(id="scales", title="The scales", reading="How they hang together.", tables=(table,))
    return Document(
        title="A report",
        lead="What it is about.",
        labels=labels,
        provenance="n = 3 rows",
        sections=(section,),
        how="Read it with care.",
    )


def test_a_word_processor_reads_the_tables_with_their_rounded_figures_and_reasons():
    page = docx.Document(BytesIO(as_docx(report())))
    (table,) = page.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["scale", "items", "alpha"],
        [HOSTILE, "4", "0.812"],
        ["χ² of ω ≥ 1", "3", "–"],
    ]
    said = [paragraph.text for paragraph in page.paragraphs]
    assert f"Not available because {WHY.why}: χ² of ω ≥ 1 (alpha)." in said
    assert {"A report", "The scales", "How they hang together.", "Scales", "Read it with care."} <= {*said}
    assert 'w:tblHeader w:val="true"' in table.rows[0]._tr.xml
    assert page.core_properties.author == ""


def test_latex_says_the_same_and_no_word_of_a_report_is_a_command():
    page = as_latex(report())
    body = page.split(r"\begin{document}")[1]
    assert r"50 \% of \{x\}\_1 \& \textbackslash{}input\{passwd\} \$\textbackslash{}alpha\$" in body
    assert r" & 4 & 0.812 \\" in body
    assert r"$\chi$\textsuperscript{2} of $\omega$ $\ge$ 1 & 3 & -- \\" in body
    commands = {*re.findall(r"\\([a-z]+)", body)}
    assert "input" not in commands
    assert body.count(r"\begin{longtable}{lrr}") == body.count(r"\end{longtable}") == 1


@pytest.mark.parametrize("labels", [(SIMULATED,), ()])
def test_a_table_that_is_cut_out_says_simulated_itself(labels):
    page = docx.Document(BytesIO(as_docx(report(*labels))))
    said = "SIMULATED: Scales" if labels else "Scales"
    assert said in [paragraph.text for paragraph in page.paragraphs]
    assert f"{{{said}}}" in as_latex(report(*labels))


def test_the_command_line_writes_them(tmp_path, capsys):
    answers = tmp_path / "answers.csv"
    answers.write_text("a,b,c\n" + "1,2,3\n2,3,4\n4,4,5\n5,3,4\n" * 10)
    command = ["alpha", str(answers), "--items", "a,b,c"]
    assert main([*command, "--format", "docx", "--out", str(tmp_path / "tables.docx")]) == 0
    assert docx.Document(str(tmp_path / "tables.docx")).tables
    assert main([*command, "--format", "latex"]) == 0
    assert r"\begin{longtable}" in capsys.readouterr().out
    assert main([*command, "--format", "docx"]) == 2
    assert "name a file with --out" in capsys.readouterr().err
