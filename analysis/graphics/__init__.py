"""Drawings as SVG text, each with a table of the same figures."""
