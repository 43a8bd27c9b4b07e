"""Comparison of scores between groups and with criteria, and reliability of people in clusters."""
