"""Two waves linked without identity: small questions, keyed marks, one matching, then nothing of either."""
