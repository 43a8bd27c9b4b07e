"""Confirmatory factor models: a given structure is fitted, judged and asked for scores."""
