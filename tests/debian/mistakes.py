"""What an administrator sets wrong, and what the command says of it."""

from dataclasses import dataclass
from typing import Final

from tests.debian.machine import NAME


@dataclass(frozen=True)
class Mistake:
    before: str
    line: str
    says: str
    after: str = "true"


PASSWORD_FILE: Final = "/etc/counterpoise/database.password"
BY_PASSWORD: Final = (
    f"COUNTERPOISE_DATABASE_PASSWORD_FILE={PASSWORD_FILE} "
    "COUNTERPOISE_DATABASE_URL=postgresql://counterpoise@127.0.0.1/counterpoise counterpoise doctor"
)
IN_ASCII: Final = "postgresql://counterpoise@/ascii?host=/run/postgresql"
MISTAKES: Final = (
    Mistake(
        f"echo another > {PASSWORD_FILE}; chown counterpoise {PASSWORD_FILE}",
        BY_PASSWORD,
        "password authentication failed",
    ),
    Mistake(
        f"chown root:root {PASSWORD_FILE}; chmod 600 {PASSWORD_FILE}",
        BY_PASSWORD,
        "which this user cannot read",
    ),
    Mistake(
        "chown root /var/lib/counterpoise/secret",
        "counterpoise doctor",
        "run the command as the user of the service",
        "chown counterpoise /var/lib/counterpoise/secret",
    ),
    Mistake(
        "mv /var/lib/counterpoise/secret ~/secret",
        "counterpoise doctor",
        "put that back from where you keep it",
        "mv ~/secret /var/lib/counterpoise/secret",
    ),
    Mistake(
        'runuser -u postgres -- psql -q -c "REVOKE pg_checkpoint FROM counterpoise"',
        "counterpoise serve --port 8003",
        'GRANT pg_checkpoint TO "counterpoise"',
        'runuser -u postgres -- psql -q -c "GRANT pg_checkpoint TO counterpoise"',
    ),
    Mistake("true", "counterpoise serve", "name another port by --port"),
    Mistake(
        "mount -t tmpfs -o size=4k,mode=777 tmpfs /mnt",
        "counterpoise backup --out /mnt/spring.age",
        "No space left on device",
        "umount /mnt",
    ),
    Mistake("true", "COUNTERPOISE_PROXY= counterpoise doctor --strict", "set COUNTERPOISE_PROXY"),
    Mistake("true", f"COUNTERPOISE_ORIGIN=http://{NAME} counterpoise doctor", "must be an https address"),
    Mistake(
        "mv /srv/ledger/counterpoise.ledger ~",
        "counterpoise serve --port 8003",
        "ledger",
        "mv ~/counterpoise.ledger /srv/ledger",
    ),
    Mistake(
        "service postgresql stop",
        "counterpoise doctor",
        "check COUNTERPOISE_DATABASE_URL",
        "service postgresql start",
    ),
    Mistake(
        "runuser -u postgres -- createdb --owner counterpoise --encoding SQL_ASCII --locale C "
        "--template template0 ascii",
        f"COUNTERPOISE_DATABASE_URL={IN_ASCII} counterpoise migrate",
        "createdb --encoding UTF8",
    ),
)
