"""From the raw export of another system to alpha and to scores: one command each, at most three seconds.

The exports are made up in the real formats of the systems: heading rows, codes, names, encodings, and
definitions beside them. Each command is run three times and the shortest time counts, to exclude other
programs.
"""

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyreadstat
from openpyxl import Workbook

ROOT = Path(__file__).parents[2]
SECONDS = 3.0
TIMES = 3
N, K = 1000, 8
WORDS = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
ITEMS = [f"Q{place}" for place in range(1, K + 1)]


def answers():
    """Answers from 1 to 5, items 3 and 7 reversed, one in 25 empty; and alpha by its formula."""
    rng = np.random.default_rng(8)
    X = np.clip(np.round(3 + rng.normal(size=(N, 1)) + rng.normal(size=(N, K))), 1, 5)
    whole = X[(kept := rng.random(X.shape) > 0.04).all(axis=1)]
    alpha = K / (K - 1) * (1 - whole.var(axis=0, ddof=1).sum() / whole.sum(axis=1).var(ddof=1))
    X[:, [2, 6]] = 6 - X[:, [2, 6]]
    return np.where(kept, X, np.nan), alpha


def cells(X, shown=str):
    return [["" if cell != cell else shown(int(cell)) for cell in row] for row in X]  # noqa: PLR0124 - NaN


def written(file, rows, delimiter=",", encoding="utf-8"):
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    file.write_bytes(stream.getvalue().encode(encoding))
    return file


def qualtrics(folder, X):
    header = ["StartDate", "EndDate", "Progress", "ResponseId", *ITEMS, "Q9_TEXT"]
    texts = ["Start Date", "End Date", "Progress", "Response ID", *(f"Sentence\n{q}" for q in ITEMS), "Why?"]
    ids = [json.dumps({"ImportId": f"QID{place}"}) for place in range(len(header))]
    rows = [
        [
            "2026-10-01 09:00:00",
            "2026-10-01 09:07:12",
            "100",
            f"R_{place:05}",
            *row,
            'as I said, "so"\nand so',
        ]
        for place, row in enumerate(cells(X))
    ]
    return (
        written(folder / "qualtrics.csv", [header, texts, ids, *rows], encoding="utf-8-sig"),
        "Q1-Q8",
        "Q3,Q7",
    )


def limesurvey(folder, X):
    header = ["id", "submitdate", "startlanguage", *(f"team[SQ00{place}]" for place in range(1, K + 1))]
    rows = [
        [str(place), "1980-01-01 00:00:00", "en", *row]
        for place, row in enumerate(cells(X, "A{}".format), start=1)
    ]
    answers_ = "".join(
        f"<row><qid>1</qid><code>A{code}</code><answer>{word}</answer><sortorder>{code}</sortorder></row>"
        for code, word in enumerate(WORDS, start=1)
    )
    parts = "".join(
        f"<row><qid>{place + 1}</qid><parent_qid>1</parent_qid><title>SQ00{place}</title></row>"
        for place in range(1, K + 1)
    )
    (folder / "results-survey.lss").write_text(
        "<document><questions><rows><row><qid>1</qid><title>team</title></row></rows></questions>"
        f"<subquestions><rows>{parts}</rows></subquestions><answers><rows>{answers_}</rows></answers></document>"
    )
    file = written(folder / "results-survey.csv", [header, *rows], ";", "utf-8-sig")
    return file, "team[SQ001]-team[SQ008]", "team[SQ003],team[SQ007]"


def redcap(folder, X):
    choices = " | ".join(f"{code}, {word}" for code, word in enumerate(WORDS, start=1))
    fields = [
        [
            "Variable / Field Name",
            "Form Name",
            "Field Type",
            "Field Label",
            "Choices, Calculations, OR Slider Labels",
        ]
    ]
    fields += [[name.lower(), "team", "radio", f"Sentence {name}", choices] for name in ITEMS]
    written(folder / "Team_DataDictionary_2026-10-01.csv", fields)
    header = ["record_id", "redcap_survey_identifier", *map(str.lower, ITEMS), "med___1", "team_complete"]
    rows = [
        [str(place), "", *row, "0", "2"]
        for place, row in enumerate(cells(X, lambda code: WORDS[code - 1]), start=1)
    ]
    return written(folder / "Team_DATA_LABELS_2026-10-01.csv", [header, *rows]), "q1-q8", "q3,q7"


def odk(folder, X):
    header = ["SubmissionDate", "meta-instanceID", *(f"team-{name.lower()}" for name in ITEMS), "KEY"]
    rows = [
        ["2026-10-01T09:00:00.000Z", f"uuid:{place}", *row, f"uuid:{place}"]
        for place, row in enumerate(cells(X))
    ]
    return written(folder / "team.csv", [header, *rows]), "q1-q8", "q3,q7"


def spss(folder, X):
    frame = pd.DataFrame(np.where(np.isnan(X), 9, X), columns=ITEMS).assign(who="übung")
    labels = {name: dict(enumerate(WORDS, start=1)) for name in ITEMS}
    pyreadstat.write_sav(
        frame,
        str(folder / "team.sav"),
        variable_value_labels=labels,
        missing_ranges={name: [9] for name in ITEMS},
    )
    return folder / "team.sav", "Q1-Q8", "Q3,Q7"


def excel(folder, X):
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Form responses 1")
    sheet.append(["Timestamp", *(f"In my team, sentence {place}" for place in range(1, K + 1))])
    for row in cells(X, lambda code: f"{code} - {WORDS[code - 1]}"):
        sheet.append(["2026-10-01", *row])
    book.save(folder / "responses.xlsx")
    return folder / "responses.xlsx", "In my team*", '"In my team, sentence 3","In my team, sentence 7"'


EXPORTS = {
    "Qualtrics": qualtrics,
    "LimeSurvey": limesurvey,
    "REDCap": redcap,
    "ODK": odk,
    "SPSS": spss,
    "Excel": excel,
}


def timed(*arguments):
    """Run a command as a person would; what it printed, and the seconds it took."""
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        command = [sys.executable, "-m", "analysis", *map(str, arguments)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        taken.append(time.perf_counter() - begun)
    if run.returncode:
        raise SystemExit(run.stderr)
    return run.stdout, min(taken)


def main():
    X, alpha = answers()
    slowest = 0.0
    for system, export in EXPORTS.items():
        with TemporaryDirectory() as folder:
            made = Path(folder) / system
            made.mkdir()
            file, items, reverse = export(made, X)
            options = ("--items", items, "--reverse", reverse)
            page, to_alpha = timed("alpha", file, *options, "--format", "json")
            _, to_scores = timed(
                "score", file, *options, "--min-answered", 6, "--out", Path(folder) / "scored.csv"
            )
        found = json.loads(page)["alpha"]["value"]
        assert abs(found - alpha) < 1e-9, (system, found, alpha)
        slowest = max(slowest, to_alpha, to_scores)
        print(f"{system:12} {file.name:32} alpha {to_alpha:5.2f} s   scores {to_scores:5.2f} s")
    print(f"slowest {slowest:.2f} s, at most {SECONDS} s")
    return 0 if slowest <= SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
