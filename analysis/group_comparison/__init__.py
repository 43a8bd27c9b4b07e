"""Scores of groups, scores beside criteria, and what people within clusters share."""
