"""Run the service: a server, and one thread that does what is due."""

from app import migrate
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.errors import ConfigurationError
from app.main import create_app
from app.operations.server import server
from app.operations.whole import serving_marked
from app.runtime import check_secret, make_service


def serve_forever(settings: Settings, host: str, port: int) -> None:
    """Refuse to start on another schema or with another secret; then serve until stopped."""
    service = make_service(settings)
    if migrate.current(service.engine) != migrate.head():
        raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
    check_secret(service)
    with serving_marked(service), Maintenance(service):
        server(create_app(settings, service), host, port).run()
