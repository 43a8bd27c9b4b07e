"""Staff: accounts, sessions, tokens, and who may open what."""
