"""The schema of the database, as migrations that lead from one version to the next."""
