"""Measurement invariance: whether a questionnaire means the same in every group."""
