"""Confirmatory factor models: fitting a given structure, its fit, and factor scores."""
