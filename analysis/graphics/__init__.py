"""Drawings of figures, each with the table that says the same."""
