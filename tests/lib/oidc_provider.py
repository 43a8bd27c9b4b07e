"""An OpenID Connect provider for tests, over a real socket, that can misbehave in every way we know."""

import base64
import json
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from app.config import Institution
from app.staff.oidc import fetching

CLIENT, PASSWORD = "counterpoise", "s3cret of: the client/é"
OURS = "http://127.0.0.1:8000"
Claims = dict[str, Any]


@dataclass
class Key:
    kid: str
    alg: str
    private: Any

    def public(self) -> Claims:
        kind = ECAlgorithm if self.alg.startswith("ES") else RSAAlgorithm
        found: Claims = kind.to_jwk(self.private.public_key(), as_dict=True)
        return found | {"kid": self.kid, "alg": self.alg, "use": "sig"}


def new_key(kid: str, alg: str = "RS256", bits: int = 2048) -> Key:
    if alg == "ES256":
        return Key(kid, alg, ec.generate_private_key(ec.SECP256R1()))
    return Key(kid, alg, rsa.generate_private_key(65537, bits))


@dataclass
class Provider:
    """A provider that behaves correctly unless told otherwise."""

    url: str = ""
    key: Key = field(default_factory=lambda: new_key("one"))
    published: list[Claims] | None = None
    subject: str = "subject-of-ada-7391"
    claims: Callable[[Claims], Claims] = lambda claims: claims
    token: Callable[[Claims], str] | None = None
    metadata: Claims = field(default_factory=dict)
    on_return: dict[str, str] = field(default_factory=dict)
    instead: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    """What is done at a path in place of what is right."""
    codes_work: int = 1
    clicks: bool = False
    """A person presses something on the provider's page before they are sent back."""
    asked: list[str] = field(default_factory=list)
    issued: dict[str, dict[str, str]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """Codes and tokens that were given out: none may be found in a log."""

    def institution(self, origin: str = OURS) -> Institution:
        return Institution(
            issuer=self.url, client_id=CLIENT, client_secret=PASSWORD, origin=origin, label="Test College"
        )

    def configuration(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        } | self.metadata

    def authorize(self, query: dict[str, str]) -> str:
        assert query["response_type"] == "code"
        assert query["scope"] == "openid", "no name, no address is asked for"
        assert query["client_id"] == CLIENT
        assert query["redirect_uri"].endswith("/staff/institution/back")
        assert query["code_challenge_method"] == "S256"
        assert len(query["state"]) == len(query["nonce"]) == len(query["code_challenge"]) == 43
        code = secrets.token_urlsafe(24)
        self.seen.append(code)
        self.issued[code] = query
        back = {"code": code, "state": query["state"]} | self.on_return
        return f"{query['redirect_uri']}?{urlencode({name: value for name, value in back.items() if value})}"

    def exchange(self, form: dict[str, str], authorization: str) -> Claims | None:
        expected = "counterpoise:s3cret+of%3A+the+client%2F%C3%A9"
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        query = self.issued.get(form.get("code", ""))
        if query is None or given != expected or form["grant_type"] != "authorization_code":
            return None
        self.used[form["code"]] = self.used.get(form["code"], 0) + 1
        challenge = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode()
        right = challenge.rstrip("=") == query["code_challenge"]
        if self.used[form["code"]] > self.codes_work or not right:
            return None
        assert form["redirect_uri"] == query["redirect_uri"]
        moment = int(time())
        claims = self.claims(
            {
                "iss": self.url,
                "sub": self.subject,
                "aud": CLIENT,
                "exp": moment + 300,
                "iat": moment,
                "nonce": query["nonce"],
                "email": "ada.canary@college.example",
            }
        )
        token = self.token(claims) if self.token else self.signed(claims)
        self.seen.append(token)
        return {"access_token": secrets.token_urlsafe(9), "token_type": "Bearer", "id_token": token}

    def signed(self, claims: Claims, key: Key | None = None, **header: Any) -> str:
        key = key or self.key
        return jwt.encode(claims, key.private, key.alg, {"kid": key.kid, **header})


@contextmanager
def running_provider(tls: ssl.SSLContext | None = None) -> Iterator[Provider]:
    """Run the provider as another site than the service: `localhost` there, 127.0.0.1 here.

    The service waits a minute for it, so that a busy machine is not taken for a provider that hangs; a test
    of one that hangs sets its own.
    """
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answers("")

        def do_POST(self) -> None:
            self.answers(self.rfile.read(int(self.headers["content-length"])).decode())

        def answers(self, body: str) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path in provider.instead:
                provider.instead[parts.path](self)
            elif parts.path == "/.well-known/openid-configuration":
                self.tell(provider.configuration())
            elif parts.path == "/keys":
                published = provider.published
                self.tell({"keys": [provider.key.public()] if published is None else published})
            elif parts.path == "/authorize":
                back = provider.authorize(dict(parse_qsl(parts.query)))
                if provider.clicks:
                    page = (
                        f'<!doctype html><title>College</title><a href="{back.replace("&", "&amp;")}">Yes</a>'
                    )
                    self.tell(page.encode(), kind="text/html")
                else:
                    self.tell({}, 302, location=back)
            elif parts.path == "/token":
                told = provider.exchange(dict(parse_qsl(body)), self.headers.get("authorization", ""))
                self.tell(told or {"error": "invalid_grant"}, 200 if told else 400)
            else:
                self.tell({}, 404)

        def tell(
            self, told: Claims | bytes, status: int = 200, kind: str = "application/json", location: str = ""
        ) -> None:
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            if location:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Ignore that the client hung up, as it should."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    provider.url = f"{'https' if tls else 'http'}://localhost:{server.server_port}"
    with patch.multiple(fetching, LONGEST=60.0, LONGEST_PAUSE=60.0):
        yield provider
    server.shutdown()
    server.server_close()
    thread.join()


# ---- the steps of a person, without a browser ----


def sets_out(client: Any) -> str:
    """Press the button; return the address at the institution that the page leads to."""
    page = client.post("/staff/institution")
    assert page.status_code == 200, page.text
    found = re.search(r'content="0; url=([^"]+)"', page.text)
    assert found is not None
    return unescape(found[1])


def signs_in_there(there: str) -> str:
    """Return the address that the institution sends the browser back to."""
    answer = httpx2.get(there, follow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def comes_back(client: Any, address: str) -> Any:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}", headers={"sec-fetch-site": "cross-site"})


def goes_and_comes_back(client: Any) -> Any:
    return comes_back(client, signs_in_there(sets_out(client)))


def asked_for(there: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
