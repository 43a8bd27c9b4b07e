"""Tables of answers read from files, whole or in chunks."""
