"""A person and an operator who come by https, from the network of the machine."""

import ssl
import sys
import time

import httpx2

from tests.debian.machine import NAME, Failed
from tests.lib.questionnaire_client import respond


def answer(folder: str, code: str, port: int) -> None:
    with _browser(folder, port) as browser:
        _wait_for(browser)
        sys.stdout.write(respond(browser, code))


def sign_in(folder: str, name: str, password: str) -> None:
    with _browser(folder, 0) as browser:
        _wait_for(browser)
        told = browser.post("/staff/sign-in", data={"name": name, "password": password, "code": ""})
        sys.stdout.write(f"{told.status_code} {told.headers.get('location', '')}")


def _browser(folder: str, port: int) -> httpx2.Client:
    """A client that trusts the certificate of the machine, and comes by the name of the service."""

    def named(request: httpx2.Request) -> None:
        request.extensions["sni_hostname"] = NAME

    trusted = ssl.create_default_context(cafile=f"{folder}/etc/ssl/certs/questions.pem")
    address = f"http://127.0.0.1:{port}" if port else "https://127.0.0.1"
    return httpx2.Client(
        base_url=address,
        verify=trusted,
        trust_env=False,
        timeout=120,
        headers={"host": NAME},
        event_hooks={"request": [named]},
    )


def _wait_for(browser: httpx2.Client) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if browser.head("/ready").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    raise Failed("the service is not ready after two minutes")
