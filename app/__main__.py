"""`python -m app`: the same as the command `counterpoise`."""

from app.cli import app

app()
