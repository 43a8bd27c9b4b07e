"""Questionnaires as files of other tools, in and out."""
