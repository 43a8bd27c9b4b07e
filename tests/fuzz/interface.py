"""Calls of the interface for programs, made by Schemathesis from its own description: `make fuzz`.

    python -m tests.fuzz.interface --cases 5000 [--seed 1]

Each call fits the description or breaks it; four of five names in its address are of something there,
and the token is a researcher's, a trainer's or none. No answer may be an error of the service, nor have a
status, a type of content or a shape that the description does not tell of.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import migrate
from app.config import Settings
from app.db import make_engine, write
from app.export.formats import FORMATS
from app.main import create_app
from app.runtime import Service, check_secret, make_service
from app.staff.authorise import make_token
from tests.lib.cohorts import another_study, close, next_wave, take_part
from tests.privacy.organisations import of_one_mind

DESCRIPTION = "/api/v1/openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
STUDIES = ("rows", "reports")
KNOWN = {
    "study": STUDIES,
    "wave": ("rows-1", "rows-2", "reports-1"),
    "name": (*FORMATS, "all"),
    "part": ("only",),
    "instrument": ("ppiq",),
    "form": ("a", "b"),
}


def closed_waves(folder: Path) -> Service:
    """A service with a closed wave of a study that gives out rows and of one that gives out reports."""
    database = f"sqlite:///{folder / 'counterpoise.sqlite'}"
    engine = make_engine(database)
    migrate.upgrade(engine)
    engine.dispose()
    service = make_service(Settings(database_url=database, secret=bytes(range(32)), secure=False))
    check_secret(service)
    for study in STUDIES:
        wave = another_study(service, study, leaving=study)
        take_part(service, wave, "only", of_one_mind(12, 2))
        close(service, wave)
    next_wave(service, "rows")
    return service


def run(service: Service, cases: int, first: int = 1) -> Counter[int]:
    """Make so many calls, and count the statuses of the answers; what is wrong with one is raised with it."""
    app = create_app(service.settings, service)
    with write(service.engine) as db:
        tokens = [
            {"authorization": f"Bearer {make_token(service, db, role, study, 1)}"}
            for role in ("researcher", "trainer")
            for study in STUDIES
        ]
    bound = {f"path.{name}": {"dictionary": name, "probability": 0.8} for name in KNOWN}
    config = schemathesis.Config.from_dict(
        {
            "dictionaries": {name: {"values": list(values)} for name, values in KNOWN.items()},
            "parameters": bound,
            "generation": {"with-security-parameters": False},
        }
    )
    described = schemathesis.openapi.from_asgi(DESCRIPTION, app, config=config)
    operations = [found.ok() for found in described.get_all_operations()]
    strategies = [each.as_strategy(mode) for each in operations for mode in GenerationMode]
    statuses: Counter[int] = Counter()

    @seed(first)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(case=st.one_of(strategies), token=st.sampled_from([*tokens, {}]))
    def call(case: schemathesis.Case, token: dict[str, str]) -> None:
        answer = case.call_and_validate(session=session, headers=token, checks=CHECKS)
        statuses[answer.status_code] += 1

    with asgi.get_client(app) as session:
        call()
    return statuses


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        statuses = run(closed_waves(Path(folder)), asked.cases, asked.seed)
    print(
        f"{statuses.total()} calls:",
        ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items())),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
