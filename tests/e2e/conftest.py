"""A real Chromium, Debian's own, without access to other sites, and a service that it can reach."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from app.main import create_app
from app.operations.server import server
from app.runtime import Service
from tests.e2e.person import CHROMIUM, QUIET

expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def origin(service: Service, unused_port: int) -> Iterator[str]:
    """The address of the service; whoever leaves it comes to another name of this machine."""
    settings = replace(service.settings, leave_to=f"http://localhost:{unused_port}/nothing")
    running = server(create_app(settings, replace(service, settings=settings)), "127.0.0.1", unused_port)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{unused_port}"
    running.should_exit = True
    thread.join(10)
