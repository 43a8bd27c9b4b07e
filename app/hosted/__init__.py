"""Questionnaires that hosts bring, from the upload to an operator's yes."""
