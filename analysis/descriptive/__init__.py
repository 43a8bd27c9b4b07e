"""Descriptions of single items: means, spread, normality."""
