"""The checks that an ID token must pass before its subject is used: OpenID Connect Core 1.0, 3.1.3.7."""

from collections.abc import Mapping
from hmac import compare_digest
from time import time
from typing import Any, Final

import jwt
from jwt import PyJWK, PyJWKSet

from app.config import Institution
from app.staff.oidc.fetching import Unproven

ALGORITHMS: Final = frozenset({"RS256", "PS256", "ES256"})
"""Algorithms with public keys only: with a shared key, whoever can check a token could make one."""
OLDEST: Final = 10 * 60
DRIFT: Final = 60
"""By how many seconds two clocks may differ."""
LONGEST_TOKEN: Final = 16 * 1024
LONGEST_SUBJECT: Final = 255
REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat", "nonce"]


def public_keys(found: Mapping[str, Any]) -> list[PyJWK]:
    """The keys of a set that check signatures; other entries are skipped."""
    stated = [each for each in found["keys"] if isinstance(each, dict) and "d" not in each]
    return [
        key
        for key in PyJWKSet(stated)
        if key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")
    ]


def key_of(token: str, keys: list[PyJWK]) -> PyJWK | None:
    """The key that the token names; with a single key in the set it need not name one."""
    if len(token) > LONGEST_TOKEN:
        raise Unproven("a token that is too long")
    named = jwt.get_unverified_header(token).get("kid")
    found = [key for key in keys if key.key_id == named] if named is not None else keys
    return found[0] if len(found) == 1 else None


def subject(token: str, key: PyJWK, institution: Institution, nonce: str) -> str:
    """Return the subject of an ID token that passes every check; Unproven otherwise."""
    claims = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience=institution.client_id,
        issuer=institution.issuer,
        leeway=DRIFT,
        options={"require": REQUIRED, "enforce_minimum_key_length": True},
    )
    us = institution.client_id
    if claims["aud"] not in (us, [us]) or claims.get("azp", us) != us:
        raise Unproven("a token that others may use as well")
    if not compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise Unproven("a token for another browser")
    if time() - claims["iat"] > OLDEST:
        raise Unproven("a token of long ago")
    if not 1 <= len(claims["sub"]) <= LONGEST_SUBJECT:
        raise Unproven("a token about nobody")
    return str(claims["sub"])
