"""How many factors the correlations of items bear."""
