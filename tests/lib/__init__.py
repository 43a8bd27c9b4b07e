"""What tests of several folders share: a PostgreSQL, people who answer, staff, a provider, bytes on disk."""
