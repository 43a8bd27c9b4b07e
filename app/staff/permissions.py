"""One table of who may open what. A route of staff that is not in it is open to nobody."""

from collections.abc import Mapping
from typing import Final, Literal

Role = Literal["host", "researcher", "trainer", "operator"]

EVERYWHERE: Final = "*"
"""In place of a study: an operator's whole service, and a host's leave to make studies."""
SIGNING_IN: Final = frozenset(
    {
        "GET /api/v1/openapi.json",
        "GET /staff",
        "POST /staff",
        "POST /staff/sign-in",
        "GET /staff/enrol",
        "POST /staff/enrol",
        "GET /staff/help",
        "GET /staff/account",
        "POST /staff/account",
        "GET /staff/again",
        "POST /staff/again",
        "POST /staff/leave",
        "POST /staff/institution",
        "GET /staff/institution/back",
        "GET /staff/institution/code",
        "POST /staff/institution/code",
    }
)
"""Open to anyone: they show nothing of a study, and each checks for itself who asks."""

HOST: Final[frozenset[Role]] = frozenset({"host"})
RESEARCHER: Final[frozenset[Role]] = frozenset({"researcher"})
TRAINER: Final[frozenset[Role]] = frozenset({"trainer"})
OPERATOR: Final[frozenset[Role]] = frozenset({"operator"})

HOME: Final[Mapping[Role, str]] = {
    "host": "/host",
    "researcher": "/export",
    "trainer": "/report",
    "operator": "/operator",
}
"""The first page of each role, named as the folder that makes it."""

ROUTES: Final[Mapping[str, frozenset[Role]]] = {
    "GET /api/v1/studies": RESEARCHER | TRAINER,
    "GET /api/v1/studies/{study}/waves": RESEARCHER | TRAINER,
    "GET /api/v1/waves/{wave}/exports": RESEARCHER,
    "GET /api/v1/waves/{wave}/exports/{name}": RESEARCHER,
    "GET /api/v1/waves/{wave}/reports": TRAINER,
    "GET /api/v1/waves/{wave}/report": TRAINER,
    "GET /api/v1/waves/{wave}/reports/{part}": TRAINER,
    "GET /api/v1/instruments": RESEARCHER | TRAINER,
    "GET /api/v1/instruments/{instrument}/forms/{form}": RESEARCHER | TRAINER,
    "GET /host": HOST,
    "GET /host/studies": HOST,
    "POST /host/studies": HOST,
    "GET /host/studies/{study}": HOST,
    "POST /host/studies/{study}/copy": HOST,
    "POST /host/studies/{study}/release": HOST,
    "POST /host/studies/{study}/release/confirm": HOST,
    "POST /host/studies/{study}/delete": HOST,
    "POST /host/studies/{study}/roles": HOST,
    "POST /host/studies/{study}/roles/withdraw": HOST,
    "POST /host/studies/{study}/design": HOST,
    "GET /host/studies/{study}/try": HOST,
    "POST /host/studies/{study}/try": HOST,
    "GET /host/studies/{study}/sample": HOST,
    "GET /host/studies/{study}/sample/units/{unit}": HOST,
    "GET /host/studies/{study}/information": HOST,
    "POST /host/studies/{study}/information": HOST,
    "POST /host/studies/{study}/units": HOST,
    "POST /host/studies/{study}/units/remove": HOST,
    "POST /host/studies/{study}/waves": HOST,
    "GET /host/questionnaires": HOST,
    "POST /host/questionnaires": HOST,
    "GET /host/questionnaires/example.xlsx": HOST,
    "GET /host/questionnaires/battery": HOST,
    "POST /host/questionnaires/battery": HOST,
    "GET /host/questionnaires/{questionnaire}": HOST,
    "POST /host/questionnaires/{questionnaire}/hand-over": HOST,
    "POST /host/questionnaires/{questionnaire}/take-back": HOST,
    "POST /host/questionnaires/{questionnaire}/delete": HOST,
    "GET /host/questionnaires/{questionnaire}/try": HOST,
    "POST /host/questionnaires/{questionnaire}/try": HOST,
    "GET /host/waves/{wave}": HOST,
    "POST /host/waves/{wave}/take-back": HOST,
    "POST /host/waves/{wave}/codes": HOST,
    "POST /host/waves/{wave}/codes/{batch}/cancel": HOST,
    "POST /host/waves/{wave}/end": HOST,
    "POST /host/waves/{wave}/on-paper": HOST,
    "GET /host/waves/{wave}/paper": HOST,
    "POST /host/waves/{wave}/paper": HOST,
    "GET /host/waves/{wave}/paper.pdf": HOST,
    "POST /host/waves/{wave}/open": HOST,
    "POST /host/waves/{wave}/pause": HOST,
    "POST /host/waves/{wave}/resume": HOST,
    "POST /host/waves/{wave}/close": HOST,
    "POST /host/waves/{wave}/retire": HOST,
    "POST /host/waves/{wave}/early/ask": HOST,
    "POST /host/waves/{wave}/early/keep": HOST,
    "POST /host/waves/{wave}/early/confirm": HOST,
    "GET /operator": OPERATOR,
    "POST /operator/accounts": OPERATOR,
    "POST /operator/accounts/{account}/grant": OPERATOR,
    "POST /operator/accounts/{account}/withdraw": OPERATOR,
    "POST /operator/accounts/{account}/renew": OPERATOR,
    "POST /operator/accounts/{account}/stop": OPERATOR,
    "GET /export": RESEARCHER,
    "GET /export/waves/{wave}": RESEARCHER,
    "GET /export/waves/{wave}/codebook.html": RESEARCHER,
    "GET /export/waves/{wave}/codebook.json": RESEARCHER,
    "GET /export/waves/{wave}/reliability.html": RESEARCHER,
    "GET /export/waves/{wave}/reliability.json": RESEARCHER,
    "GET /export/waves/{wave}/responses.csv": RESEARCHER,
    "GET /export/waves/{wave}/files/{name}": RESEARCHER,
    "GET /export/waves/{wave}/all.zip": RESEARCHER,
    "GET /report": TRAINER,
    "GET /report/waves/{wave}": TRAINER,
    "GET /report/waves/{wave}.csv": TRAINER,
    "GET /report/waves/{wave}.json": TRAINER,
    "GET /report/waves/{wave}.pdf": TRAINER,
    "GET /report/waves/{wave}/discuss": TRAINER,
    "GET /report/waves/{wave}/slides.pdf": TRAINER,
    "GET /report/waves/{wave}/units/{unit}/discuss": TRAINER,
    "GET /report/waves/{wave}/units/{unit}/slides.pdf": TRAINER,
    "GET /report/waves/{wave}/units/{unit}": TRAINER,
    "GET /report/waves/{wave}/units/{unit}.csv": TRAINER,
    "GET /report/waves/{wave}/units/{unit}.json": TRAINER,
    "GET /report/waves/{wave}/units/{unit}.pdf": TRAINER,
}
