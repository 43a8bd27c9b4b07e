"""Attacks on privacy against the running service, each with faults that it must detect."""
