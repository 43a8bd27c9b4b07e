"""docs/proxy/nginx.conf and Caddyfile as they stand, but for names, ports and certificate."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
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

from app.runtime import Service
from tests.fault.serving import served
from tests.lib.questionnaire_client import respond
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


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def nginx(folder: Path, port: int, plain: int, served_at: int) -> list[str]:
    """Write the example with these ports into the folder; return the command that runs it."""
    example = (
        (EXAMPLES / "nginx.conf")
        .read_text()
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace("listen 80", f"listen 127.0.0.1:{plain}")
        .replace("127.0.0.1:8000", f"127.0.0.1:{served_at}")
        .replace(NAME, "localhost")
        .replace("/etc/ssl/certs/", f"{folder}/")
        .replace("/etc/ssl/private/", f"{folder}/")
        .replace("client_header_timeout 20s", "client_header_timeout 2s")
    )
    (folder / "settings").write_text(WHOLE.format(folder=folder, example=example))
    return ["nginx", "-p", str(folder), "-c", str(folder / "settings")]


def caddy(folder: Path, port: int, plain: int, served_at: int) -> list[str]:
    """As `nginx` does."""
    example = (
        (EXAMPLES / "Caddyfile")
        .read_text()
        .replace("\n{\n", f"\n{OF_CADDY.format(port=port, plain=plain, folder=folder)}", 1)
        .replace(f"{NAME} {{\n", SITE_OF_CADDY.format(folder=folder))
        .replace("127.0.0.1:8000", f"127.0.0.1:{served_at}")
        .replace("read_header 20s", "read_header 2s")
    )
    (folder / "settings").write_text(example)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "settings")]


PROXIES = {"nginx": nginx, "caddy": caddy}
TOO_MUCH = {"nginx": (413,), "caddy": (413, 502)}
"""What a body that is too large is answered with; 502 by the Caddy 2.6 of Debian 12."""


@pytest.fixture(params=PROXIES)
def behind(service: Service, study: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Behind]:
    """The service behind a proxy, in a folder where that can leave whatever it leaves."""
    assert study == "demo"
    program = shutil.which(request.param, path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, f"NOT RUN: {request.param} is not installed; `make proxy` installs it"
    (folder := tmp_path / "proxy").mkdir()
    certified(folder)
    log, port, plain = tmp_path / "log", free_port(), free_port()
    environment = {
        "COUNTERPOISE_INSECURE_COOKIES": "",
        "COUNTERPOISE_PROXY": "127.0.0.1",
        "COUNTERPOISE_ORIGIN": f"https://localhost:{port}",
    }
    with served(service.settings.database_url, log, **environment) as server:
        _, *words = PROXIES[request.param](folder, port, plain, server.port)
        at_home = {**os.environ, "HOME": str(folder)}
        with subprocess.Popen([program, *words], env=at_home) as proxy:
            behind = Behind(port, plain, folder, log)
            wait_for(behind)
            try:
                yield behind
            finally:
                proxy.terminate()


def wait_for(behind: Behind) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with behind.browser() as browser:
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
        too_much = browser.post("/send", content=b"x" * 3_000_000)
        assert too_much.status_code in TOO_MUCH[request.node.callspec.params["behind"]]
    left = {each.name: each.read_bytes() for each in behind.folder.rglob("*") if each.is_file()}
    assert {"questions.key", "questions.pem", "settings"} <= left.keys()
    for name, content in {**left, "the service's log": behind.log.read_bytes()}.items():
        for word in (AGENT, "203.0.113.77", receipt, code, "/send", "/page/"):
            assert word.encode() not in content, (name, word)


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
