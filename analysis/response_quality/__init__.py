"""Indices of careless answering."""
