"""Reports of one set of answers: sections are computed into a frozen tree, and renderers print it."""
