"""Messy and damaged files of answers: the right figure, or a refusal that names the place."""
