"""Drawings as SVG text, each with the table that says the same."""
