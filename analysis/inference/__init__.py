"""Intervals and tests: of coefficients from their moments, by the bootstrap, by noncentral distributions."""
