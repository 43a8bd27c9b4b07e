"""The cookie of a browser in which staff have signed in before."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from app.middleware import give_cookie
from app.runtime import Service
from app.staff.cookies import sealed, unsealed
from app.staff.throttle import Throttle
from app.staff.visits import Device, Visit, factor_of
from app.vault import new_token

COOKIE: Final = "device"
PATH: Final = "/staff"
"""The path of the cookie, so that it is not sent with anybody's answers."""
LASTS: Final = 180 * 24 * 60 * 60


def visit_of(request: Request) -> Visit:
    """Return who tries to sign in: the source, and the device if its cookie is genuine."""
    throttle: Throttle = request.app.state.throttle
    told = unsealed(request, COOKIE, PATH)
    device = Device(UUID(told["account"]), told["key"].encode(), told["factor"]) if told else None
    return Visit(throttle, throttle.source(request), device)


def remember_device(response: Response, service: Service, account: Row[Any]) -> None:
    """Set the cookie by which this browser is known as one in which this account has signed in."""
    told = {"account": account.id.hex, "key": new_token(), "factor": factor_of(account)}
    give_cookie(
        response,
        service.settings,
        sealed(service, COOKIE, told, LASTS),
        COOKIE,
        seconds=LASTS,
        path=PATH,
    )
