"""Intervals: of coefficients from their moments, and by the bootstrap."""
