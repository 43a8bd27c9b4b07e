"""The number of factors that the correlations of items support."""
