"""A provider that lies, hangs or was replaced by another: whatever it does, nobody is signed in."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from sqlalchemy import func, select
from starlette.testclient import TestClient

from app.config import is_private
from app.db import read
from app.logs import ValueFree
from app.main import create_app
from app.runtime import Service
from app.staff.accounts import IDENTITY, STAFF_SESSION
from app.staff.oidc import fetching
from app.staff.oidc.fetching import Unproven, ask
from tests.lib.oidc_provider import (
    CLIENT,
    OURS,
    PASSWORD,
    Key,
    Provider,
    asked_for,
    comes_back,
    goes_and_comes_back,
    new_key,
    running_provider,
    sets_out,
    signs_in_there,
)

HONEST, STRANGER = new_key("one"), new_key("one")
WRONG = "We could not sign you in"
ONE_STEP = "One step is left"
Claims = dict[str, Any]


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """On SQLite alone: no statement is reached by what is refused here."""
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    """Honest again for each test, with the same key, since one takes long to make."""
    fresh = Provider(url=running.url, key=HONEST)
    for name, value in vars(fresh).items():
        setattr(running, name, value)
    return running


@pytest.fixture
def client(service: Service, provider: Provider) -> Iterator[TestClient]:
    configured = replace(service, settings=replace(service.settings, institution=provider.institution()))
    application = create_app(configured.settings, configured)
    with TestClient(application, base_url=OURS, follow_redirects=False) as client:
        yield client


def is_refused(client: TestClient, answer: Any) -> None:
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert "institution-back" not in client.cookies
    assert client.get("/staff/institution/code").status_code == 303


def test_an_honest_provider_is_believed(client: TestClient) -> None:
    answer = goes_and_comes_back(client)
    assert answer.status_code == 200
    assert ONE_STEP in answer.text
    assert client.get("/staff/institution/code").status_code == 200


@pytest.mark.parametrize("alg", ["PS256", "ES256"])
def test_each_kind_of_key_is_believed(client: TestClient, provider: Provider, alg: str) -> None:
    provider.key = new_key("another kind", alg) if alg == "ES256" else Key("p", alg, provider.key.private)
    assert goes_and_comes_back(client).status_code == 200


# ---- false tokens ----


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, None, "none")


def by_the_public_key(provider: Provider) -> Callable[[Claims], str]:
    """HS256 with the public key as the password: an attack on checkers that let the token choose."""
    pem = provider.key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def make(claims: Claims) -> str:
        parts = [json.dumps(each).encode() for each in ({"alg": "HS256", "kid": provider.key.kid}, claims)]
        signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        mac = base64.urlsafe_b64encode(hmac.digest(pem, signed, hashlib.sha256)).rstrip(b"=")
        return (signed + b"." + mac).decode()

    return make


LIES: dict[str, Callable[[Claims], Claims]] = {
    "another nonce": lambda claims: claims | {"nonce": "x" * 43},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "for another client": lambda claims: claims | {"aud": "another"},
    "for us and another": lambda claims: claims | {"aud": [CLIENT, "another"], "azp": CLIENT},
    "made for another": lambda claims: claims | {"azp": "another"},
    "no audience": lambda claims: claims | {"aud": []},
    "of another issuer": lambda claims: claims | {"iss": "https://idp.example"},
    "of nearly the issuer": lambda claims: claims | {"iss": claims["iss"] + "/"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 61},
    "without end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "of tomorrow": lambda claims: claims | {"iat": claims["iat"] + 86400, "exp": claims["exp"] + 86400},
    "of long ago": lambda claims: claims | {"iat": claims["iat"] - 3600},
    "not yet": lambda claims: claims | {"nbf": claims["iat"] + 3600},
    "about nobody": lambda claims: claims | {"sub": ""},
    "about a number": lambda claims: claims | {"sub": 7},
    "about far too much": lambda claims: claims | {"sub": "x" * 256},
    "too long": lambda claims: claims | {"more": "x" * 20_000},
    "a time that is none": lambda claims: claims | {"iat": "soon"},
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_token_that_lies_signs_nobody_in(client: TestClient, provider: Provider, lie: str) -> None:
    provider.claims = LIES[lie]
    is_refused(client, goes_and_comes_back(client))


def test_a_list_of_us_alone_is_us(client: TestClient, provider: Provider) -> None:
    provider.claims = lambda claims: claims | {"aud": [CLIENT], "azp": CLIENT}
    assert goes_and_comes_back(client).status_code == 200


def forgeries(provider: Provider) -> dict[str, Callable[[Claims], str]]:
    oct_key = base64.urlsafe_b64encode(b"k" * 32).decode()
    return {
        "unsigned": unsigned,
        "by the public key": by_the_public_key(provider),
        "by a stranger under our key's name": lambda claims: provider.signed(claims, STRANGER),
        "by an unknown key": lambda claims: provider.signed(claims, kid="nobody"),
        "by a key it brings along": lambda claims: provider.signed(
            claims, STRANGER, jwk=STRANGER.public(), jku="http://localhost/keys"
        ),
        "by another algorithm": lambda claims: jwt.encode(
            claims, provider.key.private, "RS512", {"kid": provider.key.kid}
        ),
        "by our own password": lambda claims: jwt.encode(
            claims, PASSWORD.ljust(32), "HS256", {"kid": provider.key.kid}
        ),
        "by a published shared key": lambda claims: jwt.encode(
            claims, base64.urlsafe_b64decode(oct_key), "HS256", {"kid": "shared"}
        ),
        "changed afterwards": lambda claims: changed(provider.signed(claims), claims),
        "no token": lambda _: "x",
        "a header that is bottomless": lambda _: (
            base64.urlsafe_b64encode(b"[" * 8000).decode().rstrip("=") + ".e30.e30"
        ),
        "a critical header that nobody knows": lambda claims: provider.signed(claims, crit=["exp2"], exp2=1),
    }


def changed(token: str, claims: Claims) -> str:
    header, _, signature = token.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "another"}).encode()).decode().rstrip("=")
    return f"{header}.{other}.{signature}"


@pytest.mark.parametrize("forgery", list(forgeries(Provider(key=STRANGER))))
def test_a_forged_token_signs_nobody_in(client: TestClient, provider: Provider, forgery: str) -> None:
    shared = {
        "kty": "oct",
        "kid": "shared",
        "alg": "HS256",
        "k": base64.urlsafe_b64encode(b"k" * 32).decode(),
    }
    provider.published = [provider.key.public(), shared]
    provider.token = forgeries(provider)[forgery]
    is_refused(client, goes_and_comes_back(client))


def test_a_short_key_is_no_key(client: TestClient, provider: Provider) -> None:
    provider.key = new_key("short", bits=1024)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        is_refused(client, goes_and_comes_back(client))


@pytest.mark.parametrize(
    "published", [[], ["x"], [{"kty": "RSA", "kid": "one"}], [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}], "x"]
)
def test_keys_that_are_none_sign_nobody_in(client: TestClient, provider: Provider, published: Any) -> None:
    provider.published = published
    is_refused(client, goes_and_comes_back(client))


def test_two_keys_need_a_name(client: TestClient, provider: Provider) -> None:
    provider.published = [provider.key.public() | {"kid": "one"}, STRANGER.public() | {"kid": "two"}]
    provider.token = lambda claims: jwt.encode(claims, provider.key.private, "RS256")
    is_refused(client, goes_and_comes_back(client))
    provider.published = [provider.key.public()]


def test_keys_change_and_the_new_ones_are_fetched(client: TestClient, provider: Provider) -> None:
    assert goes_and_comes_back(client).status_code == 200
    old, provider.key = provider.key, new_key("two")
    assert goes_and_comes_back(client).status_code == 200
    provider.token = lambda claims: provider.signed(claims, old)
    is_refused(client, goes_and_comes_back(client))


def test_documents_are_kept_for_minutes(client: TestClient, provider: Provider) -> None:
    for _ in range(3):
        assert goes_and_comes_back(client).status_code == 200
    assert provider.asked.count("/.well-known/openid-configuration") == provider.asked.count("/keys") == 1


# ---- answers that belong to another question ----


def test_an_answer_is_taken_once(client: TestClient, provider: Provider) -> None:
    provider.codes_work = 2
    back = signs_in_there(sets_out(client))
    away = client.cookies["institution-away"]
    assert comes_back(client, back).status_code == 200
    assert "institution-away" not in client.cookies
    client.cookies.clear()
    is_refused(client, comes_back(client, back))
    client.cookies["institution-away"] = away
    is_refused(client, comes_back(client, back))
    assert list(provider.used.values()) == [1], "the second answer was not even asked about"


def test_a_code_that_was_used_elsewhere_signs_nobody_in(client: TestClient, provider: Provider) -> None:
    provider.codes_work = 0
    is_refused(client, goes_and_comes_back(client))


def test_somebody_else_s_answer_signs_nobody_in(client: TestClient, provider: Provider) -> None:
    """An attacker's own way back, sent to somebody: their browser has asked something else, or nothing."""
    attackers = signs_in_there(sets_out(client))
    client.cookies.clear()
    is_refused(client, comes_back(client, attackers))
    sets_out(client)
    is_refused(client, comes_back(client, attackers))
    there = sets_out(client)
    code = re.search(r"code=([^&]+)", attackers)
    assert code is not None
    mixed = f"/staff/institution/back?code={code[1]}&state={asked_for(there)['state']}"
    is_refused(client, comes_back(client, mixed))
    assert provider.used == {code[1]: 1}, "its proof of possession was asked for and was another"


@pytest.mark.parametrize(
    "on_return",
    [
        {"iss": "https://another.example"},
        {"error": "access_denied"},
        {"code": ""},
        {"code": "made-up"},
        {"state": "x" * 43},
        {"state": ""},
        {"state": "é"},
    ],
)
def test_an_answer_that_is_mixed_up_signs_nobody_in(
    client: TestClient, provider: Provider, on_return: dict[str, str]
) -> None:
    provider.on_return = on_return
    is_refused(client, goes_and_comes_back(client))


def test_the_issuer_is_named_where_it_said_so(client: TestClient, provider: Provider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    is_refused(client, goes_and_comes_back(client))
    provider.on_return = {"iss": provider.url}
    assert goes_and_comes_back(client).status_code == 200


def test_a_parameter_that_comes_twice_is_refused(client: TestClient) -> None:
    back = signs_in_there(sets_out(client))
    is_refused(client, comes_back(client, back.replace("?", "?state=another&")))


def test_cookies_are_sealed_each_for_its_purpose_and_end(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = signs_in_there(sets_out(client))
    away = client.cookies["institution-away"]
    for cookie in ("", "x", "AAAA", "é".encode().hex(), away[:-4] + "AAAA", away.swapcase()):
        client.cookies.clear()
        client.cookies["institution-away"] = cookie
        is_refused(client, comes_back(client, back))
    client.cookies.clear()
    client.cookies["institution-back"] = away
    assert client.get("/staff/institution/code").status_code == 303
    assert client.post("/staff/institution/code", data={"code": "000000"}).status_code == 303
    client.cookies.clear()
    client.cookies["institution-away"] = away
    later = time.time() + 601
    monkeypatch.setattr("app.staff.cookies.time", lambda: later)
    is_refused(client, comes_back(client, back))


def test_a_form_of_another_site_sets_nobody_on_the_way(client: TestClient) -> None:
    answer = client.post("/staff/institution", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "institution-away" not in client.cookies


# ---- servers that hang, flood, lead elsewhere ----


WAITED_FOR: list[str] = []
"""Where somebody waited for as long as a server took, or read as much as it had."""


def slowly(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then: no pause is long, but the whole answer takes half a minute."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)
    WAITED_FOR.append(handler.path)


def heads_slowly(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
    slowly(handler)


def says_nothing(handler: BaseHTTPRequestHandler) -> None:
    """Send nothing for half a minute, unless the other side hangs up."""
    handler.connection.settimeout(30)
    try:
        handler.connection.recv(1)
    except TimeoutError:
        WAITED_FOR.append(handler.path)


def floods(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b'{"keys": "')
    for _ in range(50):
        handler.wfile.write(b"x" * 1_000_000)
    WAITED_FOR.append(handler.path)


def leads_elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("location", "/elsewhere")
    handler.send_header("content-length", "0")
    handler.end_headers()


def tells(content: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


FAILING = {
    "slow": slowly,
    "slow to begin": heads_slowly,
    "silent": says_nothing,
    "huge": floods,
    "redirecting": leads_elsewhere,
    "an error": tells(b"{}", 500),
    "no json": tells(b"<!doctype html>"),
    "no object": tells(b"[1]"),
    "bottomless": tells(b"[" * 100_000),
    "empty": tells(b""),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
@pytest.mark.parametrize("failing", list(FAILING))
def test_a_server_that_fails_signs_nobody_in_and_is_not_waited_for(
    client: TestClient, provider: Provider, monkeypatch: pytest.MonkeyPatch, path: str, failing: str
) -> None:
    provider.instead = {path: FAILING[failing]}
    WAITED_FOR.clear()
    with monkeypatch.context() as short:
        if failing in {"slow", "slow to begin", "silent"}:  # long enough for the honest steps before it
            short.setattr(fetching, "LONGEST", 5)
            short.setattr(fetching, "LONGEST_PAUSE", 4)
        at_once = path == "/.well-known/openid-configuration"
        is_refused(client, client.post("/staff/institution") if at_once else goes_and_comes_back(client))
    assert path in provider.asked
    assert "/elsewhere" not in provider.asked
    assert WAITED_FOR == []
    provider.instead = {}
    assert goes_and_comes_back(client).status_code == 200, "it is asked again the next time"


def test_a_provider_that_hangs_takes_few_threads(
    client: TestClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty ask for a provider that does not answer: four wait, and everybody else is served meanwhile."""
    monkeypatch.setattr(fetching, "LONGEST", 60)
    monkeypatch.setattr(fetching, "LONGEST_PAUSE", 60)
    released = threading.Event()

    def hangs(handler: BaseHTTPRequestHandler) -> None:
        released.wait(60)
        tells(b"{}", 500)(handler)

    provider.instead = {"/.well-known/openid-configuration": hangs}
    told: list[int] = []
    asking = [
        threading.Thread(target=lambda: told.append(client.post("/staff/institution").status_code))
        for _ in range(60)
    ]
    for thread in asking:
        thread.start()
    deadline = time.monotonic() + 30
    while (len(told) < 56 or len(provider.asked) < 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.get("/staff").status_code == 200
    assert client.get("/").status_code == 200
    assert (told, len(provider.asked)) == ([503] * 56, 2)
    released.set()
    for thread in asking:
        thread.join()
    assert told[56:] == [422] * 4


def test_who_set_out_at_one_process_comes_back_at_another_and_once(
    service: Service, client: TestClient, provider: Provider
) -> None:
    """Two processes behind one address, or one that was started again on the way."""
    provider.codes_work = 3
    settings = replace(service.settings, institution=provider.institution())
    with TestClient(create_app(settings), base_url=OURS, follow_redirects=False) as second:
        back = signs_in_there(sets_out(client))
        away = client.cookies["institution-away"]
        second.cookies["institution-away"] = away
        assert comes_back(second, back).status_code == 200
        for each in (client, second):
            each.cookies.clear()
            each.cookies["institution-away"] = away
            is_refused(each, comes_back(each, back))
        second.app.state.service.engine.dispose()


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server with TLS whose certificate no authority has signed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    moment = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, HONEST.private.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(moment - timedelta(days=1)).not_valid_after(moment + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(HONEST.private, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (tmp_path / "certificate").write_bytes(certificate.public_bytes(pem))
    plain = (pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key").write_bytes(HONEST.private.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    with running_provider(context) as provider:
        provider.instead = {"/slow": slowly}
        yield provider.url, tmp_path / "certificate"


def test_a_certificate_that_nobody_vouches_for_is_refused(
    encrypted: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = encrypted
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(f"{url}/keys")
    trusted = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(fetching, "_trusted", lambda: trusted)
    assert "keys" in ask(f"{url}/keys")
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(f"{url.replace('localhost', '127.0.0.1')}/keys")
    monkeypatch.setattr(fetching, "LONGEST", 0.8)
    WAITED_FOR.clear()
    with pytest.raises((ValueError, OSError, HTTPException)):
        ask(f"{url}/slow")
    assert WAITED_FOR == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.example"},
        {"authorization_endpoint": "http://college.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://college.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://college.example/keys"},
        {"jwks_uri": 7},
    ],
)
def test_metadata_that_lead_astray_sign_nobody_in(
    client: TestClient, provider: Provider, metadata: Claims
) -> None:
    provider.metadata = metadata
    if {"issuer", "authorization_endpoint"} & set(metadata):
        is_refused(client, client.post("/staff/institution"))
    else:
        is_refused(client, goes_and_comes_back(client))


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("https://idp.example", True),
        ("https://idp.example:8443/realms/staff", True),
        ("http://127.0.0.1:9/x", True),
        ("http://[::1]/x", True),
        ("http://idp.example", False),
        ("http://127.0.0.1.example", False),
        ("http://localhost@idp.example", False),
        ("https://ada@idp.example", False),
        ("https://", False),
        ("https://idp.example/ x", False),
        ('https://idp.example/"', False),
        ("https://idp.example/#x", False),
        ("https://idp.example:x", False),
        ("https://[::1", False),
        ("https://idp.éxample", False),
        ("ftp://localhost", False),
        ("", False),
    ],
)
def test_nothing_is_sent_in_the_clear(address: str, private: bool) -> None:
    assert is_private(address) is private
    if not private:
        with pytest.raises(Unproven, match="could read"):
            ask(address)


# ---- what is written down ----


def test_no_log_holds_a_code_a_token_a_claim_or_an_address(
    client: TestClient, service: Service, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    states = []
    for claims in (LIES["another nonce"], LIES["of another issuer"], LIES["expired"], lambda claims: claims):
        provider.claims = claims
        there = sets_out(client)
        states += [asked_for(there)["state"], asked_for(there)["nonce"]]
        comes_back(client, signs_in_there(there))
    client.post("/staff/institution/code", data={"code": "135790"})
    provider.instead = {"/token": tells(b'{"id_token": "canary-of-a-token"}')}
    goes_and_comes_back(client)
    logged = "\n".join(ValueFree().format(record) for record in caplog.records)
    assert logged.count("nobody was signed in by the institution") == 4
    assert "id_tokens.py" in logged, "at which line it failed is told"
    forbidden = [*provider.seen, *states, provider.subject, "ada.canary", "135790", "canary-of-a-token"]
    for value in [*forbidden, provider.url, PASSWORD, "state="]:
        assert value not in logged
    with read(service.engine) as db:
        assert db.execute(select(func.count()).select_from(IDENTITY)).scalar() == 0
        assert db.execute(select(func.count()).select_from(STAFF_SESSION)).scalar() == 0
    assert PASSWORD not in repr(provider.institution())
