"""The words and lists of a pack that are the same for every study."""

from collections.abc import Mapping
from typing import Final

OPEN: Final = "[The host writes here]"
HOW: Final = (
    "Made from what the study has declared. What stands in square brackets is for the host to write, or to "
    "have checked by whoever knows the law of the place; this document is no legal advice."
)
GIVES: Final[Mapping[str, str]] = {
    "reports": "Reports of groups; no row of answers leaves.",
    "rows": "Rows of answers without their unit; no report of groups.",
    "rows with units": "Rows of answers with their unit; no report of groups.",
    "rows unwithheld": "Rows of answers, with what each person said of themselves, however rare; no report.",
}
RECIPIENTS: Final[Mapping[str, str]] = {
    "reports": "trainers of the study: figures of groups of {k} people at least, after the close",
    "rows": "researchers of the study: rows of groups of {k} people at least, after the close",
    "rows with units": "researchers of the study: rows of groups of {k} people at least, after the close",
    "rows unwithheld": "researchers of the study: rows of groups of {k} people at least, after the close",
}
RECOGNISED: Final[Mapping[str, str]] = {
    "reports": "nothing is told of fewer than {k} people",
    "rows": "rare context is withheld; whoever knows a person well may still know their row",
    "rows with units": "rare context is withheld; whoever knows a person well may still know their row",
    "rows unwithheld": "what people say of themselves stays: whoever knows a person may know their row by it",
}
BOXES: Final = (
    ("has to be ticked to go on", "Yes, for this study. I have read what is above."),
    (
        "may be ticked, where there is an archive",
        (
            "Also for an archive, where other researchers may study them under the same rules. (You need not "
            "agree to this.)"
        ),
    ),
)
"""What people tick, as it stands on the page."""
RIGHTS: Final = (
    ("to be informed", "by the page that people read before they agree"),
    (
        "to withdraw and to erase",
        (
            "by leaving before sending, and by the receipt afterwards, without a reason; figures that were "
            "published before, and copies that researchers have, are not reached"
        ),
    ),
    (
        "to see, to correct, to receive a copy",
        (
            "once, on the page after sending; afterwards nobody can find the answers of a person, since "
            "neither a name nor a code is kept with them once the collection has closed"
        ),
    ),
    ("not to be decided about by a machine", "nothing is decided about a person by their answers"),
)
FILES: Final[Mapping[str, str]] = {
    "information-and-consent": "what people read and tick, and whom they may talk to",
    "privacy-and-dpia": "privacy notice, and a template for the impact assessment",
    "data-management-plan": "what is kept, for how long, and who may read it",
    "pilot-protocol": "what is looked at before the study, with bounds",
    "invitations": "to people who answer, to a panel, and to interviews",
    "user-manual": "for whoever uses the questionnaire: purpose, people, administration, claims, limits",
    "interview-guide": "probes for each sentence, what to do in distress, and a log",
    "scoring-manual": "how answers become scores, with worked cases",
    "preregistration": "printed from PLAN.yaml, which is written first",
}
BESIDE: Final[tuple[tuple[str, str], ...]] = (
    (
        "questionnaire.pdf",
        "the questions as people see them; `counterpoise paper` prints other languages and roles",
    ),
    ("panel/sheet.xlsx, panel/sheet.html", "sheets for a panel that judges the sentences"),
    ("PLAN.yaml", "the plan to write, where the form has scores: docs/validation.md"),
)
NOT_HERE: Final = (
    ("sponsor, insurance, agreements between sites", "of the organisations that take part"),
    ("who the researchers are, and what they were trained in", "of each of them"),
    ("background and review of the literature", "of whoever asks the question; this pack reviews none"),
    ("easy-read and translated information", "the host's own words are shown as they were written"),
    ("people who may not be able to decide", "a procedure, where such people are asked"),
    ("payment or thanks", "what is given for taking part, and how it stays apart from the answers"),
    ("safety of interviewers", "lone working, supervision, and what is said of danger"),
    ("what is done if something goes wrong", "to whom an incident is reported, and within how long"),
    ("telling people what was found", "when, where, and in what words"),
)
"""What a committee may ask for and no program can know."""
