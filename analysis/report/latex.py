"""A finished report as LaTeX, its tables set as journals ask for them and ready to be cut out."""

from collections.abc import Sequence
from typing import Final

from analysis.report.cells import missing_reasons, number_columns, shown, titled
from analysis.report.document import Document, Table

SPECIAL: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "–": "--",
        "−": "$-$",
        "×": r"$\times$",
        "±": r"$\pm$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        "²": r"\textsuperscript{2}",
        "→": r"$\rightarrow$",
        "√": r"$\surd$",
        "′": "$'$",
        "α": r"$\alpha$",
        "β": r"$\beta$",
        "η": r"$\eta$",
        "θ": r"$\theta$",
        "λ": r"$\lambda$",
        "μ": r"$\mu$",
        "ν": r"$\nu$",
        "τ": r"$\tau$",
        "χ": r"$\chi$",
        "ω": r"$\omega$",
        "Δ": r"$\Delta$",
        "\n": " ",
    }
)
"""Characters that LaTeX reads as commands, or that its fonts lack, and how they are written in it."""


def as_latex(found: Document) -> str:
    """Return a report as a LaTeX document: each table in booktabs' rules, ready to be cut out.

    Parameters
    ----------
    found
        The report.

    Returns
    -------
    A whole document; it needs the packages booktabs, caption, geometry and longtable, which every
    distribution has.
    """
    said = [found.lead, *found.labels, found.origin]
    parts = [rf"\section*{{{_tex(found.title)}}}", *(_tex(text) for text in said if text)]
    for section in found.sections:
        parts += [rf"\subsection*{{{_tex(section.title)}}}", _tex(section.reading)]
        parts += [_latex_table(part, found.labels) for part in section.tables]
        parts += [_tex(reason) for reason in missing_reasons(section.tables)]
    return LATEX.format(body="\n\n".join(part for part in [*parts, _tex(found.how)] if part))


LATEX: Final = r"""\documentclass{{article}}
\usepackage[T1]{{fontenc}}
\usepackage[utf8]{{inputenc}}
\usepackage[margin=2cm]{{geometry}}
\usepackage{{booktabs,caption,longtable}}
\setlength{{\parindent}}{{0pt}}
\setlength{{\parskip}}{{6pt}}
\begin{{document}}
\footnotesize

{body}

\end{{document}}
"""


def _tex(text: str) -> str:
    return text.translate(SPECIAL)


def _latex_table(part: Table, labels: Sequence[str]) -> str:
    columns = "".join("r" if number else "l" for number in number_columns(part))
    title = _tex(titled(part, labels))
    head = " & ".join(_tex(header) for header in part.headers) + r" \\"
    rows = [" & ".join(_tex(text) for text in shown(row)) + r" \\" for row in part.rows]
    return "\n".join(
        [
            rf"\begin{{longtable}}{{{columns}}}",
            rf"\caption*{{{title}}} \\",
            r"\toprule",
            head,
            r"\midrule",
            r"\endhead",
            *rows,
            r"\bottomrule",
            r"\end{longtable}",
        ]
    )
