"""docs/proxy/nginx.conf, Caddyfile and two.conf as they stand, but for names, ports and certificate."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.db import write
from app.runtime import Service
from app.studies import waves
from tests.fault.serving import Server, served
from tests.lib.ports import free_port
from tests.lib.questionnaire_client import respond
from tests.lib.respondents import kept
from tests.lib.staff_accounts import PASSWORD, code_of, ready

pytestmark = pytest.mark.proxy
EXAMPLES = Path(__file__).parents[2] / "docs" / "proxy"
NAME = "questions.example.ac.uk"
AGENT = "canary-agent/7"
WHOLE = """
daemon off;
pid {folder}/pid;
worker_processes 1;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
{example}
}}
"""
OF_CADDY = """{{
    admin off
    http_port {plain}
    https_port {port}
    storage file_system {folder}/storage
"""
SITE_OF_CADDY = """localhost {{
    bind 127.0.0.1
    tls {folder}/questions.pem {folder}/questions.key
"""


@dataclass(frozen=True)
class Behind:
    port: int
    plain: int
    """The port for http without TLS."""
    folder: Path
    log: Path
    servers: tuple[Server, ...] = ()

    def browser(self) -> httpx2.Client:
        trusted = ssl.create_default_context(cafile=str(self.folder / "questions.pem"))
        return httpx2.Client(
            base_url=f"https://localhost:{self.port}",
            verify=trusted,
            timeout=60,
            headers={"user-agent": AGENT, "x-forwarded-for": "203.0.113.77"},
        )


def certified(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=3))
        .not_valid_after(datetime.now(UTC) + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "questions.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "questions.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def nginx(folder: Path, port: int, plain: int, *served_at: int) -> list[str]:
    """Write the example with these ports into the folder; return the command that runs it."""
    servers = "".join(f"server 127.0.0.1:{each};" for each in served_at)
    example = (
        (EXAMPLES / "nginx.conf")
        .read_text()
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace("listen 80", f"listen 127.0.0.1:{plain}")
        .replace("server 127.0.0.1:8000;", servers)
        .replace(NAME, "localhost")
        .replace("/etc/ssl/certs/", f"{folder}/")
        .replace("/etc/ssl/private/", f"{folder}/")
        .replace("client_header_timeout 20s", "client_header_timeout 2s")
    )
    (folder / "settings").write_text(WHOLE.format(folder=folder, example=example))
    return ["nginx", "-p", str(folder), "-c", str(folder / "settings")]


def caddy(folder: Path, port: int, plain: int, *served_at: int) -> list[str]:
    """As `nginx` does."""
    servers = " ".join(f"127.0.0.1:{each}" for each in served_at)
    example = (
        (EXAMPLES / "Caddyfile")
        .read_text()
        .replace("\n{\n", f"\n{OF_CADDY.format(port=port, plain=plain, folder=folder)}", 1)
        .replace(f"{NAME} {{\n", SITE_OF_CADDY.format(folder=folder))
        .replace("127.0.0.1:8000", servers)
        .replace("read_header 20s", "read_header 2s")
    )
    (folder / "settings").write_text(example)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "settings")]


PROXIES = {"nginx": nginx, "caddy": caddy}
CUT = None
TOO_MUCH = {"nginx": (413,), "caddy": (413, 502, CUT)}
"""What a body that is too large is answered with. The Caddy 2.6 of Debian 12 sends it on while it counts:
when it has counted enough, the service may have answered or not, and its answer may be half on its way."""


def behind_a_proxy(name: str, place: Path, stack: ExitStack, url: str, *, servers: int = 1) -> Behind:
    """So many servers of one database behind a proxy, in a folder where that can leave whatever it leaves."""
    folder, log = place / "proxy", place / "log"
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, f"NOT RUN: {name} is not installed; `make proxy` installs it"
    folder.mkdir()
    certified(folder)
    port, plain = free_port(), free_port()
    environment = {
        "COUNTERPOISE_INSECURE_COOKIES": "",
        "COUNTERPOISE_PROXY": "127.0.0.1",
        "COUNTERPOISE_ORIGIN": f"https://localhost:{port}",
    }
    running = tuple(stack.enter_context(served(url, log, **environment)) for _ in range(servers))
    _, *words = PROXIES[name](folder, port, plain, *(each.port for each in running))
    proxy = stack.enter_context(subprocess.Popen([program, *words], env={**os.environ, "HOME": str(folder)}))
    stack.callback(proxy.terminate)
    behind = Behind(port, plain, folder, log, running)
    wait_for(behind)
    return behind


@pytest.fixture(params=PROXIES)
def behind(service: Service, study: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Behind]:
    """The service behind a proxy."""
    assert study == "demo"
    with ExitStack() as stack:
        yield behind_a_proxy(request.param, tmp_path, stack, service.settings.database_url)


def wait_for(behind: Behind) -> None:
    with behind.browser() as browser:
        until_ready(browser)


def until_ready(browser: httpx2.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if browser.head("/ready").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the proxy does not answer")


def test_people_answer_and_staff_sign_in_and_nothing_of_it_is_left(
    behind: Behind, service: Service, code: str, request: pytest.FixtureRequest
) -> None:
    ready(service, "hana", host="*")
    with behind.browser() as browser:
        receipt = respond(browser, code)
        assert "strict-transport-security" in browser.get("/").headers
        fields = {"name": "hana", "password": PASSWORD, "code": code_of(service, "hana")}
        assert browser.post("/staff/sign-in", data=fields).status_code == 303
        assert browser.get("/host/studies").status_code == 200
        assert too_much(browser) in TOO_MUCH[request.node.callspec.params["behind"]]
    left = {each.name: each.read_bytes() for each in behind.folder.rglob("*") if each.is_file()}
    assert {"questions.key", "questions.pem", "settings"} <= left.keys()
    for name, content in {**left, "the service's log": behind.log.read_bytes()}.items():
        for word in (AGENT, "203.0.113.77", receipt, code, "/send", "/page/"):
            assert word.encode() not in content, (name, word)


def too_much(browser: httpx2.Client) -> int | None:
    """Send three million bytes as a form; return the answer's status, or CUT."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        return browser.post("/send", content=b"x" * 3_000_000, headers=form).status_code
    except httpx2.RemoteProtocolError:
        return CUT


def test_a_request_that_is_not_gone_on_with_is_let_go(behind: Behind) -> None:
    trusted = ssl.create_default_context(cafile=str(behind.folder / "questions.pem"))
    with (
        socket.create_connection(("127.0.0.1", behind.port), timeout=60) as line,
        trusted.wrap_socket(line, server_hostname="localhost") as hidden,
    ):
        hidden.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        assert b"200" not in hidden.recv(4096)[:20]


def test_whoever_comes_by_http_is_sent_to_https(behind: Behind) -> None:
    told = httpx2.get(f"http://127.0.0.1:{behind.plain}/safety", headers={"host": "localhost"})
    assert told.status_code in (301, 308)
    assert told.headers["location"].replace(f":{behind.port}", "") == "https://localhost/safety"


def until_none_is_told_502(browser: httpx2.Client) -> None:
    """Caddy 2.6 passes a server over for what is sent when it has looked and found it stopped."""
    deadline = time.monotonic() + 60
    while 502 in {browser.post("/enter", data={"code": "nothing"}).status_code for _ in range(10)}:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("name", PROXIES)
def test_of_two_servers_either_answers_and_one_that_stops_is_passed_over(
    service: Service, study: str, tmp_path: Path, name: str
) -> None:
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, f"{study}-1", "north", 2)
    with ExitStack() as stack:
        behind = behind_a_proxy(name, tmp_path, stack, service.settings.database_url, servers=2)
        with behind.browser() as browser:
            respond(browser, codes[0])
        behind.servers[0].stop()
        with behind.browser() as browser:
            assert {browser.get("/").status_code for _ in range(10)} == {200}
            if name == "caddy":
                until_none_is_told_502(browser)
            respond(browser, codes[1])
    assert len(kept(service, f"{study}-1")) == 2


@pytest.mark.parametrize("url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_the_proxy_of_the_containers_stands_before_two(service: Service, study: str, tmp_path: Path) -> None:
    """The profile of docker-compose.yml, on this computer's own nginx."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "NOT RUN: nginx is not installed; `make proxy` installs it"
    (folder := tmp_path / "proxy").mkdir()
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, f"{study}-1", "north", 1)
    url, log, port = service.settings.database_url, tmp_path / "log", free_port()
    with served(url, log) as one, served(url, log) as two:
        settings = (
            (EXAMPLES / "two.conf")
            .read_text()
            .replace("app:8000", f"127.0.0.1:{one.port}")
            .replace("second:8000", f"127.0.0.1:{two.port}")
            .replace("listen 8080", f"listen 127.0.0.1:{port}")
            .replace("/tmp/", f"{folder}/")
        )
        (folder / "settings").write_text(f"daemon off;\n{settings}")
        command = [program, "-p", str(folder), "-c", str(folder / "settings")]
        with subprocess.Popen(command) as proxy:
            try:
                with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as browser:
                    until_ready(browser)
                    respond(browser, code)
                    one.stop()
                    assert [browser.get("/").status_code for _ in range(4)] == [200] * 4
            finally:
                proxy.terminate()
    assert {each.name for each in folder.rglob("*") if each.is_file()} == {"settings"}
    assert len(kept(service, f"{study}-1")) == 1
