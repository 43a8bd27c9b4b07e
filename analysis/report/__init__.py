"""Reports: what was computed, in sections and tables, ready for every format."""
