"""Models and scalings in which an answer depends on a position on one scale."""
