"""Correlations of items: Pearson, Spearman, and the polychoric ones behind ordered answers."""
