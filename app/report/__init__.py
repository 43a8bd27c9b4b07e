"""Cohort reports of closed waves, as pages and files for trainers."""
