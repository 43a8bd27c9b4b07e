"""Files that hold answers, codes or the secret."""
