"""Cookies that this service has sealed: the browser that carries them cannot read them."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from time import time
from typing import Any

from starlette.requests import Request

from app.middleware import token_of
from app.runtime import Service, service_of
from app.vault import seal, unseal


def sealed(service: Service, name: str, told: dict[str, Any], seconds: int) -> str:
    """Return the value of a cookie that holds this content and is good for so many seconds."""
    plain = json.dumps({**told, "until": time() + seconds}).encode()
    return urlsafe_b64encode(seal(service.vault.key_for_cookie(name), plain)).decode().rstrip("=")


def unsealed(request: Request, name: str, path: str = "/") -> dict[str, Any] | None:
    """Return the content of a cookie that was sealed under this name and has not expired."""
    service, cookie = service_of(request), token_of(request, name, path) or ""
    try:
        plain = unseal(service.vault.key_for_cookie(name), urlsafe_b64decode(f"{cookie}=="))
    except ValueError:
        return None
    told: dict[str, Any] | None = None if plain is None else json.loads(plain)
    return told if told and told.pop("until") > time() else None
