"""Estimation: from the moments of a sample to the parameters at the minimum, with their standard errors."""
