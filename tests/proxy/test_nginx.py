"""docs/proxy/nginx.conf as it stands, but for name, ports and certificate, before a real service."""

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
EXAMPLE = Path(__file__).parents[2] / "docs" / "proxy" / "nginx.conf"
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


@dataclass(frozen=True)
class Behind:
    port: int
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


@pytest.fixture
def behind(service: Service, study: str, tmp_path: Path) -> Iterator[Behind]:
    """The service behind nginx, in a folder where nginx can leave whatever it leaves."""
    assert study == "demo"
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert nginx, "nginx is not installed: `make proxy` installs it"
    (folder := tmp_path / "nginx").mkdir()
    certified(folder)
    log, port, plain = tmp_path / "log", free_port(), free_port()
    environment = {
        "COUNTERPOISE_INSECURE_COOKIES": "",
        "COUNTERPOISE_PROXY": "127.0.0.1",
        "COUNTERPOISE_ORIGIN": f"https://localhost:{port}",
    }
    with served(service.settings.database_url, log, **environment) as server:
        example = (
            EXAMPLE.read_text()
            .replace("listen 443", f"listen 127.0.0.1:{port}")
            .replace("listen 80", f"listen 127.0.0.1:{plain}")
            .replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
            .replace(NAME, "localhost")
            .replace("/etc/ssl/certs/", f"{folder}/")
            .replace("/etc/ssl/private/", f"{folder}/")
            .replace("client_header_timeout 20s", "client_header_timeout 2s")
        )
        (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, example=example))
        with subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")]) as proxy:
            behind = Behind(port, folder, log)
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
    raise AssertionError("nginx does not answer")


def test_people_answer_and_staff_sign_in_and_nothing_of_it_is_left(
    behind: Behind, service: Service, code: str
) -> None:
    ready(service, "hana", host="*")
    with behind.browser() as browser:
        receipt = respond(browser, code)
        assert "strict-transport-security" in browser.get("/").headers
        fields = {"name": "hana", "password": PASSWORD, "code": code_of(service, "hana")}
        assert browser.post("/staff/sign-in", data=fields).status_code == 303
        assert browser.get("/host/studies").status_code == 200
        assert browser.post("/send", content=b"x" * 3_000_000).status_code == 413
    left = {each.name: each.read_bytes() for each in behind.folder.rglob("*") if each.is_file()}
    assert {"questions.key", "questions.pem", "nginx.conf"} <= left.keys()
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
    [plain] = [
        line.split(":")[1].rstrip(";")
        for line in (behind.folder / "nginx.conf").read_text().splitlines()
        if line.strip().startswith("listen") and "ssl" not in line
    ]
    told = httpx2.get(f"http://127.0.0.1:{plain}/safety", headers={"host": "localhost"})
    assert (told.status_code, told.headers["location"]) == (301, "https://localhost/safety")
