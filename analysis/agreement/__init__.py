"""Agreement of repeated measurements or raters, and the measurement error of a score."""
