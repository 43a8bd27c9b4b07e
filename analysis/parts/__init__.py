"""The sections of a report, grouped by what they ask; `analysis.sections` says which there are."""
