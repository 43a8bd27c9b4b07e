"""The sections of a report: each is a function of the answers."""
