"""Linking the responses of one person in two waves without an identity."""
