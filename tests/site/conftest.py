"""The browser of the tests of the service."""

from tests.e2e.conftest import browser

__all__ = ["browser"]
