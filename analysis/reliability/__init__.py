"""Reliability of sums of items: alpha, omega, lower bounds, ordinal and composite coefficients."""
