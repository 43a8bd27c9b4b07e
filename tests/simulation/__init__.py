"""Slow runs on simulated answers whose truth is known: `make simulation`."""
