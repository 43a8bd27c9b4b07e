"""Roots and determinants of matrices that keep their digits near singularity, on every processor alike."""
