"""The institution's OpenID Connect provider: the way to it, and what comes back (code flow with PKCE).

Its documents are cached for minutes. A few requests ask it at once and the rest are refused, so that a
provider that hangs takes no thread from respondents. Every failure on its side is raised as `Unproven`.
"""

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from time import monotonic
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from app.config import Institution, is_private
from app.staff.oidc.fetching import Unproven, ask
from app.staff.oidc.id_tokens import key_of, public_keys, subject
from app.vault import new_token
from app.work_queue import BoundedQueue

KEPT: Final = 10 * 60
JOURNEY: Final = 10 * 60
"""How many seconds somebody may take to sign in at their institution."""
AT_ONCE: Final = 2
WAITING: Final = 2
WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What a browser takes, sealed, to the institution and back."""

    state: str
    nonce: str
    verifier: str
    account: str = ""
    """Whose account is being set up; nobody's where somebody signs in."""


class Provider:
    """The institution's provider, with its documents cached."""

    def __init__(self, institution: Institution) -> None:
        self.institution = institution
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._queue = BoundedQueue(AT_ONCE, WAITING)

    def begin(self, account: str) -> tuple[Journey, str]:
        """Return a journey, and the address at the institution where it leads."""
        with self._asking():
            there = self._metadata()["authorization_endpoint"]
            if not is_private(there):
                raise Unproven("a page that anybody on the way could read")
        journey = Journey(
            state=new_token(),
            nonce=new_token(),
            verifier=secrets.token_urlsafe(48),
            account=account,
        )
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self.institution.client_id,
            "redirect_uri": self.institution.redirect_uri,
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": urlsafe_b64encode(sha256(journey.verifier.encode()).digest()).decode()[:43],
            "code_challenge_method": "S256",
        }
        return journey, f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    def subject(
        self, journey: Journey | None, answer: Sequence[tuple[str, str]], end: Callable[[bytes], bool]
    ) -> str:
        """Return who came back, as the institution names them; `end` is False for a journey ended before."""
        if journey is None:
            raise Unproven("an answer to nothing that was asked in this browser")
        said = dict(answer)
        if len(said) < len(answer) or not compare_digest(
            said.get("state", "").encode(), journey.state.encode()
        ):
            raise Unproven("an answer to another question")
        if not end(sha256(journey.state.encode()).digest()):
            raise Unproven("an answer that came before")
        if "error" in said or not said.get("code"):
            raise Unproven("the institution says no")
        with self._asking():
            always_named = self._metadata().get("authorization_response_iss_parameter_supported") is True
            issuer = self.institution.issuer
            if said.get("iss", "" if always_named else issuer) != issuer:
                raise Unproven("an answer of another institution")
            token = self._id_token(said["code"], journey.verifier)
            key = key_of(token, self._keys()) or key_of(token, self._keys(anew=True))
            if key is None:
                raise Unproven("a token of a key that is not the institution's")
            return subject(token, key, self.institution, journey.nonce)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Ask when it is this request's turn; any failure of the server or its answer becomes `Unproven`."""
        with self._queue.take():
            try:
                yield
            except Unproven:
                raise
            except Exception as error:
                raise Unproven from error

    def _metadata(self) -> dict[str, Any]:
        found = self._document(self.institution.issuer.removesuffix("/") + WELL_KNOWN)
        if found["issuer"] != self.institution.issuer:
            raise Unproven("the metadata of another institution")
        return found

    def _keys(self, *, anew: bool = False) -> Any:
        return public_keys(self._document(self._metadata()["jwks_uri"], anew=anew))

    def _id_token(self, code: str, verifier: str) -> str:
        us = self.institution
        password = f"{quote_plus(us.client_id)}:{quote_plus(us.client_secret)}"
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": us.redirect_uri,
            "code_verifier": verifier,
        }
        basic = {"authorization": f"Basic {b64encode(password.encode()).decode()}"}
        return str(ask(self._metadata()["token_endpoint"], form, basic)["id_token"])

    def _document(self, address: str, *, anew: bool = False) -> dict[str, Any]:
        until, found = self._kept.get(address, (0.0, {}))
        if anew or until < monotonic():
            found = ask(address)
            self._kept[address] = (monotonic() + KEPT, found)
        return found
