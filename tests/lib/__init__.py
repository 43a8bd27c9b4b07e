"""Helpers for tests of several folders: a PostgreSQL, people who answer, staff, a provider, bytes on disk."""
