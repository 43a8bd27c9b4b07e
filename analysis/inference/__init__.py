"""What every statistic shares: tests of hypotheses, limits of noncentral distributions."""
