"""Reflecting privately: the questionnaire without code or account, with no answer stored."""
