"""Linear algebra that is the same on every processor: exact sums, roots, determinants near singularity."""
