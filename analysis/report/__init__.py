"""Reports of one set of answers: sections computed into a frozen tree, and renderers that print it."""
