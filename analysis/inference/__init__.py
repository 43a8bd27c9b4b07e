"""Intervals and tests: of coefficients from their moments, by the bootstrap, of noncentral distributions."""
