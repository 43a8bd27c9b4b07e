"""Run the service: a server, and one thread that does what is due."""

from app import migrate
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.db import read
from app.ended import ledger
from app.errors import ConfigurationError
from app.main import create_app
from app.operations.metrics import serving_metrics
from app.operations.server import listening, server
from app.operations.whole import serving_marked
from app.runtime import check_secret, make_service
from app.studies.installed import CURE, missing
from app.studies.rights import check_may_close


def serve_forever(settings: Settings, host: str, port: int) -> None:
    """Refuse to start on what would fail later, and say how to mend it; then serve until stopped."""
    service = make_service(settings)
    try:
        if migrate.current(service.engine) != migrate.head():
            raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
        check_secret(service)
        ledger.check(service)
        with read(service.engine) as db:
            check_may_close(db)
            if absent := missing(service, db):
                raise ConfigurationError(f"not installed: {'; '.join(absent)}. To serve, {CURE}")
        with (
            listening(host, port) as place,
            serving_marked(service),
            Maintenance(service) as maintenance,
            serving_metrics(service, maintenance),
        ):
            server(create_app(settings, service), host, port).run([place])
    finally:
        service.engine.dispose()
