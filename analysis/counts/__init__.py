"""Joint counts: for every pair of items, the table of answers by answers."""
