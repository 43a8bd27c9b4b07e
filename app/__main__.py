"""`python -m app`: the same as the command `counterpoise`."""

from app.cli import app

if __name__ == "__main__":  # the processes of `serve --workers` import this module too
    app()
