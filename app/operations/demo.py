"""The demonstration: SIMULATED answers of 600 people in a closed wave, an open wave, and staff links.

A study gives out either reports or rows, so there are two studies: the one above gives out reports; a second,
closed one gives out the rows of 240 other people.

It listens on this computer only and opens its staff pages without sign-in, so it refuses a database that
holds any study that is not SIMULATED.
"""

import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from socket import socket
from typing import Final

import numpy as np
import uvicorn
from rich.console import Console
from rich.progress import track
from sqlalchemy import Connection, select
from sqlmodel import col

from analysis.disclosure.leaving import LEAVING
from analysis.simulation import higher_order, simulate, thresholds_from
from app import migrate, studies
from app.closing import maintenance
from app.config import from_environment
from app.db import read, write
from app.errors import ConfigurationError
from app.main import create_app
from app.operations.server import listening, server
from app.operations.whole import serving_marked
from app.questionnaire.consent import STUDY, consent
from app.questionnaire.sheet import Sheet
from app.runtime import Service, check_secret, make_secret, make_service, now
from app.studies import waves
from app.survey.drafts import enter
from app.survey.sending import send
from app.tables import OPEN, Study
from app.vault import new_token, read_code
from instrument import DOES_NOT_APPLY, LEFT_BLANK, RATHER_NOT_SAY, Instrument

HOST: Final = "127.0.0.1"
DEMO: Final = "demo"
DEMO_OF_ROWS: Final = "demo-rows"
PEOPLE_OF_ROWS: Final = 240
FORM: Final = "a2"
K: Final = 10
UNITS: Final = {"north": 260, "south": 225, "valley": 115}
"""People of each unit."""
MOOD: Final = {"north": -0.2, "south": 0.1, "valley": 0.4}
"""How each unit differs, in standard deviations of every facet."""
SEED: Final = 20261122
SEED_OF_ROWS: Final = 20261130
LOADING: Final = 0.72
GENERAL: Final = (0.80, 0.82, 0.85, 0.70, 0.68, 0.75)
SHARES: Final = (0.24, 0.27, 0.24, 0.16, 0.09)
BLANK: Final = {LEFT_BLANK: 0.010, RATHER_NOT_SAY: 0.012}
NOT_APPLICABLE: Final = 0.03


def serve_demo(folder: Path, port: int, *, as_json: bool) -> None:
    """Prepare what is missing, serve on this computer alone, and print the links once it answers."""
    with listening(HOST, port) as place:
        _serve_demo(folder, port, place, as_json=as_json)


def _serve_demo(folder: Path, port: int, place: socket, *, as_json: bool) -> None:
    make_secret(folder)
    origin = f"http://{HOST}:{port}"
    settings = replace(from_environment(os.environ, folder), secure=False, demo=True, origin=origin)
    service = make_service(settings)
    migrate.upgrade(service.engine)
    check_secret(service)
    _refuse_other_data(service)
    wave = prepare(service)
    unit = next(iter(UNITS))
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, wave, unit, 1)
    links = {
        "respondent": f"{origin}/",
        "code": code,
        "researcher": f"{origin}/export",
        "trainer": f"{origin}/report",
        "host": f"{origin}/host",
        "staff": f"{origin}/staff",
        "wave": wave,
        "unit": unit,
    }
    running = server(create_app(settings, service), HOST, port)
    threading.Thread(target=_announce, args=(running, links, folder, as_json), daemon=True).start()
    with serving_marked(service), maintenance.Maintenance(service):
        running.run([place])


def prepare(service: Service) -> str:
    """Make what is missing of the demonstration, and return its open wave."""
    with read(service.engine) as db:
        known = set(db.execute(select(col(Study.id))).scalars())
    instrument = service.instruments["ppiq"]
    if DEMO not in known:
        _simulated_wave(service, DEMO, "Demonstration (SIMULATED)", "reports", people(instrument))
    if DEMO_OF_ROWS not in known:
        others = islice(people(instrument, SEED_OF_ROWS), PEOPLE_OF_ROWS)
        _simulated_wave(service, DEMO_OF_ROWS, "Demonstration of rows (SIMULATED)", "rows", others)
    with write(service.engine) as db:
        for each in waves.waves(db, DEMO):
            if each.state == OPEN and each.closes_at is None:
                return str(each.id)
        wave = waves.make_wave(service, db, DEMO)
        waves.open_wave(service, db, wave)
    return wave


def people(
    instrument: Instrument, seed: int = SEED, form_id: str = FORM
) -> Iterator[tuple[str, Mapping[str, int | str]]]:
    """Make SIMULATED people: the unit of each and their answers, from six facets under one general factor."""
    rng = np.random.default_rng(seed)
    form, key = instrument.forms[form_id], instrument.key.subscales(form_id)
    facets = [subscale for subscale in key.values() if subscale.items]
    home = {keyed.id: number for number, facet in enumerate(facets) for keyed in facet.items}
    turned = {keyed.id for facet in facets for keyed in facet.items if keyed.reversed}
    ids = [item.id for item in form.items]
    loadings, phi = higher_order(GENERAL, [home[each] for each in ids], LOADING)
    units = [unit for unit, size in UNITS.items() for _ in range(size)]
    answers = simulate(
        len(units),
        loadings,
        thresholds_from(SHARES),
        rng,
        phi=phi,
        means=np.array([[MOOD[unit]] * len(facets) for unit in units]),
        reversed_items=[number for number, each in enumerate(ids) if each in turned],
        missing={
            **BLANK,
            DOES_NOT_APPLY: [NOT_APPLICABLE if item.does_not_apply else 0.0 for item in form.items],
        },
    )
    asked = [instrument.context[each] for each in form.context]
    for row in rng.permutation(len(units)):
        context = {question.id: str(rng.choice(question.options)) for question in asked}
        items = dict(zip(ids, answers[row].tolist(), strict=True))
        yield units[row], {**items, **context}


def _simulated_wave(
    service: Service,
    study: str,
    title: str,
    leaving: str,
    those: Iterable[tuple[str, Mapping[str, int | str]]],
) -> None:
    """Make a study's closed wave in one transaction, so that an interruption leaves nothing of it."""
    console = Console(stderr=True)
    with write(service.engine) as db:
        studies.make_study(db, id=study, title=title, form=FORM, k=K, simulated=True, leaving=leaving)
        studies.add_unit(db, study, "college", "A college (SIMULATED)", level="organisation")
        studies.add_unit(db, study, "practice", "Practice learning", level="department", parent="college")
        for unit in UNITS:
            studies.add_unit(db, study, unit, f"{unit.title()} team", parent="practice")
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave)
        before = service.instruments["ppiq"].words[FORM, "en"].before
        agreed = consent(K, "en", leaving=LEAVING[leaving], before=before).hash
        everyone = list(those)
        for unit, answers in track(everyone, "Loading SIMULATED answers", console=console, transient=True):
            respond(service, db, wave, unit, answers, agreed=agreed)
        waves.announce_close(service, db, wave, now() - timedelta(seconds=1))
    with console.status("Closing the SIMULATED wave: mixing its answers, making its report"):
        maintenance.run_due_tasks(service)


def respond(
    service: Service, db: Connection, wave: str, unit: str, answers: Mapping[str, int | str], *, agreed: str
) -> None:
    """Take part as a person does, without the pages: use a code, keep a draft, send the answers."""
    [code] = waves.issue_codes(service, db, wave, unit, 1)
    entered = enter(service, db, str(read_code(code)))
    if entered is None:
        raise LookupError("a code that was just made is unknown")
    sheet = Sheet(
        wave=wave,
        key=new_token(),
        language="en",
        consent=agreed,
        purposes=(STUDY,),
        answers=answers,
    )
    send(service, db, sheet, token=entered.token)


def _refuse_other_data(service: Service) -> None:
    with read(service.engine) as db:
        real = db.execute(select(col(Study.id)).where(col(Study.simulated).is_(False))).scalars().all()
    if real:
        raise ConfigurationError(
            "the demonstration opens its staff pages to everyone, "
            f"and this database holds the study {real[0]}: choose another --dir"
        )


def _announce(running: uvicorn.Server, links: dict[str, str], folder: Path, as_json: bool) -> None:  # noqa: FBT001
    while not running.started:
        time.sleep(0.02)
    if as_json:
        sys.stdout.write(json.dumps(links) + "\n")
    else:
        here = shlex.quote(str(folder))
        sys.stdout.write(
            "\nThe demonstration runs, with SIMULATED data, on this computer alone.\n\n"
            f"  take part            {links['respondent']}\n"
            f"  with the code        {links['code']}\n"
            f"  as a researcher      {links['researcher']}\n"
            f"  as a trainer         {links['trainer']}\n"
            f"  as a host            {links['host']}\n"
            f"  all doors of staff   {links['staff']}\n\n"
            f"More codes:            counterpoise codes {links['wave']} --count 12 --dir {here}\n"
            f"Close the open wave:   counterpoise wave close {links['wave']} --now --dir {here}\n"
            "Stop:                  Ctrl+C\n"
        )
    sys.stdout.flush()
